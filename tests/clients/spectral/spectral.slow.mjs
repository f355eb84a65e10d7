// Spectral finds nothing to complain about in the document, not even a hint.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { ensureNpmClientTools } from '../../../scripts/client-tools.mjs';
import { DOCUMENTS, runPackageBin } from '../tools.mjs';

test('Spectral, spectral:oas', async () => {
  const bin = path.join(await ensureNpmClientTools(), '.bin', 'spectral');
  const args = [
    'lint',
    '--format=json',
    '--quiet',
    '--fail-severity=hint',
    '--ruleset',
    path.join(import.meta.dirname, 'ruleset.yaml'),
  ];
  const output = await runPackageBin('spectral', [...args, DOCUMENTS.service], { bin });
  assert.deepEqual(JSON.parse(output), []);
});
