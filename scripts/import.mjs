// Loads what is open in a help desk, and repairs what lost webhooks left behind. See USAGE.

import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { importOpen, repair } from './chatwoot-import.mjs';
import { variable } from './dev-vars.mjs';
import { parseAddress, parseFlags, usageFailure } from './flags.mjs';
import { progressReporter } from './progress.mjs';
import { Failure, inRoot, whenProgram } from './project.mjs';
import { LOCAL_URL } from './refresh.mjs';
import { RETRYABLE, retryAfter } from './retries.mjs';
import { INGEST_SCOPE, makeToken } from './token.mjs';

const TRIES = 6;
const BACKOFF_FIRST_MS = 1_000;
/** Who was asked too often counts by the minute. Chatwoot does not say how long to wait. */
const LIMIT_WINDOW_MS = 60_000;
const TIMEOUT_MS = 30_000;
const CALLS_PER_MINUTE = 300;
const CATEGORIES = ['ai_stuck', 'agent_abandoned', 'unassigned', 'snoozed', 'acknowledged'];
const PLAIN_STEP = 100;
const REPAIRED_SHOWN = 50;
const EVENTS_PER_REQUEST = 500;
const EXAMPLE_URL = 'https://chat.example.com';

const USAGE = `usage: npm run --silent import -- chatwoot --url URL --account ID --connection ID [options]

Loads every conversation of a Chatwoot account that is open, pending or snoozed, as webhooks to the connection.
  --url URL              Chatwoot
  --account ID           the number of the account, which is in the addresses of Chatwoot's pages
  --connection ID        the connection, which CONNECTIONS of the environment or of .dev.vars has
  --token-file FILE      a file with an access token of Chatwoot; "-" reads standard input (default: CHATWOOT_TOKEN)
  --monitor URL          this service (default ${LOCAL_URL})
  --repair               asks Chatwoot about every conversation that the report lists and, after the first run, about
                         those in which something happened since the last one, and says what is not known here
  --report-token FILE    with --repair: a file with a token of an ADMIN (default: one made with JWT_SECRET)
  --events-token FILE    a file with a token that may post events, for the names of agents, teams and inboxes (default: one
                         made with JWT_SECRET; if there is none, only those are known that a conversation names)
  --calls-per-minute N   how often Chatwoot is asked at most (default ${CALLS_PER_MINUTE})
  --state FILE           where it is kept what was loaded (default .import/CONNECTION.json)
A run that was interrupted goes on where it was. What is said twice changes nothing. The same command runs from cron.`;

const OPTIONS = {
  ...Object.fromEntries(
    [
      'url',
      'account',
      'connection',
      'token-file',
      'monitor',
      'report-token',
      'events-token',
      'calls-per-minute',
      'state',
    ].map((name) => [name, { type: /** @type {const} */ ('string') }]),
  ),
  repair: { type: /** @type {const} */ ('boolean'), default: false },
};

/**
 * @typedef {{ fetch?: typeof fetch, delay?: (milliseconds: number) => Promise<unknown>, now?: () => number }} Io what stands
 *   in for the network and the clock in tests; `now` in milliseconds
 */

/**
 * Asks until there is an answer that another try would not change. `what` is for messages: no address, which may name a
 * customer, and no token.
 *
 * @param {URL} target
 * @param {() => RequestInit} init
 * @param {string} what
 * @param {Io} io
 */
async function ask(target, init, what, { fetch = globalThis.fetch, delay = sleep, now = Date.now }) {
  for (let attempt = 1; ; attempt += 1) {
    let response;
    let problem;
    try {
      // A redirect is an answer here: it would take the token along.
      response = await fetch(target, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS), ...init() });
      if (!RETRYABLE.has(response.status)) return response;
      problem = `answered ${response.status}`;
      await response.body?.cancel();
    } catch (error) {
      problem = error.name === 'TimeoutError' ? 'did not answer in time' : 'could not be reached';
    }
    if (attempt >= TRIES) throw new Failure(`${what} ${problem}, ${TRIES} times.`);
    const asked = retryAfter(response?.headers, now()) || (response?.status === 429 ? LIMIT_WINDOW_MS : 0);
    await delay(Math.max(asked, BACKOFF_FIRST_MS * 2 ** (attempt - 1)));
  }
}

const accountAddress = (url, account) => `${url.replace(/\/+$/, '')}/api/v1/accounts/${encodeURIComponent(account)}`;

/**
 * Chatwoot's API below an account, asked at most so many times a minute.
 *
 * @param {{ url: string, account: string, token: string, callsPerMinute?: number }} options
 * @param {Io} [io]
 */
export function chatwootSource({ url, account, token, callsPerMinute = CALLS_PER_MINUTE }, io = {}) {
  const { delay = sleep, now = Date.now } = io;
  const base = accountAddress(url, account);
  let nextAt = 0;
  return {
    async get(target) {
      const wait = nextAt - now();
      if (wait > 0) await delay(wait);
      nextAt = Math.max(now(), nextAt) + 60_000 / callsPerMinute;
      const init = () => ({ headers: { api_access_token: token, Accept: 'application/json' } });
      const response = await ask(new URL(base + target), init, 'Chatwoot', io);
      // Anything else that is not there is an account that does not exist, or another address.
      if (response.status === 404 && target.startsWith('/conversations/')) return undefined;
      if (response.status === 401 || response.status === 403) {
        throw new Failure(
          'Chatwoot refuses the token: it must be the access token of an administrator of the account.',
        );
      }
      if (!response.ok) throw new Failure(`Chatwoot answered ${response.status}: are --url and --account right?`);
      return response.json().catch(() => {
        throw new Failure('Chatwoot answered no JSON: is --url right?');
      });
    },
  };
}

/**
 * The service: it takes webhooks of a connection, and shows the report.
 *
 * @param {{ url: string, connection: any, token?: string, eventsToken?: string }} options `token` reads the report,
 *   `eventsToken` posts events
 * @param {Io} [io]
 */
export function monitorOf({ url, connection, token, eventsToken }, io = {}) {
  const { now = Date.now } = io;
  const hook = new URL(`/api/conversation-monitor/hooks/${connection.connectionId}`, url);
  const data = async (response, what) => {
    const answer = await response.json().catch(() => undefined);
    if (response.ok && answer?.success) return answer.data;
    throw new Failure(`${what}: ${response.status} ${answer?.message ?? ''}`.trim());
  };
  return {
    async post(webhook) {
      const body = JSON.stringify(webhook);
      const init = () => {
        const timestamp = String(Math.floor(now() / 1000));
        const digits = createHmac('sha256', connection.secrets[0]).update(`${timestamp}.${body}`).digest('hex');
        const headers = {
          'Content-Type': 'application/json',
          'X-Chatwoot-Timestamp': timestamp,
          'X-Chatwoot-Signature': `sha256=${digits}`,
        };
        return { method: 'POST', headers, body };
      };
      return data(await ask(hook, init, 'The service', io), 'The service refused a webhook');
    },

    /** Posts events. False means that there is no token for that, or that the service refuses it. */
    async tell(events) {
      if (eventsToken === undefined) return false;
      const target = new URL('/api/conversation-monitor/events', url);
      for (let first = 0; first < events.length; first += EVENTS_PER_REQUEST) {
        const body = JSON.stringify({ events: events.slice(first, first + EVENTS_PER_REQUEST) });
        const headers = { Authorization: `Bearer ${eventsToken}`, 'Content-Type': 'application/json' };
        const response = await ask(target, () => ({ method: 'POST', headers, body }), 'The service', io);
        if (response.status === 401 || response.status === 403) return false;
        await data(response, 'The service refused names');
      }
      return true;
    },

    /** The rows of one snapshot, or of the next one if that goes while it is read. */
    async rows() {
      const rows = [];
      let snapshot = '';
      for (const category of CATEGORIES) {
        for (let page = 1, pages = 1; page <= pages; page += 1) {
          const query = `skipThreshold=true&limit=100&category=${category}&page=${page}${snapshot && `&snapshot=${snapshot}`}`;
          const target = new URL(`/api/conversation-monitor/report?${query}`, url);
          const init = () => ({ headers: { Authorization: `Bearer ${token}` } });
          const report = await data(await ask(target, init, 'The service', io), 'The report could not be read');
          snapshot = report.snapshotId ? encodeURIComponent(report.snapshotId) : '';
          pages = report.pagination.totalPages;
          rows.push(...report.rows);
        }
      }
      return rows;
    },
  };
}

/** The connection of this id, which must be one of Chatwoot's. */
export function connectionOf(text, connectionId) {
  let connections;
  try {
    connections = JSON.parse(text ?? '[]');
  } catch {
    throw new Failure('CONNECTIONS, of the environment or of .dev.vars, is no JSON.');
  }
  const found = connections.find?.((connection) => connection.connectionId === connectionId);
  if (found?.kind !== 'chatwoot') {
    throw new Failure(
      `CONNECTIONS, of the environment or of .dev.vars, has no connection ${connectionId} of Chatwoot's.`,
    );
  }
  return found;
}

/**
 * What earlier runs did. They must have asked the same account, for conversations of another one have the same numbers
 * and other customers.
 *
 * @param {string} file
 * @param {string} account its address
 */
export function readState(file, account) {
  if (!existsSync(file)) return {};
  let state;
  try {
    state = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Failure(`${file} is not what an earlier run wrote: remove it, and everything is loaded again.`);
  }
  if ((state.account ?? account) === account) return state;
  throw new Failure(
    `Earlier runs for this connection asked ${state.account}, and not ${account}. Correct --url and --account, or remove ` +
      `${file} if the account has moved.`,
  );
}

function writeState(file, state) {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
}

function secretOf(file, name) {
  const text = file === undefined ? variable(name) : readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  if (!text) throw new Failure(`There is no token: name its file, or set ${name}.`);
  return text;
}

/** Reports progress once it is known of how many conversations. */
function conversationProgress() {
  let reporter;
  return (done, total) => {
    reporter ??= progressReporter(total, { what: 'conversations', plainStep: PLAIN_STEP });
    reporter.progress({ read: done });
    if (done === total) reporter.end();
  };
}

/**
 * What a run did, for a person.
 *
 * @param {{ conversations: number, webhooks: number, applied?: number, repaired?: { conversationId: string, applied: number }[], isDirectoryTold?: boolean }} counts
 */
export function summaryOf({ conversations, webhooks, applied, repaired, isDirectoryTold = true }) {
  const names = isDirectoryTold
    ? []
    : [
        'Names of agents and departments come with conversations only: there is no token that may post events (--events-token).',
      ];
  if (repaired === undefined)
    return [`${conversations} conversations loaded, ${applied} records of ${webhooks} webhooks new.`, ...names];
  const shown = repaired
    .slice(0, REPAIRED_SHOWN)
    .map(({ conversationId, applied: n }) => `  ${conversationId}: ${n} records`);
  const rest = repaired.length > shown.length ? [`  and ${repaired.length - shown.length} more`] : [];
  return [`${conversations} conversations asked about, ${repaired.length} repaired.`, ...shown, ...rest, ...names];
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, OPTIONS, { positionals: 1 });
  if (!flags) return;
  const { values, positionals } = flags;
  if (positionals[0] !== 'chatwoot') throw usageFailure('Say which help desk: chatwoot.', USAGE);
  for (const name of ['url', 'account', 'connection']) {
    if (!values[name]) throw usageFailure(`--${name} is missing.`, USAGE);
  }
  const callsPerMinute = Number(values['calls-per-minute'] ?? CALLS_PER_MINUTE);
  if (!(callsPerMinute >= 1)) throw usageFailure('--calls-per-minute takes a number from 1 on.', USAGE);
  const connection = connectionOf(variable('CONNECTIONS'), values.connection);
  const url = parseAddress(values.url, USAGE, EXAMPLE_URL);
  const account = accountAddress(url, values.account);
  const source = chatwootSource({
    url,
    account: values.account,
    token: secretOf(values['token-file'], 'CHATWOOT_TOKEN'),
    callsPerMinute,
  });
  const reportToken = () =>
    values['report-token']
      ? secretOf(values['report-token'], '')
      : makeToken({ role: 'ADMIN', organization: connection.organizationId, user: 'import', ttl: '1h' });
  const eventsToken = () => {
    if (values['events-token']) return secretOf(values['events-token'], '');
    if (!variable('JWT_SECRET')) return undefined;
    return makeToken({ scope: INGEST_SCOPE, organization: connection.organizationId, user: 'import', ttl: '1h' });
  };
  const monitor = monitorOf({
    url: parseAddress(values.monitor ?? LOCAL_URL, USAGE, EXAMPLE_URL),
    connection,
    token: values.repair ? reportToken() : undefined,
    eventsToken: eventsToken(),
  });
  const file = values.state ?? inRoot('.import', `${connection.connectionId}.json`);
  const options = {
    ...connection.settings,
    organizationId: connection.organizationId,
    state: readState(file, account),
    now: () => Math.floor(Date.now() / 1000),
    progress: conversationProgress(),
    save: (state) => writeState(file, { ...state, account }),
  };
  const counts = values.repair ? await repair(source, monitor, options) : await importOpen(source, monitor, options);
  process.stdout.write(`${summaryOf(counts).join('\n')}\n`);
});
