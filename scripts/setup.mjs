// Checks what building, running and testing need, and installs what is missing.
//
//   node scripts/setup.mjs [node] [packages] [rust] [lint] [tools]     (all of them without an argument)
//
// Runs on the machine's own Node, because the newer one that wrangler needs comes only with the packages.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { ensureCargoTools } from './cargo-tools.mjs';
import { capture, run } from './command.mjs';
import { Failure, inRoot, NODE_MIN_MAJOR, pathWithoutPackageBin, whenProgram, wranglerNode } from './project.mjs';

const WASM_TARGET = 'wasm32-unknown-unknown';
const STEPS = {
  node: ensureNode,
  packages: ensurePackages,
  rust: ensureRust,
  lint: ensureLint,
  tools: ensureCargoTools,
};

/** What every script of this project may ask for. */
export const EVERYTHING = Object.keys(STEPS);

/** Installs or checks everything that `need` names, each thing after what it depends on. */
export async function ensureEverything({ need = EVERYTHING, say = console.error } = {}) {
  for (const name of need) {
    if (!(name in STEPS)) throw new Failure(`"${name}" is none of ${EVERYTHING.join(', ')}.`);
  }
  for (const name of EVERYTHING) if (need.includes(name)) await STEPS[name](say);
}

function ensureNode() {
  if (process.platform === 'win32') {
    throw new Failure(
      'These scripts need Linux or macOS. On Windows, run them in WSL: https://learn.microsoft.com/windows/wsl/install',
    );
  }
  const major = Number(process.versions.node.split('.')[0]);
  if (major < NODE_MIN_MAJOR) {
    throw new Failure(
      `Node ${NODE_MIN_MAJOR} or newer is needed; this is ${process.versions.node}. Get it from https://nodejs.org/`,
    );
  }
}

async function ensurePackages(say) {
  const reason = whyInstallPackages();
  if (reason) {
    say(`Installing the npm packages (${reason}) …`);
    // Not with this project's own Node in front: `npm ci` removes it before it fetches it again. No warnings: the
    // machine's Node may be older than wrangler asks for, which is what the package "node" is for.
    const env = { ...process.env, PATH: pathWithoutPackageBin() };
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      env,
      failure: '`npm ci` failed; what it printed above says why.',
    });
  }
  wranglerNode();
}

/** Why node_modules is not what package-lock.json says; undefined if it is. */
function whyInstallPackages() {
  const installed = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(installed)) return 'there are none yet';
  if (statSync(installed).mtimeMs < statSync(inRoot('package-lock.json')).mtimeMs) return 'package-lock.json is newer';
  return undefined;
}

async function ensureRust(say) {
  const { code, stdout } = await capture('rustc', ['--version']);
  if (code !== 0 || (await capture('cargo', ['--version'])).code !== 0) {
    throw new Failure(
      'Rust is needed, and neither `cargo` nor `rustc` can be run.\n' +
        'Install it with rustup (https://rustup.rs/), open a new terminal, and run this again:\n' +
        "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
    );
  }
  const wanted = readFileSync(inRoot('Cargo.toml'), 'utf8').match(/^rust-version = "(\d+)\.(\d+)/m);
  const found = stdout.match(/^rustc (\d+)\.(\d+)/);
  if (wanted && found && (Number(found[1]) - Number(wanted[1]) || Number(found[2]) - Number(wanted[2])) < 0) {
    throw new Failure(
      `Rust ${wanted[1]}.${wanted[2]} or newer is needed; this is ${stdout.trim()}. Run \`rustup update\`.`,
    );
  }
  if (await hasWasmTarget()) return;
  say(`Adding the Rust target ${WASM_TARGET} …`);
  await rustup(['target', 'add', WASM_TARGET]);
  if (!(await hasWasmTarget())) throw new Failure(`The Rust in use (${stdout.trim()}) still has no ${WASM_TARGET}.`);
}

/** Asks the compiler in use, not rustup: this needs no network, and works for toolchains that rustup does not know. */
async function hasWasmTarget() {
  const { code, stdout } = await capture('rustc', ['--print', 'target-libdir', '--target', WASM_TARGET]);
  return code === 0 && existsSync(stdout.trim());
}

async function ensureLint(say) {
  for (const [component, command] of [
    ['rustfmt', 'fmt'],
    ['clippy', 'clippy'],
  ]) {
    if ((await capture('cargo', [command, '--version'])).code === 0) continue;
    say(`Adding the Rust component ${component} …`);
    await rustup(['component', 'add', component]);
  }
}

async function rustup(args) {
  if ((await capture('rustup', ['--version'])).code !== 0) {
    throw new Failure(`\`rustup ${args.join(' ')}\` is needed, and there is no rustup. Install it: https://rustup.rs/`);
  }
  await run('rustup', args, { failure: `\`rustup ${args.join(' ')}\` failed; is the network reachable?` });
}

await whenProgram(import.meta.url, async (need) => {
  if (need.includes('--help')) {
    console.log(`usage: node scripts/setup.mjs [${EVERYTHING.join('] [')}]\nWithout an argument: all of them.`);
    return;
  }
  await ensureEverything({ need: need.length ? need : EVERYTHING });
  console.error('Everything that is needed is there.');
});
