// Whole histories over HTTP: after every refresh the report shows what the oracle makes of all events so far, row for
// row. One service runs all tests; each test is about later instants than the one before it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { IS_LONG_RUN, inTurn } from '../long-run.mjs';
import { organizationIdsOf, readHistories } from '../oracle/histories.mjs';
import { manyCandidates } from '../oracle/many-candidates.mjs';
import { CATEGORIES, formatInstant, oracleOf, RememberingOracle } from '../oracle/oracle.mjs';
import { readThreads } from '../threads/threads.mjs';
import { acknowledgeSome, canBeNamed, checkEvidence, SUPERVISORS } from './acknowledgements.mjs';
import { DAY, DEFAULT_THRESHOLD_MINUTES, MINUTE, SECOND, setThreshold } from './fixtures.mjs';
import { adminToken, REPORT, startService, tokenOf } from './harness.mjs';

const PREFIXES = 10;
/** How old the newest event of a prefix is when the refresh runs. */
const REFRESH_DELAY = 90 * SECOND;
/** Of a list with more pages about so many are asked for, and the last ones. */
const MANY_PAGES = 24;
/** Later than any history. */
const MANY_CANDIDATES_NOW = Date.UTC(2024, 0, 1, 12);
/** What a report shows only where it is asked for by name. */
const NAMED_CATEGORIES = ['unassigned', 'snoozed', 'acknowledged'];
/** Lists are walked in pages of these sizes. */
const LIMITS = [7, 25, 100];
/** Requests at a time. */
const READERS = 16;
/** So many random histories that rows have every reason; in the long run all of them. */
const HISTORIES = 17;
/** Of so many candidates one is explained. */
const EVIDENCE_STEP = 12;

let service;
before(async () => {
  service = await startService({ siblings: SUPERVISORS });
});
after(() => service?.close());

// ---------------------------------------------------------------------------------------------------------------
// Walking lists, page by page
// ---------------------------------------------------------------------------------------------------------------

/*
 * A list is what a caller may page through: `parameters` are those of the request, `question` asks the oracle the same.
 *
 * These lists are walked: without a filter, of each category, of each department and of an unknown one; with
 * skipThreshold true or false and one of the limits 7, 25 and 100: each list of an organization in another of these six
 * ways, and every list in each of them in turn, as neither the threshold nor how rows are divided into pages depends on
 * the filter. That they do not is tried for every combination in src/snapshot/query.rs. One of two lists is walked with
 * limit 1, to a page past the end: the unfiltered one over the threshold, or all candidates of one department. A walk
 * asks for all pages, except that of lists with many pages it asks for some. In `npm run test:histories` every list is
 * walked in every way (an empty one with the first limit only), and to all pages.
 */

const UNFILTERED = { parameters: {}, question: {} };
const ofCategory = (category) => ({ parameters: { category }, question: { category } });
const ofDepartment = (departmentId) => ({ parameters: { departmentId }, question: { departments: [departmentId] } });

/** The same list with the threshold (false) or without (true). */
function withSkip({ parameters, question }, skipThreshold) {
  return { parameters: { ...parameters, skipThreshold }, question: { ...question, skipThreshold } };
}

const withAndWithoutThreshold = (list) => [withSkip(list, false), withSkip(list, true)];

function listsOf(departmentIds) {
  const filters = [...CATEGORIES.map(ofCategory), ...departmentIds.map(ofDepartment), ofDepartment('unknown')];
  return [UNFILTERED, ...filters];
}

function listsWalkedRowByRow([departmentId]) {
  const filtered = departmentId === undefined ? [] : [withSkip(ofDepartment(departmentId), true)];
  return [withSkip(UNFILTERED, false), ...filtered];
}

/**
 * The oracle's answer with all rows of a list. `state` is the organization, the oracle that has its events, and the
 * instant and threshold of its report.
 */
function allRowsOf(state, list) {
  const { oracle, organizationId, asOf, thresholdMinutes } = state;
  const everything = { page: 1, limit: Number.MAX_SAFE_INTEGER };
  return oracle.report({ organizationId, asOf, thresholdMinutes, ...list.question, ...everything });
}

/** What the answer for one page of a list must be, except the snapshot's id. */
function expectedPage(state, all, page, limit) {
  const { organizationId, totalCount, thresholdMinutes, counts, olderCount = 0 } = all;
  return {
    organizationId,
    generatedAt: formatInstant(state.asOf),
    thresholdMinutes,
    totalCount,
    snapshotMissing: false,
    // The histories are of the past.
    stale: true,
    counts,
    olderCount,
    pagination: { page, limit, total: totalCount, totalPages: Math.ceil(totalCount / limit) },
    rows: all.rows.slice((page - 1) * limit, page * limit),
  };
}

/** The pages of a list, up to so many past the end: what to ask and what to expect. */
function* pagesOf(state, list, all, limit, pastTheEnd = 0) {
  const last = Math.max(1, Math.ceil(all.totalCount / limit));
  const step = IS_LONG_RUN ? 1 : Math.ceil(last / MANY_PAGES);
  for (let page = 1; page <= last + pastTheEnd; page += page < last - step ? step : 1) {
    yield { state, parameters: { ...list.parameters, page, limit }, expected: expectedPage(state, all, page, limit) };
  }
}

/** The pages of every list of an organization with these departments; each `turn` in other ways. */
function* walkOf(state, departmentIds, turn) {
  for (const [index, list] of listsOf(departmentIds).entries()) {
    const ways = withAndWithoutThreshold(list).flatMap((list) => LIMITS.map((limit) => ({ list, limit })));
    for (const { list, limit } of inTurn(ways, turn + index)) {
      const all = allRowsOf(state, list);
      // An empty list is the same with every limit.
      if (IS_LONG_RUN && all.totalCount === 0 && limit !== LIMITS[0]) continue;
      yield* pagesOf(state, list, all, limit);
    }
  }
  for (const list of inTurn(listsWalkedRowByRow(departmentIds), turn)) {
    yield* pagesOf(state, list, allRowsOf(state, list), 1, 1);
  }
}

async function checkPage({ state, parameters, expected }) {
  const { snapshotId, ...answer } = await service.report(state.token, parameters);
  assert.deepEqual(answer, expected, `${state.organizationId} ${JSON.stringify(parameters)}`);
  // All lists, filters and pages of an organization come from one snapshot.
  state.snapshotId ??= snapshotId;
  assert.equal(typeof snapshotId, 'string');
  assert.equal(snapshotId, state.snapshotId);
}

/** Works on all items, a few at a time. Returns how many there were. */
async function forEachOf(items, work) {
  const iterator = items[Symbol.iterator]();
  let count = 0;
  const reader = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      count += 1;
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return count;
}

function* flatMap(items, generate) {
  for (const [index, item] of [...items].entries()) yield* generate(item, index);
}

async function refuse404(organizationId) {
  const response = await service.fetch(REPORT, { token: adminToken(organizationId) });
  assert.equal(response.status, 404);
  assert.equal((await response.json()).error, 'NOT_FOUND');
}

// ---------------------------------------------------------------------------------------------------------------
// Conversations in the shape of real ones
// ---------------------------------------------------------------------------------------------------------------

const ID_FIELDS = [
  'organizationId',
  'conversationId',
  'contactId',
  'userId',
  'departmentId',
  'messageId',
  'changeId',
  'senderId',
  'ownerId',
  'actorId',
  'mergedInto',
  'inReplyTo',
];

/** The same event with other ids, so that the records of one prefix are not those of another. */
function withSuffix(event, suffix) {
  const own = (id) => (typeof id === 'string' ? `${id}${suffix}` : id);
  const ids = ID_FIELDS.filter((name) => name in event).map((name) => [name, own(event[name])]);
  const assignees = event.assigneeIds ? { assigneeIds: event.assigneeIds.map(own) } : {};
  return { ...event, ...Object.fromEntries(ids), ...assignees };
}

/** The events up to each tenth, by updatedAt; each prefix has its own ids. */
function prefixesOf(events) {
  const clocks = events.map((event) => Date.parse(event.updatedAt)).sort((left, right) => left - right);
  return Array.from({ length: PREFIXES }, (_, index) => {
    const newest = clocks[Math.ceil((clocks.length * (index + 1)) / PREFIXES) - 1];
    const prefix = events.filter((event) => Date.parse(event.updatedAt) <= newest);
    return {
      name: `the first ${index + 1} tenths`,
      asOf: newest + REFRESH_DELAY,
      events: prefix.map((event) => withSuffix(event, `-${index + 1}`)),
    };
  });
}

/** The state of each organization that has some of the events. */
function statesOf(events, asOf, thresholdMinutes = DEFAULT_THRESHOLD_MINUTES) {
  return [...Map.groupBy(events, (event) => event.organizationId)].map(([organizationId, own]) => ({
    organizationId,
    oracle: oracleOf(own),
    departmentIds: [...new Set(own.filter((event) => event.type === 'department').map((event) => event.departmentId))],
    asOf,
    thresholdMinutes,
    token: adminToken(organizationId),
  }));
}

/** A head of these departments: the person who has access to most of their rows. */
function headOf(state, departmentIds) {
  const people = state.oracle
    .rows(state.organizationId, state.asOf)
    .filter((candidate) => departmentIds.includes(candidate.departmentId))
    .flatMap((candidate) => candidate.people);
  const rowsOf = (person) => people.filter((other) => other === person).length;
  const [subject = 'nobody'] = [...people].sort((left, right) => rowsOf(right) - rowsOf(left));
  const claims = { sub: subject, role: 'DEPARTMENT_HEAD', organizationId: state.organizationId, departmentIds };
  const view = { departments: departmentIds, viewer: { subject } };
  return { ...state, token: tokenOf(claims), view };
}

/** The head's lists: of all own departments, of one of them, and of another department, which is ignored. */
function headLists(head, foreignDepartmentId) {
  const [own] = head.view.departments;
  const inView = (parameters, question) => ({ parameters, question: { ...head.view, ...question } });
  return [
    inView({}, {}),
    inView({ category: 'agent_abandoned' }, { category: 'agent_abandoned' }),
    inView({ departmentId: own }, { departments: [own] }),
    inView({ departmentId: foreignDepartmentId }, {}),
  ].flatMap(withAndWithoutThreshold);
}

function* headsWalk(state, seen, limit) {
  const [first, second, third = 'unknown'] = state.departmentIds;
  for (const [departmentIds, foreign] of [
    [[first], second],
    [[second, first], third],
  ]) {
    const head = headOf(state, departmentIds);
    for (const list of headLists(head, foreign)) {
      const all = allRowsOf(head, list);
      for (const row of all.rows) seen.add(row.hasAccess);
      yield* pagesOf(head, list, all, limit);
    }
  }
}

/** The organizations with two departments that have the most rows. */
function largest(states, count) {
  const rows = (state) => state.oracle.rows(state.organizationId, state.asOf).length;
  return states
    .filter((state) => state.departmentIds.length >= 2)
    .map((state) => ({ state, rows: rows(state) }))
    .sort((left, right) => right.rows - left.rows)
    .slice(0, count)
    .map(({ state }) => state);
}

test('ten prefixes of conversations in the shape of real ones', async (t) => {
  const prefixes = prefixesOf(readThreads());
  const known = [];
  const accessSeen = new Set();
  for (const [number, { name, asOf, events: prefix }] of prefixes.entries()) {
    await t.test(`${name}: ${prefix.length} events`, async (t) => {
      const states = statesOf(prefix, asOf);
      known.push(...states);
      await service.post(prefix);
      await service.refresh(asOf);
      const pages = await forEachOf(
        flatMap(states, (state, index) => walkOf(state, state.departmentIds, number + index)),
        checkPage,
      );
      const heads = largest(states, 3);
      assert.equal(heads.length, 3);
      const headPages = await forEachOf(
        flatMap(inTurn(heads, number), (state) => headsWalk(state, accessSeen, 7)),
        checkPage,
      );
      assert.ok(pages > 30 && headPages >= 16, `${pages} and ${headPages} pages`);
      t.diagnostic(`${states.length} organizations, ${pages + headPages} pages`);
    });
  }
  await t.test('an earlier prefix is as of the last refresh, too', async () => {
    const { asOf } = prefixes[PREFIXES - 1];
    const states = known.map((state) => ({ ...state, asOf, snapshotId: undefined }));
    const all = withSkip(UNFILTERED, true);
    await forEachOf(
      flatMap(states, (state) => pagesOf(state, all, allRowsOf(state, all), 100)),
      checkPage,
    );
  });
  assert.deepEqual(accessSeen, new Set([true, false]), 'the heads have access to some rows and not to others');
});

// ---------------------------------------------------------------------------------------------------------------
// Random histories
// ---------------------------------------------------------------------------------------------------------------

/** When refreshes run, relative to the history's `now`. Before the last one nothing comes in; only time passes. */
const REFRESH_OFFSETS = [-6 * MINUTE, -1, 0, 1, 2 * MINUTE + 1, 5 * MINUTE, 60 * MINUTE + 1];
/** What the rows must have among them; snoozed ones may have every reason. */
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

/** Splits events into requests of any size, in order. */
function randomBatches(events, random) {
  const left = [...events];
  const batches = [];
  while (left.length > 0) batches.push(left.splice(0, random.between(1, 50)));
  return batches;
}

/** The refreshes of a history in order, each with the batches that are posted before it. */
function scheduleOf(events, now, random) {
  /** @type {{ asOf: number, batches: any[][] }[]} */
  const schedule = REFRESH_OFFSETS.map((offset) => ({ asOf: now + offset, batches: [] }));
  const batches = randomBatches(events, random);
  const last = schedule.length - 2;
  for (const [index, batch] of batches.entries()) {
    schedule[Math.floor((index * (last + 1)) / batches.length)].batches.push(batch);
  }
  return schedule;
}

/**
 * The report of all candidates, and those of the categories that are shown by name only, are the oracle's, byte for
 * byte; without an organization there is no report.
 */
async function checkAgainst(oracle, organizationId, asOf, seen) {
  if (!oracle.exists(organizationId)) {
    await refuse404(organizationId);
    seen.missing += 1;
    return;
  }
  const candidates = oracle.candidates(organizationId, asOf).map((candidate) => candidate.row);
  const countOf = (category) => candidates.filter((row) => row.category === category).length;
  const counts = Object.fromEntries(CATEGORIES.map((category) => [category, countOf(category)]));
  const contract = oracle.rows(organizationId, asOf).map((candidate) => candidate.row);
  const lists = [{ parameters: {}, expected: contract }];
  seen.reports += 1;
  for (const [index, category] of NAMED_CATEGORIES.entries()) {
    // The counts say that it is empty.
    const isLeftOut = counts[category] === 0 && (seen.reports + index) % NAMED_CATEGORIES.length > 0;
    if (isLeftOut && !IS_LONG_RUN) continue;
    lists.push({ parameters: { category }, expected: candidates.filter((row) => row.category === category) });
  }
  for (const { parameters, expected } of lists) {
    const question = { skipThreshold: true, limit: 100, ...parameters };
    const report = await service.report(adminToken(organizationId), question);
    const bytes = report.rows.map(({ hasAccess, ...row }) => JSON.stringify(row));
    assert.deepEqual(
      bytes,
      expected.map((row) => JSON.stringify(row)),
    );
    assert.ok(report.rows.every((row) => row.hasAccess === true));
    assert.equal(report.generatedAt, formatInstant(asOf));
    assert.equal(report.totalCount, expected.length);
    assert.deepEqual(report.counts, counts);
  }
  for (const row of candidates) seen.reasons.add(`${row.category}/${row.reason}`);
  seen.rows += candidates.length;
  for (const row of candidates) {
    seen.evidence += 1;
    if (seen.evidence % EVIDENCE_STEP !== 0 || !canBeNamed(row.conversationId)) continue;
    const { listing, crossesAt } = await checkEvidence(service, adminToken(organizationId), row, asOf);
    const crossing = Date.parse(row.stalledSince) + DEFAULT_THRESHOLD_MINUTES * MINUTE;
    const isTooOld = asOf - Date.parse(row.stalledSince) > 30 * DAY;
    assert.equal(listing, isTooOld ? 'too_old' : crossing <= asOf ? 'listed' : 'below_threshold');
    assert.equal(crossesAt, formatInstant(crossing));
  }
}

async function runHistory({ now, events }, random, seen) {
  const organizationIds = organizationIdsOf(events);
  const oracle = new RememberingOracle();
  for (const { asOf, batches } of scheduleOf(events, now, random)) {
    for (const batch of batches) {
      await service.post(batch);
      oracle.takeIn(batch);
    }
    await service.refresh(asOf);
    await Promise.all(organizationIds.map((organizationId) => checkAgainst(oracle, organizationId, asOf, seen)));
    for (const organizationId of organizationIds.filter((id) => oracle.exists(id))) {
      seen.acknowledged += await acknowledgeSome(service, oracle, { organizationId, asOf, random });
    }
  }
}

test('random histories, in random batches, with refreshes between them', async (t) => {
  const seen = { reports: 0, rows: 0, missing: 0, acknowledged: 0, evidence: 0, reasons: new Set() };
  const histories = readHistories('refreshes-in-turn', { name: 'history' });
  for (const [index, history] of histories.slice(0, IS_LONG_RUN ? undefined : HISTORIES).entries()) {
    await t.test(`history ${index + 1}`, () => runHistory(history, seededRandom(`batches ${index}`), seen));
  }
  // If nothing were ever shown, the worker would agree with any oracle.
  assert.ok(seen.rows > 500, `only ${seen.rows} rows`);
  assert.ok(seen.missing > 0, 'no organization was ever missing');
  const expected = Object.entries(REASONS).flatMap(([category, all]) => all.map((reason) => `${category}/${reason}`));
  assert.deepEqual(
    expected.filter((each) => !seen.reasons.has(each)),
    [],
    'reasons that no row had',
  );
  assert.ok(
    [...seen.reasons].some((each) => each.startsWith('snoozed/')),
    'nothing was ever snoozed',
  );
  const acknowledged = [...seen.reasons].filter((each) => each.startsWith('acknowledged/'));
  assert.ok(acknowledged.length >= 5 && seen.acknowledged > 50, `${acknowledged}; ${seen.acknowledged}`);
  t.diagnostic(
    `${seen.rows} rows; ${seen.acknowledged} acknowledged; an organization was missing ${seen.missing} times`,
  );
});

// ---------------------------------------------------------------------------------------------------------------
// A large organization
// ---------------------------------------------------------------------------------------------------------------

test('3,000 candidates on both sides of the threshold', async (t) => {
  const organizationId = 'many-candidates';
  const thresholdMinutes = 30;
  const events = manyCandidates({ organizationId, now: MANY_CANDIDATES_NOW, count: 3_000, thresholdMinutes });
  const [state] = statesOf(events, MANY_CANDIDATES_NOW, thresholdMinutes);
  await service.post(events);
  await setThreshold(service, organizationId, thresholdMinutes);
  await service.refresh(MANY_CANDIDATES_NOW);

  const overThreshold = allRowsOf(state, withSkip(UNFILTERED, false)).totalCount;
  assert.equal(allRowsOf(state, withSkip(UNFILTERED, true)).totalCount, 3_000);
  assert.ok(overThreshold > 1_000 && overThreshold < 2_000, `${overThreshold} over the threshold`);
  const pages = await forEachOf(walkOf(state, state.departmentIds, 0), checkPage);
  assert.ok(pages > 100, `only ${pages} pages`);
  for (const limit of LIMITS) {
    const list = withSkip(UNFILTERED, true);
    await forEachOf(pagesOf(state, list, allRowsOf(state, list), limit), checkPage);
  }

  const { departmentIds } = state;
  const both = {
    parameters: { category: 'ai_stuck', departmentId: departmentIds[1] },
    question: { category: 'ai_stuck', departments: [departmentIds[1]] },
  };
  const combined = withAndWithoutThreshold(both);
  await forEachOf(
    flatMap(combined, (list) => pagesOf(state, list, allRowsOf(state, list), 25)),
    checkPage,
  );
  await forEachOf(headsWalk(state, new Set(), 100), checkPage);
  t.diagnostic(`${overThreshold} over the threshold, ${pages} pages`);
});
