// The loads of the benchmark's part `growth`, each so small that it takes seconds: they must end, and nobody waits
// long.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { DAYS, daysTable, growthTable, LOADS, measureGrowth, simulateDays } from '../bench/growth.mjs';
import { growthOf, HOUR, hourTable, soak } from '../bench/memory.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-growth-'));
after(() => rmSync(folder, { recursive: true }));
const said = [];
const say = (line) => said.push(line);

describe('a small load of each kind', () => {
  for (const name of Object.keys(LOADS)) {
    test(name, async () => {
      said.length = 0;
      const lines = await measureGrowth({ names: [name], isSmall: true, say, folder });
      assert.ok(lines.length > 0);
      for (const [what, line] of lines) {
        assert.equal(line.error, undefined);
        // So small a load is published at once, whoever else has anything.
        const waits = Object.values(line.waits ?? { wait: line.wait });
        assert.ok(Math.max(...waits) <= 1, `${what}: published after ${JSON.stringify(waits)} runs`);
        assert.ok(line.runs > 0 && line.wasm > 0 && line.heap > 0, JSON.stringify(line));
        assert.ok(line.wasm + line.heap <= 100, `${what}: ${line.wasm} and ${line.heap} MiB`);
        assert.ok(growthTable(lines).includes(what));
      }
      assert.ok(
        said.some((text) => text.startsWith('  run 1: ')),
        'there is progress to be seen',
      );
    });
  }
});

test('small days: what is forgotten makes room for what comes, and an oracle that forgets nothing agrees', async () => {
  const size = DAYS.small;
  const results = await simulateDays({ size, say, folder });
  assert.equal(results.length, size.days);
  assert.ok(
    results.some(({ compared }) => compared > 0),
    'nobody ever waits at the end of a day',
  );
  const at = (day) => results[day - 1];
  // From the eighth day on a week is like the week before, as its first days are working days.
  const [before, later] = [at(size.days - 7), at(size.days)];
  assert.ok(later.records <= before.records * 1.05, `${before.records} records, then ${later.records}`);
  assert.ok(
    later.rowsWritten <= before.rowsWritten * 1.5,
    `${before.rowsWritten} rows written, then ${later.rowsWritten}`,
  );
  assert.ok(before.rowsWritten > before.events, `${before.rowsWritten} rows written`);
  assert.ok(later.sweptAsOf, 'nothing is swept');
  assert.ok(daysTable(results).includes('as the oracle says'));
});

test('a small hour: memory stays where it was', async () => {
  const steps = await soak({ size: HOUR.small, say, folder });
  assert.equal(steps.length, HOUR.small.minutes);
  for (const { minute, wasm, heap } of steps) {
    assert.ok(wasm > 0 && heap > 0 && wasm + heap <= 100, `minute ${minute}: ${wasm} and ${heap} MiB`);
  }
  assert.ok(growthOf(steps) <= 5, `${growthOf(steps)} MiB more in the end`);
  assert.ok(hourTable(steps).includes(`${HOUR.small.requests * 10}`.replace('1000', '1,000')));
});
