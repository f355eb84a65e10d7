// The worker's entry module: it hands the platform's events to the wasm.
//
// It takes the place of the entry that worker-build generates, which makes an object and two proxies for every request
// in order to start the wasm again after a panic. The exports of the wasm do that by themselves: after an abort the next
// call instantiates it again (`schedule_reinit` in worker's `init.rs`, with `--force-enable-abort-handler`).

import { fetch, scheduled } from 'conversation-monitor-wasm';

/**
 * Futures are polled in microtasks, which js-sys asks for with `queueMicrotask`: once for each request and once more for
 * each thing that it waits for. The platform's own function takes 25 µs a call under V8's profiler; a promise is much
 * cheaper.
 */
globalThis.queueMicrotask = (task) => {
  Promise.resolve().then(task);
};

export default { fetch, scheduled };
