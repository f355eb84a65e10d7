// The built worker in workerd, with a real D1 and KV, on a port of its own.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestHarness, experimental_readRawConfig } from 'wrangler';
import { build } from '../../scripts/build.mjs';
import { signToken } from '../../scripts/token.mjs';

process.env.WRANGLER_SEND_METRICS = 'false';
process.env.WRANGLER_SEND_ERROR_REPORTS = 'false';
process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const SECRET = 'a secret of the tests, long enough for HMAC-SHA256';
export const REPORT = '/api/conversation-monitor/report';
export const CSV = '/api/conversation-monitor/report.csv';
export const SUMMARY = '/api/conversation-monitor/summary';
export const SCOPES = '/api/conversation-monitor/scopes';
export const EVENTS = '/api/conversation-monitor/events';

/**
 * How a worker differs from wrangler.toml: variables, secrets, and rate limits, calls a minute by the name of the binding.
 *
 * @typedef {{ vars?: Record<string, string>, secrets?: Record<string, string>, limits?: Record<string, number> }} Settings
 * @typedef {RequestInit & { token?: string }} Request
 */

/** Set by `npm test`, which has built the worker: no file of tests need look whether it is up to date. */
const IS_PREBUILT = Boolean(process.env.WORKER_PREBUILT);

/**
 * A worker as wrangler.toml describes it, except for these settings. Variables are given as secrets too, because only
 * secrets override a developer's .dev.vars.
 */
function workerOf(/** @type {Settings} */ { vars = {}, secrets = {}, limits = {} }, more = {}) {
  const { rawConfig } = experimental_readRawConfig({ config: path.join(ROOT, 'wrangler.toml') });
  // Without `build`, which wrangler would run for every worker.
  const { build: _build, ratelimits, ...config } = rawConfig;
  const isLimited = ({ name }) => name in limits;
  const limited = (binding) => ({ ...binding, simple: { limit: limits[binding.name], period: 60 } });
  return {
    config: { ...config, vars: {}, ratelimits: ratelimits.filter(isLimited).map(limited), ...more },
    secrets: { HEAD_MAX_AGE_SECONDS: '0', JWT_SECRET: SECRET, ...vars, ...secrets },
  };
}

/**
 * Starts a worker with an empty, migrated database.
 *
 * Heads are not kept in memory unless `vars` says so: a test wants to see what it has just done. There are no rate limits
 * except `limits`: calls a minute by the name of the binding.
 *
 * `siblings` are further workers by name, each with settings and an isolate of its own, over the same database and
 * cache: a second one costs a tenth of a second start.
 *
 * @param {Settings & { siblings?: Record<string, Settings> }} [settings]
 */
export async function startService({ siblings = {}, ...settings } = {}) {
  if (!IS_PREBUILT) await build();
  const others = Object.entries(siblings).map(([name, theirs]) => workerOf(theirs, { name }));
  const server = createTestHarness({ root: ROOT, workers: [workerOf(settings), ...others] });
  const { url } = await server.listen();
  const worker = server.getWorker();
  await worker.applyD1Migrations('DB');
  const { DB: database, PAGES: pages } = await worker.getEnv();

  return {
    server,
    /** Where it listens, for a browser. */
    url,
    /** The D1 binding. */
    database,
    /** The KV binding. */
    pages,
    /**
     * A request to the worker; `token` goes into the Authorization header.
     *
     * @param {string | URL} target
     * @param {Request} [init]
     * @returns {Promise<any>}
     */
    fetch(target, init) {
      return server.fetch(target, withToken(init));
    },
    /**
     * A sibling: `fetch` as above.
     *
     * @param {string} name
     * @returns {{ fetch: (target: string | URL, init?: Request) => Promise<any> }}
     */
    sibling(name) {
      const other = server.getWorker(name);
      return { fetch: (target, init) => other.fetch(new URL(target, 'http://localhost'), withToken(init)) };
    },
    /** The log lines of the request that `response` answers, in order. */
    linesOf(response) {
      const requestId = response.headers.get('x-request-id');
      const lines = server.getLogs().flatMap(({ message }) => (message.startsWith('{') ? [JSON.parse(message)] : []));
      return lines.filter((line) => line.requestId === requestId);
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
    async refresh(at) {
      const result = await worker.scheduled({ scheduledTime: new Date(at), cron: '* * * * *' });
      if (result.outcome !== 'ok') throw new Error(`refresh: ${result.outcome}`);
    },
    /** The report's `data`; the answer must be 200. `parameters` become the query. */
    async report(token, parameters = {}) {
      const response = await this.fetch(`${REPORT}?${new URLSearchParams(parameters)}`, { token });
      const answer = await response.json();
      if (response.status !== 200) throw new Error(`report: ${response.status} ${JSON.stringify(answer)}`);
      return answer.data;
    },
    /** The last run as the service keeps it for /health. */
    async lastRun() {
      const { run } = await database.prepare('SELECT run FROM refresh').first();
      return JSON.parse(run);
    },
    close: () => server.close(),
  };
}

/** @returns {any} */
function withToken(/** @type {Request} */ { token, headers = {}, ...init } = {}) {
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  return { ...init, headers: { ...authorization, ...headers } };
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
