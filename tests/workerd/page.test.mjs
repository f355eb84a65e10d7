// `/`, where pages of other origins may embed the dashboard and where they may not, and what the dashboard is told
// before it has a token.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { adminToken, ROOT, SCOPES, startService } from './harness.mjs';

const PAGE = readFileSync(path.join(ROOT, 'public/index.html'), 'utf8');
const CONFIGURATION = '/dashboard.json';
const ANCESTORS = ['https://crm.example', 'https://desk.example:8443'];
const SIGN_IN_URL = 'https://crm.example/monitor?return={returnTo}';
const CONVERSATION_URL = 'https://crm.example/#/{organizationId}/{conversationId}';
/** Headers that differ by when and how a response was sent. */
const PASSING = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'];

let service;
before(async () => {
  service = await startService({
    siblings: {
      embeddable: {
        isPageServed: true,
        vars: { FRAME_ANCESTORS: ANCESTORS.join(', '), SIGN_IN_URL, CONVERSATION_URL },
      },
      alone: { isPageServed: true },
      other: { isPageServed: true, vars: { FRAME_ANCESTORS: ANCESTORS[0] } },
      wrong: { isPageServed: true, vars: { FRAME_ANCESTORS: '*' } },
      forgotten: { vars: { FRAME_ANCESTORS: ANCESTORS[0] } },
    },
  });
});
after(() => service?.close());

const headersOf = ({ headers }) => Object.fromEntries([...headers].filter(([name]) => !PASSING.includes(name)));
const directivesOf = ({ headers }) => headers.get('content-security-policy').split('; ');

/** What the response to a request is, without what passes. */
async function answerOf(of, target, init) {
  const response = await of.fetch(target, init);
  return { status: response.status, headers: headersOf(response), body: await response.text() };
}

test('nobody may embed it unless somebody is named, whoever serves it', async () => {
  const platform = await answerOf(service, '/');
  assert.deepEqual([platform.status, platform.body], [200, PAGE]);
  assert.equal(platform.headers['x-frame-options'], 'DENY');
  assert.match(platform.headers['content-security-policy'], /; frame-ancestors 'none';/);
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
    for (const target of ['/', '/?category=unassigned']) {
      const byPlatform = await answerOf(service, target, { method });
      for (const name of ['alone', 'wrong'])
        assert.deepEqual(await answerOf(service.sibling(name), target, { method }), byPlatform, `${method} ${name}`);
    }
  }
  const headers = { 'If-None-Match': platform.headers.etag };
  for (const of of [service, service.sibling('alone'), service.sibling('wrong')]) {
    assert.equal((await answerOf(of, '/', { headers })).status, 304);
  }
});

test('without "/" in run_worker_first nobody may embed it, whoever is named', async () => {
  assert.deepEqual(await answerOf(service.sibling('forgotten'), '/'), await answerOf(service, '/'));
});

test('those who are named may embed it, and nothing else differs', async () => {
  const embeddable = service.sibling('embeddable');
  const platform = await service.fetch('/');
  for (const target of ['/', '/?category=unassigned']) {
    const response = await embeddable.fetch(target);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), PAGE);
    const others = (directives) => directives.filter((each) => !each.startsWith('frame-ancestors'));
    assert.deepEqual(others(directivesOf(response)), others(directivesOf(platform)));
    assert.equal(directivesOf(response).length, directivesOf(platform).length);
    assert.ok(directivesOf(response).includes(`frame-ancestors ${ANCESTORS.join(' ')}`));
    const { 'content-security-policy': _, etag, ...rest } = headersOf(response);
    const { 'content-security-policy': __, 'x-frame-options': ___, etag: own, ...expected } = headersOf(platform);
    assert.deepEqual(rest, expected);
    assert.notEqual(etag, own);
    assert.match(etag, /^(W\/)?"[!#-~]+"$/);
  }
});

test('HEAD has the headers of GET and no body', async () => {
  const embeddable = service.sibling('embeddable');
  const { body, ...get } = await answerOf(embeddable, '/');
  assert.deepEqual(await answerOf(embeddable, '/', { method: 'HEAD' }), { ...get, body: '' });
  assert.equal(body, PAGE);
});

test('its ETag stands for the page and for who may embed it', async () => {
  const embeddable = service.sibling('embeddable');
  const { headers: sent } = await answerOf(embeddable, '/');
  const { etag } = sent;
  const conditional = (condition, method = 'GET') =>
    answerOf(embeddable, '/', { method, headers: { 'If-None-Match': condition } });
  const opaque = etag.replace(/^W\//, '');
  for (const condition of [etag, opaque, `W/${opaque}`, `"x", ${etag}`, '*']) {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = await conditional(condition, method);
      assert.deepEqual([status, body], [304, ''], condition);
      // A cache takes the headers of a 304 for those of what it has.
      const { 'content-type': _, ...expected } = sent;
      assert.deepEqual(headers, expected);
    }
  }
  const platform = (await answerOf(service, '/')).headers.etag;
  const other = (await answerOf(service.sibling('other'), '/')).headers.etag;
  assert.equal(new Set([etag, platform, other]).size, 3);
  // What a browser has from before the configuration changed has another policy.
  for (const condition of [platform, other, '"x"', 'x', '']) {
    assert.deepEqual((await conditional(condition)).status, 200, condition);
  }
  const headers = { 'If-None-Match': etag };
  for (const of of [service, service.sibling('alone'), service.sibling('other')]) {
    assert.equal((await answerOf(of, '/', { headers })).status, 200);
  }
});

test('all other files and routes are as they were', async () => {
  const embeddable = service.sibling('embeddable');
  for (const target of ['/main.js', '/main.css', '/icon.svg', '/index.html']) {
    const platform = await answerOf(service, target);
    assert.deepEqual(await answerOf(embeddable, target), platform, target);
    if (platform.status === 200) assert.equal(platform.headers['x-frame-options'], 'DENY', target);
  }
  for (const target of ['/nothing', '/modules/session.js', '/%2F', '/%20', '/main.js/', '/index']) {
    const { status, headers } = await answerOf(embeddable, target);
    assert.equal(status, (await answerOf(service, target)).status, target);
    assert.doesNotMatch(headers['content-security-policy'] ?? '', /crm\.example/, target);
  }
  for (const method of ['POST', 'OPTIONS']) {
    assert.deepEqual(await answerOf(embeddable, '/', { method }), await answerOf(service, '/', { method }), method);
  }
});

test('the dashboard is told where to sign in and who may embed it, and nothing else', async () => {
  const told = async (of) => (await (await of.fetch(CONFIGURATION)).json()).data;
  assert.deepEqual(await told(service), { signInUrl: null, frameAncestors: [] });
  assert.deepEqual(await told(service.sibling('embeddable')), { signInUrl: SIGN_IN_URL, frameAncestors: ANCESTORS });
  const response = await service.sibling('embeddable').fetch(CONFIGURATION);
  assert.equal(response.headers.get('cache-control'), 'public, max-age=300');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
});

test('a wrong configuration is named in the log, and not told to anybody', async () => {
  const wrong = service.sibling('wrong');
  const response = await wrong.fetch(CONFIGURATION);
  assert.equal(response.status, 503);
  const { error, message } = await response.json();
  assert.deepEqual([error, message.includes('FRAME_ANCESTORS')], ['UNAVAILABLE', false]);
  const causes = service.linesOf(response).map(({ cause }) => cause);
  assert.match(causes.join(), /misconfigured: FRAME_ANCESTORS is not a list of origins/);
  assert.equal((await wrong.fetch(SCOPES, { token: adminToken('o') })).status, 503);
});

test('only who is signed in is told where conversations open', async () => {
  const at = new Date(Date.now() - 60_000).toISOString();
  await service.post([{ type: 'organization', organizationId: 'o', name: 'O', updatedAt: at }]);
  const told = async (of) => (await (await of.fetch(SCOPES, { token: adminToken('o') })).json()).data.conversationUrl;
  assert.equal(await told(service), null);
  assert.equal(await told(service.sibling('embeddable')), CONVERSATION_URL);
});
