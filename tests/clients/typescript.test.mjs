// Clients that openapi-typescript and @hey-api/openapi-ts generate compile under strict settings, and work.

import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startScenarios } from './scenario.mjs';
import { DOCUMENTS, generated, load, runPackageBin, typeCheck } from './tools.mjs';

const GENERATORS = {
  'openapi-fetch': (name, document) =>
    runPackageBin('openapi-typescript', [document, '--output', generated('openapi-typescript', `${name}.ts`)]),
  'hey-api': (name, document) =>
    runPackageBin('openapi-ts', [
      '--input',
      document,
      '--output',
      generated('hey-api', name),
      '--silent',
      '--no-log-file',
    ]),
};

let scenarios;
before(async () => {
  for (const folder of ['openapi-typescript', 'hey-api']) rmSync(generated(folder), { recursive: true, force: true });
  const generations = Object.values(GENERATORS).flatMap((generate) =>
    Object.entries(DOCUMENTS).map(([name, document]) => generate(name, document)),
  );
  [scenarios] = await Promise.all([startScenarios(), ...generations]);
});
after(() => scenarios?.close());

test('generated clients and their uses have no type errors', async () => {
  await typeCheck('tsconfig.json');
});

for (const name of Object.keys(GENERATORS)) {
  describe(name, () => {
    let scenario;

    test('posts events', async () => {
      scenario = scenarios.create();
      const { post } = await load(`typescript/${name}.ts`);
      await post(scenario);
      await scenarios.publish();
    });

    test('reads what the contract describes, generated from the contract', async () => {
      const { read } = await load(`typescript/contract-${name}.ts`);
      await read(scenario);
    });

    test('reads reports, CSV, numbers, scopes and settings, and sets the threshold', async () => {
      const { read } = await load(`typescript/${name}.ts`);
      await read(scenario);
    });
  });
}
