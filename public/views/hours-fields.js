// The fields of the business hours: a switch, the time zone, a field for each weekday, and the exceptions as lines.

import { byId, element } from '../modules/dom.js';
import {
  formatExceptions,
  formatIntervals,
  parseExceptions,
  parseIntervals,
  usualHours,
  WEEKDAYS,
} from '../modules/hours.js';

/** @typedef {import('../modules/hours.js').BusinessHours} BusinessHours */

export function createHoursFields() {
  const toggle = byId('hours-used', HTMLInputElement);
  const fields = byId('hours-fields');
  const zone = byId('hours-zone', HTMLInputElement);
  const exceptions = byId('hours-exceptions', HTMLTextAreaElement);
  const days = WEEKDAYS.map(([day, name]) => {
    const id = `hours-${day}`;
    const attributes = { id, autocomplete: 'off', spellcheck: false, placeholder: 'closed' };
    const field = element('input', { ...attributes, 'aria-describedby': 'hours-hint threshold-problem' });
    byId('hours-week').append(element('li', {}, element('label', { for: id }, name), field));
    return { day, name, field: /** @type {HTMLInputElement} */ (field) };
  });
  const all = [zone, exceptions, ...days.map(({ field }) => field)];

  const draw = () => {
    fields.hidden = !toggle.checked;
  };
  toggle.addEventListener('change', () => {
    if (toggle.checked && zone.value === '') fill(usualHours());
    draw();
  });

  /** @param {BusinessHours | null} hours */
  const fill = (hours) => {
    zone.value = hours?.timeZone ?? '';
    for (const { day, field } of days) field.value = formatIntervals(hours?.weekly[day]);
    exceptions.value = hours ? formatExceptions(hours) : '';
  };

  /**
   * What the fields say, or what is wrong and where.
   *
   * @returns {{hours: BusinessHours | null} | {problem: string, culprit: HTMLElement}}
   */
  const read = () => {
    if (!toggle.checked) return { hours: null };
    const timeZone = zone.value.trim();
    if (timeZone === '') return { problem: 'Choose a time zone, such as Europe/Berlin.', culprit: zone };
    /** @type {BusinessHours['weekly']} */
    const weekly = {};
    for (const { day, name, field } of days) {
      const intervals = parseIntervals(field.value);
      if (!intervals) {
        const problem = `The hours of ${name} cannot be read. Enter them in order, such as 08:00–12:30, 13:00–17:00. Hours over midnight go to both days.`;
        return { problem, culprit: field };
      }
      if (intervals.length > 0) weekly[day] = intervals;
    }
    const parsed = parseExceptions(exceptions.value);
    if ('wrong' in parsed) {
      const problem = `“${parsed.wrong}” cannot be read. Enter each date once, on a line of its own, such as 2026-12-24: 08:00–12:00 or 2026-12-25: closed.`;
      return { problem, culprit: exceptions };
    }
    const { closed, open } = parsed;
    return {
      hours: {
        timeZone,
        weekly,
        ...(closed.length > 0 && { closed }),
        ...(Object.keys(open).length > 0 && { open }),
      },
    };
  };

  /**
   * The hours that were loaded, and what the fields make of them, which may be spelled in another way.
   *
   * @type {{hours: BusinessHours | null, read: ReturnType<typeof read>}}
   */
  let loaded = { hours: null, read: read() };

  return {
    /** @param {BusinessHours | null} hours */
    set(hours) {
      const zones = byId('hours-zones');
      if (zones.children.length === 0)
        zones.append(...Intl.supportedValuesOf('timeZone').map((value) => element('option', { value })));
      fill(hours);
      toggle.checked = hours !== null;
      loaded = { hours, read: read() };
      draw();
    },
    /**
     * Marks the field that a complaint is about, if it is one of these.
     *
     * @param {HTMLElement | null} culprit
     */
    mark(culprit) {
      for (const field of all) field.setAttribute('aria-invalid', String(field === culprit));
    },
    /** What the fields say, or what is wrong and where. */
    read() {
      const found = read();
      return JSON.stringify(found) === JSON.stringify(loaded.read) ? { hours: loaded.hours } : found;
    },
  };
}
