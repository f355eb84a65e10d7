// The totals on top: how many customers wait, for whom, how long, and what the list leaves out.

import { severityOf } from '../modules/clock.js';
import { byId, categoryIcon, drawList, element, setEnabled, setText, whileEnabled } from '../modules/dom.js';
import { categoryName, formatNumber, olderWords, thresholdOf, waitingWords } from '../modules/words.js';

/**
 * @typedef {{from: number, to?: number | null, count: number}} Bucket Ages in minutes; without `to` it is open-ended.
 */

const MINUTE_MS = 60_000;

/**
 * Draws the totals of the report on the screen and the summary of the same snapshot. Before the first data it draws the
 * same cards without numbers, so that the list does not move when the numbers arrive.
 *
 * @param {object} actions
 * @param {(changes: Partial<import('../modules/filters.js').Filters>) => void} actions.filter
 * @param {(before: number) => void} actions.showRow Shows the row before which so many others are in the list.
 */
export function createSummary(actions) {
  const section = byId('summary');
  /** @type {Bucket[]} */
  let buckets = [];
  const showEveryone = () => actions.filter({ skipThreshold: true });
  byId('total-below').addEventListener('click', showEveryone);
  byId('total-older').addEventListener('click', showEveryone);

  return {
    /** @param {import('../modules/monitor.js').Monitor} monitor */
    render({ state, isListedCurrent, belowThreshold }) {
      const { listed, summary } = state;
      section.hidden = listed ? listed.data.snapshotMissing === true : state.problem !== null;
      if (section.hidden) return;
      section.classList.toggle('waiting', listed !== null && !isListedCurrent);
      drawTotal(listed?.data ?? null, listed?.filters ?? state.filters);
      const below = isListedCurrent ? belowThreshold : 0;
      drawLink('total-below', below, (count) => `${formatNumber(count)} under the threshold`);
      const older = isListedCurrent ? listed.data.olderCount : 0;
      drawLink('total-older', older, (count) => olderWords(count, state.maxAgeDays));
      buckets = summary?.data.ageMinutes ?? [];
      const isSeveral = listed !== null && thresholdOf(listed) === 'several';
      drawHistogram(bucketsInList(buckets, summary ? leastThreshold(summary, isSeveral) : null), (bucket) =>
        actions.showRow(countBefore(buckets, bucket)),
      );
      const hasHours = listed?.data.rows?.some(({ stalledBusinessMinutes }) => stalledBusinessMinutes !== undefined);
      byId('histogram-hours').hidden = !hasHours;
      byId('histogram-missing').hidden = !state.summaryMissing;
    },
  };
}

/**
 * The threshold below which the list has no rows, in minutes; `null` means that there is none, or that it is not known
 * because several apply.
 *
 * @param {NonNullable<import('../modules/monitor.js').State['summary']>} summary
 * @param {boolean} isSeveral
 * @returns {number | null}
 */
function leastThreshold({ data, filters }, isSeveral) {
  const isBelow = ({ to, count }) => !isOpenEnded(to) && to <= data.thresholdMinutes && count > 0;
  return filters.skipThreshold || isSeveral || data.ageMinutes.some(isBelow) ? null : data.thresholdMinutes;
}

/**
 * A line that leads to the customers whom the list leaves out.
 *
 * @param {string} id
 * @param {number | undefined} count
 * @param {(count: number) => string} words
 */
function drawLink(id, count, words) {
  const link = byId(id);
  link.hidden = !count;
  if (count) setText(link, words(count));
}

/**
 * How many rows of the list are before those of a bucket: those that have waited longer.
 *
 * @param {Bucket[]} buckets
 * @param {Bucket} bucket
 */
function countBefore(buckets, { to }) {
  if (isOpenEnded(to)) return 0;
  return buckets.filter(({ from }) => from >= to).reduce((sum, { count }) => sum + count, 0);
}

function drawTotal(data, filters) {
  const total = data?.totalCount ?? null;
  setText(byId('total'), total === null ? '–' : formatNumber(total));
  setText(byId('total-words'), waitingWords(total, data ? thresholdOf({ data, filters }) : null));
  // The list has the first two unless another one is chosen.
  const categories = filters.category === null ? ['ai_stuck', 'agent_abandoned'] : [filters.category];
  drawList(
    byId('total-categories'),
    categories.map((category) => [category, data?.counts?.[category] ?? null]),
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
  return element('li', { class: category }, categoryIcon(category), element('b'), ' ', name);
}

/**
 * The buckets that the list can have rows in. A row below the threshold is not listed, so a bucket below it would
 * always be empty and is left out; one that the threshold divides starts at the threshold.
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

/**
 * @param {Bucket[]} buckets
 * @param {(bucket: Bucket) => void} show
 */
function drawHistogram(buckets, show) {
  const highest = Math.max(1, ...buckets.map(({ count }) => count));
  drawList(
    byId('histogram'),
    buckets,
    (bucket) => bucketWords(bucket),
    (bucket, child) => {
      const item = child ?? createBucket(bucket, show);
      setEnabled(item.querySelector('button'), bucket.count > 0);
      setText(item.querySelector('.bar-count'), formatNumber(bucket.count));
      item.classList.toggle('none', bucket.count === 0);
      item.style.setProperty('--share', String(bucket.count / highest));
      return item;
    },
  );
}

/**
 * @param {Bucket} bucket
 * @param {(bucket: Bucket) => void} show
 */
function createBucket(bucket, show) {
  const count = element('b', { class: 'bar-count' });
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  const label = element('span', { class: 'bar-label' }, bucketWords(bucket));
  const plot = element('span', { class: 'bar-plot' }, count, bar);
  const attributes = { class: 'bucket', type: 'button', title: 'Go to these customers in the list' };
  const button = element('button', attributes, plot, ' ', label);
  whileEnabled(button, () => show(bucket));
  return element('li', { 'data-severity': severityOf(bucket.from * MINUTE_MS) }, button);
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
