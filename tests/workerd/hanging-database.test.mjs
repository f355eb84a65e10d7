// A database that never answers: whoever asks is told so within ten seconds, by the service and not by the platform.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsOf, SMALL, signToken } from '../../bench/data.mjs';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';

/** The worker, with a database whose promises stay pending, and with timers a hundred times as fast. */
const HANGING = `
  import worker from './index.js';

  const { setTimeout } = globalThis;
  globalThis.setTimeout = (callback, milliseconds, ...rest) => setTimeout(callback, milliseconds / 100, ...rest);

  const statement = { bind: () => statement };
  const DB = {
    prepare: () => statement,
    batch: () => new Promise(() => {}),
    withSession: () => DB,
    getBookmark: () => null,
  };

  export default {
    fetch: (request, env, context) => worker.fetch(request, { ...env, DB }, context),
  };
`;

test('a request is answered with 503 when the database does not answer', async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'hanging.js', contents: HANGING }, main, ...others];
  const side = await Side.start('hanging', { modules });
  const headers = { Authorization: `Bearer ${signToken(claimsOf('ADMIN', SMALL.organizationId, 0))}` };
  try {
    for (const [target, init] of /** @type {[string, RequestInit][]} */ ([
      ['/api/conversation-monitor/report', { headers }],
      ['/api/conversation-monitor/summary', { headers }],
      ['/health', {}],
    ])) {
      const response = await side.fetch(target, init);
      const answer = /** @type {any} */ (await response.json());
      assert.deepEqual([response.status, answer.success, answer.error], [503, false, 'UNAVAILABLE'], target);
      assert.ok(response.headers.get('Retry-After'), target);
    }
  } finally {
    await side.stop();
  }
});
