// Pages as text: memory, then KV, then D1. Two lines a row, its people and the row; JSON has no line breaks.

import type { Context } from 'hono';
import { snapshotExpired } from '../contract/errors';
import { ROWS_SQL } from '../contract/snapshot';
import type { Env } from '../env';
import { ByteBoundedCache } from './byte-bounded-cache';
import type { Filter } from './snapshot-index';

/** Rows of a page: the people of each, and each without its closing brace. */
export interface Page {
  people: string[];
  rows: string[];
}

const PAGES_BYTES_MAX = 16 * 1024 * 1024;
const TTL_SECONDS = 3600;

const pages = new ByteBoundedCache<Page>(PAGES_BYTES_MAX);

/** `name` says organization, database, version and everything of the filter. */
export async function readPage(
  c: Context<{ Bindings: Env }>,
  organizationId: string,
  name: string,
  rowNos: number[],
): Promise<Page> {
  const cached = pages.get(name);
  if (cached) return cached;
  const key = `page/${new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name))).toHex()}`;
  let text = await c.env.PAGES.get(key, 'text');
  if (text === null) {
    const { results } = await c.env.DB.prepare(ROWS_SQL)
      .bind(organizationId, JSON.stringify(rowNos))
      .all<{ people: string; json: string }>();
    if (results.length < rowNos.length) throw snapshotExpired();
    text = results.map(({ people, json }) => `${people}\n${json}`).join('\n');
    c.executionCtx.waitUntil(c.env.PAGES.put(key, text, { expirationTtl: TTL_SECONDS }));
  }
  const lines = text.split('\n');
  const page: Page = { people: [], rows: [] };
  for (let index = 0; index < lines.length; index += 2) {
    page.people.push(lines[index]);
    page.rows.push(lines[index + 1].slice(0, -1));
  }
  pages.put(name, page, 2 * text.length);
  return page;
}

/** What a page is the page of. */
export function pageName(organizationId: string, generation: string, version: number, filter: Filter): string {
  const { overThreshold, departments, category, page, limit } = filter;
  return JSON.stringify([generation, organizationId, version, overThreshold, departments, category, page, limit]);
}
