// V8's sampling profiler and its heap, asked over the inspector.

const SAMPLING_INTERVAL_US = 100;

/** V8's profiler over the Chrome DevTools Protocol. */
export class Profiler {
  #socket;
  #waiting = new Map();
  #id = 0;

  static async attach(url, name) {
    /** @type {any} */
    const targets = await (await fetch(new URL('/json', String(url).replace(/^ws/, 'http')))).json();
    const target = targets.find(({ id }) => id.endsWith(name)) ?? targets[0];
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('the inspector does not answer')));
    });
    return new Profiler(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result, error } = JSON.parse(data);
      const waiting = this.#waiting.get(id);
      if (!waiting) return;
      this.#waiting.delete(id);
      if (error) waiting.reject(new Error(error.message));
      else waiting.resolve(result);
    });
  }

  #call(method, params = {}) {
    this.#id += 1;
    const id = this.#id;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async start() {
    await this.#call('Profiler.enable');
    await this.#call('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
    await this.#call('Profiler.start');
  }

  async stop() {
    const { profile } = await this.#call('Profiler.stop');
    return profile;
  }

  /** What the isolate holds after full collections, except wasm, in bytes: its heap, what the platform keeps for it, buffers. */
  async heapBytes() {
    await this.#call('HeapProfiler.enable');
    // They are done before the next answer; workerd does not answer these. The second one takes what the first one has
    // let go: without it the buffers of answers that nobody has any more count, some 30 MiB in a long run.
    this.#call('HeapProfiler.collectGarbage');
    this.#call('HeapProfiler.collectGarbage');
    const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await this.#call('Runtime.getHeapUsage');
    return usedSize + embedderHeapUsedSize + backingStorageSize;
  }

  detach() {
    this.#socket.close();
  }
}
