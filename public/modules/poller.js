// When to ask: every few seconds while the page is seen, later and later while it fails, not at all while it is hidden.

/** The pause between an answer and the next question. */
export const POLL_MS = 5_000;
/** The longest pause after failures; a server may ask for a longer one. */
const BACKOFF_MAX_MS = 60_000;
/** Up to so much is added to a pause after a failure, so that not all dashboards come back at once. */
const JITTER = 0.25;

/** Calls `poll` again and again; one call at a time. */
export class Poller {
  #poll;
  #onPlanned;
  #random;
  #timer = null;
  #running = null;
  #again = false;
  #resting = true;
  #failures = 0;
  /** When the next call is due, by the local clock, seen or not; null while one is under way or none will be. */
  nextAt = null;

  /** `poll` resolves to `{ok: true}`, `{ok: false, retryAfterMs}`, or `{rest: true}`: not until `now` is called. */
  constructor(poll, { onPlanned = () => {}, random = Math.random } = {}) {
    this.#poll = poll;
    this.#onPlanned = onPlanned;
    this.#random = random;
    document.addEventListener('visibilitychange', () => this.#arm());
    addEventListener('online', () => {
      if (this.#failures > 0) this.now();
    });
  }

  /** Calls at once. While a call is under way, another one follows it. */
  now() {
    this.#resting = false;
    this.#failures = 0;
    this.#again = this.#running !== null;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** No more calls until `now`. */
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

  #pauseAfter({ ok, retryAfterMs }) {
    if (ok) return POLL_MS;
    const backoff = Math.min(POLL_MS * 2 ** (this.#failures - 1), BACKOFF_MAX_MS);
    return Math.max(backoff, retryAfterMs ?? 0) * (1 + JITTER * this.#random());
  }

  /** Sets the timer for `nextAt` while the page is seen; what came due while it was hidden is due at once. */
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
