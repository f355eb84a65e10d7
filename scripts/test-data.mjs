// Writes the files that the tests on Node share with the native ones. See USAGE.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, projectEnv, whenProgram } from './project.mjs';

const FOLDER = inRoot('target', 'test-data');
const DIGEST = path.join(FOLDER, '.digest');
/** What the files are made by: the generators, and the versions of the crates that they use. */
const SOURCES = [
  'Cargo.lock',
  'tests/native/test_data.rs',
  'tests/native/support/history.rs',
  'tests/native/wycheproof',
];

const USAGE = `usage: npm run test:data [-- --force]

Writes random histories and Wycheproof's vectors to target/test-data/, for the tests on Node. Does nothing if the files
are up to date.
  --force   write them all the same`;

/** Writes the files if they are missing, or older than what makes them. Returns whether it did. */
export async function ensureTestData({ force = false } = {}) {
  if (!force && isUpToDate()) return false;
  const digest = digestSources();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const args = ['test', '--quiet', '--test', 'native', '--', '--ignored', '--exact', 'test_data::write_test_data'];
  await run('cargo', args, {
    env: projectEnv({ TEST_DATA_FOLDER: FOLDER }),
    failure: 'The test data could not be written; what cargo printed above says why.',
  });
  if (readdirSync(FOLDER).length === 0) throw new Failure('cargo ended well, but wrote no test data.');
  writeFileSync(DIGEST, digest);
  return true;
}

/** A file of the test data, as text. It must be there and up to date: a test does not start cargo. */
export function readTestData(name) {
  if (!isUpToDate()) {
    const problem = existsSync(DIGEST) ? 'The test data is out of date' : 'There is no test data yet';
    throw new Failure(`${problem}: run \`npm run test:data\`.`);
  }
  return readFileSync(path.join(FOLDER, name), 'utf8');
}

function isUpToDate() {
  return existsSync(DIGEST) && readFileSync(DIGEST, 'utf8') === digestSources();
}

function digestSources() {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesOf(source))) {
    hash.update(`${file}\n`).update(readFileSync(inRoot(file)));
  }
  return hash.digest('hex');
}

function filesOf(source) {
  if (source.includes('.')) return [source];
  return readdirSync(inRoot(source))
    .sort()
    .map((name) => `${source}/${name}`);
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { force: { type: 'boolean', default: false } });
  if (!flags) return;
  const written = await ensureTestData({ force: flags.values.force });
  console.log(written ? `The test data is in ${FOLDER}.` : 'The test data is up to date.');
});
