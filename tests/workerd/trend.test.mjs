// The course of the day over HTTP: hours that pass, as JSON and as CSV, with business hours, for whom, and from which database.

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

  test('is not for those who see only some departments', async () => {
    for (const target of [TREND, TREND_CSV]) {
      const head = await ask(target, organizationId, { token: departmentHeadToken(organizationId, ['d1']) });
      assert.deepEqual([head.status, JSON.parse(head.text).error], [403, 'FORBIDDEN']);
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

test('an organization without a snapshot has no hours yet', async () => {
  const organizationId = newOrganizationId();
  await service.post(waiting(organizationId, 'c', { since: iso(START) }));
  const data = await trend(organizationId);
  assert.deepEqual([data.snapshotMissing, data.generatedAt, data.hours], [true, null, []]);
});
