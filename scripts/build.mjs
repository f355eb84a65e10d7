// Builds the worker into build/, unless what it is made of did not change since the last time.
//
//   npm run build [-- --force]
//
// wrangler runs this too (`[build]` in wrangler.toml), at each start and each change, and so do the tests:
// hence the stamp, and the lock against two builds at once.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { acquireLock } from './build-lock.mjs';
import { duration, run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { cargoTool, Failure, packageBin, projectEnv, ROOT, whenProgram } from './project.mjs';
import { ensureEverything } from './setup.mjs';

/** What the build is made of. Not of public/: the platform serves its files as they are. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'build.rs', '.cargo', 'src', 'scripts/build.mjs'];
/** What it makes. */
const PRODUCTS = ['index.js', 'index_bg.wasm', 'worker/shim.mjs'];

const USAGE = `usage: npm run build [-- --force]

Builds the worker (Rust to wasm) into build/. Does nothing if the sources did not change since the last build.
  --force   build all the same`;

/** Builds if need be. Returns whether it did. */
export async function build({ force = false, root = ROOT, say = console.error, compile = compileWorker, delay } = {}) {
  const folder = path.join(root, 'build');
  if (!force && isUpToDate(root)) return false;

  mkdirSync(folder, { recursive: true });
  const release = await acquireLock(path.join(folder, '.lock'), { say, delay });
  try {
    // Whoever held the lock has perhaps built just this.
    if (!force && isUpToDate(root)) return false;
    const startedAt = performance.now();
    // Taken before the build: what is edited meanwhile will be built the next time.
    const digest = digestSources(root);
    rmSync(path.join(folder, '.stamp'), { force: true });
    await compile(say);
    const lost = PRODUCTS.filter((name) => !existsSync(path.join(folder, name)));
    if (lost.length) throw new Failure(`The build ended well, but there is no build/${lost.join(', build/')}.`);
    writeFileSync(path.join(folder, '.stamp'), digest);
    say(`Built the worker in ${duration(performance.now() - startedAt)}.`);
    return true;
  } finally {
    release();
  }
}

/** Whether build/ holds what the sources as they are now would give. */
export function isUpToDate(root = ROOT) {
  const folder = path.join(root, 'build');
  const stamp = path.join(folder, '.stamp');
  if (!existsSync(stamp) || PRODUCTS.some((name) => !existsSync(path.join(folder, name)))) return false;
  return readFileSync(stamp, 'utf8') === digestSources(root);
}

/** SHA-256 over the names and the contents of all sources. */
export function digestSources(root = ROOT) {
  const hash = createHash('sha256');
  for (const name of SOURCES.flatMap((source) => listFiles(root, source))) {
    const content = readFileSync(path.join(root, name));
    // With the lengths, so that no two trees give the same bytes.
    hash.update(`${name.length} ${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function listFiles(root, name) {
  const full = path.join(root, name);
  if (!existsSync(full)) return [];
  const entries = readdirOrNull(full);
  if (!entries) return [name];
  return entries.sort().flatMap((entry) => listFiles(root, `${name}/${entry}`));
}

function readdirOrNull(full) {
  try {
    return readdirSync(full);
  } catch (error) {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  }
}

async function compileWorker(say) {
  // Under wrangler the packages are in use: never replace them then.
  const need = process.env.WRANGLER_COMMAND ? ['rust', 'tools'] : ['node', 'packages', 'rust', 'tools'];
  await ensureEverything({ need, say });
  const tools = {
    WASM_BINDGEN_BIN: cargoTool('wasm-bindgen'),
    WASM_OPT_BIN: packageBin('wasm-opt'),
    ESBUILD_BIN: packageBin('esbuild'),
  };
  // worker-build only warns about a path that is wrong, and goes on to download.
  for (const [name, file] of Object.entries(tools)) {
    if (!existsSync(file)) throw new Failure(`${name}: there is no ${file}. Run \`npm ci\`, then this again.`);
  }
  say('Building the worker (the first time takes some minutes) …');
  await run(cargoTool('worker-build'), ['--release'], {
    env: projectEnv(tools),
    failure: 'The build failed; what it printed above says why.',
  });
  await stripNames(tools.WASM_OPT_BIN);
}

/**
 * Takes the names of functions out of the wasm: worker-build insists on keeping them, and they would be a sixth of
 * the gzipped size. A panic still says in which file and line it happened.
 */
async function stripNames(wasmOpt) {
  const wasm = path.join(ROOT, 'build', 'index_bg.wasm');
  const features = ['bulk-memory', 'exception-handling', 'multivalue', 'mutable-globals'];
  features.push('nontrapping-float-to-int', 'reference-types', 'sign-ext');
  const enable = features.map((feature) => `--enable-${feature}`);
  // The levels by themselves run no pass again, but without them the instructions would be written out less tersely.
  const levels = ['--optimize-level=2', '--shrink-level=2'];
  await run(wasmOpt, [wasm, '--strip-debug', '--strip-producers', ...levels, ...enable, '-o', wasm], {
    failure: 'wasm-opt could not strip the wasm.',
  });
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { force: { type: 'boolean', default: false } });
  if (!flags) return;
  const built = await build({ force: flags.values.force });
  if (!built) console.log('The worker in build/ is up to date.');
});
