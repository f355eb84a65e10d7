// After a panic the isolate serves the next request: the wasm is instantiated again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';

/** The worker behind a module that hands it a request which makes it panic: one without a readable `cf`. */
const PANICKING = `
  import worker from './index.js';

  const broken = ({ method, url, headers }) => ({
    method,
    url,
    headers,
    get cf() {
      throw new Error('not readable');
    },
  });

  export default {
    fetch: (request, env, context) =>
      worker.fetch(request.headers.has('panic') ? broken(request) : request, env, context),
  };
`;

/** Health says so of a database without tables: an answer, and no fault. */
const ANSWERED = 503;

test('a panic fails its own request, and the isolate serves the next one', async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'panicking.js', contents: PANICKING }, main, ...others];
  const side = await Side.start('panicking', { modules });
  const requestIds = [];
  const ask = async (headers = {}) => {
    const response = await side.fetch('/health', { headers });
    const body = await response.text();
    if (response.status === ANSWERED) requestIds.push(response.headers.get('X-Request-Id'));
    return { status: response.status, body };
  };
  try {
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await ask()).status, ANSWERED);
      assert.equal((await ask()).status, ANSWERED);
      assert.equal((await ask({ panic: 'yes' })).status, 500);
    }
    const last = await ask();
    assert.equal(last.status, ANSWERED);
    assert.match(last.body, /"status":"unavailable"/);
  } finally {
    await side.stop();
  }
  // An id begins with the isolate's own random part, which is one of the things that are lost with the wasm's memory.
  assert.equal(new Set(requestIds.map((id) => id.slice(0, 24))).size, 4);
});
