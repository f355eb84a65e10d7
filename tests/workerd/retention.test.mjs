// What the receipt says of items that come too late, and what is gone from the database after the sweep.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { isoAt, MINUTE, newOrganizationId } from './fixtures.mjs';
import { adminToken, EVENTS, ingestToken, startService } from './harness.mjs';

const DAY = 24 * 60 * MINUTE;
const KEEP_TIMELINE = 7 * DAY;
/** So late may an item be. */
const LATE = KEEP_TIMELINE - 3 * DAY;
/** All of it is past, so that tokens are valid. */
const START = Date.now() - 9 * DAY;

let service;
before(async () => {
  service = await startService({ hasClock: true });
});
after(() => service.close());

async function refreshAt(at) {
  await service.setClock(at);
  await service.refresh(at);
}

async function receiptOf(events) {
  const answer = await service.fetch(EVENTS, {
    method: 'POST',
    token: ingestToken(),
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ events }),
  });
  const { data } = await answer.json();
  return [data.accepted, data.applied, data.ignored, data.expired];
}

test('items that come later than they may are counted as expired', async () => {
  const organizationId = newOrganizationId();
  const event = (type, more) => ({ type, organizationId, updatedAt: isoAt(START), conversationId: 'c', ...more });
  const message = (messageId, at, sender) =>
    event('message', {
      messageId,
      at: isoAt(at),
      updatedAt: isoAt(at),
      sender,
      direction: sender === 'contact' ? 'inbound' : 'outbound',
    });
  const events = [
    { type: 'user', organizationId, updatedAt: isoAt(START), userId: 'u', fullName: 'An agent' },
    event('conversation', { contactId: 'k', channelType: 'sms', assigneeIds: ['u'] }),
    event('autopilot', { changeId: 'on', at: isoAt(START), enabled: true }),
    message('1', START, 'contact'),
    message('2', START + MINUTE, 'ai'),
    message('3', START + 2 * MINUTE, 'contact'),
    message('4', START + 3 * MINUTE, 'human'),
  ];
  await service.setClock(START + 3 * MINUTE);
  assert.deepEqual(await receiptOf(events), [7, 7, 0, 0]);
  await refreshAt(START + 4 * MINUTE);
  assert.deepEqual(await receiptOf(events), [7, 0, 7, 0]);

  const sweptAt = START + KEEP_TIMELINE + 5 * MINUTE;
  await refreshAt(sweptAt);
  const run = await service.lastRun();
  assert.deepEqual([run.conversationsSwept, run.recordsRemoved, run.sweepFailed], [1, 3, 0]);
  assert.equal(run.sweptAsOf, isoAt(sweptAt));
  assert.deepEqual(await receiptOf(events), [7, 0, 7, 3], 'the records and two items are still stored');

  const late = message('late', sweptAt - LATE + 1, 'contact');
  const tooLate = message('too late', sweptAt - LATE, 'contact');
  assert.deepEqual(await receiptOf([late, tooLate]), [2, 1, 1, 1]);
  await refreshAt(sweptAt + MINUTE);
  assert.equal((await service.lastRun()).itemsExpired, 3 + 1);
  await refreshAt(sweptAt + 2 * MINUTE);
  assert.equal((await service.lastRun()).itemsExpired, 0, 'each is told of once');
  const { rows } = await service.report(adminToken(organizationId));
  assert.deepEqual(
    rows.map((row) => [row.conversationId, row.waitingSince, row.category, row.reason]),
    [['c', late.at, 'agent_abandoned', 'no_reply_to_follow_up']],
  );
});
