// What happens at once: ingests of the same records, ingests during refreshes, refreshes during refreshes, and readers
// during all of it. In whatever order things happen, every response is one complete version, asOf never goes back, and
// the refresh after the last event shows what the oracle makes of all events.
//
// One service runs all tests. Each round has organizations of its own and is about later instants than the one before.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { IS_LONG_RUN } from '../long-run.mjs';
import { organizationIdsOf, readHistories } from '../oracle/histories.mjs';
import { CATEGORIES, compareUtf8, formatInstant, Oracle, oracleOf } from '../oracle/oracle.mjs';
import { HOUR, MINUTE, OWN_ID_FIELDS, SECOND } from './fixtures.mjs';
import { adminToken, REPORT, startService } from './harness.mjs';

let service;
before(async () => {
  service = await startService();
});
after(() => service?.close());

// ---------------------------------------------------------------------------------------------------------------
// Reading
// ---------------------------------------------------------------------------------------------------------------

const withoutAccess = ({ hasAccess, ...row }) => row;

/** One page; `null` means that the organization does not exist (yet, or any more). */
async function readPage(organizationId, parameters) {
  const target = `${REPORT}?${new URLSearchParams({ skipThreshold: true, ...parameters })}`;
  const response = await service.fetch(target, { token: adminToken(organizationId) });
  const answer = await response.json();
  if (response.status === 404) return null;
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer.data;
}

/** A report that names no category has these. */
const CONTRACT_CATEGORIES = ['ai_stuck', 'agent_abandoned'];
const NAMED_CATEGORIES = CATEGORIES.filter((category) => !CONTRACT_CATEGORIES.includes(category));
/** Of a snapshot all rows of the contract, in their order, come before those of each other category. */
const listOf = ({ category }) => 1 + NAMED_CATEGORIES.indexOf(category);
const inOrderOfLists = (rows) => rows.toSorted((left, right) => listOf(left) - listOf(right));

/**
 * All rows of the newest snapshot, or of the given one, of every category: its pages are of one and the same version.
 * `null` means that there is no snapshot.
 *
 * @param {string} organizationId
 * @param {{ limit?: number, snapshot?: string }} [options]
 * @returns {Promise<any>}
 */
async function readSnapshot(organizationId, { limit = 100, ...pin } = {}) {
  const first = await readPage(organizationId, { limit, page: 1, ...pin });
  if (first === null || first.snapshotMissing) return null;
  const { snapshotId, generatedAt, counts } = first;
  const rows = [];
  for (const category of [undefined, ...NAMED_CATEGORIES]) {
    if (category !== undefined && counts[category] === 0) continue;
    const list = { limit, snapshot: snapshotId, ...(category !== undefined && { category }) };
    const ofCategory = category === undefined ? first : await readPage(organizationId, { ...list, page: 1 });
    const others = await Promise.all(
      Array.from({ length: Math.max(0, (ofCategory?.pagination.totalPages ?? 0) - 1) }, (_, index) =>
        readPage(organizationId, { ...list, page: index + 2 }),
      ),
    );
    const pages = [ofCategory, ...others];
    // Removed meanwhile, pinned or not.
    if (pages.includes(null)) return null;
    const categories = category === undefined ? CONTRACT_CATEGORIES : [category];
    const totalCount = categories.reduce((sum, name) => sum + counts[name], 0);
    for (const page of pages) {
      assert.equal(page.snapshotId, snapshotId);
      assert.equal(page.generatedAt, generatedAt);
      assert.deepEqual([page.totalCount, page.counts], [totalCount, counts]);
    }
    const rowsOfCategory = pages.flatMap((page) => page.rows.map(withoutAccess));
    assert.equal(rowsOfCategory.length, totalCount);
    rows.push(...rowsOfCategory);
  }
  assert.equal(new Set(rows.map((row) => row.conversationId)).size, rows.length, 'no conversation twice');
  return { snapshotId, generatedAt, rows };
}

/** After the last refresh the report is the oracle's; it exists only if the organization does. */
async function checkSettled(oracle, organizationId, asOf) {
  const snapshot = await readSnapshot(organizationId);
  if (!oracle.exists(organizationId)) {
    assert.equal(snapshot, null);
    return;
  }
  assert.equal(snapshot.generatedAt, formatInstant(asOf));
  assert.deepEqual(snapshot.rows, rowsOf(oracle, organizationId, asOf));
}

// ---------------------------------------------------------------------------------------------------------------
// Events and what the oracle makes of them
// ---------------------------------------------------------------------------------------------------------------

const rowsOf = (oracle, organizationId, asOf) =>
  inOrderOfLists(oracle.candidates(organizationId, asOf).map((candidate) => candidate.row));

/** No event is lost: one version is stored of every record that came. */
async function checkStored(events) {
  for (const organizationId of organizationIdsOf(events)) {
    const own = events.filter((event) => event.organizationId === organizationId);
    const records = new Set(own.map((event) => JSON.stringify([event.type, event[OWN_ID_FIELDS[event.type]]])));
    const { stored } = await service
      .databaseOf(organizationId)
      .prepare('SELECT count(*) AS stored FROM record WHERE organization_id = ?')
      .bind(organizationId)
      .first();
    assert.equal(stored, records.size);
  }
}

function batchesOf(events, size) {
  const count = Math.ceil(events.length / size);
  return Array.from({ length: count }, (_, index) => events.slice(index * size, (index + 1) * size));
}

/** Posts one request after the other. */
async function postInTurn(batches) {
  for (const batch of batches) await service.post(batch);
}

/** Starts all of these concurrently, in this order. */
const atOnce = (...starts) => Promise.all(starts.map((start) => start()));

/**
 * Starts all works concurrently, and repeats each of the loops until they are done or anything fails. Returns the
 * results of each loop.
 */
async function whileDoing(works, loops) {
  let isOver = false;
  const stop = () => {
    isOver = true;
  };
  const repeat = async (loop) => {
    const results = [];
    while (!isOver) results.push(await loop());
    return results;
  };
  const working = atOnce(...works).finally(stop);
  const [, ...results] = await Promise.all([working, ...loops.map((loop) => repeat(loop).finally(stop))]);
  return results;
}

function assertNeverDecreases(instants) {
  for (const [index, instant] of instants.entries()) {
    assert.ok(index === 0 || instants[index - 1] <= instant, `${instants}`);
  }
}

/** Runs a round for each history of the set, or for the first ones, one after the other, each as a test of its own. */
async function rounds(t, set, count, round) {
  const histories = readHistories(set, { name: set }).slice(0, IS_LONG_RUN ? undefined : count);
  assert.ok(histories.length >= count);
  for (const [number, history] of histories.entries()) {
    await t.test(`round ${number + 1}`, () => round(history, number, seededRandom(`${set} ${number}`)));
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Two ingests of one conversation
// ---------------------------------------------------------------------------------------------------------------

/** How one history is given to two senders. */
const DIVISIONS = [
  (events) => [events.filter((_, index) => index % 2 === 0), events.filter((_, index) => index % 2 === 1)],
  (events) => [events, [...events].reverse()],
  (events, random) => [random.shuffle(events), random.shuffle(events)],
  (events) => [events.slice(0, events.length / 2), events.slice(events.length / 2)],
];

test('two concurrent ingests of one conversation', async (t) => {
  // With fewer not every division would come in requests of every size.
  await rounds(t, 'concurrent-ingests', 12, async ({ now, events }, round, random) => {
    const [left, right] = DIVISIONS[round % DIVISIONS.length](events, random);
    // Everything in one request, or in requests that alternate.
    const size = [1_000, 10, 3][round % 3];
    const senders = [left, right].map((own) => () => postInTurn(batchesOf(own, size)));
    await atOnce(...(round % 2 === 0 ? senders : senders.toReversed()));
    await checkStored(events);
    await service.refresh(now);
    const oracle = oracleOf(events);
    for (const organizationId of organizationIdsOf(events)) await checkSettled(oracle, organizationId, now);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// An ingest during a refresh
// ---------------------------------------------------------------------------------------------------------------

/** Names are joined when a version is published, not when a timeline is folded, so they are no part of this. */
const isOfConversation = (event) => ['conversation', 'message', 'autopilot', 'resolution'].includes(event.type);

/** The events before the refresh are the first half and every name; the others are ingested during it. */
function beforeAndDuring(events) {
  const middle = events.length / 2;
  const late = events.slice(middle).filter(isOfConversation);
  return [events.filter((event) => !late.includes(event)), late];
}

/** How many requests the ingest starts after the refresh, and the refresh after the ingest. */
const HEAD_STARTS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [2, 0],
  [0, 2],
  [3, 0],
];

test('an ingest during a refresh: the snapshot has all of it or none of it', async (t) => {
  const seen = { before: 0, after: 0 };
  await rounds(t, 'ingest-during-refresh', HEAD_STARTS.length, async ({ now, events: history }, round) => {
    const events = history.filter((event) => event.type !== 'organization');
    const [organizationId] = organizationIdsOf(events);
    const [early, late] = beforeAndDuring(events);
    const [oracleBefore, oracleAfter] = [oracleOf(early), oracleOf(events)];
    const [published, during, last] = [now - MINUTE, now, now + MINUTE];
    await service.post(early);
    await service.refresh(published);
    await checkSettled(oracleBefore, organizationId, published);

    const read = () => readSnapshot(organizationId, { limit: 3 });
    /** Starts one of the two a few requests later than the other. */
    const headStart = (requests, work) => async () => {
      for (let request = 0; request < requests; request += 1) await readPage(organizationId, { limit: 1 });
      await work();
    };
    const [ingestWaits, refreshWaits] = HEAD_STARTS[round % HEAD_STARTS.length];
    const refresh = headStart(refreshWaits, () => service.refresh(during));
    const ingest = headStart(ingestWaits, () => service.post(late));
    const [answers] = await whileDoing([ingest, refresh], [read]);
    answers.push(await read());
    for (const { generatedAt, rows } of answers) {
      const asOf = Date.parse(generatedAt);
      assert.ok(asOf === published || asOf === during, generatedAt);
      const versions = [oracleBefore, oracleAfter].map((oracle) => rowsOf(oracle, organizationId, asOf));
      const found = versions.map((expected) => JSON.stringify(expected)).indexOf(JSON.stringify(rows));
      if (found < 0) assert.deepEqual(rows, versions[0], 'neither the version before nor the one after');
      seen[found === 0 ? 'before' : 'after'] += 1;
    }
    assert.equal(answers.at(-1).generatedAt, formatInstant(during));

    await checkStored(events);
    await service.refresh(last);
    await checkSettled(oracleAfter, organizationId, last);
  });
  t.diagnostic(`${seen.before} answers without what was being ingested, ${seen.after} with it`);
});

// ---------------------------------------------------------------------------------------------------------------
// Refreshes at once
// ---------------------------------------------------------------------------------------------------------------

test('concurrent refreshes: the latest instant wins, and asOf never decreases', async (t) => {
  await rounds(t, 'concurrent-refreshes', 6, async ({ now, events }, round) => {
    const organizationIds = organizationIdsOf(events);
    const oracle = oracleOf(events);
    await service.post(events);

    // Far enough apart that sends get stuck and snoozes end between them.
    const instants = [
      [now, now + 3 * MINUTE],
      [now + HOUR, now - 1],
      [now + 1, now, now + 2 * MINUTE + 1],
    ][round % 3];
    const latest = Math.max(...instants);
    const polled = await whileDoing(
      instants.map((instant) => () => service.refresh(instant)),
      organizationIds.map((organizationId) => () => readSnapshot(organizationId, { limit: 4 })),
    );

    polled.forEach((polledAnswers, index) => {
      const answers = polledAnswers.filter((answer) => answer !== null);
      assertNeverDecreases(answers.map((answer) => answer.generatedAt));
      for (const { generatedAt, rows } of answers) {
        assert.ok(instants.includes(Date.parse(generatedAt)), generatedAt);
        assert.deepEqual(rows, rowsOf(oracle, organizationIds[index], Date.parse(generatedAt)));
      }
    });
    for (const organizationId of organizationIds) await checkSettled(oracle, organizationId, latest);
    assert.equal(new Date((await service.lastRun()).asOf).getTime(), latest);

    // A refresh for an earlier instant publishes as of the latest one.
    await service.refresh(now - 10 * MINUTE);
    for (const organizationId of organizationIds) await checkSettled(oracle, organizationId, latest);
    const afterwards = latest + 1;
    await service.refresh(afterwards);
    for (const organizationId of organizationIds) await checkSettled(oracle, organizationId, afterwards);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// All of it at once
// ---------------------------------------------------------------------------------------------------------------

/** "Order: stalledSince ascending, then conversationId by UTF-8 bytes." */
function assertOrdered(rows) {
  assert.deepEqual(rows, inOrderOfLists(rows));
  for (const [index, next] of rows.slice(1).entries()) {
    const before = rows[index];
    if (listOf(before) !== listOf(next)) continue;
    const byTime = Date.parse(before.stalledSince) - Date.parse(next.stalledSince);
    assert.ok(byTime < 0 || (byTime === 0 && compareUtf8(before.conversationId, next.conversationId) < 0));
  }
}

test('several senders, overlapping refreshes and readers', async (t) => {
  await rounds(t, 'everything-at-once', 4, async ({ now, events }, _round, random) => {
    const organizationIds = organizationIdsOf(events);
    const batches = batchesOf(events, 8);
    const parts = [0, 1, 2].map((sender) => batches.filter((_, index) => index % 3 === sender));
    const senders = parts.map((own) => () => postInTurn(own));

    let asOf = now - 5 * MINUTE;
    /** Each run is for an instant a little earlier or later than that of the other. */
    const refreshNearby = () => {
      asOf += SECOND;
      return service.refresh(asOf + random.between(-2 * SECOND, 2 * SECOND));
    };
    const readers = organizationIds.map((organizationId) => () => readSnapshot(organizationId, { limit: 3 }));
    const [, , ...read] = await whileDoing(senders, [refreshNearby, refreshNearby, ...readers]);

    const snapshots = new Map();
    for (const answers of read.map((all) => all.filter((answer) => answer !== null))) {
      assertNeverDecreases(answers.map((answer) => answer.generatedAt));
      for (const { snapshotId, rows } of answers) {
        assertOrdered(rows);
        // A snapshot has the same rows however often it is read.
        if (!snapshots.has(snapshotId)) snapshots.set(snapshotId, rows);
        assert.deepEqual(rows, snapshots.get(snapshotId));
      }
    }

    await checkStored(events);
    const last = asOf + HOUR;
    await service.refresh(last);
    const oracle = oracleOf(events);
    for (const organizationId of organizationIds) await checkSettled(oracle, organizationId, last);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Readers during ingests and refreshes
// ---------------------------------------------------------------------------------------------------------------

/** Later than any history. */
const READERS_START = Date.UTC(2024, 0, 1, 12);
const CONVERSATIONS = 60;
const WAVES = IS_LONG_RUN ? 36 : 18;
/** So short that no pinned version gets old enough to be removed. */
const REFRESH_STEP = 100;
/** After such a wave the writer waits for a complete refresh, so that this wave or a later one must be seen then. */
const isAwaited = (wave) => wave % 3 === 0;

/** Every conversation waits from the start, each since a different second. */
function firstWave(organizationId, start) {
  return Array.from({ length: CONVERSATIONS }, (_, index) => {
    const at = formatInstant(start - HOUR + index * SECOND);
    const common = { organizationId, conversationId: `conversation-${index}`, updatedAt: at };
    const conversation = { ...common, type: 'conversation', contactId: `contact-${index}`, channelType: 'sms' };
    const message = { ...common, type: 'message', messageId: `inbound-0-${index}`, at };
    const inbound = { ...message, direction: 'inbound', sender: 'contact' };
    return [conversation, inbound];
  }).flat();
}

/**
 * One request that changes every conversation: a quarter of them are answered, in the others the customer writes again.
 * Every row names its wave, so no two waves have the same rows, and a mixture of two would be noticed.
 */
function laterWave(organizationId, start, wave) {
  // Long enough ago that the AI should have answered.
  const at = formatInstant(start - 5 * MINUTE + wave * SECOND);
  return Array.from({ length: CONVERSATIONS }, (_, index) => {
    const isAnswered = (index + wave) % 4 === 0;
    const of = { type: 'message', organizationId, conversationId: `conversation-${index}`, updatedAt: at, at };
    return isAnswered
      ? { ...of, messageId: `answer-${wave}-${index}`, direction: 'outbound', sender: 'ai' }
      : { ...of, messageId: `inbound-${wave}-${index}`, direction: 'inbound', sender: 'contact' };
  });
}

/** The rows after each wave, as text. Time does not change them. */
function rowsAfterWaves(organizationId, start, waves) {
  const oracle = new Oracle();
  return waves.map((wave) => {
    oracle.takeIn(wave);
    return JSON.stringify(rowsOf(oracle, organizationId, start));
  });
}

/** Refreshes, one after the other. `afterNow()` resolves when one that has started after the call has ended. */
function refresher(start) {
  let asOf = start;
  let started = 0;
  let waiting = [];
  return {
    get asOf() {
      return asOf;
    },
    async run() {
      asOf += REFRESH_STEP;
      started += 1;
      const own = started;
      await service.refresh(asOf);
      for (const { after, resolve } of waiting) if (own > after) resolve();
      waiting = waiting.filter(({ after }) => own <= after);
    },
    afterNow: () => new Promise((resolve) => waiting.push({ after: started, resolve })),
  };
}

test('readers see complete versions while ingests and refreshes run', async (t) => {
  const organizationId = 'polled';
  const start = READERS_START;
  const waves = [
    firstWave(organizationId, start),
    ...Array.from({ length: WAVES }, (_, index) => laterWave(organizationId, start, index + 1)),
  ];
  const expected = rowsAfterWaves(organizationId, start, waves);
  assert.equal(new Set(expected).size, expected.length, 'no two waves have the same rows');
  const waveOf = (answer) => expected.indexOf(JSON.stringify(answer.rows));

  const refreshes = refresher(start);
  await service.post(waves[0]);
  await refreshes.run();
  const posted = { begun: 0, awaited: 0 };

  const writer = async () => {
    for (let wave = 1; wave <= WAVES; wave += 1) {
      posted.begun = wave;
      await service.post(waves[wave]);
      if (!isAwaited(wave)) continue;
      await refreshes.afterNow();
      posted.awaited = wave;
    }
  };
  /** The newest snapshot: it must not show a wave that has not been sent, nor one that a refresh has replaced. */
  const readNewest = (limit) => async () => {
    const { awaited } = posted;
    const answer = await readSnapshot(organizationId, { limit });
    const wave = waveOf(answer);
    assert.notEqual(wave, -1, `${answer.snapshotId} is a mixture`);
    assert.ok(wave >= awaited, `wave ${wave} is shown although a refresh has ended after wave ${awaited}`);
    assert.ok(wave <= posted.begun, `wave ${wave} is shown before it was sent`);
    return answer;
  };
  /** The first snapshot and one from the middle, in pages of several sizes: both must stay as they were. */
  const pinned = new Map();
  const limits = [100, 7, 25, 13];
  const readPinned = async () => {
    const newest = await readSnapshot(organizationId);
    pinned.set(newest.snapshotId, newest);
    const known = [...pinned.keys()];
    const limit = limits[known.length % limits.length];
    for (const snapshot of [known[0], known[Math.floor(known.length / 2)]]) {
      assert.deepEqual(await readSnapshot(organizationId, { limit, snapshot }), pinned.get(snapshot));
    }
    return newest;
  };
  const [, ...read] = await whileDoing([writer], [refreshes.run, readNewest(100), readNewest(25), readPinned]);

  for (const answers of read) {
    assertNeverDecreases(answers.map((answer) => answer.generatedAt));
    assertNeverDecreases(answers.map(waveOf));
  }
  const versions = new Set(read.flat().map(waveOf));
  assert.ok(versions.size >= 3, `only ${versions.size} versions were seen`);
  t.diagnostic(`${read.flat().length} walks saw ${versions.size} versions`);
  await checkStored(waves.flat());
  await refreshes.run();
  await checkSettled(oracleOf(waves.flat()), organizationId, refreshes.asOf);
});
