// The numbered cases of the product's definition, over HTTP: events through ingest, the refresh run at the instant that
// the case names, the report read as a dashboard reads it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CASES, checkCandidates, checkNumbers, eventsOf, expectationsOf, nameOf } from '../oracle/cases.mjs';
import { compareUtf8, formatInstant } from '../oracle/oracle.mjs';
import { conversationIdsOf, DAY, DEFAULT_THRESHOLD_MINUTES, setThreshold } from './fixtures.mjs';
import { adminToken, startService } from './harness.mjs';

/** Cases about an exact instant, at which something changes that was different a millisecond before. */
const EXACT_TO_THE_MILLISECOND = [12, 26, 27, 48, 51];
/** So long ago that every instant of every case is past. Each case has a day of its own, because asOf never goes back. */
const FIRST_DAY = Math.floor(Date.now() / DAY) * DAY - 400 * DAY;

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

/** Checks the report without a category and those of the others. Returns that report, and the rows of all in order. */
async function readCategories(organizationId, kase, asOf, skipThreshold) {
  const [report, ...others] = await Promise.all(
    [undefined, ...OTHER_CATEGORIES].map((category) => readReport(organizationId, skipThreshold, category)),
  );
  const counts = { ...NO_COUNTS };
  for (const { category } of [report, ...others].flatMap(({ rows }) => rows)) counts[category] += 1;
  for (const each of [report, ...others]) {
    checkEnvelope(each, kase, asOf);
    assert.deepEqual(each.counts, counts);
  }
  assert.ok(report.rows.every(({ category }) => CONTRACT_CATEGORIES.includes(category)));
  for (const [index, category] of OTHER_CATEGORIES.entries()) {
    assert.ok(others[index].rows.every((row) => row.category === category));
  }
  return { report, rows: inOrder([report, ...others].flatMap(({ rows }) => rows)) };
}

async function checkStep(organizationId, kase, step, base) {
  const { candidates, listed, snapshotMissing } = expectationsOf(step);
  if (snapshotMissing) {
    for (const skipThreshold of [true, false]) checkMissing(await readReport(organizationId, skipThreshold));
    return;
  }
  const asOf = base + step.refresh;
  const all = await readCategories(organizationId, kase, asOf, true);
  const overThreshold = await readCategories(organizationId, kase, asOf, false);
  if (candidates !== undefined) checkCandidates(candidates, all.rows, base);
  if (listed !== undefined) assert.deepEqual(conversationIdsOf(overThreshold.report), listed);
  // "Those over the threshold and within maxAgeDays are contiguous."
  const [first] = overThreshold.report.rows;
  const from = all.report.rows.findIndex((row) => row.conversationId === first?.conversationId);
  const length = overThreshold.report.rows.length;
  assert.deepEqual(overThreshold.report.rows, length === 0 ? [] : all.report.rows.slice(from, from + length));
}

async function runCase(kase, base) {
  const organizationId = `case-${kase.number}${kase.variant ?? ''}`;
  for (const step of kase.steps) {
    await service.post(eventsOf(step, organizationId, base));
    const { thresholdMinutes } = kase;
    if (thresholdMinutes !== DEFAULT_THRESHOLD_MINUTES) await setThreshold(service, organizationId, thresholdMinutes);
    if (step.refresh !== null) await service.refresh(base + step.refresh);
    await checkStep(organizationId, kase, step, base);
  }
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
});

test('the numbered cases over HTTP', async (t) => {
  for (const [index, kase] of CASES.entries()) {
    await t.test(nameOf(kase), () => runCase(kase, FIRST_DAY + index * DAY));
  }
});
