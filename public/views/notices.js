// The notices above the list: what is wrong, what is newer, and what the user can do about it.

import { formatAge, formatTime } from '../modules/clock.js';
import { byId, drawList, element, icon, setText } from '../modules/dom.js';
import { nextTry, problemWords } from '../modules/words.js';
import { endingNotice } from './ending.js';

/** The refresh runs every minute; a list older than this is late. */
const LATE_AFTER_MS = 3 * 60_000;

/**
 * @typedef {{kind: 'bad' | 'plain', symbol: string, title: string, text: string, buttons?: {label: string, act: () => void}[]}} Notice
 */

/**
 * @typedef {object} Actions
 * @property {() => void} retry
 * @property {() => void} showNewest
 * @property {() => void} dismissExpired
 * @property {() => void} dismissOutcome
 * @property {() => void} undo Takes back what the last outcome is of.
 * @property {() => void} signInAgain
 */

/** @param {Actions} actions */
export function createNotices(actions) {
  const container = byId('notices');

  return {
    /**
     * @param {import('../modules/monitor.js').Monitor} monitor
     * @param {import('./message.js').Context} context
     */
    render(monitor, context) {
      drawList(container, noticesOf(monitor, context, actions), keyOf, drawNotice);
    },
  };
}

/**
 * A notice with other buttons is another one.
 *
 * @param {Notice} notice
 */
function keyOf({ kind, title, buttons = [] }) {
  return [kind, title, ...buttons.map(({ label }) => label)].join(' ');
}

/**
 * @param {Notice} notice
 * @param {HTMLElement | undefined} child
 */
function drawNotice(notice, child) {
  const strip = child ?? createStrip(notice);
  setText(strip.querySelector('.notice-title'), notice.title);
  setText(strip.querySelector('.notice-text'), notice.text);
  return strip;
}

/** @param {Notice} notice */
function createStrip({ kind, symbol, buttons = [] }) {
  const title = element('strong', { class: 'notice-title' });
  const text = element('span', { class: 'notice-text' });
  const strip = element('div', { class: `notice ${kind}` }, icon(symbol), element('p', {}, title, ' ', text));
  for (const { label, act } of buttons) {
    const control = element('button', { class: 'button', type: 'button' }, label);
    control.addEventListener('click', () => act());
    strip.append(control);
  }
  return strip;
}

/**
 * What there is to say.
 *
 * @param {import('../modules/monitor.js').Monitor} monitor
 * @param {import('./message.js').Context} context
 * @param {Actions} actions
 * @returns {Notice[]}
 */
export function noticesOf({ state, isCurrent, isOutdated }, { now, nextAt, outcome, ending }, actions) {
  /** @type {Notice[]} */
  const notices = [];
  if (outcome) {
    notices.push({
      kind: outcome.ok ? 'plain' : 'bad',
      symbol: outcome.ok ? 'done' : 'warning',
      title: outcome.ok ? 'Done.' : 'That did not work.',
      text: outcome.text,
      buttons: [
        ...(outcome.undo ? [{ label: 'Undo', act: actions.undo }] : []),
        { label: 'OK', act: actions.dismissOutcome },
      ],
    });
  }
  if (ending) notices.push(endingNotice(ending, now, actions));
  if (state.problem && isCurrent) notices.push(failing(state, now, nextAt, actions));
  if (state.snapshotExpired && isCurrent) {
    notices.push({
      kind: 'plain',
      symbol: 'information',
      title: 'This is the newest list.',
      text: 'The list that you were viewing is no longer available.',
      buttons: [{ label: 'OK', act: actions.dismissExpired }],
    });
  }
  if (isCurrent && !state.problem) notices.push(...freshness(state, now));
  if (isOutdated) {
    const time = formatTime(Date.parse(state.newest.generatedAt), now);
    notices.push({
      kind: 'plain',
      symbol: 'information',
      title: 'New data.',
      text: `A newer list (${time}) is available; this page won’t change until you load it.`,
      buttons: [{ label: 'Load', act: actions.showNewest }],
    });
  }
  return notices;
}

/**
 * @param {import('../modules/monitor.js').State} state
 * @param {number} now
 * @param {number | null} nextAt
 * @param {Actions} actions
 * @returns {Notice}
 */
function failing({ problem, shown }, now, nextAt, { retry }) {
  const { title, text } = problemWords(problem);
  const { generatedAt } = shown.data;
  const age = generatedAt ? ` Showing data from ${formatTime(Date.parse(generatedAt), now)}.` : '';
  return {
    kind: 'bad',
    symbol: problem.kind === 'unreachable' ? 'offline' : 'warning',
    title: `${title}.`,
    text: `${text}${age} ${nextTry(now, nextAt)}`,
    buttons: [{ label: 'Try now', act: retry }],
  };
}

/**
 * @param {import('../modules/monitor.js').State} state
 * @param {number} now
 * @returns {Notice[]}
 */
function freshness({ newest }, now) {
  if (!newest?.generatedAt) return [];
  const generatedAt = Date.parse(newest.generatedAt);
  const age = `${formatTime(generatedAt, now)}, ${formatAge(now - generatedAt)} ago`;
  // The service also says `stale` of a list that is late.
  if (now - generatedAt >= LATE_AFTER_MS) {
    return [
      {
        kind: 'bad',
        symbol: 'warning',
        title: 'Late data.',
        text: `The list should be refreshed every minute; the newest one is from ${age}.`,
      },
    ];
  }
  if (!newest.stale) return [];
  return [
    {
      kind: 'bad',
      symbol: 'warning',
      title: 'Stale data.',
      text: `The service cannot reach its storage. Its newest list is from ${age}.`,
    },
  ];
}
