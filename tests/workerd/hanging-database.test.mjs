// A database that never answers: whoever asks is told so within ten seconds, and a help desk within three, by the
// service and not by the platform.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { claimsOf, SMALL, signToken } from '../../bench/data.mjs';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';

const CONNECTION = {
  connectionId: 'cn-hanging',
  kind: 'chatwoot',
  organizationId: SMALL.organizationId,
  secrets: ['a secret of the help desk'],
};

/**
 * The worker, with a database whose promises stay pending, and with timers a hundred times as fast. `X-Waited-Ms` says
 * how long a response would have taken: the timers that went off, one after the other.
 */
const HANGING = `
  import worker from './index.js';

  const { setTimeout } = globalThis;
  let waitedMs = 0;
  globalThis.setTimeout = (callback, milliseconds, ...rest) =>
    setTimeout(() => {
      waitedMs += milliseconds;
      callback(...rest);
    }, milliseconds / 100);

  let batches = 0;
  const statement = { bind: () => statement };
  const DB = {
    prepare: () => statement,
    batch: () => {
      batches += 1;
      return new Promise(() => {});
    },
    withSession: () => DB,
    getBookmark: () => null,
  };

  export default {
    async fetch(request, env, context) {
      waitedMs = 0;
      batches = 0;
      const response = await worker.fetch(request, { ...env, DB }, context);
      const told = new Response(response.body, response);
      told.headers.set('X-Waited-Ms', String(waitedMs));
      told.headers.set('X-Batches', String(batches));
      return told;
    },
  };
`;

let side;
before(async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'hanging.js', contents: HANGING }, main, ...others];
  side = await Side.start('hanging', { modules, bindings: { CONNECTIONS: JSON.stringify([CONNECTION]) } });
});
after(() => side?.stop());

/** The response must be 503. Returns how many milliseconds it would have taken, and how often the database was asked. */
async function refused(target, init) {
  const response = await side.fetch(target, init);
  const answer = /** @type {any} */ (await response.json());
  assert.deepEqual([response.status, answer.success, answer.error], [503, false, 'UNAVAILABLE'], target);
  assert.ok(response.headers.get('Retry-After'), target);
  return ['X-Waited-Ms', 'X-Batches'].map((name) => Number(response.headers.get(name)));
}

test('a request is answered with 503 when the database does not answer', async () => {
  const headers = { Authorization: `Bearer ${signToken(claimsOf('ADMIN', SMALL.organizationId, 0))}` };
  for (const [target, init] of /** @type {[string, RequestInit][]} */ ([
    ['/api/conversation-monitor/report', { headers }],
    ['/api/conversation-monitor/summary', { headers }],
    ['/health', {}],
  ])) {
    const [waitedMs] = await refused(target, init);
    assert.ok(waitedMs <= 10_000, `${target}: ${waitedMs} ms`);
  }
});

test('a webhook is answered with 503 within three seconds, after two tries', async () => {
  const body = JSON.stringify({
    event: 'message_created',
    id: 1,
    message_type: 'incoming',
    created_at: new Date().toISOString(),
    conversation: { id: 1, channel: 'Channel::WebWidget', status: 'open', meta: { sender: { id: 1, name: 'A' } } },
  });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const digits = createHmac('sha256', CONNECTION.secrets[0]).update(`${timestamp}.${body}`).digest('hex');
  const [waitedMs, batches] = await refused(`/api/conversation-monitor/hooks/${CONNECTION.connectionId}`, {
    method: 'POST',
    body,
    headers: {
      'Content-Type': 'application/json',
      'X-Chatwoot-Timestamp': timestamp,
      'X-Chatwoot-Signature': `sha256=${digits}`,
    },
  });
  assert.equal(batches, 2);
  assert.ok(waitedMs <= 3_000, `${waitedMs} ms`);
});
