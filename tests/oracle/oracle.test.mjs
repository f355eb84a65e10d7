import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { FILE, fileText } from '../threads/make.mjs';
import { readThreads } from '../threads/threads.mjs';
import { CASES, checkCandidates, checkNumbers, eventsOf, expectationsOf, nameOf } from './cases.mjs';
import { organizationIdsOf, readHistories } from './histories.mjs';
import { manyCandidates } from './many-candidates.mjs';
import { canonicalJson, compareUtf8, formatInstant, normalise, Oracle, oracleOf, parseInstant } from './oracle.mjs';
import { csvOf, harmless, parseCsv, summaryOf } from './summary-and-csv.mjs';

const MINUTE = 60_000;
const BASE = Date.UTC(2026, 0, 1);
const ROW_MEMBERS = [
  'conversationId',
  'contactId',
  'contactName',
  'contactPhone',
  'channelType',
  'latestInboundMessageId',
  'latestInboundAt',
  'category',
  'assigneeNames',
  'departmentId',
  'waitingSince',
  'stalledSince',
  'reason',
];

/** The reasons of each category that a responsibility has; what is snoozed has those of all. */
const REASONS = {
  ai_stuck: ['passed_back_and_forth', 'reply_failed', 'reply_queued', 'handoff_not_completed', 'no_reply'],
  agent_abandoned: [
    'passed_back_and_forth',
    'reply_failed',
    'reply_queued',
    'only_private_note',
    'assignee_missing',
    'no_reply_since_takeover',
    'no_reply_to_follow_up',
  ],
  unassigned: ['passed_back_and_forth', 'handoff_not_completed', 'nobody_assigned'],
};

/** A waiting conversation, as short as it can be. */
function conversationAt(at, more = {}) {
  const own = { conversationId: 'c', contactId: 'ct', channelType: 'sms' };
  return { type: 'conversation', organizationId: 'o', updatedAt: at, ...own, ...more };
}

function demandAt(at) {
  const own = { messageId: 'm', conversationId: 'c', at, direction: 'inbound', sender: 'contact' };
  return { type: 'message', organizationId: 'o', updatedAt: at, ...own };
}

function checkStep(oracle, organizationId, kase, step) {
  assert.ok(oracle.exists(organizationId));
  const { candidates, listed } = expectationsOf(step);
  if (step.refresh === null) return;
  const asOf = BASE + step.refresh;
  const rows = oracle.candidates(organizationId, asOf).map(({ row }) => row);
  if (candidates !== undefined) checkCandidates(candidates, rows, BASE);
  if (listed !== undefined) {
    const { thresholdMinutes } = kase;
    const report = oracle.report({ organizationId, asOf, thresholdMinutes, limit: 1000 });
    assert.deepEqual(
      report.rows.map((row) => row.conversationId),
      listed,
    );
  }
}

test('the numbered cases', async (t) => {
  checkNumbers();
  for (const kase of CASES) {
    await t.test(nameOf(kase), () => {
      const organizationId = 'org-1';
      const oracle = new Oracle();
      for (const step of kase.steps) {
        oracle.takeIn(eventsOf(step, organizationId, BASE));
        checkStep(oracle, organizationId, kase, step);
      }
    });
  }
});

// ---------------------------------------------------------------------------------------------------------------
// Any order of arrival and any number of repeats end in the same state
// ---------------------------------------------------------------------------------------------------------------

function batches(items, random) {
  const left = [...items];
  const result = [];
  while (left.length > 0) result.push(left.splice(0, random.between(1, 40)));
  return result;
}

function everythingAt(oracle, organizationIds, instants) {
  return organizationIds.map((id) => [oracle.exists(id), instants.map((asOf) => oracle.candidates(id, asOf))]);
}

test('any order, batching and repeats give equal rows', () => {
  const seen = { rows: 0, reasons: new Set() };
  for (const [index, { now, events }] of readHistories('any-order').entries()) {
    const random = seededRandom(`any order ${index}`);
    const instants = [now, now + 1, now + 2 * MINUTE + 1, now + 60 * MINUTE];
    const organizationIds = organizationIdsOf(events);
    const once = everythingAt(oracleOf(events), organizationIds, instants);
    for (let round = 0; round < 3; round += 1) {
      const repeats = events.filter(() => random.chance(0.3));
      const oracle = new Oracle();
      for (const batch of batches(random.shuffle([...events, ...repeats]), random)) oracle.takeIn(batch);
      assert.deepEqual(everythingAt(oracle, organizationIds, instants), once, `history ${index + 1}`);
    }
    const rows = once.flatMap(([, perInstant]) => perInstant.flat());
    seen.rows += rows.length;
    for (const { row } of rows) seen.reasons.add(`${row.category}/${row.reason}`);
  }
  // If nothing were ever shown, any two oracles would agree.
  assert.ok(seen.rows > 1000, `only ${seen.rows} rows`);
  const expected = Object.entries(REASONS).flatMap(([category, reasons]) =>
    reasons.map((each) => `${category}/${each}`),
  );
  const missing = expected.filter((each) => !seen.reasons.has(each));
  assert.deepEqual(missing, []);
});

test('histories have events of every type, all of which a service may take in at their now', () => {
  const types = new Set();
  const isAbsent = (value) => value === undefined || value === null;
  for (const { now, events } of readHistories('any-order')) {
    const notAhead = (instant) => Date.parse(instant) >= 0 && Date.parse(instant) <= now + 5 * MINUTE;
    for (const event of events) {
      types.add(event.type);
      for (const name of ['at', 'updatedAt', 'receivedAt', 'resolvedAt', 'assignedAt', 'mergedAt', 'snoozedAt']) {
        assert.ok(isAbsent(event[name]) || notAhead(event[name]), `${name} ${event[name]}`);
      }
      assert.ok(isAbsent(event.snoozedUntil) || !isAbsent(event.snoozedAt), 'snoozedUntil only with snoozedAt');
      assert.ok(isAbsent(event.mergedAt) || !isAbsent(event.mergedInto), 'mergedAt only with mergedInto');
      for (const [name, value] of Object.entries(event)) {
        if (name.endsWith('Id') && !isAbsent(value)) assert.match(value, /^[^\p{Cc}]{1,128}$/u);
      }
    }
  }
  assert.equal(types.size, 8);
});

// ---------------------------------------------------------------------------------------------------------------
// Normalisation and the winning version
// ---------------------------------------------------------------------------------------------------------------

test('a record is normalised', () => {
  const event = {
    type: 'message',
    organizationId: 'o',
    messageId: 'm',
    conversationId: 'c',
    updatedAt: '2026-01-01T05:30:00.1239+05:30',
    at: '2025-12-31T23:59:59.9999Z',
    direction: 'inbound',
    sender: 'contact',
    senderId: null,
    kind: null,
    text: 'dropped',
  };
  assert.deepEqual(normalise(event), {
    type: 'message',
    organizationId: 'o',
    messageId: 'm',
    conversationId: 'c',
    updatedAt: '2026-01-01T00:00:00.123Z',
    at: '2025-12-31T23:59:59.999Z',
    sequence: 0,
    direction: 'inbound',
    sender: 'contact',
    visibility: 'public',
    kind: 'text',
    status: 'received',
  });
  assert.equal(normalise({ ...event, direction: 'outbound' }).status, 'sent');
  assert.deepEqual(normalise({ ...event, deleted: true }), {
    type: 'message',
    organizationId: 'o',
    messageId: 'm',
    updatedAt: '2026-01-01T00:00:00.123Z',
    deleted: true,
  });
});

test('a field added after version 0.1 is in the normal form only where it is not its default', () => {
  const at = formatInstant(BASE);
  const later = formatInstant(BASE + 1);
  const common = { organizationId: 'o', updatedAt: at };
  const events = {
    contact: [
      { contactId: 'ct', name: 'x' },
      { revision: 0, mergedInto: null },
      { revision: 1, mergedInto: 'ct-2' },
    ],
    conversation: [
      { conversationId: 'c', contactId: 'ct', channelType: 'sms' },
      { revision: 0, assignedAt: null, mergedAt: null, startsWithAutopilot: true },
      { revision: 1, assignedAt: at, mergedInto: 'c-2', mergedAt: at, startsWithAutopilot: false },
    ],
    autopilot: [
      { changeId: 'a', conversationId: 'c', at, enabled: false, actorId: 'u' },
      { revision: 0, sequence: 0, by: 'human' },
      { revision: 1, sequence: 1, by: 'ai' },
    ],
    resolution: [
      { changeId: 'r', conversationId: 'c', at, resolved: false },
      { revision: 0, sequence: 0, by: 'human' },
      { revision: 1, sequence: 1, by: 'automation' },
    ],
    message: [
      { messageId: 'm', conversationId: 'c', at, direction: 'inbound', sender: 'contact' },
      { revision: 0, receivedAt: at, inReplyTo: null, needsReply: true },
      { revision: 1, receivedAt: later, inReplyTo: 'm-2', needsReply: false },
    ],
  };
  for (const [type, [least, defaults, others]] of Object.entries(events)) {
    const normal = normalise({ ...common, type, ...least });
    assert.deepEqual(normalise({ ...common, type, ...least, ...defaults }), normal);
    assert.deepEqual(normalise({ ...common, type, ...least, ...others }), { ...normal, ...others });
  }
  const withoutActor = { ...common, type: 'autopilot', changeId: 'a', conversationId: 'c', at, enabled: false };
  assert.equal(normalise({ ...withoutActor, by: 'system' }).by, undefined);
  assert.equal(normalise({ ...withoutActor, by: 'human' }).by, 'human');
  const removal = { ...common, type: 'contact', contactId: 'ct', deleted: true };
  assert.deepEqual(normalise({ ...removal, revision: 3, name: 'dropped' }), { ...removal, revision: 3 });
  assert.deepEqual(normalise({ ...removal, revision: 0 }), removal);
});

test('offsets may lack their colon, and half a surrogate pair becomes U+FFFD', () => {
  assert.equal(parseInstant('2026-01-01T05:30:00.1239+0530'), BASE + 123);
  assert.equal(parseInstant('2025-12-31T16:00:00-0800'), BASE);
  const contact = { type: 'contact', organizationId: 'o', contactId: 'ct', updatedAt: formatInstant(BASE) };
  const nameOf = (name) => normalise({ ...contact, name }).name;
  assert.equal(nameOf('a\uD83D'), 'a\uFFFD');
  assert.equal(nameOf('\uDE00a'), '\uFFFDa');
  assert.equal(nameOf('\u{1F600}'), '\u{1F600}');
});

test('canonical JSON sorts members, and UTF-8 order is not UTF-16 order', () => {
  assert.equal(canonicalJson({ b: [1, { d: 'é', c: null }], a: true }), '{"a":true,"b":[1,{"c":null,"d":"é"}]}');
  assert.ok(compareUtf8('\uFF5E', '\u{1F600}') < 0);
  assert.ok('\uFF5E' > '\u{1F600}');
});

test('which of two versions wins, whichever comes first', () => {
  const at = formatInstant(BASE);
  const later = formatInstant(BASE + 1);
  const contact = (more) => ({ type: 'contact', contactId: 'ct', updatedAt: at, name: 'x', ...more });
  const conversation = (more) => ({ ...conversationAt(at), ...more });
  const message = (more) => ({ ...demandAt(at), ...more });
  const user = (more) => ({ type: 'user', userId: 'u', updatedAt: at, fullName: 'x', ...more });
  const autopilot = (more) => ({
    type: 'autopilot',
    changeId: 'a',
    conversationId: 'c',
    updatedAt: at,
    at,
    enabled: true,
    ...more,
  });
  const pairs = [
    // The greater revision, in removals too.
    [contact({ updatedAt: later }), contact({ revision: 1 })],
    [contact({ deleted: true, updatedAt: later }), contact({ revision: 1 })],
    [contact({ revision: 1, updatedAt: later }), contact({ revision: 2, deleted: true })],
    // The later updatedAt; one microsecond later is the same millisecond.
    [contact({ name: '\u{1F600}' }), contact({ updatedAt: later, name: '\uFF5E' })],
    [contact({ deleted: true }), contact({ updatedAt: later })],
    [contact({ updatedAt: at.replace('Z', '001Z'), name: '\uFF5E' }), contact({ name: '\u{1F600}' })],
    // A removal.
    [contact({ phone: '+1' }), contact({ deleted: true })],
    // The status that comes later in a message's life.
    ...['received', 'queued', 'sent', 'failed', 'delivered', 'read']
      .map((status) => message({ status }))
      .flatMap((winner, index, all) =>
        all.slice(0, index).map((loser) => [{ ...loser, senderId: 'more', inReplyTo: 'fields' }, winner]),
      ),
    // The later resolvedAt, then not a draft.
    [conversation({ ownerId: 'u' }), conversation({ resolvedAt: at, draft: true })],
    [conversation({ resolvedAt: at, ownerId: 'u' }), conversation({ resolvedAt: later })],
    [conversation({ ownerId: 'u', draft: true }), conversation()],
    // More fields that are not their defaults.
    [contact({ name: 'y' }), contact({ phone: '+1' })],
    [contact({ name: 'y', blocked: true }), contact({ phone: '+1' })],
    [user({ fullName: 'y' }), user({ bot: true })],
    [user({ fullName: 'y', active: true, bot: false }), user({ active: false })],
    [conversation({ channelType: 'z', assigneeIds: [] }), conversation({ startsWithAutopilot: false })],
    [autopilot({ enabled: false, by: 'system', sequence: 0 }), autopilot({ by: 'human' })],
    [message({ sender: 'human', sequence: 0, needsReply: true }), message({ sequence: 1 })],
    // The greater bytes of RFC 8785, in which U+FFxx comes before U+1xxxx.
    [contact({ name: '\uFF5E' }), contact({ name: '\u{1F600}' })],
    [contact({ blocked: false }), contact({ blocked: true })],
  ];
  for (const [loser, winner] of pairs.map((pair) => pair.map((event) => ({ organizationId: 'o', ...event })))) {
    const others = [conversationAt(at), demandAt(at)].filter(({ type }) => type !== winner.type);
    const after = (...events) => oracleOf([...others, ...events]).recordsOf('o', winner.type);
    const expected = after(winner);
    assert.notDeepEqual(after(loser), expected, 'the two differ');
    assert.deepEqual(after(loser, winner), expected);
    assert.deepEqual(after(winner, loser), expected);
  }
});

test('an organization exists once any event is stored, unless its own record is a removal', () => {
  const oracle = new Oracle();
  const existsAfter = (type, offset, fields) => {
    oracle.takeIn([{ type, organizationId: 'o', updatedAt: formatInstant(BASE + offset), ...fields }]);
    return oracle.exists('o');
  };
  assert.equal(oracle.exists('o'), false);
  assert.equal(existsAfter('user', 0, { userId: 'u', deleted: true }), true);
  assert.equal(existsAfter('organization', 0, { deleted: true }), false);
  assert.equal(existsAfter('user', 5, { userId: 'u', fullName: 'U' }), false);
  assert.equal(existsAfter('organization', 1, { name: 'O' }), true);
  assert.equal(oracle.exists('another'), false);
});

// ---------------------------------------------------------------------------------------------------------------
// The report
// ---------------------------------------------------------------------------------------------------------------

test('an acknowledgement lasts until its end, or until a demand that the supervisor had not seen', () => {
  const at = formatInstant(BASE);
  const demand = (messageId, offset, arrival = offset) => ({
    ...demandAt(formatInstant(BASE + offset)),
    messageId,
    receivedAt: formatInstant(BASE + arrival),
  });
  const acknowledgement = { latestInboundMessageId: 'm', by: 'Ann', at: BASE + 10 * MINUTE };
  const rowWith = (events, more = {}, asOf = BASE + 30 * MINUTE) => {
    const oracle = oracleOf([conversationAt(at), demandAt(at), ...events]);
    oracle.acknowledge('o', 'c', { ...acknowledgement, ...more });
    return oracle.candidates('o', asOf)[0].row;
  };
  const { acknowledgedBy, acknowledgedAt, note, ...row } = rowWith([], { note: 'mine' });
  assert.deepEqual(
    [acknowledgedBy, acknowledgedAt, note, row.category],
    ['Ann', formatInstant(acknowledgement.at), 'mine', 'acknowledged'],
  );
  assert.deepEqual(Object.keys(row), ROW_MEMBERS);
  const until = BASE + 20 * MINUTE;
  assert.equal(rowWith([], { until }, until - 1).acknowledgedUntil, formatInstant(until));
  assert.deepEqual(Object.keys(rowWith([], { until }, until)), ROW_MEMBERS);
  const isOver = (events, more) => rowWith(events, more).category !== 'acknowledged';
  assert.equal(isOver([demand('later', 1)]), true, 'later in the timeline');
  assert.equal(isOver([demand('earlier', -2 * MINUTE, -2 * MINUTE)]), false, 'seen as well');
  assert.equal(isOver([demand('earlier', -2 * MINUTE, 10 * MINUTE)]), false, 'no later than the acknowledgement');
  assert.equal(isOver([demand('earlier', -2 * MINUTE, 10 * MINUTE + 1)]), true, 'it arrived afterwards');
  assert.equal(isOver([], { at: BASE - MINUTE }), false, "the source's clock was ahead");
  assert.equal(isOver([], { latestInboundMessageId: 'another' }), true, 'it is about another message');
});

test('many candidates: filters, counts, pages and access', () => {
  const question = { organizationId: 'org-many', asOf: BASE, thresholdMinutes: 30 };
  const { organizationId, thresholdMinutes } = question;
  const oracle = oracleOf(manyCandidates({ organizationId, now: BASE, count: 1000, thresholdMinutes }));
  const report = (more) => oracle.report({ ...question, ...more });
  const allRows = report({ skipThreshold: true, limit: 1000 }).rows;
  const overThreshold = report({ limit: 1000 });

  assert.equal(allRows.length, 1000);
  assert.deepEqual(Object.keys(allRows[0]), [...ROW_MEMBERS, 'hasAccess']);
  assert.ok(overThreshold.totalCount > 100 && overThreshold.totalCount < 900);
  assert.deepEqual(overThreshold.rows, allRows.slice(0, overThreshold.totalCount));
  assert.ok(new Set(allRows.map((row) => row.stalledSince)).size < 500, 'many ties');
  assert.ok(new Set(allRows.map((row) => row.departmentId)).size >= 4, 'several departments');

  const { ai_stuck: stuck, agent_abandoned: abandoned } = overThreshold.counts;
  assert.ok(stuck > 50 && abandoned > 50);
  assert.equal(stuck + abandoned, overThreshold.totalCount);
  assert.equal(report({ category: 'ai_stuck' }).totalCount, stuck);
  assert.deepEqual(report({ category: 'ai_stuck' }).counts, overThreshold.counts);

  const pages = Array.from({ length: 40 }, (_, index) => report({ skipThreshold: true, page: index + 1 }));
  assert.deepEqual(
    pages.flatMap((page) => page.rows),
    allRows,
  );
  const pastTheEnd = report({ skipThreshold: true, page: 41 });
  assert.deepEqual(pastTheEnd.pagination, { page: 41, limit: 25, total: 1000, totalPages: 40 });
  assert.deepEqual(pastTheEnd.rows, []);
  assert.deepEqual(report({ departments: [] }).pagination, { page: 1, limit: 25, total: 0, totalPages: 0 });

  const [department] = allRows.map((row) => row.departmentId).filter((id) => id !== null);
  const seen = report({ departments: [department], viewer: { subject: 'user-1' }, skipThreshold: true, limit: 1000 });
  const withoutAccess = ({ hasAccess, ...row }) => row;
  assert.deepEqual(
    seen.rows.map(withoutAccess),
    allRows.filter((row) => row.departmentId === department).map(withoutAccess),
  );
  assert.deepEqual(new Set(seen.rows.map((row) => row.hasAccess)), new Set([true, false]));
  assert.ok(allRows.every((row) => row.hasAccess));
});

test('a report without a category has those of the contract; the others are shown by name, and all are counted', () => {
  const at = formatInstant(BASE - 10 * MINUTE);
  const inConversation = (conversationId, more) => [
    conversationAt(at, { conversationId, ...more }),
    { ...demandAt(at), conversationId, messageId: `m-${conversationId}` },
  ];
  const oracle = oracleOf([
    ...inConversation('stuck'),
    ...inConversation('abandoned', { startsWithAutopilot: false, ownerId: 'u' }),
    ...inConversation('queue', { startsWithAutopilot: false }),
    ...inConversation('snoozed', { snoozedAt: formatInstant(BASE - MINUTE) }),
  ]);
  const question = { organizationId: 'o', asOf: BASE, thresholdMinutes: 5 };
  const idsOf = (more) => oracle.report({ ...question, ...more }).rows.map((row) => row.conversationId);
  assert.deepEqual(idsOf({}), ['abandoned', 'stuck']);
  assert.deepEqual(idsOf({ category: 'ai_stuck' }), ['stuck']);
  assert.deepEqual(idsOf({ category: 'unassigned' }), ['queue']);
  assert.deepEqual(idsOf({ category: 'snoozed' }), ['snoozed']);
  assert.deepEqual(idsOf({ category: 'acknowledged' }), []);
  const counts = { ai_stuck: 1, agent_abandoned: 1, unassigned: 1, snoozed: 1, acknowledged: 0 };
  assert.deepEqual(oracle.report(question).counts, counts);
  assert.deepEqual(oracle.report({ ...question, category: 'snoozed' }).counts, counts);
  const none = { ai_stuck: 0, agent_abandoned: 0, unassigned: 0, snoozed: 0, acknowledged: 0 };
  assert.deepEqual(oracle.report({ ...question, thresholdMinutes: 11 }).counts, none);
  assert.deepEqual(
    oracle
      .candidates('o', BASE)
      .map(({ row }) => row.conversationId)
      .sort(),
    ['abandoned', 'queue', 'snoozed', 'stuck'],
  );

  const summary = summaryOf(oracle, { ...question, category: 'unassigned' });
  assert.deepEqual(summary.byCategory, counts);
  assert.equal(summary.total, 1);
  assert.deepEqual(summary.byReason, { nobody_assigned: 1 });
});

test('thresholds of departments beat those of channels, which beat the organization’s; older rows are counted', () => {
  const day = 24 * 60 * MINUTE;
  const waiting = (conversationId, age, more) => [
    conversationAt(formatInstant(BASE - age), { conversationId, ...more }),
    { ...demandAt(formatInstant(BASE - age)), conversationId, messageId: `m-${conversationId}` },
  ];
  const email = { channelType: 'Email' };
  const oracle = oracleOf([
    ...waiting('old', 30 * day + 1),
    ...waiting('oldest that counts', 30 * day),
    ...waiting('slow email', 240 * MINUTE, email),
    ...waiting('email', 240 * MINUTE - 1, email),
    ...waiting('email of sales', 15 * MINUTE, { ...email, departmentId: 'd1' }),
    ...waiting('quick email of sales', 15 * MINUTE - 1, { ...email, departmentId: 'd1' }),
    ...waiting('sms', 5 * MINUTE),
    ...waiting('quick sms', 5 * MINUTE - 1),
  ]);
  const question = {
    organizationId: 'o',
    asOf: BASE,
    thresholdMinutes: 5,
    channelThresholdMinutes: { eMAIL: 240 },
    departmentThresholdMinutes: { d1: 15 },
  };
  const shownBy = (more) => {
    const { rows, olderCount, totalCount } = oracle.report({ ...question, ...more });
    assert.equal(rows.length, totalCount);
    return { olderCount, rows: rows.map((row) => [row.conversationId, row.thresholdMinutes]) };
  };
  assert.deepEqual(shownBy({}), {
    olderCount: 1,
    rows: [
      ['oldest that counts', undefined],
      ['slow email', 240],
      ['email of sales', 15],
      ['sms', undefined],
    ],
  });
  assert.deepEqual(shownBy({ maxAgeDays: 31 }).rows[0], ['old', undefined]);
  assert.equal(shownBy({ maxAgeDays: 31 }).olderCount, 0);
  assert.equal(shownBy({ category: 'snoozed' }).olderCount, 0);
  assert.equal(shownBy({ skipThreshold: true }).rows.length, 8);
  assert.equal(shownBy({ skipThreshold: true }).olderCount, 0);
  assert.equal(summaryOf(oracle, question).olderCount, 1);

  assert.deepEqual(shownBy({ channelType: 'Email' }).rows, [
    ['slow email', 240],
    ['email of sales', 15],
  ]);
  assert.deepEqual(shownBy({ channelType: 'Email' }).olderCount, 0);
  assert.deepEqual(shownBy({ channelType: 'email' }).rows, []);
  assert.equal(shownBy({ reason: 'no_reply' }).rows.length, 4);
  assert.deepEqual(shownBy({ reason: 'reply_failed' }).rows, []);
  assert.deepEqual(shownBy({ assignee: 'Ann' }).rows, []);
});

test('the people of a row are its owner and then its assignees, each once', () => {
  const at = formatInstant(BASE);
  const peopleWith = (x) => oracleOf([conversationAt(at, x), demandAt(at)]).rows('o', BASE + MINUTE)[0].people;
  assert.deepEqual(peopleWith({ ownerId: 'b', assigneeIds: ['a', 'b', 'c'] }), ['b', 'a', 'c']);
  assert.deepEqual(peopleWith({ assigneeIds: ['a'] }), ['a']);
  assert.deepEqual(peopleWith({}), []);
});

test('a cell of the CSV begins nothing that a spreadsheet runs, wherever the spreadsheet splits it', () => {
  const cells = {
    '': '',
    'a-b': 'a-b',
    '=1': "'=1",
    '-1': "'-1",
    '@x': "'@x",
    '\tx': "'\tx",
    '\r\nx': "'\r'\nx",
    '+1': '+1',
    '+14155550123': '+14155550123',
    '+': "'+",
    '+1 415': "'+1 415",
    '+1\n': "'+1\n",
    '++1': "'++1",
    'a,=1': "a,'=1",
    'a;+1': "a;'+1",
    'a\t@1': "a\t'@1",
    'a\n-1': "a\n'-1",
    'a, =1': 'a, =1',
    ',,=': ",,'=",
    ' =1': ' =1',
    "'=1": "'=1",
  };
  for (const [cell, expected] of Object.entries(cells)) assert.equal(harmless(cell), expected);
});

test('the CSV with each separator', () => {
  const at = formatInstant(BASE);
  const ids = { ownerId: 'u', assigneeIds: ['u', 'v'] };
  const oracle = oracleOf([
    conversationAt(at, ids),
    demandAt(at),
    { type: 'user', organizationId: 'o', userId: 'u', updatedAt: at, fullName: 'Lee, "Ann"' },
    { type: 'user', organizationId: 'o', userId: 'v', updatedAt: at, fullName: 'Ray; Bob' },
    { type: 'contact', organizationId: 'o', contactId: 'ct', updatedAt: at, name: '\t=x', phone: '+14155550123' },
  ]);
  const question = { organizationId: 'o', asOf: BASE + 6 * MINUTE, thresholdMinutes: 5 };
  for (const separator of ['comma', 'semicolon', 'tab']) {
    const text = csvOf(oracle, { ...question, separator });
    assert.equal(text.charCodeAt(0), 0xfeff);
    const [header, row, ...more] = parseCsv(text.slice(1), separator);
    assert.deepEqual(more, []);
    const cells = Object.fromEntries(header.map((name, index) => [name, row[index]]));
    assert.equal(cells.assigneeNames, 'Lee, "Ann" / Ray; Bob');
    assert.equal(cells.contactName, "'\t'=x");
    assert.equal(cells.contactPhone, '+14155550123');
    assert.equal(cells.stalledMinutes, '6');
    assert.equal(cells.departmentId, '');
  }
  assert.ok(csvOf(oracle, question).includes('"Lee, ""Ann"" / Ray; Bob"'));
  assert.ok(csvOf(oracle, { ...question, separator: 'tab' }).includes('"\'\t\'=x"\t+14155550123\tsms\t'));
});

// ---------------------------------------------------------------------------------------------------------------
// Conversations in the shape of real ones
// ---------------------------------------------------------------------------------------------------------------

test('sample.ndjson is what make.mjs writes', () => {
  assert.ok(readFileSync(FILE, 'utf8') === fileText(), 'run `node tests/threads/make.mjs`');
});

test('somebody is waiting at each of ten instants', (t) => {
  const byUpdatedAt = (left, right) => Date.parse(left.updatedAt) - Date.parse(right.updatedAt);
  const events = readThreads().sort(byUpdatedAt);
  const oracle = new Oracle();
  const candidates = [];
  for (let tenth = 1; tenth <= 10; tenth += 1) {
    const begin = Math.floor((events.length * (tenth - 1)) / 10);
    const end = Math.floor((events.length * tenth) / 10);
    oracle.takeIn(events.slice(begin, end));
    const asOf = Date.parse(events[end - 1].updatedAt);
    candidates.push(organizationIdsOf(events).flatMap((id) => oracle.rows(id, asOf)).length);
  }
  assert.ok(
    candidates.every((count) => count > 0),
    `candidates at each instant: ${candidates}`,
  );
  t.diagnostic(`candidates at each instant: ${candidates}`);
});
