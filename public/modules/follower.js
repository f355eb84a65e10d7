// Follows the report by the service's stream: opens it, notices when it is dead, and opens it again later.

import { readEvents } from './events.js';

/** How long a list must be on the screen before its stream is opened, so that clicking through filters opens none. */
const OPEN_AFTER_MS = 5_000;
/** After this long without a byte the connection is dead, or something in between holds back what the service sends. */
const SILENCE_MAX_MS = 30_000;
/** How long a hidden page keeps following. Browsers open few connections to a server, and visible pages need them. */
const HIDDEN_MAX_MS = 60_000;
/** The pause after the first failure. It is four times as long after each further one, so few tries are lost where streams never work. */
const BACKOFF_MS = 15_000;
const BACKOFF_MAX_MS = 60 * 60_000;
/** Up to this share is added to a pause after a failure, so that dashboards do not all come back at once. */
const JITTER = 0.25;
/** The longest pause before the next stream after one that worked and ended with `bye`. */
const BYE_SPREAD_MS = 5_000;
/** A stream that has lasted this long works. */
const STABLE_AFTER_MS = 60_000;

/** How a stream has ended: with `bye`, with an `error` that says why, or broken: it was cut, or never was a stream. */
/** @typedef {{ kind: 'bye' | 'error' | 'broken', retryAfterMs?: number | null }} End */

export class Follower {
  #open;
  #onEvent;
  #onEnd;
  #random;
  /**
   * What to follow. `null` means nothing.
   * @type {string | null}
   */
  query = null;
  /**
   * The stream that is open or being opened.
   * @type {AbortController | null}
   */
  #stream = null;
  #timer = undefined;
  #hiddenTimer = undefined;
  #isTooLongHidden = document.hidden;
  #failures = 0;
  #notBefore = 0;
  /** Whether the stream works: something of it has come. */
  isLive = false;

  /**
   * @param {object} settings
   * @param {(query: string, signal: AbortSignal) => Promise<import('./client.js').Result>} settings.open Opens a stream; its
   *   body is the `data`.
   * @param {(event: import('./events.js').StreamEvent) => void} settings.onEvent
   * @param {(end: End, wasLive: boolean) => void} settings.onEnd Called when a stream has ended that was to be followed.
   * @param {() => number} [settings.random]
   */
  constructor({ open, onEvent, onEnd, random = Math.random }) {
    this.#open = open;
    this.#onEvent = onEvent;
    this.#onEnd = onEnd;
    this.#random = random;
    document.addEventListener('visibilitychange', () => this.#noticeVisibility());
  }

  /**
   * Follows this report from now on, and no other one.
   *
   * @param {string | null} query `null` follows nothing.
   */
  follow(query) {
    if (query === this.query) return;
    this.query = query;
    this.#close();
    this.#plan(OPEN_AFTER_MS);
  }

  #close() {
    this.#stream?.abort();
    this.#stream = null;
    this.isLive = false;
  }

  #noticeVisibility() {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) {
      const giveUp = () => {
        this.#isTooLongHidden = true;
        clearTimeout(this.#timer);
        const wasLive = this.isLive;
        this.#close();
        if (wasLive) this.#onEnd({ kind: 'bye' }, wasLive);
      };
      this.#hiddenTimer = setTimeout(giveUp, HIDDEN_MAX_MS);
    } else if (this.#isTooLongHidden) {
      this.#isTooLongHidden = false;
      this.#plan(OPEN_AFTER_MS);
    }
  }

  /** @param {number} pauseMs */
  #plan(pauseMs) {
    clearTimeout(this.#timer);
    if (this.query === null || this.#stream !== null || this.#isTooLongHidden) return;
    const openStream = () => this.#run();
    this.#timer = setTimeout(openStream, Math.max(pauseMs, this.#notBefore - Date.now()));
  }

  async #run() {
    const stream = new AbortController();
    this.#stream = stream;
    const openedAt = Date.now();
    const end = await this.#read(stream);
    // It was closed because nobody follows it any more.
    if (this.#stream !== stream) return;
    const wasLive = this.isLive;
    this.#close();
    const hasWorked = wasLive && Date.now() - openedAt >= STABLE_AFTER_MS;
    if (hasWorked) this.#failures = 0;
    let pauseMs = BYE_SPREAD_MS * this.#random();
    if (end.kind !== 'bye' || !hasWorked) {
      this.#failures += 1;
      const backoff = Math.min(BACKOFF_MS * 4 ** (this.#failures - 1), BACKOFF_MAX_MS);
      pauseMs = Math.max(backoff, end.retryAfterMs ?? 0) * (1 + JITTER * this.#random());
    }
    this.#notBefore = Date.now() + pauseMs;
    this.#plan(0);
    this.#onEnd(end, wasLive);
  }

  /**
   * @param {AbortController} stream
   * @returns {Promise<End>}
   */
  async #read(stream) {
    let timer;
    const watch = () => {
      clearTimeout(timer);
      const noticeSilence = () => stream.abort();
      timer = setTimeout(noticeSilence, SILENCE_MAX_MS);
    };
    watch();
    try {
      const result = await this.#open(this.query, stream.signal);
      if (result.kind !== 'data') {
        const kind = result.kind === 'refused' ? 'error' : 'broken';
        return { kind, retryAfterMs: result.retryAfterMs };
      }
      for await (const event of readEvents(result.data, watch)) {
        if (this.#stream !== stream) break;
        if (event.name === 'bye') return { kind: 'bye' };
        if (event.name === 'error') return { kind: 'error', retryAfterMs: event.retryMs };
        this.isLive = true;
        this.#onEvent(event);
      }
    } catch {
      // Silence, or a connection that is cut.
    } finally {
      clearTimeout(timer);
    }
    return { kind: 'broken' };
  }
}
