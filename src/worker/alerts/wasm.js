// What the wasm asks of these modules. The build gives it to the wasm as `conversation-monitor-alerts`.

export { sealDestinations } from './destinations.js';
export { sendSample } from './send.js';
