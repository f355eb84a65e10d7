// What is stored of organizations, from one database to another, while both are written to.
//
// Records go through the worker's own statements, so the greater version of each stays, whatever is written meanwhile,
// and the refresh of the other database makes everything else of them. What is copied twice changes nothing.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inRoot } from '../project.mjs';
import { bucketOf } from './buckets.mjs';

/** How many rows are read at a time. */
const ROWS = 500;
/** How many bytes of records are written at a time, as JSON. A parameter may have 2 MB. */
const RECORD_BYTES = 900_000;
/** The most times that settings and the like are compared until they are the same. */
const REST_READS_MAX = 5;
/** How many rows of a table are removed at a time. */
const REMOVED_ROWS = 2_000;

/** The statements by which the worker stores records. */
const STORE = ['add_pending', 'add_organizations', 'upsert_greatest', 'move'].map((name) =>
  readFileSync(inRoot('src', 'ingest', 'sql', `${name}.sql`), 'utf8'),
);

/**
 * Stores the removals of erased records, which ingest refuses like every version of them that is no later than the
 * erasure. Where the other database has such a record, its own refresh removes it.
 */
const STORE_ERASED = `
  INSERT INTO record (organization_id, type, record_id, conversation_id, updated_at, deleted, body)
  SELECT i.value ->> 0, i.value ->> 1, i.value ->> 2, i.value ->> 3, i.value ->> 4, 1, i.value ->> 6
  FROM json_each(?1) AS i
  CROSS JOIN erasure AS e
    ON e.organization_id = i.value ->> 0 AND e.type = i.value ->> 1 AND e.record_id = i.value ->> 2
   AND e.erased_at >= i.value ->> 4
  WHERE i.value ->> 5 = 1
  ON CONFLICT DO NOTHING`;

/**
 * What is copied as it is, besides records: the key of each table, after the organization. Of the columns in `latest`
 * the greater value of two stays, and rows that the other database alone has are removed if the table is one
 * `ofSettings`.
 */
const TABLES = {
  conversation_sweep: { key: ['conversation_id'], latest: ['mark', 'late_at'], ofSettings: false },
  erasure: { key: ['type', 'record_id'], latest: ['erased_at', 'is_open'], ofSettings: false },
  connection_day: { key: ['day', 'connection_id'], latest: [], ofSettings: false },
  settings: { key: ['number'], latest: [], ofSettings: true },
  alert: { key: ['destination_id'], latest: [], ofSettings: true },
  trend: { key: ['slot'], latest: [], ofSettings: false },
};
/** The tables of which nothing is left when an organization has moved. */
const EMPTIED = {
  record: 'type, record_id',
  pending: 'type, record_id',
  conversation_state: 'conversation_id',
  conversation_sweep: 'conversation_id',
  snapshot_row: 'row_no',
  snapshot_part: 'version, part',
  settings: 'number',
  connection_day: 'day, connection_id',
  alert: 'destination_id',
  trend: 'slot',
  erasure: 'type, record_id',
};

/**
 * A D1 database, as the platform and Miniflare have it.
 *
 * @typedef {any} Database
 */

/** The organizations of some buckets that a database knows. */
export async function organizationsOf(database, { first, last }) {
  const found = [];
  for (const table of ['organization', 'connection_day']) {
    for (let after = ''; ; ) {
      const { results } = await database
        .prepare(
          `SELECT DISTINCT organization_id FROM ${table} WHERE organization_id > ?1 ORDER BY organization_id LIMIT ?2`,
        )
        .bind(after, ROWS)
        .all();
      found.push(...results.map(({ organization_id }) => organization_id));
      if (results.length < ROWS) break;
      after = results.at(-1).organization_id;
    }
  }
  return [...new Set(found)].filter((id) => first <= bucketOf(id) && bucketOf(id) <= last);
}

/**
 * Keeps an organization from forgetting anything in either database for some days. Otherwise the new one would decide
 * what is old while it has half of it.
 *
 * @param {{ from: Database, to: Database, organizationId: string, now: number }} options
 */
export async function stopForgetting({ from, to, organizationId, now }) {
  const { meta } = await from
    .prepare('UPDATE organization SET forgets_since = max(coalesce(forgets_since, 0), ?2) WHERE organization_id = ?1')
    .bind(organizationId, now)
    .run();
  // A connection may have an organization that nothing was stored of.
  if (meta.changes === 0) return;
  await to.batch([
    // As add_pending.sql does for an organization that is new: it gets a report, if only an empty one.
    to
      .prepare(
        `INSERT INTO pending (organization_id, type, record_id, mark, fold, publish, marked_at)
         SELECT ?1, 'organization', ?1, coalesce((SELECT CAST(fence AS TEXT) FROM refresh WHERE epoch = fence), ?2), 0, 1, ?3
         WHERE NOT EXISTS (SELECT 1 FROM organization WHERE organization_id = ?1 AND version > 0)
         ON CONFLICT (organization_id, type, record_id) DO UPDATE SET mark = excluded.mark, publish = 1`,
      )
      .bind(organizationId, changeToken(), now),
    to
      .prepare(
        `INSERT INTO organization (organization_id, forgets_since) VALUES (?1, ?2)
         ON CONFLICT (organization_id) DO UPDATE SET forgets_since = max(coalesce(forgets_since, 0), excluded.forgets_since)`,
      )
      .bind(organizationId, now),
  ]);
}

const changeToken = () => randomBytes(16).toString('hex');

/**
 * Copies everything except records: what was swept and erased, settings, destinations of alerts, and the counts of
 * connections and of the course of the day. The hour in which it is copied is counted by the new database alone.
 *
 * @param {{ from: Database, to: Database, organizationId: string }} options
 */
export async function copyTables({ from, to, organizationId }) {
  for (const [table, { key, latest, ofSettings }] of Object.entries(TABLES)) {
    const keys = [];
    for await (const rows of rowsOf(from, { table, key, organizationId })) {
      await copyRows(to, { table, key, latest, rows });
      keys.push(...rows.map((row) => row[key[0]]));
    }
    // What was set in the other database while it did not have the rest.
    if (ofSettings)
      await to
        .prepare(
          `DELETE FROM ${table} WHERE organization_id = ?1 AND ${key[0]} NOT IN (SELECT value FROM json_each(?2))`,
        )
        .bind(organizationId, JSON.stringify(keys))
        .run();
  }
  const organization = await from
    .prepare('SELECT threshold_minutes, purge_at FROM organization WHERE organization_id = ?1')
    .bind(organizationId)
    .first();
  await to
    .prepare('UPDATE organization SET threshold_minutes = ?2, purge_at = ?3 WHERE organization_id = ?1')
    .bind(organizationId, organization?.threshold_minutes ?? null, organization?.purge_at ?? null)
    .run();
}

/** Rows become those of the other database, whatever it had under their keys. */
async function copyRows(to, { table, key, latest, rows }) {
  const columns = Object.keys(rows[0]);
  const own = ['organization_id', ...key];
  const values = columns
    .filter((column) => !own.includes(column))
    .map((column) =>
      latest.includes(column)
        ? `${column} = max(coalesce(${column}, excluded.${column}), coalesce(excluded.${column}, ${column}))`
        : `${column} = excluded.${column}`,
    );
  await to
    .prepare(
      `INSERT INTO ${table} (${columns.join(', ')})
       SELECT ${columns.map((_, index) => `value ->> ${index}`).join(', ')} FROM json_each(?1) WHERE true
       ON CONFLICT (${own.join(', ')}) DO UPDATE SET ${values.join(', ')}`,
    )
    .bind(JSON.stringify(rows.map((row) => columns.map((column) => row[column]))))
    .run();
}

/**
 * The rows of a table that belong to an organization, some at a time, in the order of the key.
 *
 * @param {Database} database
 * @param {{ table: string, key: string[], organizationId: string }} options
 */
async function* rowsOf(database, { table, key, organizationId }) {
  const after = key.map((_, index) => `?${index + 3}`).join(', ');
  const read = (isFirst) => `SELECT * FROM ${table}
    WHERE organization_id = ?1 ${isFirst ? '' : `AND (${key.join(', ')}) > (${after})`}
    ORDER BY ${key.join(', ')} LIMIT ?2`;
  for (let last = null; ; ) {
    const statement = database.prepare(read(last === null));
    const { results } = await statement.bind(organizationId, ROWS, ...(last ?? [])).all();
    if (results.length > 0) yield results;
    if (results.length < ROWS) return;
    last = key.map((column) => results.at(-1)[column]);
  }
}

const RECORD_COLUMNS = [
  'organization_id',
  'type',
  'record_id',
  'conversation_id',
  'updated_at',
  'deleted',
  'body',
  'revision',
  'maturity',
  'details',
];

/** The records of an organization, some at a time, as ingest passes them: with what their versions are ordered by. */
async function* recordsOf(database, organizationId) {
  for await (const rows of rowsOf(database, { table: 'ranked_record', key: ['type', 'record_id'], organizationId }))
    yield rows.map((row) => RECORD_COLUMNS.map((column) => row[column]));
}

/**
 * Copies the records of an organization; how many of them the other database did not have, or had in a lesser version.
 *
 * @param {{ from: Database, to: Database, organizationId: string, now: number }} options
 */
export async function copyRecords({ from, to, organizationId, now }) {
  let applied = 0;
  for await (const records of recordsOf(from, organizationId)) {
    for (const chunk of chunksOf(records)) {
      applied += await store(to, chunk, now);
    }
  }
  return applied;
}

/** Stores records, each as ingest passes it, but without the instant of its arrival: it was taken in before. */
async function store(database, records, now) {
  const parameter = JSON.stringify(records.map((record, index) => [...record, index, null]));
  const token = changeToken();
  const statements = [...STORE, STORE_ERASED];
  const [, , upsert] = await database.batch(
    statements.map((sql, index) =>
      database.prepare(sql).bind(...(index === 0 ? [parameter, token, now] : [parameter])),
    ),
  );
  return upsert.meta.changes;
}

/** Records in chunks of at most so many bytes. */
function* chunksOf(records) {
  let chunk = [];
  let bytes = 0;
  for (const record of records) {
    const own = Buffer.byteLength(JSON.stringify(record));
    if (chunk.length > 0 && bytes + own > RECORD_BYTES) {
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(record);
    bytes += own;
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * Compares what two databases have of an organization: how many records, a checksum over all of them, and what the
 * second one lacks: records that it does not have or has in a lesser version. What only the second one has, or has in a
 * greater version, is counted.
 *
 * @param {{ from: Database, to: Database, organizationId: string }} options
 */
export async function compare({ from, to, organizationId }) {
  // One after the other: the new database gets everything first, so what is written meanwhile is not missing in it.
  const old = await readRecords(from, organizationId);
  const copy = await readRecords(to, organizationId);
  const isRestSame = await hasSameRest(from, to, organizationId);
  const isSame = old.count === copy.count && old.checksum === copy.checksum && isRestSame;
  const lacking = isSame ? 0 : await countLacking(from, to, organizationId);
  return { count: old.count, isSame, lacking, isRestSame };
}

/** The number and the checksum of an organization's records. */
async function readRecords(database, organizationId) {
  const checksum = createHash('sha256');
  let count = 0;
  for await (const records of recordsOf(database, organizationId)) {
    for (const record of records) checksum.update(`${JSON.stringify(record)}\n`);
    count += records.length;
  }
  return { count, checksum: checksum.digest('hex') };
}

/** Whether two databases have the same of what else is copied and does not change by itself. */
async function hasSameRest(from, to, organizationId) {
  // Somebody may change it between the two reads, but hardly every time.
  for (let time = 1; time <= REST_READS_MAX; time += 1) {
    if ((await readRest(from, organizationId)) === (await readRest(to, organizationId))) return true;
  }
  return false;
}

async function readRest(database, organizationId) {
  const rest = [
    'SELECT * FROM settings WHERE organization_id = ?1 ORDER BY number',
    'SELECT threshold_minutes FROM organization WHERE organization_id = ?1 AND threshold_minutes IS NOT NULL',
    'SELECT type, record_id, erased_at FROM erasure WHERE organization_id = ?1 ORDER BY type, record_id',
    'SELECT destination_id, position, sealed_url, enabled, revision FROM alert WHERE organization_id = ?1 ORDER BY 1',
  ];
  const outcomes = await database.batch(rest.map((sql) => database.prepare(sql).bind(organizationId)));
  return JSON.stringify(outcomes.map(({ results }) => results));
}

/** How many records of the first database the second one lacks. It says so itself: it is asked what it would store. */
async function countLacking(from, to, organizationId) {
  const wouldStore = `SELECT count(*) AS lacking FROM json_each(?1) AS i
    LEFT JOIN ranked_record AS stored
      ON stored.organization_id = i.value ->> 0 AND stored.type = i.value ->> 1 AND stored.record_id = i.value ->> 2
    WHERE stored.record_id IS NULL
       OR (i.value ->> 7, i.value ->> 4, i.value ->> 5, i.value ->> 8, i.value ->> 9, i.value ->> 6)
        > (stored.revision, stored.updated_at, stored.deleted, stored.maturity, stored.details, stored.body)
       OR (i.value ->> 6 = stored.body AND i.value ->> 3 IS NOT stored.conversation_id)`;
  let lacking = 0;
  for await (const records of recordsOf(from, organizationId)) {
    for (const chunk of chunksOf(records)) {
      const row = await to.prepare(wouldStore).bind(JSON.stringify(chunk)).first();
      lacking += row.lacking;
    }
  }
  return lacking;
}

/**
 * Those of the organizations that have a report in the first database and none, or a frozen one, in the second.
 *
 * @param {{ from: Database, to: Database, organizations: string[] }} options
 */
export async function unpublished({ from, to, organizations }) {
  const missing = [];
  for (let start = 0; start < organizations.length; start += ROWS) {
    const ids = JSON.stringify(organizations.slice(start, start + ROWS));
    const published = async (database) => {
      const statement = database.prepare(
        `SELECT organization_id FROM organization
         WHERE version > 0 AND held_as_of IS NULL AND organization_id IN (SELECT value FROM json_each(?1))`,
      );
      return (await statement.bind(ids).all()).results.map(({ organization_id }) => organization_id);
    };
    const copies = new Set(await published(to));
    missing.push(...(await published(from)).filter((id) => !copies.has(id)));
  }
  return missing;
}

/**
 * Removes everything of an organization, except the numbers that no later version and row may have if it ever comes
 * back.
 *
 * @param {Database} database
 * @param {string} organizationId
 */
export async function purge(database, organizationId) {
  let removed = 0;
  for (const [table, key] of Object.entries(EMPTIED)) {
    const remove = `DELETE FROM ${table} WHERE (organization_id, ${key}) IN (
      SELECT organization_id, ${key} FROM ${table} WHERE organization_id = ?1 LIMIT ?2
    )`;
    for (let changes = -1; changes !== 0; removed += changes) {
      const { meta } = await database.prepare(remove).bind(organizationId, REMOVED_ROWS).run();
      changes = meta.changes;
    }
  }
  await database
    .prepare(
      `UPDATE organization SET candidates = 0, categories = '{}', retired = '[]', retire_at = NULL, threshold_minutes = NULL,
         held_as_of = NULL, failed_in = NULL, worked_in = NULL, fold_after = NULL, missing = 0, list_of = NULL,
         forgets_since = NULL, purge_at = NULL, trend = NULL,
         trend_departments = NULL, trend_departments_of = NULL
       WHERE organization_id = ?1`,
    )
    .bind(organizationId)
    .run();
  return removed;
}
