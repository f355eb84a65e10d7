// Where a name and a number are after a contact was erased, or its organization purged: no table, no key and no
// response has them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { DAY, departmentHeadToken, isoAt, MINUTE, SECOND, superadminToken, waiting } from './fixtures.mjs';
import {
  adminToken,
  CSV,
  EVENTS,
  ingestToken,
  REPORT,
  SCOPES,
  SEARCH,
  SUMMARY,
  settingsOf,
  startService,
} from './harness.mjs';

/** All of it is past, so that tokens are valid. */
const START = Math.floor((Date.now() - 40 * DAY) / MINUTE) * MINUTE;
/** How long a page may stay in KV. */
const PAGE_SECONDS = 15 * 60;
const NAME = 'Wilhelmina Unmistakable';
const NUMBER = '+4930901820771';
const ORGANIZATION = 'the organization';
const OTHER = 'another organization';

let service;
before(async () => {
  // Every page that is read is put into KV.
  service = await startService({ hasClock: true, vars: { PAGE_MEMORY_MEBIBYTES: '0' } });
});
after(() => service.close());

const contactOf = (organizationId, contactId) =>
  `/api/organizations/${encodeURIComponent(organizationId)}/contacts/${encodeURIComponent(contactId)}`;
const organizationOf = (organizationId) => `/api/organizations/${encodeURIComponent(organizationId)}`;

async function erase(target, token) {
  const response = await service.fetch(target, { method: 'DELETE', token });
  return [response.status, (await response.json()).data];
}

/** Every row of every table of every database, as text. */
async function rowsOfDatabase() {
  const rows = [];
  for (const database of service.databases) {
    const { results } = await database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .all();
    for (const { name } of results) {
      const table = await database.prepare(`SELECT * FROM ${name}`).all();
      rows.push(...table.results.map((row) => [name, JSON.stringify(row)]));
    }
  }
  return rows;
}

/** Every key of KV with its value and, in seconds, how long it stays. */
async function entriesOfCache() {
  const { keys } = await service.pages.list();
  const now = Date.now() / SECOND;
  return Promise.all(
    keys.map(async ({ name, expiration }) => ({
      name,
      value: await service.pages.get(name),
      seconds: expiration - now,
    })),
  );
}

/** Everything that a response can say about the organization. */
async function answers(organizationId, snapshots) {
  const token = superadminToken(organizationId);
  const json = (body) => ({
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
  const of = (target, more = '') => `${target}?organizationId=${encodeURIComponent(organizationId)}${more}`;
  const all = '&skipThreshold=true';
  const requests = [
    [of(REPORT, all)],
    [of(SUMMARY, all)],
    [of(CSV, all)],
    [of(SCOPES)],
    [SEARCH, json({ search: NAME, organizationId, skipThreshold: true })],
    [SEARCH, json({ search: NUMBER.slice(-6), organizationId, skipThreshold: true })],
    [settingsOf(organizationId)],
    [`${organizationOf(organizationId)}/connections`],
    ['/health'],
    ...snapshots.flatMap((id) => [REPORT, SUMMARY, CSV].map((target) => [of(target, `${all}&snapshot=${id}`)])),
  ];
  return Promise.all(
    requests.map(async ([target, init]) => {
      const response = await service.fetch(target, { token: target === '/health' ? undefined : token, ...init });
      return { target, status: response.status, text: await response.text() };
    }),
  );
}

const mentions = (text) => text.includes(NAME) || text.includes(NUMBER) || text.includes(NUMBER.slice(1));

/** The tables, keys and answers in which the name or the number are. */
async function found(organizationId, snapshots = []) {
  const rows = (await rowsOfDatabase()).filter(([, row]) => mentions(row)).map(([table]) => table);
  const pages = (await entriesOfCache()).filter(({ value }) => mentions(value)).map(() => 'KV');
  const told = (await answers(organizationId, snapshots)).filter(({ text }) => mentions(text));
  return [...new Set([...rows, ...pages, ...told.map(({ target }) => target.split('?')[0])])].sort();
}

async function refreshAt(at) {
  await service.setClock(at);
  await service.refresh(at);
}

const known = (organizationId, at, revision = 1) => [
  ...waiting(organizationId, 'c1', { since: isoAt(at) }),
  {
    type: 'contact',
    organizationId,
    contactId: 'contact of c1',
    name: NAME,
    phone: NUMBER,
    revision,
    updatedAt: isoAt(at),
  },
  ...waiting(organizationId, 'c2', { since: isoAt(at), contactName: 'Somebody else' }),
];

async function post(events) {
  const response = await service.fetch(EVENTS, {
    method: 'POST',
    token: ingestToken(),
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ events }),
  });
  assert.equal(response.status, 200);
  return (await response.json()).data;
}

test('nothing has the name and the number of an erased contact after the time that is said', async () => {
  const at = START;
  await service.setClock(at);
  await post(known(ORGANIZATION, at - 10 * MINUTE));
  await refreshAt(at);
  const before = await service.report(adminToken(ORGANIZATION), { skipThreshold: true });
  assert.deepEqual(await found(ORGANIZATION), ['KV', CSV, REPORT, SEARCH, 'record', 'snapshot_row'].sort());

  const target = contactOf(ORGANIZATION, 'contact of c1');
  for (const token of [departmentHeadToken(ORGANIZATION, ['d']), adminToken(OTHER)]) {
    assert.equal((await erase(target, token))[0], 403);
  }
  const erased = [200, { contacts: 1, conversations: 1 }];
  assert.deepEqual(await erase(target, adminToken(ORGANIZATION)), erased);
  assert.deepEqual(await erase(target, superadminToken(OTHER)), erased, 'the same again');
  const rows = await rowsOfDatabase();
  assert.ok(!rows.some(([table, row]) => table === 'record' && mentions(row)), 'at once');
  // Late events, and with a greater revision.
  assert.deepEqual(
    (await post(known(ORGANIZATION, at - 5 * MINUTE, 7))).applied,
    4,
    'only the other contact and messages',
  );

  await refreshAt(at + MINUTE);
  const newest = await service.report(adminToken(ORGANIZATION), { skipThreshold: true });
  assert.deepEqual(
    newest.rows.map((row) => row.conversationId),
    ['c2'],
  );
  assert.deepEqual(await found(ORGANIZATION), ['KV', 'snapshot_row']);
  const pinned = await service.report(adminToken(ORGANIZATION), { skipThreshold: true, snapshot: before.snapshotId });
  assert.ok(mentions(JSON.stringify(pinned)), 'for ten minutes, whoever pages through the version before goes on');

  await refreshAt(at + 12 * MINUTE);
  assert.deepEqual((await post(known(ORGANIZATION, at - 5 * MINUTE, 8))).applied, 0);
  await refreshAt(at + 13 * MINUTE);
  for (const { value, seconds } of await entriesOfCache()) {
    if (mentions(value)) assert.ok(seconds <= PAGE_SECONDS, `${seconds}`);
  }
  // That much later.
  for (const { name, value } of await entriesOfCache()) if (mentions(value)) await service.pages.delete(name);
  assert.deepEqual(await found(ORGANIZATION, [before.snapshotId, newest.snapshotId]), []);
  const expired = await answers(ORGANIZATION, [before.snapshotId]);
  assert.deepEqual(
    expired.slice(-3).map(({ status }) => status),
    [410, 410, 410],
  );
  const left = (await rowsOfDatabase()).filter(([, row]) => row.includes('"c1"') || row.includes('m-c1'));
  assert.deepEqual(
    left.map(([table]) => table).sort(),
    ['conversation_sweep', 'erasure', 'record'],
    'that it was erased',
  );
});

test('the isolate that removes an organization does not show it from memory any more', async () => {
  const remembering = await startService({ vars: { HEAD_MAX_AGE_SECONDS: '60' } });
  try {
    await remembering.post(known('leaving', START - 10 * MINUTE));
    await remembering.refresh(START);
    const report = async () => {
      const response = await remembering.fetch(REPORT, { token: adminToken('leaving') });
      await response.text();
      return response.status;
    };
    assert.equal(await report(), 200);
    const removed = await remembering.fetch(organizationOf('leaving'), { method: 'DELETE', token: superadminToken() });
    assert.equal(removed.status, 200, await removed.text());
    assert.equal(await report(), 404);
  } finally {
    await remembering.close();
  }
});

test('nothing of a purged organization is left except that it was removed', async () => {
  const at = START + DAY;
  await service.setClock(at);
  for (const id of ['leaving', 'staying']) {
    await post([
      { type: 'organization', organizationId: id, name: 'A name', updatedAt: isoAt(at - DAY) },
      { type: 'user', organizationId: id, userId: 'u1', fullName: 'Ulrike Unmistakable', updatedAt: isoAt(at - DAY) },
      ...known(id, at - 10 * MINUTE).map((event) =>
        event.type === 'conversation' ? { ...event, assigneeIds: ['u1'], departmentId: 'd' } : event,
      ),
    ]);
    const changed = await service.fetch(settingsOf(id), {
      method: 'PUT',
      token: adminToken(id),
      headers: { 'Content-Type': 'application/json' },
      body: '{"thresholdMinutes":3,"maxAgeDays":20}',
    });
    assert.equal(changed.status, 200);
  }
  await refreshAt(at);
  const before = await service.report(adminToken('leaving'), { skipThreshold: true });
  assert.equal((await erase(organizationOf('leaving'), adminToken('leaving')))[0], 403);
  assert.equal((await erase(organizationOf('nowhere'), superadminToken()))[0], 404);
  assert.deepEqual(await erase(organizationOf('leaving'), superadminToken()), [
    200,
    { organizationId: 'leaving', purgeAt: isoAt(at + 30 * DAY) },
  ]);
  const gone = await answers('leaving', [before.snapshotId]);
  for (const { target, status, text } of gone) {
    const expected = target === '/health' ? 200 : 404;
    assert.equal(status, expected, `${target}: ${text}`);
  }
  assert.deepEqual(await erase(`${organizationOf('leaving')}?purge=true`, superadminToken()), [
    200,
    { organizationId: 'leaving', purgeAt: isoAt(at) },
  ]);
  for (const minutes of [1, 2, 13]) await refreshAt(at + minutes * MINUTE);
  assert.equal((await service.report(adminToken('staying'), { skipThreshold: true })).rows.length, 2);

  const left = (await rowsOfDatabase()).filter(([, row]) => row.includes('"leaving"'));
  assert.deepEqual(left.map(([table]) => table).sort(), ['erasure', 'organization', 'record', 'snapshot_part']);
  const texts = left.map(([, row]) => row).join();
  for (const text of [NAME, NUMBER, 'Unmistakable', 'A name', '"c1"', '"u1"']) assert.ok(!texts.includes(text), text);
  const after = await answers('leaving', [before.snapshotId]);
  assert.ok(!after.some(({ text }) => mentions(text) || text.includes('Unmistakable')));
});
