// Where the reader is: how many calls of the database, of KV and of the key server each kind of request makes one after
// the other, which is exact; and how long that takes near the database, far from it, and near a replica of it.
//
// The milliseconds are those of the calls alone, by a table of round trips and a clock that stands still meanwhile: no
// code of ours or of the platform is timed, and the client's way to the worker is not in them.

import path from 'node:path';
import { REPORT } from './cases.mjs';
import { AS_OF, claimsOf, LARGE, movedConversation, organizationEvents, signToken } from './data.mjs';
import { post } from './seed.mjs';
import { copyState, hasBeenPut, SIDES, startIsolates, WORK } from './sides.mjs';
import { number, table } from './statistics.mjs';

const SECOND = 1000;

/**
 * How long a round trip takes, in milliseconds, and who says so.
 *
 * @type {Record<string, { milliseconds: number, source: string }>}
 */
export const ROUND_TRIPS = {
  'D1 in the same region': {
    milliseconds: 5,
    source: '"single-digit millisecond latency": developers.cloudflare.com/workers/configuration/placement',
  },
  'D1 from Sydney to Europe': {
    milliseconds: 273,
    source: 'Sydney to Ireland 268 (AWS Latency Index, sitemap.bytecode.tech/aws-latency-index), and 5 in D1',
  },
  "D1's replica in the reader's region": { milliseconds: 20, source: 'an estimate' },
  'KV, where the key is often read': {
    milliseconds: 5,
    source: 'blog.cloudflare.com/faster-workers-kv; "under 5ms": eranstiller.com/news/cloudflare-workers-kv',
  },
  'KV, where it is not': {
    milliseconds: 200,
    source: 'what the 99th percentile was: eranstiller.com/news/cloudflare-workers-kv',
  },
  'the key server': { milliseconds: 100, source: 'an estimate' },
};

const trip = (name) => ROUND_TRIPS[name].milliseconds;
const near = trip('D1 in the same region');
const far = trip('D1 from Sydney to Europe');
const replica = trip("D1's replica in the reader's region");
const hot = trip('KV, where the key is often read');
const cold = trip('KV, where it is not');

/** Milliseconds of each kind of call, by where the reader is. */
const TOPOLOGIES = {
  near: { primary: near, nearest: near, kv: hot },
  far: { primary: far, nearest: far, kv: hot },
  'far, cold KV': { primary: far, nearest: far, kv: cold },
  replica: { primary: far, nearest: replica, kv: hot },
  'replica, cold KV': { primary: far, nearest: replica, kv: cold },
};

const JWKS_URL = 'https://issuer.example/keys';
const API = '/api/conversation-monitor';
const SETTINGS = `/api/organizations/${LARGE.organizationId}/autopilot-monitor-settings`;
const ADMIN = signToken(claimsOf('ADMIN', LARGE.organizationId));

/**
 * A request of an isolate at a second; without a name it is only made so that others come after it.
 *
 * @param {number} second
 * @param {string | string[] | undefined} name
 * @param {{
 *   isolate?: string, target?: string, status?: number, isConditional?: boolean, token?: string | null, method?:
 *   string, body?: string, headers?: Record<string, string>,
 * }} [settings]
 */
const ask = (second, name, { isolate = 'first', target = REPORT, status = 200, ...more } = {}) => ({
  second,
  name,
  isolate,
  target,
  status,
  isReport: target.startsWith(REPORT) && /^(\?|$)/.test(target.slice(REPORT.length)),
  ...more,
});
const refresh = (second, name = '', events = []) => ({ second, name, events });
const ingest = (second, name, events) => ({ second, name, posted: events });

/**
 * One after the other, about an organization with 10,000 candidates. Heads are 5 seconds good.
 *
 * @param {string} keys A token whose key only the key server has.
 * @returns {any[]}
 */
const stepsOf = (keys) => [
  refresh(0),
  ask(0, 'cold isolate, first page'),
  ask(1, 'the same page, head in memory'),
  ask(2, 'the same page, 304', { isConditional: true, status: 304 }),
  ask(3, 'another page, head in memory', { target: `${REPORT}?page=2` }),
  ask(10, 'poll, head expired, nothing new: 304', { isConditional: true, status: 304 }),
  ask(20, 'another page, head expired', { target: `${REPORT}?page=3` }),
  ask(30, 'a filter, head expired', { target: `${REPORT}?category=ai_stuck` }),
  ask(40, 'summary, head expired', { target: `${API}/summary` }),
  ask(50, 'cold isolate, summary', { isolate: 'summary', target: `${API}/summary` }),
  ask(50, 'cold isolate, scopes', { isolate: 'scopes', target: `${API}/scopes` }),
  ask(50, 'cold isolate, first page, keys of a key server', { isolate: 'keys', token: keys }),
  ask(51, undefined, { isolate: 'stream' }),
  refresh(54),
  refresh(60, 'refresh, nothing has changed'),
  ask(70, undefined, { isolate: 'stream' }),
  ask(90, ['stream, first event', 'stream, a tick with nothing new'], {
    isolate: 'stream',
    target: `${REPORT}/stream`,
  }),
  ingest(100, 'ingest of one event', [movedConversation(LARGE, 123)]),
  refresh(120, 'refresh, one candidate has changed'),
  ask(130, 'first page of a new version'),
  ask(140, 'another page, of a new version', { target: `${REPORT}?page=4` }),
  ask(141, 'settings', { target: SETTINGS }),
  ask(142, 'search', {
    target: `${REPORT}/search`,
    method: 'POST',
    body: JSON.stringify({ search: 'okafor' }),
    headers: { 'Content-Type': 'application/json' },
  }),
  ask(150, 'CSV of 10,000 rows', { target: `${REPORT}.csv?skipThreshold=true` }),
  ask(200, 'health', { target: '/health', token: null }),
  ask(210, undefined, { target: `${REPORT}?skipThreshold=true` }),
  refresh(2_400),
  ask(2_410, undefined, { target: `${REPORT}?skipThreshold=true` }),
  ask(2_420, undefined, { isolate: 'other' }),
  ask(2_422, 'page from KV, head in memory', { isolate: 'other', target: `${REPORT}?skipThreshold=true` }),
  ingest(2_430, 'ingest of 1,000 events', thousandEvents()),
];

function thousandEvents() {
  const organizationId = '65d3e0f0a0b0c0d0e0f000ff';
  return [...organizationEvents({ organizationId, candidates: 250, withStaff: false })].slice(0, 1000);
}

/**
 * Runs all steps on all sides, in each topology. Returns of each step with a name, of each side and topology, the calls
 * by kind, how many of them come one after the other, and the milliseconds.
 */
export async function countHops({ seed, keys, say, topologies = Object.keys(TOPOLOGIES), folder = WORK }) {
  const results = {};
  for (const topology of topologies) {
    say(`Hops, ${topology} …`);
    const delays = { ...TOPOLOGIES[topology], keys: trip('the key server') };
    const running = await start(seed, keys, path.join(folder, 'state-hops'));
    try {
      await runSteps(running, {
        keys,
        delays,
        note: (name, side, hops) => {
          results[name] ??= {};
          results[name][side] ??= {};
          results[name][side][topology] = hops;
        },
      });
    } finally {
      await running.writer.stop();
    }
  }
  return results;
}

const ISOLATES = ['first', 'other', 'summary', 'scopes', 'stream', 'keys'];

async function start(seed, { jwks }, state) {
  const isolates = { writer: { side: 'ours' } };
  for (const side of SIDES) {
    for (const name of ISOLATES) {
      isolates[`${side}-${name}`] = { side };
      if (name === 'keys' && side === 'ours') {
        isolates[`${side}-${name}`] = {
          side,
          bindings: { JWT_JWKS_URL: JWKS_URL },
          outboundService: async () => Response.json(jwks),
        };
      }
    }
  }
  return startIsolates({ state: copyState(seed, state), isolates });
}

async function runSteps(running, { keys, delays, note }) {
  const etags = {};
  const token = signToken(claimsOf('ADMIN', LARGE.organizationId), { alg: 'RS256', privateKeys: keys.privateKeys });
  for (const step of stepsOf(token)) {
    const at = AS_OF + step.second * SECOND;
    if (step.events) {
      const hops = await measure(running.writer, delays, () => running.writer.refresh(at));
      if (step.name) note(step.name, 'ours', hops);
    } else if (step.posted) {
      const headers = { 'X-Instant': `${at}` };
      note(
        step.name,
        'ours',
        await measure(running.writer, delays, () => post(running.writer, step.posted, { headers })),
      );
    } else {
      const sides = step.isReport && step.isolate !== 'keys' ? SIDES : ['ours'];
      for (const side of sides) {
        const isolate = running[`${side}-${step.isolate}`];
        /** @type {any} */
        let stream;
        const hops = await measure(isolate, delays, async () => {
          stream = await request(isolate, step, at, etags);
        });
        if (Array.isArray(step.name)) {
          note(step.name[0], side, stream.first);
          note(step.name[1], side, stream.tick);
        } else if (step.name) {
          note(step.name, side, hops);
        }
      }
    }
  }
}

async function measure(isolate, delays, work) {
  await (await isolate.fetch('/hops', { method: 'POST', body: JSON.stringify(delays) })).arrayBuffer();
  await isolate.counts();
  await work();
  const { kvWrites } = await isolate.counts();
  if (kvWrites > 0) await hasBeenPut(isolate);
  return (await isolate.fetch('/hops')).json();
}

async function request(isolate, { target, status, isConditional, token = ADMIN, headers = {}, ...more }, at, etags) {
  const key = `${isolate.name} ${target}`;
  const { method, body } = more;
  const response = await isolate.fetch(target, {
    method,
    body,
    headers: {
      ...headers,
      ...(token && { Authorization: `Bearer ${token}` }),
      'X-Instant': `${at}`,
      ...(isConditional && { 'If-None-Match': etags[key] }),
    },
  });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${key} answered ${response.status} and not ${status}: ${text}`);
  etags[key] = response.headers.get('ETag') ?? etags[key];
  return target.endsWith('/stream') ? JSON.parse(text) : undefined;
}

/** "2: 2 D1, 1 KV" */
function countsText(hops) {
  if (!hops) return '';
  const { primary = 0, nearest = 0, kv = 0, keys = 0 } = hops.calls;
  const calls = [
    [primary + nearest, 'D1'],
    [kv, 'KV'],
    [keys, 'keys'],
  ];
  const made = calls.filter(([count]) => Number(count) > 0).map(([count, name]) => `${count} ${name}`);
  return made.length ? `${hops.level}: ${made.join(', ')}` : '0';
}

/** The results as two tables, and the table of round trips. */
export function hopsTables(results) {
  const topologies = Object.keys(Object.values(results)[0].ours);
  const counts = Object.entries(results).map(([name, sides]) => [
    name,
    ...SIDES.map((side) => countsText(sides[side]?.[topologies[0]])),
  ]);
  const times = Object.entries(results).map(([name, sides]) => [
    name,
    ...topologies.flatMap((topology) =>
      ['ours', 'tuned'].map((side) => (sides[side] ? number(sides[side][topology].milliseconds) : '')),
    ),
  ]);
  return {
    counts: table(['calls one after the other: all of them, by kind', ...SIDES], counts),
    times: table(
      ['milliseconds of the calls', ...topologies.flatMap((topology) => [`${topology}: ours`, 'tuned'])],
      times,
    ),
    roundTrips: table(
      ['a round trip', 'ms', 'source'],
      Object.entries(ROUND_TRIPS).map(([name, { milliseconds, source }]) => [name, milliseconds, source]),
    ),
  };
}
