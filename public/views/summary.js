// The totals on top: how many wait, for whom, how long, and why.

import { byId, drawList, element, icon, setText } from '../modules/dom.js';
import { categoryName, formatNumber, reasonWords, waitingWords } from '../modules/words.js';

const CATEGORY_ICONS = { ai_stuck: 'autopilot', agent_abandoned: 'agent' };
const REASONS_MAX = 5;

/** Draws the totals of the answer on the screen and the summary of the same snapshot. */
export function createSummary() {
  const section = byId('summary');
  return {
    render({ state, isCurrent }) {
      const data = state.shown?.data;
      section.hidden = !data || data.snapshotMissing === true;
      if (section.hidden) return;
      section.classList.toggle('waiting', !isCurrent);
      setText(byId('total'), formatNumber(data.totalCount));
      setText(byId('total-words'), waitingWords(data.totalCount));
      drawCategories(data.counts ?? {}, state.shown.filters.category);
      byId('histogram').hidden = state.summary === null;
      byId('histogram-missing').hidden = state.summary !== null;
      drawHistogram(state.summary?.ageMinutes ?? []);
      drawReasons(state.summary?.byReason ?? {}, state.shown.filters.category);
    },
  };
}

function drawCategories(counts, only) {
  const shown = Object.entries(counts).filter(([category]) => only === null || category === only);
  drawList(
    byId('total-categories'),
    shown,
    ([category]) => category,
    ([category, count], old) => {
      const item =
        old ??
        element(
          'li',
          { class: category },
          icon(CATEGORY_ICONS[category] ?? 'information'),
          element('b'),
          ' ',
          element('span', {}, categoryName(category)),
        );
      setText(item.querySelector('b'), formatNumber(count));
      return item;
    },
  );
}

function drawHistogram(buckets) {
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  drawList(
    byId('histogram'),
    buckets,
    ({ from }) => String(from),
    (bucket, old) => {
      const item =
        old ??
        element(
          'li',
          {},
          element('b', { class: 'bar-count' }),
          element('span', { class: 'bar', 'aria-hidden': 'true' }),
          element('span', { class: 'bar-label' }),
        );
      setText(item.querySelector('.bar-count'), formatNumber(bucket.count));
      setText(item.querySelector('.bar-label'), bucketWords(bucket));
      item.classList.toggle('none', bucket.count === 0);
      item.style.setProperty('--share', bucket.count / most);
      return item;
    },
  );
}

/** "5–15 min", "30–60 min", "4–24 h", "24 h +": in hours where both ends are whole ones. */
export function bucketWords({ from, to }) {
  const [divisor, unit] = from > 0 && from % 60 === 0 && (to ?? 0) % 60 === 0 ? [60, 'h'] : [1, 'min'];
  const isOpen = to === null || to === undefined;
  return isOpen ? `${from / divisor} ${unit} +` : `${from / divisor}–${to / divisor} ${unit}`;
}

function drawReasons(byReason, category) {
  const reasons = Object.entries(byReason)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, REASONS_MAX);
  const most = Math.max(1, ...reasons.map(([, count]) => count));
  drawList(
    byId('reasons'),
    reasons,
    ([reason]) => reason,
    ([reason, count], old) => {
      const item =
        old ??
        element(
          'li',
          {},
          element('span', { class: 'reason-name' }),
          element('b'),
          element('span', { class: 'bar', 'aria-hidden': 'true' }),
        );
      setText(item.querySelector('.reason-name'), reasonWords(reason, category ?? undefined));
      setText(item.querySelector('b'), formatNumber(count));
      item.style.setProperty('--share', count / most);
      return item;
    },
  );
}
