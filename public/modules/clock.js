// The server's time, as well as it can be known here, and how times and ages are written.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A difference that a Date header in whole seconds and a slow answer explain: the clocks agree. */
const SKEW_MIN_MS = 2 * SECOND;

/** A clock that runs with this machine's, and is set by the answers' Date headers. */
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

  /** Learns from an answer that was asked for and received at these instants of the local clock. */
  observe({ date, sentAt, receivedAt }) {
    const stated = Date.parse(date ?? '');
    if (Number.isNaN(stated)) return;
    // The header has whole seconds: on average the server is half a second further.
    const skew = stated + SECOND / 2 - (sentAt + receivedAt) / 2;
    this.#skewMs = Math.abs(skew) < SKEW_MIN_MS ? 0 : skew;
  }

  /** Never tells a time before an instant that the server has spoken of. */
  notBefore(instant) {
    if (this.now() < instant) this.#skewMs = instant - this.#localNow();
  }
}

/** "45 s", "12 min", "1 h 05 min", "2 d 3 h". Below zero counts as zero. */
export function formatAge(milliseconds) {
  const age = Math.max(0, milliseconds);
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ${String(Math.floor((age % HOUR) / MINUTE)).padStart(2, '0')} min`;
  return `${Math.floor(age / DAY)} d ${Math.floor((age % DAY) / HOUR)} h`;
}

/** The same as HTML's `datetime` takes it: an ISO 8601 duration in whole seconds. */
export function isoDuration(milliseconds) {
  return `PT${Math.floor(Math.max(0, milliseconds) / SECOND)}S`;
}

/** How bad an age is: 0 up to an hour, 1 up to four, 2 beyond. Never said by colour alone: the age stands beside it. */
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

/** The time in the viewer's words, with the day where it is not today. */
export function formatTime(instant, now) {
  const sameDay = new Date(instant).toDateString() === new Date(now).toDateString();
  return (sameDay ? TIME : DAY_AND_TIME).format(instant);
}

/** The whole of it: date, time to the second, time zone. */
export function formatExactTime(instant) {
  return EXACT.format(instant);
}
