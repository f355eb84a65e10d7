// The commands of README.md and docs/ are run as they stand, against the built worker, and their responses have the
// shape that is printed below them.
//
// A block that is marked `sh` is run, except for the address. The block of `json` or `csv` that follows it is its
// answer; "…" stands for members that are left out. Blocks that are marked `shell` need an account or do not end. Of
// those, wrangler's are checked against its help.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { demoEvents } from '../../scripts/demo.mjs';
import { packageBin, projectEnv, wranglerNode } from '../../scripts/project.mjs';
import { adminToken, REPORT, ROOT, SECRET, startService } from '../workerd/harness.mjs';
import { documents, fencedBlocks, readDocument } from './markdown.mjs';

const MINUTE_MS = 60_000;
const ADDRESS = 'http://localhost:8787';
/** The organization of the examples that post events, in more than one document. */
const ORGANIZATION = 'acme';
/** The organization of the demo that the examples read, and the ids of the row that they show. */
const EXAMPLE_ORGANIZATION = 'cd2a3f419dce6d2989ba4654';
const EXAMPLE_ROW = {
  conversationId: 'b9b62db5d5328decaa6cf474',
  latestInboundMessageId: 'a1556566e7403334ed744693',
  contactId: 'a443fd1a40ab3d30a0757277',
};
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

/** A block with the ids of a row that is listed in place of those of the example: who waits in the demo changes. */
async function withListedRow(block) {
  if (!Object.values(EXAMPLE_ROW).some((id) => block.includes(id))) return block;
  const response = await service.fetch(REPORT, { token: adminToken(EXAMPLE_ORGANIZATION) });
  const [row] = (await response.json()).data.rows;
  return Object.entries(EXAMPLE_ROW).reduce((text, [name, id]) => text.replaceAll(id, row[name]), block);
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

/** Compares a response with the block that shows it. */
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

/** Documents, and whether their responses are printed to the value: those about events that they post themselves. */
const DOCUMENTS = [
  { file: 'README.md', exact: true },
  { file: 'docs/events.md', exact: true },
  { file: 'docs/api.md', exact: false },
  { file: 'docs/authentication.md', exact: false },
  { file: 'docs/operating.md', exact: false },
  { file: 'docs/connecting.md', exact: false },
  { file: 'docs/alerts.md', exact: false },
];
/** What is in a block that cannot be run: an account, a server of somebody else's, or a program that does not end. */
const NOT_HERE = /\bwrangler\b|--remote\b|example\.com|EXAMPLE|api\.cloudflare\.com|^npm start$|alerts:receive/m;

/** The blocks of all documents that are not run. */
const notRun = documents().flatMap((file) =>
  fencedBlocks(readDocument(file))
    .filter(({ language }) => language === 'shell')
    .map((block) => ({ file, ...block })),
);

test('what can be run here is marked as run', () => {
  const runnable = notRun.filter(({ text }) => !NOT_HERE.test(text)).map(({ file, line }) => `${file}:${line}`);
  assert.deepEqual(runnable, []);
});

const WRANGLER_COMMANDS = [
  'd1 create',
  'd1 execute',
  'd1 migrations apply',
  'd1 time-travel restore',
  'deploy',
  'kv namespace create',
  'login',
  'queues create',
  'secret put',
];

test('wrangler has the commands and options that the documents name', async () => {
  const written = notRun.flatMap(({ text }) =>
    [...text.matchAll(/npx wrangler ([^#&\n]+)/g)].map(([, words]) => words),
  );
  const isOf = (words, command) => `${words.trim()} `.startsWith(`${command} `);
  const unknown = written.filter((words) => !WRANGLER_COMMANDS.some((command) => isOf(words, command)));
  assert.deepEqual(unknown, []);
  const env = projectEnv({ NO_COLOR: '1' });
  for (const command of WRANGLER_COMMANDS) {
    const args = [packageBin('wrangler'), ...command.split(' '), '--help'];
    const { stdout } = await execute(wranglerNode(), args, { cwd: ROOT, env });
    // Of an unknown command wrangler shows its own help.
    assert.match(stdout, new RegExp(`^wrangler ${command}`, 'm'), command);
    const words = written.filter((one) => isOf(one, command)).map((one) => one.replaceAll(/"[^"]*"/g, ''));
    const options = words.flatMap((one) => one.match(/--[a-z-]+/g) ?? []);
    for (const option of new Set(options))
      assert.match(stdout, new RegExp(`${option}\\b(?!-)`), `${command} ${option}`);
  }
});

describe('commands', () => {
  for (const { file, exact } of DOCUMENTS) {
    test(file, async (t) => {
      await forgetExamples();
      const blocks = fencedBlocks(readDocument(file));
      let token = '';
      for (const [index, block] of blocks.entries()) {
        if (block.language !== 'sh') continue;
        await t.test(`line ${block.line}`, async () => {
          const result = await runInTerminal(await withListedRow(block.text), token);
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
