// A limit to how long something is waited for. The build gives it to the wasm as `conversation-monitor-within`.

/**
 * What a promise resolves to, or `undefined` if it takes longer than `milliseconds`.
 *
 * The timer is not cleared, because to clear it takes longer than to set it. It ends with the request, and until then
 * it does not keep alive what the promise has resolved to.
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

/**
 * Who waits. `resolve` is there until the promise has settled.
 *
 * @typedef {{ resolve?: (value: undefined) => void }} Waiting
 */

/**
 * Ends the waiting. It is outside `within`, because a function inside would keep the promise alive, and with it its
 * value.
 *
 * @param {Waiting} waiting
 */
function end({ resolve }) {
  resolve?.(undefined);
}
