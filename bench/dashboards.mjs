// Dashboards that look at a side: the modules of the shipped one, without its views, by a clock that is set; or clients
// that do no more than to poll.

import { build } from 'esbuild';
import { inRoot } from '../scripts/project.mjs';
import { REPORT } from './cases.mjs';
import { randomFrom } from './clock.mjs';

/** What the modules take from a browser. Each dashboard has its own. */
const GLOBALS = ['document', 'addEventListener', 'setTimeout', 'clearTimeout', 'Date', 'Math', 'fetch'];
const ENTRY = `
  export { Client } from './client.js';
  export { ServerClock } from './clock.js';
  export { NO_FILTERS, queryOf } from './filters.js';
  export { Monitor } from './monitor.js';
  export { Poller } from './poller.js';
  export { Updates } from './updates.js';
`;

/**
 * The modules of the dashboard as a function of what they take from a browser.
 *
 * @returns {Promise<(globals: Record<string, any>) => any>}
 */
export async function dashboardModules() {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: inRoot('public', 'modules') },
    bundle: true,
    format: 'iife',
    globalName: 'modules',
    target: 'es2024',
    write: false,
  });
  const make = new Function(...GLOBALS, `${outputFiles[0].text}\nreturn modules;`);
  return (globals) => make(...GLOBALS.map((name) => globals[name]));
}

/** The isolates that a column's dashboards ask, and what is under way between both. */
export class Network {
  /** Requests that are not answered. */
  #requests = new Set();
  /** Bytes of streams by isolate. */
  #received = new Map();
  #wake = () => {};
  /** Isolates that have perhaps something to do. */
  #stirred = new Set();
  /** How many requests there have been, so each stream has a number. */
  #streams = 0;
  /** When an isolate's next timer is due. */
  #nextAt = new Map();

  /** Bodies that somebody is reading. */
  unread = 0;
  /** Requests of dashboards that were refused, which the dashboards would only show to their users. */
  failures = [];

  /** @param {import('./clock.mjs').Clock} clock */
  constructor(clock) {
    this.clock = clock;
  }

  /** A request to an isolate at this instant. */
  async fetch(isolate, target, { headers = {}, signal, ...init } = /** @type {any} */ ({})) {
    this.#streams += 1;
    const streamNumber = `${this.#streams}`;
    const all = { ...headers, 'X-Instant': `${this.clock.now}`, 'X-Stream-Number': streamNumber };
    const response = await this.#track(isolate, isolate.fetch(target, { ...init, headers: all }));
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream');
    return isStream ? this.#follow(isolate, response, streamNumber, signal) : response;
  }

  /** Waits for a request before the clock goes on. */
  async #track(isolate, sent) {
    this.#stirred.add(isolate);
    this.#requests.add(sent);
    try {
      return await sent;
    } finally {
      this.#requests.delete(sent);
    }
  }

  /** A stream whose bytes are counted as they come. Who leaves it tells the isolate, which ends it. */
  #follow(isolate, response, streamNumber, signal) {
    const source = response.body.getReader();
    let isLeft = false;
    const leave = () => {
      if (isLeft) return;
      isLeft = true;
      this.#track(
        isolate,
        isolate.fetch(`/end?stream=${streamNumber}`).then((ended) => ended.arrayBuffer()),
      );
    };
    const body = new ReadableStream({
      start: (controller) => {
        const pump = async () => {
          for (;;) {
            const { value, done } = await source.read();
            if (done) break;
            this.#received.set(isolate, (this.#received.get(isolate) ?? 0) + value.byteLength);
            if (!isLeft) controller.enqueue(value);
            this.#wake();
          }
          if (!isLeft) controller.close();
          isLeft = true;
        };
        pump().catch((error) => {
          // A stream that was left may end in any way.
          if (isLeft) return;
          this.failures.push(`a stream broke: ${error.message}`);
          isLeft = true;
          controller.error(error);
        });
        signal?.addEventListener('abort', () => {
          leave();
          controller.error(new DOMException('left', 'AbortError'));
        });
      },
      cancel: leave,
    });
    return new Response(body, response);
  }

  /** Waits until nobody has anything to do before the clock goes on. */
  async settle() {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#requests.size > 0) {
        await Promise.allSettled(this.#requests);
        // Whoever has asked reads the body now.
        await new Promise((resolve) => setTimeout(resolve, 0));
      } else if (this.#stirred.size > 0) {
        const stirred = [...this.#stirred];
        this.#stirred.clear();
        await Promise.all(stirred.map((isolate) => this.#advance(isolate, this.clock.now)));
      } else if (this.unread > 0) {
        await new Promise((resolve) => setTimeout(resolve, 0));
      } else {
        if (this.failures.length > 0) throw new Error(this.failures.join('\n'));
        return;
      }
    }
  }

  /** When anything happens next by itself. */
  get nextAt() {
    return Math.min(this.clock.nextAt, ...this.#nextAt.values());
  }

  /** Lets an isolate's clock go on, and waits until all has come that its streams have sent by then. */
  async #advance(isolate, to) {
    const { streamedBytes, nextAt } = await (await isolate.fetch(`/advance?to=${to}`)).json();
    this.#nextAt.set(isolate, nextAt ?? Number.POSITIVE_INFINITY);
    while ((this.#received.get(isolate) ?? 0) < streamedBytes) {
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
        setTimeout(resolve, 5);
      });
    }
  }

  /** Lets the clock go on to an instant, and everybody do what they do by then. */
  async advanceTo(instant) {
    await this.settle();
    while (this.nextAt <= instant) {
      const to = Math.min(instant, Math.max(this.clock.now, this.nextAt + STEP_MS), this.clock.nextAt);
      const due = [...this.#nextAt].filter(([, at]) => at <= to).map(([isolate]) => isolate);
      await Promise.all(due.map((isolate) => this.#advance(isolate, to)));
      this.clock.advanceTo(to);
      await this.settle();
    }
    this.clock.advanceTo(instant);
  }
}

/** What is due within so many milliseconds happens in one step. */
const STEP_MS = 250;

/** The shipped dashboard in a tab that is visible all the time. */
export class Dashboard {
  #modules;
  #monitor;
  #updates;
  #shownAsOf = 0;
  /** What the next request is made for, if it is not made by itself. */
  #cause = '';
  /** How often was asked, by what for. */
  requests = {};
  /** How long after its publication each change was shown, in milliseconds. */
  lags = [];

  /**
   * @param {object} settings
   * @param {(globals: Record<string, any>) => any} settings.modules
   * @param {Network} settings.network
   * @param {any} settings.isolate
   * @param {{ number: number, token: string }} settings.who
   * @param {boolean} settings.isStreaming It follows the stream; otherwise it polls as it is advised.
   */
  constructor({ modules, network, isolate, who, isStreaming }) {
    const { clock } = network;
    const random = randomFrom(who.number);
    this.#modules = modules({
      document: { hidden: false, addEventListener() {} },
      addEventListener() {},
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      Date: class extends Date {
        static now = () => clock.now;
      },
      Math: Object.assign(Object.create(Math), { random }),
      fetch: (target, init) => this.#fetch(network, isolate, target, init),
    });
    const { Client, Monitor, Poller, ServerClock, Updates, NO_FILTERS } = this.#modules;
    const serverClock = new ServerClock(() => clock.now);
    this.#monitor = new Monitor({
      client: new Client({ token: who.token, clock: serverClock }),
      clock: serverClock,
      address: { read: () => NO_FILTERS, push() {}, replace() {} },
      onChange: () => this.#noteLag(clock.now),
      onSessionEnd: (message) => {
        throw new Error(`a dashboard was signed out: ${message}`);
      },
    });
    this.#updates = isStreaming
      ? new Updates({ monitor: () => this.#monitor, onPlanned() {} })
      : new Poller(() => this.#monitor.poll());
  }

  async #fetch(network, isolate, target, init) {
    const [path] = target.split('?');
    const name = path.split('/').at(-1);
    const isClick = name === 'report' && this.#cause === 'filter click';
    const cause = isClick ? 'filter click' : name;
    this.requests[cause] = (this.requests[cause] ?? 0) + 1;
    if (name === 'report') this.#cause = '';
    const response = await network.fetch(isolate, target, init);
    if (response.status >= 400) network.failures.push(`${target} answered ${response.status}`);
    if (name === 'stream') return response;
    // The next step waits until this is read.
    network.unread += 1;
    const body = await response.arrayBuffer();
    network.unread -= 1;
    return new Response(response.status === 304 ? null : body, response);
  }

  #noteLag(now) {
    const { newest } = this.#monitor.state;
    const asOf = Date.parse(newest?.generatedAt ?? '');
    if (!(asOf > this.#shownAsOf)) return;
    if (this.#shownAsOf > 0) this.lags.push(now - asOf);
    this.#shownAsOf = asOf;
  }

  open() {
    return this.#updates.now();
  }

  /** Looks at the report with these filters, as a click does. */
  look(filters) {
    this.#monitor.filter({ ...this.#modules.NO_FILTERS, ...filters });
    this.#cause = 'filter click';
    return this.#updates.now();
  }

  /** The report on the screen, and its filters. */
  get shown() {
    const { shown } = this.#monitor.state;
    return shown && { data: shown.data, query: this.#modules.queryOf(shown.filters) };
  }
}

/** A client that asks again and again, with the ETag of what it has of this address. */
export class PollingClient {
  #etags = new Map();

  /** @param {{ network: Network, isolate: any, who: { number: number, token: string } }} settings */
  constructor({ network, isolate, who }) {
    this.network = network;
    this.isolate = isolate;
    this.who = who;
  }

  /** What it shows after having asked. */
  async poll(query) {
    const target = query ? `${REPORT}?${query}` : REPORT;
    const before = this.#etags.get(target);
    const headers = {
      Authorization: `Bearer ${this.who.token}`,
      'X-Instant': `${this.network.clock.now}`,
      ...(before && { 'If-None-Match': before.etag }),
    };
    const response = await this.isolate.fetch(target, { headers });
    const text = await response.text();
    const { status } = response;
    if (status !== 200 && !(status === 304 && before)) throw new Error(`${target} answered ${status} ${text}`);
    const shown = { etag: response.headers.get('etag'), text: status === 304 ? before.text : text };
    this.#etags.set(target, shown);
    return shown.text;
  }
}
