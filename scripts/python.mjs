// Python packages, each set in a virtual environment of its own.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { capture } from './command.mjs';
import { toolCache } from './project.mjs';

/**
 * Installs packages, as pip names them, into `name` in the tool cache, unless they are there already. Returns the
 * folder of their programs, or the reason why they cannot be installed.
 */
export async function ensurePythonPackages(name, packages, say = console.error) {
  const folder = path.join(toolCache(), name);
  const bin = path.join(folder, 'bin');
  const installed = path.join(folder, '.installed');
  if (existsSync(installed)) return { bin };

  say(`Installing ${packages.join(', ')} into ${folder} …`);
  // An earlier installation may have been interrupted.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.dirname(folder), { recursive: true });
  const reason =
    (await createVirtualEnvironment(folder)) ??
    (await failureOf(path.join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages]));
  if (reason) return { reason };
  writeFileSync(installed, '');
  return { bin };
}

/** Debian's Python lacks the module for it; as root, its package is installed. Returns the reason if it failed. */
async function createVirtualEnvironment(folder) {
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
