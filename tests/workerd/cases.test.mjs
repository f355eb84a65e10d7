// The numbered cases of the product's definition, over HTTP: events through ingest, the refresh run at the instant that
// the case names, the report read as a dashboard reads it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CASES, checkCandidates, checkNumbers, eventsOf, expectationsOf, nameOf } from '../oracle/cases.mjs';
import { formatInstant } from '../oracle/oracle.mjs';
import { conversationIdsOf, DAY, DEFAULT_THRESHOLD_MINUTES, NO_ROWS, setThreshold } from './fixtures.mjs';
import { adminToken, startService } from './harness.mjs';

/** Cases about an exact instant, at which something changes that was different a millisecond before. */
const EXACT_TO_THE_MILLISECOND = [12, 26, 27];
/** So long ago that every instant of every case is past. Each case has a day of its own, because asOf never goes back. */
const FIRST_DAY = Math.floor(Date.now() / DAY) * DAY - 400 * DAY;

let service;
before(async () => {
  service = await startService();
});
after(() => service?.close());

/** The report on one page: of every candidate, or only of those over the threshold. */
async function readReport(organizationId, { skipThreshold }) {
  const parameters = skipThreshold ? { limit: 100, skipThreshold: true } : { limit: 100 };
  const report = await service.report(adminToken(organizationId), parameters);
  assert.ok(report.totalCount <= 100, 'a case fits on one page');
  return report;
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
      counts: NO_ROWS,
      pagination: { page: 1, limit: 100, total: 0, totalPages: 0 },
    },
  );
}

/** Everything in an answer except its rows. */
function checkEnvelope(report, kase, asOf) {
  const { snapshotMissing, generatedAt, thresholdMinutes, totalCount, rows, counts, stale } = report;
  assert.deepEqual(
    { snapshotMissing, generatedAt, thresholdMinutes, totalCount, stale },
    {
      snapshotMissing: false,
      generatedAt: formatInstant(asOf),
      thresholdMinutes: kase.thresholdMinutes,
      totalCount: rows.length,
      stale: false,
    },
  );
  const countOf = (category) => rows.filter((row) => row.category === category).length;
  assert.deepEqual([counts.ai_stuck, counts.agent_abandoned], [countOf('ai_stuck'), countOf('agent_abandoned')]);
}

async function checkStep(organizationId, kase, step, base) {
  const { candidates, listed, snapshotMissing } = expectationsOf(step);
  const [all, overThreshold] = await Promise.all(
    [true, false].map((skipThreshold) => readReport(organizationId, { skipThreshold })),
  );
  if (snapshotMissing) {
    checkMissing(all);
    checkMissing(overThreshold);
    return;
  }
  checkEnvelope(all, kase, base + step.refresh);
  checkEnvelope(overThreshold, kase, base + step.refresh);
  if (candidates !== undefined) checkCandidates(candidates, all.rows, base);
  if (listed !== undefined) assert.deepEqual(conversationIdsOf(overThreshold), listed);
  // "The rows over the threshold are a prefix of all candidates."
  assert.deepEqual(overThreshold.rows, all.rows.slice(0, overThreshold.rows.length));
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
