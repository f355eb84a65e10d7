// The offset of a time zone, which the platform knows only as local dates and times.

/**
 * The zone that was asked about last. A search asks about one zone hundreds of times.
 *
 * @type {{ zone: string, format: Intl.DateTimeFormat | null }}
 */
let last = { zone: '', format: null };

/**
 * The offset of local time from UTC at an instant, in seconds; positive east of Greenwich. `NaN` means that the
 * platform knows no such time zone.
 *
 * @param {string} zone
 * @param {number} at epoch milliseconds
 */
export function offsetSeconds(zone, at) {
  if (last.zone !== zone) last = { zone, format: formatOf(zone) };
  if (last.format === null) return Number.NaN;
  const numbers = last.format.format(at).match(/\d+/g) ?? [];
  const [month, day, year, hour, minute, second] = numbers.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(at / 1000);
}

/**
 * The names in the tz database that are three capital letters. Intl also takes others, such as IST, each of which
 * stands for one of several zones.
 */
const THREE_LETTER_NAMES = ['CET', 'EET', 'EST', 'GMT', 'HST', 'MET', 'MST', 'PRC', 'ROC', 'ROK', 'UCT', 'UTC', 'WET'];

/** @param {string} timeZone */
function formatOf(timeZone) {
  if (/^[A-Z]{3}$/i.test(timeZone) && !THREE_LETTER_NAMES.includes(timeZone.toUpperCase())) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return null;
  }
}
