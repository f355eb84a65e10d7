// biome-ignore-all assist/source/organizeImports: instances.js must run before the wasm is instantiated A worker around
// a worker of the comparison. It counts what the platform bills, by the platform's own `meta`. Its clock can be set, so
// a day takes minutes: then what waits for a time waits until the clock is told to go on. And it can let each call of
// the database, of KV and of the key server take as long as it is told, by that clock.

import { wasmBytes } from './instances.js';
// @ts-expect-error: the worker that is measured, which is put beside this module when it is started
import inner from './index.js';

const MINUTE = 60_000;

const fresh = () => ({
  requests: 0,
  /** Requests by path and status, such as "report 304". */
  byKind: {},
  trips: 0,
  statements: 0,
  rowsRead: 0,
  rowsWritten: 0,
  kvReads: 0,
  kvHits: 0,
  kvWrites: 0,
  keyFetches: 0,
  logLines: 0,
  /** What streams have sent, such as "tick" or "report". */
  streamed: {},
  /** Round trips of requests to the database by the minute since 1970. */
  tripsByMinute: {},
});
let counts = fresh();
let isRefreshing = false;

const add = (of, name, more = 1) => {
  of[name] = (of[name] ?? 0) + more;
};

// ---------------------------------------------------------------------------------------------------------------
// The clock
// ---------------------------------------------------------------------------------------------------------------

/** The instant that a request was sent with, if any was; it stands still. */
let instant;
/** With `CLOCK=running` the clock goes on from that instant, and timers are the platform's. */
let runningSince;
const realNow = Date.now;
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const turn = () => new Promise((resolve) => realSetTimeout(resolve, 0));

Date.now = () => {
  if (instant === undefined) return realNow();
  return runningSince === undefined ? instant : instant + realNow() - runningSince;
};

function setClock(at, env) {
  instant = at;
  runningSince = env.CLOCK === 'running' ? realNow() : undefined;
}

/** Timers by their numbers, which are negative; `isCall` is one that stands for the way to the database and back. */
const sleepers = new Map();
let lastTimer = 0;

function sleepUntil(at, wake, isCall = false) {
  lastTimer -= 1;
  sleepers.set(lastTimer, { at, wake, isCall });
  return lastTimer;
}

/**
 * A timer with a parameter is the limit of a call to D1 or KV (`src/worker/within.js`), which nobody clears. While the
 * clock stands it is never reached, however slow the machine is.
 */
globalThis.setTimeout = /** @type {any} */ (
  (wake, milliseconds = 0, ...parameters) => {
    if (instant === undefined || runningSince !== undefined) return realSetTimeout(wake, milliseconds, ...parameters);
    return parameters.length > 0 ? 0 : sleepUntil(instant + milliseconds, wake);
  }
);
globalThis.clearTimeout = (timer) => {
  if (!sleepers.delete(timer)) realClearTimeout(timer);
};
/** What the wasm waits for does not end either while the clock stands. */
const realWait = scheduler.wait.bind(scheduler);
scheduler.wait = (milliseconds) =>
  instant === undefined || runningSince !== undefined ? realWait(milliseconds) : new Promise(() => {});

/** The timer that is due next, with its number. */
function nextTimer() {
  let next;
  for (const each of sleepers) if (next === undefined || each[1].at < next[1].at) next = each;
  return next;
}

function fire([number, { at, wake }]) {
  sleepers.delete(number);
  instant = Math.max(instant, at);
  wake();
}

/** The same at every run. */
let seed = 1;
Math.random = () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return seed / 0x80000000;
};

for (const name of ['log', 'info', 'warn', 'error']) {
  const print = console[name];
  console[name] = (...parameters) => {
    counts.logLines += 1;
    print(...parameters);
  };
}

// ---------------------------------------------------------------------------------------------------------------
// Streams
// ---------------------------------------------------------------------------------------------------------------

let openStreams = 0;
let streamedBytes = 0;
/** Calls that the platform has not answered. */
let inFlight = 0;

/** How to end a stream, by the number that its request came with. */
const endings = new Map();

/** A stream whose events are counted. Of a stream that is asleep there is nothing else to do than to wait for the clock. */
function countedStream(response, streamNumber) {
  openStreams += 1;
  // The platform ends a request that waits for nothing of its own.
  const keepAlive = setInterval(() => {}, 1000);
  let isOpen = true;
  const leave = () => {
    endings.delete(streamNumber);
    if (isOpen) openStreams -= 1;
    isOpen = false;
  };
  const end = () => {
    clearInterval(keepAlive);
    leave();
  };
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  // If the client just left, the platform would drop what waits here without a word. This is called by another request,
  // so the platform may end this one at once.
  endings.set(streamNumber, () => {
    leave();
    reader.cancel().catch(() => {});
  });
  const counted = new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await reader.read();
        if (done) {
          end();
          controller.close();
          return;
        }
        streamedBytes += value.byteLength;
        const [, name] = /^(?:event)?: (\w+)/.exec(decoder.decode(value)) ?? [];
        add(counts.streamed, name ?? 'other');
        controller.enqueue(value);
      },
      cancel(reason) {
        end();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(counted, response);
}

/** A stream that is not asleep by then never will be. */
const SETTLE_MAX_MS = 20_000;

/** Waits until every stream is asleep and nothing is under way. */
async function settle() {
  for (const startedAt = realNow(); realNow() - startedAt < SETTLE_MAX_MS; ) {
    await turn();
    if (inFlight === 0 && sleepers.size === openStreams) return;
  }
  const pauses = [...sleepers.values()].map(({ at }) => at - instant);
  throw new Error(`${openStreams} streams and ${inFlight} calls, and timers in ${pauses.join(', ')} ms`);
}

/** Lets the clock go on, timer by timer. */
async function advanceTo(to) {
  await settle();
  for (let next = nextTimer(); next && next[1].at <= to; next = nextTimer()) {
    fire(next);
    await settle();
  }
  instant = Math.max(instant ?? 0, to);
}

// ---------------------------------------------------------------------------------------------------------------
// Hops
// ---------------------------------------------------------------------------------------------------------------

/** How long each kind of call takes, in milliseconds, where hops are counted. */
let delays;
/** Of the request under way, or the last one. `level` is how many calls one after the other are over, `calls` are by kind. */
let hops = { level: 0, calls: {}, startedAt: 0, milliseconds: 0 };

function beginHops() {
  hops = { level: 0, calls: {}, startedAt: instant, milliseconds: 0 };
}

/** A call of the platform, which takes the time of its kind. */
async function call(kind, work) {
  const [own, level, startedAt] = [hops, hops.level + 1, instant];
  inFlight += 1;
  let result;
  try {
    result = await work();
  } finally {
    inFlight -= 1;
  }
  if (!delays) return result;
  add(own.calls, kind);
  await new Promise((resolve) => sleepUntil(startedAt + delays[kind], () => resolve(undefined), true));
  own.level = Math.max(own.level, level);
  return result;
}

/** Does the work of one request, with the clock going on to the next end of a call whenever there is nothing else to do. */
async function countHops(work, until) {
  beginHops();
  let isDone = false;
  const result = work()
    .then(until)
    .finally(() => {
      hops.milliseconds = instant - hops.startedAt;
      isDone = true;
    });
  while (!isDone) {
    for (let turns = 0; turns < 3 && !isDone; turns += 1) await turn();
    if (isDone || inFlight > 0) continue;
    const next = nextTimer();
    const isCalling = [...sleepers.values()].some(({ isCall }) => isCall);
    if (!next || !(isCalling || openStreams > 0)) continue;
    fire(next);
    // What a stream does after a pause is a question of its own.
    if (!next[1].isCall && !isCalling) beginHops();
  }
  return result;
}

/** All of a response; of a stream, what it sends until its first tick. */
async function readWhole(response) {
  if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
    return new Response(response.status === 304 ? null : await response.arrayBuffer(), response);
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let first;
  for (;;) {
    const { value, done } = await reader.read();
    const text = done ? ': tick' : decoder.decode(value);
    if (text.startsWith('event: report') && !first) first = { ...hops, milliseconds: instant - hops.startedAt };
    if (text.startsWith(': tick')) break;
  }
  const tick = { ...hops, milliseconds: instant - hops.startedAt };
  await reader.cancel();
  return Response.json({ first, tick });
}

// ---------------------------------------------------------------------------------------------------------------
// The worker
// ---------------------------------------------------------------------------------------------------------------

/** What the benchmark asks of this module itself. */
async function answerBenchmark(url, request) {
  switch (url.pathname) {
    case '/counts': {
      const counted = counts;
      counts = fresh();
      return { ...counted, wasmBytes: wasmBytes() };
    }
    case '/advance':
      await advanceTo(Number(url.searchParams.get('to')));
      return { streamedBytes, nextAt: nextTimer()?.[1].at };
    case '/end':
      endings.get(url.searchParams.get('stream'))?.();
      return {};
    case '/hops':
      if (request.method === 'POST') delays = await request.json();
      return hops;
    default:
      return undefined;
  }
}

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    const answer = await answerBenchmark(url, request);
    if (answer) return Response.json(answer);
    const at = request.headers.get('X-Instant');
    if (at) setClock(Number(at), env);
    counts.requests += 1;
    const work = async () => {
      const response = await inner.fetch(request, countedEnv(env), context);
      const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream');
      return isStream ? countedStream(response, request.headers.get('X-Stream-Number')) : response;
    };
    const response = await (delays && at ? countHops(work, readWhole) : work());
    add(counts.byKind, `${url.pathname.split('/').slice(3).join('/')} ${response.status}`);
    return response;
  },
  async scheduled(event, env, context) {
    setClock(event.scheduledTime, env);
    isRefreshing = true;
    try {
      const work = async () => inner.scheduled(event, countedEnv(env), context);
      await (delays ? countHops(work, (nothing) => nothing) : work());
    } finally {
      isRefreshing = false;
    }
  },
};

const countedEnv = (env) => ({
  ...env,
  DB: new Database(env.DB),
  ...(env.PAGES && { PAGES: new Namespace(env.PAGES) }),
});

const realFetch = globalThis.fetch;
globalThis.fetch = (...parameters) => {
  counts.keyFetches += 1;
  return call('keys', () => realFetch(...parameters));
};

/** A round trip to the database with these results. */
function note(results) {
  counts.trips += 1;
  if (!isRefreshing) add(counts.tripsByMinute, Math.floor(Date.now() / MINUTE));
  for (const { meta } of results) {
    counts.statements += 1;
    counts.rowsRead += meta.rows_read;
    counts.rowsWritten += meta.rows_written;
  }
}

class Statement {
  constructor(inner, kind) {
    this.inner = inner;
    this.kind = kind;
  }

  bind(...values) {
    return new Statement(this.inner.bind(...values), this.kind);
  }

  async all() {
    const result = await call(this.kind, () => this.inner.all());
    note([result]);
    return result;
  }

  run() {
    return this.all();
  }

  /** The platform's own gives no `meta`. */
  async first() {
    const { results } = await this.all();
    return results[0] ?? null;
  }
}

class Database {
  /** @param {any} inner @param {'primary' | 'nearest'} kind */
  constructor(inner, kind = 'primary') {
    this.inner = inner;
    this.kind = kind;
  }

  prepare(sql) {
    return new Statement(this.inner.prepare(sql), this.kind);
  }

  async batch(statements) {
    const results = await call(this.kind, () => this.inner.batch(statements.map(({ inner }) => inner)));
    note(results);
    return results;
  }

  withSession(constraint) {
    return new Database(this.inner.withSession(constraint), constraint === 'first-primary' ? 'primary' : 'nearest');
  }

  getBookmark() {
    return this.inner.getBookmark();
  }
}

class Namespace {
  constructor(inner) {
    this.inner = inner;
  }

  async get(...parameters) {
    counts.kvReads += 1;
    const value = await call('kv', () => this.inner.get(...parameters));
    if (value !== null) counts.kvHits += 1;
    return value;
  }

  put(...parameters) {
    counts.kvWrites += 1;
    return this.inner.put(...parameters);
  }
}
