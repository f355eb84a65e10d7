// After a panic the isolate serves the next request: the wasm is instantiated again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';

/**
 * The worker behind a module that breaks what the platform gives it, as the header `break` says: the method cannot be read,
 * at which the wasm is left by an exception; or `webSocket` of a file's response cannot be read, at which Rust panics.
 */
const BREAKING = `
  import worker from './index.js';

  const unreadable = { get() { throw new Error('not readable'); } };

  class Fetcher {
    async fetch() {
      return Object.defineProperty(new Response('{}'), 'webSocket', unreadable);
    }
  }

  const withoutMethod = ({ url, headers }) => Object.defineProperty({ url, headers }, 'method', unreadable);

  export default {
    fetch(request, env, context) {
      const broken = request.headers.get('break');
      if (broken === 'method') return worker.fetch(withoutMethod(request), env, context);
      if (broken === 'file') return worker.fetch(request, { ...env, ASSETS: new Fetcher() }, context);
      return worker.fetch(request, env, context);
    },
  };
`;

/** Health says so of a database without tables: an answer, and no fault. */
const ANSWERED = 503;

test('a panic fails its own request, and the isolate serves the next one', async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'breaking.js', contents: BREAKING }, main, ...others];
  const side = await Side.start('breaking', { modules });
  const requestIds = [];
  const ask = async (path = '/health', headers = {}) => {
    const response = await side.fetch(path, { headers });
    const body = await response.text();
    if (response.status === ANSWERED) requestIds.push(response.headers.get('X-Request-Id'));
    return { status: response.status, body };
  };
  try {
    for (const broken of ['method', 'file', 'method', 'file']) {
      assert.equal((await ask()).status, ANSWERED);
      assert.equal((await ask()).status, ANSWERED);
      assert.equal((await ask('/openapi.json', { break: broken })).status, 500);
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
