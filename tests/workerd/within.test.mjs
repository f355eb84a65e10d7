// The limit to how long KV and D1 are waited for.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { within } from '../../src/worker/within.js';

const LIMIT_MS = 10_000;

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** Whether a promise is settled, without waiting for it. */
async function isSettled(promise) {
  const pending = Symbol('pending');
  const settled = promise.catch(() => {});
  await nextTurn();
  return (await Promise.race([settled, pending])) !== pending;
}

test('a value and an error pass through, and the end of the time changes nothing', async () => {
  const error = new Error('out of reach');
  const value = within(LIMIT_MS, Promise.resolve('value'));
  const failure = within(LIMIT_MS, Promise.reject(error));
  assert.equal(await value, 'value');
  await assert.rejects(failure, error);
  mock.timers.tick(LIMIT_MS);
  assert.equal(await value, 'value');
  await assert.rejects(failure, error);
});

test('at the end of the time it is undefined, whatever comes later', async () => {
  for (const settle of ['resolve', 'reject']) {
    const { promise, ...settlers } = Promise.withResolvers();
    const result = within(LIMIT_MS, promise);
    mock.timers.tick(LIMIT_MS - 1);
    assert.equal(await isSettled(result), false, settle);
    mock.timers.tick(1);
    assert.equal(await result, undefined, settle);
    settlers[settle](new Error('too late'));
    await nextTurn();
    assert.equal(await result, undefined, settle);
  }
});

test('the timer does not keep the value alive', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  const rows = await (async () =>
    new WeakRef(/** @type {object} */ (await within(LIMIT_MS, Promise.resolve({ rows: [] })))))();
  await nextTurn();
  collectGarbage();
  assert.equal(rows.deref(), undefined);
});
