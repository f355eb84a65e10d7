// The search: which rows are found, what the response has in common with the report's, and that nothing keeps the text.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  Clock,
  checkCommonHeaders,
  conversationIdsOf,
  departmentHeadToken,
  ERROR_CODES,
  hoursAgo,
  MINUTE,
  newOrganizationId,
  superadminToken,
  waiting,
} from './fixtures.mjs';
import { adminToken, SEARCH, startService } from './harness.mjs';

const clock = new Clock(hoursAgo(2));

let service;
before(async () => {
  service = await startService();
});
after(() => service?.close());

/** Posts events and publishes them. */
async function publish(events) {
  await service.post(events);
  await clock.refresh(service);
}

async function check(status, token, body, init = {}) {
  const { headers, ...more } = init;
  const response = await service.fetch(SEARCH, {
    method: 'POST',
    token,
    body: typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...more,
  });
  const text = await response.text();
  assert.equal(response.status, status, `${JSON.stringify(body)}: ${text}`);
  checkCommonHeaders(response);
  assert.equal(response.headers.get('etag'), null);
  const answer = JSON.parse(text);
  if (status >= 400) assert.deepEqual([answer.success, answer.error], [false, ERROR_CODES[status]]);
  return answer;
}

const search = async (token, body) => (await check(200, token, body)).data;

/**
 * Customers who wait, the longest first, by the names of their contacts.
 *
 * @param {string[]} names
 * @param {(index: number) => Record<string, unknown>} [more] Of each, as `waiting` takes it.
 */
async function organizationWith(names, more = () => ({})) {
  const organizationId = newOrganizationId();
  const events = names.flatMap((contactName, index) =>
    waiting(organizationId, `conversation-${index}`, {
      since: clock.iso((60 - index) * MINUTE),
      contactName,
      ...more(index),
    }),
  );
  await publish(events);
  return organizationId;
}

test('finds a part of a name, a phone or an id, ASCII letters in any case, and no patterns', async () => {
  const names = ['Jane Döe', 'JANET', 'Zoë', '50%_off', 'a"b\\c', "O'Hara; DROP TABLE record", 'ab', 'a*b?'];
  const token = adminToken(await organizationWith(names));
  /** @type {[string, number[]][]} */
  const cases = [
    ['jane', [0, 1]],
    ['JaNe', [0, 1]],
    ['ne d', [0]],
    ['döe', [0]],
    ['DöE', [0]],
    ['DÖE', []],
    ['zoë', [2]],
    ['%_', [3]],
    ['__', []],
    ['%%', []],
    ['a%', []],
    ['"b\\', [4]],
    ["o'h", [5]],
    ['*b', [7]],
    ['ab', [5, 6]],
    ['a.', []],
    ['+14155550123', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['0123', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['conversation-3', [3]],
    ['CONTACT OF CONVERSATION-5', [5]],
    ['not to be found', []],
    ['ai_stuck', []],
    ['no_reply', []],
    ['contactName', []],
    ['2026', []],
  ];
  for (const [text, indices] of cases) {
    const data = await search(token, { search: text, skipThreshold: true });
    assert.deepEqual(
      conversationIdsOf(data),
      indices.map((index) => `conversation-${index}`),
      text,
    );
    assert.equal(data.totalCount, indices.length, text);
    assert.equal(data.counts.ai_stuck, indices.length, text);
  }
});

test('is the response of the report if everything is found, whatever the parameters', async () => {
  const organizationId = await organizationWith(Array(12).fill('Jane'), (index) => ({
    departmentId: ['d1', 'd2'][index % 2],
    channelType: ['sms', 'email', 'chat'][index % 3],
    ...(index % 4 === 0 && { agent: 'u1' }),
  }));
  const admin = adminToken(organizationId);
  const head = departmentHeadToken(organizationId, ['d1'], 'u1');
  const { snapshotId } = await service.report(admin);
  await publish(waiting(organizationId, 'conversation-new', { since: clock.iso(90 * MINUTE) }));
  const parameters = [
    {},
    { limit: 5 },
    { limit: 5, page: 2 },
    { page: 9 },
    { category: 'agent_abandoned', limit: 1, page: 2 },
    { category: 'unassigned' },
    { departmentId: 'd2', skipThreshold: true },
    { channelType: 'email', reason: 'no_reply' },
    { assignee: 'Nobody' },
    { snapshot: snapshotId, limit: 3 },
  ];
  for (const token of [admin, head]) {
    for (const one of parameters) {
      assert.deepEqual(
        await search(token, { search: 'conversation-', ...one }),
        await service.report(token, one),
        JSON.stringify(one),
      );
    }
  }
  assert.deepEqual(
    await search(superadminToken(), { search: 'conversation-', organizationId }),
    await service.report(superadminToken(), { organizationId }),
  );
});

test('counts and pages are of what is found', async () => {
  const names = Array.from({ length: 30 }, (_, index) => (index % 3 === 0 ? 'Wanted' : 'Other'));
  const organizationId = await organizationWith(names, (index) => (index % 2 === 0 ? { agent: 'u1' } : {}));
  const token = adminToken(organizationId);
  const data = await search(token, { search: 'wanted', limit: 4, page: 2 });
  assert.deepEqual(
    conversationIdsOf(data),
    [12, 15, 18, 21].map((index) => `conversation-${index}`),
  );
  assert.deepEqual(data.pagination, { page: 2, limit: 4, total: 10, totalPages: 3 });
  assert.deepEqual([data.counts.ai_stuck, data.counts.agent_abandoned], [5, 5]);
});

test('an organization without a snapshot yet', async () => {
  const organizationId = newOrganizationId();
  await service.post(waiting(organizationId, 'c1', { since: clock.iso(60 * MINUTE) }));
  const data = await search(adminToken(organizationId), { search: 'c1' });
  assert.deepEqual([data.snapshotMissing, data.totalCount, data.rows], [true, 0, []]);
});

describe('refused', () => {
  test('400: a body that is not a search', async () => {
    const token = adminToken(await organizationWith(['Jane']));
    const bodies = [
      '',
      '{',
      '[]',
      '"jane"',
      {},
      { search: 'j' },
      { search: 'é'.repeat(65) },
      { search: 12 },
      { search: null },
      { search: ['jane'] },
      '{"search":"jane","search":"jane"}',
      { search: 'jane', page: '1' },
      { search: 'jane', limit: 101 },
      { search: 'jane', category: 'x' },
      { search: 'jane', skipThreshold: 'true' },
      { search: 'jane', departmentId: 5 },
      new Uint8Array([0x7b, 0xff, 0x7d]),
    ];
    for (const body of bodies) {
      const { message } = await check(400, token, body);
      assert.doesNotMatch(message, /jane/i);
    }
    await check(200, token, { search: 'é'.repeat(64), unknown: 1, page: null });
  });

  test('413 and 415', async () => {
    const token = adminToken(await organizationWith(['Jane']));
    const padded = (length) => '{"search":"jane"}'.padEnd(length);
    await check(200, token, padded(16 * 1024));
    await check(413, token, padded(16 * 1024 + 1));
    await check(415, token, padded(20), { headers: { 'Content-Type': 'text/plain' } });
    await check(415, token, gzipSync(padded(20)), { headers: { 'Content-Encoding': 'gzip' } });
  });

  test('401, then 400, 403, 404, 410', async () => {
    const organizationId = await organizationWith(['Jane']);
    const token = adminToken(organizationId);
    await check(401, undefined, '{');
    await check(400, adminToken('nowhere'), { search: 'j', organizationId: 'other' });
    await check(403, token, { search: 'jane', organizationId: 'other', snapshot: 'x' });
    await check(404, adminToken('nowhere'), { search: 'jane', snapshot: 'x' });
    await check(410, token, { search: 'jane', snapshot: 'x' });
  });
});

test('the log has nothing of it', async () => {
  const token = adminToken(await organizationWith(['Jane']));
  await check(200, token, { search: 'a very secret text' });
  await check(400, token, { search: 'a very secret text', limit: 0 });
  assert.ok(!JSON.stringify(service.logs()).includes('secret text'));
});
