// When to poll: every few seconds while the page is visible, less and less often while it fails, never while hidden.

/** The pause between a response and the next request. */
export const POLL_MS = 5_000;
/** The longest pause after failures; a server may ask for a longer one. */
const BACKOFF_MAX_MS = 60_000;
/** Up to this share is added to a pause after a failure, so that dashboards do not all come back at once. */
const JITTER = 0.25;

/**
 * What a poll resolves to. `rest` means that nothing is polled until `now` is called.
 *
 * @typedef {object} Outcome
 * @property {boolean} [ok]
 * @property {boolean} [rest]
 * @property {number | null} [retryAfterMs]
 */

/** Calls `poll` repeatedly, one call at a time. */
export class Poller {
  #poll;
  #onPlanned;
  #random;
  #timer = undefined;
  /** @type {Promise<void> | null} */
  #running = null;
  #again = false;
  #resting = true;
  #failures = 0;
  /**
   * When the next call is due, by the local clock, even while the page is hidden. `null` means that a call is running or
   * that none is planned.
   *
   * @type {number | null}
   */
  nextAt = null;

  /**
   * @param {() => Promise<Outcome> | Outcome} poll
   * @param {{ onPlanned?: () => void, random?: () => number }} [options]
   */
  constructor(poll, { onPlanned = () => {}, random = Math.random } = {}) {
    this.#poll = poll;
    this.#onPlanned = onPlanned;
    this.#random = random;
    document.addEventListener('visibilitychange', () => this.#arm());
    addEventListener('online', () => {
      if (this.#failures > 0) this.now();
    });
  }

  /** Calls at once. If a call is running, another one follows it. */
  now() {
    this.#resting = false;
    this.#failures = 0;
    this.#again = this.#running !== null;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Stops calling until `now` is called. */
  rest() {
    this.#resting = true;
    this.#again = false;
    this.nextAt = null;
    this.#arm();
  }

  async #run() {
    clearTimeout(this.#timer);
    this.nextAt = null;
    let outcome;
    do {
      this.#again = false;
      outcome = await this.#poll();
    } while (this.#again);
    this.#running = null;
    if (outcome.rest || this.#resting) return this.rest();
    this.#failures = outcome.ok ? 0 : this.#failures + 1;
    this.nextAt = Date.now() + this.#pauseAfter(outcome);
    this.#arm();
    return this.#onPlanned();
  }

  /** @param {Outcome} outcome */
  #pauseAfter({ ok, retryAfterMs }) {
    if (ok) return POLL_MS;
    const backoff = Math.min(POLL_MS * 2 ** (this.#failures - 1), BACKOFF_MAX_MS);
    return Math.max(backoff, retryAfterMs ?? 0) * (1 + JITTER * this.#random());
  }

  /** Sets the timer for `nextAt` while the page is visible; a call that came due while it was hidden runs at once. */
  #arm() {
    clearTimeout(this.#timer);
    if (this.nextAt === null || document.hidden) return;
    this.#timer = setTimeout(
      () => {
        this.#running ??= this.#run();
      },
      Math.max(0, this.nextAt - Date.now()),
    );
  }
}
