// What `npm test` tries a part of, and `npm run test:histories` all of.

/** Whether everything is to be tried: `npm run test:histories` says so. */
export const IS_LONG_RUN = Boolean(process.env.LONG_HISTORIES);

/**
 * All of the items in the long run, and otherwise the one whose turn it is.
 *
 * @template T
 * @param {readonly T[]} items
 * @param {number} turn
 * @returns {readonly T[]}
 */
export const inTurn = (items, turn) => (IS_LONG_RUN ? items : [items[turn % items.length]]);
