// The tests with random histories, with many more of them than `npm test` has. See USAGE.

import { build } from './build.mjs';
import { run } from './command.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { inRoot, projectEnv, whenProgram, wranglerNode } from './project.mjs';
import { EVERYTHING, ensureEverything } from './setup.mjs';
import { ensureTestData } from './test-data.mjs';
import { compareMappers } from './test-mappers.mjs';
import { workerOptionsEnv } from './worker-options.mjs';

/** With more the histories would run into the instants that other tests use. */
const TIMES_MAX = 40;
const TIMES = 20;
/** Sequences of webhooks, whatever `--times` says. */
const SEQUENCES = 10_000;
const FOLDER = inRoot('target', 'test-data-long');
const FILES = [
  'tests/oracle/chatwoot.test.mjs',
  'tests/oracle/oracle.test.mjs',
  'tests/workerd/cases.test.mjs',
  'tests/workerd/concurrency.test.mjs',
  'tests/workerd/contract.test.mjs',
  'tests/workerd/cors.test.mjs',
  'tests/workerd/histories.test.mjs',
  'tests/workerd/hooks.test.mjs',
  'tests/workerd/identity.test.mjs',
  'tests/workerd/schemathesis.test.mjs',
  'tests/workerd/summary-and-csv.test.mjs',
  'tests/workerd/tenants.test.mjs',
  'tests/workerd/tokens.test.mjs',
];

const USAGE = `usage: npm run test:histories [-- --times N]

Runs the tests with random histories, the native ones and those on Node, with more of them than npm test has, compares the
two mappers of Chatwoot over 10,000 sequences of webhooks, makes 20 times as many random requests, changes tokens in every
byte to every letter, and asks over HTTP in every combination for what npm test asks in rotation.
  --times N   how many times as many (default ${TIMES}, at most ${TIMES_MAX})
THREADS=FILE also makes the tests use the conversations of that file, events as NDJSON, instead of the sample's.`;

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { times: { type: 'string', default: String(TIMES) } });
  if (!flags) return;
  const times = Number(flags.values.times);
  if (!Number.isInteger(times) || times < 1 || times > TIMES_MAX) {
    throw usageFailure(`--times takes a number from 1 to ${TIMES_MAX}; "${flags.values.times}" is not one.`, USAGE);
  }
  await ensureEverything({ need: EVERYTHING });
  await build();
  console.log('Writing the histories …');
  await ensureTestData({ folder: FOLDER, factor: times, force: true });
  await run('cargo', ['test', '--test', 'native'], {
    env: projectEnv({ HISTORIES_FACTOR: String(times) }),
    failure: 'Not all native tests passed.',
  });
  await compareMappers(SEQUENCES);
  const env = projectEnv({
    TEST_DATA_FOLDER: FOLDER,
    LONG_HISTORIES: '1',
    WORKER_PREBUILT: '1',
    ...(await workerOptionsEnv()),
  });
  await run(wranglerNode(), ['--test', '--test-concurrency=2', '--test-reporter=spec', ...FILES], {
    env,
    failure: 'Not all tests passed.',
  });
});
