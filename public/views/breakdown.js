// The card that counts the list by reason, channel, department or assignee. A line filters the list by what it counts.

import { byId, drawList, element, setAttributes, setClampedText, setText } from '../modules/dom.js';
import { channelName, formatNumber, reasonWords } from '../modules/words.js';

/**
 * `filter` is what the line filters by, in the words of the filters; `null` means that no filter selects these rows.
 * `unfolds` says that the line shows more lines instead, or fewer.
 *
 * @typedef {{key: string, name: string, count: number | null, filter: string | null, unfolds?: boolean}} Line
 */
/** @typedef {{heading: string, name: 'reason' | 'channelType' | 'departmentId' | 'assignee', lines: (data: any, filters: Filters) => Line[]}} Kind */
/** @typedef {import('../modules/filters.js').Filters} Filters */
/** @typedef {{choose: (filter: string | null) => void, unfold: () => void}} Press What pressing a line does. */

/** How many lines there are. Further ones are summed on the last line, until it is pressed. */
const LINES = 6;
/** How many lines there are then. */
const LINES_UNFOLDED = 50;

/** @type {Record<string, Kind>} */
const KINDS = {
  reason: {
    heading: 'Why nobody has replied',
    name: 'reason',
    lines: ({ byReason }, { category }) =>
      Object.entries(byReason ?? {}).map(([reason, count]) =>
        lineOf(reason, reasonWords(reason, category ?? undefined), count),
      ),
  },
  channel: {
    heading: 'Where they are waiting',
    name: 'channelType',
    lines: ({ byChannel }) =>
      Object.entries(byChannel ?? {}).map(([channel, count]) => lineOf(channel, channelName(channel), count)),
  },
  department: {
    heading: 'Which department they belong to',
    name: 'departmentId',
    lines: ({ byDepartment }) =>
      (byDepartment ?? []).map(({ departmentId, name, count }) =>
        lineOf(departmentId, name ?? departmentId ?? 'No department', count),
      ),
  },
  assignee: {
    heading: 'Who they are assigned to',
    name: 'assignee',
    // No filter finds a name that is empty, which is another line than that of those who have nobody.
    lines: ({ byAssignee }) =>
      (byAssignee ?? []).map(({ name, count }) =>
        name === ''
          ? { key: 'unnamed', name: 'Somebody without a name', count, filter: null }
          : lineOf(name, name ?? 'Nobody', count),
      ),
  },
};

/**
 * @param {string | null} filter
 * @param {string} name
 * @param {number} count
 * @returns {Line}
 */
function lineOf(filter, name, count) {
  return { key: JSON.stringify(filter), name, count, filter };
}

/**
 * @param {object} actions
 * @param {(changes: Partial<Filters>) => void} actions.filter
 */
export function createBreakdown(actions) {
  const choice = byId('breakdown-by', HTMLSelectElement);
  const heading = byId('breakdown-heading');
  const list = byId('breakdown');
  /** @type {import('../modules/monitor.js').State['summary']} */
  let summary = null;
  /** @type {Filters} */
  let filters;
  let isUnfolded = false;

  const draw = () => {
    const { heading: words, name, lines } = KINDS[choice.value];
    setText(heading, words);
    const all = summary ? lines(summary.data, summary.filters) : [];
    drawLines(list, largestFirst(all, isUnfolded), filters[name], {
      choose: (value) => actions.filter({ [name]: value }),
      unfold,
    });
  };
  const unfold = () => {
    isUnfolded = !isUnfolded;
    draw();
    // The line that was pressed is another one now, or gone.
    const next = isUnfolded ? list.children[LINES - 1] : list.lastElementChild;
    next?.querySelector('button')?.focus();
  };
  choice.addEventListener('change', () => {
    isUnfolded = false;
    list.replaceChildren();
    draw();
  });

  return {
    /** @param {import('../modules/monitor.js').State} state */
    render(state) {
      summary = state.summary;
      filters = state.filters;
      draw();
    },
  };
}

/**
 * The largest counts first. If there are more lines than fit, another one sums those that are not named.
 *
 * @param {Line[]} lines
 * @param {boolean} isUnfolded
 * @returns {Line[]}
 */
function largestFirst(lines, isUnfolded) {
  const sorted = lines.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  if (sorted.length <= LINES) return sorted;
  const fewer = { key: 'fewer', name: 'Show fewer', count: null, filter: null, unfolds: true };
  const named = isUnfolded ? LINES_UNFOLDED : LINES - 1;
  if (sorted.length <= named) return [...sorted, fewer];
  const others = sorted.splice(named);
  const count = others.reduce((sum, line) => sum + line.count, 0);
  const last = { key: `others ${isUnfolded}`, name: 'Others', count, filter: null, unfolds: !isUnfolded };
  return isUnfolded ? [...sorted, last, fewer] : [...sorted, last];
}

/**
 * @param {HTMLElement} list
 * @param {Line[]} lines
 * @param {string | null} chosen What the list is filtered by.
 * @param {Press} press
 */
function drawLines(list, lines, chosen, press) {
  const highest = Math.max(1, ...lines.map(({ count }) => count));
  drawList(
    list,
    lines,
    ({ key }) => key,
    (line, child) => {
      const { name, count, filter } = line;
      const item = child ?? createLine(line, press);
      setClampedText(item.querySelector('.line-name'), name);
      setText(item.querySelector('b'), count === null ? '' : formatNumber(count));
      item.style.setProperty('--share', String(count / highest));
      if (filter !== null) setAttributes(item.firstElementChild, { 'aria-pressed': String(filter === chosen) });
      return item;
    },
  );
}

/**
 * A line is a button that filters the list, or takes the filter back, or shows more lines, unless there is nothing to
 * press.
 *
 * @param {Line} line
 * @param {Press} press
 */
function createLine({ filter, unfolds }, { choose, unfold }) {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  const parts = [
    element('bdi', { class: 'line-name' }),
    ' ',
    element('b'),
    element('span', { class: 'bar-track', 'aria-hidden': 'true' }, bar),
  ];
  if (filter === null && !unfolds) return element('li', {}, element('span', { class: 'line' }, ...parts));
  const button = element('button', { class: 'line', type: 'button' }, ...parts);
  button.addEventListener('click', () => {
    if (unfolds) unfold();
    else choose(button.getAttribute('aria-pressed') === 'true' ? null : filter);
  });
  return element('li', {}, button);
}
