// An organization's settings: who may see and change them, which values are accepted, and what becomes of the report.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  Clock,
  checkCommonHeaders,
  ERROR_CODES,
  hoursAgo,
  MINUTE,
  newOrganizationId,
  organizationOf,
  superadminToken,
  waiting,
} from './fixtures.mjs';
import { adminToken, SUMMARY, settingsOf, startService, tokenOf } from './harness.mjs';

const clock = new Clock(hoursAgo(1));

let service;
before(async () => {
  service = await startService();
});
after(() => service?.close());

/** Its ids need escaping in a path. */
async function newOrganization(organizationId = newOrganizationId('an organization/')) {
  await service.post([organizationOf(organizationId, clock.iso())]);
  return organizationId;
}

async function check(status, target, init) {
  const response = await service.fetch(target, init);
  const text = await response.text();
  assert.equal(response.status, status, `${init.method ?? 'GET'} ${target} ${init.body}: ${text}`);
  checkCommonHeaders(response);
  const body = text && JSON.parse(text);
  if (status >= 400) assert.deepEqual([body.success, body.error], [false, ERROR_CODES[status]]);
  return { body, headers: response.headers, text };
}

const get = (status, organizationId, token) => check(status, settingsOf(organizationId), { token });

function put(status, organizationId, token, body, headers = {}) {
  const init = { method: 'PUT', token, headers: { 'Content-Type': 'application/json', ...headers } };
  return check(status, settingsOf(organizationId), {
    ...init,
    body: typeof body === 'object' ? JSON.stringify(body) : body,
  });
}

const stored = async (organizationId) =>
  (
    await service
      .databaseOf(organizationId)
      .prepare('SELECT threshold_minutes FROM organization WHERE organization_id = ?1')
      .bind(organizationId)
      .first()
  )?.threshold_minutes;

/** The settings of an organization that has set these. */
const settingsWith = (organizationId, set) => ({
  success: true,
  data: {
    organizationId,
    thresholdMinutes: 5,
    channelThresholdMinutes: {},
    departmentThresholdMinutes: {},
    maxAgeDays: 30,
    businessHours: null,
    ...set,
  },
});

test('5 minutes until it is set, and then the value that was set', async () => {
  const organizationId = await newOrganization();
  const token = adminToken(organizationId);
  const data = (thresholdMinutes) => settingsWith(organizationId, { thresholdMinutes });
  assert.deepEqual((await get(200, organizationId, token)).body, data(5));
  assert.equal(await stored(organizationId), null);
  for (const minutes of [30, 1, 10080]) {
    assert.deepEqual((await put(200, organizationId, token, { thresholdMinutes: minutes })).body, data(minutes));
    assert.deepEqual((await get(200, organizationId, token)).body, data(minutes));
    assert.deepEqual((await get(200, organizationId, superadminToken())).body, data(minutes));
    assert.equal(await stored(organizationId), minutes);
    assert.equal((await service.report(token)).thresholdMinutes, minutes);
  }
  assert.deepEqual((await put(200, organizationId, token, { thresholdMinutes: null })).body, data(5));
  assert.equal(await stored(organizationId), null);
  // To JSON Schema they are integers.
  for (const minutes of ['7.0', '7e0'])
    assert.deepEqual((await put(200, organizationId, token, `{"thresholdMinutes":${minutes}}`)).body, data(7));
  await put(200, organizationId, token, { thresholdMinutes: 10080 });
  // No event changes it.
  await service.post([
    { type: 'organization', organizationId, name: 'Renamed', thresholdMinutes: 7, updatedAt: clock.iso(-1) },
  ]);
  assert.deepEqual((await get(200, organizationId, token)).body, data(10080));
});

test('a PUT changes what it names and leaves the rest', async () => {
  const organizationId = await newOrganization();
  const token = adminToken(organizationId);
  /** @type {[object, object][]} */
  const steps = [
    [{ channelThresholdMinutes: { Email: 240, sms: 5 } }, { channelThresholdMinutes: { Email: 240, sms: 5 } }],
    [
      { maxAgeDays: 3650, departmentThresholdMinutes: { 'd/1': 15 } },
      { maxAgeDays: 3650, departmentThresholdMinutes: { 'd/1': 15 } },
    ],
    [{ thresholdMinutes: 7 }, { thresholdMinutes: 7 }],
    [{ channelThresholdMinutes: { fax: 1 } }, { channelThresholdMinutes: { fax: 1 } }],
    [
      { departmentThresholdMinutes: {}, thresholdMinutes: null },
      { departmentThresholdMinutes: {}, thresholdMinutes: 5 },
    ],
    [{ maxAgeDays: null }, { maxAgeDays: 30 }],
    [{ channelThresholdMinutes: null }, { channelThresholdMinutes: {} }],
  ];
  let expected = {};
  for (const [change, changed] of steps) {
    expected = { ...expected, ...changed };
    assert.deepEqual((await put(200, organizationId, token, change)).body, settingsWith(organizationId, expected));
    assert.deepEqual((await get(200, organizationId, token)).body, settingsWith(organizationId, expected));
  }
});

test('changes that name different settings at the same time all survive', async () => {
  const organizationId = await newOrganization();
  const token = adminToken(organizationId);
  const changes = [
    { thresholdMinutes: 11 },
    { channelThresholdMinutes: { sms: 12 } },
    { departmentThresholdMinutes: { d1: 13 } },
    { maxAgeDays: 14 },
  ];
  await Promise.all(changes.map((change) => put(200, organizationId, token, change)));
  const expected = settingsWith(organizationId, Object.assign({}, ...changes));
  assert.deepEqual((await get(200, organizationId, token)).body, expected);
});

describe('the report', () => {
  const DAY = 24 * 60 * MINUTE;

  /** Customers who wait: by email for 100 minutes, in sales for 20, by text message for 10, and for 40 days. */
  async function publish() {
    const organizationId = newOrganizationId();
    const since = (age, more) => ({ since: clock.iso(age), ...more });
    await service.post([
      ...waiting(organizationId, 'old', since(40 * DAY)),
      ...waiting(organizationId, 'mail', since(100 * MINUTE, { channelType: 'Email' })),
      ...waiting(organizationId, 'sales', since(20 * MINUTE, { channelType: 'email', departmentId: 'sales' })),
      ...waiting(organizationId, 'text', since(10 * MINUTE)),
    ]);
    await service.refresh(clock.now);
    return organizationId;
  }

  const shown = ({ rows }) => rows.map(({ conversationId, thresholdMinutes }) => [conversationId, thresholdMinutes]);

  test('thresholds of departments and channels, and the age limit', async () => {
    const organizationId = await publish();
    const token = adminToken(organizationId);
    const report = (parameters) => service.report(token, parameters);
    const before = await report();
    assert.deepEqual(shown(before), [
      ['mail', undefined],
      ['sales', undefined],
      ['text', undefined],
    ]);
    assert.equal(before.olderCount, 1);

    const change = { channelThresholdMinutes: { EMAIL: 101 }, departmentThresholdMinutes: { sales: 20 } };
    await put(200, organizationId, token, change);
    const mixed = await report();
    assert.deepEqual(shown(mixed), [
      ['sales', 20],
      ['text', undefined],
    ]);
    assert.deepEqual([mixed.thresholdMinutes, mixed.totalCount, mixed.olderCount], [5, 2, 1]);
    const all = await report({ skipThreshold: true });
    assert.deepEqual(shown(all), [
      ['old', undefined],
      ['mail', 101],
      ['sales', 20],
      ['text', undefined],
    ]);
    assert.equal(all.olderCount, 0);
    assert.deepEqual(shown(await report({ limit: 1, page: 2 })), [['text', undefined]]);

    const response = await service.fetch(SUMMARY, { token });
    const { data } = await response.json();
    assert.deepEqual([data.total, data.olderCount, data.byCategory.ai_stuck], [2, 1, 2]);
    assert.equal(data.belowThresholdCount, 1, 'that of mail');
    assert.deepEqual(data.byChannel, { email: 1, sms: 1 });

    await put(200, organizationId, token, { maxAgeDays: 40 });
    assert.deepEqual(shown(await report()), [
      ['old', undefined],
      ['sales', 20],
      ['text', undefined],
    ]);

    // A pinned snapshot repeats its settings.
    assert.deepEqual(await report({ snapshot: before.snapshotId }), before);
    assert.deepEqual(await report({ snapshot: mixed.snapshotId }), mixed);
  });

  test('is stale if its instant is more than three minutes old', async () => {
    const organizationId = await publish();
    const token = adminToken(organizationId);
    assert.equal((await service.report(token)).stale, true);
    await service.refresh(Date.now());
    assert.equal((await service.report(token)).stale, false);
  });
});

test('ETag, 304 and HEAD', async () => {
  const organizationId = await newOrganization();
  const token = adminToken(organizationId);
  const etag = (await get(200, organizationId, token)).headers.get('etag');
  assert.match(etag, /^"[^"]+"$/);
  const conditional = { token, headers: { 'If-None-Match': etag } };
  assert.equal((await check(304, settingsOf(organizationId), conditional)).text, '');
  const head = await service.fetch(settingsOf(organizationId), { token, method: 'HEAD' });
  assert.deepEqual([head.status, await head.text(), head.headers.get('etag')], [200, '', etag]);
  await put(200, organizationId, token, { thresholdMinutes: 6 }, { 'If-None-Match': '*' });
  await check(200, settingsOf(organizationId), conditional);
});

describe('400', () => {
  const bodies = [
    '{"thresholdMinutes":0}',
    '{"thresholdMinutes":10081}',
    '{"thresholdMinutes":-5}',
    '{"thresholdMinutes":0.0}',
    '{"thresholdMinutes":1.5}',
    '{"thresholdMinutes":"5"}',
    '{"thresholdMinutes":5,"unknown":1}',
    '{"thresholdMinutes":5,"businesshours":null}',
    '{"thresholdMinutes":5,"businessHours":{}}',
    '{"maxAgeDays":0}',
    '{"maxAgeDays":3651}',
    '{"channelThresholdMinutes":[]}',
    '{"channelThresholdMinutes":{"sms":0}}',
    '{"channelThresholdMinutes":{"sms":null}}',
    '{"channelThresholdMinutes":{"sms":5,"SMS":6}}',
    '{"channelThresholdMinutes":{"":5}}',
    '{"departmentThresholdMinutes":{"d1":10081}}',
    '{"departmentThresholdMinutes":{"a\\u0000":1}}',
    '{"thresholdMinutes":true}',
    '{"thresholdMinutes":[5]}',
    '{}',
    '[]',
    '5',
    'null',
    '',
    ' ',
    '{',
    '{"thresholdMinutes":5}}',
    '{"thresholdMinutes":5,"thresholdMinutes":6}',
    '{"thresholdMinutes":5,"a":1,"a":1}',
    '\uFEFF{"thresholdMinutes":5}',
    `{"thresholdMinutes":${'9'.repeat(400)}}`,
    `{"a":${'['.repeat(1000)}${']'.repeat(1000)},"thresholdMinutes":5}`,
  ];

  test('bodies that are no change of settings', async () => {
    const organizationId = await newOrganization();
    for (const body of bodies) {
      const { body: answer } = await put(400, organizationId, adminToken(organizationId), body);
      assert.match(answer.message, /ThresholdMinutes|thresholdMinutes|maxAgeDays|businessHours|JSON/);
    }
    await put(400, organizationId, adminToken(organizationId), new Uint8Array([0x7b, 0xff, 0x7d]));
    assert.equal(await stored(organizationId), null);
  });

  test('ids that are not ids', async () => {
    for (const segment of ['', '%00', '%0a', '%', '%zz', '%ff', 'x'.repeat(129)]) {
      const target = `/api/organizations/${segment}/autopilot-monitor-settings`;
      const { body } = await check(400, target, { token: superadminToken() });
      assert.match(body.message, /organizationId/);
    }
  });

  test('an id is decoded once', async () => {
    for (const id of ['a b', 'é+%41', 'x'.repeat(128), 'a?b#c', 'a\\b']) {
      await newOrganization(id);
      assert.equal((await get(200, id, superadminToken())).body.data.organizationId, id);
    }
    const response = await service.fetch('/api/organizations/a/b/autopilot-monitor-settings', {
      token: superadminToken(),
    });
    assert.equal(response.status, 404);
    assert.match((await response.json()).message, /path/, 'that is no route');
  });
});

test('413 beyond 64 KiB, 415 for another type', async () => {
  const organizationId = await newOrganization();
  const token = adminToken(organizationId);
  const padded = (length) => {
    const body = '{"thresholdMinutes":8}';
    return body.padEnd(length);
  };
  await put(413, organizationId, token, padded(65537));
  await put(413, organizationId, token, padded(100_000));
  assert.equal(await stored(organizationId), null);
  await put(200, organizationId, token, padded(65536));
  for (const type of ['text/plain', 'application/x-ndjson', 'application/jsonp', 'application/x-www-form-urlencoded']) {
    await put(415, organizationId, token, '{"thresholdMinutes":9}', { 'Content-Type': type });
  }
  await put(415, organizationId, token, gzipSync('{"thresholdMinutes":9}'), { 'Content-Encoding': 'gzip' });
  await put(200, organizationId, token, '{"thresholdMinutes":9}', {
    'Content-Type': 'APPLICATION/JSON ; charset=utf-8',
  });
  assert.equal(await stored(organizationId), 9);
});

describe('who', () => {
  test("an ADMIN for one's own organization, a SUPERADMIN for any, nobody else", async () => {
    const [own, other] = [await newOrganization(), await newOrganization()];
    const callers = [
      [adminToken(own), own, 200],
      [adminToken(own), other, 403],
      [adminToken(own), 'nowhere', 403],
      [tokenOf({ sub: 'u', role: 'ADMIN' }), own, 403],
      [tokenOf({ sub: 'u', role: 'DEPARTMENT_HEAD', organizationId: own, departmentIds: ['d1'] }), own, 403],
      [tokenOf({ sub: 'u', role: 'AGENT', organizationId: own, scope: 'conversation-monitor:ingest' }), own, 403],
      [superadminToken(), own, 200],
      [superadminToken(), 'nowhere', 404],
      [adminToken('nowhere'), 'nowhere', 404],
    ];
    const texts = new Set();
    for (const [token, organizationId, status] of callers) {
      const answers = [
        await get(status, organizationId, token),
        await put(status, organizationId, token, { thresholdMinutes: 12 }),
      ];
      if (status === 403) for (const { text } of answers) texts.add(text);
    }
    assert.equal(texts.size, 1, 'whether an organization exists is not told');
    assert.equal(await stored(other), null);
    assert.equal(await stored('nowhere'), undefined);
  });

  test('a removed organization is not found, and is not written', async () => {
    const organizationId = await newOrganization();
    await put(200, organizationId, superadminToken(), { thresholdMinutes: 20 });
    await service.post([{ type: 'organization', organizationId, deleted: true, updatedAt: clock.iso(-MINUTE) }]);
    await get(404, organizationId, superadminToken());
    await put(404, organizationId, superadminToken(), { thresholdMinutes: 21 });
    assert.equal(await stored(organizationId), 20);
    await service.post([{ type: 'organization', organizationId, name: 'x', updatedAt: clock.iso(-2 * MINUTE) }]);
    assert.equal((await get(200, organizationId, superadminToken())).body.data.thresholdMinutes, 20);
  });
});

test('precedence: 401, then faults of path and body, then 403, then 404', async () => {
  const organizationId = await newOrganization();
  const stranger = adminToken('another organization');
  const good = '{"thresholdMinutes":5}';
  await put(401, organizationId, 'garbage', '{', { 'Content-Type': 'text/plain' });
  await check(401, '/api/organizations/%00/autopilot-monitor-settings', {});
  await put(400, organizationId, stranger, '{}');
  await put(413, organizationId, stranger, `{"x":"${'x'.repeat(70_000)}"}`);
  await put(415, organizationId, stranger, good, { 'Content-Type': 'text/plain' });
  await put(403, organizationId, stranger, good);
  await put(403, 'nowhere', stranger, good);
  await put(400, 'nowhere', superadminToken(), '{}');
  await put(404, 'nowhere', superadminToken(), good);
});

test('405', async () => {
  for (const method of ['POST', 'PATCH', 'DELETE']) {
    const { headers } = await check(405, settingsOf('o'), { method, token: superadminToken() });
    assert.equal(headers.get('allow'), 'GET, HEAD, PUT');
  }
});
