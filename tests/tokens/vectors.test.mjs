// The file of tokens is up to date; and the native tests' tables, where `npm test` shows them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nativeTable } from './native.mjs';
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

for (const name of ['wycheproof', 'vectors', 'mutations']) {
  test(`what the native tests tried: ${name}`, async (t) => {
    for (const line of await nativeTable(name)) t.diagnostic(line);
  });
}
