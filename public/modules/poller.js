// When to poll: as the service advises, less and less often while it fails, and once a minute while the page is hidden.

/** The pause after a response without advice. */
const PAUSE_MS = 15_000;
/** The longest pause that the service may advise, so that a wrong header cannot stop a dashboard. */
const ADVICE_MAX_MS = 5 * 60_000;
/** The least pause while the page is hidden, where only its title can be seen. */
const HIDDEN_PAUSE_MS = 60_000;
/** The pause after the first failure; it doubles with each further one. */
const BACKOFF_MS = 5_000;
/** The longest pause after failures; a server may ask for a longer one. */
const BACKOFF_MAX_MS = 60_000;
/** Up to this share is added to a pause after a failure, so that dashboards do not all come back at once. */
const JITTER = 0.25;

/**
 * What a poll resolves to. `rest` means that nothing is polled until `now` or `resume` is called.
 *
 * @typedef {object} Outcome
 * @property {boolean} [ok]
 * @property {boolean} [rest]
 * @property {number | null} [pollAfterMs] When the service advises to ask again after a success.
 * @property {number | null} [retryAfterMs] When it wants to be asked again after a failure.
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
  /** When the last call ended, and whether the page was hidden when it began. */
  #last = { at: 0, wasHidden: false };
  /**
   * When the next call is due while the page is visible, by the local clock. `null` means that a call is running or
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

  /**
   * Calls after a pause, unless that is planned anyway.
   *
   * @param {number} pauseMs
   */
  resume(pauseMs) {
    this.#resting = false;
    if (this.#running !== null || this.nextAt !== null) return;
    this.nextAt = Date.now() + pauseMs;
    this.#arm();
  }

  /** Stops calling until `now` or `resume` is called. */
  rest() {
    this.#resting = true;
    this.#again = false;
    this.nextAt = null;
    this.#arm();
  }

  /**
   * Plans the next call after a response, whoever has asked for it.
   *
   * @param {Outcome} outcome
   */
  settle(outcome) {
    if (outcome.rest) return this.rest();
    this.#resting = false;
    this.#failures = outcome.ok ? 0 : this.#failures + 1;
    this.nextAt = Date.now() + this.#pauseAfter(outcome);
    this.#arm();
    return this.#onPlanned();
  }

  async #run() {
    clearTimeout(this.#timer);
    this.nextAt = null;
    const wasHidden = document.hidden;
    let outcome;
    do {
      this.#again = false;
      outcome = await this.#poll();
    } while (this.#again);
    this.#running = null;
    this.#last = { at: Date.now(), wasHidden };
    return this.#resting ? this.rest() : this.settle(outcome);
  }

  /** @param {Outcome} outcome */
  #pauseAfter({ ok, pollAfterMs, retryAfterMs }) {
    if (ok) return Math.min(pollAfterMs ?? PAUSE_MS, ADVICE_MAX_MS);
    const backoff = Math.min(BACKOFF_MS * 2 ** (this.#failures - 1), BACKOFF_MAX_MS);
    return Math.max(backoff, retryAfterMs ?? 0) * (1 + JITTER * this.#random());
  }

  /** Sets the timer for the next call. What was asked for while the page was hidden is asked for again when it is not. */
  #arm() {
    clearTimeout(this.#timer);
    if (this.nextAt === null) return;
    const { at, wasHidden } = this.#last;
    const hiddenAt = Math.max(this.nextAt, at + HIDDEN_PAUSE_MS);
    const visibleAt = wasHidden && this.#failures === 0 ? 0 : this.nextAt;
    const pollIfIdle = () => {
      this.#running ??= this.#run();
    };
    this.#timer = setTimeout(pollIfIdle, Math.max(0, (document.hidden ? hiddenAt : visibleAt) - Date.now()));
  }
}
