// What an operator sees of each refresh: one log line, one data point, and how full the database is.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { hoursAgo, isoAt, MINUTE, newOrganizationId, organizationOf, SECOND, waiting } from './fixtures.mjs';
import { adminToken, REPORT, startService, tokenOf } from './harness.mjs';

/** The numbers of a data point, in their order; `behindSince` in seconds before `asOf`. */
const NUMBERS = [
  'durationMs',
  'organizationsSeen',
  'organizationsPublished',
  'organizationsFailed',
  'organizationsLeft',
  'behindSince',
  'conversationsFolded',
  'rowsPublished',
  'statements',
  'rowsRead',
  'rowsWritten',
  'conversationsSwept',
  'recordsRemoved',
  'erasuresFinished',
  'organizationsPurged',
  'itemsExpired',
  'unknownConversations',
  'truncatedOrganizations',
  'databasePercent',
];

let service;
before(async () => {
  service = await startService({ hasRuns: true, vars: { DATABASE_MEGABYTES: '1' } });
});
after(() => service.close());

const linesWith = (member) =>
  service
    .logs()
    .filter(({ message }) => message.startsWith('{'))
    .map(({ level, message }) => ({ level, ...JSON.parse(message) }))
    .filter((line) => line[member] !== undefined);

async function health(claims) {
  const response = await service.fetch('/health', claims && { token: tokenOf(claims) });
  return { status: response.status, ...(await response.json()) };
}

test('each refresh leaves one line and one data point with the same numbers', async () => {
  const now = hoursAgo(1);
  const organizationId = newOrganizationId();
  await service.post([
    organizationOf(organizationId, isoAt(now)),
    ...waiting(organizationId, 'c', { since: isoAt(now) }),
  ]);
  await service.post([{ ...waiting(organizationId, 'unknown', { since: isoAt(now) })[1], messageId: 'm' }]);
  for (const minutes of [0, 1]) {
    await service.refresh(now + minutes * MINUTE);
    const lines = linesWith('run');
    const points = linesWith('point');
    assert.deepEqual([lines.length, points.length], [minutes + 1, minutes + 1]);
    const { run, message } = lines[minutes];
    const { indexes, blobs, doubles } = points[minutes].point;
    assert.deepEqual([message, indexes, blobs, doubles.length], ['refreshed', ['refresh'], ['DB'], NUMBERS.length]);
    assert.equal(run.behindSince, null);
    assert.equal(run.unknownConversations, 1);
    assert.deepEqual(
      Object.fromEntries(NUMBERS.map((name, number) => [name, doubles[number]])),
      Object.fromEntries(NUMBERS.map((name) => [name, run[name] ?? 0])),
    );
    assert.deepEqual(await service.lastRun(), run);
  }
});

test('a report that stands still says since when', async () => {
  const now = hoursAgo(1) + 10 * MINUTE;
  const organizationId = newOrganizationId();
  await service.post(waiting(organizationId, 'c', { since: isoAt(now) }));
  await service.refresh(now);
  await service.database.exec(
    `UPDATE record SET body = '{"x":1}' WHERE type = 'message' AND organization_id = '${organizationId}'`,
  );
  await service.post([{ ...waiting(organizationId, 'c', { since: isoAt(now) })[0], assigneeIds: ['u'] }]);
  for (const minutes of [1, 5]) {
    await service.refresh(now + minutes * MINUTE);
    const { run } = linesWith('run').at(-1);
    assert.deepEqual([run.organizationsFailed, run.behindSince], [1, isoAt(now)]);
    assert.equal(linesWith('point').at(-1).point.doubles[5], (minutes * MINUTE) / SECOND);
  }
});

test('a database that fills up is said in the log, and when it is nearly full, to everybody', async () => {
  await service.refresh(Date.now());
  const OPERATE = { sub: 'op', scope: 'conversation-monitor:operate' };
  const before = await health(OPERATE);
  assert.ok(before.data.database.bytes > 50_000 && before.data.database.percent < 70, JSON.stringify(before));
  await service.database.exec('CREATE TABLE filler (text TEXT)');
  const fill = (bytes) => service.database.prepare('INSERT INTO filler VALUES (zeroblob(?1))').bind(bytes).run();
  await fill(750_000 - before.data.database.bytes);
  await service.refresh(Date.now());
  const { run, level } = linesWith('run').at(-1);
  assert.ok(run.databasePercent >= 70 && run.databasePercent < 90, `${run.databasePercent}`);
  assert.equal(level, 'error');
  assert.notEqual((await health()).data.status, 'full');
  await fill(200_000);
  const { status, message, data } = await health();
  assert.deepEqual([status, message, data.status], [503, 'The database is nearly full.', 'full']);
  assert.deepEqual(Object.keys(data).sort(), ['configuration', 'lastRefresh', 'status']);
  assert.ok((await health(OPERATE)).data.database.percent >= 90);
});

test('what an isolate remembers answers for ten minutes, although refreshes fail in it', async () => {
  const remembering = await startService({ hasClock: true, vars: { HEAD_MAX_AGE_SECONDS: '5' } });
  try {
    const now = hoursAgo(1);
    const organizationId = newOrganizationId();
    await remembering.setClock(now);
    await remembering.post(waiting(organizationId, 'c', { since: isoAt(now - 10 * MINUTE) }));
    await remembering.refresh(now);
    const before = await remembering.report(adminToken(organizationId));
    assert.deepEqual([before.stale, before.rows.length], [false, 1]);
    await remembering.database.exec('ALTER TABLE organization RENAME TO out_of_reach');
    for (const minutes of [1, 9]) {
      await remembering.setClock(now + minutes * MINUTE);
      await remembering.refresh(now + minutes * MINUTE);
      const { stale, rows } = await remembering.report(adminToken(organizationId));
      assert.deepEqual([stale, rows.length], [true, 1], `after ${minutes} minutes`);
    }
    await remembering.setClock(now + 11 * MINUTE);
    assert.equal((await remembering.fetch(REPORT, { token: adminToken(organizationId) })).status, 503);
  } finally {
    await remembering.close();
  }
});
