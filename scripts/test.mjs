// `npm test`: everything that must hold, the quick things first. Stops at the first that does not.
//
// The native tests and the tests on Node come last, so that their own summaries are the last things printed.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureBrowser } from './browser.mjs';
import { build } from './build.mjs';
import { duration, run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, packageBin, projectEnv, whenProgram, wranglerNode } from './project.mjs';
import { EVERYTHING, ensureEverything } from './setup.mjs';

/** The platform takes 3 MB; a small module starts fast in a fresh isolate. */
const WASM_GZIP_MAX_BYTES = 200_000;
/** Each file may run a worker of its own. */
const NODE_TEST_CONCURRENCY = 2;
const CLIPPY_STRICT = ['--', '-D', 'warnings'];

const USAGE = `usage: npm test

Formatting, clippy, the wasm build and its size, a deployment's dry run, the native tests, the tests on Node.`;

const STEPS = [
  ['What is needed', setUp],
  ['cargo fmt --check', () => cargo('fmt', '--check')],
  ['clippy, host', () => cargo('clippy', '--all-targets', ...CLIPPY_STRICT)],
  ['clippy, wasm32', () => cargo('clippy', '--target', 'wasm32-unknown-unknown', '--lib', ...CLIPPY_STRICT)],
  ['Build of the worker', () => build()],
  ['wrangler deploy --dry-run', dryRun],
  ['Size of the wasm', checkSize],
  ['cargo test', () => cargo('test')],
  ['Tests on Node', nodeTests],
];

await whenProgram(import.meta.url, async (args) => {
  if (!parseFlags(args, USAGE, {})) return;
  for (const [index, [name, step]] of STEPS.entries()) {
    console.log(`\n▶ ${index + 1}/${STEPS.length} ${name}`);
    const startedAt = performance.now();
    const elapsed = () => duration(performance.now() - startedAt);
    try {
      await step();
    } catch (error) {
      if (error instanceof Failure) throw new Failure(`✖ ${name}, after ${elapsed()}: ${error.message}`);
      throw error;
    }
    if (index < STEPS.length - 1) console.log(`✔ ${name}: ${elapsed()}`);
  }
});

async function setUp() {
  await ensureEverything({ need: EVERYTHING });
  // Without one the tests of the dashboard skip, and say so once more.
  await ensureBrowser();
}

function cargo(...args) {
  return run('cargo', args);
}

async function dryRun() {
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-'));
  try {
    const args = [packageBin('wrangler'), 'deploy', '--dry-run', '--outdir', folder];
    await run(wranglerNode(), args, { env: projectEnv({ CI: '1' }), failure: '`wrangler deploy --dry-run` failed.' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checkSize() {
  const wasm = readFileSync(inRoot('build', 'index_bg.wasm'));
  const bytes = gzipSync(wasm, { level: 9 }).length;
  const kilobytes = (count) => `${(count / 1000).toFixed(1)} KB`;
  console.log(`${kilobytes(wasm.length)}, with gzip ${kilobytes(bytes)} of at most ${kilobytes(WASM_GZIP_MAX_BYTES)}`);
  if (bytes > WASM_GZIP_MAX_BYTES) throw new Failure('The wasm is larger than its budget.');
}

async function nodeTests() {
  const files = testFiles(inRoot('tests'));
  if (!files.length) throw new Failure('There are no tests/**/*.test.mjs.');
  // The reporter is named because without a terminal Node would take another.
  const args = ['--test', `--test-concurrency=${NODE_TEST_CONCURRENCY}`, '--test-reporter=spec', ...files];
  await run(wranglerNode(), args, { failure: 'Not all tests passed.' });
}

function testFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testFiles(full);
      return entry.name.endsWith('.test.mjs') ? [full] : [];
    })
    .sort();
}
