// Who will cross the threshold soon. The service lists everyone who waits, longest first, so those who are under the
// threshold mostly come last: the search starts where they begin, and goes on until all of them were seen.

import { PATHS } from './client.js';
import { LIMITS, queryOf, withoutPage } from './filters.js';

const MINUTE_MS = 60_000;
/** How soon somebody must cross the threshold to be shown. */
export const DUE_WITHIN_MINUTES = 15;
const LIMIT = 100;
/** The most requests of a search. */
const PAGES_MAX = 5;

/** @typedef {{row: any, leftMs: number}} Due `leftMs` is the time until the threshold, as of the snapshot. */
/**
 * @typedef {object} DueSoon
 * @property {Due[]} due The next one first.
 * @property {number} generatedAt
 * @property {boolean} hasHours Whether the times are of business hours.
 * @property {boolean} isPartial There are so many under the threshold that not all of them were read.
 */

/**
 * @param {import('./client.js').Client} client
 * @param {object} of
 * @param {import('./filters.js').Filters} of.filters Those of the list. Whether it has a threshold makes no difference.
 * @param {string} of.snapshotId
 * @param {any} of.listed The report of that snapshot with the threshold, if the page has it.
 * @param {AbortSignal} signal
 * @returns {Promise<{kind: 'found', found: DueSoon} | import('./client.js').Result>}
 */
export async function findDueSoon(client, { filters, snapshotId, listed }, signal) {
  const everyone = { ...withoutPage(filters, snapshotId), skipThreshold: true, limit: LIMIT };
  /** @param {Partial<import('./filters.js').Filters>} changes */
  const ask = (changes) => client.get(PATHS.report, queryOf({ ...everyone, ...changes }), { signal });
  if (!listed) {
    const result = await ask({ skipThreshold: false, limit: LIMITS[0] });
    if (result.kind !== 'data') return result;
    listed = result.data;
  }
  const before = listed.totalCount + listed.olderCount;
  const first = Math.floor(before / LIMIT) + 1;
  let last = first;

  /** @type {DueSoon} */
  const found = { due: [], generatedAt: Date.parse(listed.generatedAt), hasHours: false, isPartial: true };
  let under = 0;
  for (let asked = 0; asked < PAGES_MAX && found.isPartial; asked += 1) {
    // Those with a threshold of their own may be anywhere: after the last page come those before the first one.
    const page = first + asked <= last ? first + asked : last - asked;
    if (page < 1) break;
    const result = await ask({ page });
    if (result.kind !== 'data') return result;
    const { rows, totalCount, pagination } = result.data;
    last = Math.max(first, pagination.totalPages);
    for (const row of rows) {
      const leftMs = timeLeft(row, result.data);
      if (row.stalledBusinessMinutes !== undefined) found.hasHours = true;
      if (leftMs > 0) under += 1;
      if (leftMs > 0 && leftMs <= DUE_WITHIN_MINUTES * MINUTE_MS) found.due.push({ row, leftMs });
    }
    found.isPartial = under < totalCount - before;
  }
  found.due.sort((left, right) => left.leftMs - right.leftMs);
  return { kind: 'found', found };
}

/**
 * How long it takes until a row crosses its threshold, as of its snapshot; 0 or less if it has.
 *
 * @param {any} row
 * @param {{thresholdMinutes: number, generatedAt: string}} report
 */
function timeLeft({ thresholdMinutes, stalledBusinessMinutes, stalledSince }, report) {
  const threshold = (thresholdMinutes ?? report.thresholdMinutes) * MINUTE_MS;
  const age =
    stalledBusinessMinutes === undefined
      ? Date.parse(report.generatedAt) - Date.parse(stalledSince)
      : stalledBusinessMinutes * MINUTE_MS;
  return threshold - Math.max(0, age);
}
