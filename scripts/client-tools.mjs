// The generators and linters of `npm run test:clients` that are too large to be dev dependencies.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { Failure, toolCache } from './project.mjs';
import { ensurePythonPackages } from './python.mjs';

const NPM_PACKAGES = { '@stoplight/spectral-cli': '6.16.3', orval: '8.38.0', zod: '4.6.7' };
const PYTHON_PACKAGES = ['openapi-python-client==0.29.1', 'mypy==2.4.1'];

/** Where cargo builds the Rust client. */
export const cargoTarget = () => path.join(toolCache(), 'clients-target');

/** The node_modules folder of the npm packages, which are installed if necessary. */
export async function ensureNpmClientTools(say = console.error) {
  const name = Object.entries(NPM_PACKAGES).map(([name, version]) => `${path.basename(name)}-${version}`);
  const folder = path.join(toolCache(), 'clients', name.join('-'));
  const installed = path.join(folder, '.installed');
  if (!existsSync(installed)) {
    say(`Installing ${Object.keys(NPM_PACKAGES).join(', ')} into ${folder} …`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: NPM_PACKAGES }));
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
    writeFileSync(installed, '');
  }
  return path.join(folder, 'node_modules');
}

/** The folder of the Python programs, which are installed if necessary. */
export async function ensurePythonClientTools() {
  const name = PYTHON_PACKAGES.join('-').replaceAll('==', '-');
  const { bin, reason } = await ensurePythonPackages(path.join('clients', name), PYTHON_PACKAGES);
  if (!bin) throw new Failure(`The Python packages cannot be installed: ${reason}`);
  return bin;
}
