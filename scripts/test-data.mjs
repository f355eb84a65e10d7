// Writes the files that the tests on Node share with the native ones. See USAGE.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, projectEnv, whenProgram } from './project.mjs';

/** Where the files are; `npm run test:histories` has others. */
const FOLDER = process.env.TEST_DATA_FOLDER || inRoot('target', 'test-data');
const DIGEST = '.digest';
/** What the files are made by: the generators, and the crates that they use. */
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

/**
 * Writes the files if they are missing, or older than what makes them. Returns whether it did.
 *
 * @param {{ force?: boolean, folder?: string, factor?: number }} [options] with a `factor` there are so many times as
 *   many histories
 */
export async function ensureTestData({ force = false, folder = FOLDER, factor = 1 } = {}) {
  if (!force && isUpToDate(folder)) return false;
  const digest = digestSources();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const args = ['test', '--quiet', '--test', 'native', '--', '--ignored', '--exact', 'test_data::write_test_data'];
  await run('cargo', args, {
    env: projectEnv({ TEST_DATA_FOLDER: folder, HISTORIES_FACTOR: String(factor) }),
    failure: 'The test data could not be written; what cargo printed above says why.',
  });
  if (readdirSync(folder).length === 0) throw new Failure('cargo ended well, but wrote no test data.');
  writeFileSync(path.join(folder, DIGEST), digest);
  return true;
}

/** A file of the test data, as text. It must be there and up to date: no test starts cargo. */
export function readTestData(name) {
  if (!isUpToDate(FOLDER)) {
    const problem = existsSync(FOLDER) ? `The test data in ${FOLDER} is out of date` : 'There is no test data yet';
    throw new Failure(`${problem}: run \`npm run test:data\`.`);
  }
  return readFileSync(path.join(FOLDER, name), 'utf8');
}

function isUpToDate(folder) {
  const digest = path.join(folder, DIGEST);
  return existsSync(digest) && readFileSync(digest, 'utf8') === digestSources();
}

function digestSources() {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(filesOf)) hash.update(`${file}\n`).update(readFileSync(inRoot(file)));
  return hash.digest('hex');
}

function filesOf(source) {
  if (path.extname(source)) return [source];
  return readdirSync(inRoot(source))
    .filter((name) => name.endsWith('.rs'))
    .sort()
    .map((name) => `${source}/${name}`);
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { force: { type: 'boolean', default: false } });
  if (!flags) return;
  const written = await ensureTestData({ force: flags.values.force });
  console.log(written ? `The test data is in ${FOLDER}.` : 'The test data is up to date.');
});
