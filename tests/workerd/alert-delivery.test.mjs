// Alerts from a refresh through the queue to a receiver.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { MINUTE } from './fixtures.mjs';
import { adminToken, startService, tokenOf } from './harness.mjs';

const DASHBOARD = 'https://monitor.brindlewick.co.uk/';
const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const ORGANIZATION = 'an organization';
const alerts = `/api/organizations/${encodeURIComponent(ORGANIZATION)}/alerts`;
const token = adminToken(ORGANIZATION);

/** What the receiver answers with, by the host. */
const statuses = {};
/** The requests that nobody has waited for yet, and who waits. */
const received = [];
let notify = () => {};

/** So that the first alert is sent now, by the clock of who verifies it. */
const start = Math.floor(Date.now() / MINUTE) * MINUTE - 6 * MINUTE;
let now = start;
let service;
before(async () => {
  service = await startService({
    hasClock: true,
    hasQueue: true,
    vars: { DASHBOARD_URL: DASHBOARD },
    secrets: { SETTINGS_KEY: `2026:${randomBytes(32).toString('base64url')}` },
    outbound: async (request) => {
      const { host } = new URL(request.url);
      received.push({ host, headers: Object.fromEntries(request.headers), body: await request.text() });
      notify();
      return new Response(null, { status: statuses[host] ?? 204 });
    },
  });
  await service.setClock(now);
});
after(() => service?.close());

const instant = (at) => new Date(at).toISOString();

/** Refreshes a minute later. */
async function refresh() {
  now += MINUTE;
  await service.setClock(now);
  await service.refresh(now);
}

/** The next requests that the receiver gets. */
async function requests(count) {
  while (received.length < count) {
    await new Promise((resolve) => {
      notify = () => resolve(undefined);
    });
  }
  return received.splice(0, count);
}

/** The delivery of a destination, when it is no longer on its way. */
async function delivery(id, isSettled) {
  for (;;) {
    const { data } = await (await service.fetch(alerts, { token })).json();
    const found = data.destinations.find((destination) => destination.id === id).delivery;
    if (isSettled(found)) return found;
  }
}

const common = () => ({ organizationId: ORGANIZATION, updatedAt: instant(now) });
const message = (conversationId, more) => ({
  ...common(),
  type: 'message',
  messageId: `${conversationId} ${now} ${more.sender}`,
  conversationId,
  at: instant(now),
  ...more,
});
const asks = (conversationId, departmentId) => [
  {
    ...common(),
    type: 'contact',
    contactId: `k-${conversationId}`,
    name: `<!channel> *${conversationId}*`,
    phone: '+447700900000',
  },
  {
    ...common(),
    type: 'conversation',
    conversationId,
    contactId: `k-${conversationId}`,
    channelType: 'sms',
    departmentId,
  },
  message(conversationId, { direction: 'inbound', sender: 'contact' }),
];
const answers = (conversationId) => message(conversationId, { direction: 'outbound', sender: 'human' });

test('who waits for too long is told once, and once when it is over', async () => {
  const destination = { categories: ['ai_stuck', 'agent_abandoned'] };
  const body = JSON.stringify({
    destinations: [
      {
        ...destination,
        id: 'program',
        url: 'https://program.brindlewick.co.uk/',
        format: 'standard-webhooks',
        secret: SECRET,
      },
      { ...destination, id: 'slack', url: 'https://slack.brindlewick.co.uk/', format: 'slack', departmentIds: ['d1'] },
      { ...destination, id: 'later', url: 'https://later.brindlewick.co.uk/', format: 'teams', afterMinutes: 60 },
    ],
  });
  await service.post([
    { ...common(), type: 'organization', name: 'An organization' },
    { ...common(), type: 'department', departmentId: 'd1', name: 'Parcels' },
  ]);
  await service.refresh(now);
  const headers = { 'Content-Type': 'application/json' };
  const put = await service.fetch(alerts, { method: 'PUT', token, headers, body });
  assert.equal(put.status, 200, await put.text());
  await refresh();
  await service.post([...asks('c1', 'd1'), ...asks('c2', null)]);
  for (let minutes = 0; minutes < 4; minutes += 1) await refresh();
  assert.deepEqual(received, []);
  await refresh();

  const both = await requests(2);
  const program = both.find(({ host }) => host.startsWith('program'));
  const slack = both.find(({ host }) => host.startsWith('slack'));
  const { type, timestamp, data } = /** @type {any} */ (new Webhook(SECRET).verify(program.body, program.headers));
  assert.deepEqual([type, timestamp, data.total, data.isSample], ['conversation.stalled', instant(now), 2, false]);
  assert.deepEqual(data.conversations[0], {
    conversationId: 'c1',
    contactName: '<!channel> *c1*',
    channelType: 'sms',
    departmentId: 'd1',
    departmentName: 'Parcels',
    category: 'ai_stuck',
    reason: 'no_reply',
    waitingSince: instant(now - 5 * MINUTE),
    stalledSince: instant(now - 5 * MINUTE),
    stalledMinutes: 5,
    assigneeNames: [],
  });
  assert.ok(!program.body.includes('447700900000'));
  assert.equal(data.dashboardUrl, `${DASHBOARD}?organizationId=an+organization`);
  const { text, blocks } = JSON.parse(slack.body);
  assert.equal(text, '1 conversation waiting for an answer');
  assert.deepEqual(blocks[1].text, {
    type: 'plain_text',
    text: '<!channel> *c1* · 5 min · sms · Parcels · autopilot stuck',
    emoji: false,
  });
  await delivery('program', ({ sent }) => sent === 1);
  await delivery('slack', ({ sent }) => sent === 1);

  await refresh();
  await service.post([answers('c1')]);
  await refresh();
  const cleared = await requests(2);
  const told = cleared.find(({ host }) => host.startsWith('program'));
  const over = JSON.parse(told.body);
  assert.deepEqual([over.type, over.data.total], ['conversation.cleared', 1]);
  assert.equal(over.data.conversations[0].contactName, '<!channel> *c1*');
  assert.notEqual(told.headers['webhook-id'], program.headers['webhook-id']);
  await delivery('program', ({ sent }) => sent === 2);
  await delivery('slack', ({ sent }) => sent === 2);
  await refresh();
  await refresh();
  assert.deepEqual(received, []);
});

test('a refusal is noted, and seen in the health', async () => {
  statuses['program.brindlewick.co.uk'] = 500;
  await service.post([answers('c2')]);
  await refresh();
  await requests(1);
  const failed = await delivery('program', ({ attempts }) => attempts === 1);
  assert.equal(failed.problem, 'The receiver answered 500.');
  const operator = tokenOf({ sub: 'op', scope: 'conversation-monitor:operate' });
  const health = await (await service.fetch('/health', { token: operator })).json();
  assert.deepEqual(health.data.alerts, { waiting: 1, failing: 1, givenUp: 0 });
});
