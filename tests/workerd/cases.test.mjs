// The numbered cases of the product's definition, over HTTP: events through ingest, the refresh run at the instant that
// the case names, the report read as a dashboard reads it.
//
// Every case has an organization of its own. All cases share one clock, and each of their steps waits for the refresh
// at its instant, so that one refresh and a few requests serve many steps. Other orders of the events, and repeats, are
// tried by tests/native/cases.rs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IS_LONG_RUN } from '../long-run.mjs';
import { CASES, checkCandidates, checkNumbers, eventsOf, expectationsOf, nameOf } from '../oracle/cases.mjs';
import { compareUtf8, formatInstant } from '../oracle/oracle.mjs';
import { conversationIdsOf, DAY, DEFAULT_THRESHOLD_MINUTES, setThreshold } from './fixtures.mjs';
import { adminToken, startService } from './harness.mjs';

/** Cases about an exact instant, at which something changes that was different a millisecond before. */
const EXACT_TO_THE_MILLISECOND = [12, 26, 27, 48, 51];
/** Instant 0 of every case: so long ago that every instant of every case is past. */
const BASE = Math.floor(Date.now() / DAY) * DAY - 400 * DAY;

let service;
before(async () => {
  service = await startService();
});
after(() => service?.close());

/** What a report shows that asks for no category; the others are shown only where they are asked for by name. */
const CONTRACT_CATEGORIES = ['ai_stuck', 'agent_abandoned'];
const OTHER_CATEGORIES = ['unassigned', 'snoozed', 'acknowledged'];
const NO_COUNTS = { ai_stuck: 0, agent_abandoned: 0, unassigned: 0, snoozed: 0, acknowledged: 0 };

/** The report on one page: of every candidate of a category, or only of those over the threshold. */
async function readReport(organizationId, skipThreshold, category) {
  const parameters = { limit: 100, ...(skipThreshold && { skipThreshold }), ...(category && { category }) };
  const report = await service.report(adminToken(organizationId), parameters);
  assert.ok(report.totalCount <= 100, 'a case fits on one page');
  return report;
}

/** "stalledSince ascending, then conversationId by UTF-8 bytes." */
function inOrder(rows) {
  return rows.sort(
    (left, right) =>
      Date.parse(left.stalledSince) - Date.parse(right.stalledSince) ||
      compareUtf8(left.conversationId, right.conversationId),
  );
}

/** "No snapshot yet: snapshotMissing true, generatedAt null, snapshotId null, no rows, totals 0." */
function checkMissing(report) {
  const { snapshotMissing, generatedAt, snapshotId, totalCount, rows, counts, pagination } = report;
  assert.deepEqual(
    { snapshotMissing, generatedAt, snapshotId, totalCount, rows, counts, pagination },
    {
      snapshotMissing: true,
      generatedAt: null,
      snapshotId: null,
      totalCount: 0,
      rows: [],
      counts: NO_COUNTS,
      pagination: { page: 1, limit: 100, total: 0, totalPages: 0 },
    },
  );
}

/** Everything in an answer except its rows. */
function checkEnvelope(report, kase, asOf) {
  const { snapshotMissing, generatedAt, thresholdMinutes, totalCount, rows, stale } = report;
  assert.deepEqual(
    { snapshotMissing, generatedAt, thresholdMinutes, totalCount, stale },
    {
      snapshotMissing: false,
      generatedAt: formatInstant(asOf),
      thresholdMinutes: kase.thresholdMinutes,
      totalCount: rows.length,
      // The cases are about instants more than a year ago.
      stale: true,
    },
  );
}

/**
 * Checks the report without a category and those of the others. Returns that report, and the rows of all in order. Of
 * those that have no row according to the counts only `tried` is asked for.
 */
async function readCategories(organizationId, kase, asOf, skipThreshold, tried) {
  const report = await readReport(organizationId, skipThreshold);
  checkEnvelope(report, kase, asOf);
  const counts = { ...NO_COUNTS };
  const rows = [...report.rows];
  for (const category of OTHER_CATEGORIES) {
    if (report.counts[category] === 0 && category !== tried && !IS_LONG_RUN) continue;
    const other = await readReport(organizationId, skipThreshold, category);
    checkEnvelope(other, kase, asOf);
    assert.deepEqual(other.counts, report.counts);
    assert.ok(other.rows.every((row) => row.category === category));
    rows.push(...other.rows);
  }
  for (const { category } of rows) counts[category] += 1;
  assert.deepEqual(report.counts, counts);
  assert.ok(report.rows.every(({ category }) => CONTRACT_CATEGORIES.includes(category)));
  return { report, rows: inOrder(rows) };
}

/**
 * The other categories are read over the threshold at the end of a case only, and one that should be empty is tried
 * then, another one in each case: which rows are over the threshold does not depend on their category
 * (src/snapshot/groups.rs).
 */
async function checkStep({ organizationId, kase, step }) {
  const { candidates, listed, snapshotMissing } = expectationsOf(step);
  if (snapshotMissing) {
    for (const skipThreshold of [true, false]) checkMissing(await readReport(organizationId, skipThreshold));
    return;
  }
  const asOf = BASE + step.refresh;
  const isLast = step === kase.steps.at(-1);
  const tried = isLast ? OTHER_CATEGORIES[CASES.indexOf(kase) % OTHER_CATEGORIES.length] : undefined;
  const all = await readCategories(organizationId, kase, asOf, true, tried);
  if (candidates !== undefined) checkCandidates(candidates, all.rows, BASE);
  if (listed === undefined && !isLast && !IS_LONG_RUN) return;
  const overThreshold =
    isLast || IS_LONG_RUN
      ? await readCategories(organizationId, kase, asOf, false)
      : { report: await readReport(organizationId, false) };
  checkEnvelope(overThreshold.report, kase, asOf);
  if (listed !== undefined) assert.deepEqual(conversationIdsOf(overThreshold.report), listed);
  // "Those over the threshold and within maxAgeDays are contiguous."
  const [first] = overThreshold.report.rows;
  const from = all.report.rows.findIndex((row) => row.conversationId === first?.conversationId);
  const length = overThreshold.report.rows.length;
  assert.deepEqual(overThreshold.report.rows, length === 0 ? [] : all.report.rows.slice(from, from + length));
}

/** How many steps are checked at a time. */
const CHECKS_AT_A_TIME = 8;

/** Every step of every case, as `{ kase, step, organizationId, isFirst }`. */
function allSteps() {
  return CASES.flatMap((kase) => {
    const organizationId = `case ${kase.number}${kase.variant ?? ''}`;
    return kase.steps.map((step, index) => ({ kase, step, organizationId, isFirst: index === 0 }));
  });
}

/** Posts the events of steps, and sets the thresholds of cases that begin with one of them. */
async function begin(steps) {
  await service.post(steps.flatMap(({ step, organizationId }) => eventsOf(step, organizationId, BASE)));
  for (const { kase, organizationId, isFirst } of steps) {
    const { thresholdMinutes } = kase;
    if (isFirst && thresholdMinutes !== DEFAULT_THRESHOLD_MINUTES)
      await setThreshold(service, organizationId, thresholdMinutes);
  }
}

/** Runs all cases. Returns what went wrong, by the name of the case. */
async function runCases() {
  const errors = new Map();
  const check = async (due) => {
    try {
      await checkStep(due);
    } catch (error) {
      if (!errors.has(nameOf(due.kase))) errors.set(nameOf(due.kase), error);
    }
  };
  const steps = allSteps();
  // Before any refresh: what the cases say that begin without one.
  const [without, others] = [
    steps.filter(({ step }) => step.refresh === null),
    steps.filter(({ step }) => step.refresh !== null),
  ];
  await begin(without);
  await Promise.all(without.map(check));

  const byInstant = Map.groupBy(others, ({ step }) => step.refresh);
  for (const instant of [...byInstant.keys()].sort((left, right) => left - right)) {
    // Steps of one case at the same instant come one after the other.
    const rounds = Map.groupBy(byInstant.get(instant) ?? [], ({ kase, step }) =>
      kase.steps.filter(({ refresh }) => refresh === instant).indexOf(step),
    );
    for (const due of rounds.values()) {
      await begin(due);
      await service.refresh(BASE + instant);
      for (let start = 0; start < due.length; start += CHECKS_AT_A_TIME)
        await Promise.all(due.slice(start, start + CHECKS_AT_A_TIME).map(check));
    }
  }
  return errors;
}

/** Whether two refreshes of the case are one millisecond apart. */
function looksAtTheMillisecond(kase) {
  const instants = kase.steps.map((step) => step.refresh);
  return instants.some((instant) => instant !== null && instants.includes(instant + 1));
}

test('every number has a case, and a case at an edge looks at both sides of it', () => {
  checkNumbers();
  for (const number of EXACT_TO_THE_MILLISECOND) {
    assert.ok(
      CASES.some((kase) => kase.number === number && looksAtTheMillisecond(kase)),
      `case ${number}`,
    );
  }
  // One instant of the clock can serve all cases only if none goes back.
  for (const kase of CASES) {
    const instants = kase.steps.map((step) => step.refresh ?? -1);
    assert.deepEqual(
      instants,
      instants.toSorted((left, right) => left - right),
      nameOf(kase),
    );
  }
});

test('the numbered cases over HTTP', async (t) => {
  const errors = await runCases();
  for (const kase of CASES) {
    await t.test(nameOf(kase), () => {
      const error = errors.get(nameOf(kase));
      if (error) throw error;
    });
  }
});
