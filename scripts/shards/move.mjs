// Moves buckets from one database to another, while the service runs.
//
// The worker learns of each step by `SHARDS`, isolate by isolate, so after each change some time passes before the next
// one:
//
//   512-600:DB        everything is in the old database
//   512-600:DB>DB_1   both are written, the old one is read: what was there before is copied and compared
//   512-600:DB_1>DB   both are written, the new one is read
//   512-600:DB_1      the old one is not used any more, and what it has is removed
//
// `SHARDS` says how far a move has come, so one that was interrupted goes on where it is.

import { Failure } from '../project.mjs';
import { assign, cut, formatShards, parseShards } from './buckets.mjs';
import { compare, copyRecords, copyTables, organizationsOf, purge, stopForgetting, unpublished } from './copy.mjs';

/** How often it is compared, and what the new database lacks is copied. */
const ROUNDS_MAX = 10;
/** The most times that it is checked whether the new database has published everything. */
const LOOKS_MAX = 60;

/**
 * What a move works with. `databases` are those of the bindings, `shards` says and sets what the deployed worker has,
 * and `pause` waits: until every isolate has learned of `SHARDS`, or, for a refresh, about a minute.
 *
 * @typedef {{
 *   databases: Record<string, import('./copy.mjs').Database>,
 *   shards: { read: () => string, deploy: (text: string) => Promise<void> },
 *   pause: (reason: 'isolates' | 'refresh') => Promise<void>,
 *   say: (line: string) => void,
 *   now: () => number,
 * }} Platform
 */

/**
 * Moves buckets to a database.
 *
 * @param {Platform} platform
 * @param {{ first: number, last: number, to: string }} move
 */
export async function move(platform, { first, last, to }) {
  const { databases, say } = platform;
  if (!databases[to]) throw new Failure(`There is no database ${to}.`);
  let state = stateOf(platform, { first, last });
  if (state.database === to && !state.second) {
    say(`Buckets ${first} to ${last} are in ${to} already.`);
    return;
  }
  const isSwitched = state.database === to;
  const from = isSwitched ? state.second : state.database;
  if (!isSwitched && state.second && state.second !== to)
    throw new Failure(`Buckets ${first} to ${last} are being moved to ${state.second}. End that first.`);
  const work = { ...platform, first, last, from: databases[from], to: databases[to] };

  const set = async (database, second) => {
    const text = formatShards(assign(parseShards(platform.shards.read()), { first, last, database, second }));
    say(`SHARDS = "${text}"`);
    await platform.shards.deploy(text);
    state = stateOf(platform, { first, last });
    await platform.pause('isolates');
  };
  if (!isSwitched) {
    if (!state.second) {
      await prepare(work);
      await set(from, to);
    } else {
      // Perhaps it was interrupted before every isolate knew.
      await platform.pause('isolates');
    }
    await copy(work, { isFirst: true });
    await awaitReports(work);
    // What was written meanwhile is in both, unless an isolate has learned very late that it should be.
    await copy(work, { isFirst: false });
    await set(to, from);
  } else {
    await platform.pause('isolates');
  }
  await set(to, undefined);
  await removeFrom(platform, { first, last, from });
}

/** What `SHARDS` says of these buckets, of all of them the same. */
function stateOf({ shards }, { first, last }) {
  const [state, ...others] = parseShards(shards.read()).flatMap((range) => cut(range, first, last));
  if (others.some(({ database, second }) => database !== state.database || second !== state.second))
    throw new Failure(`Buckets ${first} to ${last} are in several databases. Move those of one at a time.`);
  return state;
}

/** Keeps both databases from forgetting anything, and makes the new one refuse what the old one does. */
async function prepare({ first, last, from, to, now, say }) {
  const organizations = await organizationsOf(from, { first, last });
  say(`${organizations.length} organizations are to be moved.`);
  for (const organizationId of organizations) {
    await stopForgetting({ from, to, organizationId, now: now() });
    await copyTables({ from, to, organizationId });
  }
}

/**
 * Copies until the new database lacks nothing. The last round only compares: what is written while it does goes to
 * both.
 */
async function copy({ first, last, from, to, now, pause, say }, { isFirst }) {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    let [records, lacking, organizations, different] = [0, 0, 0, 0];
    for (const organizationId of await organizationsOf(from, { first, last })) {
      const isForced = isFirst && round === 1;
      if (isForced) await stopForgetting({ from, to, organizationId, now: now() });
      const comparison = await compare({ from, to, organizationId });
      if (isForced || !comparison.isRestSame) await copyTables({ from, to, organizationId });
      if (comparison.lacking > 0) await copyRecords({ from, to, organizationId, now: now() });
      records += comparison.count;
      lacking += comparison.lacking;
      if (isForced || comparison.lacking > 0 || !comparison.isRestSame) organizations += 1;
      else if (!comparison.isSame) different += 1;
    }
    say(`${records} records, of which the new database lacked ${lacking}.`);
    if (organizations === 0) {
      if (different > 0) say(`Of ${different} organizations it has more than the old one, or something newer.`);
      return;
    }
    // What was erased is removed by a refresh.
    if (round > 2) await pause('refresh');
  }
  throw new Failure('The new database does not catch up. Nothing has been switched; run the same command again.');
}

/** Waits until the new database has published a report of each organization. */
async function awaitReports({ first, last, from, to, pause, say }) {
  const organizations = await organizationsOf(from, { first, last });
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const missing = await unpublished({ from, to, organizations });
    if (missing.length === 0) return;
    say(`${missing.length} organizations have no report in the new database yet.`);
    await pause('refresh');
  }
  throw new Failure(
    'The new database publishes no reports. Nothing has been switched; does its refresh run? See /health.',
  );
}

/**
 * Removes from a database what it has of buckets that are not its own any more.
 *
 * @param {Platform} platform
 * @param {{ first: number, last: number, from: string }} options
 */
export async function removeFrom(platform, { first, last, from }) {
  const { databases, shards, say } = platform;
  const ranges = parseShards(shards.read()).flatMap((range) => cut(range, first, last));
  if (ranges.some(({ database, second }) => database === from || second === from))
    throw new Failure(`SHARDS says that ${from} has some of the buckets ${first} to ${last}: nothing was removed.`);
  let removed = 0;
  for (const organizationId of await organizationsOf(databases[from], { first, last }))
    removed += await purge(databases[from], organizationId);
  say(`Removed ${removed} rows from ${from}.`);
}
