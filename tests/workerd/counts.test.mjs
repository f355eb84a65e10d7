// What an ingest and a refresh cost: statements and rows, by the service's own count or the platform's, and by the
// contents of the tables afterwards.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { migrate, post } from '../../bench/seed.mjs';
import { Side } from '../../bench/sides.mjs';
import { inRoot } from '../../scripts/project.mjs';
import { manyCandidates } from '../oracle/many-candidates.mjs';
import {
  Clock,
  conversationIdsOf,
  conversationOf,
  hoursAgo,
  isoAt,
  MINUTE,
  messageOf,
  newOrganizationId,
  SECOND,
  waiting,
} from './fixtures.mjs';
import { adminToken, REPORT, startService } from './harness.mjs';

/** How long a superseded version is kept. */
const RETENTION = 10 * MINUTE;
const MANY = 3_000;

let service;
before(async () => {
  service = await startService();
});
after(() => service.close());

// ---------------------------------------------------------------------------------------------------------------
// Refreshes
// ---------------------------------------------------------------------------------------------------------------

const clock = new Clock(hoursAgo(20));

/** Runs the refresh that is scheduled so much later than the last one; what it did. */
async function refresh(later = MINUTE) {
  await clock.refresh(service, later);
  const run = await service.lastRun();
  assert.equal(Date.parse(run.asOf), clock.now);
  assert.equal(run.organizationsFailed, 0);
  return run;
}

/** Publishes everything pending and removes every superseded version, so that no other test leaves anything to do. */
async function settle() {
  await refresh();
  await refresh(RETENTION);
  checkIdle(await refresh());
}

/** The run did nothing except record itself. */
function checkIdle(run) {
  const { organizationsSeen, organizationsPublished, conversationsFolded, rowsPublished } = run;
  assert.deepEqual(
    { organizationsSeen, organizationsPublished, conversationsFolded, rowsPublished },
    { organizationsSeen: 0, organizationsPublished: 0, conversationsFolded: 0, rowsPublished: 0 },
  );
  assert.ok(run.rowsWritten <= 2, `rows written: ${run.rowsWritten}`);
}

/** A run's counts must be these. */
function checkRun(run, expected) {
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, run[name]])), expected);
}

// ---------------------------------------------------------------------------------------------------------------
// Organizations and tables
// ---------------------------------------------------------------------------------------------------------------

/** A customer who has been waiting since now. */
const waitingNow = (organizationId, conversationId, more) =>
  waiting(organizationId, conversationId, { since: clock.iso(), ...more });

/** All tables except the one of the refresh itself. */
async function tables() {
  const named = await select("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  const names = named
    .map(({ name }) => name)
    .filter((name) => !/^(refresh|d1_migrations|sqlite_.*|_cf_.*)$/.test(name));
  assert.ok(names.length > 0);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await select(`SELECT * FROM "${name}"`)])),
  );
}

async function select(sql, ...parameters) {
  return (
    await service.database
      .prepare(sql)
      .bind(...parameters)
      .all()
  ).results;
}

/** All candidates, unless the parameters say otherwise. */
const report = (organizationId, parameters) =>
  service.report(adminToken(organizationId), { skipThreshold: 'true', ...parameters });

// ---------------------------------------------------------------------------------------------------------------
// Statements
// ---------------------------------------------------------------------------------------------------------------

describe('statements grow with the rows, not with the organizations', () => {
  /** A run with this many organizations that have changed since the last one. */
  async function runWith(ids, version) {
    const more = { updatedAt: isoAt(clock.now + version), messageId: `m${version}` };
    await service.post(ids.map((id) => messageOf(id, 'c1', clock.iso(), more)));
    return refresh();
  }

  test('0, 1 and 500 changed organizations', async () => {
    const ids = Array.from({ length: 500 }, newOrganizationId);
    await service.post(ids.flatMap((id) => waitingNow(id, 'c1')));
    const first = await refresh();
    checkRun(first, {
      organizationsSeen: 500,
      organizationsPublished: 500,
      conversationsFolded: 500,
      rowsPublished: 500,
    });
    await settle();

    const none = await refresh();
    const one = await runWith(ids.slice(0, 1), 1);
    checkRun(one, { organizationsSeen: 1, organizationsPublished: 1, conversationsFolded: 1, rowsPublished: 1 });
    await settle();
    const all = await runWith(ids, 2);
    checkRun(all, {
      organizationsSeen: 500,
      organizationsPublished: 500,
      conversationsFolded: 500,
      rowsPublished: 500,
    });
    // All their superseded versions are removed at once.
    const retirement = await refresh(RETENTION);
    checkRun(retirement, {
      organizationsSeen: 500,
      organizationsPublished: 0,
      conversationsFolded: 0,
      rowsPublished: 0,
    });

    assert.ok(none.statements <= 10, `none: ${none.statements}`);
    assert.ok(one.statements <= 30, `one: ${one.statements}`);
    for (const run of [first, all, retirement]) {
      assert.ok(run.statements <= 2 * one.statements, `500: ${run.statements}, one: ${one.statements}`);
      assert.ok(run.statements <= 60, `500: ${run.statements}`);
    }
    // Each organization's own rows and no others.
    assert.ok(one.rowsWritten <= 12, `one: ${one.rowsWritten}`);
    assert.ok(all.rowsWritten <= 500 * one.rowsWritten, `500: ${all.rowsWritten}`);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Rows
// ---------------------------------------------------------------------------------------------------------------

describe('nothing changed', () => {
  test("no organization's rows are written, and the report still advances with asOf", async () => {
    const organizationId = newOrganizationId();
    await service.post([...waitingNow(organizationId, 'c1'), ...waitingNow(organizationId, 'c2', { ownerId: 'u1' })]);
    await settle();
    const [before, earlier] = [await tables(), await report(organizationId)];
    for (let minute = 0; minute < 3; minute += 1) checkIdle(await refresh());
    assert.deepEqual(await tables(), before);
    const later = await report(organizationId);
    assert.equal(Date.parse(later.generatedAt), Date.parse(earlier.generatedAt) + 3 * MINUTE);
    assert.deepEqual(later.rows, earlier.rows);
  });

  test('events that are stored already, or older, change nothing', async () => {
    const organizationId = newOrganizationId();
    const contact = { type: 'contact', organizationId, contactId: 'ct', name: 'A', updatedAt: clock.iso() };
    const events = [...waitingNow(organizationId, 'c1'), contact];
    const older = clock.iso(MINUTE);
    await service.post(events);
    await settle();
    const before = await tables();
    await service.post(events);
    await service.post(events.map((event) => ({ ...event, updatedAt: older, draft: true, name: 'B' })));
    assert.deepEqual(await tables(), before);
    checkIdle(await refresh());
  });

  test('events that no row shows publish nothing', async () => {
    const organizationId = newOrganizationId();
    await service.post(waitingNow(organizationId, 'c1', { departmentId: 'd1' }));
    await settle();
    const common = { organizationId, updatedAt: clock.iso() };
    const delivered = { messageId: 'm0', direction: 'outbound', sender: 'system', status: 'delivered' };
    const events = {
      'department of no candidate': [{ ...common, type: 'department', departmentId: 'd2', name: 'Renamed' }],
      organization: [{ ...common, type: 'organization', name: 'Renamed' }],
      user: [{ ...common, type: 'user', userId: 'nobody', fullName: 'Nobody' }],
      contact: [{ ...common, type: 'contact', contactId: 'nobody', name: 'Nobody' }],
      'message of an unknown conversation': [messageOf(organizationId, 'unknown', clock.iso())],
      'conversation without a message': [conversationOf(organizationId, 'empty', clock.iso())],
      'message of the system': [messageOf(organizationId, 'c1', clock.iso(), delivered)],
      'status of a message': [messageOf(organizationId, 'c1', clock.iso(), { ...delivered, status: 'read' })],
    };
    const { snapshotId } = await report(organizationId);
    const version = (id) => id.split('-')[0];
    for (const [name, batch] of Object.entries(events)) {
      await service.post(batch);
      const run = await refresh();
      checkRun(run, { organizationsPublished: 0, rowsPublished: 0 });
      assert.ok(run.rowsWritten <= 6, `${name}: ${run.rowsWritten}`);
      assert.equal(version((await report(organizationId)).snapshotId), version(snapshotId), name);
      assert.deepEqual(await select('SELECT * FROM pending WHERE organization_id = ?1', organizationId), [], name);
    }
  });
});

describe(`among ${MANY} candidates`, () => {
  let organizationId;
  let first;
  before(async () => {
    organizationId = newOrganizationId();
    await service.post(manyCandidates({ organizationId, now: clock.now, count: MANY, thresholdMinutes: 5 }));
    first = await refresh();
  });

  test('the first run reads each record a few times, not once for each conversation', async () => {
    checkRun(first, { conversationsFolded: MANY, rowsPublished: MANY, organizationsPublished: 1 });
    assert.equal((await report(organizationId)).totalCount, MANY);
    const [{ count }] = await select('SELECT count(*) AS count FROM record WHERE organization_id = ?1', organizationId);
    assert.ok(first.rowsRead <= 20 * count, `${first.rowsRead} read of ${count} records`);
    assert.ok(first.rowsWritten <= 5 * MANY, `${first.rowsWritten}`);
    assert.ok(first.statements <= 100, `${first.statements}`);
  });

  test('nothing changed: nothing is written, and no candidate is read', async () => {
    await settle();
    const before = await tables();
    const run = await refresh();
    checkIdle(run);
    const [{ count }] = await select('SELECT count(*) AS count FROM organization');
    assert.ok(run.rowsRead <= 2 * count + 50, `${run.rowsRead} read with ${count} organizations`);
    assert.deepEqual(await tables(), before);
  });

  const hoursStored = async () =>
    (await select('SELECT count(*) AS count FROM trend WHERE organization_id = ?1', organizationId))[0].count;

  /**
   * Posts one event; the next run must cost this. It may read so many rows besides each organization's head. The row of
   * an hour that is over by then is left out of the run that is returned.
   */
  async function checkOneChange(event, expected, rowsReadMax) {
    await settle();
    const [{ count }] = await select('SELECT count(*) AS count FROM organization');
    const before = await hoursStored();
    await service.post([event]);
    const run = await refresh();
    run.rowsWritten -= (await hoursStored()) - before;
    checkRun(run, { organizationsSeen: 1, organizationsPublished: 1, ...expected });
    assert.ok(run.rowsRead <= count + rowsReadMax, `rows read: ${run.rowsRead} with ${count} organizations`);
    return run;
  }

  test('one conversation changed', async () => {
    await settle();
    const moved = {
      conversationId: 'conversation-000123',
      contactId: 'contact-1',
      channelType: 'sms',
      departmentId: 'another',
    };
    const rows = () => select('SELECT row_no FROM snapshot_row WHERE organization_id = ?1', organizationId);
    const before = (await rows()).length;
    const event = { type: 'conversation', organizationId, updatedAt: clock.iso(), ...moved };
    const run = await checkOneChange(event, { conversationsFolded: 1, rowsPublished: 1 }, 150);
    assert.ok(run.rowsWritten <= 12, `rows written: ${run.rowsWritten}`);
    // The previous row is kept for the previous version, and removed with it.
    assert.equal((await rows()).length, before + 1);
    const retirement = await refresh(RETENTION);
    checkRun(retirement, { organizationsSeen: 1, organizationsPublished: 0, rowsPublished: 0 });
    assert.ok(retirement.rowsWritten <= 12, `rows written: ${retirement.rowsWritten}`);
    assert.equal((await rows()).length, before);
    assert.deepEqual(conversationIdsOf(await report(organizationId, { departmentId: 'another' })), [
      'conversation-000123',
    ]);
  });

  test('one customer is answered, and then waits again', async () => {
    await settle();
    const { totalCount } = await report(organizationId);
    const at = clock.iso();
    const reply = { messageId: 'answer', direction: 'outbound', sender: 'human' };
    const answer = messageOf(organizationId, 'conversation-000200', at, reply);
    const answered = await checkOneChange(answer, { conversationsFolded: 1, rowsPublished: 0 }, 150);
    assert.ok(answered.rowsWritten <= 12, `rows written: ${answered.rowsWritten}`);
    assert.equal((await report(organizationId)).totalCount, totalCount - 1);
    const waits = messageOf(organizationId, 'conversation-000200', clock.iso(), { messageId: 'again', sequence: 1 });
    const more = await checkOneChange(waits, { conversationsFolded: 1, rowsPublished: 1 }, 150);
    assert.ok(more.rowsWritten <= 12, `rows written: ${more.rowsWritten}`);
    assert.equal((await report(organizationId)).totalCount, totalCount);
  });

  test('one department renamed: the list is written, none of its rows', async () => {
    const { rows } = await report(organizationId, { limit: 100 });
    const { departmentId } = rows.find((row) => row.departmentId !== null);
    const renamed = { type: 'department', organizationId, departmentId, name: 'Renamed', updatedAt: clock.iso() };
    const run = await checkOneChange(renamed, { conversationsFolded: 0, rowsPublished: 0 }, 150);
    assert.ok(run.rowsWritten <= 5, `rows written: ${run.rowsWritten}`);
    assert.deepEqual((await report(organizationId, { limit: 100 })).rows, rows);
  });

  test('one contact renamed: its rows are written, and no timeline is read', async () => {
    const renamed = {
      type: 'contact',
      organizationId,
      contactId: 'contact-7',
      name: 'Renamed',
      updatedAt: clock.iso(),
    };
    // 100 contacts take turns.
    const run = await checkOneChange(renamed, { conversationsFolded: 0, rowsPublished: MANY / 100 }, 20 * MANY);
    assert.ok(run.rowsWritten <= MANY / 100 + 12, `rows written: ${run.rowsWritten}`);
  });
});

describe('the course of the day', () => {
  test('costs a row for each hour in which anything changed, and none otherwise', async () => {
    const organizationId = newOrganizationId();
    const hour = 60 * MINUTE;
    /** A customer comes, and the next run publishes that. */
    const publish = async (conversationId, later) => {
      await service.post(waitingNow(organizationId, conversationId));
      const run = await refresh(later);
      checkRun(run, { organizationsPublished: 1, rowsPublished: 1 });
      return run.rowsWritten;
    };
    const hours = () => select('SELECT hour FROM trend WHERE organization_id = ?1 ORDER BY hour', organizationId);
    /** How long it takes until so many minutes after the full hour, or before it. */
    const untilHour = (minutes) => hour - (clock.now % hour) + minutes * MINUTE;
    await publish('c1', untilHour(1));
    const first = Math.floor(clock.now / hour);
    // Superseded versions are removed in this run, and in none for ten minutes after it.
    await publish('c2', untilHour(-3));
    const usual = await publish('c3', MINUTE);
    // The first has come over its threshold meanwhile.
    assert.equal(await publish('c4', untilHour(1)), usual + 1);
    assert.deepEqual(await hours(), [{ hour: first }]);
    assert.equal(await publish('c5', MINUTE), usual);
    // In the third hour nothing changes.
    await publish('c6', untilHour(1) + 2 * hour);
    assert.deepEqual(await hours(), [{ hour: first }, { hour: first + 1 }]);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Time alone
// ---------------------------------------------------------------------------------------------------------------

describe('as time passes, only the conversations that it changes are folded', () => {
  /** Adds six conversations for which nothing comes due to those of the test. */
  async function amongOthers(organizationId) {
    const others = Array.from({ length: 6 }, (_, index) => waitingNow(organizationId, `other-${index}`)).flat();
    await service.post(others);
  }

  test('a snooze ends', async () => {
    await settle();
    const organizationId = newOrganizationId();
    await amongOthers(organizationId);
    const at = clock.iso();
    const snoozed = (conversationId, until) => [
      conversationOf(organizationId, conversationId, at, {
        snoozedAt: isoAt(clock.now + SECOND),
        snoozedUntil: isoAt(clock.now + until),
      }),
      messageOf(organizationId, conversationId, at),
    ];
    await service.post([
      ...snoozed('two', 2 * MINUTE),
      ...snoozed('two and a bit', 2 * MINUTE + 1),
      ...snoozed('four', 4 * MINUTE),
    ]);

    const steps = [
      // What is snoozed is published too, in a list of its own.
      [{ conversationsFolded: 9, rowsPublished: 9, organizationsPublished: 1 }, []],
      [{ conversationsFolded: 1, rowsPublished: 1, organizationsPublished: 1 }, ['two']],
      [{ conversationsFolded: 1, rowsPublished: 1, organizationsPublished: 1 }, ['two', 'two and a bit']],
      [{ conversationsFolded: 1, rowsPublished: 1, organizationsPublished: 1 }, ['four', 'two', 'two and a bit']],
      [{ conversationsFolded: 0, rowsPublished: 0, organizationsPublished: 0 }, ['four', 'two', 'two and a bit']],
    ];
    for (const [counts, ids] of steps) {
      checkRun(await refresh(), counts);
      assert.deepEqual(
        conversationIdsOf(await report(organizationId)).filter((id) => !id.startsWith('other')),
        ids,
      );
    }
    checkIdle(await refresh());
  });

  test('a queued send is stuck a millisecond after two minutes, not at two minutes', async () => {
    await settle();
    const organizationId = newOrganizationId();
    await amongOthers(organizationId);
    const queued = (conversationId, at) => [
      ...waitingNow(organizationId, conversationId),
      messageOf(organizationId, conversationId, isoAt(at), {
        messageId: `q-${conversationId}`,
        direction: 'outbound',
        sender: 'ai',
        status: 'queued',
      }),
    ];
    await service.post([
      ...queued('first', clock.now + SECOND),
      ...queued('second', clock.now + SECOND + 1),
      ...queued('third', clock.now + MINUTE),
    ]);
    /** @type {[number, Record<string, number>, string[]][]} */
    const steps = [
      [MINUTE, { conversationsFolded: 9, rowsPublished: 6 }, []],
      [MINUTE + SECOND, { conversationsFolded: 0, rowsPublished: 0 }, []],
      [1, { conversationsFolded: 1, rowsPublished: 1 }, ['first']],
      [1, { conversationsFolded: 1, rowsPublished: 1 }, ['first', 'second']],
      [MINUTE, { conversationsFolded: 1, rowsPublished: 1 }, ['first', 'second', 'third']],
    ];
    for (const [later, counts, ids] of steps) {
      checkRun(await refresh(later), counts);
      const { rows } = await report(organizationId);
      const stuck = rows.filter((row) => row.reason === 'reply_queued').map((row) => row.conversationId);
      assert.deepEqual(stuck, ids);
    }
    checkIdle(await refresh());
  });

  test('crossing the threshold costs nothing at all', async () => {
    await settle();
    const organizationId = newOrganizationId();
    await service.post(waitingNow(organizationId, 'c1'));
    await refresh();
    const listed = [];
    for (let minute = 2; minute <= 6; minute += 1) {
      checkIdle(await refresh());
      listed.push((await report(organizationId, { skipThreshold: 'false' })).totalCount);
    }
    assert.deepEqual(listed, [0, 0, 0, 1, 1]);
  });
});

describe('the first 30 seconds of the AI', () => {
  const states = (organizationId) =>
    select('SELECT * FROM conversation_state WHERE organization_id = ?1', organizationId);
  const ask = (organizationId, ago, more) =>
    messageOf(organizationId, 'c1', clock.iso(-MINUTE + ago), { messageId: `m-${ago}`, ...more });
  const answer = { direction: 'outbound', sender: 'ai' };

  /** An organization whose only conversation nobody waits in. */
  async function quiet() {
    const organizationId = newOrganizationId();
    await service.post([conversationOf(organizationId, 'c1', clock.iso())]);
    await settle();
    return organizationId;
  }

  test('answered within them: no state is written, and nothing is published', async () => {
    const organizationId = await quiet();
    const before = await tables();
    // Ten seconds before the refresh, and a response ten seconds after it.
    await service.post([ask(organizationId, 10 * SECOND)]);
    const first = await refresh();
    checkRun(first, { conversationsFolded: 1, organizationsPublished: 0, rowsPublished: 0 });
    assert.ok(first.rowsWritten <= 2, `rows written: ${first.rowsWritten}`);
    assert.deepEqual(await states(organizationId), []);
    await service.post([ask(organizationId, -10 * SECOND + MINUTE, answer)]);
    const second = await refresh();
    checkRun(second, { conversationsFolded: 1, organizationsPublished: 0, rowsPublished: 0 });
    assert.ok(second.rowsWritten <= 3, `rows written: ${second.rowsWritten}`);
    checkIdle(await refresh());
    const { record, ...others } = await tables();
    assert.equal(record.length, before.record.length + 2);
    assert.deepEqual({ record: before.record, ...others }, before);
  });

  test('answered before the refresh: the same', async () => {
    const organizationId = await quiet();
    await service.post([ask(organizationId, 10 * SECOND), ask(organizationId, 5 * SECOND, answer)]);
    const run = await refresh();
    checkRun(run, { conversationsFolded: 1, organizationsPublished: 0, rowsPublished: 0 });
    assert.ok(run.rowsWritten <= 3, `rows written: ${run.rowsWritten}`);
    assert.deepEqual(await states(organizationId), []);
    checkIdle(await refresh());
  });

  test('not answered: a row at the first refresh after them, by one fold more', async () => {
    const organizationId = await quiet();
    await service.post([ask(organizationId, 30 * SECOND - 1), ask(organizationId, 29 * SECOND)]);
    const first = await refresh();
    checkRun(first, { conversationsFolded: 1, rowsPublished: 0 });
    assert.ok(first.rowsWritten <= 2, `rows written: ${first.rowsWritten}`);
    assert.equal((await report(organizationId)).totalCount, 0);
    const second = await refresh(1);
    checkRun(second, { conversationsFolded: 1, rowsPublished: 1 });
    assert.equal((await report(organizationId)).totalCount, 1);
    checkIdle(await refresh());
  });

  test('in a conversation that waits for an agent they do not count', async () => {
    const organizationId = await quiet();
    const common = { organizationId, updatedAt: clock.iso() };
    const off = {
      type: 'autopilot',
      changeId: 'a',
      conversationId: 'c1',
      at: clock.iso(),
      enabled: false,
      actorId: 'u',
    };
    await service.post([{ ...common, ...off }, ask(organizationId, 0)]);
    checkRun(await refresh(), { conversationsFolded: 1, rowsPublished: 1 });
    checkIdle(await refresh());
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Merges
// ---------------------------------------------------------------------------------------------------------------

describe('a merge', () => {
  /** Two families of two and 40 conversations that nothing was merged with; a customer waits in each. */
  async function families() {
    const organizationId = newOrganizationId();
    const ids = ['a', 'b', 'x', 'y', ...Array.from({ length: 40 }, (_, index) => `other-${index}`)];
    await service.post(ids.flatMap((id) => waitingNow(organizationId, id)));
    await service.post([merged(organizationId, 'x', 'y')]);
    await settle();
    return organizationId;
  }

  const merged = (organizationId, conversationId, mergedInto) =>
    conversationOf(organizationId, conversationId, clock.iso(), { mergedInto });
  const idsOf = async (organizationId) =>
    conversationIdsOf(await report(organizationId, { limit: 100 })).filter((id) => !id.startsWith('other'));

  /** Posts the events and refreshes; the run must cost this. It reads each organization's head, and little else. */
  async function checkCost(events, expected, rowsWrittenMax) {
    const [{ count }] = await select('SELECT count(*) AS count FROM organization');
    await service.post(events);
    const run = await refresh();
    checkRun(run, { organizationsPublished: 1, ...expected });
    assert.ok(run.rowsWritten <= rowsWrittenMax, `rows written: ${run.rowsWritten}`);
    assert.ok(run.rowsRead <= count + 250, `rows read: ${run.rowsRead} with ${count} organizations`);
    assert.ok(run.statements <= 30, `statements: ${run.statements}`);
  }

  test('only its family is folded, and only the rows of the family are written', async () => {
    const organizationId = await families();
    assert.deepEqual(await idsOf(organizationId), ['a', 'b', 'y']);
    // The target is folded besides, and keeps its row: the customer waits there since the same instant.
    await checkCost([merged(organizationId, 'a', 'b')], { conversationsFolded: 1, rowsPublished: 0 }, 12);
    assert.deepEqual(await idsOf(organizationId), ['b', 'y']);
    checkIdle(await refresh());
    // A message in the merged conversation is a message in its target.
    const later = messageOf(organizationId, 'a', clock.iso(), { messageId: 'later' });
    await checkCost([later], { conversationsFolded: 1, rowsPublished: 1 }, 14);
    const { rows } = await report(organizationId, { limit: 100 });
    assert.equal(rows.find((row) => row.conversationId === 'b').latestInboundMessageId, 'later');
    checkIdle(await refresh());
    // And it comes back.
    await checkCost(
      [conversationOf(organizationId, 'a', clock.iso())],
      { conversationsFolded: 2, rowsPublished: 2 },
      16,
    );
    assert.deepEqual(await idsOf(organizationId), ['a', 'b', 'y']);
    checkIdle(await refresh());
  });

  test('when the target goes or comes, what was merged into it is folded, and nothing else', async () => {
    const organizationId = await families();
    const removal = {
      type: 'conversation',
      organizationId,
      conversationId: 'y',
      updatedAt: clock.iso(),
      deleted: true,
    };
    await checkCost([removal], { conversationsFolded: 1, rowsPublished: 1 }, 14);
    assert.deepEqual(await idsOf(organizationId), ['a', 'b', 'x']);
    await checkCost(
      [conversationOf(organizationId, 'y', clock.iso())],
      { conversationsFolded: 1, rowsPublished: 1 },
      14,
    );
    assert.deepEqual(await idsOf(organizationId), ['a', 'b', 'y']);
    checkIdle(await refresh());
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Names
// ---------------------------------------------------------------------------------------------------------------

describe('names are joined at publication: rows are published again, nothing is folded', () => {
  /** Alice owns two conversations, Bob is assigned to one, nobody to the fourth; c1 and c4 are of one contact. */
  async function office() {
    await settle();
    const organizationId = newOrganizationId();
    const common = { organizationId, updatedAt: clock.iso() };
    await service.post([
      { ...common, type: 'user', userId: 'alice', fullName: 'Alice' },
      { ...common, type: 'user', userId: 'bob', fullName: 'Bob' },
      { ...common, type: 'contact', contactId: 'jane', name: 'Jane' },
      ...waitingNow(organizationId, 'c1', { ownerId: 'alice', contactId: 'jane' }),
      ...waitingNow(organizationId, 'c2', { ownerId: 'alice' }),
      ...waitingNow(organizationId, 'c3', { assigneeIds: ['bob'] }),
      ...waitingNow(organizationId, 'c4', { contactId: 'jane' }),
    ]);
    await refresh();
    return organizationId;
  }

  const user = (userId, more) => ({ type: 'user', userId, fullName: 'Renamed', ...more });
  const jane = (more) => ({ type: 'contact', contactId: 'jane', name: 'Jane', ...more });
  const assigneesOf = ({ rows }) => rows.map((row) => row.assigneeNames);
  const contactsOf = ({ rows }) => rows.map((row) => [row.conversationId, row.contactName]);

  /** The event, the rows that it publishes, and what is shown then. */
  const table = {
    'an owner renamed': [user('alice'), 2, assigneesOf, [['Renamed'], ['Renamed'], ['Bob'], []]],
    'an assignee renamed': [user('bob'), 1, assigneesOf, [['Alice'], ['Alice'], ['Renamed'], []]],
    'an owner left': [user('alice', { active: false }), 2, assigneesOf, [[], [], ['Bob'], []]],
    'an owner removed': [{ type: 'user', userId: 'alice', deleted: true }, 2, assigneesOf, [[], [], ['Bob'], []]],
    'an assignee that is a bot': [user('bob', { bot: true }), 1, assigneesOf, [['Alice'], ['Alice'], [], []]],
    'a user who is nobody here': [user('carol'), 0, assigneesOf, [['Alice'], ['Alice'], ['Bob'], []]],
    'a contact renamed': [
      jane({ name: 'Janet' }),
      2,
      contactsOf,
      [
        ['c1', 'Janet'],
        ['c2', ''],
        ['c3', ''],
        ['c4', 'Janet'],
      ],
    ],
    'a contact removed': [
      jane({ deleted: true }),
      2,
      contactsOf,
      [
        ['c1', ''],
        ['c2', ''],
        ['c3', ''],
        ['c4', ''],
      ],
    ],
    'a contact blocked': [
      jane({ blocked: true }),
      0,
      contactsOf,
      [
        ['c2', ''],
        ['c3', ''],
      ],
    ],
  };

  for (const [name, [event, rowsPublished, shownOf, shown]] of Object.entries(table)) {
    test(name, async () => {
      const organizationId = await office();
      const before = contactsOf(await report(organizationId)).length;
      await service.post([{ ...event, organizationId, updatedAt: clock.iso() }]);
      const run = await refresh();
      const gone = before - shown.length;
      checkRun(run, {
        conversationsFolded: 0,
        rowsPublished,
        organizationsPublished: rowsPublished + gone > 0 ? 1 : 0,
      });
      assert.ok(run.rowsWritten <= 8 + rowsPublished, `rows written: ${run.rowsWritten}`);
      assert.deepEqual(shownOf(await report(organizationId)), shown);
    });
  }

  test('a contact blocked and unblocked', async () => {
    const organizationId = await office();
    const { rows } = await report(organizationId);
    await service.post([{ ...jane({ blocked: true }), organizationId, updatedAt: clock.iso() }]);
    checkRun(await refresh(), { conversationsFolded: 0, rowsPublished: 0, organizationsPublished: 1 });
    await service.post([{ ...jane(), organizationId, updatedAt: clock.iso() }]);
    checkRun(await refresh(), { conversationsFolded: 0, rowsPublished: 2, organizationsPublished: 1 });
    assert.deepEqual((await report(organizationId)).rows, rows);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Ingests
// ---------------------------------------------------------------------------------------------------------------

describe('an ingest', () => {
  const organizationId = 'o';
  let side;
  before(async () => {
    side = await Side.start('ours', { counting: true });
    const database = side.database();
    await migrate(database);
    // As after the first run: marks are numbered from then on.
    await database.prepare('UPDATE refresh SET epoch = fence').run();
    await post(side, waiting(organizationId, 'c1', { since: clock.iso() }));
    await side.counts();
  });
  after(() => side?.stop());

  /** What the platform counts of these events in one request. */
  async function costOf(events) {
    await post(side, events);
    const { trips, statements, rowsRead, rowsWritten } = await side.counts();
    assert.equal(trips, 1);
    assert.equal(statements, 5);
    return { rowsRead, rowsWritten };
  }

  const reply = (messageId, more) =>
    messageOf(organizationId, 'c1', clock.iso(), { messageId, direction: 'outbound', sender: 'ai', ...more });
  const conversation = (id, more = {}) => conversationOf(organizationId, id, clock.iso(), more);

  /** The events, and the rows that they write: records, their index, and what is pending, once until the next refresh. */
  /** @type {Record<string, [any[], number]>} */
  const table = {
    'a message of a conversation that is pending': [[reply('m1', { status: 'queued' })], 2],
    'its status': [[reply('m1', { status: 'sent' })], 1],
    'the same again': [[reply('m1', { status: 'sent' })], 0],
    'an older status': [[reply('m1', { status: 'queued' })], 0],
    'a conversation and its first message': [[conversation('c2'), messageOf(organizationId, 'c2', clock.iso())], 4],
    'a conversation that changes': [[conversation('c2', { ownerId: 'u' })], 1],
    'a message of an unknown conversation': [[messageOf(organizationId, 'unknown', clock.iso())], 3],
    'the removal of a message': [[{ ...reply('m1'), deleted: true }], 2],
    'a merge, which has an index of its own': [[conversation('c2', { ownerId: 'u', mergedInto: 'c1' })], 2],
    'another version of what was merged': [
      [conversation('c2', { ownerId: 'u', mergedInto: 'c1', departmentId: 'd' })],
      1,
    ],
    'a contact that no candidate shows': [
      [{ type: 'contact', organizationId, contactId: 'nobody', name: 'Nobody', updatedAt: clock.iso() }],
      1,
    ],
    'a user': [[{ type: 'user', organizationId, userId: 'u', fullName: 'U', updatedAt: clock.iso() }], 2],
    'a hundred messages of one conversation': [Array.from({ length: 100 }, (_, index) => reply(`n${index}`)), 200],
  };
  for (const [name, [events, rowsWritten]] of Object.entries(table)) {
    test(name, async () => {
      const cost = await costOf(events);
      assert.equal(cost.rowsWritten, rowsWritten);
      // Most of these are rows of the parameters, which are JSON: each statement passes by each event a few times.
      assert.ok(cost.rowsRead <= 20 + 20 * events.length, `rows read: ${cost.rowsRead}`);
    });
  }

  test('asks for its warnings by one row a conversation and one a removal', async () => {
    const sql = readFileSync(inRoot('src', 'ingest', 'sql', 'list_warnings.sql'), 'utf8');
    const database = side.database();
    /** As they are stored: `[organization, type, id, conversation, updatedAt, deleted, body, revision, …, number]`. */
    const incoming = (type, number, conversationId, deleted) => [
      organizationId,
      type,
      `${type} ${number}`,
      conversationId,
      0,
      deleted,
      '',
      0,
      '',
      0,
      number,
    ];
    const rowsReadOf = async (records) => {
      const { meta } = await database.prepare(sql).bind(JSON.stringify(records), 20).all();
      return meta.rows_read;
    };
    const many = Array.from({ length: 200 }, (_, number) => number);
    const inOne = many.map((number) => incoming('message', number, 'c1', false));
    const inEach = many.map((number) => incoming('message', number, `c${number}`, false));
    const removals = many.map((number) => incoming('message', number, null, true));
    const others = many.map((number) => incoming('user', number, null, false));
    const parameters = await rowsReadOf(others);
    assert.ok((await rowsReadOf(inOne)) <= parameters + 200 + 5);
    assert.ok((await rowsReadOf(inEach)) <= parameters + 3 * 200);
    assert.ok((await rowsReadOf(removals)) <= parameters + 200);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Retention
// ---------------------------------------------------------------------------------------------------------------

describe('a superseded version', () => {
  const stored = async (organizationId) => {
    const versions = await select(
      'SELECT DISTINCT version FROM snapshot_part WHERE organization_id = ?1',
      organizationId,
    );
    const rows = await select('SELECT row_no FROM snapshot_row WHERE organization_id = ?1', organizationId);
    return { versions: versions.length, rows: rows.length };
  };
  const statusOf = async (organizationId, snapshotId) => {
    const response = await service.fetch(`${REPORT}?snapshot=${snapshotId}`, { token: adminToken(organizationId) });
    await response.arrayBuffer();
    return response.status;
  };

  test('is kept for ten minutes and then removed, with the rows that no other version has', async () => {
    await settle();
    const organizationId = newOrganizationId();
    await service.post(['c1', 'c2', 'c3'].flatMap((id) => waitingNow(organizationId, id)));
    await refresh();
    const { snapshotId, rows } = await report(organizationId);
    assert.deepEqual(await stored(organizationId), { versions: 1, rows: 3 });
    // Its retention begins when it is superseded, however long it was the newest.
    await refresh(3 * RETENTION);
    await service.post([conversationOf(organizationId, 'c2', clock.iso(), { departmentId: 'd1' })]);
    await refresh();
    assert.deepEqual(await stored(organizationId), { versions: 2, rows: 4 });

    checkIdle(await refresh(RETENTION - 1));
    assert.deepEqual(await stored(organizationId), { versions: 2, rows: 4 });
    assert.deepEqual((await report(organizationId, { snapshot: snapshotId })).rows, rows);
    await refresh(1);
    assert.deepEqual(await stored(organizationId), { versions: 1, rows: 3 });
    assert.equal(await statusOf(organizationId, snapshotId), 410);
    assert.equal((await report(organizationId)).totalCount, 3);
    checkIdle(await refresh());
  });

  test('is removed before those that came after it', async () => {
    await settle();
    const organizationId = newOrganizationId();
    const pins = [];
    for (let version = 1; version <= 4; version += 1) {
      await service.post(waitingNow(organizationId, `c${version}`));
      await refresh(3 * MINUTE);
      pins.push((await report(organizationId)).snapshotId);
    }
    assert.deepEqual(await stored(organizationId), { versions: 4, rows: 4 });
    const statuses = async () => {
      const found = [];
      for (const pin of pins) found.push(await statusOf(organizationId, pin));
      return found;
    };
    // Superseded 6, 3 and 0 minutes ago, and never.
    await refresh(4 * MINUTE);
    assert.deepEqual(await statuses(), [410, 200, 200, 200]);
    await refresh(3 * MINUTE);
    assert.deepEqual(await statuses(), [410, 410, 200, 200]);
    await refresh(3 * MINUTE);
    assert.deepEqual(await statuses(), [410, 410, 410, 200]);
    // All rows belong to the newest version, too.
    assert.deepEqual(await stored(organizationId), { versions: 1, rows: 4 });
  });
});
