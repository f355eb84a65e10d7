// A limit to how long something is waited for. The build gives it to the wasm as `conversation-monitor-within`.

/**
 * What a promise resolves to, or `undefined` if it takes longer than `milliseconds`.
 *
 * The timer is not cleared, which takes longer than to set it: it ends with the request. Until then it keeps nothing of
 * what the promise has resolved to.
 *
 * @param {number} milliseconds
 * @param {Promise<unknown>} promise
 * @returns {Promise<unknown>}
 */
export function within(milliseconds, promise) {
  return new Promise((resolve, reject) => {
    /** @type {Waiting} */
    const waiting = { resolve };
    setTimeout(end, milliseconds, waiting);
    promise.then(
      (value) => {
        waiting.resolve = undefined;
        resolve(value);
      },
      (error) => {
        waiting.resolve = undefined;
        reject(error);
      },
    );
  });
}

/** @typedef {{ resolve?: (value: undefined) => void }} Waiting */

/**
 * The time is over. It is a function of the module, because one of `within` would keep its promise.
 *
 * @param {Waiting} waiting
 */
function end({ resolve }) {
  resolve?.(undefined);
}
