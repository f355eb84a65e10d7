// Whether memory stays flat: 100,000 requests over 1,000 organizations, and what the isolate holds meanwhile.

import path from 'node:path';
import { REPORT } from './cases.mjs';
import { claimsOf, signToken } from './data.mjs';
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

/** Returns the mebibytes that our isolate holds after each tenth of the requests: of the wasm, and after a full collection beside it. */
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
