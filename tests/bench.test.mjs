// The benchmark compares like with like: the worker and its peers answer the same bytes.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { makeKeys } from '../bench/data.mjs';
import { differences } from '../bench/equality.mjs';
import { ensureSeed } from '../bench/seed.mjs';
import { copyState, Side, SIDES } from '../bench/sides.mjs';

test('the worker and both peers answer the same bytes to the same requests', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-bench-'));
  const sides = [];
  try {
    const keys = makeKeys();
    const seed = await ensureSeed();
    for (const name of SIDES) {
      const state = copyState(seed, path.join(folder, name));
      sides.push(await Side.start(name, { state, jwks: keys.jwks }));
    }
    const { privateKeys } = keys;
    assert.deepEqual(await differences(sides, { privateKeys, withAlgorithms: Object.keys(privateKeys) }), []);
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
    rmSync(folder, { recursive: true });
  }
});
