// Two sources of time zones: Intl, which the worker uses, must have the offsets that the crate of the native tests has,
// on the Node that runs this and in workerd.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { convertV4MiniflareOptions, Miniflare } from '../../scripts/miniflare.mjs';
import { readWorkerOptions } from '../../scripts/worker-options.mjs';
import { offsetSeconds } from '../../src/worker/zone.js';
import { ROOT } from './harness.mjs';

/** `{zone: [[instant, offset from then on in seconds], …]}`. The native tests say that the crate has the same. */
const CHANGES = JSON.parse(readFileSync(new URL('../data/time-zones.json', import.meta.url), 'utf8'));
const UNTIL = Date.UTC(2027, 0, 1);
const WEEK = 7 * 24 * 60 * 60 * 1000;

/**
 * Zones that may differ, and from when on, because the sources have different releases of the zone data.
 *
 * @type {Record<string, { from: string, reason: string }>}
 */
const DIFFERENCES = {
  'Africa/Casablanca': {
    from: '2026-09-20T01:00:00.000Z',
    reason: 'newer releases have Morocco at UTC from that day on; 2025b, which the crate has, goes on with UTC+1',
  },
};

/** Each instant that is asked about, with the offset that the list has. */
function questions() {
  const all = [];
  for (const [zone, changes] of Object.entries(CHANGES)) {
    changes.forEach(([text, offset], number) => {
      const from = Date.parse(text);
      const until = Date.parse(changes[number + 1]?.[0] ?? '') || UNTIL;
      for (let at = from; at < until; at += WEEK) all.push({ zone, at, offset });
      all.push({ zone, at: until - 1, offset });
    });
  }
  return all;
}

let miniflare;
before(async () => {
  const { workerOptions } = await readWorkerOptions();
  const main = `
    import { offsetSeconds } from './zone.js';

    export default {
      fetch: async (request) => {
        const questions = await request.json();
        return Response.json(questions.map(({ zone, at }) => offsetSeconds(zone, at)));
      },
    };
  `;
  const source = path.join(ROOT, 'src/worker/zone.js');
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [
        { type: 'ESModule', path: path.join(ROOT, 'src/worker/main.js'), contents: main },
        { type: 'ESModule', path: source, contents: readFileSync(source, 'utf8') },
      ],
      modulesRoot: path.join(ROOT, 'src/worker'),
      compatibilityDate: workerOptions.compatibilityDate,
    }),
  );
  await miniflare.ready;
});
after(() => miniflare?.dispose());

async function inWorkerd(questions) {
  const offsets = [];
  for (let start = 0; start < questions.length; start += 10_000) {
    const body = JSON.stringify(questions.slice(start, start + 10_000));
    const response = await miniflare.dispatchFetch('http://worker.test', { method: 'POST', body });
    assert.equal(response.status, 200);
    offsets.push(.../** @type {(number | null)[]} */ (await response.json()));
  }
  return offsets;
}

/** The zones that differ without a reason, each with the first instant at which they do. */
function differences(questions, offsets) {
  const found = {};
  questions.forEach(({ zone, at, offset }, number) => {
    const isExplained = zone in DIFFERENCES && at >= Date.parse(DIFFERENCES[zone].from);
    if (offsets[number] !== offset && !isExplained) found[zone] ??= new Date(at).toISOString();
  });
  return found;
}

test('Intl has the offsets of the crate, zone by zone and change by change', async () => {
  const asked = questions();
  const changes = Object.values(CHANGES).reduce((sum, each) => sum + each.length - 1, 0);
  assert.ok(Object.keys(CHANGES).length >= 50 && changes > 1_000, `${Object.keys(CHANGES).length} zones`);
  const onNode = asked.map(({ zone, at }) => offsetSeconds(zone, at));
  assert.deepEqual(differences(asked, onNode), {}, `Node with the zone data ${process.versions.tz}`);
  assert.deepEqual(differences(asked, await inWorkerd(asked)), {}, 'workerd');
  console.log(`${Object.keys(CHANGES).length} zones, ${changes} changes, ${asked.length} instants`);
});

test('a zone that is not known has no offset, and the next one that is has', async () => {
  const asked = ['Europe/Atlantis', 'Europe/Berlin', '', 'Europe/Berlin', 'europe/berlin', 'UTC'].map((zone) => ({
    zone,
    at: Date.UTC(2026, 6, 1, 12, 34, 56, 789),
  }));
  const expected = [null, 7_200, null, 7_200, 7_200, 0];
  assert.deepEqual(await inWorkerd(asked), expected);
  const onNode = asked.map(({ zone, at }) => offsetSeconds(zone, at));
  assert.deepEqual(JSON.parse(JSON.stringify(onNode)), expected);
});
