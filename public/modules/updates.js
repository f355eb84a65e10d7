// Keeps a monitor up to date: by the service's stream where that works, else by polls.

import { Follower } from './follower.js';
import { Poller } from './poller.js';

/** When to poll after a stream that worked, unless the next one works by then. */
const POLL_AFTER_STREAM_MS = 20_000;
/** The longest random pause after a stream that broke, so that those cut by a restart do not all ask at once. */
const SPREAD_MS = 5_000;

/** Asks for what the monitor of the session needs, and listens to what the service says by itself. */
export class Updates {
  #monitor;
  #poller;
  #follower;

  /**
   * @param {object} settings
   * @param {() => import('./monitor.js').Monitor | null} settings.monitor The session's; `null` means that there is none.
   * @param {() => void} settings.onPlanned Called when the next poll is planned.
   */
  constructor({ monitor, onPlanned }) {
    this.#monitor = monitor;
    this.#poller = new Poller(() => this.#poll(), { onPlanned });
    this.#follower = new Follower({
      open: (query, signal) => monitor().openStream(query, signal),
      onEvent: (event) => this.#take(event),
      onEnd: (end, wasLive) => this.#goOnPolling(end, wasLive),
    });
  }

  /** When the next poll is due, by the local clock. `null` means that none is planned, or that it is under way. */
  get nextAt() {
    return this.#poller.nextAt;
  }

  /** Asks at once, because the user has changed what to show, or wants to know now. */
  now() {
    if (this.#monitor()?.streamQuery !== this.#follower.query) this.#follower.follow(null);
    return this.#poller.now();
  }

  /** Asks for nothing more until `now` is called. */
  rest() {
    this.#follower.follow(null);
    this.#poller.rest();
  }

  /** @returns {Promise<import('./poller.js').Outcome>} */
  async #poll() {
    const monitor = this.#monitor();
    if (!monitor) return { rest: true };
    const outcome = await monitor.poll({ isHidden: document.hidden });
    if (monitor !== this.#monitor()) return { rest: true };
    if (outcome.rest) this.#follower.follow(null);
    else if (outcome.ok) this.#follower.follow(monitor.streamQuery);
    // The stream says when there is something new.
    return outcome.ok && this.#follower.isLive ? { rest: true } : outcome;
  }

  /** @param {import('./events.js').StreamEvent} event */
  async #take(event) {
    const monitor = this.#monitor();
    if (!monitor.state.problem) this.#poller.rest();
    const outcome = await monitor.take(event);
    if (outcome && !outcome.ok && monitor === this.#monitor()) this.#poller.settle(outcome);
  }

  /**
   * @param {import('./follower.js').End} end
   * @param {boolean} wasLive Polls were given up for the stream.
   */
  #goOnPolling({ kind, retryAfterMs }, wasLive) {
    if (!wasLive) return;
    if (kind === 'bye') this.#poller.resume(POLL_AFTER_STREAM_MS);
    else if (retryAfterMs || kind === 'broken') this.#poller.resume((retryAfterMs ?? 0) + SPREAD_MS * Math.random());
    // A poll tells the user why the service has ended it, for example that the token has expired.
    else this.#poller.now();
  }
}
