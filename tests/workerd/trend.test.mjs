// The course of the day over HTTP: hours that pass, as JSON and as CSV, with business hours, for whom, and from which
// database.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseCsv } from '../oracle/summary-and-csv.mjs';
import {
  Clock,
  checkCommonHeaders,
  departmentHeadToken,
  MINUTE,
  newOrganizationId,
  superadminToken,
  waiting,
} from './fixtures.mjs';
import { adminToken, startService, TREND, TREND_CSV } from './harness.mjs';

const HOUR = 60 * MINUTE;
const START = Date.UTC(2024, 4, 13, 8);

let service;
before(async () => {
  service = await startService();
});
after(() => service?.close());

async function ask(target, organizationId, init = {}) {
  const response = await service.fetch(target, { token: adminToken(organizationId), ...init });
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, text };
}

async function trend(organizationId, query = '') {
  const answer = await ask(`${TREND}${query}`, organizationId);
  assert.equal(answer.status, 200, answer.text);
  checkCommonHeaders(answer);
  return JSON.parse(answer.text).data;
}

const iso = (milliseconds) => new Date(milliseconds).toISOString();
const settingsOf = (organizationId) =>
  `/api/organizations/${encodeURIComponent(organizationId)}/autopilot-monitor-settings`;

/** The conversation is resolved now. */
function resolved(events, at) {
  const conversation = events.find(({ type }) => type === 'conversation');
  return { ...conversation, updatedAt: iso(at), resolvedAt: iso(at) };
}

/** Two wait from the hour on; one is answered after 50 minutes, when half of a later hour is over. */
async function aMorning(organizationId) {
  const clock = new Clock(START);
  const first = waiting(organizationId, 'first', { since: iso(START) });
  const second = waiting(organizationId, 'second', { since: iso(START + 20 * MINUTE) });
  await service.post([...first, ...second]);
  await clock.refresh(service, 30 * MINUTE);
  await service.post([resolved(first, START + 150 * MINUTE)]);
  await clock.refresh(service, 2 * HOUR);
  return clock;
}

const hourOf = (number, crossed, cleared, median, worst, most) => ({
  startsAt: iso(START + number * HOUR),
  crossed,
  cleared,
  medianMinutesToClear: median,
  worstMinutesToClear: worst,
  mostAtOnce: most,
});

describe('the course of the day', () => {
  const organizationId = newOrganizationId();
  let clock;
  before(async () => {
    clock = await aMorning(organizationId);
  });

  // 145 minutes are rounded down to an eighth.
  const HOURS = [hourOf(0, 2, 0, null, null, 2), hourOf(1, 0, 0, null, null, 2), hourOf(2, 0, 1, 144, 145, 2)];

  test('says what happened in each hour', async () => {
    const data = await trend(organizationId);
    assert.deepEqual(data, {
      organizationId,
      generatedAt: iso(clock.now),
      snapshotMissing: false,
      stale: true,
      days: 1,
      hours: HOURS,
    });
  });

  test('goes on while nothing is published, and nothing is written for that', async () => {
    const rows = async () => {
      const sql =
        'SELECT (SELECT count(*) FROM trend WHERE organization_id = ?1) AS hours, trend FROM organization WHERE organization_id = ?1';
      return service.database.prepare(sql).bind(organizationId).first();
    };
    const before = await rows();
    // The second hour is quiet, so it has no row.
    assert.equal(before.hours, 1);
    await clock.refresh(service, 2 * HOUR);
    assert.deepEqual(await rows(), before);
    const { hours } = await trend(organizationId, '?days=2');
    assert.deepEqual(hours, [...HOURS, hourOf(3, 0, 0, null, null, 1), hourOf(4, 0, 0, null, null, 1)]);
  });

  test('is a file, too', async () => {
    const data = await trend(organizationId);
    const { status, headers, text } = await ask(`${TREND_CSV}?separator=semicolon`, organizationId);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
    assert.match(headers.get('content-disposition'), /^attachment; filename="conversation-monitor-trend-\S+\.csv"$/);
    const [columns, ...lines] = parseCsv(text.replace('\u{feff}', ''), 'semicolon');
    assert.deepEqual(columns, Object.keys(data.hours[0]));
    const cells = data.hours.map((hour) => Object.values(hour).map((value) => String(value ?? '')));
    assert.deepEqual(lines, cells);
  });

  test('has an ETag that changes with it', async () => {
    for (const target of [TREND, TREND_CSV]) {
      const { headers } = await ask(target, organizationId);
      const etag = headers.get('etag');
      const again = await ask(target, organizationId, { headers: { 'If-None-Match': etag } });
      assert.deepEqual([again.status, again.text], [304, '']);
      assert.equal(again.headers.get('content-disposition'), null);
      const other = await ask(`${target}?days=30`, organizationId, { headers: { 'If-None-Match': etag } });
      assert.equal(other.status, 200);
      const head = await ask(target, organizationId, { method: 'HEAD' });
      assert.deepEqual([head.status, head.text, head.headers.get('etag')], [200, '', etag]);
    }
  });

  test('is for those who may see the report', async () => {
    for (const target of [TREND, TREND_CSV]) {
      const other = await ask(`${target}?organizationId=${organizationId}`, 'another');
      assert.equal(other.status, 403);
      const named = await ask(`${target}?organizationId=${organizationId}`, '', { token: superadminToken() });
      assert.equal(named.status, 200);
      const none = await ask(target, '', { token: superadminToken() });
      assert.deepEqual([none.status, JSON.parse(none.text).error], [400, 'INVALID_REQUEST']);
    }
  });
});

test('times are of business hours', async () => {
  const organizationId = newOrganizationId();
  const start = START + 24 * HOUR;
  const clock = new Clock(start);
  const events = waiting(organizationId, 'c', { since: iso(start) });
  await service.post(events);
  // Open until an hour later, and again from two hours after that on.
  const day = [
    ['08:00', '09:00'],
    ['11:00', '17:00'],
  ];
  const weekly = Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((name) => [name, day]));
  const body = JSON.stringify({ thresholdMinutes: 90, businessHours: { timeZone: 'UTC', weekly } });
  const change = { method: 'PUT', body, headers: { 'Content-Type': 'application/json' } };
  assert.equal((await ask(settingsOf(organizationId), organizationId, change)).status, 200);
  await clock.refresh(service, MINUTE);
  await clock.refresh(service, 4 * HOUR);
  await service.post([resolved(events, clock.now)]);
  await clock.refresh(service, MINUTE);
  const { hours } = await trend(organizationId);
  assert.deepEqual(hours.slice(3), [hourOf(27, 1, 0, null, null, 1), hourOf(28, 0, 1, 32, 32, 1)]);
});

describe('the course of some departments', () => {
  const organizationId = newOrganizationId();
  const at = START + 48 * HOUR;
  const asHead = (departmentIds) => ({ token: departmentHeadToken(organizationId, departmentIds) });
  before(async () => {
    const clock = new Clock(at);
    const of = (id, since, departmentId) =>
      waiting(organizationId, id, { since: iso(at + since * MINUTE), departmentId });
    const [a, b, c] = [of('a', 0, 'd1'), of('b', 5, 'd1'), of('c', 10, 'd2')];
    await service.post([...a, ...b, ...c, ...of('without a department', 15)]);
    await clock.refresh(service, 30 * MINUTE);
    // One passes to the other department, and one is resolved.
    const moved = { ...a[0], updatedAt: iso(at + 100 * MINUTE), departmentId: 'd2' };
    await service.post([moved, resolved(b, at + 100 * MINUTE)]);
    await clock.refresh(service, 90 * MINUTE);
  });

  const hour = (number, ...numbers) => hourOf(48 + number, ...numbers);
  const hoursOf = async (init, query = '') => {
    const { status, text } = await ask(`${TREND}${query}`, organizationId, init);
    assert.equal(status, 200, text);
    return JSON.parse(text).data.hours;
  };
  const ALL = [hour(0, 4, 0, null, null, 4), hour(1, 0, 0, null, null, 4), hour(2, 0, 1, 104, 110, 4)];
  const D1 = [hour(0, 2, 0, null, null, 2), hour(1, 0, 0, null, null, 2), hour(2, 0, 2, 104, 115, 2)];
  const D2 = [hour(0, 1, 0, null, null, 1), hour(1, 0, 0, null, null, 1), hour(2, 1, 0, null, null, 2)];
  const BOTH = [hour(0, 3, 0, null, null, 3), hour(1, 0, 0, null, null, 3), hour(2, 1, 2, 104, 115, 3)];
  const NONE = [0, 1, 2].map((number) => hour(number, 0, 0, null, null, 0));

  test('is of those that the caller sees', async () => {
    assert.deepEqual(await hoursOf({}), ALL);
    assert.deepEqual(await hoursOf(asHead(['d1'])), D1);
    assert.deepEqual(await hoursOf(asHead(['d2'])), D2);
    assert.deepEqual(await hoursOf(asHead(['d2', 'd1', 'another'])), BOTH);
    for (const departmentIds of [['another'], []]) assert.deepEqual(await hoursOf(asHead(departmentIds)), NONE);
  });

  test('is of one that is chosen, if the caller sees it', async () => {
    assert.deepEqual(await hoursOf({}, '?departmentId=d2'), D2);
    const superadmin = { token: superadminToken() };
    assert.deepEqual(await hoursOf(superadmin, `?departmentId=d1&organizationId=${organizationId}`), D1);
    assert.deepEqual(await hoursOf({}, '?departmentId=another'), NONE);
    assert.deepEqual(await hoursOf(asHead(['d1', 'd2']), '?departmentId=d2'), D2);
    assert.deepEqual(await hoursOf(asHead(['d1']), '?departmentId=d2'), D1);
    assert.deepEqual(await hoursOf(asHead([]), '?departmentId=d2'), NONE);
    const { status } = await ask(`${TREND}?departmentId=`, organizationId);
    assert.equal(status, 400);
  });

  test('is another file with another ETag', async () => {
    const { headers, text } = await ask(`${TREND_CSV}?departmentId=d1`, organizationId);
    const [, ...lines] = parseCsv(text.replace('\u{feff}', ''), 'comma');
    assert.deepEqual(
      lines,
      D1.map((line) => Object.values(line).map((value) => String(value ?? ''))),
    );
    const etag = headers.get('etag');
    const statusOf = async (query, init = {}) => {
      const target = `${TREND_CSV}${query}`;
      return (await ask(target, organizationId, { ...init, headers: { 'If-None-Match': etag } })).status;
    };
    assert.equal(await statusOf('?departmentId=d1'), 304);
    assert.equal(await statusOf('?departmentId=d2'), 200);
    assert.equal(await statusOf('', asHead(['d1'])), 304);
    assert.equal(await statusOf('', asHead(['d1', 'd2'])), 200);
  });
});

test('an organization without a snapshot has no hours yet', async () => {
  const organizationId = newOrganizationId();
  await service.post(waiting(organizationId, 'c', { since: iso(START) }));
  const data = await trend(organizationId);
  assert.deepEqual([data.snapshotMissing, data.generatedAt, data.hours], [true, null, []]);
});
