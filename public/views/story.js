// What a row tells below its facts: what happened in the conversation and what that meant, and what a supervisor can do
// about it. It is requested when the row is unfolded, and again when the row has changed.

import { formatExactTime, formatTime } from '../modules/clock.js';
import { drawList, element, setAttributes, setEnabled, setText } from '../modules/dom.js';
import { effectWords, formatNumber, gateWords, listingWords, refusalWords } from '../modules/words.js';

/** How many of the last items are shown until somebody asks for all. */
const ITEMS_AT_FIRST = 10;
const HOUR_MS = 3_600_000;
/** For how long a row can be taken off the list; without a time, until the customer writes. */
const LASTS = [
  { label: 'until the customer writes again', hours: '' },
  { label: 'for 1 hour at most', hours: '1' },
  { label: 'for 4 hours at most', hours: '4' },
  { label: 'for 24 hours at most', hours: '24' },
];
const NOTE_CHARACTERS_MAX = 200;

/**
 * @typedef {object} Actions
 * @property {(row: any) => string | null} conversationLink Where the conversation opens in the CRM, if that is configured.
 * @property {(row: any) => Promise<import('../modules/client.js').Result | null>} explain `null` means that the user has
 *   signed out meanwhile.
 * @property {(row: any, how: {lastsMs: number | null, note: string}) => Promise<string | null>} acknowledge Resolves to what
 *   went wrong.
 * @property {(row: any) => Promise<string | null>} withdraw As `acknowledge`.
 */

/** @param {Actions} actions */
export function createStory(actions) {
  const status = element('p', { class: 'hint', role: 'status' });
  const items = element('ol', { class: 'story-items' });
  const all = element('button', { class: 'link', type: 'button', hidden: true });
  const link = element('a', { class: 'button', target: '_blank', rel: 'noopener noreferrer', hidden: true });
  link.textContent = 'Open in your CRM';
  const note = field('input', { type: 'text', maxlength: NOTE_CHARACTERS_MAX, autocomplete: 'off' });
  const lasts = field('select', {});
  lasts.append(...LASTS.map(({ label, hours }) => element('option', { value: hours }, label)));
  const takeOff = element('button', { class: 'button', type: 'submit' }, 'Take off the list');
  const putBack = element('button', { class: 'button', type: 'button' }, 'Put back on the list');
  const form = element(
    'form',
    { class: 'story-form' },
    element('label', {}, 'Take it off the list ', lasts),
    element('label', {}, 'Note for colleagues ', note),
    takeOff,
  );
  const problem = element('p', { class: 'field-problem', role: 'alert' });
  const section = element(
    'div',
    { class: 'story' },
    element('h3', {}, 'What happened'),
    status,
    all,
    items,
    element('div', { class: 'story-actions' }, link, form, putBack),
    problem,
  );

  let row = null;
  /** The row as it was when its story was requested. */
  let requested = '';
  let isOpen = false;
  let isWhole = false;
  /** @type {import('../modules/client.js').Result | null} */
  let result = null;

  async function load() {
    const of = JSON.stringify(row);
    if (of === requested) return;
    requested = of;
    if (result?.kind !== 'data') setText(status, 'Loading …');
    const loaded = await actions.explain(row);
    // The row has changed meanwhile, or the user has signed out.
    if (of !== requested || loaded === null) return;
    result = loaded;
    draw();
  }

  function draw() {
    if (result === null) return;
    const evidence = result.kind === 'data' ? result.data : null;
    setText(status, evidence ? statusOf(evidence) : `The story is not available. ${refusalWords(result)}`);
    const told = evidence?.items ?? [];
    const shown = isWhole ? told : told.slice(-ITEMS_AT_FIRST);
    all.hidden = shown.length === told.length;
    setText(all, `Show all ${formatNumber(told.length)}`);
    drawList(items, shown, ({ type, id }) => `${type} ${id}`, drawItem);
  }

  /** @param {() => Promise<string | null>} act */
  async function attempt(act) {
    for (const button of [takeOff, putBack]) setEnabled(button, false);
    setText(problem, '');
    setText(problem, (await act()) ?? '');
    for (const button of [takeOff, putBack]) setEnabled(button, true);
  }

  all.addEventListener('click', () => {
    isWhole = true;
    draw();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (takeOff.getAttribute('aria-disabled') === 'true') return;
    const hours = Number(lasts.value);
    attempt(() => actions.acknowledge(row, { lastsMs: hours ? hours * HOUR_MS : null, note: note.value.trim() }));
  });
  putBack.addEventListener('click', () => {
    if (putBack.getAttribute('aria-disabled') !== 'true') attempt(() => actions.withdraw(row));
  });

  return {
    element: section,
    /** @param {any} newRow The report's row. */
    update(newRow) {
      row = newRow;
      const target = row.hasAccess ? actions.conversationLink(row) : null;
      link.hidden = target === null;
      setAttributes(link, { href: target });
      const isAcknowledged = row.category === 'acknowledged';
      form.hidden = isAcknowledged;
      putBack.hidden = !isAcknowledged;
      if (isOpen) load();
    },
    /** @param {boolean} nowOpen */
    unfold(nowOpen) {
      isOpen = nowOpen;
      if (!isOpen) return;
      // What could not be loaded is requested again.
      if (result !== null && result.kind !== 'data') requested = '';
      load();
    },
    /**
     * Draws the times, which have no day if they are of today.
     *
     * @param {number} now
     */
    tick(now) {
      for (const time of section.querySelectorAll('time')) {
        setText(time, formatTime(Date.parse(time.dateTime), now));
      }
    },
  };

  /**
   * @param {any} told
   * @param {HTMLElement | undefined} child
   */
  function drawItem({ at, sender, effect }, child) {
    const item = child ?? element('li', {}, element('time'), ' ', element('span'));
    const time = item.querySelector('time');
    const instant = Date.parse(at);
    setAttributes(time, { datetime: at, title: formatExactTime(instant) });
    if (time.textContent === '') setText(time, formatTime(instant, Date.parse(result.data.asOf)));
    setText(item.querySelector('span'), effectWords(effect, sender));
    item.classList.toggle('ignored', effect.startsWith('ignored:'));
    item.classList.toggle('open-demand', effect === 'demand');
    return item;
  }
}

/**
 * @param {'input' | 'select'} name
 * @param {Record<string, unknown>} attributes
 */
function field(name, attributes) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (element(name, attributes));
}

/** What there is to say before the items. */
function statusOf(evidence) {
  const { conversation, items, hasEarlierItems, crossesAt, asOf } = evidence;
  const gates = conversation.gates.map((gate) => gateWords(gate));
  const listing = listingWords(evidence, crossesAt && formatTime(Date.parse(crossesAt), Date.parse(asOf)));
  const told = items.length === 0 && 'Nothing is known of what happened.';
  return [...gates, listing, hasEarlierItems && 'What happened earlier is not shown.', told].filter(Boolean).join(' ');
}
