// Buckets move from one database to another while events, settings and erasures come in, the move is interrupted
// anywhere, and isolates learn late of each of its steps. Nobody's report shows anything of it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { seededRandom } from '../../scripts/demo/random.mjs';
import { assign, bucketOf, formatShards, parseShards } from '../../scripts/shards/buckets.mjs';
import { move, removeFrom } from '../../scripts/shards/move.mjs';
import { organizationIdsOf, readHistories } from '../oracle/histories.mjs';
import { MINUTE, superadminToken } from './fixtures.mjs';
import { adminToken, EVENTS, ingestToken, REPORT, SCOPES, settingsOf, startService } from './harness.mjs';

/** The steps of a move of all buckets, as isolates know them: each is a worker of its own over the same databases. */
const STEPS = {
  before: '0-1023:DB',
  copying: '0-1023:DB>DB_1',
  switched: '0-1023:DB_1>DB',
  moved: '0-1023:DB_1',
};
/** A worker that has all of it in a third database, and hears of no move. */
const CONTROL = '0-1023:DB_2';

const random = seededRandom('move');
let service;
before(async () => {
  const siblings = Object.fromEntries(
    Object.entries({ ...STEPS, control: CONTROL }).map(([name, SHARDS]) => [name, { vars: { SHARDS } }]),
  );
  service = await startService({ databases: 3, shards: CONTROL, siblings });
});
after(() => service?.close());

/** Asks a worker; the response must have this status. */
async function ask(worker, target, init, status = 200) {
  const response = await service.sibling(worker).fetch(target, init);
  const body = await response.json();
  assert.equal(response.status, status, `${worker}, ${target}: ${JSON.stringify(body)}`);
  return body.data;
}

const ingest = (events) => ({
  method: 'POST',
  token: ingestToken(),
  headers: { 'Content-Type': 'application/x-ndjson' },
  body: events.map((event) => JSON.stringify(event)).join('\n'),
});

/** A database whose statements fail after so many calls; what each of them did stands. */
function failingAfter(database, budget) {
  const spend = () => {
    budget.calls -= 1;
    if (budget.calls < 0) throw new Error('interrupted');
  };
  const wrap = (statement) => ({
    statement,
    bind: (...parameters) => wrap(statement.bind(...parameters)),
    ...Object.fromEntries(
      ['all', 'first', 'run'].map((name) => [
        name,
        (...args) => {
          spend();
          return statement[name](...args);
        },
      ]),
    ),
  });
  return {
    prepare: (sql) => wrap(database.prepare(sql)),
    batch: (statements) => {
      spend();
      return database.batch(statements.map(({ statement }) => statement));
    },
  };
}

describe('a move', () => {
  const histories = readHistories('concurrent-refreshes', { name: 'move' }).slice(0, 3);
  /** Of several histories in turn. */
  const toCome = histories.flatMap(({ events }) => events);
  const organizations = organizationIdsOf(toCome);
  const now = Math.max(...histories.map((history) => history.now));
  let step = 'before';
  let known = ['before'];
  let minutes = 0;

  /** What happens meanwhile, in an isolate that knows this step or the one before; and the same in the worker that does not move. */
  async function happen() {
    const worker = random.pick(known);
    const both = async (target, init) => {
      const response = await service.sibling('control').fetch(target, init);
      await ask(worker, target, init, response.status);
    };
    const events = toCome.splice(0, random.between(1, 12));
    if (events.length > 0) await both(EVENTS, ingest(events));
    const organizationId = random.pick(organizations);
    if (random.chance(0.2)) {
      await both(settingsOf(organizationId), {
        method: 'PUT',
        token: superadminToken(),
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          thresholdMinutes: random.between(1, 9),
          ...(random.chance(0.5) && { maxAgeDays: random.between(300, 3_000) }),
        }),
      });
    }
    const contact = events.find(({ type, contactId }) => type === 'contact' && contactId);
    if (contact && random.chance(0.2)) {
      const [organization, id] = [contact.organizationId, contact.contactId].map(encodeURIComponent);
      await both(`/api/organizations/${organization}/contacts/${id}`, { method: 'DELETE', token: superadminToken() });
    }
  }

  let last = Promise.resolve();
  /** One after the other, so that both workers have everything in the same order. */
  const live = () => {
    last = last.then(happen);
    return last;
  };

  async function refresh() {
    minutes += 1;
    const at = now + minutes * MINUTE;
    await Promise.all(['copying', 'control'].map((worker) => service.sibling(worker).refresh(at)));
  }

  const [DB, DB_1] = [0, 1];
  const platformWith = (budget) => ({
    databases: {
      DB: failingAfter(service.databases[DB], budget),
      DB_1: failingAfter(service.databases[DB_1], budget),
    },
    shards: {
      read: () => STEPS[step],
      deploy: async (text) => {
        const next = Object.keys(STEPS).find((name) => STEPS[name] === text);
        assert.ok(next, text);
        known = [step, next];
        step = next;
      },
    },
    pause: async (reason) => {
      for (let turns = 0; turns < 4; turns += 1) await live();
      await refresh();
      if (reason === 'isolates') known = [step];
      await live();
    },
    say: () => {},
    now: () => now,
  });

  test('leaves nothing behind, whenever it is interrupted', async () => {
    for (let turns = 0; turns < 12; turns += 1) await live();
    await refresh();
    let interruptions = 0;
    for (let calls = 1; ; calls += random.between(30, 90)) {
      let isOver = false;
      // Events come while the databases are copied, too.
      const traffic = (async () => {
        while (!isOver) {
          await live();
          await nextTurn();
        }
      })();
      try {
        await move(platformWith({ calls }), { first: 0, last: 1023, to: 'DB_1' });
        isOver = true;
        await traffic;
        break;
      } catch (error) {
        assert.match(error.message, /interrupted/);
        interruptions += 1;
        isOver = true;
        await traffic;
      }
    }
    assert.ok(interruptions > 2, `${interruptions}`);
    assert.equal(step, 'moved');
    while (toCome.length > 0) await live();
    await removeFrom(platformWith({ calls: Number.POSITIVE_INFINITY }), { first: 0, last: 1023, from: 'DB' });
    await refresh();
    await refresh();
  });

  test('ends with the reports of a worker that has not moved', async () => {
    for (const organizationId of organizations) {
      const token = adminToken(organizationId);
      for (const query of [
        'skipThreshold=true&limit=100',
        'limit=100',
        'skipThreshold=true&limit=100&category=unassigned',
      ]) {
        const [moved, control] = await Promise.all(
          ['moved', 'control'].map((worker) => ask(worker, `${REPORT}?${query}`, { token })),
        );
        for (const member of ['rows', 'counts', 'thresholdMinutes', 'snapshotMissing', 'generatedAt'])
          assert.deepEqual(moved[member], control[member], `${organizationId}, ${query}: ${member}`);
      }
    }
    const [moved, control] = await Promise.all(
      ['moved', 'control'].map((worker) => ask(worker, SCOPES, { token: superadminToken() })),
    );
    assert.deepEqual(moved, control);
    // The worker that has not moved may have forgotten more.
    const [records, others] = await Promise.all(
      [1, 2].map(async (database) => {
        const sql = 'SELECT organization_id, type, record_id, conversation_id, deleted, body FROM record';
        const { results } = await service.databases[database].prepare(sql).all();
        return new Set(results.map((row) => JSON.stringify(row)));
      }),
    );
    assert.ok(others.size > 150);
    assert.deepEqual(
      [...others].filter((record) => !records.has(record)),
      [],
    );
  });

  test('leaves the old database empty, except for numbers that must not come again', async () => {
    const [old] = service.databases;
    for (const table of [
      'record',
      'conversation_state',
      'snapshot_row',
      'settings',
      'erasure',
      'conversation_sweep',
      'trend',
    ]) {
      const { rows } = await old.prepare(`SELECT count(*) AS rows FROM ${table}`).first();
      assert.equal(rows, 0, table);
    }
    const { results } = await old.prepare('SELECT version FROM organization').all();
    assert.ok(results.length > 0 && results.every(({ version }) => version > 0));
  });

  test('can be taken back', async () => {
    // The other way round: the names of the databases are exchanged.
    const STEPS_BACK = {
      moved: '0-1023:DB_1',
      back: '0-1023:DB_1>DB',
      switched: '0-1023:DB>DB_1',
      before: '0-1023:DB',
    };
    let text = STEPS_BACK.moved;
    await move(
      {
        ...platformWith({ calls: Number.POSITIVE_INFINITY }),
        shards: {
          read: () => text,
          deploy: async (next) => {
            assert.ok(Object.values(STEPS_BACK).includes(next), next);
            text = next;
          },
        },
        pause: () => refresh(),
      },
      { first: 0, last: 1023, to: 'DB' },
    );
    assert.equal(text, STEPS_BACK.before);
    await refresh();
    for (const organizationId of organizations) {
      const [back, control] = await Promise.all(
        ['before', 'control'].map((worker) =>
          ask(worker, `${REPORT}?skipThreshold=true&limit=100`, { token: adminToken(organizationId) }),
        ),
      );
      assert.deepEqual(back.rows, control.rows);
    }
  });
});

test('SHARDS is changed for the buckets that are named, and for no others', () => {
  const ranges = parseShards('0-511:DB,512-1023:DB_1');
  /** @type {(first: number, last: number, database: string, second?: string) => string} */
  const moved = (first, last, database, second) => formatShards(assign(ranges, { first, last, database, second }));
  assert.equal(moved(512, 600, 'DB_1', 'DB_2'), '0-511:DB,512-600:DB_1>DB_2,601-1023:DB_1');
  assert.equal(moved(512, 600, 'DB'), '0-600:DB,601-1023:DB_1');
  assert.equal(moved(0, 1023, 'DB'), '0-1023:DB');
  assert.equal(moved(7, 7, 'DB_1'), '0-6:DB,7:DB_1,8-511:DB,512-1023:DB_1');
  for (const wrong of ['0-511:DB', '0-1024:DB', '0-1023:', '0-1023:DB>DB', '1-1023:DB', '0-1023:DB,5:DB'])
    assert.throws(() => parseShards(wrong), wrong);
  // As the worker counts them: src/storage/shards.rs.
  assert.deepEqual(['o', 'o1', 'acme', '6718', '🙂', 'o\u0308'].map(bucketOf), [407, 141, 520, 748, 833, 208]);
});

test('nothing is moved or removed that is in several databases, or in use', async () => {
  const platform = {
    databases: { DB: {}, DB_1: {}, DB_2: {} },
    shards: { read: () => '0-511:DB,512-700:DB_1>DB_2,701-1023:DB_1', deploy: () => assert.fail() },
    pause: async () => {},
    say: () => {},
    now: () => 0,
  };
  await assert.rejects(move(platform, { first: 500, last: 520, to: 'DB_2' }), /several databases/);
  await assert.rejects(move(platform, { first: 512, last: 700, to: 'DB' }), /being moved to DB_2/);
  await assert.rejects(move(platform, { first: 0, last: 5, to: 'DB_9' }), /no database DB_9/);
  await move(platform, { first: 0, last: 5, to: 'DB' });
  for (const from of ['DB_1', 'DB_2'])
    await assert.rejects(removeFrom(platform, { first: 600, last: 800, from }), /nothing was removed/);
});
