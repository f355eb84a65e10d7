// The receiver of alerts: what it prints, and what it refuses.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { receiver } from '../../scripts/alerts-receive.mjs';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const BODY = JSON.stringify({ type: 'conversation.stalled', data: { total: 1 } });

/** Posts a message to a receiver; returns the status and what was printed. */
async function post(t, options, headers, body = BODY) {
  const lines = [];
  const server = receiver({ ...options, say: (line) => lines.push(line) });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return { status: response.status, lines };
}

/** The headers of a message that is signed with a secret. */
function signed(secret, body = BODY) {
  const at = new Date();
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
  };
}

test('a message that is signed with the secret is printed and taken', async (t) => {
  const { status, lines } = await post(t, { secret: SECRET }, signed(SECRET));
  assert.equal(status, 200);
  assert.match(lines[0], /msg_1: signed with the secret\n\{\n {2}"type": "conversation.stalled"/);
});

test('one that is not, or of which a byte has changed, is refused', async (t) => {
  const other = `whsec_${randomBytes(32).toString('base64')}`;
  for (const [headers, body] of /** @type {[Record<string, string>, string][]} */ ([
    [signed(other), BODY],
    [signed(SECRET), BODY.replace('1', '2')],
    [{}, BODY],
  ])) {
    const { status, lines } = await post(t, { secret: SECRET }, headers, body);
    assert.equal(status, 401);
    assert.match(lines[0], /refused: /);
  }
});

test('without a secret everything is printed, and answered as it is told', async (t) => {
  const { status, lines } = await post(t, { status: 503 }, {}, 'no JSON');
  assert.equal(status, 503);
  assert.match(lines[0], /without an id: not signed\nno JSON$/);
});
