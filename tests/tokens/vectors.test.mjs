import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nativeTables } from './native.mjs';
import { FILE, fileText, NOW, vectorsAt } from './vectors.mjs';

test('vectors.json is what vectors.mjs makes', () => {
  assert.ok(readFileSync(FILE, 'utf8') === fileText(), 'run `node tests/tokens/vectors.mjs`');
});

test('every token has a name of its own within its source, and the verdict at any time', () => {
  const names = (vectors) => vectors.map(({ source, name, verdict }) => `${source}: ${name}: ${verdict}`);
  const now = names(vectorsAt(NOW));
  assert.equal(new Set(vectorsAt(NOW).map(({ source, name }) => `${source}: ${name}`)).size, now.length);
  assert.deepEqual(names(vectorsAt(NOW + 123_456_789)), now);
});

test('what the native tests tried', async (t) => {
  for (const table of await nativeTables(['wycheproof', 'vectors', 'mutations'])) {
    for (const line of table.trimEnd().split('\n')) t.diagnostic(line);
  }
});
