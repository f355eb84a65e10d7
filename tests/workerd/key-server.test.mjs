// A key server that misbehaves in every way that a server can, and what the worker answers to tokens meanwhile.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { adminToken, REPORT, startService } from './harness.mjs';
import { keySet, newKey, startKeyServer } from './issuer.mjs';

const MINUTE = 60_000;
const CLAIMS = { sub: 'u', role: 'ADMIN', organizationId: 'o' };
const BYTES_MAX = 64 * 1024;

const good = newKey('ES256', 'good');
const retired = newKey('EdDSA', 'retired');
const unknown = newKey('ES256', 'unknown');
const leaked = newKey('RS256', 'leaked');
const published = newKey('HS256', 'published');
const SET = keySet(good);
/** The good set, padded to this length. */
const padded = (bytes) => SET + ' '.repeat(bytes - Buffer.byteLength(SET));
const setOf = (count) =>
  keySet(good, ...Array.from({ length: count - 1 }, (_, number) => ({ ...retired.jwk, kid: `${number}` })));

const text =
  (body, status = 200, headers = {}) =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

/** Servers that give no keys: what they do, and what the log says about it. */
const BROKEN = {
  'answers 500': [text(SET, 500), /answered 500/],
  'answers 404': [text(SET, 404), /answered 404/],
  'answers 204': [text('', 204), /answered 204/],
  'answers 206 with a good set': [text(SET, 206), /answered 206/],
  'redirects to a good set': [text(SET, 302, { Location: '/target' }), /answered 302/],
  'redirects for good': [text(SET, 301, { Location: '/target' }), /answered 301/],
  'sends nothing': [text(''), /answered with nothing|not a JSON Web Key Set/],
  'sends HTML': [
    text('<!doctype html><title>Sign in</title>', 200, { 'Content-Type': 'text/html' }),
    /not a JSON Web Key Set/,
  ],
  'sends a list': [text(JSON.stringify([good.jwk])), /not a JSON Web Key Set/],
  'names keys twice': [text(`{"keys":[],${SET.slice(1)}`), /not a JSON Web Key Set/],
  'sends an empty set': [text(keySet()), /no usable key/],
  'sends private keys only': [text(keySet(good.privateJwk, leaked.privateJwk)), /no usable key/],
  'sends secrets only': [text(keySet(published)), /no usable key/],
  'sends the same kid twice': [text(keySet(good, { ...retired.jwk, kid: 'good' })), /no usable key/],
  'sends 101 keys': [text(setOf(101)), /more than 100 keys/],
  'sends a byte more than 64 KiB': [text(padded(BYTES_MAX + 1)), /more than 64 KiB/],
  'sends 10 MB': [text(padded(10_000_000)), /more than 64 KiB/],
  'sends 10 MB in a few kilobytes of gzip': [
    text(gzipSync(padded(10_000_000)), 200, { 'Content-Encoding': 'gzip' }),
    /more than 64 KiB/,
  ],
  'sends what is no gzip as gzip': [
    text(SET, 200, { 'Content-Encoding': 'gzip' }),
    /broke off|not a JSON Web Key Set|no usable/,
  ],
  'resets the connection': [(request) => request.socket.resetAndDestroy(), /the key server/],
};

/** Servers that take longer than the 5 s that they have. One test waits for all of them. */
const SLOW = {
  hangs: () => {},
  // The process between the worker and the server does not pass the reset on: the worker sees a response without end.
  'dies amid its answer': (_request, response) => {
    response.writeHead(200, { 'Content-Length': Buffer.byteLength(SET) });
    response.write(SET.slice(0, -10), () => response.socket.resetAndDestroy());
  },
  trickles: (_request, response) => {
    response.writeHead(200);
    // A byte at once, then one every quarter of a second: all of the set would take more than half a minute.
    const bytes = Buffer.from(SET).values();
    const send = () => response.write(Buffer.of(Number(bytes.next().value)));
    send();
    const timer = setInterval(send, 250);
    response.on('close', () => clearInterval(timer));
  },
};

/** Servers that give the good key, each in its way. */
const SOUND = {
  plain: text(SET),
  gzip: text(gzipSync(SET), 200, { 'Content-Encoding': 'gzip' }),
  'as text': text(SET, 200, { 'Content-Type': 'text/plain' }),
  'exactly 64 KiB': text(padded(BYTES_MAX)),
  '100 keys': text(setOf(100)),
  'among keys that cannot be used': text(
    keySet(
      leaked.privateJwk,
      published,
      { kty: 'EC', crv: 'P-521', kid: 'x' },
      null,
      { ...retired.jwk, use: 'enc' },
      good,
    ),
  ),
};

/** Copies in the cache: their age in minutes, the set, what the server sends then, and the statuses of both keys. */
const COPIES = {
  'a fresh copy saves the fetch': {
    age: 9,
    set: keySet(retired),
    sends: text(SET),
    fetches: 0,
    statuses: { retired: 200 },
  },
  'an old copy gives way to the server': {
    age: 11,
    set: keySet(retired),
    sends: text(SET),
    fetches: 1,
    statuses: { good: 200, retired: 401 },
  },
  'an old copy goes on while the server is down': {
    age: 55,
    set: keySet(retired),
    sends: text('', 500),
    fetches: 1,
    statuses: { retired: 200, good: 503 },
  },
  'a copy of more than an hour does not': {
    age: 61,
    set: keySet(retired),
    sends: text('', 500),
    fetches: 1,
    statuses: { retired: 503, good: 503 },
  },
  'a fresh copy that lacks the key is looked past': {
    age: 1,
    set: keySet(retired),
    sends: text(keySet(good, retired)),
    fetches: 1,
    statuses: { good: 200, retired: 200 },
  },
  'a copy of another server is none': {
    age: 1,
    set: keySet(retired),
    of: '/other',
    sends: text(SET),
    fetches: 1,
    statuses: { good: 200, retired: 401 },
  },
  'a copy from the future is none': {
    age: -600,
    set: keySet(retired),
    sends: text(SET),
    fetches: 1,
    statuses: { good: 200, retired: 401 },
  },
  'a garbled copy is none': { raw: 'no copy at all', sends: text(SET), fetches: 1, statuses: { good: 200 } },
};

/** Each case has a path of its own, and so finds no other case's copy in the cache. */
const pathOf = (name) => `/${encodeURIComponent(name)}`;
const nameOf = (path) => `worker-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
const storeKey = (path) => `keys/1/${createHash('sha256').update(keyServer.url(path)).digest('base64url')}`;
const names = [
  ...[BROKEN, SLOW, SOUND, COPIES].flatMap(Object.keys),
  'concurrent',
  'first isolate',
  'unknown kids',
  'rotation',
];

let keyServer;
let service;
before(async () => {
  keyServer = await startKeyServer();
  keyServer.serve('/target', text(SET));
  const paths = [...names.map(pathOf), pathOf('first isolate').concat('#2')];
  const siblings = paths.map((path) => [nameOf(path), { vars: { JWT_JWKS_URL: keyServer.url(path.split('#')[0]) } }]);
  // Through this process's fetch, because workerd would repeat a request whose connection is reset.
  const outbound = ({ url, method, headers, signal }) => fetch(url, { method, headers, signal, redirect: 'manual' });
  service = await startService({ siblings: Object.fromEntries(siblings), outbound });
  await service.post([{ type: 'organization', organizationId: 'o', name: 'O', updatedAt: '2026-01-01T00:00:00Z' }]);
});
after(async () => {
  await service?.close();
  await keyServer?.close();
});

/** A cold isolate whose key server answers like this. */
function cold(name, handler, suffix = '') {
  const path = pathOf(name);
  keyServer.serve(path, handler);
  const worker = service.sibling(nameOf(path + suffix));
  const report = (token) => worker.fetch(REPORT, { token });
  return { report, path, fetches: () => keyServer.requests(path).length };
}

async function checkStatus(status, response) {
  const body = await response.text();
  assert.equal(response.status, status, body);
  return body;
}

async function checkUnavailable(response) {
  const { error } = JSON.parse(await checkStatus(503, response));
  assert.equal(error, 'UNAVAILABLE');
  assert.match(response.headers.get('retry-after'), /^[1-9]\d*$/);
  assert.equal(response.headers.get('www-authenticate'), null);
}

/** A cold isolate gets no keys: it answers 503 to every token that they might verify, and asks the server only once. */
async function checkBroken(name, handler, cause) {
  const { report, fetches } = cold(name, handler);
  const token = good.token(CLAIMS);
  const response = await report(token);
  await checkUnavailable(response);
  await checkUnavailable(await report(good.token({ ...CLAIMS, sub: 'another' })));
  await checkUnavailable(await report(unknown.token(CLAIMS)));
  assert.equal(fetches(), 1);
  // Tokens that need no key server are not affected.
  await checkStatus(200, await report(adminToken('o')));
  await checkStatus(401, await report('garbage'));
  await checkStatus(401, await report(published.token(CLAIMS)));
  assert.equal(fetches(), 1);
  const log = JSON.stringify(service.linesOf(response));
  assert.match(log, cause);
  assert.ok(
    token.split('.').every((segment) => !log.includes(segment)),
    'the token is in the log',
  );
}

describe('a cold isolate, and a server that', () => {
  for (const [name, [handler, cause]] of Object.entries(BROKEN)) {
    test(name, () => checkBroken(name, handler, cause));
  }

  test('takes longer than five seconds', async () => {
    const startedAt = performance.now();
    await Promise.all(
      Object.entries(SLOW).map(([name, handler]) => checkBroken(name, handler, /timed? ?out|in time|abort/i)),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    assert.ok(seconds >= 4.5, `gave up after ${seconds} s`);
  });

  test('redirects is never followed', () => assert.equal(keyServer.requests('/target').length, 0));
});

describe('a cold isolate, and a server that sends a good set', () => {
  for (const [name, handler] of Object.entries(SOUND)) {
    test(name, async () => {
      const { report, path, fetches } = cold(name, handler);
      await checkStatus(200, await report(good.token(CLAIMS)));
      for (const key of [unknown, leaked, published]) await checkStatus(401, await report(key.token(CLAIMS)));
      await checkStatus(401, await report(unknown.token(CLAIMS, { kid: 'good' })));
      assert.equal(fetches(), 1);
      const [{ method, headers }] = keyServer.requests(path);
      assert.equal(method, 'GET');
      assert.deepEqual([headers.authorization, headers.cookie, headers.referer], [undefined, undefined, undefined]);
    });
  }
});

test('concurrent requests share one fetch, and all of them succeed', async () => {
  const { promise: asked, resolve: answerNow } = Promise.withResolvers();
  const { report, fetches } = cold('concurrent', (_request, response) => {
    answerNow(response);
  });
  const reports = Array.from({ length: 20 }, (_, number) => report(good.token({ ...CLAIMS, sub: `u${number}` })));
  const response = await asked;
  // A request that waits for nothing is answered meanwhile; then the server answers, too.
  await checkStatus(401, await report('garbage'));
  response.end(SET);
  for (const report of await Promise.all(reports)) await checkStatus(200, report);
  assert.equal(fetches(), 1);
});

test('unknown kids cause no further fetch, however many there are', async () => {
  const { report, fetches } = cold('unknown kids', text(SET));
  await checkStatus(200, await report(good.token(CLAIMS)));
  const kids = Array.from({ length: 50 }, (_, number) => `kid ${number}`);
  const responses = await Promise.all(kids.map((kid) => report(good.token(CLAIMS, { kid }))));
  for (const response of responses) await checkStatus(401, response);
  await checkStatus(200, await report(good.token({ ...CLAIMS, sub: 'another' })));
  assert.equal(fetches(), 1);
});

test('a second isolate uses the copy that the first has cached, and the server may be down', {
  timeout: 30_000,
}, async () => {
  const first = cold('first isolate', text(SET));
  const startedAt = Date.now();
  await checkStatus(200, await first.report(good.token(CLAIMS)));
  const stored = await copyOf(first.path);
  const [knownAt, url, set] = stored.split('\n');
  assert.ok(Number(knownAt) >= startedAt && Number(knownAt) <= Date.now(), knownAt);
  assert.deepEqual([url, set], [keyServer.url(first.path), SET]);

  const second = cold('first isolate', (request) => request.socket.destroy(), '#2');
  await checkStatus(200, await second.report(good.token(CLAIMS)));
  assert.equal(second.fetches(), 1, 'the first isolate alone has fetched');
  await checkUnavailable(await second.report(unknown.token(CLAIMS)));
  await checkStatus(200, await second.report(good.token({ ...CLAIMS, sub: 'another' })));
});

/** The copy in the cache, which is written after the response has been sent. */
async function copyOf(path) {
  for (;;) {
    const stored = await service.pages.get(storeKey(path));
    if (stored !== null) return stored;
  }
}

describe('a copy in the cache', () => {
  for (const [name, { age, set, of, raw, sends, fetches, statuses }] of Object.entries(COPIES)) {
    test(name, async () => {
      const { report, path, fetches: fetched } = cold(name, sends);
      const copy = raw ?? `${Date.now() - age * MINUTE}\n${keyServer.url(of ?? path)}\n${set}`;
      await service.pages.put(storeKey(path), copy);
      for (const [key, status] of Object.entries(statuses)) {
        await checkStatus(status, await report({ good, retired }[key].token(CLAIMS)));
      }
      assert.equal(fetched(), fetches);
    });
  }
});

test('two keys work at the same time, so that keys can be rotated', async () => {
  const { report, fetches } = cold('rotation', text(keySet(good, retired)));
  for (const key of [good, retired]) await checkStatus(200, await report(key.token(CLAIMS)));
  await checkStatus(401, await report(good.token(CLAIMS, { kid: undefined, alg: 'EdDSA' })));
  // Without a kid the algorithm decides, if exactly one key has it.
  await checkStatus(200, await report(retired.token(CLAIMS, { kid: undefined })));
  assert.equal(fetches(), 1);
});
