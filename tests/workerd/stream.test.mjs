// The stream of a report: what it sends and when, by a clock of the test's own, and what the worker makes of it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { QUERIES_MAX, STREAM_MAX_MS, streamBody, streamEvents } from '../../src/worker/stream.js';
import { adminToken, REPORT, STREAM, SUMMARY, startService, tokenOf } from './harness.mjs';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

// ---------------------------------------------------------------------------------------------------------------
// The loop, with answers and a clock of the test's own
// ---------------------------------------------------------------------------------------------------------------

/** A service whose report changes when `version` does, and which is asked at the instants `asked`. */
class Service {
  now = 0;
  version = 1;
  dueAt = MINUTE;
  queries = 2;
  isStopped = false;
  /** @type {Response | null} */
  failure = null;
  asked = [];

  ask = async (name, etag) => {
    this.asked.push([name, this.now, etag]);
    const headers = {
      ETag: `"${name} ${this.version}"`,
      'X-Database-Queries': String(this.queries),
      'X-Refresh-Due-Ms': String(this.dueAt - this.now),
    };
    if (this.failure) return this.failure;
    if (etag === headers.ETag) return new Response(null, { status: 304, headers });
    return new Response(`{"${name}":${this.version}}`, { headers });
  };

  sleep = async (ms) => {
    assert.ok(ms > 0 && ms <= 20 * SECOND, `a pause of ${ms} ms`);
    this.now += ms;
  };

  /** @param {string | null} lastEventId */
  open(lastEventId = null) {
    const { ask, sleep } = this;
    return streamEvents({
      ask,
      sleep,
      now: () => this.now,
      isStopped: () => this.isStopped,
      lastEventId,
      random: () => 0.5,
    });
  }

  /** The instants at which the report was asked for. */
  get instants() {
    return this.asked.filter(([name]) => name === 'report').map(([, at]) => at);
  }
}

/** The next texts of a stream, without those that only say that it is alive. */
async function next(stream, count) {
  const texts = [];
  while (texts.length < count) {
    const { value, done } = await stream.next();
    assert.ok(!done, `the stream ends after ${JSON.stringify(texts)}`);
    if (value !== ': waiting\n\n') texts.push(value);
  }
  return texts;
}

const eventOf = (name, version) => `event: ${name}\nid: "${name} ${version}"\ndata: {"${name}":${version}}\n\n`;

describe('a stream', () => {
  test('sends report and summary, then only what has changed', async () => {
    const service = new Service();
    const stream = service.open();
    assert.deepEqual(await next(stream, 3), [': ok\n\n', eventOf('report', 1), eventOf('summary', 1)]);
    service.dueAt = 2 * MINUTE;
    assert.deepEqual(await next(stream, 1), [': tick\n\n']);
    service.version = 2;
    assert.deepEqual(await next(stream, 2), [eventOf('report', 2), eventOf('summary', 2)]);
    assert.deepEqual(
      service.asked.map(([name, , etag]) => [name, etag]),
      [
        ['report', null],
        ['summary', null],
        ['report', '"report 1"'],
        ['report', '"report 1"'],
        ['summary', '"summary 1"'],
      ],
    );
  });

  test('does not send again what the client has, and looks at both', async () => {
    const service = new Service();
    const stream = service.open('"summary 1"');
    assert.deepEqual(await next(stream, 2), [': ok\n\n', eventOf('report', 1)]);
    service.dueAt = 2 * MINUTE;
    assert.deepEqual(await next(stream, 1), [': tick\n\n']);
    assert.deepEqual(
      service.asked.map(([name]) => name),
      ['report', 'summary', 'report'],
    );
  });

  test('asks when the publication is due, then every second, then less and less often', async () => {
    const service = new Service();
    const stream = service.open();
    await next(stream, 18);
    const lates = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 15.5, 25.5, 40.5, 55.5].map(
      (seconds) => MINUTE + seconds * SECOND,
    );
    // Half of the spread, 500 ms, comes on top.
    assert.deepEqual(
      service.instants.slice(1),
      lates.map((instant) => instant - 250),
    );
  });

  test('is never silent for more than 20 seconds', async () => {
    const service = new Service();
    service.dueAt = 10 * MINUTE;
    let lastAt = 0;
    for await (const _ of service.open()) {
      assert.ok(service.now - lastAt <= 20 * SECOND);
      lastAt = service.now;
      if (service.now > 9 * MINUTE) break;
    }
    assert.deepEqual(service.instants, [0]);
  });

  test('says why it ends, and when to come back', async () => {
    const envelope = '{"success":false,"message":"The token has expired.","error":"UNAUTHENTICATED"}';
    for (const [headers, retry] of /** @type {[Record<string, string>, string][]} */ ([
      [{}, ''],
      [{ 'Retry-After': '5' }, 'retry: 5000\n'],
    ])) {
      const service = new Service();
      const stream = service.open();
      await next(stream, 3);
      service.failure = new Response(envelope, { status: 401, headers });
      assert.deepEqual(await next(stream, 1), [`event: error\n${retry}data: ${envelope}\n\n`]);
      assert.equal((await stream.next()).done, true);
    }
  });

  test('ends after 55 minutes, and before D1 refuses its queries', async () => {
    const bye = 'event: bye\ndata: {}\n\n';
    const service = new Service();
    const texts = [];
    for await (const text of service.open()) {
      texts.push(text);
      service.dueAt = service.now + MINUTE;
    }
    assert.equal(texts.at(-1), bye);
    assert.ok(service.now >= STREAM_MAX_MS && service.now < STREAM_MAX_MS + 2 * MINUTE, `${service.now}`);

    const busy = new Service();
    busy.queries = 10;
    const ends = [];
    for await (const text of busy.open()) ends.push(text);
    assert.equal(ends.at(-1), bye);
    assert.equal(busy.asked.length, QUERIES_MAX / 10);
  });

  test('asks for nothing more once the client has left', async () => {
    const service = new Service();
    const stream = service.open();
    await next(stream, 3);
    service.isStopped = true;
    assert.equal((await stream.next()).done, true);
    assert.equal(service.asked.length, 2);
  });
});

describe('the body of a stream', () => {
  const decoder = new TextDecoder();

  test('makes what the client takes, and ends once', async () => {
    let made = 0;
    let ended = 0;
    async function* open() {
      for (const text of ['a', 'é', 'c']) {
        made += 1;
        yield text;
      }
    }
    const reader = streamBody(open, () => {
      ended += 1;
    }).getReader();
    assert.equal(made, 0);
    assert.equal(decoder.decode((await reader.read()).value), 'a');
    assert.equal(decoder.decode((await reader.read()).value), 'é');
    assert.deepEqual([made, ended], [2, 0]);
    await reader.read();
    assert.equal((await reader.read()).done, true);
    await reader.cancel();
    assert.deepEqual([made, ended], [3, 1]);
  });

  test('does not wait for anything once the client has left', async () => {
    let ended = 0;
    const asleep = Promise.withResolvers();
    async function* open({ sleep, isStopped }) {
      yield 'a';
      asleep.resolve(undefined);
      await sleep(2 ** 30);
      assert.equal(isStopped(), true);
    }
    const reader = streamBody(open, () => {
      ended += 1;
    }).getReader();
    await reader.read();
    const waiting = reader.read();
    await asleep.promise;
    await reader.cancel();
    assert.equal((await waiting).done, true);
    assert.equal(ended, 1);
  });

  test('is aborted by a fault, and counted as ended', async () => {
    let ended = 0;
    // biome-ignore lint/correctness/useYield: it fails before there is anything to yield.
    async function* open() {
      throw new Error('a fault');
    }
    const reader = streamBody(open, () => {
      ended += 1;
    }).getReader();
    await assert.rejects(reader.read(), /a fault/);
    assert.equal(ended, 1);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// The worker
// ---------------------------------------------------------------------------------------------------------------

const NOW = Date.UTC(2026, 4, 18, 12);
const instant = (ms) => new Date(ms).toISOString();
let service;
let now = NOW;

async function setClock(at) {
  now = at;
  await service.setClock(at);
}

/** What a customer's message makes of an organization. */
function eventsOf(organizationId, { id = '1', at = NOW - 10 * MINUTE, ...more } = {}) {
  const common = { organizationId, updatedAt: instant(at) };
  return [
    { type: 'organization', ...common, name: 'Acme' },
    { type: 'contact', ...common, contactId: `c${id}`, name: `Contact ${id}` },
    { type: 'conversation', ...common, conversationId: id, contactId: `c${id}`, channelType: 'sms' },
    {
      type: 'message',
      ...common,
      messageId: `m${id}`,
      conversationId: id,
      at: instant(at),
      direction: 'inbound',
      sender: 'contact',
      ...more,
    },
  ];
}

before(async () => {
  service = await startService({ hasClock: true });
  await setClock(NOW);
  for (const organizationId of ['o', 'p', 'gone']) await service.post(eventsOf(organizationId));
  await service.refresh(NOW);
  // A publication is due, so a stream asks every second.
  await setClock(NOW + MINUTE + 2 * SECOND);
});
after(() => service?.close());

/** An open stream, read event by event. */
class Reader {
  #reader;
  #text = '';

  constructor(response) {
    this.response = response;
    this.#reader = response.body.getReader();
  }

  /** The next event or comment, parsed. `undefined` at the end. */
  async next() {
    const decoder = new TextDecoder();
    while (!this.#text.includes('\n\n')) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += decoder.decode(value, { stream: true });
    }
    const end = this.#text.indexOf('\n\n');
    const block = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    const fields = block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2));
    return Object.fromEntries(fields);
  }

  /** The next event with this name, while the clock moves on by a second at each comment. */
  async until(name) {
    for (let count = 0; count < 100; count += 1) {
      const event = await this.next();
      assert.ok(event, `the stream has ended before ${name}`);
      if (event.event === name) return event;
      assert.notEqual(event.event, 'error', event.data);
      if (Object.hasOwn(event, '')) await setClock(now + SECOND);
    }
    return assert.fail(`no ${name}`);
  }

  close() {
    return this.#reader.cancel();
  }
}

async function open(token, query = '', headers = {}) {
  const response = await service.fetch(`${STREAM}${query}`, { token, headers });
  if (response.status !== 200) assert.fail(`${response.status} ${await response.text()}`);
  return new Reader(response);
}

const poll = async (target, token) => {
  const response = await service.fetch(target, { token });
  return { id: response.headers.get('etag'), data: await response.text(), headers: response.headers };
};

test('sends what a poll gets, and what it gets after the next publication', async () => {
  const [token, query] = [adminToken('o'), '?limit=1&skipThreshold=true'];
  const reader = await open(token, query);
  assert.match(reader.response.headers.get('content-type'), /^text\/event-stream\b/);
  assert.equal(reader.response.headers.get('cache-control'), 'private, no-cache');
  assert.equal(reader.response.headers.get('x-stream-key'), null);
  assert.deepEqual(await reader.next(), { '': 'ok' });
  const report = await poll(REPORT + query, token);
  for (const name of ['x-database-queries', 'x-refresh-due-ms']) assert.equal(report.headers.get(name), null);
  assert.deepEqual(await reader.next(), { event: 'report', id: report.id, data: report.data });
  const summary = await poll(SUMMARY + query, token);
  assert.deepEqual(await reader.next(), { event: 'summary', id: summary.id, data: summary.data });

  await service.post(eventsOf('o', { id: '2' }));
  await service.refresh(NOW + MINUTE);
  const { id, data } = await reader.until('report');
  const newer = await poll(REPORT + query, token);
  assert.deepEqual({ id, data }, { id: newer.id, data: newer.data });
  assert.equal(JSON.parse(data).data.totalCount, 2);
  assert.equal(JSON.parse((await reader.until('summary')).data).data.total, 2);
  await reader.close();
});

test('goes on where another stream has ended', async () => {
  const token = adminToken('p');
  const { id } = await poll(REPORT, token);
  const reader = await open(token, '', { 'Last-Event-ID': id });
  assert.deepEqual(await reader.next(), { '': 'ok' });
  assert.deepEqual(await reader.next(), { '': 'tick' });
  assert.equal((await reader.next()).event, 'summary');
  await reader.close();
});

test('says stale while the database is out of reach, and no more when it is back', async () => {
  await service.refresh(now);
  await setClock(now + MINUTE + 2 * SECOND);
  const token = tokenOf({ sub: 'patient', role: 'ADMIN', organizationId: 'p' });
  const reader = await open(token);
  const first = JSON.parse((await reader.until('report')).data).data;
  assert.equal(first.stale, false);
  await service.database.prepare('ALTER TABLE organization RENAME TO unreachable').run();
  try {
    const stale = JSON.parse((await reader.until('report')).data).data;
    assert.deepEqual(stale, { ...first, stale: true });
    assert.equal(JSON.parse((await reader.until('summary')).data).data.stale, true);
    // Nothing else is said, although it is asked for again.
    let comment;
    for (let asked = 0; asked < 2; asked += comment === 'tick' ? 1 : 0) {
      const said = await reader.next();
      comment = said[''];
      assert.equal(said.event, undefined);
      await setClock(now + SECOND);
    }
    // Who opens a stream meanwhile gets the same.
    const other = await open(tokenOf({ sub: 'another', role: 'ADMIN', organizationId: 'p' }));
    assert.deepEqual(JSON.parse((await other.until('report')).data).data, stale);
    await other.close();
  } finally {
    await service.database.prepare('ALTER TABLE unreachable RENAME TO organization').run();
  }
  await service.refresh(now - 5 * SECOND);
  const back = JSON.parse((await reader.until('report')).data).data;
  assert.equal(back.stale, false);
  assert.ok(back.generatedAt > first.generatedAt);
  await reader.close();
});

test('ends with the token and with the organization', async () => {
  await setClock(NOW + 2 * MINUTE + 2 * SECOND);
  const exp = Math.floor(now / SECOND) + 90;
  const expiring = await open(tokenOf({ sub: 'u', role: 'ADMIN', organizationId: 'p', exp }));
  const orphaned = await open(adminToken('gone'));
  for (const reader of [expiring, orphaned]) await reader.until('summary');
  // The issuer's clock may differ by half a minute.
  await setClock((exp + 31) * SECOND);
  const at = instant(now);
  await service.post([{ type: 'organization', organizationId: 'gone', deleted: true, updatedAt: at }]);
  for (const [reader, error] of /** @type {[Reader, string][]} */ ([
    [expiring, 'UNAUTHENTICATED'],
    [orphaned, 'NOT_FOUND'],
  ])) {
    let event;
    do event = await reader.next();
    while (event && event.event !== 'error');
    assert.equal(JSON.parse(event?.data ?? '{}').error, error);
    assert.equal(await reader.next(), undefined);
  }
});

test('ten at a time for a caller, and each that ends makes room', async () => {
  const token = tokenOf({ sub: 'many', role: 'ADMIN', organizationId: 'p' });
  // A stream that has something to say every second notices as soon that its client has left.
  await service.refresh(now);
  await setClock(now + MINUTE + 2 * SECOND);
  const readers = [];
  for (let number = 0; number < 10; number += 1) readers.push(await open(token));
  const refused = await service.fetch(STREAM, { token });
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '60');
  assert.equal((await refused.json()).error, 'RATE_LIMITED');
  const head = await service.fetch(STREAM, { token, method: 'HEAD' });
  assert.equal(head.status, 200);
  await (await open(adminToken('p'))).close();

  await readers.pop()?.close();
  // The platform tells the worker of it on its own time.
  let response;
  for (let attempts = 0; attempts < 1_000; attempts += 1) {
    response = await service.fetch(STREAM, { token });
    if (response.status === 200) break;
    await response.text();
  }
  assert.equal(response?.status, 200);
  await response?.body.cancel();
  for (const reader of readers) await reader.close();
});

test('advice says when to ask again, to each caller another second', async () => {
  await setClock(now + MINUTE);
  await service.refresh(now);
  const advices = new Set();
  for (let number = 0; number < 20; number += 1) {
    const token = tokenOf({ sub: `u${number}`, role: 'ADMIN', organizationId: 'p' });
    for (const target of [REPORT, SUMMARY]) {
      const response = await service.fetch(target, { token });
      await response.text();
      const again = await service.fetch(target, {
        token,
        headers: { 'If-None-Match': response.headers.get('etag') },
      });
      assert.equal(again.status, 304);
      const advice = Number(response.headers.get('x-poll-after'));
      assert.equal(Number(again.headers.get('x-poll-after')), advice);
      assert.ok(advice >= 60 && advice <= 60 + 20 + 5, `${advice} s`);
      advices.add(advice);
    }
  }
  assert.ok(advices.size > 5, `${[...advices]}`);
});

test('fifty streams each show their own organization, and end when the worker does', async () => {
  const other = await startService({ hasClock: true });
  let isClosed = false;
  try {
    await other.setClock(NOW);
    const organizations = Array.from({ length: 5 }, (_, number) => `of-${number}`);
    for (const organizationId of organizations) await other.post(eventsOf(organizationId, { id: organizationId }));
    await other.refresh(NOW);
    const readers = await Promise.all(
      Array.from({ length: 50 }, async (_, number) => {
        const organizationId = organizations[number % organizations.length];
        const token = tokenOf({ sub: `u${number}`, role: 'ADMIN', organizationId });
        const response = await other.fetch(STREAM, { token });
        assert.equal(response.status, 200);
        const reader = new Reader(response);
        assert.deepEqual(await reader.next(), { '': 'ok' });
        const { data } = JSON.parse((await reader.next()).data);
        assert.equal(data.organizationId, organizationId);
        assert.deepEqual(
          data.rows.map(({ conversationId }) => conversationId),
          [organizationId],
        );
        return reader;
      }),
    );
    isClosed = true;
    await other.close();
    // A stream that is cut may fail or end; what it says until then is a whole event.
    for (const reader of readers) {
      let event;
      do event = await reader.next().catch(() => undefined);
      while (event);
    }
  } finally {
    if (!isClosed) await other.close();
  }
});
