// The database that every side starts from: events taken in and refreshed by the worker itself, once.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../scripts/project.mjs';
import { AS_OF, LARGE, organizationEvents, SMALL, signToken, UNPUBLISHED } from './data.mjs';
import { Side, WORK } from './sides.mjs';

const EVENTS = '/api/conversation-monitor/events';
const BATCH = 1000;
/** A request may have a mebibyte. */
const BATCH_BYTES = 1_000_000;

/**
 * The folder of the database; made if the worker, the migrations or the data are not those it was made of.
 *
 * @param {{ organizations?: any[], name?: string, say?: (message: string) => void }} [options]
 */
export function ensureSeed({ organizations = [LARGE, SMALL], name = 'seed', say = () => {} } = {}) {
  const digest = createHash('sha256');
  for (const file of ['build/.stamp', 'bench/data.mjs', 'bench/seed.mjs']) digest.update(readFileSync(inRoot(file)));
  digest.update(JSON.stringify(organizations));
  const folder = path.join(WORK, `${name}-${digest.digest('hex').slice(0, 16)}`);
  const making = seeds.get(folder) ?? makeSeed({ folder, name, organizations, say });
  seeds.set(folder, making);
  return making;
}

/** Those of this process, by folder. */
const seeds = new Map();

async function makeSeed({ folder, name, organizations, say }) {
  if (existsSync(folder)) return folder;
  // Those of other times are of no use any more.
  for (const old of existsSync(WORK) ? readdirSync(WORK) : [])
    if (old.startsWith(`${name}-`) && !old.startsWith(path.basename(folder)))
      rmSync(path.join(WORK, old), { recursive: true });
  // Other processes may be making the same one.
  const unfinished = `${folder}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  const side = await Side.start('ours', { state: unfinished });
  try {
    await migrate(side.database());
    const candidates = organizations.reduce((sum, each) => sum + each.candidates, 0);
    say(`Taking in ${organizations.length} organizations with ${candidates} candidates …`);
    await post(side, eventsOf(organizations));
    await side.refresh(AS_OF);
    await post(side, [
      { type: 'organization', ...UNPUBLISHED, name: 'Unpublished', updatedAt: new Date(AS_OF).toISOString() },
    ]);
  } finally {
    await side.stop();
  }
  if (existsSync(folder)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, folder);
  return folder;
}

function* eventsOf(organizations) {
  for (const organization of organizations) yield* organizationEvents(organization);
}

/** Runs those of the migrations on a database whose files are wanted. */
export async function migrate(database, isWanted = (_file) => true) {
  const files = readdirSync(inRoot('migrations')).filter(isWanted).sort();
  const statements = files.flatMap((file) => {
    const text = readFileSync(inRoot('migrations', file), 'utf8').replace(/--.*$/gm, '');
    return text
      .split(';')
      .map((statement) => statement.trim())
      .filter(Boolean);
  });
  if (statements.length) await database.batch(statements.map((statement) => database.prepare(statement)));
}

/**
 * Posts events in full batches, with these headers; every one must be accepted. Calls `posted` with the number of
 * events in each batch.
 *
 * @param {any} side
 * @param {Iterable<object>} events
 * @param {{ posted?: (count: number) => void, headers?: Record<string, string> }} [options]
 */
export async function post(side, events, { posted = () => {}, headers = {} } = {}) {
  const authorization = `Bearer ${ingestToken()}`;
  let lines = [];
  let bytes = 0;
  const flush = async () => {
    if (lines.length === 0) return;
    const response = await side.fetch(EVENTS, {
      method: 'POST',
      headers: { Authorization: authorization, 'Content-Type': 'application/x-ndjson', ...headers },
      body: lines.join('\n'),
    });
    if (response.status !== 200) throw new Error(`ingest: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
    posted(lines.length);
    lines = [];
    bytes = 0;
  };
  for (const event of events) {
    const line = JSON.stringify(event);
    const more = Buffer.byteLength(line) + 1;
    if (lines.length === BATCH || bytes + more > BATCH_BYTES) await flush();
    lines.push(line);
    bytes += more;
  }
  await flush();
}

/** May post events of any organization. */
function ingestToken() {
  const exp = Date.UTC(2100, 0, 1) / 1000;
  return signToken({ sub: 'the-crm', role: 'SUPERADMIN', scope: 'conversation-monitor:ingest', exp });
}
