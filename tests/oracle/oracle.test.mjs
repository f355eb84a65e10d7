import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { FILE, fileText } from '../threads/make.mjs';
import { readThreads } from '../threads/threads.mjs';
import { CASES, checkCandidates, checkNumbers, eventsOf, expectationsOf, nameOf } from './cases.mjs';
import { organizationIdsOf, readHistories } from './histories.mjs';
import { manyCandidates } from './many-candidates.mjs';
import { canonicalJson, compareUtf8, formatInstant, normalise, Oracle, oracleOf } from './oracle.mjs';

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

/** A waiting conversation, as short as it can be. */
function conversationAt(at, more = {}) {
  const own = { conversationId: 'c', contactId: 'ct', channelType: 'sms' };
  return { type: 'conversation', organizationId: 'o', updatedAt: at, ...own, ...more };
}

function demandAt(at) {
  const own = { messageId: 'm', conversationId: 'c', at, direction: 'inbound', sender: 'contact' };
  return { type: 'message', organizationId: 'o', updatedAt: at, ...own };
}

function reportOf(oracle, organizationId, kase, step, skipThreshold) {
  const { thresholdMinutes } = kase;
  return oracle.report({ organizationId, asOf: BASE + step.refresh, thresholdMinutes, limit: 1000, skipThreshold });
}

function checkStep(oracle, organizationId, kase, step) {
  assert.ok(oracle.exists(organizationId));
  const { candidates, listed } = expectationsOf(step);
  if (candidates !== undefined) {
    checkCandidates(candidates, reportOf(oracle, organizationId, kase, step, true).rows, BASE);
  }
  if (listed !== undefined) {
    const { rows } = reportOf(oracle, organizationId, kase, step, false);
    assert.deepEqual(
      rows.map((row) => row.conversationId),
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
  return organizationIds.map((id) => [oracle.exists(id), instants.map((asOf) => oracle.rows(id, asOf))]);
}

test('any order, batching and repeats give equal rows', () => {
  const seen = { rows: 0, reasons: new Set() };
  for (const [index, { now, events }] of readHistories('any-order').entries()) {
    const random = seededRandom(`any order ${index}`);
    const instants = [now, now + 1, now + 2 * MINUTE + 1, now + 60 * MINUTE];
    const organizationIds = organizationIdsOf(events);
    const expected = everythingAt(oracleOf(events), organizationIds, instants);
    for (let round = 0; round < 3; round += 1) {
      const repeats = events.filter(() => random.chance(0.3));
      const oracle = new Oracle();
      for (const batch of batches(random.shuffle([...events, ...repeats]), random)) oracle.takeIn(batch);
      assert.deepEqual(everythingAt(oracle, organizationIds, instants), expected, `history ${index + 1}`);
    }
    const rows = expected.flatMap(([, perInstant]) => perInstant.flat());
    seen.rows += rows.length;
    for (const { row } of rows) seen.reasons.add(`${row.category}/${row.reason}`);
  }
  // If nothing were ever shown, any two oracles would agree.
  assert.ok(seen.rows > 1000, `only ${seen.rows} rows`);
  assert.equal(seen.reasons.size, 10, `only these reasons: ${[...seen.reasons].sort().join(' ')}`);
});

test('histories have events of every type, all of which a service may take in at their now', () => {
  const types = new Set();
  const isAbsent = (value) => value === undefined || value === null;
  for (const { now, events } of readHistories('any-order')) {
    const notAhead = (instant) => Date.parse(instant) >= 0 && Date.parse(instant) <= now + 5 * MINUTE;
    for (const event of events) {
      types.add(event.type);
      for (const name of ['at', 'updatedAt', 'resolvedAt', 'snoozedAt']) {
        assert.ok(isAbsent(event[name]) || notAhead(event[name]), `${name} ${event[name]}`);
      }
      assert.equal(isAbsent(event.snoozedAt), isAbsent(event.snoozedUntil));
      for (const [name, value] of Object.entries(event)) {
        if (name.endsWith('Id') && !isAbsent(value)) assert.match(value, /^[^\p{Cc}]{1,128}$/u);
      }
    }
  }
  assert.equal(types.size, 7);
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

test('canonical JSON sorts members, and UTF-8 order is not UTF-16 order', () => {
  assert.equal(canonicalJson({ b: [1, { d: 'é', c: null }], a: true }), '{"a":true,"b":[1,{"c":null,"d":"é"}]}');
  assert.ok(compareUtf8('\uFF5E', '\u{1F600}') < 0);
  assert.ok('\uFF5E' > '\u{1F600}');
});

test('at the same updatedAt a removal wins, then the greater bytes', () => {
  const at = formatInstant(BASE);
  const contact = (x) => ({ type: 'contact', organizationId: 'o', contactId: 'ct', updatedAt: at, name: 'x', ...x });
  const waiting = [conversationAt(at), demandAt(at)];
  const nameAfter = (...contacts) => oracleOf([...waiting, ...contacts]).rows('o', BASE)[0].row.contactName;
  const fullWidth = contact({ name: '\uFF5E' });
  const astral = contact({ name: '\u{1F600}' });
  const removal = contact({ deleted: true });
  for (const pair of [
    [fullWidth, astral],
    [astral, fullWidth],
  ])
    assert.equal(nameAfter(...pair), '\u{1F600}');
  for (const pair of [
    [removal, astral],
    [astral, removal],
  ])
    assert.equal(nameAfter(...pair), '');
  // One microsecond later is the same millisecond.
  assert.equal(nameAfter(astral, { ...fullWidth, updatedAt: at.replace('Z', '001Z') }), '\u{1F600}');
  assert.equal(nameAfter(removal, { ...fullWidth, updatedAt: formatInstant(BASE + 1) }), '\uFF5E');
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

test('the people of a row are its owner and then its assignees, each once', () => {
  const at = formatInstant(BASE);
  const peopleWith = (x) => oracleOf([conversationAt(at, x), demandAt(at)]).rows('o', BASE)[0].people;
  assert.deepEqual(peopleWith({ ownerId: 'b', assigneeIds: ['a', 'b', 'c'] }), ['b', 'a', 'c']);
  assert.deepEqual(peopleWith({ assigneeIds: ['a'] }), ['a']);
  assert.deepEqual(peopleWith({}), []);
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
