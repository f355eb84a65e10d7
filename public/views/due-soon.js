// Who will cross the threshold within the next quarter of an hour. It is requested while it is open and somebody can
// see it: when it is opened, and with each new snapshot.

import { formatAge, isoDuration } from '../modules/clock.js';
import { byId, categoryIcon, drawList, element, setAttributes, setNames, setText } from '../modules/dom.js';
import { DUE_WITHIN_MINUTES, findDueSoon } from '../modules/due-soon.js';
import { queryOf, withoutPage } from '../modules/filters.js';
import { formatNumber, reasonWords, refusalWords } from '../modules/words.js';

/** More than anybody can look after in a quarter of an hour. */
const SHOWN_MAX = 50;

/**
 * @typedef {import('../modules/monitor.js').Monitor} Monitor
 * @typedef {import('../modules/client.js').Client} Client
 */

export function createDueSoon() {
  const button = byId('due-show');
  const section = byId('due');
  const hint = byId('due-hint');
  const list = byId('due-rows');
  /** What was requested last. */
  let requested = '';
  let abort = new AbortController();
  /** @type {import('../modules/due-soon.js').DueSoon | null} */
  let found = null;
  /** @type {{monitor: Monitor, client: Client} | null} */
  let current = null;

  const isOpen = () => !section.hidden;
  button.addEventListener('click', () => {
    section.hidden = isOpen();
    setAttributes(button, { 'aria-expanded': String(isOpen()) });
    if (isOpen()) load();
    else forget();
  });

  function forget() {
    abort.abort();
    requested = '';
    found = null;
    list.replaceChildren();
    setText(hint, '');
  }

  async function load() {
    if (current === null || document.hidden) return;
    const { client, monitor } = current;
    const { filters, newest, listed } = monitor.state;
    if (!newest?.snapshotId || !monitor.isListedCurrent) return;
    const of = queryOf(withoutPage({ ...filters, skipThreshold: false }, newest.snapshotId));
    if (of === requested) return;
    const isOther = withoutSnapshot(of) !== withoutSnapshot(requested);
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    requested = of;
    if (isOther) {
      found = null;
      list.replaceChildren();
      setText(hint, 'Loading …');
    }
    const isSame = !filters.skipThreshold && listed.data.snapshotId === newest.snapshotId;
    try {
      const { snapshotId } = newest;
      const result = await findDueSoon(client, { filters, snapshotId, listed: isSame ? listed.data : null }, signal);
      if (signal.aborted) return;
      if (result.kind === 'found') {
        found = result.found;
        draw(monitor.state.scopes?.departments ?? []);
      } else {
        // It is requested again with the next snapshot.
        setText(hint, refusalWords(result));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @param {{departmentId: string, name: string | null}[]} departments */
  function draw(departments) {
    const { due, isPartial } = found;
    const shown = due.slice(0, SHOWN_MAX);
    const more = due.length - shown.length;
    const within = `within the next ${DUE_WITHIN_MINUTES} minutes`;
    const none = `Nobody crosses the threshold ${within}${found.hasHours ? ' of business hours' : ''}.`;
    const said = [
      due.length === 0 && none,
      more > 0 && `And ${formatNumber(more)} more.`,
      isPartial && 'There are too many under the threshold to look at all of them.',
    ];
    setText(hint, said.filter(Boolean).join(' '));
    drawList(
      list,
      shown,
      ({ row }) => row.conversationId,
      ({ row, leftMs }, child) => drawDue(child ?? createDue(), { row, leftMs, departments }),
    );
    tick(found.generatedAt);
  }

  /** @param {number} now */
  function tick(now) {
    if (found === null) return;
    // The service alone knows the business hours, so their times are as of the snapshot.
    const passed = found.hasHours ? 0 : Math.max(0, now - found.generatedAt);
    [...list.children].forEach((item, index) => {
      const left = found.due[index].leftMs - passed;
      const time = item.querySelector('time');
      setText(time, left > 0 ? `in ${formatLeft(left)}${found.hasHours ? ' of business hours' : ''}` : 'now');
      setAttributes(time, { datetime: isoDuration(left) });
    });
  }

  return {
    /**
     * @param {Monitor} monitor
     * @param {Client} client
     */
    render(monitor, client) {
      current = { monitor, client };
      if (isOpen()) load();
    },
    tick,
    /** Closes it and removes everything. */
    reset() {
      current = null;
      section.hidden = true;
      setAttributes(button, { 'aria-expanded': 'false' });
      forget();
    },
  };
}

function createDue() {
  const item = element('li', {}, element('time', { class: 'due-time' }), element('bdi', { class: 'due-name clamped' }));
  item.append(element('span', { class: 'due-why' }), element('span', { class: 'due-who second' }));
  return item;
}

/**
 * @param {HTMLElement} item
 * @param {{row: any, leftMs: number, departments: {departmentId: string, name: string | null}[]}} due
 */
function drawDue(item, { row, departments }) {
  setText(item.querySelector('.due-name'), row.contactName || 'Unknown contact');
  const why = item.querySelector('.due-why');
  const words = reasonWords(row.reason);
  if (why.textContent !== words) why.replaceChildren(categoryIcon(row.category), element('span', {}, words));
  setAttributes(why, { 'data-category': row.category });
  const { departmentId, assigneeNames } = row;
  const department = departments.find((each) => each.departmentId === departmentId)?.name ?? departmentId;
  const who = /** @type {HTMLElement} */ (item.querySelector('.due-who'));
  const names = [department, ...assigneeNames].filter(Boolean);
  setNames(who, names, '');
  who.hidden = names.length === 0;
  return item;
}

/**
 * "4 min"; the last minute is counted in seconds.
 *
 * @param {number} milliseconds
 */
function formatLeft(milliseconds) {
  return milliseconds <= 60_000 ? formatAge(milliseconds) : `${Math.ceil(milliseconds / 60_000)} min`;
}

/** @param {string} query */
function withoutSnapshot(query) {
  const given = new URLSearchParams(query);
  given.delete('snapshot');
  return given.toString();
}
