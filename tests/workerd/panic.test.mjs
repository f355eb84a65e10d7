// After a panic the isolate serves the next request: the wasm is instantiated again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsOf, LARGE, makeKeys, signToken } from '../../bench/data.mjs';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';

/**
 * The worker behind a module that breaks what the platform gives it, as the header `break` says: the method cannot be
 * read, at which the wasm is left by an exception; or nothing can be done after the response, at which `worker` panics.
 * The issuer's keys come from a binding: a set that was just fetched is put into KV after the response.
 */
const BREAKING = `
  import worker from './index.js';

  const unreadable = { get() { throw new Error('not readable'); } };

  const refusing = { waitUntil() { throw new Error('nothing after the response'); } };

  const withoutMethod = ({ url, headers }) => Object.defineProperty({ url, headers }, 'method', unreadable);

  export default {
    async fetch(request, env, context) {
      const broken = request.headers.get('break');
      globalThis.fetch = async () => new Response(env.KEY_SET);
      if (broken === 'method') return worker.fetch(withoutMethod(request), env, context);
      return worker.fetch(request, env, broken === 'waitUntil' ? refusing : context);
    },
  };
`;

/** Health says so of a database without tables, which it asks each time: a response, and no fault. */
const ANSWERED = 503;

test('a panic fails its own request, and the isolate serves the next one', async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'breaking.js', contents: BREAKING }, main, ...others];
  const { jwks, privateKeys } = makeKeys();
  const bindings = {
    HEAD_MAX_AGE_SECONDS: '0',
    JWT_JWKS_URL: 'https://issuer.example/keys',
    KEY_SET: JSON.stringify(jwks),
  };
  const side = await Side.start('breaking', { modules, bindings });
  const token = signToken(claimsOf('ADMIN', LARGE.organizationId), { alg: 'RS256', privateKeys });
  const breaking = { method: '/health', waitUntil: '/api/conversation-monitor/report' };
  const requestIds = [];
  const ask = async (path = '/health', headers = {}) => {
    const response = await side.fetch(path, { headers });
    const body = await response.text();
    if (response.status === ANSWERED) requestIds.push(response.headers.get('X-Request-Id'));
    return { status: response.status, body };
  };
  try {
    for (const broken of ['method', 'waitUntil', 'method', 'waitUntil']) {
      assert.equal((await ask()).status, ANSWERED);
      assert.equal((await ask()).status, ANSWERED);
      const { status } = await ask(breaking[broken], { break: broken, Authorization: `Bearer ${token}` });
      assert.equal(status, 500, broken);
    }
    const last = await ask();
    assert.equal(last.status, ANSWERED);
    assert.match(last.body, /"status":"unavailable"/);
  } finally {
    await side.stop();
  }
  // An id begins with the isolate's own random part, which is one of the things that are lost with the wasm's memory.
  assert.equal(new Set(requestIds.map((id) => id.slice(0, 24))).size, 5);
});
