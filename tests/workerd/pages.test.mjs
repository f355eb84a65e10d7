// The shared cache of pages: what is in it, and that nothing in it can make a response wrong.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import {
  Clock,
  conversationIdsOf,
  departmentHeadToken,
  hoursAgo,
  MINUTE,
  newOrganizationId,
  SECOND,
  superadminToken,
  waiting,
} from './fixtures.mjs';
import { adminToken, REPORT, startService } from './harness.mjs';

/** How long a page may take to appear in the cache: it is written after the response has been sent. */
const PUT_TIMEOUT = 10 * SECOND;
/** The most bytes of a key of KV. */
const KEY_BYTES_MAX = 512;

let service;
before(async () => {
  // Without a memory of its own an isolate puts every page into the shared cache.
  service = await startService({ vars: { PAGE_MEMORY_MEBIBYTES: '0' } });
});
after(() => service.close());

// ---------------------------------------------------------------------------------------------------------------
// Organizations
// ---------------------------------------------------------------------------------------------------------------

const clock = new Clock(hoursAgo(24));
const refresh = () => clock.refresh(service);

/**
 * A customer who has waited for this many minutes.
 *
 * @param {string} organizationId
 * @param {string} conversationId
 * @param {{ minutes?: number, [field: string]: unknown }} [options]
 */
const waitingFor = (organizationId, conversationId, { minutes = 60, ...more } = {}) =>
  waiting(organizationId, conversationId, { since: clock.iso(minutes * MINUTE), ...more });

/** Six conversations, alternately of two departments, owned by u0, u1 and u2 in turn. */
const sample = (organizationId, departments = ['d1', 'd2']) =>
  Array.from({ length: 6 }, (_, index) =>
    waitingFor(organizationId, `c${index}`, {
      minutes: 60 - index,
      departmentId: departments[index % 2],
      ownerId: `u${index % 3}`,
    }),
  ).flat();

async function publish(organizationId = newOrganizationId(), departments) {
  await service.post(sample(organizationId, departments));
  await refresh();
  return organizationId;
}

// ---------------------------------------------------------------------------------------------------------------
// Requests, and the contents of the cache
// ---------------------------------------------------------------------------------------------------------------

/** The response's bytes, and where the page came from: `d1`, `kv` or `empty`. */
async function ask({ token, query = '' }) {
  const response = await service.fetch(`${REPORT}?${query}`, { token });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const [, from] = /(?:^|, )page;desc="(\w+)"/.exec(response.headers.get('server-timing')) ?? [];
  return { text, from, rows: JSON.parse(text).data.rows };
}

/** Asks until the page comes from the cache: it has been written then, and no other write of it is pending. */
async function askCached(question) {
  const deadline = Date.now() + PUT_TIMEOUT;
  for (;;) {
    const answer = await ask(question);
    if (answer.from === 'kv') return answer;
    assert.ok(Date.now() < deadline, `the page never came to the cache, but from ${answer.from}`);
  }
}

async function keys() {
  const names = [];
  let cursor;
  for (;;) {
    const list = await service.pages.list({ cursor });
    names.push(...list.keys.map(({ name }) => name));
    if (list.list_complete) return names;
    cursor = list.cursor;
  }
}

/** The keys that these requests have added. */
async function keysOf(questions) {
  const before = new Set(await keys());
  for (const question of questions) await askCached(question);
  return (await keys()).filter((name) => !before.has(name));
}

async function values() {
  const found = {};
  for (const name of await keys()) found[name] = await service.pages.get(name);
  return found;
}

// ---------------------------------------------------------------------------------------------------------------
// How a page gets into the cache
// ---------------------------------------------------------------------------------------------------------------

describe('a page', () => {
  test('comes from the database first and then from the cache, byte for byte', async () => {
    const question = { token: adminToken(await publish()) };
    const first = await ask(question);
    assert.equal(first.from, 'd1');
    assert.equal((await askCached(question)).text, first.text);
  });

  test('is read from nowhere if it has no rows', async () => {
    const token = adminToken(await publish());
    const before = await keys();
    for (const query of ['page=2', 'departmentId=unknown', 'category=agent_abandoned']) {
      assert.equal((await ask({ token, query })).from, 'empty', query);
    }
    assert.deepEqual(await keys(), before);
  });

  test('has one key for each filter, however it is spelled', async () => {
    const organizationId = await publish();
    const token = adminToken(organizationId);
    const lines = [
      [
        { token },
        { token, query: 'limit=25&page=1' },
        { token, query: 'skipThreshold=false&x=y' },
        // Here all are over the threshold.
        { token, query: 'skipThreshold=true' },
        { token: superadminToken(), query: `organizationId=${organizationId}` },
      ],
      [{ token, query: 'limit=2' }],
      [{ token, query: 'limit=2&page=2' }],
      [{ token, query: 'category=ai_stuck' }],
      [
        { token, query: 'departmentId=d1' },
        { token: departmentHeadToken(organizationId, ['d1']) },
        { token: departmentHeadToken(organizationId, ['d1'], 'u2') },
      ],
      [
        { token: departmentHeadToken(organizationId, ['d1', 'd2']) },
        { token: departmentHeadToken(organizationId, ['d2', 'd1']) },
      ],
    ];
    for (const line of lines)
      assert.equal((await keysOf(line)).length, 1, JSON.stringify(line.map(({ query }) => query)));
  });

  test('survives a minute in which nothing crosses the threshold', async () => {
    const organizationId = await publish();
    const token = adminToken(organizationId);
    const questions = [
      { token },
      { token, query: 'limit=2&page=2' },
      { token, query: 'departmentId=d1' },
      { token: departmentHeadToken(organizationId, ['d2']) },
    ];
    const before = [];
    for (const question of questions) before.push(await askCached(question));
    const stored = await values();
    for (let minute = 0; minute < 3; minute += 1) {
      await refresh();
      for (const [number, question] of questions.entries()) {
        const answer = await askCached(question);
        assert.deepEqual(answer.rows, before[number].rows);
        assert.notEqual(answer.text, before[number].text, 'asOf moves');
      }
    }
    assert.deepEqual(await values(), stored);
  });

  test('is a different one when a row crosses the threshold, and when a row changes', async () => {
    const organizationId = newOrganizationId();
    const token = adminToken(organizationId);
    // At the next refresh the second has waited for four minutes, and at the one after it for five.
    await service.post([...waitingFor(organizationId, 'c1'), ...waitingFor(organizationId, 'c2', { minutes: 3 })]);
    await refresh();
    assert.equal((await askCached({ token })).rows.length, 1);
    await refresh();
    assert.equal((await keysOf([{ token }])).length, 1);
    assert.equal((await ask({ token })).rows.length, 2);
    await refresh();
    assert.deepEqual(await keysOf([{ token }]), []);
    await service.post(waitingFor(organizationId, 'c3', { minutes: 30 }));
    assert.deepEqual(await keysOf([{ token }]), [], 'not before the next refresh');
    await refresh();
    assert.equal((await keysOf([{ token }])).length, 1);
    assert.deepEqual(conversationIdsOf(await ask({ token })), ['c1', 'c3', 'c2']);
  });

  test('of a pinned snapshot is the page that was cached while it was the newest', async () => {
    const organizationId = await publish();
    const token = adminToken(organizationId);
    const { text } = await askCached({ token });
    const { snapshotId } = JSON.parse(text).data;
    await service.post(waitingFor(organizationId, 'c9'));
    await refresh();
    const pinned = { token, query: `snapshot=${snapshotId}` };
    assert.deepEqual(await keysOf([pinned]), []);
    assert.equal((await ask(pinned)).text, text);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Damage
// ---------------------------------------------------------------------------------------------------------------

describe('whatever is in the cache, the response is right', () => {
  const binary = Uint8Array.from({ length: 300 }, (_, index) => (index * 89) % 256);

  /** What replaces the value of every key: `damage(own value, all values)`. */
  const damages = {
    garbage: () => 'garbage',
    'binary garbage': () => binary,
    'an empty string': () => '',
    'a line break': () => '\n',
    'an empty page': () => '[]',
    'much garbage': () => 'x\n'.repeat(100_000),
    'its first half': (own) => own.slice(0, own.length / 2),
    'all but its last byte': (own) => own.slice(0, -1),
    'all but its last line': (own) => own.slice(0, own.trimEnd().lastIndexOf('\n') + 1),
    'all but its first line': (own) => own.slice(own.indexOf('\n') + 1),
    'its first line alone': (own) => own.slice(0, own.indexOf('\n') + 1),
    'one letter changed': (own) => own.replace('sms', 'sns'),
    'one name changed': (own) => own.replace(/"c\d"/, '"c9"'),
    'itself twice': (own) => own + own,
    'a byte more': (own) => `${own} `,
    'the page of another key': (own, all) => all.find((other) => other !== own),
    "the last key's page": (_own, all) => all.at(-1),
    'the content of another page behind its own checksum': (own, all) => {
      const [checksum] = own.split('\n');
      const [, content] = all.find((text) => text !== own).split('\n');
      return `${checksum}\n${content}`;
    },
  };

  const questionsOf = (organizationId) => [
    { token: adminToken(organizationId) },
    { token: adminToken(organizationId), query: 'limit=2' },
    { token: adminToken(organizationId), query: 'limit=2&page=2' },
    { token: departmentHeadToken(organizationId, ['d1']) },
  ];

  /** Pages of two organizations and their keys, which every test damages and leaves as it found them. */
  let questions;
  let names;
  before(async () => {
    const ids = [newOrganizationId(), newOrganizationId()];
    await service.post(ids.flatMap((id) => sample(id)));
    await refresh();
    questions = ids.flatMap(questionsOf);
    names = await keysOf(questions);
    assert.equal(names.length, questions.length);
  });

  /** Fills the cache with the pages, damages all, and asks again. */
  async function checkDamage(damage) {
    const answers = [];
    for (const question of questions) answers.push((await askCached(question)).text);
    const all = [];
    for (const name of names) all.push(await service.pages.get(name));
    for (const [number, name] of names.entries()) await damage(name, all[number], all);
    let refused = 0;
    for (const [number, question] of questions.entries()) {
      const answer = await ask(question);
      assert.equal(answer.text, answers[number]);
      if (answer.from === 'd1') refused += 1;
    }
    return { answers, refused };
  }

  for (const [name, damage] of Object.entries(damages)) {
    test(name, async () => {
      let damaged = 0;
      const { answers, refused } = await checkDamage(async (key, own, all) => {
        const value = damage(own, all);
        if (value !== own) damaged += 1;
        await service.pages.put(key, value);
      });
      assert.ok(damaged > 0);
      assert.ok(refused >= damaged, `${refused} of ${damaged} damaged pages were refused`);
      // The damaged pages are replaced.
      for (const [number, question] of questions.entries())
        assert.equal((await askCached(question)).text, answers[number]);
    });
  }

  test('with every key deleted', async () => {
    const { answers } = await checkDamage((key) => service.pages.delete(key));
    for (const [number, question] of questions.entries())
      assert.equal((await askCached(question)).text, answers[number]);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// What is stored
// ---------------------------------------------------------------------------------------------------------------

describe('what is stored', () => {
  test("has no caller's access in it", async () => {
    const organizationId = await publish();
    const accessOf = async (sub) => {
      const question = { token: departmentHeadToken(organizationId, ['d1'], sub) };
      const accessible = ({ rows }) => rows.filter((row) => row.hasAccess).map((row) => row.conversationId);
      const first = accessible(await ask(question));
      assert.deepEqual(accessible(await askCached(question)), first);
      return first;
    };
    assert.equal(
      (await keysOf([{ token: departmentHeadToken(organizationId, ['d1'], 'a-subject-of-its-own') }])).length,
      1,
    );
    assert.deepEqual(await accessOf('u0'), ['c0']);
    assert.deepEqual(await accessOf('u1'), ['c4']);
    assert.deepEqual(await accessOf('u2'), ['c2']);
    assert.deepEqual(await accessOf('a-subject-of-its-own'), []);
    await askCached({ token: adminToken(organizationId) });
    const stored = Object.entries(await values());
    assert.ok(stored.length > 0);
    for (const [name, value] of stored) {
      for (const word of ['hasAccess', 'a-subject-of-its-own', 'an-admin', 'DEPARTMENT_HEAD']) {
        assert.ok(!`${name}${value}`.includes(word), word);
      }
    }
  });

  test('has nothing in it that changes every minute', async () => {
    const organizationId = await publish();
    await askCached({ token: adminToken(organizationId) });
    const data = await service.report(adminToken(organizationId));
    for (const value of Object.values(await values())) {
      assert.ok(!value.includes(data.snapshotId));
      assert.ok(!value.includes(data.generatedAt));
    }
  });

  test('has keys that reveal no ids and are short enough for any ids', async () => {
    const long = (letter) => letter.repeat(128);
    const organizationId = `${'\u{1F600}'.repeat(100)}${'o'.repeat(28)}`;
    const departments = [long('\u65E5'), long('e')];
    await publish(organizationId, departments);
    const everything = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(64, 'x'));
    const added = await keysOf([
      { token: adminToken(organizationId) },
      { token: departmentHeadToken(organizationId, departments) },
      { token: departmentHeadToken(organizationId, [...departments, ...everything]) },
      { token: adminToken(organizationId), query: new URLSearchParams({ departmentId: departments[0] }).toString() },
    ]);
    assert.equal(added.length, 4);
    const plain = await publish('a-plain-organization', ['a-plain-department', 'another']);
    added.push(...(await keysOf([{ token: departmentHeadToken(plain, ['a-plain-department']) }])));
    const words = ['plain', 'organization', 'department', 'oooooooo', 'eeeeeeee', 'xxxxxxxx'];
    for (const key of added) {
      assert.ok(Buffer.byteLength(key) <= KEY_BYTES_MAX, key);
      assert.match(key, /^[\w/-]+$/);
      for (const word of words) assert.ok(!key.includes(word), `${word} in ${key}`);
    }
  });

  test('never shares a key between organizations, however similar they are', async () => {
    const ids = ['twin', 'twin2', 'twi', 'twin,1', 'twin"'];
    const events = ids.map((id) => sample(id));
    await service.post(events.flat());
    await refresh();
    const before = await keys();
    const rows = [];
    for (const id of ids) {
      for (const query of ['', 'limit=2', 'departmentId=d1'])
        rows.push((await askCached({ token: adminToken(id), query })).rows);
    }
    assert.equal((await keys()).length, before.length + ids.length * 3);
    for (let number = 3; number < rows.length; number += 1)
      assert.deepEqual(rows[number], rows[number % 3], 'they are equal');
  });

  test('expires', async () => {
    const added = await keysOf([{ token: adminToken(await publish()) }]);
    const listed = (await service.pages.list()).keys.filter(({ name }) => added.includes(name));
    assert.equal(listed.length, 1);
    for (const { name, expiration } of listed) assert.ok(expiration > Date.now() / 1000, name);
  });
});
