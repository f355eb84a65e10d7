// What is deployed, and how fast it is up: sizes of the modules, and the first answer of a fresh process.

import { gzipSync } from 'node:zlib';
import { cpuMicroseconds, FLOOR, modulesOf, SIDES, Side } from './sides.mjs';
import { number, spreadText, table } from './statistics.mjs';

/** Sizes of a side's modules in bytes, by kind: as they are, and with `gzip -9`. */
async function sizesOf(side, folder) {
  const sizes = { js: 0, wasm: 0, gzipped: 0 };
  for (const { type, contents } of await modulesOf(side, { folder })) {
    const bytes = Buffer.from(contents);
    sizes[type === 'CompiledWasm' ? 'wasm' : 'js'] += bytes.length;
    sizes.gzipped += gzipSync(bytes, { level: 9 }).length;
  }
  return sizes;
}

/** Starts each side so many times, by turns; milliseconds and CPU from the start of the process to the first answer. */
export async function measureStart({ rounds, say, builds = {} }) {
  const sides = [...SIDES, ...Object.keys(builds), FLOOR];
  const results = Object.fromEntries(
    await Promise.all(
      sides.map(async (side) => [side, { ...(await sizesOf(side, builds[side])), seconds: [], cpu: [] }]),
    ),
  );
  for (let round = 0; round < rounds; round += 1) {
    say(`Start ${round + 1} of ${rounds} …`);
    for (const name of sides) {
      const startedAt = performance.now();
      const side = await Side.start(name, { folder: builds[name] });
      try {
        await (await side.fetch('/nothing')).arrayBuffer();
        results[name].seconds.push((performance.now() - startedAt) / 1000);
        results[name].cpu.push(cpuMicroseconds(side.pid) / 1000);
      } finally {
        await side.stop();
      }
    }
  }
  return results;
}

/** The results as a table. */
export function startTable(results) {
  const kilobytes = (bytes) => number(bytes / 1000, 1);
  const rows = Object.entries(results).map(([name, { js, wasm, gzipped, seconds, cpu }]) => [
    name,
    kilobytes(wasm),
    kilobytes(js),
    kilobytes(gzipped),
    spreadText(seconds.map((each) => each * 1000)),
    spreadText(cpu),
  ]);
  return table(
    [
      'side',
      'wasm, KB',
      'JS, KB',
      'both with gzip -9, KB',
      'process start to first answer, ms',
      'CPU of the process by then, ms',
    ],
    rows,
  );
}
