// Why a conversation is listed, and what happens to its row when a supervisor acknowledges it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { acknowledgementOf, evidenceOf } from './acknowledgements.mjs';
import {
  Clock,
  conversationIdsOf,
  DAY,
  departmentHeadToken,
  HOUR,
  hoursAgo,
  MINUTE,
  messageOf,
  newOrganizationId,
  reportOfCandidates,
  superadminToken,
  waiting,
} from './fixtures.mjs';
import { adminToken, CSV, ingestToken, settingsOf, startService, tokenOf } from './harness.mjs';

let service;
before(async () => {
  service = await startService();
});
after(() => service.close());

const clock = new Clock(hoursAgo(2));

async function call(target, init) {
  const response = await service.fetch(target, init);
  const { data, error, message } = await response.json();
  return { status: response.status, data, error, message };
}

const explain = (token, conversationId) => call(evidenceOf(conversationId), { token });

const acknowledge = (token, conversationId, body) =>
  call(acknowledgementOf(conversationId), {
    method: 'PUT',
    token,
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });

const withdraw = (token, conversationId) => call(acknowledgementOf(conversationId), { method: 'DELETE', token });

/** An organization in which somebody has waited for half an hour, in a department. */
async function organizationWithWait() {
  const organizationId = newOrganizationId();
  const since = clock.iso(30 * MINUTE);
  await service.post([
    ...waiting(organizationId, 'c', { since, departmentId: 'd', contactName: 'Bob' }),
    { type: 'user', organizationId, userId: 'head', fullName: 'Maud', updatedAt: since },
  ]);
  await clock.refresh(service);
  return {
    organizationId,
    admin: adminToken(organizationId),
    head: departmentHeadToken(organizationId, ['d'], 'head'),
  };
}

test('the evidence has the members of the row, and what each item does', async () => {
  const { organizationId, admin, head } = await organizationWithWait();
  await service.post([
    messageOf(organizationId, 'c', clock.iso(20 * MINUTE), {
      messageId: 'news',
      direction: 'outbound',
      sender: 'automation',
      kind: 'campaign',
    }),
    messageOf(organizationId, 'c', clock.iso(10 * MINUTE), {
      messageId: 'failed',
      direction: 'outbound',
      sender: 'ai',
      status: 'failed',
    }),
  ]);
  await clock.refresh(service);
  const [row] = (await reportOfCandidates(service, organizationId)).rows;
  assert.equal(row.reason, 'reply_failed');
  const { status, data } = await explain(admin, 'c');
  assert.equal(status, 200);
  const { gates, ...shown } = data.conversation;
  assert.deepEqual([gates, shown], [[], row]);
  assert.deepEqual(
    data.items.map(({ id, effect }) => [id, effect]),
    [
      ['m-c', 'demand'],
      ['news', 'ignored:campaign'],
      ['failed', 'failed_answer'],
    ],
  );
  assert.deepEqual([data.responsible, data.hasEarlierItems], ['ai', false]);
  const after = (milliseconds) => new Date(Date.parse(row.stalledSince) + milliseconds).toISOString();
  assert.deepEqual(
    [data.thresholdMinutes, data.listing, data.crossesAt, data.nextChangeAt],
    [5, 'listed', after(5 * MINUTE), after(30 * DAY + 1)],
  );
  assert.equal((await explain(head, 'c')).data.conversation.hasAccess, false);
});

test('it says when somebody is listed who is not yet, in business hours too', async () => {
  const { organizationId, admin } = await organizationWithWait();
  const change = async (settings) => {
    const response = await service.fetch(settingsOf(organizationId), {
      method: 'PUT',
      token: admin,
      body: JSON.stringify(settings),
      headers: { 'Content-Type': 'application/json' },
    });
    assert.equal(response.status, 200, await response.text());
    const { data } = await explain(admin, 'c');
    const isListed = conversationIdsOf(await service.report(admin)).includes('c');
    assert.equal(data.listing === 'listed', isListed);
    const minutes = data.crossesAt && (Date.parse(data.crossesAt) - Date.parse(data.stalledSince)) / MINUTE;
    return [data.thresholdMinutes, data.listing, minutes, data.nextChangeAt === data.crossesAt];
  };
  assert.deepEqual(await change({ thresholdMinutes: 5 }), [5, 'listed', 5, false]);
  assert.deepEqual(await change({ thresholdMinutes: 600 }), [600, 'below_threshold', 600, true]);
  assert.deepEqual(await change({ departmentThresholdMinutes: { d: 90 } }), [90, 'below_threshold', 90, true]);
  const always = [['00:00', '24:00']];
  const weekly = Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, always]));
  const businessHours = { timeZone: 'Asia/Kolkata', weekly };
  assert.equal((await explain(admin, 'c')).data.conversation.stalledBusinessMinutes, undefined);
  assert.deepEqual(await change({ businessHours }), [90, 'below_threshold', 90, true]);
  const [row] = (await service.report(admin, { skipThreshold: true })).rows;
  const explained = (await explain(admin, 'c')).data;
  assert.equal(explained.conversation.stalledBusinessMinutes, row.stalledBusinessMinutes);
  assert.equal(row.stalledBusinessMinutes, (Date.parse(explained.asOf) - Date.parse(row.stalledSince)) / MINUTE);
  // Closed on the day of the message, there, and open again after that.
  const { data } = await explain(admin, 'c');
  const local = new Date(Date.parse(data.stalledSince) + 5.5 * HOUR);
  const midnight = Date.parse(`${local.toISOString().slice(0, 10)}T00:00:00Z`) + DAY - 5.5 * HOUR;
  const closed = [local.toISOString().slice(0, 10)];
  const expected = (midnight - Date.parse(data.stalledSince)) / MINUTE + 90;
  assert.deepEqual(await change({ businessHours: { ...businessHours, closed } }), [
    90,
    'below_threshold',
    expected,
    true,
  ]);
});

test('the log names the route of a request that was refused, and none of the ids in its path', async () => {
  const { organizationId, admin } = await organizationWithWait();
  const paths = {
    [evidenceOf('canary-1')]: '/api/conversation-monitor/conversations/{conversationId}',
    [`${evidenceOf('canary-2')}?organizationId=`]: '/api/conversation-monitor/conversations/{conversationId}',
    [`/api/organizations/${organizationId}/canary-3`]: undefined,
    '/canary-4': undefined,
  };
  for (const [target, expected] of Object.entries(paths)) {
    const response = await service.fetch(target, { token: admin });
    await response.text();
    assert.ok(response.status >= 400);
    const [line] = service.linesOf(response);
    assert.deepEqual([line.message, line.path], ['request refused', expected]);
  }
  assert.ok(!JSON.stringify(service.logs()).includes('canary'));
});

test('nobody learns anything about conversations whose rows they may not see', async () => {
  const { organizationId, head } = await organizationWithWait();
  const other = await organizationWithWait();
  await service.post([
    ...waiting(organizationId, 'elsewhere', { since: clock.iso(), departmentId: 'e' }),
    ...waiting(other.organizationId, 'only there', { since: clock.iso() }),
  ]);
  const missing = { status: 404, data: undefined, error: 'NOT_FOUND', message: 'Conversation not found.' };
  assert.deepEqual(await explain(head, 'elsewhere'), missing);
  assert.deepEqual(await explain(head, 'nothing'), missing);
  assert.deepEqual(await explain(adminToken(organizationId), 'only there'), missing);
  assert.deepEqual(await acknowledge(head, 'elsewhere', { latestInboundMessageId: 'm-elsewhere' }), missing);
  assert.deepEqual(await withdraw(head, 'elsewhere'), missing);
  const foreign = `${evidenceOf('c')}?organizationId=${other.organizationId}`;
  assert.equal((await call(foreign, { token: head })).status, 403);
  assert.equal((await call(foreign, { token: superadminToken() })).status, 200);
  const nowhere = await explain(adminToken('nowhere'), 'c');
  assert.deepEqual([nowhere.status, nowhere.message], [404, 'Organization not found.']);
});

test('a row is acknowledged until the customer writes again', async () => {
  const { organizationId, admin, head } = await organizationWithWait();
  const { rows } = await service.report(admin);
  const [{ latestInboundMessageId }] = rows;
  const { status, data } = await acknowledge(head, 'c', { latestInboundMessageId, note: '=called her back' });
  assert.deepEqual(
    [status, data.acknowledgedBy, data.acknowledgedUntil, data.note],
    [200, 'Maud', null, '=called her back'],
  );
  // Until the next refresh, the list is as it was, and the evidence is ahead.
  assert.deepEqual(conversationIdsOf(await service.report(admin)), ['c']);
  assert.equal((await explain(admin, 'c')).data.conversation.category, 'acknowledged');
  await clock.refresh(service);
  const after = await service.report(admin);
  assert.deepEqual([after.rows, after.counts.acknowledged], [[], 1]);
  const [row] = (await service.report(admin, { category: 'acknowledged' })).rows;
  assert.deepEqual(
    [row.acknowledgedBy, row.acknowledgedAt, row.note, row.reason, row.waitingSince],
    ['Maud', data.acknowledgedAt, '=called her back', rows[0].reason, rows[0].waitingSince],
  );
  const csv = async (query) => (await (await service.fetch(`${CSV}?${query}`, { token: admin })).text()).split('\r\n');
  const [header, line] = await csv('category=acknowledged');
  assert.ok(header.endsWith(',hasAccess,acknowledgedBy,acknowledgedAt,note'), header);
  assert.ok(line.endsWith(`,true,Maud,${data.acknowledgedAt},'=called her back`), line);
  assert.ok((await csv('skipThreshold=true'))[0].endsWith(',hasAccess'));

  await service.post([
    messageOf(organizationId, 'c', new Date(Date.parse(data.acknowledgedAt) + 1).toISOString(), { messageId: 'again' }),
  ]);
  clock.now = Math.max(clock.now, Math.floor(Date.now() / MINUTE) * MINUTE);
  await clock.refresh(service, 0);
  const [back] = (await reportOfCandidates(service, organizationId)).rows;
  assert.deepEqual(
    [back.category, back.waitingSince, back.latestInboundMessageId, back.acknowledgedBy],
    ['ai_stuck', rows[0].waitingSince, 'again', undefined],
  );
});

test('it is taken back, by whomever', async () => {
  const { organizationId, admin, head } = await organizationWithWait();
  assert.equal((await acknowledge(admin, 'c', { latestInboundMessageId: 'm-c' })).data.acknowledgedBy, 'an-admin');
  await clock.refresh(service);
  assert.equal((await service.report(admin)).totalCount, 0);
  const { status, data } = await withdraw(head, 'c');
  assert.deepEqual([status, data.acknowledgedBy], [200, null]);
  await clock.refresh(service);
  assert.deepEqual(conversationIdsOf(await service.report(admin)), ['c']);
  assert.equal((await withdraw(head, 'c')).status, 200);
  assert.deepEqual(conversationIdsOf(await reportOfCandidates(service, organizationId)), ['c']);
});

test('what does not wait is not acknowledged, and an event acknowledges nothing', async () => {
  const { organizationId, admin } = await organizationWithWait();
  const conflict = await acknowledge(admin, 'c', { latestInboundMessageId: 'another' });
  assert.deepEqual([conflict.status, conflict.error], [409, 'CONFLICT']);
  const since = clock.iso(HOUR);
  await service.post([
    messageOf(organizationId, 'c', clock.iso(), { messageId: 'answer', direction: 'outbound', sender: 'ai' }),
  ]);
  const over = await acknowledge(admin, 'c', { latestInboundMessageId: 'm-c' });
  assert.deepEqual([over.status, over.error], [409, 'CONFLICT']);
  const event = { type: 'acknowledgement', organizationId, conversationId: 'c', updatedAt: since };
  const posted = await service.fetch('/api/conversation-monitor/events', {
    method: 'POST',
    token: ingestToken(),
    body: JSON.stringify({ events: [event] }),
    headers: { 'Content-Type': 'application/json' },
  });
  assert.equal(posted.status, 400);
  const nobody = tokenOf({ role: 'ADMIN', organizationId });
  assert.equal((await acknowledge(nobody, 'c', { latestInboundMessageId: 'm-c' })).status, 403);
});
