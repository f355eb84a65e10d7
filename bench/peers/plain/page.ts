// A page of a snapshot: from KV, else from D1 and then into KV.

import type { Context } from 'hono';
import { snapshotExpired } from '../contract/errors';
import { type Category, NO_COUNTS, type ReportRequest } from '../contract/request';
import { PARTS_SQL, type Part, ROWS_SQL, type Snapshot } from '../contract/snapshot';
import type { Env } from '../env';
import type { Variables } from './authenticate';

export interface Page {
  counts: Record<Category, number>;
  rows: { people: string[]; row: Record<string, unknown> }[];
}

export interface Wanted {
  organizationId: string;
  snapshot: Snapshot;
  id: string;
  departments: string[] | null;
  request: ReportRequest;
}

/** As long as a superseded version is kept. */
const TTL_SECONDS = 600;
const KEY_BYTES_MAX = 512;

export async function readPage(c: Context<{ Bindings: Env; Variables: Variables }>, wanted: Wanted): Promise<Page> {
  const key = await keyOf(wanted);
  const cached = await c.env.PAGES.get<Page>(key, 'json');
  if (cached) return cached;
  const page = await queryPage(c.env.DB, wanted);
  c.executionCtx.waitUntil(c.env.PAGES.put(key, JSON.stringify(page), { expirationTtl: TTL_SECONDS }));
  return page;
}

/** The snapshot's id names organization, version, instant and threshold, and cannot be another's. */
async function keyOf({ id, departments, request }: Wanted): Promise<string> {
  const { category, skipThreshold, page, limit } = request;
  const key = `page:${id}:${JSON.stringify([departments, category, skipThreshold, page, limit])}`;
  const bytes = new TextEncoder().encode(key);
  if (bytes.length <= KEY_BYTES_MAX) return key;
  return `page:${new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex()}`;
}

async function queryPage(database: D1Database, wanted: Wanted): Promise<Page> {
  const { organizationId, snapshot, departments, request } = wanted;
  const { results: parts } = await database
    .prepare(PARTS_SQL)
    .bind(organizationId, snapshot.version)
    .all<{ entries: string }>();
  if (parts.length === 0) throw snapshotExpired();

  const latest = snapshot.asOf - snapshot.thresholdMinutes * 60_000;
  const entries = parts.flatMap((part) => {
    const { departments: known, entries } = JSON.parse(part.entries) as Part;
    return entries.map(([stalledSince, rowNo, category, department]) => ({
      stalledSince,
      rowNo,
      category,
      departmentId: department === null ? null : known[department][0],
    }));
  });
  const shown = entries.filter(
    ({ stalledSince, departmentId }) =>
      (request.skipThreshold || stalledSince <= latest) &&
      (!departments || (departmentId !== null && departments.includes(departmentId))),
  );
  const ofCategory = (category: Category) => shown.filter((entry) => entry.category === category);
  const counts = { ...NO_COUNTS };
  for (const { category } of shown) counts[category] += 1;

  const matching = request.category
    ? ofCategory(request.category)
    : shown.filter(({ category }) => category === 'ai_stuck' || category === 'agent_abandoned');
  const start = (request.page - 1) * request.limit;
  const rowNos = matching.slice(start, start + request.limit).map(({ rowNo }) => rowNo);
  if (rowNos.length === 0) return { counts, rows: [] };
  const { results } = await database
    .prepare(ROWS_SQL)
    .bind(organizationId, JSON.stringify(rowNos))
    .all<{ people: string; json: string }>();
  if (results.length < rowNos.length) throw snapshotExpired();
  return { counts, rows: results.map(({ people, json }) => ({ people: JSON.parse(people), row: JSON.parse(json) })) };
}
