// Builds the worker and the dashboard into build/, each unless what it is made of did not change since the last time.
//
//   npm run build [-- --force]
//
// wrangler runs this too (`[build]` in wrangler.toml), at each start and each change, and so do the tests:
// hence the stamps, and the lock against two builds at once.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { buildDashboard } from './build-dashboard.mjs';
import { acquireLock } from './build-lock.mjs';
import { capture, duration, run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { cargoTool, Failure, inRoot, packageBin, ROOT, whenProgram } from './project.mjs';
import { ensureEverything } from './setup.mjs';
import { nameByResemblance } from './wasm-order.mjs';

/**
 * A part of the build: what it is made of, what it makes in build/, and the file there that says of what sources.
 *
 * @typedef {{ sources: string[], products: string[], stamp: string }} Part
 */

/** @type {Part} */
const WORKER = {
  sources: [
    'Cargo.toml',
    'Cargo.lock',
    'rust-toolchain.toml',
    '.cargo',
    'src',
    'scripts/build.mjs',
    'scripts/wasm-order.mjs',
  ],
  products: ['index.js', 'index_bg.wasm'],
  stamp: '.stamp',
};
/** @type {Part} */
const DASHBOARD = {
  sources: ['public', 'scripts/build-dashboard.mjs'],
  products: ['public/index.html', 'public/main.js', 'public/main.css'],
  stamp: '.stamp-dashboard',
};
const PARTS = [WORKER, DASHBOARD];

const WASM_TARGET = 'wasm32-unknown-unknown';
/** As a `cdylib` only: with the `rlib` of the native tests beside it, the gzipped wasm is 9 KB larger. */
const CARGO_ARGS = ['rustc', '--release', '--lib', '--crate-type', 'cdylib', '--target', WASM_TARGET];
const LLVM_ARGS = [
  // It copies code to where it may be spared a second time (partial redundancy elimination): 4 KB.
  '-enable-pre=0',
  // Up to 16 bytes are copied by loads and stores, and not 32; what is longer by an instruction for copies: 6 KB.
  '-max-store-memcpy=2',
  '-max-store-memmove=2',
  // Both ways of a condition are not worked out to choose between two values.
  '-phi-node-folding-threshold=1',
];
const RUSTC_ARGS = ['-C', `llvm-args=${LLVM_ARGS.join(' ')}`];
/** With the abort handler an isolate whose wasm has panicked instantiates it again at the next request. */
const BINDGEN_ARGS = ['--target', 'module', '--no-typescript', '--force-enable-abort-handler'];
/** What rustc and wasm-bindgen use. */
const WASM_FEATURES = [
  'bulk-memory',
  'exception-handling',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
].map((feature) => `--enable-${feature}`);
const WASM_OPT_ARGS = [
  ...WASM_FEATURES,
  // For speed.
  '-O3',
  // rustc has inlined already: now only functions that are smaller than a call. More adds 5 KB to the gzipped wasm.
  '--always-inline-max-function-size=1',
  '--flexible-inline-max-function-size=3',
  '--one-caller-inline-max-function-size=0',
  // What they save by keeping a value in a local, or by not keeping it, gzip loses: 2 KB and 1.4 KB.
  '--skip-pass=local-cse',
  '--skip-pass=simplify-locals',
  // Addresses below 1,024 are the far end of the stack, so a constant added to an address can go into the instruction:
  // 2 KB.
  '--low-memory-unused',
  // Engines ignore the alignment that loads and stores claim. All alike, they take 3 KB less.
  '--dealign',
];
/**
 * Exports of classes that come with the `worker` crate and that nothing here makes an object of. Without them, what
 * they need goes as well: 2 KB of the gzipped wasm.
 */
const UNUSED_EXPORT = /containerstartupoptions|minifyconfig|r2range|intounderlyingsink|intounderlyingbytesource/;
const ESBUILD_ARGS = [
  '--bundle',
  '--minify',
  '--format=esm',
  '--external:./index_bg.wasm',
  '--external:cloudflare:*',
  '--external:node:*',
  '--log-level=warning',
];

const USAGE = `usage: npm run build [-- --force]

Builds the worker (Rust to wasm) and the dashboard (one script and one stylesheet) into build/. Does nothing for what did not
change since the last build.
  --force   build all the same`;

/** Builds what is out of date. Returns whether anything was. */
export async function build({
  force = false,
  root = ROOT,
  say = console.error,
  compile = compileWorker,
  bundle = (progress) => buildDashboard(root, progress),
  delay = undefined,
} = {}) {
  if (!force && isUpToDate(root)) return false;

  const folder = path.join(root, 'build');
  mkdirSync(folder, { recursive: true });
  const release = await acquireLock(path.join(folder, '.lock'), { say, delay });
  try {
    // The process that held the lock may have built exactly this.
    const isStale = (part) => force || !isPartUpToDate(part, root);
    const isWorkerBuilt = isStale(WORKER);
    const isDashboardBuilt = isStale(DASHBOARD);
    if (isWorkerBuilt) {
      const startedAt = performance.now();
      await buildPart(WORKER, root, () => compile(say));
      say(`Built the worker in ${duration(performance.now() - startedAt)}.`);
    }
    if (isDashboardBuilt) await buildPart(DASHBOARD, root, () => bundle(say));
    return isWorkerBuilt || isDashboardBuilt;
  } finally {
    release();
  }
}

/**
 * Builds a part, and notes of what.
 *
 * @param {Part} part
 * @param {string} root
 * @param {() => Promise<void>} make
 */
async function buildPart({ sources, products, stamp }, root, make) {
  const folder = path.join(root, 'build');
  // Taken before the build: what is edited meanwhile will be built the next time.
  const digest = digestOf(sources, root);
  rmSync(path.join(folder, stamp), { force: true });
  await make();
  const lost = products.filter((name) => !existsSync(path.join(folder, name)));
  if (lost.length) throw new Failure(`The build ended well, but there is no build/${lost.join(', build/')}.`);
  writeFileSync(path.join(folder, stamp), digest);
}

/** Whether build/ is what the current sources would give. */
export function isUpToDate(root = ROOT) {
  return PARTS.every((part) => isPartUpToDate(part, root));
}

/** @param {Part} part */
function isPartUpToDate({ sources, products, stamp: name }, root) {
  const folder = path.join(root, 'build');
  const stamp = path.join(folder, name);
  if (!existsSync(stamp) || products.some((product) => !existsSync(path.join(folder, product)))) return false;
  return readFileSync(stamp, 'utf8') === digestOf(sources, root);
}

/** SHA-256 over the names and the contents of all sources of the worker. */
export const digestSources = (root = ROOT) => digestOf(WORKER.sources, root);

function digestOf(sources, root) {
  const hash = createHash('sha256');
  for (const name of sources.flatMap((source) => listFiles(root, source))) {
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

/**
 * Compiles the worker into `folder`. With `named`, functions keep their names in the wasm, for a profile.
 *
 * These are the steps of worker-build, which is not used because of its entry module (see src/worker/entry.js) and
 * because it takes minutes to install.
 */
export async function compileWorker(say, { folder = 'build', named = false } = {}) {
  // Under wrangler the packages are in use: never replace them then.
  const need = process.env.WRANGLER_COMMAND ? ['rust', 'tools'] : ['node', 'packages', 'rust', 'tools'];
  await ensureEverything({ need, say });
  say('Building the worker (the first time takes some minutes) …');
  const failure = 'The build failed; what it printed above says why.';
  await run('cargo', [...CARGO_ARGS, '--config', remapConfig(), '--', ...RUSTC_ARGS], { failure });

  // Of this process: two builds at once, should it come to that, must not take each other's files.
  const bound = inRoot(folder, `.bound-${process.pid}`);
  const compiled = path.join(await targetFolder(), WASM_TARGET, 'release', 'conversation_monitor.wasm');
  await run(cargoTool('wasm-bindgen'), [compiled, '--out-dir', bound, '--out-name', 'index', ...BINDGEN_ARGS], {
    failure,
  });

  const wasm = path.join(bound, 'index_bg.wasm');
  await removeExports(bound, UNUSED_EXPORT);
  if (!named) numberNames(bound);
  const optimize = (to, args) => run(packageBin('wasm-opt'), [wasm, '-o', to, ...WASM_OPT_ARGS, ...args], { failure });
  if (named) {
    await optimize(inRoot(folder, 'index_bg.wasm'), ['--debuginfo']);
  } else {
    await optimize(wasm, ['--strip-debug', '--strip-producers']);
    writeFileSync(wasm, nameByResemblance(readFileSync(wasm)));
    // Engines do not read the list of features that the wasm uses.
    const finish = ['--reorder-functions-by-name', '--strip-debug', '--strip-target-features'];
    await optimize(inRoot(folder, 'index_bg.wasm'), finish);
  }

  const bundled = [
    `--alias:conversation-monitor-wasm=${path.join(bound, 'index.js')}`,
    `--alias:conversation-monitor-alerts=${inRoot('src', 'worker', 'alerts', 'wasm.js')}`,
    `--alias:conversation-monitor-within=${inRoot('src', 'worker', 'within.js')}`,
    `--outfile=${inRoot(folder, 'index.js')}`,
    ...ESBUILD_ARGS,
  ];
  await run(packageBin('esbuild'), [inRoot('src', 'worker', 'entry.js'), ...bundled], { failure });
  rmSync(bound, { recursive: true });
}

/**
 * Removes the exports that `unwanted` names from what wasm-bindgen has made, and what only they need.
 *
 * @param {string} bound
 * @param {RegExp} unwanted
 */
async function removeExports(bound, unwanted) {
  const glue = readFileSync(path.join(bound, 'index.js'), 'utf8');
  const names = new Set([...glue.matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name));
  const wanted = [...names].filter((name) => !unwanted.test(name));
  const graph = path.join(bound, 'exports.json');
  writeFileSync(graph, JSON.stringify(wanted.map((name) => ({ name: `export ${name}`, export: name, root: true }))));
  const wasm = path.join(bound, 'index_bg.wasm');
  const args = [wasm, '-o', wasm, '--graph-file', graph, '--debuginfo', ...WASM_FEATURES];
  // It prints a line for each thing that it has removed.
  const { code, stderr } = await capture(packageBin('wasm-metadce'), args);
  if (code !== 0) throw new Failure(`\`wasm-metadce\` failed:\n${stderr}`);
}

/**
 * Numbers the imports and exports that wasm-bindgen names with a hash. gzip cannot pack hashes, and hardly the names:
 * 2.5 KB of the gzipped wasm. The numbers are as long as the names, so nothing moves.
 *
 * @param {string} bound
 */
function numberNames(bound) {
  const glue = path.join(bound, 'index.js');
  const wasm = path.join(bound, 'index_bg.wasm');
  const text = readFileSync(glue, 'utf8');
  const names = [...new Set(text.match(/\b[a-z_]\w*_h?[0-9a-f]{16}\b/gi) ?? [])];
  const number = (index, length) => `_${index.toString(36).padStart(length - 1, '0')}`;
  const numbered = (before) =>
    names.reduce((after, name, index) => after.replaceAll(name, number(index, name.length)), before);
  writeFileSync(glue, numbered(text));
  writeFileSync(wasm, numbered(readFileSync(wasm, 'latin1')), 'latin1');
}

/**
 * Panics name the file that they happened in. With this it is named from the folder of its crate on, so that the wasm
 * is the same whoever builds it, and says nothing of where.
 */
function remapConfig() {
  const cargoHome = process.env.CARGO_HOME || path.join(homedir(), '.cargo');
  const registry = path.join(cargoHome, 'registry', 'src', path.sep);
  return `target.${WASM_TARGET}.rustflags=[${JSON.stringify(`--remap-path-prefix=${registry}=`)}]`;
}

/** Where cargo puts what it builds: `CARGO_TARGET_DIR` or a user's configuration may say so. */
async function targetFolder() {
  const { code, stdout, stderr } = await capture('cargo', ['metadata', '--format-version', '1', '--no-deps']);
  if (code !== 0) throw new Failure(`\`cargo metadata\` failed:\n${stderr}`);
  return JSON.parse(stdout).target_directory;
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { force: { type: 'boolean', default: false } });
  if (!flags) return;
  const built = await build({ force: flags.values.force });
  if (!built) console.log('What is in build/ is up to date.');
});
