// The report as tuned as it gets with Hono and jose: one handler and no middleware, a `Response` made by hand, tokens,
// keys, heads, outlines, pages and whole answers in the isolate's memory, rows as bytes and never as objects.

import { Hono } from 'hono';
import { internal, methodNotAllowed, Refusal, routeNotFound } from '../contract/errors';
import type { Env } from '../env';
import { authenticate } from './authenticate';
import { report } from './report';

const REPORT = '/api/conversation-monitor/report';

const app = new Hono<{ Bindings: Env }>();

app.get(REPORT, async (c) => {
  const beganAt = Date.now();
  try {
    const { headers } = c.req.raw;
    const claims = await authenticate(headers.get('Authorization'));
    const { body, etag } = await report(c, claims, headers.get('If-None-Match'));
    const status = body === null ? 304 : 200;
    return new Response(body, {
      status,
      headers: answerHeaders(beganAt, body === null ? { ETag: etag } : { ...JSON_TYPE, ETag: etag }),
    });
  } catch (error) {
    return refuse(error, beganAt);
  }
});
app.all(REPORT, () => refuse(methodNotAllowed('GET, HEAD'), Date.now()));
app.notFound(() => {
  const { body, status } = routeNotFound();
  const own = { 'X-Request-Id': crypto.randomUUID(), 'Cache-Control': 'no-store', Vary: 'Origin' };
  return Response.json(body, { status, headers: { ...COMMON, ...JSON_TYPE, ...own } });
});

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };
const COMMON = { 'X-Content-Type-Options': 'nosniff' };

function answerHeaders(beganAt: number, own: Record<string, string>): Record<string, string> {
  return {
    'X-Request-Id': crypto.randomUUID(),
    ...COMMON,
    'Cache-Control': 'private, no-cache',
    Vary: 'Authorization, Origin',
    'Server-Timing': `total;dur=${Date.now() - beganAt}`,
    ...own,
  };
}

function refuse(error: unknown, beganAt: number): Response {
  const refusal = error instanceof Refusal ? error : internal();
  if (refusal.status === 500) console.error(error);
  const headers = answerHeaders(beganAt, { ...JSON_TYPE, ...refusal.headers });
  return new Response(JSON.stringify(refusal.body), { status: refusal.status, headers });
}

export default app;
