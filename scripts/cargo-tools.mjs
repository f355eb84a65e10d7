// wasm-bindgen, built once with `cargo install` and kept in the user's cache folder: that works wherever the crates
// themselves can be fetched.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { capture, duration, run } from './command.mjs';
import { cargoTools, Failure, projectEnv, toolCache } from './project.mjs';

const UNFINISHED = '.installing-';

// It runs for seconds: compiling them fast matters more than what they could still gain in speed.
const FAST_TO_COMPILE = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/** Installs those that are missing. */
export async function ensureCargoTools(say) {
  const missing = cargoTools().filter((tool) => !existsSync(tool.path));
  if (missing.length) removeAbandoned();
  for (const [index, tool] of missing.entries()) {
    say(`Building ${tool.crate} ${tool.version} (${index + 1} of ${missing.length}; some minutes, once per machine) …`);
    const startedAt = performance.now();
    await install(tool);
    say(`Built ${tool.crate} ${tool.version} in ${duration(performance.now() - startedAt)}: ${tool.path}`);
  }
}

/** Installs into a folder of its own and renames it, so that an interrupted run is never mistaken for a complete one. */
async function install(tool) {
  const temporary = path.join(toolCache(), `${UNFINISHED}${process.pid}-${tool.crate}`);
  mkdirSync(temporary, { recursive: true });
  try {
    const args = ['install', tool.crate, '--version', `=${tool.version}`, '--locked', '--bin', tool.binary];
    args.push('--root', temporary, '--target-dir', path.join(tmpdir(), 'conversation-monitor-cargo-tools'));
    await run('cargo', args, {
      env: projectEnv(FAST_TO_COMPILE),
      failure: `\`cargo install ${tool.crate}\` failed; what it printed above says why. Running this again goes on from there.`,
    });
    await checkVersion(tool, path.join(temporary, 'bin', tool.binary));
    putInPlace(temporary, tool);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function checkVersion(tool, binary) {
  const { code, stdout, stderr } = await capture(binary, ['--version']);
  if (code === 0 && stdout.includes(tool.version)) return;
  throw new Failure(`${binary} should be ${tool.version}, but says: ${stdout}${stderr}`);
}

function putInPlace(temporary, tool) {
  try {
    renameSync(temporary, tool.folder);
  } catch (error) {
    // Another run was faster; or a folder without the program is in the way.
    if (existsSync(tool.path)) return;
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    rmSync(tool.folder, { recursive: true });
    renameSync(temporary, tool.folder);
  }
}

/** What runs that were killed left behind. */
function removeAbandoned() {
  if (!existsSync(toolCache())) return;
  for (const name of readdirSync(toolCache())) {
    if (!name.startsWith(UNFINISHED)) continue;
    const pid = Number.parseInt(name.slice(UNFINISHED.length), 10);
    if (!isAlive(pid)) rmSync(path.join(toolCache(), name), { recursive: true, force: true });
  }
}

/** Whether a process with this id exists. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
