// The worker's entry module: it hands the platform's events to the wasm.
//
// It takes the place of the entry that worker-build generates, which makes an object and two proxies for every request
// in order to start the wasm again after a panic. The exports of the wasm do that by themselves: after an abort the next
// call instantiates it again (`schedule_reinit` in worker's `init.rs`, with `--force-enable-abort-handler`).

import { fetch, scheduled } from 'conversation-monitor-wasm';

/**
 * Futures are polled in microtasks, which js-sys asks for with `queueMicrotask`. The platform's own one takes some 25 µs a
 * call; this one takes less than 1, and a request makes one call and another for each thing that it waits for.
 */
globalThis.queueMicrotask = (task) => {
  Promise.resolve().then(task);
};

export default { fetch, scheduled };
