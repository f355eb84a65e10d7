// The third table: what ingest takes in, and what a refresh needs, with few and with many organizations.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AS_OF, movedConversation, organizationEvents } from './data.mjs';
import { migrate, post } from './seed.mjs';
import { cpuMicroseconds, Side, WORK } from './sides.mjs';
import { number, spread, spreadText, table } from './statistics.mjs';

const MINUTE = 60_000;
const SINGLE_EVENTS = 300;
/** Organizations, and the candidates of each. */
const SCALES = [
  [1, 10_000],
  [100, 100],
  [10_000, 2],
];
/** The share of all candidates that change between two refreshes. */
const CHANGED = 0.01;

/** Measures all scales. Returns of each what ingest and the refreshes took. */
export async function measureThroughput({ rounds, scales = SCALES, say }) {
  const results = [];
  for (const [organizations, candidates] of scales) {
    say(`${number(organizations)} organizations of ${number(candidates)} candidates …`);
    results.push(await measureScale({ organizations, candidates, rounds, say }));
  }
  return results;
}

async function measureScale({ organizations, candidates, rounds, say }) {
  const state = path.join(WORK, 'state-throughput');
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  const side = await Side.start('ours', { state });
  try {
    await migrate(side.database());
    const ids = Array.from({ length: organizations }, (_, index) => `organization-${index}`);
    const ingest = await measureIngest(side, ids, candidates);
    say(`  ingest: ${spreadText(ingest.rates)} events/s`);
    ingest.cpuOfOne = await measureSingleEvents(side, ids[0]);
    /** @type {Record<string, any[]>} */
    const refreshes = { 'all new': [], 'none changed': [], '1% changed': [] };
    let at = AS_OF;
    const nextMinute = () => {
      at += MINUTE;
      return measureRefresh(side, at);
    };
    refreshes['all new'].push(await nextMinute());
    for (let round = 0; round < rounds; round += 1) {
      refreshes['none changed'].push(await nextMinute());
      await post(side, changes(ids, candidates, { updatedAt: at, turn: round }));
      refreshes['1% changed'].push(await nextMinute());
    }
    for (const [name, runs] of Object.entries(refreshes)) say(`  refresh, ${name}: ${runsText(runs)}`);
    return { organizations, candidates, ingest, refreshes };
  } finally {
    await side.stop();
  }
}

/** Posts all events in batches of 1,000 by one client that waits for each answer; events a second of each full batch. */
async function measureIngest(side, ids, candidates) {
  const rates = [];
  const before = cpuMicroseconds(side.pid);
  let events = 0;
  let startedAt = performance.now();
  const posted = (count) => {
    const now = performance.now();
    rates.push((count * 1000) / (now - startedAt));
    startedAt = now;
    events += count;
  };
  await post(side, allEvents(ids, candidates), { posted });
  return { events, rates, cpuAnEvent: (cpuMicroseconds(side.pid) - before) / events };
}

/** CPU in microseconds of a request with a single event. */
async function measureSingleEvents(side, organizationId) {
  const events = Array.from({ length: SINGLE_EVENTS }, (_, turn) =>
    movedConversation({ organizationId }, 0, { turn, updatedAt: AS_OF + turn }),
  );
  const before = cpuMicroseconds(side.pid);
  for (const event of events) await post(side, [event]);
  return (cpuMicroseconds(side.pid) - before) / events.length;
}

function* allEvents(ids, candidates) {
  for (const organizationId of ids)
    yield* organizationEvents({ organizationId, candidates, withStaff: ids.length === 1 });
}

/** Moves every hundredth candidate to another department: one of each organization if there are many. */
function* changes(ids, candidates, more) {
  const count = ids.length * candidates * CHANGED;
  for (let index = 0; index < count; index += 1) {
    const place = index / CHANGED;
    const organizationId = ids[Math.floor(place / candidates)];
    yield movedConversation({ organizationId }, Math.floor(place) % candidates, more);
  }
}

/** Refreshes until nothing is left to do; a run that would need too many statements leaves the rest to the next one. */
async function measureRefresh(side, at) {
  const database = side.database();
  const total = { runs: 0, seconds: 0, cpuSeconds: 0, statements: 0, rowsWritten: 0, folded: 0, published: 0 };
  for (;;) {
    const [startedAt, cpuBefore] = [performance.now(), cpuMicroseconds(side.pid)];
    await side.refresh(at + total.runs);
    total.seconds += (performance.now() - startedAt) / 1000;
    total.cpuSeconds += (cpuMicroseconds(side.pid) - cpuBefore) / 1e6;
    const run = JSON.parse((await database.prepare('SELECT run FROM refresh').first()).run);
    total.runs += 1;
    total.statements += run.statements;
    total.rowsWritten += run.rowsWritten;
    total.folded += run.conversationsFolded;
    total.published += run.organizationsPublished;
    if ((await database.prepare('SELECT count(*) AS left FROM pending').first()).left === 0) return total;
    if (total.runs > 100) throw new Error('the refresh does not come to an end');
  }
}

const middle = (runs, name) => number(spread(runs.map((run) => run[name])).median);

function runsText(runs) {
  const seconds = spreadText(
    runs.map((run) => run.seconds),
    2,
  );
  return `${seconds} s, ${middle(runs, 'runs')} runs, ${middle(runs, 'statements')} statements, ${middle(runs, 'rowsWritten')} rows written`;
}

/** The results as two tables. */
export function throughputTables(results) {
  const scaleOf = ({ organizations, candidates }) => `${number(organizations)} × ${number(candidates)} candidates`;
  const ingest = results.map((result) => [
    scaleOf(result),
    number(result.ingest.events),
    spreadText(result.ingest.rates),
    number(result.ingest.cpuAnEvent),
    number(result.ingest.cpuOfOne),
  ]);
  const refreshes = results.flatMap((result) =>
    Object.entries(result.refreshes).map(([name, runs]) => [
      `${scaleOf(result)}, ${name}`,
      ...['folded', 'published'].map((each) => middle(runs, each)),
      spreadText(
        runs.map((run) => run.seconds),
        2,
      ),
      spreadText(
        runs.map((run) => run.cpuSeconds),
        2,
      ),
      ...['runs', 'statements', 'rowsWritten'].map((each) => middle(runs, each)),
    ]),
  );
  return {
    ingest: table(
      [
        'organizations',
        'events',
        'events a second: median (min–max)',
        'CPU an event, µs',
        'CPU of a request with one, µs',
      ],
      ingest,
    ),
    refreshes: table(
      ['refresh', 'folded', 'organizations published', 'seconds', 'CPU seconds', 'runs', 'statements', 'rows written'],
      refreshes,
    ),
  };
}
