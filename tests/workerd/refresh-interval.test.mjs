// `REFRESH_EVERY_SECONDS`: how often the worker refreshes within the minute of the cron.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { refreshInterval, refreshMinute } from '../../src/worker/refreshes.js';
import { hoursAgo, MINUTE, SECOND, waiting } from './fixtures.mjs';
import { adminToken, REPORT, startService } from './harness.mjs';

describe('the instants of a minute', () => {
  const START = 1_000 * MINUTE;

  /** What was run, as seconds after the tick: when, and for which instant. Each run takes as long as `durations` says. */
  async function runsOf(everyMs, { late = 0, durations = /** @type {number[]} */ ([]), failing = -1 } = {}) {
    let now = START + late * SECOND;
    const runs = [];
    const seconds = (instant) => (instant - START) / SECOND;
    const run = async (at) => {
      runs.push([seconds(now), seconds(at)]);
      now += (durations[runs.length - 1] ?? 1) * SECOND;
      if (runs.length - 1 === failing) throw new Error('out of order');
    };
    const sleep = async (ms) => {
      assert.ok(ms > 0);
      now += ms;
    };
    const failure = await refreshMinute({ scheduledAt: START, everyMs, run, now: () => now, sleep }).then(
      () => undefined,
      (error) => error.message,
    );
    return { runs, failure };
  }

  test('are one, two or three', async () => {
    const runs = async (seconds) => (await runsOf(refreshInterval(seconds))).runs;
    const once = [[0, 0]];
    assert.deepEqual(await runs('60'), once);
    assert.deepEqual(await runs('30'), [...once, [30, 30]]);
    assert.deepEqual(await runs('20'), [...once, [20, 20], [40, 40]]);
    for (const wrong of [undefined, '', '0', '1', '-20', 'x', '20.0', '3e1']) assert.deepEqual(await runs(wrong), once);
  });

  test('are left out if they pass while a run takes longer, except the last of them', async () => {
    const runs = async (...durations) => (await runsOf(20 * SECOND, { durations })).runs;
    assert.deepEqual(await runs(25), [
      [0, 0],
      [25, 20],
      [40, 40],
    ]);
    assert.deepEqual(await runs(50), [
      [0, 0],
      [50, 40],
    ]);
    assert.deepEqual(await runs(1, 50), [
      [0, 0],
      [20, 20],
    ]);
    // The next tick has come.
    assert.deepEqual(await runs(60), [[0, 0]]);
    assert.deepEqual(await runs(600), [[0, 0]]);
  });

  test('follow a tick that is late', async () => {
    const runs = async (late) => (await runsOf(20 * SECOND, { late })).runs;
    assert.deepEqual(await runs(15), [
      [15, 0],
      [20, 20],
      [40, 40],
    ]);
    assert.deepEqual(await runs(45), [
      [45, 0],
      [46, 40],
    ]);
    assert.deepEqual(await runs(3_600), [[3_600, 0]]);
    // A clock that is behind the cron's.
    assert.deepEqual(await runs(-2), [
      [-2, 0],
      [19, 20],
      [40, 40],
    ]);
    assert.deepEqual(await runs(-3_600), [
      [-3_600, 0],
      [-3_579, 20],
      [-3_558, 40],
    ]);
  });

  test('come even if a run fails', async () => {
    const { runs, failure } = await runsOf(20 * SECOND, { failing: 1 });
    assert.deepEqual(runs, [
      [0, 0],
      [20, 20],
      [40, 40],
    ]);
    assert.equal(failure, 'out of order');
  });
});

for (const { seconds, last } of [
  { seconds: '20', last: 40 * SECOND },
  { seconds: '30', last: 30 * SECOND },
  { seconds: '60', last: 0 },
]) {
  describe(`every ${seconds} seconds`, () => {
    const tick = hoursAgo(2);
    const organizationId = 'o';
    let service;
    before(async () => {
      service = await startService({ vars: { REFRESH_EVERY_SECONDS: seconds }, hasClock: true });
      await service.setClock(tick);
      await service.post(waiting(organizationId, 'c1', { since: new Date(tick - 10 * MINUTE).toISOString() }));
      // The tick comes when the last instant of its minute has come, so that no test waits.
      await service.setClock(tick + last);
      await service.refresh(tick);
    });
    after(() => service?.close());

    const refreshed = () => service.logs().filter(({ message }) => message.includes('"message":"refreshed"'));

    test('runs for the tick and for the last instant of its minute', async () => {
      const instants = refreshed().map(({ message }) => Date.parse(JSON.parse(message).run.asOf) - tick);
      assert.deepEqual(instants, [...new Set([0, last])]);
      assert.equal(Date.parse((await service.lastRun()).asOf), tick + last);
      const { lease_until } = await service.database.prepare('SELECT lease_until FROM refresh').first();
      assert.equal(lease_until, null);
    });

    test('answers as of that instant, and names the next one', async () => {
      const token = adminToken(organizationId);
      const response = await service.fetch(REPORT, { token });
      const { data } = await response.json();
      assert.equal(Date.parse(data.generatedAt), tick + last);
      assert.equal(data.totalCount, 1);
      assert.equal(data.stale, false);
      const after = Number(response.headers.get('X-Poll-After'));
      const { durationMs } = await service.lastRun();
      const due = Number(seconds) + Math.ceil(durationMs / SECOND);
      assert.ok(after >= Number(seconds) && after <= due + 20, `${after}`);
    });

    test('is late, and its reports are stale, after three minutes without a run', async () => {
      const look = async (age) => {
        await service.setClock(tick + last + age);
        const { status, lastRefresh } = (await (await service.fetch('/health')).json()).data ?? {};
        const { stale } = await service.report(adminToken(organizationId));
        return [status, lastRefresh?.ageSeconds, stale];
      };
      assert.deepEqual(await look(3 * MINUTE), ['ok', 180, false]);
      assert.deepEqual(await look(3 * MINUTE + 11 * SECOND), ['late', 191, true]);
    });
  });
}
