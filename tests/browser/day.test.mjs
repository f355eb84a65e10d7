// How many requests a dashboard makes in a working day of eight hours in which nothing changes but the snapshot's
// instant. The page's own modules run here, without a browser, against the service's own stream, all by one clock that
// the test moves.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Client } from '../../public/modules/client.js';
import { ServerClock } from '../../public/modules/clock.js';
import { NO_FILTERS } from '../../public/modules/filters.js';
import { Monitor } from '../../public/modules/monitor.js';
import { Updates } from '../../public/modules/updates.js';
import { streamBody, streamEvents } from '../../src/worker/stream.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOURS = 8;
/** How long a refresh takes, and by how much this caller comes after it, if the page polls. */
const RUN_MS = 1_500;
const PHASE_MS = 7_300;
const { setImmediate } = globalThis;

/** Lets everything run that waits for nothing but promises. */
const settle = async () => {
  for (let round = 0; round < 10; round += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A service that publishes every minute. */
class Service {
  /** @type {Record<string, number>} */
  requests = {};

  constructor({ hasStream }) {
    this.hasStream = hasStream;
  }

  /** The instant of the newest snapshot. */
  get #asOf() {
    return Math.floor((Date.now() - RUN_MS) / MINUTE) * MINUTE;
  }

  #answer(name, etag) {
    const asOf = this.#asOf;
    const dueInMs = asOf + MINUTE + RUN_MS - Date.now();
    const headers = {
      ETag: `"${name} ${asOf}"`,
      'X-Poll-After': `${Math.ceil((dueInMs + PHASE_MS) / SECOND)}`,
      'X-Refresh-Due-Ms': `${dueInMs}`,
      'X-Database-Queries': '2',
    };
    if (etag === headers.ETag) return new Response(null, { status: 304, headers });
    const snapshot = { snapshotId: `v${asOf}`, generatedAt: new Date(asOf).toISOString(), thresholdMinutes: 5 };
    const counts = { ai_stuck: 3, agent_abandoned: 0 };
    const data = {
      report: { ...snapshot, totalCount: 3, olderCount: 0, counts, pagination: { totalPages: 1 }, rows: [] },
      summary: { ...snapshot, total: 3, olderCount: 0, byCategory: counts },
      scopes: { organizations: [], departments: [], user: { name: null, role: 'ADMIN', organizationId: 'o' } },
    };
    return new Response(JSON.stringify({ success: true, data: data[name] }), { headers });
  }

  /** What the page's `fetch` calls. */
  fetch = async (url, { headers }) => {
    const name = url.split('?')[0].split('/').at(-1);
    this.requests[name] = (this.requests[name] ?? 0) + 1;
    if (name !== 'stream') return this.#answer(name, headers['If-None-Match']);
    if (!this.hasStream) return new Response('<h1>Not found</h1>', { status: 404 });
    const ask = async (asked, etag) => this.#answer(asked, etag);
    const lastEventId = headers['Last-Event-ID'] ?? null;
    const body = streamBody(
      (platform) => streamEvents({ ask, lastEventId, ...platform }),
      () => {},
    );
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } });
  };
}

/** Looks at a list for a working day. Returns how many requests there were of each kind. */
async function lookAllDay(service) {
  const updates = new Updates({ monitor: () => monitor, onPlanned: () => {} });
  const clock = new ServerClock();
  const monitor = new Monitor({
    client: new Client({ token: 'a.b.c', clock }),
    clock,
    address: { read: () => NO_FILTERS, push: () => {}, replace: () => {} },
    onChange: () => {},
    onSessionEnd: () => assert.fail('the session has ended'),
  });
  updates.now();
  await settle();
  for (let second = 0; second < HOURS * 3600; second += 1) {
    mock.timers.tick(SECOND);
    await settle();
    const age = Date.now() - Date.parse(monitor.state.shown?.data.generatedAt);
    // A minute, the run, and the phase or a second of the stream.
    assert.ok(age <= MINUTE + RUN_MS + (service.hasStream ? 2 * SECOND : PHASE_MS + SECOND), `${age} ms old`);
  }
  assert.equal(monitor.state.problem, null);
  updates.rest();
  await settle();
  return service.requests;
}

for (const [hasStream, most] of /** @type {const} */ ([
  [true, 20],
  [false, 600],
])) {
  test(`a day ${hasStream ? 'by the stream' : 'by polls alone'} takes at most ${most} requests`, async (t) => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.UTC(2026, 4, 18, 9) + 10 * SECOND });
    mock.method(Math, 'random', () => 0.5);
    const service = new Service({ hasStream });
    mock.method(globalThis, 'fetch', service.fetch);
    Object.assign(globalThis, { document: { hidden: false, addEventListener: () => {} }, addEventListener: () => {} });
    t.after(() => mock.reset());
    const requests = await lookAllDay(service);
    const sum = Object.values(requests).reduce((left, right) => left + right);
    t.diagnostic(`${sum}: ${JSON.stringify(requests)}`);
    assert.ok(sum <= most, `${sum}: ${JSON.stringify(requests)}`);
  });
}
