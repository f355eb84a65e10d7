// The server's time, as precisely as the page can know it, and how times and ages are written.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A smaller difference can come from a Date header in whole seconds and a slow response: the clocks agree. */
const SKEW_MIN_MS = 2 * SECOND;

/** A clock that ticks with this machine's and is set by the Date headers of responses. */
export class ServerClock {
  #skewMs = 0;
  #localNow;

  constructor(localNow = () => Date.now()) {
    this.#localNow = localNow;
  }

  /** Epoch milliseconds. */
  now() {
    return this.#localNow() + this.#skewMs;
  }

  /**
   * Learns from a response. `sentAt` and `receivedAt` are instants of the local clock.
   *
   * @param {{ date: string | null, sentAt: number, receivedAt: number }} response
   */
  observe({ date, sentAt, receivedAt }) {
    const stated = Date.parse(date ?? '');
    if (Number.isNaN(stated)) return;
    // The header has whole seconds: on average the server is half a second ahead of it.
    const skew = stated + SECOND / 2 - (sentAt + receivedAt) / 2;
    this.#skewMs = Math.abs(skew) < SKEW_MIN_MS ? 0 : skew;
  }

  /**
   * Makes sure that the clock is not behind an instant that the server has stated.
   *
   * @param {number} instant
   */
  notBefore(instant) {
    if (this.now() < instant) this.#skewMs = instant - this.#localNow();
  }
}

/**
 * "45 s", "12 min", "1 h 05 min", "2 d 3 h". Negative ages count as zero.
 *
 * @param {number} milliseconds
 */
export function formatAge(milliseconds) {
  const age = Math.max(0, milliseconds);
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ${String(Math.floor((age % HOUR) / MINUTE)).padStart(2, '0')} min`;
  return `${Math.floor(age / DAY)} d ${Math.floor((age % DAY) / HOUR)} h`;
}

/**
 * An age for HTML's `datetime`: an ISO 8601 duration in whole seconds.
 *
 * @param {number} milliseconds
 */
export function isoDuration(milliseconds) {
  return `PT${Math.floor(Math.max(0, milliseconds) / SECOND)}S`;
}

/**
 * How severe an age is: 0 up to an hour, 1 up to four hours, 2 beyond. It sets a colour only where the age itself is
 * shown.
 *
 * @param {number} milliseconds
 */
export function severityOf(milliseconds) {
  if (milliseconds < HOUR) return 0;
  return milliseconds < 4 * HOUR ? 1 : 2;
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
});
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/**
 * The time in the viewer's locale, with the day unless it is today.
 *
 * @param {number} instant
 * @param {number} now
 */
export function formatTime(instant, now) {
  const sameDay = new Date(instant).toDateString() === new Date(now).toDateString();
  return (sameDay ? TIME : DAY_AND_TIME).format(instant);
}

/**
 * Date, time to the second and time zone.
 *
 * @param {number} instant
 */
export function formatExactTime(instant) {
  return EXACT.format(instant);
}
