// What the benchmark relies on: the worker and its peers answer the same bytes. And its counts, which are exact.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { countSteps } from '../bench/counts.mjs';
import { makeKeys } from '../bench/data.mjs';
import { compareSides } from '../bench/equality.mjs';
import { countHops, hopsTables } from '../bench/hops.mjs';
import { withSection } from '../bench/sections.mjs';
import { ensureSeed } from '../bench/seed.mjs';

test('a section of the results is replaced, and nothing else', () => {
  const document = '# Results\n\nabout\n\n## A\n\na\n\n### a\n\n## AB\n\nb\n';
  assert.equal(withSection(document, 'A', 'new'), '# Results\n\nabout\n\n## A\n\nnew\n\n## AB\n\nb\n');
  assert.equal(withSection(document, 'AB', 'new'), '# Results\n\nabout\n\n## A\n\na\n\n### a\n\n## AB\n\nnew\n');
  assert.equal(withSection(document, 'B', 'new'), `${document}\n## B\n\nnew\n`);
});

test('the worker and both peers answer the same bytes to the same requests', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-bench-'));
  try {
    const { differences, requests } = await compareSides({ seed: await ensureSeed(), keys: makeKeys(), folder });
    assert.deepEqual(differences, []);
    assert.ok(requests >= 60, `${requests} requests`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('what the platform bills, by its own meta, with 10,000 candidates', async () => {
  const steps = await countSteps({ seed: await ensureSeed(), say: () => {} });
  const oursOf = (name) => steps.find((step) => step.name === name)?.counts.ours;

  /** At most so many round trips to D1 and KV, rows read of D1, and writes of KV. No request writes a row. */
  const limits = {
    'first request of an isolate': [1, 25 + 20, 0],
    'the same page again': [0, 0, 0],
    'the same page, 304': [0, 0, 0],
    'another page': [2, 25, 0],
    'another filter, 100 rows': [2, 100, 0],
    'a page far behind': [1, 25 + 20, 0],
    'the first page, the next minute': [1, 25 + 20, 0],
    'the same, 304': [0, 0, 0],
    'another page, when the head has expired': [1, 25 + 20, 0],
    'the first page, of a new version': [1, 25 + 20, 0],
    'first request of another isolate': [1, 25 + 20, 0],
    'a page asked for again after 38 minutes': [1, 10, 1],
    'this page, in the other isolate': [1, 0, 0],
  };
  for (const [name, [tripsMax, rowsReadMax, kvWritesMax]] of Object.entries(limits)) {
    test(name, () => {
      const { trips, rowsRead, rowsWritten, kvReads, kvWrites } = oursOf(name);
      assert.ok(trips + kvReads <= tripsMax, `${trips} + ${kvReads} round trips`);
      assert.ok(rowsRead <= rowsReadMax, `${rowsRead} rows read`);
      assert.ok(kvWrites <= kvWritesMax, `${kvWrites} KV writes`);
      assert.equal(rowsWritten, 0);
    });
  }

  test('every step has a limit', () => {
    const refreshes = steps.filter(({ name }) => name.startsWith('refresh')).map(({ name }) => name);
    assert.deepEqual(new Set(steps.map(({ name }) => name)), new Set([...Object.keys(limits), ...refreshes]));
  });

  test('a refresh', () => {
    // The two rows of the run itself, whatever the number of organizations.
    const none = oursOf('refresh: nothing has changed');
    assert.ok(none.rowsWritten <= 2 && none.statements <= 10, JSON.stringify(none));
    const one = oursOf('refresh: one candidate has changed');
    assert.ok(one.rowsWritten <= 12 && one.statements <= 30, JSON.stringify(one));
  });
});

describe('calls one after the other, with 10,000 candidates', () => {
  let results;
  before(async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-hops-'));
    const topologies = ['near', 'replica'];
    const settings = { seed: await ensureSeed(), keys: makeKeys(), topologies, say: () => {}, folder };
    results = await countHops(settings).finally(() => rmSync(folder, { recursive: true }));
  });

  /** At most so many one after the other. */
  const limits = {
    'cold isolate, first page': 1,
    'the same page, head in memory': 0,
    'the same page, 304': 0,
    'another page, head in memory': 2,
    'poll, head expired, nothing new: 304': 1,
    'another page, head expired': 1,
    'a filter, head expired': 1,
    'summary, head expired': 1,
    'cold isolate, summary': 1,
    'cold isolate, scopes': 1,
    'cold isolate, first page, keys of a key server': 3,
    'stream, first event': 1,
    'stream, a tick with nothing new': 1,
    'first page of a new version': 1,
    'another page, of a new version': 1,
    settings: 1,
    search: 2,
    'CSV of 10,000 rows': 21,
    health: 1,
    'page from KV, head in memory': 1,
    'ingest of one event': 1,
    'ingest of 1,000 events': 1,
    'refresh, nothing has changed': 4,
    'refresh, one candidate has changed': 12,
  };
  for (const [name, most] of Object.entries(limits)) {
    test(name, () => {
      const { near, replica } = results[name].ours;
      assert.ok(near.level <= most, `${near.level} of ${JSON.stringify(near.calls)}`);
      assert.equal(replica.level, near.level, 'it does not hang on where the reader is');
      const { primary = 0, nearest = 0, kv = 0, keys = 0 } = near.calls;
      assert.ok(near.level <= primary + nearest + kv + keys);
      // Near the database and KV each call takes 5 ms, and the key server takes 100.
      assert.ok(near.milliseconds >= 5 * near.level && near.milliseconds <= 5 * near.level + 100 * keys);
    });
  }

  test('every kind of request has a limit', () => {
    assert.deepEqual(new Set(Object.keys(results)), new Set(Object.keys(limits)));
  });

  test('a page is read from the replica, and an ingest goes to the primary', () => {
    const { replica } = results['cold isolate, first page'].ours;
    assert.equal(replica.milliseconds, 20 * replica.level);
    assert.equal(results['ingest of one event'].ours.replica.milliseconds, 273);
  });

  test('the tuned peer stands beside', () => {
    assert.ok(results['cold isolate, first page'].tuned.near.level >= 3);
    const { counts, times } = hopsTables(results);
    assert.ok(counts.includes('tuned') && times.includes('replica: ours'));
  });
});
