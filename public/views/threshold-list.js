// The thresholds of single channels or departments, as fields that can be added and removed.

import { byId, drawList, element, icon, setText } from '../modules/dom.js';
import { isWholeNumber, MINUTES_MAX } from '../modules/words.js';

/** @typedef {Record<string, number>} Thresholds In minutes, by channel or by the id of a department. */

/**
 * @param {object} options
 * @param {string} options.listId
 * @param {(key: string) => string} options.nameOf What a channel or a department is called.
 * @param {(key: string) => string} [options.identityOf] Keys with the same identity are the same channel or department.
 * @param {() => void} options.onRemoved Called when the last field was removed that could get the focus.
 */
export function createThresholdList({ listId, nameOf, identityOf = (key) => key, onRemoved }) {
  const list = byId(listId);
  /**
   * What the fields have, in order.
   * @type {{key: string, minutes: string}[]}
   */
  let entries = [];

  const draw = () => {
    list.hidden = entries.length === 0;
    drawList(
      list,
      entries,
      ({ key }) => key,
      (entry, child) => {
        const item = child ?? createItem(entry);
        const name = nameOf(entry.key);
        setText(item.querySelector('bdi'), name);
        fieldOf(item).setAttribute('aria-label', `Minutes for ${name}`);
        item.querySelector('button').setAttribute('aria-label', `Remove the threshold of ${name}`);
        return item;
      },
    );
  };

  const createItem = (entry) => {
    const { key } = entry;
    const attributes = { type: 'number', inputmode: 'numeric', min: 1, max: MINUTES_MAX, step: 1 };
    const field = /** @type {HTMLInputElement} */ (element('input', attributes));
    field.value = entry.minutes;
    field.addEventListener('input', () => {
      for (const each of entries) if (each.key === key) each.minutes = field.value;
    });
    const button = element('button', { class: 'button quiet', type: 'button' }, icon('remove'));
    button.addEventListener('click', () => remove(key));
    return element('li', {}, element('bdi'), field, element('span', { class: 'hint' }, 'minutes'), button);
  };

  /** @param {string} key */
  const remove = (key) => {
    const index = entries.findIndex((entry) => entry.key === key);
    entries = entries.filter((entry) => entry.key !== key);
    draw();
    const next = list.children[Math.min(index, entries.length - 1)];
    if (next) next.querySelector('button').focus();
    else onRemoved();
  };

  return {
    /** @param {Thresholds} thresholds */
    set(thresholds) {
      entries = Object.entries(thresholds).map(([key, minutes]) => ({ key, minutes: String(minutes) }));
      list.replaceChildren();
      draw();
    },
    /** @param {string} key */
    has: (key) => entries.some((entry) => identityOf(entry.key) === identityOf(key)),
    /**
     * Adds a field and gives it the focus.
     *
     * @param {string} key
     */
    add(key) {
      entries = [...entries, { key, minutes: '' }];
      draw();
      fieldOf(list.lastElementChild).focus();
    },
    get size() {
      return entries.length;
    },
    /**
     * What the fields say, or the first field that has no threshold in it.
     *
     * @returns {{thresholds: Thresholds, invalid: HTMLInputElement | null}}
     */
    read() {
      let invalid = null;
      for (const item of list.children) {
        const field = fieldOf(item);
        const isValid = isWholeNumber(field.value, MINUTES_MAX);
        field.setAttribute('aria-invalid', String(!isValid));
        if (!isValid) invalid ??= field;
      }
      const thresholds = Object.fromEntries(entries.map(({ key, minutes }) => [key, Number(minutes)]));
      return { thresholds, invalid };
    },
  };
}

/** @param {Element} item */
function fieldOf(item) {
  return item.querySelector('input');
}
