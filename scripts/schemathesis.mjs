// Brings Schemathesis, which makes requests out of an OpenAPI document, into a virtual environment of its own.
//
//   node scripts/schemathesis.mjs          installs it, if need be, and prints where it is

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { capture } from './command.mjs';
import { toolCache, whenProgram } from './project.mjs';

const VERSION = '4.32.5';

/** The path of the program, or the reason why it cannot be had: without Python or its packages all else still works. */
export async function ensureSchemathesis(say = console.error) {
  const folder = path.join(toolCache(), `schemathesis-${VERSION}`);
  const program = path.join(folder, 'bin', 'schemathesis');
  const installed = path.join(folder, '.installed');
  if (existsSync(installed)) return { program };

  say(`Installing Schemathesis ${VERSION} into ${folder} …`);
  // What an installation that was cut off has left.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.dirname(folder), { recursive: true });
  const reason =
    (await virtualEnvironment(folder)) ??
    (await failureOf(path.join(folder, 'bin', 'pip'), [
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `schemathesis==${VERSION}`,
    ]));
  if (reason) return { reason };
  writeFileSync(installed, '');
  return { program };
}

/** Makes one; where Debian's Python comes without it, with the package that has it. Returns why that failed, if it did. */
async function virtualEnvironment(folder) {
  const create = () => failureOf('python3', ['-m', 'venv', folder]);
  const reason = await create();
  const mayInstall = process.getuid?.() === 0 && (await failureOf('apt-get', ['--version'])) === undefined;
  if (reason === undefined || !mayInstall) return reason;
  await failureOf('apt-get', ['update']);
  return (await failureOf('apt-get', ['install', '--yes', '--no-install-recommends', 'python3-venv'])) ?? create();
}

async function failureOf(program, args) {
  const { code, stdout, stderr } = await capture(program, args);
  if (code === 0) return undefined;
  const lines = `${stdout}${stderr}`.trim().split('\n');
  return `\`${path.basename(program)} ${args.join(' ')}\`: ${lines.at(-1) || `exit code ${code}`}`;
}

await whenProgram(import.meta.url, async () => {
  const { program, reason } = await ensureSchemathesis();
  console.log(program ?? `Schemathesis cannot be had: ${reason}`);
  return program ? 0 : 1;
});
