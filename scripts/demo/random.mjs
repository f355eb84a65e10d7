// Random numbers that are always the same, because demo data must not differ from one run to the next.

import { createHash } from 'node:crypto';

/** A generator of numbers in [0, 1) with helpers; the same seed gives the same sequence (mulberry32). */
export function seededRandom(seed) {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    /** An integer from `low` to `high`, both included. */
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    /** True with this probability. */
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)],
    /** A number from `low` to `high`, small ones as likely as large ones by order of magnitude. */
    spread: (low, high) => Math.round(low * (high / low) ** next()),
    shuffle(list) {
      const shuffled = [...list];
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = Math.floor(next() * (last + 1));
        [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
      }
      return shuffled;
    },
  };
}

/** An id of 24 hex digits that depends on nothing but its name. */
export function demoId(...name) {
  return createHash('sha256')
    .update(['demo', ...name].join('/'))
    .digest('hex')
    .slice(0, 24);
}
