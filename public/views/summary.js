// The totals on top: how many customers wait, for whom, how long, and why.

import { severityOf } from '../modules/clock.js';
import { byId, drawList, element, icon, setText } from '../modules/dom.js';
import { categoryName, formatNumber, reasonWords, waitingWords } from '../modules/words.js';

/**
 * @typedef {{from: number, to?: number | null, count: number}} Bucket Ages in minutes; without `to` it is open-ended.
 * @typedef {{reason: string | null, count: number}} ReasonCount `null` means all other reasons together.
 */

const MINUTE_MS = 60_000;
const CATEGORY_ICONS = { ai_stuck: 'autopilot', agent_abandoned: 'agent' };
/** How many reasons are listed. Further ones are summed on the last line. */
const REASON_LINES = 6;

/**
 * Draws the totals of the report on the screen and the summary of the same snapshot. Before the first data it draws the
 * same cards without numbers, so that the list does not move when the numbers arrive.
 */
export function createSummary() {
  const section = byId('summary');
  return {
    /** @param {import('../modules/monitor.js').Monitor} monitor */
    render({ state, isCurrent }) {
      const { shown, summary } = state;
      section.hidden = shown ? shown.data.snapshotMissing === true : state.problem !== null;
      if (section.hidden) return;
      section.classList.toggle('waiting', shown !== null && !isCurrent);
      const filters = shown?.filters ?? state.filters;
      drawTotal(shown?.data ?? null, filters);
      drawHistogram(summary ? bucketsInList(summary.data.ageMinutes, thresholdOf(summary)) : []);
      byId('histogram-missing').hidden = !state.summaryMissing;
      drawReasons(summary ? reasonLines(summary.data.byReason) : [], summary?.filters.category ?? undefined);
    },
  };
}

/**
 * The threshold that the list applies, in minutes; `null` means none.
 *
 * @param {{data: any, filters: import('../modules/filters.js').Filters}} answer
 * @returns {number | null}
 */
function thresholdOf({ data, filters }) {
  return filters.skipThreshold ? null : data.thresholdMinutes;
}

function drawTotal(data, filters) {
  const total = data?.totalCount ?? null;
  const threshold = data ? thresholdOf({ data, filters }) : null;
  setText(byId('total'), total === null ? '–' : formatNumber(total));
  setText(byId('total-words'), waitingWords(total, threshold));
  // The list has these two; the others are counted as well, but are not in it.
  const { ai_stuck = null, agent_abandoned = null } = data?.counts ?? {};
  const counts = Object.entries({ ai_stuck, agent_abandoned });
  drawList(
    byId('total-categories'),
    counts.filter(([category]) => filters.category === null || category === filters.category),
    ([category]) => category,
    ([category, count], child) => {
      const item = child ?? createCategory(category);
      setText(item.querySelector('b'), count === null ? '–' : formatNumber(count));
      return item;
    },
  );
}

function createCategory(category) {
  const name = element('span', {}, categoryName(category));
  return element('li', { class: category }, icon(CATEGORY_ICONS[category] ?? 'information'), element('b'), ' ', name);
}

/**
 * The buckets that the list can have rows in. A row below the threshold is not listed, so a bucket below it would always
 * be empty and is left out; one that the threshold divides starts at the threshold.
 *
 * @param {Bucket[]} buckets
 * @param {number | null} thresholdMinutes `null` means that there is no threshold.
 */
export function bucketsInList(buckets, thresholdMinutes) {
  const threshold = thresholdMinutes ?? 0;
  return buckets
    .filter(({ to }) => isOpenEnded(to) || to > threshold)
    .map(({ from, to, count }) => ({ from: Math.max(from, threshold), to, count }));
}

/** @param {Bucket[]} buckets */
function drawHistogram(buckets) {
  const highest = Math.max(1, ...buckets.map(({ count }) => count));
  drawList(
    byId('histogram'),
    buckets,
    (bucket) => bucketWords(bucket),
    (bucket, child) => {
      const item = child ?? createBucket(bucket);
      setText(item.querySelector('.bar-count'), formatNumber(bucket.count));
      item.classList.toggle('none', bucket.count === 0);
      item.style.setProperty('--share', String(bucket.count / highest));
      return item;
    },
  );
}

/** @param {Bucket} bucket */
function createBucket(bucket) {
  const count = element('b', { class: 'bar-count' });
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  const label = element('span', { class: 'bar-label' }, bucketWords(bucket));
  const plot = element('span', { class: 'bar-plot' }, count, bar);
  return element('li', { 'data-severity': severityOf(bucket.from * MINUTE_MS) }, plot, ' ', label);
}

/**
 * "5–15 min", "30–60 min", "4–24 h", "24 h +": in hours if both ends are whole hours.
 *
 * @param {{from: number, to?: number | null}} bucket
 */
export function bucketWords({ from, to }) {
  const isInHours = from > 0 && from % 60 === 0 && (isOpenEnded(to) || to % 60 === 0);
  const [divisor, unit] = isInHours ? [60, 'h'] : [1, 'min'];
  return isOpenEnded(to) ? `${from / divisor} ${unit} +` : `${from / divisor}–${to / divisor} ${unit}`;
}

/** @param {number | null | undefined} to */
function isOpenEnded(to) {
  return to === null || to === undefined;
}

/**
 * The most frequent reasons first. If there are more than fit, the last line sums those that are not named.
 *
 * @param {Record<string, number>} byReason
 * @returns {ReasonCount[]}
 */
export function reasonLines(byReason) {
  const lines = Object.entries(byReason)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count);
  if (lines.length <= REASON_LINES) return lines;
  const others = lines.splice(REASON_LINES - 1);
  return [...lines, { reason: null, count: others.reduce((sum, { count }) => sum + count, 0) }];
}

/**
 * @param {ReasonCount[]} lines
 * @param {string} [category]
 */
function drawReasons(lines, category) {
  const highest = Math.max(1, ...lines.map(({ count }) => count));
  drawList(
    byId('reasons'),
    lines,
    ({ reason }) => reason ?? 'others',
    ({ reason, count }, child) => {
      const item = child ?? createReason();
      setText(item.querySelector('.reason-name'), reason === null ? 'Others' : reasonWords(reason, category));
      setText(item.querySelector('b'), formatNumber(count));
      item.style.setProperty('--share', String(count / highest));
      return item;
    },
  );
}

function createReason() {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  const track = element('span', { class: 'bar-track', 'aria-hidden': 'true' }, bar);
  return element('li', {}, element('span', { class: 'reason-name' }), element('b'), track);
}
