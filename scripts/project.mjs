// Where things are: the repository, its tools, and the versions that Cargo.lock fixes.

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const PACKAGE_BIN = path.join(ROOT, 'node_modules', '.bin');

/** The oldest Node that these scripts run on, and the oldest that wrangler runs on. */
export const NODE_MIN_MAJOR = 20;
const WRANGLER_NODE_MIN = [22, 12];

/** A failure that the person at the keyboard can act on: printed without a stack. */
export class Failure extends Error {
  constructor(message, { exitCode = 1 } = {}) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** An absolute path inside the repository. */
export function inRoot(...parts) {
  return path.join(ROOT, ...parts);
}

/** The absolute path of a program that an npm package of this project brought along. */
export function packageBin(name) {
  return path.join(PACKAGE_BIN, name);
}

/**
 * The Node that wrangler and the tests run on: the one from package.json, which does not depend on the
 * machine's; else the one running this, if it is new enough.
 */
export function wranglerNode() {
  const own = packageBin('node');
  if (existsSync(own)) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [minMajor, minMinor] = WRANGLER_NODE_MIN;
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return process.execPath;
  throw new Failure(
    `wrangler needs Node ${WRANGLER_NODE_MIN.join('.')} or newer; this is ${process.versions.node}, and node_modules has none.\n` +
      'The npm package "node" fetches one in its install script: run `npm ci --ignore-scripts=false`.',
  );
}

/**
 * The environment for programs of this project: its own bin folder first, wrangler offline and silent.
 *
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function projectEnv(extra = {}) {
  return {
    ...process.env,
    PATH: [PACKAGE_BIN, pathWithoutPackageBin()].join(path.delimiter),
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    // Else `wrangler dev` waits seconds for an answer from the network that it can do without.
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    ...extra,
  };
}

/** PATH as it was before npm put this project's bin folder in front of it. */
export function pathWithoutPackageBin() {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => path.resolve(folder) !== PACKAGE_BIN)
    .join(path.delimiter);
}

/** The version of a crate as Cargo.lock has it. */
export function lockedVersion(crate, lockText = readFileSync(inRoot('Cargo.lock'), 'utf8')) {
  for (const entry of lockText.split('[[package]]')) {
    if (!entry.includes(`\nname = "${crate}"\n`)) continue;
    const version = entry.match(/^version = "([^"]+)"$/m)?.[1];
    if (version) return version;
  }
  throw new Failure(`Cargo.lock names no crate "${crate}".`);
}

/**
 * The programs that `cargo install` builds for this project. Each has the version of the crate in Cargo.lock that it
 * must match: wasm-bindgen refuses any other.
 */
export function cargoTools() {
  return [{ crate: 'wasm-bindgen-cli', binary: 'wasm-bindgen', version: lockedVersion('wasm-bindgen') }].map((tool) => {
    const folder = path.join(toolCache(), `${tool.crate}-${tool.version}`);
    return { ...tool, folder, path: path.join(folder, 'bin', tool.binary) };
  });
}

/** The absolute path of one of them. */
export function cargoTool(binary) {
  const tool = cargoTools().find((each) => each.binary === binary);
  if (!tool) throw new Error(`${binary} is not one of this project's tools`);
  return tool.path;
}

/** Outside the repository, so that a fresh clone does not build the tools again. */
export function toolCache() {
  const base = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  return path.join(base, 'conversation-monitor');
}

/** Runs `main` if the module with this `import.meta.url` is the program, and not imported by another one. */
export async function whenProgram(moduleUrl, main) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== realpathSync(fileURLToPath(moduleUrl))) return;
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}
