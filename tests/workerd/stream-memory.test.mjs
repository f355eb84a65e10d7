// A minute after the last of many streams has ended the isolate of the worker holds as much memory as before the first
// one, but for a few mebibytes. It is looked at after full collections, so it does not depend on when the platform
// collects.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { claimsOf, SMALL, signToken } from '../../bench/data.mjs';
import { Profiler } from '../../bench/profiler.mjs';
import { ensureSeed } from '../../bench/seed.mjs';
import { copyState, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';
import { MINUTE, SECOND } from './fixtures.mjs';
import { STREAM } from './harness.mjs';

/** Some 20 KiB each while they are open: if none of them were let go, it would be too much. */
const STREAMS = 400;
const MEBIBYTE = 1024 * 1024;
const MORE_MAX = 5 * MEBIBYTE;

/** Reads a stream until its report and its summary have come. */
async function readBoth(reader) {
  const decoder = new TextDecoder();
  for (let text = ''; !/^event: summary$/m.test(text); ) {
    const { value, done } = await reader.read();
    assert.equal(done, false, text);
    text += decoder.decode(value, { stream: true });
  }
}

test('a minute after four hundred streams have ended there is no more memory in use than before', async (t) => {
  await build();
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-streams-'));
  const state = copyState(await ensureSeed({ organizations: [SMALL], name: 'small-seed' }), path.join(folder, 'state'));
  const side = await Side.start('ours', { state, counting: true, inspectorPort: 0 });
  const profiler = await Profiler.attach(await side.miniflare.getInspectorURL(), 'ours');
  let now = Date.now();
  const advance = async (milliseconds) => {
    now += milliseconds;
    const answer = await side.fetch(`/advance?to=${now}`);
    return /** @type {{ nextAt?: number }} */ (await answer.json());
  };
  const memory = async () => {
    const { wasmBytes } = await side.counts();
    return wasmBytes + (await profiler.heapBytes());
  };
  const headersOf = (number) => {
    const token = signToken(claimsOf('ADMIN', SMALL.organizationId, number));
    return { Authorization: `Bearer ${token}`, 'X-Instant': String(now), 'X-Stream-Number': String(number) };
  };
  const openAll = () =>
    Promise.all(
      Array.from({ length: STREAMS }, async (_, number) => {
        const { status, body } = await side.fetch(STREAM, { headers: headersOf(number) });
        assert.equal(status, 200);
        const reader = body.getReader();
        await readBoth(reader);
        return reader;
      }),
    );
  /** All of them live for ten seconds. */
  const live = async () => {
    const readers = await openAll();
    await advance(10 * SECOND);
    const open = await memory();
    for (const [number, reader] of readers.entries()) {
      await side.fetch(`/end?stream=${number}`);
      await reader.cancel();
    }
    const { nextAt } = await advance(MINUTE);
    assert.equal(nextAt, undefined, 'something still waits');
    return open;
  };
  try {
    // What is compiled and cached at the first streams stays.
    await live();
    const before = await memory();
    const open = await live();
    const after = await memory();
    const more = (bytes) => `${((bytes - before) / MEBIBYTE).toFixed(1)} MiB`;
    t.diagnostic(`${more(open)} more while they are open, ${more(after)} more afterwards`);
    assert.ok(after - before <= MORE_MAX, `${more(after)} more`);
  } finally {
    profiler.detach();
    await side.stop();
    rmSync(folder, { recursive: true });
  }
});
