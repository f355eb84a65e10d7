// What a page costs, by the platform's own count: round trips to D1 and rows read, among 10,000 candidates. And that it
// is the page of an isolate that reads the head first and then the rows.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { AS_OF, CHANNELS, claimsOf, DEPARTMENTS, LARGE, movedConversation, signToken } from '../../bench/data.mjs';
import { ensureSeed, post } from '../../bench/seed.mjs';
import { copyState, startIsolates, WORK } from '../../bench/sides.mjs';
import { MINUTE, SECOND } from './fixtures.mjs';
import { REPORT } from './harness.mjs';

const tokenOf = (role) => `Bearer ${signToken(claimsOf(role, LARGE.organizationId))}`;

/** The query, the caller's role, and how many rows an isolate reads that has just started: head, index and page. */
/** @type {[query: string, role: string, rowsRead: number][]} */
const FIRST_PAGES = [
  ['', 'ADMIN', 40],
  ['?limit=100', 'ADMIN', 115],
  ['?page=2', 'ADMIN', 40],
  ['?skipThreshold=true', 'ADMIN', 40],
  ['', 'DEPARTMENT_HEAD', 41],
  [`?departmentId=${DEPARTMENTS[3]}`, 'ADMIN', 41],
  ['?category=ai_stuck', 'ADMIN', 40],
  [`?channelType=${CHANNELS[1]}`, 'ADMIN', 41],
  ['?reason=no_reply_since_takeover&limit=50', 'ADMIN', 66],
];

let running;
before(async () => {
  const isolates = {
    writer: { side: 'ours' },
    warm: { side: 'ours' },
    // It keeps no page, so it asks for no row before it knows which.
    twoTrips: { side: 'ours', bindings: { PAGE_MEMORY_MEBIBYTES: '0', HEAD_MAX_AGE_SECONDS: '0' } },
    severalThresholds: { side: 'ours' },
    agedOut: { side: 'ours' },
  };
  for (const number of FIRST_PAGES.keys()) isolates[`cold${number}`] = { side: 'ours' };
  const state = copyState(await ensureSeed(), path.join(WORK, 'state-trips'));
  running = await startIsolates({ state, isolates });
});
after(() => running?.writer.stop());

/** Asks an isolate so long after the first refresh; the text of the response, and what it cost. */
async function ask(name, query, { role = 'ADMIN', after = 0 } = {}) {
  const isolate = running[name];
  await isolate.counts();
  const headers = { Authorization: tokenOf(role), 'X-Instant': `${AS_OF + after}` };
  const response = await isolate.fetch(`${REPORT}${query}`, { headers });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { trips, rowsRead, kvReads } = await isolate.counts();
  return { text, cost: { trips, rowsRead, kvReads } };
}

/** Asks for a page, which must cost this and be the page that two trips bring. */
async function check(name, query, { trips, rowsRead }, options = {}) {
  const asked = await ask(name, query, options);
  const expected = await ask('twoTrips', query, options);
  assert.ok(expected.cost.trips + expected.cost.kvReads > 1, JSON.stringify(expected.cost));
  assert.ok(asked.text === expected.text, 'the answers differ');
  assert.deepEqual(asked.cost, { trips, rowsRead, kvReads: 0 });
  assert.notDeepEqual(JSON.parse(asked.text).data.rows, []);
}

describe('the first page of an isolate', () => {
  for (const [number, [query, role, rowsRead]] of FIRST_PAGES.entries()) {
    test(`${role} ${query}`, () => check(`cold${number}`, query, { trips: 1, rowsRead }, { role }));
  }
});

/** What happens to an isolate that knows a version: a refresh, or a request with what it costs, so long after the first refresh. */
/** @type {{ name: string, after: number, query?: string, rowsRead?: number, trips?: number, moves?: boolean }[]} */
const STEPS = [
  { name: 'its first page', after: 0, query: '', rowsRead: 40 },
  { name: 'the next page, when the head has expired', after: 6, query: '?page=2', rowsRead: 30 },
  { name: 'a page far behind', after: 12, query: '?page=300', rowsRead: 30 },
  { name: 'another filter', after: 18, query: `?category=ai_stuck&departmentId=${DEPARTMENTS[0]}`, rowsRead: 30 },
  { name: 'a page that it has', after: 24, query: '', rowsRead: 5 },
  { name: 'the same, while the head is fresh', after: 25, query: '', trips: 0, rowsRead: 0 },
  // By then the AI has had its 30 seconds with every conversation.
  { name: 'a refresh', after: 60 },
  { name: 'the first page of a new version', after: 70, query: '', rowsRead: 42 },
  { name: 'a refresh in which nothing has changed', after: 120 },
  { name: 'the first page, the next minute', after: 130, query: '', rowsRead: 10 },
  { name: 'another page, when a publication is due', after: 190, query: '?page=5', rowsRead: 36 },
  { name: 'a refresh in which one candidate has changed', after: 240, moves: true },
  { name: 'another page of a new version', after: 250, query: '?page=2&limit=30', rowsRead: 49 },
  { name: 'the first page of this version', after: 260, query: '', rowsRead: 8 },
];

describe('an isolate that knows a version', () => {
  for (const [turn, { name, after, query, rowsRead = 0, trips = 1, moves }] of STEPS.entries()) {
    test(name, async () => {
      const at = after * SECOND;
      if (query !== undefined) return check('warm', query, { trips, rowsRead }, { after: at });
      if (moves) await post(running.writer, [movedConversation(LARGE, 9_998, { updatedAt: AS_OF + at, turn })]);
      await running.writer.refresh(AS_OF + at);
    });
  }
});

test('where several thresholds apply, up to twenty rows more are read', async () => {
  const settings = 'INSERT INTO settings (organization_id, number, channel_threshold_minutes) VALUES (?1, 1, ?2)';
  const database = running.writer.database();
  await database.prepare(settings).bind(LARGE.organizationId, '{"sms":1430}').run();
  await check('severalThresholds', '', { trips: 1, rowsRead: 67 }, { after: 6 * MINUTE });
});

test('rows beyond the age limit, which are the first of the list, are not read', async () => {
  const database = running.writer.database();
  const settings = 'INSERT INTO settings (organization_id, number, max_age_days) VALUES (?1, 2, 1)';
  await database.prepare(settings).bind(LARGE.organizationId).run();
  const later = 12 * 60 * MINUTE;
  await running.writer.refresh(AS_OF + later);
  await check('agedOut', '', { trips: 1, rowsRead: 44 }, { after: later + 10 * SECOND });
});
