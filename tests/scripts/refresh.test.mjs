// `npm run refresh`: what it asks the local worker, and what it makes of the answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { triggerRefresh } from '../../scripts/refresh.mjs';

const answering =
  (body, status, asked = []) =>
  async (url) => {
    asked.push(String(url));
    return new Response(body, { status });
  };

test('it asks for the scheduled handler with the cron and the time', async () => {
  const asked = [];
  assert.equal(
    await triggerRefresh({ url: 'http://127.0.0.1:1', at: 1_700_000_000_000, fetch: answering('ok', 200, asked) }),
    'ok',
  );
  assert.deepEqual(asked, ['http://127.0.0.1:1/cdn-cgi/handler/scheduled?cron=*+*+*+*+*&time=1700000000000']);
});

test('an outcome other than ok is returned', async () => {
  assert.equal(await triggerRefresh({ fetch: answering('exception', 500) }), 'exception');
});

test("a server that is not wrangler's is a failure, and so is no server", async () => {
  await assert.rejects(triggerRefresh({ fetch: answering('{"success":false}', 404) }), /answered 404/);
  const fetch = async () => {
    throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
  };
  await assert.rejects(triggerRefresh({ fetch }), /ECONNREFUSED.*npm start/);
});
