// `npm run load`, against a server of the test's own that answers as it is told.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { batches, REQUEST_MAX_BYTES, shiftEvent, shiftToNow } from '../../scripts/event-lines.mjs';
import { postEvents } from '../../scripts/ingest.mjs';
import { readClaims } from '../../scripts/token.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOW = Date.parse('2026-05-18T13:45:00.000Z');

/**
 * A server on a free port; `answer(events, number)` gives the reply to request `number` (0, 1, …).
 *
 * @param {import('node:test').TestContext} t
 * @param {(events: any[], number: number) => any} [answer]
 */
async function serve(t, answer) {
  /** @type {any[]} */
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const events = body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    requests.push({
      method: request.method,
      url: request.url,
      headers: request.headers,
      bytes: Buffer.byteLength(body),
      events,
    });
    const { status, headers = {}, body: reply } = { ...accept(events), ...answer?.(events, requests.length - 1) };
    response
      .writeHead(status, { 'Content-Type': 'application/json', ...headers })
      .end(typeof reply === 'string' ? reply : JSON.stringify(reply));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, requests };
}

function accept(events) {
  return {
    status: 200,
    body: { success: true, data: { accepted: events.length, applied: events.length, ignored: 0 } },
  };
}

function refuseThem(bad) {
  const details = bad.slice(0, 20).map((index) => ({ index, field: 'at', reason: 'is missing' }));
  return { status: 400, body: { success: false, message: 'Bad events.', error: 'INVALID_REQUEST', details } };
}

const failing = (status, headers) => ({
  status,
  headers,
  body: { success: false, message: 'Not now.', error: 'UNAVAILABLE' },
});

const lines = (events) =>
  events.map((event, index) => ({
    number: index + 1,
    text: typeof event === 'string' ? event : JSON.stringify(event),
  }));
const numbered = (count) => Array.from({ length: count }, (_, index) => ({ organizationId: 'o', n: index + 1 }));

/**
 * Posts with a clock, a delay and a chance of the test's own; returns the counts, or the error, and what was heard.
 *
 * @returns {Promise<{ counts: any, refused: [number, string][], delays: number[], retries: string[] }>}
 */
async function post(url, events, options = {}) {
  /** @type {{ refused: [number, string][], delays: number[], retries: string[] }} */
  const heard = { refused: [], delays: [], retries: [] };
  const counts = await postEvents({
    lines: lines(events),
    url,
    token: () => 'a.token.here',
    on: {
      refused: (number, reason) => heard.refused.push([number, reason]),
      retry: (message) => heard.retries.push(message),
    },
    io: { delay: async (milliseconds) => void heard.delays.push(milliseconds), random: () => 1, now: () => NOW },
    ...options,
  }).catch((error) => ({ error }));
  return { counts, ...heard };
}

test('events go as NDJSON with the token', async (t) => {
  const { url, requests } = await serve(t);
  const { counts } = await post(url, numbered(3));
  assert.deepEqual(counts, { read: 3, sent: 3, accepted: 3, applied: 3, ignored: 0, refused: 0 });
  const [{ method, url: path, headers, events }] = requests;
  assert.equal(`${method} ${path}`, 'POST /api/conversation-monitor/events');
  assert.equal(headers['content-type'], 'application/x-ndjson');
  assert.equal(headers.authorization, 'Bearer a.token.here');
  assert.deepEqual(events, numbered(3));
});

test('no request holds more than 1,000 events or 1 MiB, and the order is kept', async (t) => {
  const { url, requests } = await serve(t);
  await post(url, numbered(2500));
  assert.deepEqual(
    requests.map(({ events }) => events.length),
    [1000, 1000, 500],
  );
  assert.deepEqual(
    requests.flatMap(({ events }) => events),
    numbered(2500),
  );

  requests.length = 0;
  await post(
    url,
    numbered(10).map((event) => ({ ...event, padding: 'é'.repeat(100_000) })),
  );
  assert.deepEqual(
    requests.map(({ events }) => events.length),
    [5, 5],
  );
  for (const { bytes } of requests) assert.ok(bytes <= REQUEST_MAX_BYTES);
});

test('a line of exactly 1 MiB with its line end is sent; one byte more is not', async (t) => {
  const { url, requests } = await serve(t);
  const sized = (bytes) => JSON.stringify({ x: 'x'.repeat(bytes - '{"x":""}\n'.length) });
  const { counts, refused } = await post(url, [sized(REQUEST_MAX_BYTES), sized(REQUEST_MAX_BYTES + 1), '{}']);
  assert.deepEqual(
    requests.map(({ bytes }) => bytes),
    [REQUEST_MAX_BYTES, 3],
  );
  assert.deepEqual(
    refused.map(([number]) => number),
    [2],
  );
  assert.equal(counts.accepted, 2);
});

test('a token of one organization gets requests of one organization', async () => {
  const events = ['a', 'a', 'b', 'a'].map((organizationId) => ({ organizationId }));
  const cut = async (mixed) => {
    const sizes = [];
    for await (const batch of batches(lines(events), { mixed })) sizes.push(batch.length);
    return sizes;
  };
  assert.deepEqual(await cut(false), [2, 1, 1]);
  assert.deepEqual(await cut(true), [4]);
});

test('lines that are not JSON objects are refused by number, the rest is sent', async (t) => {
  const { url } = await serve(t);
  const { counts, refused } = await post(url, ['{"a":1}', 'nonsense', '[1]', 'null', '{"b":2}']);
  assert.deepEqual(
    refused.map(([number]) => number),
    [2, 3, 4],
  );
  assert.deepEqual(counts, { read: 5, sent: 2, accepted: 2, applied: 2, ignored: 0, refused: 3 });
});

test('a request that fails for a passing reason is tried again, with growing pauses', async (t) => {
  const { url, requests } = await serve(t, (_, number) =>
    number < 5 ? failing([503, 500, 502, 504, 429][number]) : {},
  );
  const { counts, delays } = await post(url, numbered(2));
  assert.equal(requests.length, 6);
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000]);
  assert.equal(counts.accepted, 2);
});

test('Retry-After is honoured, in seconds and as a date', async (t) => {
  const date = new Date(NOW + 45_000).toUTCString();
  const { url } = await serve(t, (_, number) =>
    number < 2 ? failing(429, { 'Retry-After': ['20', date][number] }) : {},
  );
  const { delays } = await post(url, numbered(1));
  assert.deepEqual(delays, [20_000, 45_000]);
});

test('after 8 tries it gives up and says why', async (t) => {
  const { url, requests } = await serve(t, () => failing(503));
  const { counts, retries } = await post(url, numbered(1));
  assert.equal(requests.length, 8);
  assert.equal(retries.length, 7);
  assert.match(counts.error.message, /8 tries: status 503 \(Not now\.\)/);
});

test('a request without an answer is tried again, too', async () => {
  let calls = 0;
  const fetch = async () => {
    calls += 1;
    if (calls < 3) throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    return Response.json(accept([1]).body);
  };
  const delays = [];
  const io = { fetch, delay: async (milliseconds) => void delays.push(milliseconds), random: () => 0 };
  const { counts, retries } = await post('http://worker.test', numbered(1), { io });
  assert.equal(counts.accepted, 1);
  assert.deepEqual(delays, [250, 500]);
  assert.match(retries[0], /ECONNREFUSED.*try 2 of 3/);
});

test('it gives up sooner if nothing has ever answered', async () => {
  const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
  const io = (answers) => ({
    fetch: async () => {
      const answer = answers.shift();
      if (answer === undefined) throw refused;
      return Response.json(accept([answer]).body);
    },
    delay: async () => {},
  });
  const never = await post('http://worker.test', numbered(1), { io: io([]) });
  assert.match(never.counts.error.message, /after 3 tries.*ECONNREFUSED.*\n.*npm start/);
  // One that has answered may be about to start again.
  const events = numbered(1_001);
  const later = await post('http://worker.test', events, { io: io([1]) });
  assert.match(later.counts.error.message, /after 8 tries/);
});

test('refused events are named by line and left out, however many there are; no good one is lost', async (t) => {
  // Every third event is bad: 67 of 200, of which the service names 20 at a time.
  const { url, requests } = await serve(t, (events) => {
    const bad = events.flatMap(({ n }, index) => (n % 3 === 0 ? [index] : []));
    return bad.length ? refuseThem(bad) : {};
  });
  const { counts, refused } = await post(url, ['nonsense', ...numbered(200)]);
  // Line 1 is the nonsense: event n is on line n + 1.
  const wanted = numbered(200)
    .map(({ n }) => n)
    .filter((n) => n % 3 === 0);
  assert.deepEqual(
    refused.slice(1),
    wanted.map((n) => [n + 1, 'at: is missing']),
  );
  assert.deepEqual(
    requests.at(-1).events.map(({ n }) => n),
    numbered(200)
      .map(({ n }) => n)
      .filter((n) => n % 3),
  );
  assert.deepEqual(counts, { read: 201, sent: 200, accepted: 134, applied: 134, ignored: 0, refused: 67 });
});

test('a batch with nothing good in it ends', async (t) => {
  const { url, requests } = await serve(t, (events) => refuseThem(events.map((_, index) => index)));
  const { counts } = await post(url, numbered(45));
  assert.equal(requests.length, 3);
  assert.equal(counts.refused, 45);
});

test('two faults of one event are one refusal', async (t) => {
  const details = [
    { index: 0, field: 'at', reason: 'is missing' },
    { index: 0, field: 'kind', reason: 'is unknown' },
  ];
  const { url } = await serve(t, (_, number) => (number ? {} : { status: 400, body: { details } }));
  const { counts, refused } = await post(url, numbered(2));
  assert.deepEqual(refused, [[1, 'at: is missing; kind: is unknown']]);
  assert.equal(counts.accepted, 1);
});

test("a refusal of the whole request stops the load with the service's message", async (t) => {
  /** @type {[number, RegExp][]} */
  const cases = [
    [401, /JWT_SECRET/],
    [403, /scope/],
    [413, /larger/],
    [415, /x-ndjson/],
    [404, /--url/],
    [400, /answered 400/],
    [302, /answered 302/],
  ];
  for (const [status, advice] of cases) {
    const { url, requests } = await serve(t, () => ({
      status,
      headers: { Location: 'http://elsewhere.test/' },
      body: { message: 'No.' },
    }));
    const { counts } = await post(url, numbered(1));
    assert.equal(requests.length, 1);
    assert.match(counts.error.message, advice);
    assert.match(counts.error.message, /: No\./);
  }
});

test('an answer that is not JSON does not crash it', async (t) => {
  const { url } = await serve(t, () => ({ status: 403, body: '<html>' }));
  assert.match((await post(url, numbered(1))).counts.error.message, /answered 403\./);
});

test('--shift-to-now moves every instant by the same span: the latest updatedAt is 90 s ago', async (t) => {
  const old = { updatedAt: '2017-10-31T22:00:00.000Z', at: '2017-10-31T21:59:58.250Z' };
  const older = {
    updatedAt: '2017-10-31T21:00:00.000+01:00',
    resolvedAt: '2017-10-31T20:00:00Z',
    snoozedAt: '2017-10-31T20:00:01Z',
    snoozedUntil: '2017-11-01T20:00:00Z',
    assignedAt: '2017-10-31T20:00:02Z',
    mergedAt: '2017-10-31T20:00:03Z',
    receivedAt: '2017-10-31T20:00:04Z',
    name: '2017',
    at: null,
  };
  const shift = await shiftToNow(lines([older, old, 'nonsense', { updatedAt: 'never' }]), NOW);
  assert.deepEqual(shiftEvent(old, shift), { updatedAt: '2026-05-18T13:43:30.000Z', at: '2026-05-18T13:43:28.250Z' });
  assert.deepEqual(shiftEvent(older, shift), {
    updatedAt: '2026-05-18T11:43:30.000Z',
    resolvedAt: '2026-05-18T11:43:30.000Z',
    snoozedAt: '2026-05-18T11:43:31.000Z',
    snoozedUntil: '2026-05-19T11:43:30.000Z',
    assignedAt: '2026-05-18T11:43:32.000Z',
    mergedAt: '2026-05-18T11:43:33.000Z',
    receivedAt: '2026-05-18T11:43:34.000Z',
    name: '2017',
    at: null,
  });
  assert.deepEqual(shiftEvent({ updatedAt: 'never' }, shift), { updatedAt: 'never' });

  const { url, requests } = await serve(t);
  await post(url, [old], { shift });
  assert.deepEqual(requests[0].events, [shiftEvent(old, shift)]);
});

test('the program reads a file, makes its own token, prints the counts, and exits with 1 if an event was refused', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'load test '));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'some events.ndjson');
  const { url, requests } = await serve(t);
  const load = (...args) =>
    new Promise((resolve) => {
      const env = { ...process.env, JWT_SECRET: 'a secret of the tests, 32 bytes or more' };
      execFile(process.execPath, ['scripts/load.mjs', ...args], { cwd: ROOT, env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });

  writeFileSync(file, '\uFEFF{"a":1}\r\n\r\n{"a":2}');
  assert.deepEqual(await load(file, '--url', url), {
    code: 0,
    stdout: 'sent 2, accepted 2, applied 2, ignored 0, refused 0\n',
    stderr: '2 of 2 events\n',
  });
  assert.deepEqual(requests[0].events, [{ a: 1 }, { a: 2 }]);
  const claims = readClaims(requests[0].headers.authorization.slice('Bearer '.length));
  assert.deepEqual([claims.role, claims.scope], ['SUPERADMIN', 'conversation-monitor:ingest']);

  writeFileSync(file, '{"a":1}\n\nnonsense\n');
  const refusing = await load(file, '--url', url);
  assert.equal(refusing.code, 1);
  assert.match(refusing.stderr, /^line 3 refused: not a JSON object$/m);
  assert.match(refusing.stdout, /refused 1\n$/);

  writeFileSync(file, 'nonsense\n'.repeat(30));
  const { stderr } = await load(file, '--url', url);
  assert.equal(stderr.match(/refused: not a JSON object/g).length, 20);
  assert.match(stderr, /^… and 10 more lines refused$/m);

  /** @type {[string[], number, RegExp][]} */
  const failures = [
    [[path.join(folder, 'absent')], 1, /There is no file .*absent\./],
    [[folder], 1, /is a folder/],
    [[file, '--url', 'localhost:8787'], 2, /--url takes an address such as http:.*"localhost:8787" is not one/],
    [[file, '--url', 'nowhere'], 2, /"nowhere" is not one/],
    [[], 2, /Which file\?/],
  ];
  for (const [args, code, message] of failures) {
    const failed = await load(...args);
    assert.equal(failed.code, code);
    assert.match(failed.stderr, message);
    assert.doesNotMatch(failed.stderr, /^\s+at /m, 'a stack trace');
  }
  assert.match((await load('--help')).stdout, /usage: npm run load/);
});
