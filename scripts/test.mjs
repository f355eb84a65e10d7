// `npm test`: everything that must hold, in two lanes at a time. See USAGE.
//
// Rust's lane prints as it goes; what runs beside it is printed once it has ended. The runners' own summaries are held
// back, so that they are the last lines, below a table of how long each part took.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureBrowser } from './browser.mjs';
import { build } from './build.mjs';
import { duration, run, runLines } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, packageBin, projectEnv, whenProgram, wranglerNode } from './project.mjs';
import { EVERYTHING, ensureEverything } from './setup.mjs';
import { ensureTestData } from './test-data.mjs';

/** The platform takes 3 MB. */
const WASM_GZIP_MAX_BYTES = 300_000;
/** Files of tests at a time. Each may run a worker of its own, and waits for it much of the time. */
const NODE_TEST_CONCURRENCY = 3;
const CLIPPY_STRICT = ['--', '-D', 'warnings'];
/** The files that show at once whether the worker works at all. */
const SMOKE_TESTS = ['tests/workerd/cases.test.mjs'];
const TSCONFIGS = ['tsconfig.json', 'tsconfig.public.json', 'tests/browser/tsconfig.json', 'bench/peers/tsconfig.json'];

const USAGE = `usage: npm test
       npm run test:quick

npm test runs the formatters, the linters, the type checks, the build of the worker and its limit, a deployment's dry
run, the native tests, and the tests on Node: in workerd and in a browser.
test:quick leaves out the linter for wasm32, the dry run, and all tests on Node but those of the numbered cases.`;

/** The parts that have ended, in order: `{ name, milliseconds, note }`. */
const ended = [];
/** Lines of the runners' summaries. */
const summaries = [];

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { quick: { type: 'boolean', default: false } });
  if (!flags) return;
  const startedAt = performance.now();
  try {
    await runAll(flags.values);
  } finally {
    printTable(performance.now() - startedAt);
    for (const line of summaries) console.log(line);
  }
});

async function runAll({ quick }) {
  await part('What is needed', setUp);
  await lanes(
    async () => {
      await part('cargo fmt', () => cargo('fmt', '--check'));
      await part('clippy, host', () => cargo('clippy', '--all-targets', ...CLIPPY_STRICT));
      if (!quick) await part('clippy, wasm32', clippyForWasm);
      await part('Build of the worker', () => build());
      await part('Size of the wasm', checkSize);
      if (!quick) await part('wrangler deploy --dry-run', dryRun);
      await part('Build of the native tests', () => cargo('test', '--no-run'));
      await part('Test data', () => ensureTestData());
    },
    async () => {
      await partBeside('Biome', (say) => captured(say, packageBin('biome'), ['check', '--error-on-warnings', '.']));
      for (const tsconfig of TSCONFIGS) {
        const args = [packageBin('tsc'), '--noEmit', '--project', tsconfig];
        await partBeside(`tsc, ${tsconfig}`, (say) => captured(say, wranglerNode(), args));
      }
    },
  );
  await lanes(
    () => part('Tests on Node', () => nodeTests(quick ? SMOKE_TESTS : testFiles('tests'))),
    () => partBeside('Native tests', nativeTests),
  );
}

// ---------------------------------------------------------------------------------------------------------------
// Parts and lanes
// ---------------------------------------------------------------------------------------------------------------

/** Runs a part that prints as it goes, and notes how long it took. */
async function part(name, work) {
  console.log(`\n▶ ${name}`);
  const milliseconds = await timed(name, work);
  console.log(`✔ ${name}: ${duration(milliseconds)}`);
}

/** Runs a part beside others: what it `say`s is printed once it has ended. */
async function partBeside(name, work) {
  const lines = [];
  let outcome = '✖';
  try {
    const milliseconds = await timed(name, () => work((line) => lines.push(line)), 'beside the others');
    outcome = `✔ ${name}: ${duration(milliseconds)}`;
  } finally {
    console.log([`\n▶ ${name}`, ...lines, outcome].join('\n'));
  }
}

async function timed(name, work, note = '') {
  const startedAt = performance.now();
  try {
    await work();
  } catch (error) {
    if (error instanceof Failure) throw new Failure(`✖ ${name}: ${error.message}`);
    throw error;
  } finally {
    ended.push({ name, milliseconds: performance.now() - startedAt, note });
  }
  return ended.at(-1).milliseconds;
}

/** Runs the lanes at once. One that fails does not stop the others, but nothing comes after them. */
async function lanes(...works) {
  const outcomes = await Promise.allSettled(works.map((work) => work()));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const unexpected = errors.find((error) => !(error instanceof Failure));
  if (unexpected) throw unexpected;
  if (errors.length > 0) throw new Failure(errors.map(({ message }) => message).join('\n'));
}

function printTable(milliseconds) {
  const rows = [...ended, { name: 'All of it', milliseconds, note: '' }];
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log('');
  for (const { name, milliseconds: took, note } of rows) {
    console.log(`${name.padEnd(width)}  ${duration(took).padStart(11)}  ${note}`.trimEnd());
  }
  console.log('');
}

// ---------------------------------------------------------------------------------------------------------------
// Programs
// ---------------------------------------------------------------------------------------------------------------

function cargo(...args) {
  return run('cargo', args);
}

const clippyForWasm = () => cargo('clippy', '--target', 'wasm32-unknown-unknown', '--lib', ...CLIPPY_STRICT);

/** Runs a program and gives what it prints to `say`, line by line. */
async function captured(say, program, args) {
  await runLines(program, args, { onLine: say });
}

async function setUp() {
  await ensureEverything({ need: EVERYTHING });
  // Without one the tests of the dashboard skip, and say so once more.
  await ensureBrowser();
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

/** cargo's summaries are its lines "test result: …", one for each crate of tests. */
async function nativeTests(say) {
  const onLine = (line) => {
    if (line.startsWith('test result:')) summaries.unshift(line);
    say(line);
  };
  await runLines('cargo', ['test'], { onLine, failure: 'Not all native tests passed.' });
}

/** Node's summary begins with the number of tests, and ends with those that failed. */
async function nodeTests(files) {
  if (files.length === 0) throw new Failure('There are no tests/**/*.test.mjs.');
  let isSummary = false;
  const onLine = (line) => {
    isSummary ||= /^ℹ tests \d+$/.test(line);
    if (isSummary) summaries.push(line);
    else console.log(line);
  };
  // The reporter is named because without a terminal Node would take another.
  const args = ['--test', `--test-concurrency=${NODE_TEST_CONCURRENCY}`, '--test-reporter=spec', ...files];
  const env = projectEnv({ WORKER_PREBUILT: '1' });
  await runLines(wranglerNode(), args, { env, onLine, failure: 'Not all tests on Node passed.' });
}

function testFiles(folder) {
  if (!existsSync(inRoot(folder))) return [];
  return readdirSync(inRoot(folder), { withFileTypes: true })
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testFiles(name);
      return entry.name.endsWith('.test.mjs') ? [name] : [];
    })
    .sort();
}
