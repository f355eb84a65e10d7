// The benchmark compares like with like: the worker and its peers answer the same bytes.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { makeKeys } from '../bench/data.mjs';
import { compareSides } from '../bench/equality.mjs';
import { ensureSeed } from '../bench/seed.mjs';

test('the worker and both peers answer the same bytes to the same requests', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-bench-'));
  try {
    const { differences, requests } = await compareSides({ seed: await ensureSeed(), keys: makeKeys(), folder });
    assert.deepEqual(differences, []);
    assert.ok(requests >= 60, `${requests} requests`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
