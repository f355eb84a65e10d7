// After a panic the isolate serves the next request: the wasm is instantiated again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';

/**
 * The worker behind a module that breaks what the platform gives it, as the header `break` says: the method cannot be
 * read, at which the wasm is left by an exception; or there is no timer, at which Rust panics, since no await of the
 * database is without one.
 */
const BREAKING = `
  import worker from './index.js';

  const unreadable = { get() { throw new Error('not readable'); } };

  const { setTimeout } = globalThis;
  const noTimer = () => { throw new Error('no timer'); };

  const withoutMethod = ({ url, headers }) => Object.defineProperty({ url, headers }, 'method', unreadable);

  export default {
    async fetch(request, env, context) {
      const broken = request.headers.get('break');
      if (broken === 'method') return worker.fetch(withoutMethod(request), env, context);
      try {
        if (broken === 'timer') globalThis.setTimeout = noTimer;
        return await worker.fetch(request, env, context);
      } finally {
        globalThis.setTimeout = setTimeout;
      }
    },
  };
`;

/** Health says so of a database without tables, which it asks each time: an answer, and no fault. */
const ANSWERED = 503;

test('a panic fails its own request, and the isolate serves the next one', async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'breaking.js', contents: BREAKING }, main, ...others];
  const side = await Side.start('breaking', { modules, bindings: { HEAD_MAX_AGE_SECONDS: '0' } });
  const requestIds = [];
  const ask = async (path = '/health', headers = {}) => {
    const response = await side.fetch(path, { headers });
    const body = await response.text();
    if (response.status === ANSWERED) requestIds.push(response.headers.get('X-Request-Id'));
    return { status: response.status, body };
  };
  try {
    for (const broken of ['method', 'timer', 'method', 'timer']) {
      assert.equal((await ask()).status, ANSWERED);
      assert.equal((await ask()).status, ANSWERED);
      assert.equal((await ask('/health', { break: broken })).status, 500);
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
