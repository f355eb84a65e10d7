// The wall view: the total and those who have waited longest, large enough to be read across a room. Nobody needs to
// touch it.

import { formatAge, formatTime, isoDuration, severityOf } from '../modules/clock.js';
import { byId, categoryIcon, drawList, element, setAttributes, setNames, setText } from '../modules/dom.js';
import { formatBusinessAge } from '../modules/hours.js';
import { categoryName, channelName, formatNumber, reasonWords, thresholdOf, waitingWords } from '../modules/words.js';
import { drawMessage } from './message.js';
import { noticesOf } from './notices.js';

const SHOWN = 10;
const MINUTE_MS = 60_000;

/**
 * @typedef {import('../modules/monitor.js').Monitor} Monitor
 * @typedef {import('./message.js').Context} Context
 */

/** @param {import('./message.js').Actions & import('./notices.js').Actions} actions For the buttons of a message. */
export function createWall(actions) {
  const section = byId('wall');
  const total = byId('wall-total');
  const words = byId('wall-words');
  const list = byId('wall-rows');
  const asOf = byId('wall-as-of');
  const notice = byId('wall-notice');
  const message = byId('wall-message');
  let rows = [];

  /** @param {number} now */
  function drawAges(now) {
    [...list.children].forEach((item, index) => {
      drawAge(item, rows[index], now);
    });
  }

  return {
    /** Shows the wall instead of the board, until `hide`. */
    show() {
      section.hidden = false;
      document.body.classList.add('wall-view');
    },
    hide() {
      section.hidden = true;
      list.replaceChildren();
      rows = [];
    },
    /**
     * @param {Monitor} monitor
     * @param {Context} context
     */
    render(monitor, context) {
      const { state, isCurrent, organizationId } = monitor;
      const { shown, scopes, filters } = state;
      const isListed = shown !== null && isCurrent && shown.data.rows.length > 0;
      setText(byId('wall-organization'), nameOf(scopes?.organizations, 'organizationId', organizationId));
      const department = nameOf(scopes?.departments, 'departmentId', filters.departmentId);
      const { category, channelType, reason, assignee } = filters;
      const narrowed = [department, category && categoryName(category), channelType && channelName(channelType)];
      const names = [...narrowed, reason && reasonWords(reason, category), assignee].filter(Boolean);
      setNames(byId('wall-filters'), names, '');
      byId('wall-filters').hidden = names.length === 0;
      const count = shown && isCurrent && shown.data.generatedAt ? shown.data.totalCount : null;
      setText(total, count === null ? '–' : formatNumber(count));
      setText(words, waitingWords(count, shown ? thresholdOf(shown) : null));
      rows = isListed ? shown.data.rows.filter((row) => !monitor.isHidden(row)).slice(0, SHOWN) : [];
      list.hidden = rows.length === 0;
      drawList(
        list,
        rows,
        ({ conversationId }) => conversationId,
        (row, child) => drawRow(child ?? createRow(), row),
      );
      drawMessage(message, isListed ? null : monitor, context, actions);
      setAttributes(message, { 'data-problem': state.problem !== null });
      this.tick(monitor, context);
    },
    /**
     * @param {Monitor} monitor
     * @param {Context} context
     */
    tick(monitor, context) {
      const { now } = context;
      const generatedAt = Date.parse(monitor.state.shown?.data.generatedAt ?? '');
      const isKnown = !Number.isNaN(generatedAt);
      setText(asOf, isKnown ? `As of ${formatTime(generatedAt, now)}, ${formatAge(now - generatedAt)} ago` : '');
      const bad = noticesOf(monitor, context, actions).filter(({ kind }) => kind === 'bad');
      notice.hidden = bad.length === 0;
      setText(notice, bad.map(({ title, text }) => `${title} ${text}`).join(' '));
      drawAges(now);
    },
  };
}

function createRow() {
  return element(
    'li',
    { class: 'wall-row' },
    element('time', { class: 'wall-age' }),
    element('bdi', { class: 'wall-name' }),
    element('span', { class: 'wall-why' }),
    element('span', { class: 'wall-who' }),
  );
}

/**
 * @param {HTMLElement} item
 * @param {any} row The report's.
 */
function drawRow(item, { contactName, category, reason, assigneeNames }) {
  setText(item.querySelector('.wall-name'), contactName || 'Unknown contact');
  const why = item.querySelector('.wall-why');
  const words = reasonWords(reason);
  if (why.textContent !== words) why.replaceChildren(categoryIcon(category), element('span', {}, words));
  setAttributes(why, { 'data-category': category });
  setNames(item.querySelector('.wall-who'), assigneeNames, 'Nobody');
  return item;
}

/**
 * @param {Element} item
 * @param {any} row
 * @param {number} now
 */
function drawAge(item, { stalledSince, stalledBusinessMinutes: openMinutes }, now) {
  const hasHours = openMinutes !== undefined;
  const age = hasHours ? openMinutes * MINUTE_MS : now - Date.parse(stalledSince);
  const time = item.querySelector('time');
  setText(time, hasHours ? formatBusinessAge(openMinutes) : formatAge(age));
  setAttributes(time, { datetime: isoDuration(age) });
  setAttributes(item, { 'data-severity': severityOf(age) });
}

/**
 * @param {any[] | undefined} known
 * @param {string} key
 * @param {string | null} id
 */
function nameOf(known, key, id) {
  return known?.find((each) => each[key] === id)?.name ?? id ?? '';
}
