// Several databases: which of them has what, and what one that is out of order means for the others.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { refreshEach } from '../../src/worker/refreshes.js';
import { hoursAgo, isoAt, MINUTE, SECOND, superadminToken, waiting } from './fixtures.mjs';
import { adminToken, EVENTS, ingestToken, REPORT, SCOPES, settingsOf, startService, tokenOf } from './harness.mjs';

const OPERATOR = { sub: 'op', scope: 'conversation-monitor:operate' };
/** So many that each of three databases has some. */
const ORGANIZATIONS = Array.from({ length: 12 }, (_, number) => `organization ${number}`);

const postTo = async (service, events) => {
  const body = events.map((event) => JSON.stringify(event)).join('\n');
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const response = await service.fetch(EVENTS, { method: 'POST', token: ingestToken(), headers, body });
  return { status: response.status, ...(await response.json()) };
};
/**
 * @param {any} service
 * @param {string} [token]
 */
const health = async (service, token) => {
  const response = await service.fetch('/health', { token });
  return { status: response.status, ...(await response.json()) };
};
const organizationsIn = async (database) => {
  const { results } = await database.prepare('SELECT organization_id FROM organization ORDER BY 1').all();
  return results.map(({ organization_id }) => organization_id);
};
const linesOf = (service, message) =>
  service
    .logs()
    .filter((line) => line.message.startsWith('{'))
    .map((line) => JSON.parse(line.message))
    .filter((line) => line.message === message);
/** What makes every statement about organizations fail, and what makes them work again. */
const breakDown = (database) => database.exec('ALTER TABLE organization RENAME TO out_of_order');
const repair = (database) => database.exec('ALTER TABLE out_of_order RENAME TO organization');

describe('three databases', () => {
  const now = hoursAgo(1);
  let service;
  before(async () => {
    service = await startService({ databases: 3, hasClock: true });
    await service.setClock(now);
  });
  after(() => service?.close());

  test('have the organizations of their buckets, and no others', async () => {
    const events = ORGANIZATIONS.flatMap((id) => waiting(id, 'c', { since: isoAt(now - 10 * MINUTE) }));
    const unknown = { ...waiting(ORGANIZATIONS[5], 'unknown', { since: isoAt(now - MINUTE) })[1], messageId: 'x' };
    const { status, data } = await postTo(service, [...events, unknown, events[1]]);
    assert.equal(status, 200);
    assert.deepEqual(data, {
      accepted: events.length + 2,
      applied: events.length + 1,
      ignored: 1,
      expired: 0,
      warnings: [{ index: events.length, field: 'conversationId', reason: data.warnings[0].reason }],
    });
    for (const database of service.databases) {
      const own = ORGANIZATIONS.filter((id) => service.databaseOf(id) === database);
      assert.ok(own.length > 0);
      assert.deepEqual(await organizationsIn(database), own.sort());
    }
  });

  test('are refreshed each, with a line', async () => {
    await service.refresh(now);
    const lines = linesOf(service, 'refreshed');
    assert.deepEqual(lines.map(({ database }) => database).sort(), ['DB', 'DB_1', 'DB_2']);
    assert.equal(
      lines.reduce((sum, { run }) => sum + run.organizationsPublished, 0),
      ORGANIZATIONS.length,
    );
    for (const organizationId of ORGANIZATIONS) {
      const { rows, generatedAt } = await service.report(adminToken(organizationId));
      assert.deepEqual([rows.length, Date.parse(generatedAt)], [1, now]);
    }
  });

  test('are in the health each, and the worst of them decides', async () => {
    const { status, data } = await health(service, tokenOf(OPERATOR));
    assert.deepEqual([status, data.status], [200, 'ok']);
    assert.deepEqual(Object.keys(data).sort(), ['configuration', 'lastRefresh', 'shards', 'status']);
    assert.deepEqual(
      data.shards.map(({ binding, status }) => [binding, status]),
      [
        ['DB', 'ok'],
        ['DB_1', 'ok'],
        ['DB_2', 'ok'],
      ],
    );
    const counted = data.shards.reduce((sum, { candidates }) => sum + candidates.ai_stuck, 0);
    assert.equal(counted, ORGANIZATIONS.length);
    const unknown = data.shards.map(({ unknownConversations }) => unknownConversations.count);
    assert.equal(
      unknown.reduce((sum, count) => sum + count),
      1,
    );

    await breakDown(service.databases[1]);
    await service.refresh(now + MINUTE);
    await service.setClock(now + 4 * MINUTE);
    await repair(service.databases[1]);
    const late = await health(service);
    assert.deepEqual(
      [late.status, late.data],
      [503, { status: 'late', configuration: 'sound', lastRefresh: { ageSeconds: 240 } }],
    );
    assert.deepEqual(
      linesOf(service, 'refresh failed').map(({ database }) => database),
      ['DB_1'],
    );
  });

  test('stand alone: one that is out of order keeps none of the others back', async () => {
    const events = ORGANIZATIONS.flatMap((id) => waiting(id, 'next', { since: isoAt(now - 20 * MINUTE) }));
    const [, broken] = service.databases;
    const isBroken = (organizationId) => service.databaseOf(organizationId) === broken;
    await breakDown(broken);
    const refused = await postTo(service, events);
    assert.deepEqual([refused.status, refused.error], [503, 'UNAVAILABLE']);
    await service.setClock(now + 5 * MINUTE);
    await service.refresh(now + 5 * MINUTE);
    const rows = async (organizationId) => {
      const response = await service.fetch(REPORT, { token: adminToken(organizationId) });
      return response.status === 200 ? (await response.json()).data.rows.length : response.status;
    };
    // What the isolate remembers of the broken one goes on answering.
    for (const id of ORGANIZATIONS) assert.equal(await rows(id), isBroken(id) ? 1 : 2, id);
    assert.equal((await health(service)).data.status, 'late');
    assert.equal((await service.fetch(SCOPES, { token: superadminToken() })).status, 503);
    await repair(broken);
    const again = await postTo(service, events);
    const count = ORGANIZATIONS.filter(isBroken).length;
    const each = events.length / ORGANIZATIONS.length;
    assert.deepEqual(
      [again.status, again.data.applied, again.data.ignored],
      [200, count * each, events.length - count * each],
    );
    await service.setClock(now + 6 * MINUTE);
    await service.refresh(now + 6 * MINUTE);
    for (const id of ORGANIZATIONS) assert.equal(await rows(id), 2, id);
    assert.equal((await health(service)).data.status, 'ok');
  });

  test('have the organizations that a SUPERADMIN may choose from, in one order', async () => {
    const names = new Map(ORGANIZATIONS.map((id, number) => [id, ['Änne', 'B', 'a', 'B'][number % 4]]));
    names.delete(ORGANIZATIONS[3]);
    await service.post(
      [...names].map(([organizationId, name]) => ({
        type: 'organization',
        organizationId,
        name,
        updatedAt: isoAt(now),
      })),
    );
    const response = await service.fetch(SCOPES, { token: superadminToken(ORGANIZATIONS[0]) });
    const { data } = await response.json();
    const expected = ORGANIZATIONS.map((organizationId) => ({
      organizationId,
      name: names.get(organizationId) ?? null,
    }));
    const key = ({ name, organizationId }) => Buffer.from(`${name ?? '\u{10ffff}'}\0${organizationId}`);
    expected.sort((left, right) => Buffer.compare(key(left), key(right)));
    assert.deepEqual(data.organizations, expected);
    assert.deepEqual([data.organizationId, data.organizationsTruncated], [ORGANIZATIONS[0], false]);
  });

  test('list at most 1,000 of them together', async () => {
    const many = Array.from({ length: 990 }, (_, number) => ({
      type: 'organization',
      organizationId: `one of many ${number}`,
      name: `M${String(number).padStart(4, '0')}`,
      updatedAt: isoAt(now),
    }));
    await service.post(many);
    const { data } = await (await service.fetch(SCOPES, { token: superadminToken() })).json();
    assert.deepEqual([data.organizations.length, data.organizationsTruncated], [1_000, true]);
    const found = await (await service.fetch(`${SCOPES}?search=ONE+of+many`, { token: superadminToken() })).json();
    assert.deepEqual([found.data.organizations.length, found.data.organizationsTruncated], [990, false]);
  });
});

describe('databases that are not there', () => {
  for (const [shards, problem] of [
    ['0-511:DB,512-1023:DB_7', 'SHARDS names DB_7, which is no binding of a database'],
    ['0-511:DB', 'SHARDS does not have every bucket from 0 to 1023 once and in order: only the first 512 are right'],
  ]) {
    test(shards, async () => {
      const service = await startService({ vars: { SHARDS: shards } });
      try {
        const response = await service.fetch(REPORT, { token: adminToken('o') });
        assert.equal(response.status, 503);
        assert.match(service.linesOf(response)[0].cause, new RegExp(problem));
        // Whatever is wrong with the configuration, the refresh goes on.
        await service.refresh(hoursAgo(1));
        assert.equal(Date.parse((await service.lastRun()).asOf), hoursAgo(1));
        assert.deepEqual((await health(service)).data.status, 'misconfigured');
      } finally {
        await service.close();
      }
    });
  }
});

describe('buckets that are moved', () => {
  const now = hoursAgo(1);
  const organizationId = 'o';
  const contact = { type: 'contact', organizationId, contactId: 'contact', name: 'Somebody', updatedAt: isoAt(now) };
  let service;
  before(async () => {
    service = await startService({ databases: 2, shards: '0-1023:DB>DB_1' });
  });
  after(() => service?.close());

  /** What both databases say, without what belongs to one of them. */
  const inBoth = async (sql) => {
    const answers = await Promise.all(service.databases.map((database) => database.prepare(sql).all()));
    return answers.map(({ results }) => results);
  };
  const checkSame = async (sql, count) => {
    const [first, second] = await inBoth(sql);
    assert.equal(first.length, count, sql);
    assert.deepEqual(second, first, sql);
  };

  test('are written to both databases, and read from the first', async () => {
    await service.post([contact, ...waiting(organizationId, 'c', { since: isoAt(now - 10 * MINUTE) })]);
    const change = await service.fetch(settingsOf(organizationId), {
      method: 'PUT',
      token: adminToken(organizationId),
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ thresholdMinutes: 7, maxAgeDays: 20 }),
    });
    assert.equal(change.status, 200);
    await checkSame('SELECT * FROM record', 3);
    await checkSame('SELECT organization_id, threshold_minutes FROM organization', 1);
    await checkSame('SELECT organization_id, number, max_age_days FROM settings', 1);
    await service.refresh(now);
    await checkSame('SELECT json FROM snapshot_row', 1);
    await service.databases[1].exec('DELETE FROM snapshot_row');
    assert.equal((await service.report(adminToken(organizationId))).rows.length, 1);
    const { data } = await (await service.fetch(SCOPES, { token: superadminToken() })).json();
    assert.deepEqual(data.organizations, [{ organizationId, name: null }]);
  });

  test('are answered only when both have stored it', async () => {
    for (const database of service.databases) {
      await breakDown(database);
      const { status } = await postTo(service, waiting(organizationId, 'd', { since: isoAt(now) }));
      assert.equal(status, 503);
      await repair(database);
    }
    await service.post(waiting(organizationId, 'd', { since: isoAt(now) }));
    await checkSame('SELECT * FROM record', 5);
  });

  test('are erased in both', async () => {
    const target = `/api/organizations/${organizationId}/contacts/contact`;
    const [{ contactId }] = waiting(organizationId, 'c', { since: isoAt(now) });
    for (const [id, contacts] of [
      [target, 1],
      [`/api/organizations/${organizationId}/contacts/${contactId}`, 1],
    ]) {
      const response = await service.fetch(id, { method: 'DELETE', token: adminToken(organizationId) });
      assert.deepEqual([response.status, (await response.json()).data.contacts], [200, contacts]);
    }
    await checkSame("SELECT organization_id, type, record_id FROM erasure WHERE type = 'contact'", 2);
    const removed = await service.fetch(`/api/organizations/${organizationId}`, {
      method: 'DELETE',
      token: superadminToken(),
    });
    assert.equal(removed.status, 200);
    await checkSame("SELECT organization_id, deleted FROM record WHERE type = 'organization'", 1);
    await checkSame('SELECT organization_id, purge_at FROM organization', 1);
  });
});

describe('the refreshes of several databases', () => {
  const databases = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];

  test('come four at a time, another one first each time, and none keeps the others back', async () => {
    const firsts = [];
    for (const minutes of [0, 1, 2]) {
      let running = 0;
      const begun = [];
      const run = async (database) => {
        begun.push(database);
        running += 1;
        assert.ok(running <= 4);
        for (let turns = 0; turns < (database === 'B' ? 50 : 3); turns += 1) await Promise.resolve();
        running -= 1;
        if (database === 'C') throw new Error('C is out of order');
      };
      await assert.rejects(refreshEach({ databases, at: minutes * MINUTE, run }), /C is out of order/);
      assert.deepEqual([...begun].sort(), databases);
      firsts.push(begun[0]);
    }
    assert.equal(new Set(firsts).size, 3);
    const only = [];
    await refreshEach({ databases: ['DB'], at: 40 * SECOND, run: async (database) => only.push(database) });
    assert.deepEqual(only, ['DB']);
  });
});
