// A KV that never answers delays a page, and nothing else.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { claimsOf, SMALL, signToken } from '../../bench/data.mjs';
import { ensureSeed } from '../../bench/seed.mjs';
import { copyState, modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';

/** The worker, with a KV whose promises stay pending. */
const HANGING = `
  import worker from './index.js';

  const pending = () => new Promise(() => {});

  export default {
    fetch: (request, env, context) => worker.fetch(request, { ...env, PAGES: { get: pending, put: pending } }, context),
  };
`;

test('a page is read from the database when KV does not answer', async () => {
  await build();
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-kv-'));
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'hanging.js', contents: HANGING }, main, ...others];
  const state = copyState(await ensureSeed({ organizations: [SMALL], name: 'small-seed' }), path.join(folder, 'state'));
  const side = await Side.start('hanging', { modules, state });
  const headers = { Authorization: `Bearer ${signToken(claimsOf('ADMIN', SMALL.organizationId, 0))}` };
  const sourcesOf = async (page) => {
    const target = `/api/conversation-monitor/report?page=${page}&limit=10&skipThreshold=true`;
    const response = await side.fetch(target, { headers });
    const { data } = /** @type {any} */ (await response.json());
    assert.equal(data.rows.length, 10);
    return response.headers.get('Server-Timing') ?? '';
  };
  try {
    // KV is asked only when the head is in memory.
    assert.match(await sourcesOf(1), /head;desc="d1".*page;desc="d1"/);
    assert.match(await sourcesOf(2), /head;desc="memory".*page;desc="d1"/);
    assert.match(await sourcesOf(2), /page;desc="memory"/);
  } finally {
    await side.stop();
    rmSync(folder, { recursive: true });
  }
});
