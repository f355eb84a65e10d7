// What the native tests of tokens found, for the tests on Node: they print it and go on from it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { capture } from '../../scripts/command.mjs';
import { inRoot } from '../../scripts/project.mjs';

/** The native tests that write reports: they are run again, so that no report is older than the code. */
const TESTS = ['wycheproof', 'identity'];

let run;

/** Runs the native tests, once a process; `cargo test` has usually just built them. */
function runNatively() {
  run ??= capture('cargo', ['test', '--quiet', ...TESTS.flatMap((name) => ['--test', name])]).then((outcome) => {
    if (outcome.code !== 0) throw new Error(`The native tests of tokens failed:\n${outcome.stdout}${outcome.stderr}`);
  });
  return run;
}

function reportFile(name) {
  return readFileSync(path.join(process.env.CARGO_TARGET_DIR ?? inRoot('target'), 'tmp', name), 'utf8');
}

/** What a native test wrote as JSON. */
export async function nativeReport(name) {
  await runNatively();
  return JSON.parse(reportFile(`${name}.json`));
}

/** The tables of the native tests. */
export async function nativeTables(names) {
  await runNatively();
  return names.map((name) => reportFile(`${name}.txt`));
}

/** Shows rows of counts, `{name: {column: count}}`, among a test's diagnostics. */
export function printTable(t, title, rows) {
  const columns = Object.keys(Object.values(rows)[0] ?? {});
  const line = (name, cells) => name.padEnd(32) + cells.map((cell) => String(cell).padStart(14)).join('');
  t.diagnostic(line(title, columns));
  for (const [name, counts] of Object.entries(rows)) t.diagnostic(line(name, columns.map((column) => counts[column])));
}
