// `npm run test:clients`: the document is linted, and clients in three languages are generated from it and used against
// the worker.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ensureNpmClientTools, ensurePythonClientTools } from './client-tools.mjs';
import { run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { inRoot, whenProgram, wranglerNode } from './project.mjs';
import { EVERYTHING, ensureEverything } from './setup.mjs';

const USAGE = `usage: npm run test:clients

Spectral, Redocly, and clients by openapi-typescript, @hey-api/openapi-ts, orval, openapi-python-client and progenitor.`;

await whenProgram(import.meta.url, async (args) => {
  if (!parseFlags(args, USAGE, {})) return;
  await ensureEverything({ need: EVERYTHING });
  await ensureNpmClientTools();
  await ensurePythonClientTools();
  // One after another: they share the folder of generated code, and the compilers take all there is.
  const options = ['--test', '--test-concurrency=1', '--test-reporter=spec'];
  await run(wranglerNode(), [...options, ...testFiles()], { failure: 'Not all tests passed.' });
});

function testFiles() {
  return readdirSync(inRoot('tests', 'clients'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /(\.test|\.slow)\.mjs$/.test(file) && !file.startsWith('generated'))
    .map((file) => path.join(inRoot('tests', 'clients'), file))
    .sort();
}
