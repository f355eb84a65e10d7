// Business hours over HTTP: the setting, and what becomes of the report, the summary and the CSV file.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { departmentHeadToken, isoAt, MINUTE, newOrganizationId, organizationOf, SECOND, waiting } from './fixtures.mjs';
import { adminToken, CSV, REPORT, SUMMARY, settingsOf, startService } from './harness.mjs';

const WORKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'];
const from8To17 = Object.fromEntries(WORKDAYS.map((day) => [day, [['08:00', '17:00']]]));
const BERLIN = { timeZone: 'Europe/Berlin', weekly: from8To17 };

/**
 * The clock of Berlin goes forward on Sunday, 2024-03-31, in the night. The refreshes are on that Sunday and on the
 * Monday after it, at 08:10 local time.
 */
const SUNDAY = Date.UTC(2024, 2, 31, 12);
const MONDAY = Date.UTC(2024, 3, 1, 6, 10);

let service;
before(async () => {
  service = await startService({ hasClock: true });
  await service.setClock(MONDAY + MINUTE);
});
after(() => service?.close());

async function put(organizationId, body, status = 200) {
  const response = await service.fetch(settingsOf(organizationId), {
    method: 'PUT',
    token: adminToken(organizationId),
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, status, `${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
  return answer;
}

const ask = (path, organizationId, headers = {}) => service.fetch(path, { token: adminToken(organizationId), headers });
const dataOf = async (response) => (await response.json()).data;
const shown = ({ rows }) => rows.map((row) => [row.conversationId, row.stalledBusinessMinutes]);

/** Customers who wait since Friday 16:50, Saturday 10:00, Monday 08:00 and Monday 08:06, by the clock of Berlin. */
async function newOrganization() {
  const organizationId = newOrganizationId();
  const since = (day, hour, minute, more = {}) => ({ since: isoAt(Date.UTC(2024, 2, day, hour, minute)), ...more });
  await service.post([
    organizationOf(organizationId, isoAt(SUNDAY)),
    ...waiting(organizationId, 'friday', since(29, 15, 50, { departmentId: 'sales' })),
    ...waiting(organizationId, 'saturday', since(30, 9, 0)),
    ...waiting(organizationId, 'monday', since(32, 6, 0)),
    ...waiting(organizationId, 'late', since(32, 6, 6)),
  ]);
  return organizationId;
}

describe('the report', () => {
  let organizationId;
  before(async () => {
    organizationId = await newOrganization();
    await service.refresh(SUNDAY);
  });

  test('on a Sunday, only who was over the threshold on Friday evening is listed', async () => {
    await put(organizationId, { businessHours: BERLIN });
    const token = adminToken(organizationId);
    assert.deepEqual(shown(await service.report(token)), [['friday', 10]]);
    assert.deepEqual(shown(await service.report(token, { skipThreshold: true })).slice(0, 2), [
      ['friday', 10],
      ['saturday', 0],
    ]);
    await put(organizationId, { businessHours: null });
    assert.deepEqual(shown(await service.report(token)), [
      ['friday', undefined],
      ['saturday', undefined],
    ]);
  });

  test('on Monday morning, what was open counts and nothing else, in every form', async () => {
    await service.refresh(MONDAY);
    const token = adminToken(organizationId);
    const always = await service.report(token);
    assert.deepEqual(shown(always), [
      ['friday', undefined],
      ['saturday', undefined],
      ['monday', undefined],
    ]);
    const before = {};
    for (const path of [REPORT, SUMMARY, CSV]) {
      const response = await ask(path, organizationId);
      before[path] = { etag: response.headers.get('etag'), poll: response.headers.get('x-poll-after') };
      await response.text();
    }

    const { data } = await put(organizationId, { businessHours: BERLIN });
    assert.deepEqual(data.businessHours, BERLIN);
    for (const path of [REPORT, SUMMARY, CSV]) {
      const response = await ask(path, organizationId, { 'If-None-Match': before[path].etag });
      assert.equal(response.status, 200, `${path}: the ETag is another one`);
      assert.notEqual(response.headers.get('etag'), before[path].etag);
      assert.equal(response.headers.get('x-poll-after'), before[path].poll, 'a refresh is due at the same time');
      await response.text();
      const etag = { 'If-None-Match': response.headers.get('etag') };
      assert.equal((await ask(path, organizationId, etag)).status, 304);
    }

    const hours = await service.report(token);
    assert.deepEqual(shown(hours), [
      ['friday', 20],
      ['saturday', 10],
      ['monday', 10],
    ]);
    const all = await service.report(token, { skipThreshold: true });
    assert.deepEqual(shown(all).at(-1), ['late', 4]);
    assert.deepEqual(shown(await service.report(token, { limit: 1, page: 2 })), [['saturday', 10]]);
    const head = departmentHeadToken(organizationId, ['sales']);
    assert.deepEqual(shown(await service.report(head)), [['friday', 20]]);

    const summary = await dataOf(await ask(SUMMARY, organizationId));
    assert.deepEqual([summary.total, summary.belowThresholdCount, summary.olderCount], [3, 1, 0]);
    const ages = summary.ageMinutes.map(({ count }) => count);
    assert.deepEqual(ages, [0, 2, 1, 0, 0, 0, 0]);

    const csv = await (await ask(CSV, organizationId)).text();
    const lines = csv.trim().split('\r\n');
    assert.match(lines[0], /,hasAccess,stalledBusinessMinutes$/);
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',').at(-1)),
      ['20', '10', '10'],
    );

    // A pinned snapshot repeats its settings.
    assert.deepEqual(await service.report(token, { snapshot: always.snapshotId }), always);
    await put(organizationId, { thresholdMinutes: 11 });
    assert.deepEqual(shown(await service.report(token)), [['friday', 20]]);
    assert.deepEqual(await service.report(token, { snapshot: hours.snapshotId }), hours);
    await put(organizationId, { businessHours: null });
    const csvAlways = await (await ask(CSV, organizationId)).text();
    assert.match(csvAlways.split('\r\n')[0], /,hasAccess$/);
  });

  test('holidays, a zone with half hours, and a cell of its own for each page in memory', async () => {
    const token = adminToken(organizationId);
    await put(organizationId, { thresholdMinutes: 5, businessHours: { ...BERLIN, closed: ['2024-03-29'] } });
    assert.deepEqual(shown(await service.report(token)), [
      ['friday', 10],
      ['saturday', 10],
      ['monday', 10],
    ]);
    // Easter Monday.
    await put(organizationId, { businessHours: { ...BERLIN, closed: ['2024-04-01'] } });
    assert.deepEqual(shown(await service.report(token)), [['friday', 10]]);
    const open = { '2024-03-30': [['09:30', '10:06']], '2024-04-01': [['08:05', '08:09']] };
    await put(organizationId, { businessHours: { ...BERLIN, open } });
    assert.deepEqual(shown(await service.report(token)), [
      ['friday', 10 + 36 + 4],
      ['saturday', 6 + 4],
    ]);
    // 06:10 UTC is 11:40 there, and Friday 15:50 UTC is 21:20.
    const weekly = { fri: [['21:00', '21:31']], mon: [['11:31', '11:45']] };
    await put(organizationId, { businessHours: { timeZone: 'Asia/Kolkata', weekly } });
    assert.deepEqual(shown(await service.report(token)), [
      ['friday', 20],
      ['saturday', 9],
      ['monday', 9],
    ]);
    assert.deepEqual(shown(await service.report(token, { skipThreshold: true })).at(-1), ['late', 4]);
  });

  test('without hours nothing of it is in a response', async () => {
    const other = await newOrganization();
    await service.refresh(MONDAY + 10 * SECOND);
    const text = await (await ask(`${REPORT}?skipThreshold=true`, other)).text();
    assert.doesNotMatch(text, /business/i);
    assert.equal((await dataOf(await ask(settingsOf(other), other))).businessHours, null);
  });
});

describe('the setting', () => {
  const check = async (organizationId, change, message) => {
    const { error, message: found } = await put(organizationId, change, 400);
    assert.equal(error, 'INVALID_REQUEST');
    assert.match(found, message);
    assert.ok(found.endsWith('.'), found);
  };

  test('what is wrong is said so that a person can act on it, and nothing is stored', async () => {
    const organizationId = await newOrganization();
    const setting = (more) => ({ businessHours: { ...BERLIN, ...more } });
    await check(organizationId, { businessHours: [] }, /^businessHours must be null, or an object/);
    await check(organizationId, setting({ holidays: [] }), /^businessHours must be null, or an object/);
    await check(organizationId, setting({ timeZone: 'CET summer' }), /^businessHours\.timeZone must be the name/);
    await check(organizationId, setting({ timeZone: 'Europe/Atlantis' }), /^businessHours\.timeZone is not .* known/);
    await check(organizationId, setting({ timeZone: 'IST' }), /^businessHours\.timeZone is not .* known/);
    await check(organizationId, setting({ timeZone: '+01:00' }), /^businessHours\.timeZone must be the name/);
    await check(organizationId, setting({ weekly: { monday: [] } }), /^businessHours\.weekly must be/);
    await check(
      organizationId,
      setting({ weekly: { mon: [['22:00', '06:00']] } }),
      /^businessHours\.weekly\.mon must be/,
    );
    await check(organizationId, setting({ closed: ['2023-02-29'] }), /^businessHours\.closed must be/);
    await check(organizationId, setting({ open: { '2024-12-24': [['8', '12']] } }), /^businessHours\.open\.2024-12-24/);
    assert.equal((await dataOf(await ask(settingsOf(organizationId), organizationId))).businessHours, null);
    const { results } = await service.database
      .prepare('SELECT * FROM settings WHERE organization_id = ?1')
      .bind(organizationId)
      .all();
    assert.deepEqual(results, []);
  });

  test('a threshold that the hours do not reach within maxAgeDays is refused, whichever of them changes', async () => {
    const organizationId = await newOrganization();
    const tooMuch = /^A threshold of \d+ minutes is too much for these business hours/;
    await check(organizationId, { businessHours: { ...BERLIN, weekly: {} } }, tooMuch);
    await check(organizationId, { businessHours: BERLIN, maxAgeDays: 2 }, /2 days \(maxAgeDays\) have only 0 minutes/);
    await put(organizationId, { businessHours: BERLIN, maxAgeDays: 3 });
    await check(organizationId, { maxAgeDays: 2 }, tooMuch);
    await check(organizationId, { thresholdMinutes: 541 }, /threshold of 541 .* have only 540 minutes/);
    await check(organizationId, { channelThresholdMinutes: { email: 541 } }, tooMuch);
    await check(organizationId, { departmentThresholdMinutes: { sales: 541 } }, tooMuch);
    await put(organizationId, { thresholdMinutes: 540, channelThresholdMinutes: { email: 540 } });
    await check(
      organizationId,
      { businessHours: { ...BERLIN, weekly: { ...from8To17, fri: [['08:00', '16:59']] } } },
      tooMuch,
    );
    await put(organizationId, { businessHours: null, maxAgeDays: 1, thresholdMinutes: 10_080 });
    await check(organizationId, { businessHours: BERLIN }, tooMuch);
  });

  test('it is kept as it was set, and the published body leaves it alone', async () => {
    const organizationId = await newOrganization();
    const hours = { ...BERLIN, closed: ['2024-12-25'], open: { '2024-12-24': [['08:00', '12:00']] } };
    await put(organizationId, { businessHours: hours });
    const { data } = await put(organizationId, { thresholdMinutes: 30 });
    assert.deepEqual([data.thresholdMinutes, data.businessHours], [30, hours]);
    const response = await ask(settingsOf(organizationId), organizationId);
    assert.deepEqual((await dataOf(response)).businessHours, hours);
  });
});
