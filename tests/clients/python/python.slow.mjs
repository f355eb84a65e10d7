// Clients that openapi-python-client generates pass mypy's strict checks, and work.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ensurePythonClientTools } from '../../../scripts/client-tools.mjs';
import { startScenarios } from '../scenario.mjs';
import { DOCUMENTS, generated, runProgram } from '../tools.mjs';

const USE = path.join(import.meta.dirname, 'use.py');

let bin;
let scenarios;
/** The generators look for ruff on the PATH. */
const run = (program, args) =>
  runProgram(path.join(bin, program), args, {
    cwd: generated('python'),
    env: {
      PATH: `${bin}${path.delimiter}${process.env.PATH}`,
      PYTHONPATH: generated('python'),
      PYTHONDONTWRITEBYTECODE: '1',
    },
  });

before(async () => {
  bin = await ensurePythonClientTools();
  rmSync(generated('python'), { recursive: true, force: true });
  mkdirSync(generated('python'), { recursive: true });
  scenarios = await startScenarios();
});
after(() => scenarios?.close());

for (const [name, document] of Object.entries(DOCUMENTS)) {
  test(`${name}: it is generated without a warning`, async () => {
    const output = await run('openapi-python-client', [
      'generate',
      '--path',
      document,
      '--meta=none',
      '--output-path',
      generated('python', name),
      '--fail-on-warning',
    ]);
    assert.doesNotMatch(output, /warning/i);
  });
}

test('generated clients and their uses have no type errors', async () => {
  await run('mypy', ['--strict', '--no-incremental', USE]);
});

test('they post events and read everything', async () => {
  const scenario = scenarios.create();
  await run('python', [USE, 'post', JSON.stringify(scenario)]);
  await scenarios.publish();
  await run('python', [USE, 'read', JSON.stringify(scenario)]);
});
