// Installs Schemathesis, which makes requests from an OpenAPI document.
//
//   node scripts/schemathesis.mjs          installs it if necessary, and prints its path

import path from 'node:path';
import { whenProgram } from './project.mjs';
import { ensurePythonPackages } from './python.mjs';

const VERSION = '4.32.5';

/** The path of the program, or the reason why it is not available: everything else works without Python. */
export async function ensureSchemathesis(say = console.error) {
  const { bin, reason } = await ensurePythonPackages(`schemathesis-${VERSION}`, [`schemathesis==${VERSION}`], say);
  return bin ? { program: path.join(bin, 'schemathesis') } : { reason };
}

await whenProgram(import.meta.url, async () => {
  const { program, reason } = await ensureSchemathesis();
  console.log(program ?? `Schemathesis is not available: ${reason}`);
  return program ? 0 : 1;
});
