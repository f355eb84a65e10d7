// Whether memory stays flat: under the loads that take most of it at once, over 100,000 requests to 1,000
// organizations, and over an hour in which everything happens. And what the isolate holds meanwhile.

import path from 'node:path';
import { REPORT } from './cases.mjs';
import { claimsOf, signToken } from './data.mjs';
import { candidatesOf, Growth, measureGrowth, oneChangeEach, organizationIds } from './growth.mjs';
import { Load } from './load.mjs';
import { Profiler } from './profiler.mjs';
import { ensureSeed } from './seed.mjs';
import { copyState, Side, WORK } from './sides.mjs';
import { number, table } from './statistics.mjs';

const ORGANIZATIONS = Array.from({ length: 1000 }, (_, index) => ({
  organizationId: `organization-${index}`,
  candidates: 12,
}));
const QUERIES = ['', '?category=ai_stuck', '?skipThreshold=true', '?limit=5&page=2'];
const MEBIBYTE = 1024 * 1024;
const STEPS = 10;
const STEP_REQUESTS = 10_000;

/** The loads of the part growth that take most memory at once: names, departments, and a timeline of many items. */
const LARGE_LOADS = ['long names and many assignees', 'a long timeline', 'many departments'];

/** Lines of `growthTable` about the loads that take most memory at once. */
export const measureLargeLoads = ({ say }) => measureGrowth({ names: LARGE_LOADS, say });

/** Returns the mebibytes that our isolate holds after each tenth of the requests: of the wasm, and after full collections beside it. */
export async function measureMemory({ say }) {
  const seed = await ensureSeed({ organizations: ORGANIZATIONS, name: 'many', say });
  const requests = QUERIES.flatMap((query) =>
    ORGANIZATIONS.map(({ organizationId }) => ({
      path: `${REPORT}${query}`,
      headers: { Authorization: `Bearer ${signToken(claimsOf('ADMIN', organizationId, 1))}` },
    })),
  );
  const side = await Side.start('ours', {
    state: copyState(seed, path.join(WORK, 'state-memory')),
    counting: true,
    inspectorPort: 0,
  });
  const load = new Load();
  const profiler = await Profiler.attach(await side.miniflare.getInspectorURL(), 'ours');
  try {
    const steps = [];
    for (let step = 1; step <= STEPS; step += 1) {
      await load.run(side.url, { requests, count: STEP_REQUESTS });
      const [{ wasmBytes }, heapBytes] = [await side.counts(), await profiler.heapBytes()];
      steps.push({ requests: step * STEP_REQUESTS, wasm: wasmBytes / MEBIBYTE, heap: heapBytes / MEBIBYTE });
      say(
        `  ${number(step * STEP_REQUESTS)} requests: wasm ${number(wasmBytes / MEBIBYTE, 1)} MiB, heap ${number(heapBytes / MEBIBYTE, 1)} MiB`,
      );
    }
    return steps;
  } finally {
    profiler.detach();
    load.stop();
    await side.stop();
  }
}

/** The results as a table. */
export function memoryTable(steps) {
  const rows = steps.map(({ requests, wasm, heap }) => [number(requests), number(wasm, 1), number(heap, 1)]);
  return table(['requests so far', 'memory of the wasm, MiB', 'heap of the isolate, MiB'], rows);
}

// ---------------------------------------------------------------------------------------------------------------
// An hour
// ---------------------------------------------------------------------------------------------------------------

/** An hour of the clock that the worker is given. Every organization changes in each minute. */
export const HOUR = {
  full: { organizations: 500, candidates: 20, minutes: 60, requests: 3_000 },
  small: { organizations: 5, candidates: 10, minutes: 12, requests: 100 },
};
/** What is asked for, in turns. */
const ASKED = [...QUERIES.map((query) => `${REPORT}${query}`), REPORT.replace('report', 'summary'), `${REPORT}.csv`];
/** One minute of so many is shown. */
const SHOWN_EVERY = 5;

/**
 * Lives through the minutes of an hour, each with events, a refresh and requests. Returns the mebibytes that the
 * isolate has after each: of the wasm, and in its heap after full collections.
 *
 * @param {{ size: { organizations: number, candidates: number, minutes: number, requests: number }, say: (line: string) => void, folder?: string }} settings
 */
export async function soak({ size, say, folder }) {
  const { organizations, candidates, minutes, requests: count } = size;
  const growth = await Growth.start('hour', { say: () => {}, folder });
  const load = new Load();
  try {
    const ids = organizationIds(organizations);
    const tokens = ids.map((id, index) => signToken(claimsOf('ADMIN', id, index)));
    await growth.post(candidatesOf(ids, candidates, growth.now));
    await growth.runUntilDone();
    const steps = [];
    for (let minute = 1; minute <= minutes; minute += 1) {
      // Every list is new each minute, so that the caches are full within the hour.
      await growth.post(oneChangeEach(ids, minute, growth.now));
      await growth.run();
      const requests = ASKED.flatMap((target) =>
        tokens.map((token) => ({
          path: target,
          headers: { Authorization: `Bearer ${token}`, 'X-Instant': `${growth.now}` },
        })),
      );
      await load.run(growth.side.url, { requests, count });
      const step = { minute, requests: minute * count, ...(await growth.memory()) };
      steps.push(step);
      if (minute % SHOWN_EVERY === 0)
        say(`  minute ${minute}: wasm ${number(step.wasm, 1)} MiB, heap ${number(step.heap, 1)} MiB`);
    }
    return steps;
  } finally {
    load.stop();
    await growth.stop();
  }
}

/** By how many mebibytes memory was larger at most in the last third of the minutes than in the second. */
export function growthOf(steps) {
  const third = Math.floor(steps.length / 3);
  const most = (some) => Math.max(...some.map(({ wasm, heap }) => wasm + heap));
  return most(steps.slice(-third)) - most(steps.slice(third, -third));
}

/** The minutes as a table. */
export function hourTable(steps) {
  const shown = steps.filter(({ minute }) => minute % SHOWN_EVERY === 0);
  const rows = shown.map(({ minute, requests, wasm, heap }) => [
    minute,
    number(requests),
    number(wasm, 1),
    number(heap, 1),
  ]);
  return table(['minute', 'requests so far', 'memory of the wasm, MiB', 'heap of the isolate, MiB'], rows);
}
