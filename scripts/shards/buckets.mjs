// Which bucket an organization has, and which database has a bucket: `src/storage/shards.rs` in JavaScript.

import { createHash } from 'node:crypto';
import { Failure } from '../project.mjs';

export const BUCKETS = 1024;
/** What `SHARDS` says unless it is set. */
export const ONE_DATABASE = `0-${BUCKETS - 1}:DB`;

/**
 * Some buckets that follow one another. `database` is read and written; `second` is written, too, while they are moved.
 *
 * @typedef {{ first: number, last: number, database: string, second?: string }} Range
 */

/** The bucket of an organization. */
export function bucketOf(organizationId) {
  return createHash('sha256').update(organizationId).digest().readUInt16BE(0) >> 6;
}

/**
 * Reads `SHARDS`.
 *
 * @param {string} text
 * @returns {Range[]}
 */
export function parseShards(text) {
  let next = 0;
  const ranges = (text || ONE_DATABASE).split(',').map((range) => {
    const [, first, last = first, database, second] =
      /^(\d+)(?:-(\d+))?:(\w+)(?:>(\w+))?$/.exec(range.trim()) ?? wrong(text);
    if (Number(first) !== next || Number(last) < next || second === database) wrong(text);
    next = Number(last) + 1;
    return { first: Number(first), last: Number(last), database, ...(second && { second }) };
  });
  if (next !== BUCKETS) wrong(text);
  return ranges;
}

/** @returns {never} */
function wrong(text) {
  throw new Failure(`SHARDS is not what the worker takes: "${text}".`);
}

/** Writes `SHARDS`. Neighbours with the same databases become one. */
export function formatShards(ranges) {
  /** @type {Range[]} */
  const joined = [];
  for (const range of ranges) {
    const before = joined.at(-1);
    if (before && before.database === range.database && before.second === range.second) before.last = range.last;
    else joined.push({ ...range });
  }
  return joined
    .map(({ first, last, database, second }) => {
      const buckets = first === last ? first : `${first}-${last}`;
      return `${buckets}:${database}${second ? `>${second}` : ''}`;
    })
    .join(',');
}

/**
 * The ranges after some buckets are given to `database`, and to `second`.
 *
 * @param {Range[]} ranges
 * @param {Range} range
 */
export function assign(ranges, { first, last, database, second }) {
  const before = ranges.flatMap((range) => cut(range, 0, first - 1));
  const after = ranges.flatMap((range) => cut(range, last + 1, BUCKETS - 1));
  return [...before, { first, last, database, ...(second && { second }) }, ...after];
}

/** What of a range is within some buckets: it, a part of it, or nothing. */
export function cut(range, first, last) {
  const within = { ...range, first: Math.max(range.first, first), last: Math.min(range.last, last) };
  return within.first <= within.last ? [within] : [];
}

/** `SHARDS` with the buckets divided among databases, as evenly as can be. */
export function evenShards(databases) {
  const begin = (number) => Math.floor((number * BUCKETS) / databases.length);
  const ranges = databases.map((database, number) => ({ first: begin(number), last: begin(number + 1) - 1, database }));
  return formatShards(ranges);
}

/** The names of so many bindings: `DB`, `DB_1`, … */
export function bindingsOf(count) {
  return Array.from({ length: count }, (_, number) => (number === 0 ? 'DB' : `DB_${number}`));
}

/** The database that is read for an organization. */
export function databaseOf(ranges, organizationId) {
  const bucket = bucketOf(organizationId);
  return ranges.find(({ last }) => bucket <= last).database;
}
