// biome-ignore-all assist/source/organizeImports: instances.js must run before the wasm is instantiated
// A worker around a worker of the comparison: it counts what the platform bills, by the platform's own `meta`, and lets
// the clock be set, so that a day takes minutes.

import { wasmBytes } from './instances.js';
// @ts-expect-error: the worker that is measured, which is put beside this module when it is started
import inner from './index.js';

const fresh = () => ({
  requests: 0,
  trips: 0,
  statements: 0,
  rowsRead: 0,
  rowsWritten: 0,
  kvReads: 0,
  kvHits: 0,
  kvWrites: 0,
});
let counts = fresh();

/** The instant that a request was sent with, if any was. */
let instant;
const realNow = Date.now;
Date.now = () => instant ?? realNow();

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    if (url.pathname === '/counts') {
      const counted = counts;
      counts = fresh();
      return Response.json({ ...counted, wasmBytes: wasmBytes() });
    }
    const at = request.headers.get('X-Instant');
    if (at) instant = Number(at);
    counts.requests += 1;
    return inner.fetch(request, countedEnv(env), context);
  },
  scheduled(event, env, context) {
    instant = event.scheduledTime;
    return inner.scheduled(event, countedEnv(env), context);
  },
};

const countedEnv = (env) => ({ ...env, DB: new Database(env.DB), PAGES: new Namespace(env.PAGES) });

/** A round trip to the database with these results. */
function note(results) {
  counts.trips += 1;
  for (const { meta } of results) {
    counts.statements += 1;
    counts.rowsRead += meta.rows_read;
    counts.rowsWritten += meta.rows_written;
  }
}

class Statement {
  constructor(inner) {
    this.inner = inner;
  }

  bind(...values) {
    return new Statement(this.inner.bind(...values));
  }

  async all() {
    const result = await this.inner.all();
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
  constructor(inner) {
    this.inner = inner;
  }

  prepare(sql) {
    return new Statement(this.inner.prepare(sql));
  }

  async batch(statements) {
    const results = await this.inner.batch(statements.map(({ inner }) => inner));
    note(results);
    return results;
  }

  withSession(constraint) {
    return new Database(this.inner.withSession(constraint));
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
    const value = await this.inner.get(...parameters);
    if (value !== null) counts.kvHits += 1;
    return value;
  }

  put(...parameters) {
    counts.kvWrites += 1;
    return this.inner.put(...parameters);
  }
}
