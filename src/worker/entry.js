// The worker's entry module: it hands the platform's events to the wasm.
//
// It takes the place of the entry that worker-build generates, which makes an object and two proxies for every request
// in order to start the wasm again after a panic. The exports of the wasm do that by themselves: after an abort the
// next call instantiates it again (`schedule_reinit` in worker's `init.rs`, with `--force-enable-abort-handler`).

import { WorkerEntrypoint } from 'cloudflare:workers';
import {
  closeStream,
  deliverAlert,
  detectAlerts,
  refresh,
  fetch as respond,
  shards,
  tick,
} from 'conversation-monitor-wasm';
import { deliverBatch, detectAll } from './alerts/queue.js';
import { isPage, servePage } from './page.js';
import { refreshEach, refreshInterval, refreshMinute } from './refreshes.js';
import { streamBody, streamEvents } from './stream.js';

/**
 * Futures are polled in microtasks, which js-sys asks for with `queueMicrotask`: once for each request and once more
 * for each thing that it waits for. The platform's own function takes 25 µs a call under V8's profiler; a promise is
 * much cheaper.
 */
globalThis.queueMicrotask = (task) => {
  Promise.resolve().then(task);
};

/** What a stream asks for, by the name of its events. */
const PATHS = { report: '/api/conversation-monitor/report', summary: '/api/conversation-monitor/summary' };
/** Who has opened a stream. Only the wasm's response to a request for a stream has it, and no client sees it. */
const STREAM_KEY = 'X-Stream-Key';

/** The response to a request for a stream. If the wasm allows the stream, its own response has no body yet. */
async function openStream(request, address, env, context) {
  const allowed = await respond(request, address, env, context);
  const key = allowed.headers.get(STREAM_KEY);
  if (key === null) return allowed;

  const url = new URL(address);
  const ask = (name, etag) => {
    const headers = new Headers();
    for (const header of ['Authorization', 'CF-Connecting-IP']) {
      const value = request.headers.get(header);
      if (value !== null) headers.set(header, value);
    }
    if (etag !== null) headers.set('If-None-Match', etag);
    const asked = `${url.origin}${PATHS[name]}${url.search}`;
    return tick(new Request(asked, { headers }), asked, env, context);
  };
  const lastEventId = request.headers.get('Last-Event-ID');
  const body = streamBody(
    (platform) => streamEvents({ ask, lastEventId, ...platform }),
    () => closeStream(key),
  );
  const headers = new Headers(allowed.headers);
  headers.delete(STREAM_KEY);
  return new Response(body, { status: allowed.status, headers });
}

/** The wasm decides; this only sends other requests the short way. */
const isStream = (url, request) => url.includes('/report/stream') && request.method === 'GET';

/** A refresh of a database in an invocation of its own, with limits of its own. Only this worker can call it. */
export class Refresh extends WorkerEntrypoint {
  run(at, database) {
    return refresh(at, database, this.env);
  }
}

/** Looks for what is to be told after a refresh, in an invocation of its own. Only this worker can call it. */
export class Alerts extends WorkerEntrypoint {
  detect(databases) {
    return detect(databases, this.env);
  }
}

function detect(databases, env) {
  return detectAll({
    databases,
    detect: (after, database) => detectAlerts(after, database, env),
    enqueue: (messages) => env.ALERTS.sendBatch(messages),
  });
}

/**
 * Looks for what is to be told, if there is a queue. The only database is refreshed in this invocation, which has no
 * statements left then; several are refreshed in others.
 */
async function tell(databases, env, context) {
  if (!env.ALERTS) return;
  try {
    await (databases.length === 1 ? context.exports.Alerts.detect(databases) : detect(databases, env));
  } catch (error) {
    // The next refresh finds the same.
    console.error(JSON.stringify({ message: 'alerts not looked for', cause: String(error) }));
  }
}

/** Delivers what is in the queue. */
function deliver(batch, env) {
  return deliverBatch(batch, env, async ([organizationId, destinationId, number], outcome, problem) =>
    JSON.parse(await deliverAlert(organizationId, destinationId, number, outcome, problem ?? undefined, env)),
  );
}

/**
 * Runs the refreshes of a minute. If there is one database, that of the cron's tick runs here; all others run in
 * invocations of their own.
 */
async function refreshAll({ scheduledTime }, env, context) {
  const databases = await shards(env);
  const refreshOne = (at, database) =>
    at === scheduledTime && databases.length === 1
      ? refresh(at, database, env)
      : context.exports.Refresh.run(at, database);
  await refreshMinute({
    scheduledAt: scheduledTime,
    everyMs: refreshInterval(env.REFRESH_EVERY_SECONDS),
    run: (at) =>
      refreshEach({ databases, at, run: (database) => refreshOne(at, database) }).finally(() =>
        tell(databases, env, context),
      ),
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
}

export default {
  fetch(request, env, context) {
    // The platform makes this text again each time it is read, so it is read once, for here and for the wasm.
    const { url } = request;
    if (isStream(url, request)) return openStream(request, url, env, context);
    if (!isPage(url)) return respond(request, url, env, context);
    return servePage(request, { assets: env.ASSETS, ask: (asked) => respond(asked, asked.url, env, context) });
  },
  scheduled: refreshAll,
  queue: deliver,
};
