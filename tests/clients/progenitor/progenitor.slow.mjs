// Clients that progenitor generates compile, and work.

import path from 'node:path';
import { after, before, test } from 'node:test';
import { cargoTarget } from '../../../scripts/client-tools.mjs';
import { startScenarios } from '../scenario.mjs';
import { runProgram } from '../tools.mjs';

const MANIFEST = path.join(import.meta.dirname, 'Cargo.toml');

let scenarios;
before(async () => {
  scenarios = await startScenarios();
});
after(() => scenarios?.close());

test('generated clients and their uses compile without a warning', async () => {
  const env = { RUSTFLAGS: '-D warnings' };
  await runProgram('cargo', ['build', '--locked', '--manifest-path', MANIFEST, '--target-dir', cargoTarget()], { env });
});

test('they post events and read everything', async () => {
  const scenario = scenarios.create();
  const program = path.join(cargoTarget(), 'debug', 'progenitor-client-test');
  await runProgram(program, ['post', JSON.stringify(scenario)]);
  await scenarios.publish();
  await runProgram(program, ['read', JSON.stringify(scenario)]);
});
