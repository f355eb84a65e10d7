// Clients and zod schemas that orval generates compile under strict settings, and work.

import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ensureNpmClientTools } from '../../../scripts/client-tools.mjs';
import { startScenarios } from '../scenario.mjs';
import { DOCUMENTS, generated, load, runPackageBin, typeCheck } from '../tools.mjs';

let scenarios;
before(async () => {
  scenarios = await startScenarios();
  const nodeModules = await ensureNpmClientTools();
  const bin = path.join(nodeModules, '.bin', 'orval');
  rmSync(generated('orval'), { recursive: true, force: true });
  mkdirSync(generated('orval'), { recursive: true });
  // For zod, which the generated code imports.
  symlinkSync(nodeModules, generated('orval', 'node_modules'));
  for (const [name, document] of Object.entries(DOCUMENTS)) {
    const env = { DOCUMENT: document, FOLDER: generated('orval', name), SERVICE_URL: scenarios.url };
    const config = path.join(import.meta.dirname, 'orval.config.mjs');
    await runPackageBin('orval', ['--config', config], { bin, env, cwd: generated('orval') });
  }
});
after(() => scenarios?.close());

test('generated clients and their uses have no type errors', async () => {
  await typeCheck('orval/tsconfig.json');
});

test('they post events and read everything', async () => {
  const scenario = scenarios.create();
  const client = await load('orval/use.ts');
  await client.post(scenario);
  await scenarios.publish();
  const contract = await load('orval/use-contract.ts');
  await contract.read(scenario);
  await client.read(scenario);
});
