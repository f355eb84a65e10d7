// `npm test`: everything that must hold. See USAGE.
//
// Two sequences of steps run at a time. One prints as it goes; the steps of the other print when they have ended. The
// runners' own summaries are printed last, below a table of how long each step took.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureBrowser } from './browser.mjs';
import { build } from './build.mjs';
import { duration, run, runLines } from './command.mjs';
import { checkDependencies } from './dependencies.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, packageBin, projectEnv, whenProgram, wranglerNode } from './project.mjs';
import { EVERYTHING, ensureEverything } from './setup.mjs';
import { ensureTestData } from './test-data.mjs';
import { compareMappers } from './test-mappers.mjs';
import { workerOptionsEnv } from './worker-options.mjs';

/** By `gzip -9`. The platform's limit is 3 MB. */
const WASM_GZIP_MAX_BYTES = 400_000;
/** How many processes with tests run at a time, beside the other sequence of steps. */
const NODE_TEST_CONCURRENCY = 2;
/** The files are divided among so many processes, each of which needs half a second before it can run a worker. */
const NODE_TEST_GROUPS = 8;
/** It sets a variable for its whole process, and runs other files with it. */
const ALONE = 'tests/workerd/three-databases.test.mjs';
const BROWSER_TESTS = 'tests/browser/';
/** The tests of --quick: they show whether events come in, are refreshed and appear in the report. */
const SMOKE_TESTS = ['tests/workerd/cases.test.mjs'];
/** Random histories by the hundred: --quick leaves them out. */
const LONG_NATIVE_TESTS = [
  'alerts::each_stall_is_told_once_and_cleared_once_whatever_goes_wrong',
  'evidence::the_evidence_says_what_the_report_says',
  'memory::an_isolate_with_caches_answers_like_one_that_has_just_started',
  'merges::families_of_merged_conversations_are_what_the_oracle_says',
  'retention::nobody_notices_what_is_forgotten',
  'snapshot::rows_do_not_depend_on_how_ids_of_messages_are_spelled',
  'snapshot::the_fold_is_what_the_oracle_says',
  'snapshot::the_snapshot_is_what_the_oracle_says',
  'trend::every_hour_of_random_days_is_what_somebody_saw_who_watched',
];
const TSCONFIGS = ['tsconfig.json', 'tsconfig.public.json', 'tests/browser/tsconfig.json', 'bench/peers/tsconfig.json'];
const CLIPPY_STRICT = ['--', '-D', 'warnings'];
const CLIPPY_HOST = ['clippy', '--all-targets', ...CLIPPY_STRICT];
/** With `--release`, as the worker is built: so the procedural macros are compiled once for both. */
const CLIPPY_WASM = ['clippy', '--release', '--target', 'wasm32-unknown-unknown', '--lib', ...CLIPPY_STRICT];

const USAGE = `usage: npm test
       npm run test:quick

npm test runs the formatters, the linters, the type checks, the checks of dependencies, the build of the worker and its
size limit, a dry run of a deployment, the native tests, and the tests on Node: those of the built worker in workerd and
of the dashboard in a browser among them.
test:quick leaves out the linter for wasm32, the checks of dependencies, the dry run, the type checks of the browser's
code, the longest native tests with random histories, and all tests on Node except the numbered cases over HTTP.`;

/** The steps that have ended, in order: `{ name, milliseconds, note }`. */
const ended = [];

/** @type {{ cargo: string[], node: string[] }} */
const summaries = { cargo: [], node: [] };

async function runAll({ quick }) {
  await step('What is needed', setUp);
  // The wasm and the native tests are built side by side: cargo keeps them in different folders, and each ends with
  // minutes that one core alone can work at.
  await inParallel(
    async () => {
      await step('cargo fmt', () => run('cargo', ['fmt', '--check']));
      if (!quick) await step('clippy, wasm32', () => run('cargo', CLIPPY_WASM));
      await step('Build of the worker', () => build());
      await step('Size of the wasm', checkSize);
    },
    async () => {
      await quietStep('Biome', (say) => quietly(say, packageBin('biome'), ['check', '--error-on-warnings', '.']));
      for (const tsconfig of quick ? TSCONFIGS.slice(0, 1) : TSCONFIGS) {
        const args = [packageBin('tsc'), '--noEmit', '--project', tsconfig];
        await quietStep(`tsc, ${tsconfig}`, (say) => quietly(say, wranglerNode(), args));
      }
      await quietStep('clippy, host', (say) => quietly(say, 'cargo', CLIPPY_HOST));
      await quietStep('Build of the native tests', (say) => quietly(say, 'cargo', ['test', '--no-run']));
      await quietStep('Test data', () => ensureTestData());
      if (!quick) await quietStep('cargo-shear and cargo-deny', dependencies);
    },
  );
  if (!quick) await step('wrangler deploy --dry-run', dryRun);
  const files = quick ? SMOKE_TESTS : testFiles('tests');
  const [browserTests, otherTests] = partition(files, (file) => file.startsWith(BROWSER_TESTS));
  await inParallel(
    () => step('Tests on Node', () => nodeTests(groupsOf(otherTests))),
    async () => {
      if (!quick) await quietStep('Tests in a browser', (say) => nodeTests(browserTests, { together: true, say }));
      await quietStep('Native tests', (say) => nativeTests({ quick, say }));
      await quietStep('Two mappers of Chatwoot', (say) => compareMappers(undefined, { say }));
    },
  );
}

// ---------------------------------------------------------------------------------------------------------------
// Steps
// ---------------------------------------------------------------------------------------------------------------

/** Runs a step that prints as it goes. */
async function step(name, work) {
  console.log(`\n▶ ${name}`);
  const milliseconds = await timed(name, work);
  console.log(`✔ ${name}: ${duration(milliseconds)}`);
}

/** Runs a step in parallel with others. What it `say`s is printed when it has ended. */
async function quietStep(name, work) {
  const lines = [`\n▶ ${name}`];
  try {
    const milliseconds = await timed(name, () => work((line) => lines.push(line)), 'in parallel');
    lines.push(`✔ ${name}: ${duration(milliseconds)}`);
  } finally {
    console.log(lines.join('\n'));
  }
}

/** Runs a step and notes how long it took. */
async function timed(name, work, note = '') {
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  try {
    await work();
  } catch (error) {
    if (error instanceof Failure) throw new Failure(`✖ ${name}, after ${duration(elapsed())}: ${error.message}`);
    throw error;
  } finally {
    ended.push({ name, milliseconds: elapsed(), note });
  }
  return elapsed();
}

/** Runs sequences of steps in parallel. A failure in one does not stop the others, but it is thrown when they have ended. */
async function inParallel(...sequences) {
  const outcomes = await Promise.allSettled(sequences.map((sequence) => sequence()));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const unexpected = errors.find((error) => !(error instanceof Failure));
  if (unexpected) throw unexpected;
  if (errors.length > 0) throw new Failure(errors.map(({ message }) => message).join('\n'));
}

function printTable(total) {
  const rows = [...ended, { name: 'All of it', milliseconds: total, note: '' }];
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, milliseconds, note }) =>
    `${name.padEnd(width)}  ${duration(milliseconds).padStart(11)}  ${note}`.trimEnd(),
  );
  console.log(`\n${lines.join('\n')}\n`);
}

// ---------------------------------------------------------------------------------------------------------------
// Programs
// ---------------------------------------------------------------------------------------------------------------

/** Runs a program and passes what it prints to `say`. */
function quietly(say, program, args) {
  return runLines(program, args, { onLine: say });
}

async function setUp() {
  await ensureEverything({ need: EVERYTHING });
  // Without a browser the tests of the dashboard are skipped, and warn about it again.
  await ensureBrowser();
}

function dependencies(say) {
  const execute = (program, args, options) => runLines(program, args, { ...options, onLine: say });
  return checkDependencies({ say, execute });
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

/** How many bytes `gzip -9` makes of it. Where there is no such program, zlib is asked, which makes 1.5 % more. */
function gzippedSize(content) {
  const { error, status, stdout } = spawnSync('gzip', ['-9', '-c'], { input: content, maxBuffer: 2 * content.length });
  if (!error && status === 0) return { bytes: stdout.length, by: '`gzip -9`' };
  return { bytes: gzipSync(content, { level: 9 }).length, by: "Node's zlib" };
}

function checkSize() {
  const wasm = readFileSync(inRoot('build', 'index_bg.wasm'));
  const { bytes, by } = gzippedSize(wasm);
  const kilobytes = (count) => `${(count / 1000).toFixed(1)} KB`;
  const limit = kilobytes(WASM_GZIP_MAX_BYTES);
  console.log(`${kilobytes(wasm.length)}; by ${by} ${kilobytes(bytes)} of at most ${limit}`);
  if (bytes > WASM_GZIP_MAX_BYTES) throw new Failure('The wasm is larger than its budget.');
}

/** cargo's summary is a line "test result: …" for each crate of tests. */
function nativeTests({ quick, say }) {
  const onLine = (line) => {
    if (line.startsWith('test result:')) summaries.cargo.push(line);
    say(line);
  };
  const skipped = quick ? LONG_NATIVE_TESTS.flatMap((name) => ['--skip', name]) : [];
  return runLines('cargo', ['test', '--', ...skipped], { onLine, failure: 'Not all native tests passed.' });
}

/**
 * Node's summary begins with the number of tests and ends with the tests that failed. `together` runs the files one
 * after the other in one process, where they share what a module of theirs starts: the worker and the browser.
 *
 * @param {string[]} files
 * @param {{ together?: boolean, say?: (line: string) => void }} [options]
 */
async function nodeTests(files, { together = false, say = console.log } = {}) {
  if (files.length === 0) throw new Failure('There are no tests/**/*.test.mjs.');
  /** @type {string[]} */
  const summary = [];
  const onLine = (line) => {
    if (summary.length > 0 || /^ℹ tests \d+$/.test(line)) summary.push(line);
    else say(line);
  };
  const manner = together ? '--experimental-test-isolation=none' : `--test-concurrency=${NODE_TEST_CONCURRENCY}`;
  // The reporter is named because Node would take another without a terminal.
  const args = ['--test', manner, '--test-reporter=spec', ...files];
  const env = projectEnv({ WORKER_PREBUILT: '1', ...(await workerOptionsEnv()) });
  try {
    await runLines(wranglerNode(), args, { env, onLine, failure: 'Not all tests on Node passed.' });
  } finally {
    summaries.node.push(...summary);
  }
}

/**
 * Modules with some of these files each. A file is a suite there: what it does before and after its tests is done
 * before and after that suite.
 *
 * @param {string[]} files
 */
function groupsOf(files) {
  const folder = inRoot('target', 'test-groups');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const [alone, others] = partition(files, (file) => file === ALONE);
  const groups = Array.from({ length: NODE_TEST_GROUPS }, (_, group) =>
    others.filter((_file, index) => index % NODE_TEST_GROUPS === group),
  );
  return [alone, ...groups]
    .filter((group) => group.length > 0)
    .map((group, index) => {
      const module = path.join(folder, `${index + 1}.mjs`);
      const suites = group.map((file) => `describe('${file}', () => import('../../${file}'));\n`);
      writeFileSync(module, `import { describe } from 'node:test';\n\n${suites.join('')}`);
      return module;
    });
}

/** The items of which something is true, and the others. */
function partition(items, isTrueOf) {
  return [items.filter(isTrueOf), items.filter((item) => !isTrueOf(item))];
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

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { quick: { type: 'boolean', default: false } });
  if (!flags) return;
  const startedAt = performance.now();
  try {
    await runAll(flags.values);
  } finally {
    printTable(performance.now() - startedAt);
    for (const line of [...summaries.cargo, ...summaries.node]) console.log(line);
  }
});
