// Redocly finds nothing to complain about in the document, not even a warning.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOCUMENTS, runPackageBin } from './tools.mjs';

test('Redocly, recommended rules', async () => {
  const output = await runPackageBin('redocly', ['lint', '--extends=recommended', '--format=json', DOCUMENTS.service]);
  const { totals, problems } = JSON.parse(output);
  assert.deepEqual(problems, []);
  assert.deepEqual([totals.errors, totals.warnings], [0, 0]);
});
