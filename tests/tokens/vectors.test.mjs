// The file of tokens that the native tests read is what the sources make.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FILE, fileText, NOW, vectorsAt } from './vectors.mjs';

test('vectors.json is what vectors.mjs makes', () => {
  assert.ok(readFileSync(FILE, 'utf8') === fileText(), 'run `node tests/tokens/vectors.mjs`');
});

test('every token has a unique name within its source, and the same verdict at any time', () => {
  const names = (vectors) => vectors.map(({ source, name, verdict }) => `${source}: ${name}: ${verdict}`);
  const now = names(vectorsAt(NOW));
  assert.equal(new Set(vectorsAt(NOW).map(({ source, name }) => `${source}: ${name}`)).size, now.length);
  assert.deepEqual(names(vectorsAt(NOW + 123_456_789)), now);
});
