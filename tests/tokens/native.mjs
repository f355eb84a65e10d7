// What the native tests of tokens found, for the tests on Node: they print it and go on from it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { capture } from '../../scripts/command.mjs';
import { inRoot } from '../../scripts/project.mjs';

/** The native tests that leave a report, by its name: they are run again, so that no report is older than the code. */
const TESTS = {
  wycheproof: ['--test', 'wycheproof'],
  vectors: ['--test', 'identity', 'vectors::'],
  mutations: ['--test', 'identity', 'mutations::'],
};

async function report(name, extension) {
  const { code, stdout, stderr } = await capture('cargo', ['test', '--quiet', ...TESTS[name]]);
  if (code !== 0) throw new Error(`The native tests of ${name} failed:\n${stdout}${stderr}`);
  const target = process.env.CARGO_TARGET_DIR ?? inRoot('target');
  return readFileSync(path.join(target, 'tmp', `${name}.${extension}`), 'utf8');
}

/** What a native test wrote as JSON. */
export async function nativeReport(name) {
  return JSON.parse(await report(name, 'json'));
}

/** The table of a native test, line by line. */
export async function nativeTable(name) {
  return (await report(name, 'txt')).trimEnd().split('\n');
}

/** Shows rows of counts, `{name: {column: count}}`, among a test's diagnostics. */
export function printTable(t, title, rows) {
  const columns = Object.keys(Object.values(rows)[0] ?? {});
  const line = (name, cells) => name.padEnd(32) + cells.map((cell) => String(cell).padStart(14)).join('');
  t.diagnostic(line(title, columns));
  for (const [name, counts] of Object.entries(rows))
    t.diagnostic(
      line(
        name,
        columns.map((column) => counts[column]),
      ),
    );
}
