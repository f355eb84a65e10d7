// The commands of README.md and docs/ are run as they stand, against the built worker, and their answers have the shape
// that is printed below them.
//
// A block that is marked `sh` is run, except for the address. The block of `json` or `csv` that follows it is its
// answer; "…" stands for members that are left out. Blocks that are marked `shell` need an account or do not end.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { demoEvents } from '../../scripts/demo.mjs';
import { ROOT, SECRET, startService } from '../workerd/harness.mjs';
import { fencedBlocks, readDocument } from './markdown.mjs';

const MINUTE_MS = 60_000;
const ADDRESS = 'http://localhost:8787';
/** The organization of the examples that post events, in more than one document. */
const ORGANIZATION = 'acme';
const TABLES = ['record', 'pending', 'conversation_state', 'organization', 'snapshot_row', 'snapshot_part'];
/** Values that depend on when the command is run. */
const OF_THE_MOMENT = ['generatedAt', 'snapshotId'];
/** Objects whose names are data. */
const COUNTS_BY_NAME = ['byReason', 'byChannel'];

const execute = promisify(execFile);
let service;
let folder;
let clock = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

before(async () => {
  service = await startService();
  folder = mkdtempSync(path.join(tmpdir(), 'commands-'));
  await service.post(demoEvents(clock));
  await refresh();
});

after(async () => {
  await service?.close();
  if (folder) rmSync(folder, { recursive: true });
});

/** Refreshes as of the next second: health finds nothing wrong with an instant that is near the clock. */
async function refresh() {
  clock += 1_000;
  await service.refresh(clock);
}

/** Forgets the organization of the examples, so that each document begins with none. */
async function forgetExamples() {
  const statements = TABLES.map((table) => `DELETE FROM ${table} WHERE organization_id = ?`);
  await service.database.batch(statements.map((sql) => service.database.prepare(sql).bind(ORGANIZATION)));
}

/** Runs a block as a person would who pastes it into a terminal, where TOKEN is what earlier blocks have made it. */
async function runInTerminal(block, token) {
  const state = path.join(folder, 'token');
  const address = service.url.href.replace(/\/$/, '');
  const script = `set -euo pipefail\n${block.replaceAll(ADDRESS, address)}\nprintf '%s' "$TOKEN" > '${state}'\n`;
  const env = { ...process.env, JWT_SECRET: SECRET, TOKEN: token };
  const { stdout } = await execute('bash', ['-c', script], { cwd: ROOT, env });
  return { stdout, token: readFileSync(state, 'utf8') };
}

/** What of `printed` is not so in `actual`; undefined if all of it is. `exact` compares values, too. */
function difference(printed, actual, { exact, where = 'answer' }) {
  if (printed === null || actual === null) return undefined;
  if (Array.isArray(printed)) {
    if (!Array.isArray(actual)) return `${where}: not an array`;
    if (exact && printed.length !== actual.length) return `${where}: ${actual.length} elements`;
    if (printed.length && !actual.length) return `${where}: empty`;
    return first(printed, (element, index) => {
      const other = exact ? actual[index] : actual[0];
      return difference(element, other, { exact, where: `${where}[${index}]` });
    });
  }
  if (typeof printed === 'object') {
    if (typeof actual !== 'object') return `${where}: not an object`;
    const names = Object.keys(printed).filter((name) => name !== '…');
    const isShortened = '…' in printed;
    const isByName = COUNTS_BY_NAME.some((name) => where.endsWith(`.${name}`));
    if (isByName) return Object.values(actual).every(Number.isInteger) ? undefined : `${where}: not numbers`;
    const added = Object.keys(actual).filter((name) => !names.includes(name));
    if (added.length && !isShortened) return `${where}: ${added.join(', ')} not printed`;
    return first(names, (name) =>
      name in actual
        ? difference(printed[name], actual[name], { exact, where: `${where}.${name}` })
        : `${where}.${name}: not answered`,
    );
  }
  if (typeof printed !== typeof actual) return `${where}: ${typeof actual} answered, ${typeof printed} printed`;
  const isFixed = exact && !OF_THE_MOMENT.some((name) => where.endsWith(`.${name}`));
  return isFixed && printed !== actual ? `${where}: ${actual} answered, ${printed} printed` : undefined;
}

function first(list, find) {
  for (const [index, element] of list.entries()) {
    const found = find(element, index);
    if (found) return found;
  }
  return undefined;
}

/** Compares an answer with the block that shows it. */
function checkAnswer({ language, text }, stdout, exact) {
  if (language === 'json') {
    assert.equal(difference(JSON.parse(text), JSON.parse(stdout), { exact }), undefined, stdout);
  } else {
    const [header, row] = text.split('\n');
    const [answered] = stdout.replace('\ufeff', '').split('\r\n');
    assert.equal(answered, header);
    assert.equal(row.split(',').length, header.split(',').length);
  }
}

/** Documents, and whether their answers are printed to the value: those about events that they post themselves. */
const DOCUMENTS = [
  { file: 'README.md', exact: true },
  { file: 'docs/events.md', exact: true },
  { file: 'docs/api.md', exact: false },
  { file: 'docs/authentication.md', exact: false },
  { file: 'docs/operating.md', exact: false },
];

describe('commands', () => {
  for (const { file, exact } of DOCUMENTS) {
    test(file, async (t) => {
      await forgetExamples();
      const blocks = fencedBlocks(readDocument(file));
      let token = '';
      for (const [index, block] of blocks.entries()) {
        if (block.language !== 'sh') continue;
        await t.test(`line ${block.line}`, async () => {
          const result = await runInTerminal(block.text, token);
          token = result.token;
          const answer = blocks[index + 1];
          const isAnswered = /\bcurl\b/.test(block.text) && ['json', 'csv'].includes(answer?.language);
          if (isAnswered) checkAnswer(answer, result.stdout, exact);
          else if (block.text.includes('curl')) assert.equal(JSON.parse(result.stdout).success, true, result.stdout);
          if (block.text.includes('/events')) await refresh();
        });
      }
    });
  }
});
