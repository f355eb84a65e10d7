// Keeps hold of the wasm that is instantiated after this module was loaded, to ask how much memory it has.

const instances = [];
/** @type {any} */
const { Instance } = WebAssembly;

WebAssembly.Instance = class extends Instance {
  constructor(...parameters) {
    super(...parameters);
    instances.push(this);
  }
};

/** Bytes of the memories of all instances. */
export function wasmBytes() {
  return instances.reduce((sum, { exports }) => sum + exports.memory.buffer.byteLength, 0);
}
