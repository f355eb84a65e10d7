// The sides of the comparison: the worker and its peers, each in a workerd of its own with the same data.

import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build as bundle } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from '../scripts/miniflare.mjs';
import { inRoot } from '../scripts/project.mjs';
import { BINDINGS_WORKER, Bindings, bindingsWorker } from './bindings.mjs';
import { SECRET } from './data.mjs';

/** Where runs keep what they make: bundles, databases, results before they are written. */
export const WORK = inRoot('bench', '.work');
export const SIDES = ['ours', 'plain', 'tuned'];
/** A worker that answers "ok" to anything: what the platform itself costs a request. */
export const FLOOR = 'floor';

const PEERS = { plain: 'bench/peers/plain/index.ts', tuned: 'bench/peers/tuned/index.ts' };
const SETTINGS = readFileSync(inRoot('wrangler.toml'), 'utf8');
const COMPATIBILITY_DATE = /compatibility_date = "(.+)"/.exec(SETTINGS)?.[1];
const COMPATIBILITY_FLAGS = JSON.parse(/compatibility_flags = (\[.*\])/.exec(SETTINGS)?.[1] ?? '[]');

/**
 * The modules of a side as workerd takes them, the main one first. A side that is neither a peer nor the floor is a
 * build of the worker, in `folder`.
 */
export async function modulesOf(side, { folder = inRoot('build'), readable = false } = {}) {
  if (side === FLOOR) return [module('floor.js', 'export default { fetch() { return new Response("ok"); } };')];
  if (!(side in PEERS)) {
    return [
      module('index.js', readFileSync(path.join(folder, 'index.js'), 'utf8')),
      { type: 'CompiledWasm', path: 'index_bg.wasm', contents: readFileSync(path.join(folder, 'index_bg.wasm')) },
    ];
  }
  const { outputFiles } = await bundle({
    entryPoints: [inRoot(PEERS[side])],
    bundle: true,
    minify: !readable,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:workers', 'node:*'],
    write: false,
  });
  return [module('index.js', outputFiles[0].text)];
}

const module = (name, contents) => ({ type: 'ESModule', path: name, contents });

/**
 * How workerd runs a side; `counting` puts what counts around it.
 *
 * @param {{
 *   side: string, folder?: string, modules?: any[], counting?: boolean, jwks?: object, bindings?: Record<string,
 *   string>, [more: string]: unknown,
 * }} options
 */
async function workerOf({ side, folder, modules, counting = false, jwks, bindings = {}, ...more }) {
  const own = modules ?? (await modulesOf(side, { folder }));
  const around = counting ? ['counting.js', 'instances.js'] : [];
  const all = [...around.map((name) => module(name, readFileSync(inRoot('bench', name), 'utf8'))), ...own];
  return {
    rootPath: inRoot(),
    modules: all.map((each) => ({ ...each, path: path.join(inRoot(), each.path) })),
    modulesRoot: inRoot(),
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: COMPATIBILITY_FLAGS,
    bindings: { JWT_SECRET: SECRET, ...(jwks && { JWT_KEYS: JSON.stringify(jwks) }), ...bindings },
    d1Databases: { DB: 'database' },
    kvNamespaces: { PAGES: 'pages' },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    ...more,
  };
}

/** Where miniflare takes the flags of V8 from when it starts workerd. */
const V8_FLAGS = 'MINIFLARE_WORKERD_V8_FLAGS';

/**
 * Starts a workerd with these workers, which have one database, and returns them as sides by their names. `state` is a
 * folder with their D1 and KV, and `heapMax` says how many mebibytes the heap of each isolate may have.
 *
 * @param {any[]} workers
 * @param {{ state?: string, inspectorPort?: number, heapMax?: number }} [options]
 * @returns {Promise<Record<string, Side>>}
 */
async function startWorkerd(workers, { state, inspectorPort, heapMax } = {}) {
  const before = new Set(childrenOf(process.pid));
  const flags = process.env[V8_FLAGS];
  if (heapMax) process.env[V8_FLAGS] = `--max-heap-size=${heapMax}`;
  const names = workers.map(({ name }) => name);
  const kvNamespaces = Object.fromEntries(workers.map(({ name, kvNamespaces: { PAGES } }) => [pagesOf(name), PAGES]));
  const [first] = workers;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions(
      /** @type {any} */ ({
        workers: [...workers, bindingsWorker({ ...first, kvNamespaces }, names)],
        resourcePersistencePath: state,
        cf: false,
        log: new Log(LogLevel.ERROR),
        logRequests: false,
        // The log lines of refused requests are not what is looked at.
        handleStructuredLogs: () => {},
        inspectorPort,
      }),
    ),
  );
  try {
    await miniflare.ready;
  } finally {
    if (flags === undefined) delete process.env[V8_FLAGS];
    else process.env[V8_FLAGS] = flags;
  }
  const pid = childrenOf(process.pid).find((child) => !before.has(child) && isWorkerd(child));
  const bindings = new Bindings(await miniflare.unsafeGetDirectURL(BINDINGS_WORKER));
  const sides = names.map(async (name) => {
    const url = await miniflare.unsafeGetDirectURL(name);
    return [name, new Side(name, { miniflare, bindings, url, pid })];
  });
  return Object.fromEntries(await Promise.all(sides));
}

/** What the KV of a side is called in the worker with everybody's bindings. */
const pagesOf = (name) => `PAGES of ${name}`;

/** A running side, in a workerd of its own. */
export class Side {
  /**
   * Starts workerd; `state` is a folder with its D1 and KV.
   *
   * @param {string} name
   * @param {{ state?: string, inspectorPort?: number, heapMax?: number, [option: string]: any }} [options]
   */
  static async start(name, { state, inspectorPort, heapMax, ...options } = {}) {
    const worker = await workerOf({ side: name, name, ...options });
    const { [name]: side } = await startWorkerd([worker], { state, inspectorPort, heapMax });
    return side;
  }

  constructor(name, { miniflare, bindings, url, pid }) {
    this.name = name;
    this.miniflare = miniflare;
    this.bindings = bindings;
    this.url = url;
    /** Of the workerd. */
    this.pid = pid;
  }

  /**
   * A request straight to the worker. workerd closes connections that were idle; what is sent over one just then never
   * reaches the worker, and is sent again.
   */
  async fetch(target, init) {
    const url = new URL(target, this.url);
    try {
      return await fetch(url, init);
    } catch (error) {
      if (error.cause?.code !== 'UND_ERR_SOCKET') throw error;
      return fetch(url, init);
    }
  }

  /** Runs the refresh that is scheduled for `at`. */
  refresh(at) {
    return this.bindings.refresh(this.name, at);
  }

  database() {
    return this.bindings.database('DB');
  }

  pages() {
    return this.bindings.namespace(pagesOf(this.name));
  }

  /**
   * What the platform has billed this isolate since the last call, where it runs with `counting`.
   *
   * @returns {Promise<any>}
   */
  async counts() {
    return (await this.fetch('/counts')).json();
  }

  stop() {
    return this.miniflare.dispose();
  }
}

/**
 * Counting isolates in one workerd, over one database, each side with a KV of its own. `isolates` are options of each
 * by its name. Returns them as sides by their names; stopping one stops all.
 */
export async function startIsolates({ state, isolates }) {
  const workers = await Promise.all(
    Object.entries(isolates).map(([name, options]) =>
      workerOf({ name, counting: true, kvNamespaces: { PAGES: `pages-${options.side}` }, ...options }),
    ),
  );
  return startWorkerd(workers, { state });
}

/** A side's own copy of a state. */
export function copyState(from, to) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  return to;
}

/** CPU that a process has used so far, in microseconds: all its threads, as the scheduler counts it. */
export function cpuMicroseconds(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return nanoseconds / 1000;
}

function childrenOf(parent) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => fieldsOf(pid)?.parent === parent)
    .map(Number);
}

const isWorkerd = (pid) => fieldsOf(pid)?.name.startsWith('workerd');

/** proc(5): `pid (name) state ppid …`; the name may hold anything. */
function fieldsOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    return { name: text.slice(text.indexOf('(') + 1, end), parent: Number(text.slice(end + 2).split(' ')[1]) };
  } catch {
    return undefined;
  }
}

/** A page is put into KV after the response was given. */
const PUT_TIMEOUT_MS = 10_000;

/** Waits until an isolate has put a page into KV. */
export async function hasBeenPut(isolate) {
  const pages = isolate.pages();
  const deadline = performance.now() + PUT_TIMEOUT_MS;
  while ((await pages.list()).keys.length === 0) {
    if (performance.now() > deadline) throw new Error(`${isolate.name} never put its page into KV`);
  }
}
