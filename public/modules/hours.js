// Business hours as people type them, and as the service takes them.

/** A day is a list of these: from when to when, such as `['08:00', '12:30']`. */
/** @typedef {[from: string, to: string]} Interval */
/**
 * @typedef {object} BusinessHours
 * @property {string} timeZone
 * @property {Record<string, Interval[]>} weekly By the first three letters of the day.
 * @property {string[] | null} [closed] Dates.
 * @property {Record<string, Interval[]> | null} [open] By date.
 */

/** The days of the week, as the service and as people call them. */
export const WEEKDAYS = /** @type {const} */ ([
  ['mon', 'Monday'],
  ['tue', 'Tuesday'],
  ['wed', 'Wednesday'],
  ['thu', 'Thursday'],
  ['fri', 'Friday'],
  ['sat', 'Saturday'],
  ['sun', 'Sunday'],
]);

/** The most intervals of a day. */
const INTERVALS_MAX = 10;
/** The most dates with other hours than their weekday. */
const DATES_MAX = 1_000;
const CLOSED = 'closed';

/** What is offered to an organization without business hours: the working week, in this browser's time zone. */
export function usualHours() {
  const weekly = Object.fromEntries(WEEKDAYS.slice(0, 5).map(([day]) => [day, [['09:00', '17:00']]]));
  return /** @type {BusinessHours} */ ({ timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, weekly });
}

/**
 * The hours of a day: "08:00–12:30, 13:00–17:00". Empty if there are none.
 *
 * @param {Interval[] | undefined} intervals
 */
export function formatIntervals(intervals) {
  return (intervals ?? []).map(([from, to]) => `${from}–${to}`).join(', ');
}

/**
 * The hours that somebody has typed for a day, such as "8-12:30, 13:00–17:00". `null` means that it cannot be read, or
 * that the service would not take it.
 *
 * @param {string} text
 * @returns {Interval[] | null}
 */
export function parseIntervals(text) {
  if (text.trim() === '') return [];
  const intervals = text.split(/[,;]/).map(parseInterval);
  const isInOrder = intervals.every(
    (each, number) => each && each[0] < each[1] && !(each[0] < intervals[number - 1]?.[1]),
  );
  return isInOrder && intervals.length <= INTERVALS_MAX ? intervals : null;
}

/**
 * @param {string} text
 * @returns {Interval | null}
 */
function parseInterval(text) {
  const [from, to, more] = text.split(/[-–—]/).map(parseTime);
  return from && to && more === undefined ? [from, to] : null;
}

/** @param {string} text */
function parseTime(text) {
  const [, hour, minute = '00'] = /^(\d{1,2})(?:[:.](\d{2}))?$/.exec(text.trim()) ?? [];
  const time = `${hour?.padStart(2, '0')}:${minute}`;
  return hour !== undefined && Number(minute) < 60 && time <= '24:00' ? time : null;
}

/**
 * The exceptions, a line for each: "2026-12-24: 08:00–12:00", "2026-12-25: closed".
 *
 * @param {BusinessHours} hours
 */
export function formatExceptions({ closed, open }) {
  const lines = [
    ...(closed ?? []).map((date) => `${date}: ${CLOSED}`),
    ...Object.entries(open ?? {}).map(([date, intervals]) => `${date}: ${formatIntervals(intervals) || CLOSED}`),
  ];
  return lines.sort().join('\n');
}

/**
 * The exceptions that somebody has typed, or the first line that cannot be read.
 *
 * @param {string} text
 * @returns {{closed: string[], open: Record<string, Interval[]>} | {wrong: string}}
 */
export function parseExceptions(text) {
  /** @type {string[]} */
  const closed = [];
  /** @type {Record<string, Interval[]>} */
  const open = {};
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines) {
    const [, date, rest] = /^(\d{4}-\d{2}-\d{2})[:\s]\s*(.+)$/.exec(line.trim()) ?? [];
    const isClosed = rest?.toLowerCase() === CLOSED;
    const intervals = isClosed ? [] : parseIntervals(rest ?? '');
    const isNew = !closed.includes(date) && !Object.hasOwn(open, date);
    if (date === undefined || !isDate(date) || !intervals || !isNew) return { wrong: line.trim() };
    if (isClosed) closed.push(date);
    else open[date] = intervals;
  }
  return lines.length > DATES_MAX ? { wrong: lines[DATES_MAX].trim() } : { closed, open };
}

/** @param {string} text */
function isDate(text) {
  const instant = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text);
}

/**
 * An age in business hours: "12 min", "26 h 05 min". It has no days, because a day of business hours is not one of the
 * calendar.
 *
 * @param {number} minutes
 */
export function formatBusinessAge(minutes) {
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
