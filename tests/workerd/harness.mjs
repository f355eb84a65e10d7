// The built worker in workerd, with a real D1 and KV, on a port of its own.
//
// It runs in Miniflare, which wrangler uses too, as wrangler.toml describes it. wrangler itself would put a proxy in
// front of the worker and bundle it again for each start: that made the tests take three times as much CPU.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BINDINGS_WORKER, Bindings, bindingsWorker } from '../../bench/bindings.mjs';
import { migrate } from '../../bench/seed.mjs';
import { build } from '../../scripts/build.mjs';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from '../../scripts/miniflare.mjs';
import { bindingsOf, databaseOf, evenShards, parseShards } from '../../scripts/shards/buckets.mjs';
import { signToken } from '../../scripts/token.mjs';
import { readWorkerOptions } from '../../scripts/worker-options.mjs';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const SECRET = 'a secret of the tests, long enough for HMAC-SHA256';
export const REPORT = '/api/conversation-monitor/report';
export const STREAM = '/api/conversation-monitor/report/stream';
export const CSV = '/api/conversation-monitor/report.csv';
export const SEARCH = '/api/conversation-monitor/report/search';
export const SUMMARY = '/api/conversation-monitor/summary';
export const TREND = '/api/conversation-monitor/trend';
export const TREND_CSV = '/api/conversation-monitor/trend.csv';
export const SCOPES = '/api/conversation-monitor/scopes';
export const EVENTS = '/api/conversation-monitor/events';

/** Set by `npm test`, which has built the worker, so that no file of tests need check whether it is up to date. */
const IS_PREBUILT = Boolean(process.env.WORKER_PREBUILT);
const MAIN = 'main';

/**
 * How a worker differs from wrangler.toml: variables, secrets, and rate limits, calls a minute by the name of the
 * binding.
 *
 * `main` is the main module of another build. With `hasClock` its clock can be set. With `hasRuns` it has a dataset of
 * Workers Analytics Engine, whose data points are logged. With `isPageServed` the worker serves `/`, and not the
 * platform by itself. With `hasQueue` it has the queues of alerts, as one worker can that is started.
 *
 * @typedef {{
 *   vars?: Record<string, string>, secrets?: Record<string, string>, limits?: Record<string, number>, hasClock?:
 *   boolean, hasRuns?: boolean, main?: string, hasQueue?: boolean, isPageServed?: boolean,
 * }} Settings
 * `at` is the instant that a worker with a clock of its own takes the request in, and goes on from.
 *
 * @typedef {RequestInit & { token?: string, at?: number }} Request
 */

/** The modules in the folder of the main one, which comes first. */
function modulesOf(main) {
  const folder = path.dirname(main);
  const types = { '.js': 'ESModule', '.mjs': 'ESModule', '.wasm': 'CompiledWasm' };
  const files = readdirSync(folder)
    .filter((name) => path.extname(name) in types)
    .map((name) => path.join(folder, name))
    .sort((left, right) => Number(right === main) - Number(left === main));
  return files.map((file) => {
    const type = types[path.extname(file)];
    return { type, path: file, contents: type === 'ESModule' ? readFileSync(file, 'utf8') : readFileSync(file) };
  });
}

/** The header of a request that sets the worker's clock first, in milliseconds since 1970. */
const CLOCK_HEADER = 'X-Set-Clock';
/** A request to this path does nothing else. */
const CLOCK_PATH = '/clock';

/** The main module of a worker whose clock stands until a request sets it, and that has a dataset if `hasRuns`. */
const withClock = (main, hasRuns) => `
  import worker from './${path.basename(main)}';

  export * from './${path.basename(main)}';

  const dataset = { writeDataPoint: (point) => console.log(JSON.stringify({ point })) };
  let instant;
  const realNow = Date.now;
  Date.now = () => instant ?? realNow();

  export default {
    fetch: (request, env, context) => {
      const clock = request.headers.get('${CLOCK_HEADER}');
      if (clock !== null) instant = Number(clock);
      if (request.url.endsWith('${CLOCK_PATH}')) return new Response(null, { status: 204 });
      return worker.fetch(request, env, context);
    },
    queue: (batch, env, context) => worker.queue(batch, env, context),
    scheduled: (event, env, context) =>
      worker.scheduled(event, ${hasRuns ? '{ ...env, RUNS: dataset }' : 'env'}, context),
  };
`;

/** The options of the assets with `"/"` in `run_worker_first`. */
function withPage({ routerConfig, ...assets }) {
  const { static_routing: routing } = routerConfig;
  const user_worker = ['/', ...routing.user_worker];
  const static_routing = { ...routing, user_worker };
  return { ...assets, run_worker_first: user_worker, routerConfig: { ...routerConfig, static_routing } };
}

/** A worker as wrangler.toml describes it, except for these settings. */
function workerOf(
  name,
  { main: ours, workerOptions },
  shards,
  /** @type {Settings} */ {
    vars = {},
    secrets = {},
    limits = {},
    hasClock = false,
    hasRuns = false,
    hasQueue = false,
    main = ours,
    isPageServed = false,
  },
) {
  const clock = {
    type: 'ESModule',
    path: path.join(path.dirname(main), 'clock.js'),
    contents: withClock(main, hasRuns),
  };
  const limited = Object.entries(workerOptions.ratelimits)
    .filter(([binding]) => binding in limits)
    .map(([binding, options]) => [binding, { ...options, simple: { limit: limits[binding], period: 60 } }]);
  const databases = Object.keys(shards.d1Databases).length;
  return {
    ...workerOptions,
    ...(hasQueue ? {} : { queueProducers: {}, queueConsumers: {} }),
    ...(isPageServed && { assets: withPage(workerOptions.assets) }),
    name,
    d1Databases: { ...shards.d1Databases, ...workerOptions.d1Databases },
    modules: [...(hasClock || hasRuns ? [clock] : []), ...modulesOf(main)],
    modulesRoot: path.dirname(main),
    bindings: {
      HEAD_MAX_AGE_SECONDS: '0',
      JWT_SECRET: SECRET,
      ...(databases > 1 && { SHARDS: shards.text }),
      ...vars,
      ...secrets,
    },
    ratelimits: Object.fromEntries(limited),
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
}

/** How many databases there are unless a test says so. Some tests run with one and with several. */
const databasesDefault = () => Number(process.env.TEST_DATABASES ?? '1');

/**
 * Starts a worker with an empty, migrated database, or with several, among which the buckets are divided evenly unless
 * `shards` says otherwise.
 *
 * Heads are not kept in memory unless `vars` says so: a test wants to see what it has just done. There are no rate
 * limits except `limits`: calls a minute by the name of the binding.
 *
 * `siblings` are further workers by name, each with settings and an isolate of its own, over the same database and
 * cache: a second one costs a tenth of a second start. Migrations are applied whose files `isWanted`. `outbound`
 * answers what the workers fetch, instead of the network.
 *
 * @param {Settings & {
 *   siblings?: Record<string, Settings>, isWanted?: (migration: string) => boolean, outbound?: (request:
 *   globalThis.Request) => Promise<Response>, databases?: number, shards?: string,
 * }} [settings]
 */
export async function startService({
  siblings = {},
  isWanted,
  outbound,
  databases: count = databasesDefault(),
  shards: text = evenShards(bindingsOf(count)),
  ...settings
} = {}) {
  if (!IS_PREBUILT) await build();
  const options = await readWorkerOptions();
  const bindings = bindingsOf(count);
  const shards = { text, d1Databases: Object.fromEntries(bindings.map((binding) => [binding, { id: binding }])) };
  const tested = Object.entries({ [MAIN]: settings, ...siblings });
  const names = tested.map(([name]) => name);
  const workers = tested.map(([name, its]) => ({ ...workerOf(name, options, shards, its), outboundService: outbound }));
  const [main] = workers;
  /** @type {{ message: string }[]} */
  const logs = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions(
      /** @type {any} */ ({
        workers: [...workers, bindingsWorker(main, names)],
        cf: false,
        log: new Log(LogLevel.ERROR),
        logRequests: false,
        handleStructuredLogs: (line) => logs.push(line),
      }),
    ),
  );
  const url = await miniflare.ready;
  const urls = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await miniflare.unsafeGetDirectURL(name)])),
  );
  const ports = new Bindings(await miniflare.unsafeGetDirectURL(BINDINGS_WORKER));
  const databases = bindings.map((binding) => ports.database(binding));
  const [database] = databases;
  const pages = ports.namespace('PAGES');
  for (const each of databases) await migrate(each, isWanted);

  /**
   * Straight to a worker, past what serves the files of public/.
   *
   * @param {string} name
   * @param {string | URL} target
   * @param {Request} [init]
   * @returns {Promise<any>}
   */
  const fetchFrom = (name, target, { token, at, headers = {}, ...init } = {}) => {
    const authorization = token ? { Authorization: `Bearer ${token}` } : {};
    const clock = at === undefined ? {} : { [CLOCK_HEADER]: String(at) };
    const all = { ...authorization, ...clock, ...headers };
    return fetch(new URL(target, urls[name]), { redirect: 'manual', ...init, headers: /** @type {any} */ (all) });
  };

  const setClockOf = async (name, now) => {
    const response = await fetchFrom(name, CLOCK_PATH, { at: now });
    assert.equal(response.status, 204);
  };

  return {
    /** Where the worker and the files of public/ are served, for a browser. */
    url,
    /** The D1 binding; the first of several. */
    database,
    /** All D1 bindings. */
    databases,
    /** The D1 binding that is read for an organization. */
    databaseOf: (organizationId) => databases[bindings.indexOf(databaseOf(parseShards(text), organizationId))],
    /** The KV binding. */
    pages,
    /**
     * A request to the worker; `token` goes into the Authorization header.
     *
     * @param {string | URL} target
     * @param {Request} [init]
     */
    fetch: (target, init) => fetchFrom(MAIN, target, init),
    /**
     * Sets the clock of a worker that has one.
     *
     * @param {number} now
     */
    setClock: (now) => setClockOf(MAIN, now),
    /**
     * A sibling: `fetch` and `setClock` as above.
     *
     * @param {string} name
     */
    sibling: (name) => ({
      /**
       * @param {string | URL} target
       * @param {Request} [init]
       */
      fetch: (target, init) => fetchFrom(name, target, init),
      /** @param {number} now */
      setClock: (now) => setClockOf(name, now),
      /**
       * Runs its refresh, as `refresh` below does.
       *
       * @param {number} at
       */
      refresh: (at) => ports.refresh(name, at),
    }),
    /** All that the workers have logged. */
    logs: () => logs,
    /** The log lines of the request that `response` answers, in order. */
    linesOf(response) {
      const requestId = response.headers.get('x-request-id');
      // Only those are parsed, as there may be thousands.
      const named = logs.filter(({ message }) => message.startsWith('{') && message.includes(requestId));
      return named.map(({ message }) => JSON.parse(message)).filter((line) => line.requestId === requestId);
    },
    /** Posts events in requests of at most 1,000, as a SUPERADMIN; every one must be accepted. */
    async post(events) {
      const token = ingestToken();
      const receipts = [];
      for (let start = 0; start < events.length; start += 1000) {
        const batch = events.slice(start, start + 1000);
        const response = await this.fetch(EVENTS, {
          method: 'POST',
          token,
          headers: { 'Content-Type': 'application/x-ndjson' },
          body: batch.map((event) => JSON.stringify(event)).join('\n'),
        });
        const answer = await response.json();
        if (response.status !== 200) throw new Error(`ingest: ${response.status} ${JSON.stringify(answer)}`);
        receipts.push(answer.data);
      }
      return receipts;
    },
    /** Runs the refresh that is scheduled for `at`, epoch milliseconds. */
    refresh: (at) => ports.refresh(MAIN, at),
    /** The report's `data`; the response must be 200. `parameters` become the query. */
    async report(token, parameters = {}) {
      const response = await this.fetch(`${REPORT}?${new URLSearchParams(parameters)}`, { token });
      const answer = await response.json();
      if (response.status !== 200) throw new Error(`report: ${response.status} ${JSON.stringify(answer)}`);
      return answer.data;
    },
    /** The last run as the service stores it for /health: that of the first database, or of another one. */
    async lastRun(of = database) {
      const { run } = /** @type {any} */ (await of.prepare('SELECT run FROM refresh').first());
      return JSON.parse(run);
    },
    close: () => miniflare.dispose(),
  };
}

const IN_AN_HOUR = () => Math.floor(Date.now() / 1000) + 3600;

/** A token with these claims, valid for an hour. */
export function tokenOf(claims) {
  return signToken({ exp: IN_AN_HOUR(), ...claims }, SECRET);
}

/** The path of an organization's settings. */
export function settingsOf(organizationId) {
  return `/api/organizations/${encodeURIComponent(organizationId)}/autopilot-monitor-settings`;
}

/** Sees all of one organization. */
export function adminToken(organizationId) {
  return tokenOf({ sub: 'an-admin', role: 'ADMIN', organizationId });
}

/** May post events of any organization. */
export function ingestToken() {
  return tokenOf({ sub: 'the-crm', role: 'SUPERADMIN', scope: 'conversation-monitor:ingest' });
}
