// What the platform calls: each event goes straight to the wasm.
//
// The entry that worker-build writes makes an object and two proxies of each request, to start the wasm anew after a
// panic. wasm-bindgen's own exports do that, too: once the wasm has aborted, the next call makes a new instance.

import { fetch, scheduled } from 'conversation-monitor-wasm';

export default { fetch, scheduled };
