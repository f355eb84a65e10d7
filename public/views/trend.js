// The card with the course of the day, of the departments that the user sees, or of the one that is chosen. It asks
// only while it is unfolded.

import { PATHS } from '../modules/client.js';
import { formatAge } from '../modules/clock.js';
import { byId, drawList, element, setAttributes, setText } from '../modules/dom.js';
import { slotsOf, totalsOf } from '../modules/trend.js';
import { formatNumber, refusalWords } from '../modules/words.js';
import { save } from './download.js';

/** After this long, by the instants of reports, it is requested again. */
const MAX_AGE_MS = 5 * 60_000;
const MINUTE_MS = 60_000;
/** The text of a cell if nothing is known. */
const UNKNOWN = '–';

const HOUR = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const DAY_AND_HOUR = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  timeStyle: undefined,
  hour: 'numeric',
  minute: '2-digit',
});
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'numeric' });

/** @typedef {import('../modules/trend.js').Slot} Slot */

/**
 * @param {object} actions
 * @param {(request: (client: import('../modules/client.js').Client, query: string) => Promise<import('../modules/client.js').Result>) => Promise<import('../modules/client.js').Result | null>} actions.ask
 *   Does something with the query that names the organization; there is no result if the user has signed out meanwhile.
 */
export function createTrend({ ask }) {
  const card = byId('trend', HTMLDetailsElement);
  const choice = byId('trend-days', HTMLSelectElement);
  const download = byId('trend-download', HTMLButtonElement);
  const hint = byId('trend-hint');
  /**
   * What was requested last: of whom, for how many days, and as of which report.
   * @type {{of: string, days: string, at: number} | null}
   */
  let requested = null;
  /** @type {{organizationId: string | null, departmentId: string | null, name: string | null, generatedAt: string | null}} */
  let current = { organizationId: null, departmentId: null, name: null, generatedAt: null };

  const queryOf = (/** @type {string} */ query) => {
    const { departmentId } = current;
    const department = departmentId === null ? '' : new URLSearchParams({ departmentId }).toString();
    return [query, department, `days=${choice.value}`].filter(Boolean).join('&');
  };
  const keyOf = () => JSON.stringify([current.organizationId, current.departmentId]);

  async function load() {
    const asked = { of: keyOf(), days: choice.value, at: Date.parse(current.generatedAt ?? '') };
    if (requested?.of !== asked.of) clear();
    requested = asked;
    const result = await ask((client, query) => client.get(PATHS.trend, queryOf(query)));
    if (result === null || requested !== asked) return;
    if (result.kind === 'data') draw(result.data);
    else setText(hint, refusalWords(result));
  }

  function loadIfDue() {
    if (card.hidden || !card.open || current.generatedAt === null) return;
    const isSame = requested?.of === keyOf() && requested.days === choice.value;
    if (!isSame || Date.parse(current.generatedAt) - requested.at >= MAX_AGE_MS) load();
  }

  function clear() {
    byId('trend-figure').hidden = true;
    byId('trend-table').hidden = true;
    setText(hint, 'Loading …');
  }

  /** @param {any} data */
  function draw(data) {
    const slots = slotsOf(data);
    const totals = totalsOf(slots);
    setText(hint, totals.isKnown ? '' : 'Nothing is known of this time yet.');
    byId('trend-figure').hidden = !totals.isKnown;
    byId('trend-table').hidden = !totals.isKnown;
    const { crossed, cleared, most } = totals;
    const department = current.name === null ? '' : `${current.name}: `;
    setText(
      byId('trend-caption'),
      `${department}${formatNumber(crossed)} came over the threshold, ${formatNumber(cleared)} were cleared, ${formatNumber(most)} at once at most.`,
    );
    drawChart(slots, data.days);
    drawTable(slots, data.days);
  }

  card.addEventListener('toggle', loadIfDue);
  choice.addEventListener('change', loadIfDue);
  download.addEventListener('click', async () => {
    const result = await ask((client, query) => client.file(PATHS.trendCsv, queryOf(query)));
    if (result === null) return;
    if (result.kind === 'data') save(result.data, `course-of-the-day-${(current.generatedAt ?? '').slice(0, 10)}.csv`);
    else setText(hint, `The CSV could not be created. ${refusalWords(result)}`);
  });

  return {
    /** @param {import('../modules/monitor.js').Monitor} monitor */
    render({ organizationId, state }) {
      card.hidden = organizationId === null || !state.listed?.data.generatedAt;
      const { departmentId } = state.filters;
      const department = state.scopes?.departments.find((each) => each.departmentId === departmentId);
      const name = department ? (department.name ?? departmentId) : null;
      current = { organizationId, departmentId, name, generatedAt: state.newest?.generatedAt ?? null };
      loadIfDue();
    },
    reset() {
      card.hidden = true;
      card.open = false;
      requested = null;
      byId('trend-chart').replaceChildren();
      byId('trend-rows').replaceChildren();
      clear();
    },
  };
}

/**
 * @param {Slot} slot
 * @param {number} days
 */
function labelOf({ startsAt }, days) {
  return days === 1 ? HOUR.format(startsAt) : SHORT_DAY.format(startsAt);
}

/**
 * A pair of bars for each slot. Screen readers have the table.
 *
 * @param {Slot[]} slots
 * @param {number} days
 */
function drawChart(slots, days) {
  const highest = Math.max(1, ...slots.flatMap(({ crossed, cleared }) => [crossed, cleared]));
  setText(byId('trend-scale'), formatNumber(highest));
  // Not every label fits, and on a phone not even these: there every other one is hidden.
  const step = Math.ceil(slots.length / 6);
  drawList(
    byId('trend-chart'),
    slots,
    ({ key }) => key,
    (slot, child) => {
      const item = child ?? createBars();
      const [crossed, cleared] = item.querySelectorAll('.bar');
      for (const [bar, count] of /** @type {[HTMLElement, number][]} */ ([
        [crossed, slot.crossed],
        [cleared, slot.cleared],
      ]))
        bar.style.setProperty('--share', String(count / highest));
      item.classList.toggle('unknown-slot', !slot.isKnown);
      const beforeLast = slots.length - 1 - slots.indexOf(slot);
      const label = item.querySelector('.bar-label');
      setText(label, beforeLast % step === 0 ? labelOf(slot, days) : '');
      label.classList.toggle('other-label', beforeLast % (2 * step) !== 0);
      setAttributes(item, { title: slot.isKnown ? titleOf(slot, days) : null });
      return item;
    },
  );
}

function createBars() {
  return element(
    'li',
    {},
    element(
      'span',
      { class: 'trend-bars' },
      element('span', { class: 'bar crossed' }),
      element('span', { class: 'bar cleared' }),
    ),
    element('span', { class: 'bar-label' }),
  );
}

/**
 * @param {Slot} slot
 * @param {number} days
 */
function nameOf({ startsAt }, days) {
  return (days === 1 ? DAY_AND_HOUR : DAY).format(startsAt);
}

/**
 * @param {Slot} slot
 * @param {number} days
 */
function titleOf(slot, days) {
  const { crossed, cleared, most } = slot;
  return `${nameOf(slot, days)}: ${formatNumber(crossed)} came over the threshold, ${formatNumber(cleared)} were cleared, ${formatNumber(most)} at once at most`;
}

/**
 * The newest first.
 *
 * @param {Slot[]} slots
 * @param {number} days
 */
function drawTable(slots, days) {
  setText(byId('trend-slot-heading'), days === 1 ? 'Hour' : 'Day');
  byId('trend-median-heading').hidden = days !== 1;
  const minutes = (/** @type {number | null} */ count) => (count === null ? UNKNOWN : formatAge(count * MINUTE_MS));
  drawList(
    byId('trend-rows'),
    slots.toReversed(),
    ({ key }) => key,
    (slot, child) => {
      const row =
        child ?? element('tr', {}, element('th', { scope: 'row' }), ...Array.from({ length: 5 }, () => element('td')));
      const { isKnown, crossed, cleared, median, worst, most } = slot;
      const texts = [formatNumber(crossed), formatNumber(cleared), minutes(median), minutes(worst), formatNumber(most)];
      const [name, ...cells] = row.children;
      setText(name, nameOf(slot, days));
      cells.forEach((cell, number) => {
        setText(cell, isKnown ? texts[number] : UNKNOWN);
      });
      setAttributes(cells[2], { hidden: days !== 1 });
      return row;
    },
  );
}
