// A clock that is told to go on, and the timers that hang on it: a day of dashboards passes in minutes, the same at
// every run.

/** A number from 0 to below 1 at each call, the same ones for each `seed`. */
export function randomFrom(seed) {
  let state = (Math.imul(seed, 2_654_435_761) + 1) | 0;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

export class Clock {
  /** @type {Map<number, { at: number, wake: () => void }>} */
  #timers = new Map();
  #last = 0;

  /** @param {number} now */
  constructor(now) {
    this.now = now;
  }

  setTimeout = (wake, milliseconds = 0) => {
    this.#last += 1;
    this.#timers.set(this.#last, { at: this.now + Math.max(0, milliseconds), wake });
    return this.#last;
  };

  clearTimeout = (timer) => {
    this.#timers.delete(timer);
  };

  /** When the next timer is due; infinity if there is none. */
  get nextAt() {
    return Math.min(...[...this.#timers.values()].map(({ at }) => at), Number.POSITIVE_INFINITY);
  }

  /** Sets the clock and calls what is due by then, in order, except what these calls add. */
  advanceTo(instant) {
    this.now = Math.max(this.now, instant);
    const due = [...this.#timers].filter(([, { at }]) => at <= this.now);
    for (const [timer] of due) this.#timers.delete(timer);
    for (const [, { wake }] of due.sort((left, right) => left[1].at - right[1].at)) wake();
  }
}
