// A limit to how long something is waited for. The build gives it to the wasm as `conversation-monitor-within`.

/**
 * What a promise resolves to, or `undefined` if it takes longer than `milliseconds`.
 *
 * @param {number} milliseconds
 * @param {Promise<unknown>} promise
 */
export function within(milliseconds, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
