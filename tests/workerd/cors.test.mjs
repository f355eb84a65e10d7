// Which pages of other origins may read responses: those of the listed origins. No other origin is reflected.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { IS_LONG_RUN, inTurn } from '../long-run.mjs';

import { adminToken, REPORT, startService, tokenOf } from './harness.mjs';
import { conversationEvents, OPEN, READS, ROUTES, requestOf } from './routes.mjs';

const LISTED = ['https://crm.example', 'http://localhost:3000', 'https://[::1]:8443'];
const OTHERS = [
  'null',
  '*',
  'https://evil.example',
  'https://crm.example.evil.example',
  'https://evil-crm.example',
  'https://sub.crm.example',
  'http://crm.example',
  'https://crm.example:443',
  'https://crm.example:8443',
  'https://crm.example/',
  'https://CRM.example',
  'https://crm.example.',
  'http://localhost',
  'http://localhost:30000',
  'http://127.0.0.1:3000',
  'https://crm.example, http://localhost:3000',
  'https://crm.example http://localhost:3000',
  'https://crm.example@evil.example',
  'file://',
  'x',
];
const EXPOSED = ['ETag', 'Retry-After', 'Server-Timing', 'X-Request-Id'];
const ALL = [...ROUTES, ...OPEN];

let service;
before(async () => {
  const siblings = {
    'none-listed': {},
    misconfigured: { vars: { ALLOWED_ORIGINS: `${LISTED[0]},*` } },
  };
  service = await startService({ vars: { ALLOWED_ORIGINS: LISTED.join(', ') }, siblings });
  await service.post(conversationEvents('o'));
});
after(() => service?.close());

const corsHeaders = (response) => [...response.headers].filter(([name]) => name.startsWith('access-control-'));
const listOf = (response, name) => (response.headers.get(name) ?? '').split(/\s*,\s*/);

/** Every response varies with the origin. */
function checkVary(response) {
  assert.ok(listOf(response, 'vary').includes('Origin'), response.headers.get('vary'));
  assert.equal(response.headers.get('access-control-allow-credentials'), null);
}

function checkReadable(response, origin) {
  checkVary(response);
  assert.equal(response.headers.get('access-control-allow-origin'), origin);
  const exposed = listOf(response, 'access-control-expose-headers');
  assert.deepEqual(
    EXPOSED.filter((name) => !exposed.includes(name)),
    [],
  );
}

/** The response allows nothing, and does not repeat the origin in any header. */
function checkUnreadable(response, origin) {
  checkVary(response);
  assert.deepEqual(corsHeaders(response), [], origin);
  if (origin.length > 1)
    assert.ok(
      [...response.headers.values()].every((value) => !value.includes(origin)),
      origin,
    );
}

function preflight(target, origin, { method = 'GET', headers = 'authorization', via = service } = {}) {
  return via.fetch(target, {
    method: 'OPTIONS',
    headers: {
      ...(origin === undefined ? {} : { Origin: origin }),
      ...(method === undefined ? {} : { 'Access-Control-Request-Method': method }),
      'Access-Control-Request-Headers': headers,
    },
  });
}

describe('a preflight', () => {
  for (const [number, route] of ALL.entries()) {
    test(`for ${route.name} needs no token`, async () => {
      const [target] = requestOf(route, undefined);
      for (const origin of LISTED) {
        const response = await preflight(target, origin, { method: route.method });
        assert.equal(response.status, 204);
        assert.equal(await response.text(), '');
        checkReadable(response, origin);
        assert.equal(response.headers.get('access-control-allow-methods'), route.allow);
        const allowed = listOf(response, 'access-control-allow-headers').map((name) => name.toLowerCase());
        const sent = ['authorization', 'content-type', 'if-none-match', 'last-event-id'];
        const traced = ['traceparent', 'tracestate', 'baggage', 'sentry-trace'];
        for (const name of [...sent, ...traced]) assert.ok(allowed.includes(name), name);
        assert.match(response.headers.get('access-control-max-age'), /^[1-9]\d+$/);
      }
      // Which origins are listed does not depend on the route: all others are tried on the first, and a fifth on each.
      const others = OTHERS.filter((_, index) => IS_LONG_RUN || number === 0 || (number + index) % 5 === 0);
      assert.ok(others.length >= 4);
      for (const origin of others) checkUnreadable(await preflight(target, origin, { method: route.method }), origin);
    });
  }

  test('allows what the route accepts, whatever was requested', async () => {
    for (const [method, headers] of [
      ['DELETE', 'x-evil'],
      ['PUT', '*'],
      ['evil', 'authorization, x-evil'],
    ]) {
      const response = await preflight(REPORT, LISTED[0], { method, headers });
      assert.equal(response.headers.get('access-control-allow-methods'), 'GET, HEAD');
      assert.ok(![...response.headers.values()].some((value) => /evil|\*|DELETE|PUT/i.test(value)));
    }
  });

  test('needs an origin and a method', async () => {
    for (const [origin, method] of [
      [undefined, 'GET'],
      [LISTED[0], undefined],
    ]) {
      const headers = {
        ...(origin ? { Origin: origin } : {}),
        ...(method ? { 'Access-Control-Request-Method': method } : {}),
      };
      const response = await service.fetch(REPORT, { method: 'OPTIONS', headers });
      assert.equal(response.status, 204);
      assert.equal(response.headers.get('allow'), 'GET, HEAD, OPTIONS');
      assert.equal(response.headers.get('access-control-allow-methods'), null);
      checkVary(response);
    }
  });
});

describe('a response', () => {
  /** Requests for every status. */
  const requests = () => {
    /** @type {[number, string, import('./harness.mjs').Request][]} */
    const list = [
      [401, REPORT, {}],
      [401, REPORT, { token: 'garbage' }],
      [404, '/nowhere', {}],
      [405, REPORT, { method: 'DELETE' }],
    ];
    for (const route of READS) {
      const [target, init] = requestOf(route, undefined);
      const token = route.scope ? tokenOf({ role: 'SUPERADMIN', scope: route.scope }) : adminToken('o');
      list.push(
        [200, target, { ...init, token }],
        [304, target, { ...init, token, headers: { 'If-None-Match': '*' } }],
      );
      list.push([200, target, { ...init, token, method: 'HEAD' }]);
      list.push([400, requestOf(route, undefined, { isBad: true })[0], { token }]);
      list.push([403, requestOf(route, 'another')[0], { token }]);
      list.push([404, requestOf(route, undefined, { own: 'nowhere' })[0], { ...init, token: adminToken('nowhere') }]);
      if (route.pins) list.push([410, `${target}?snapshot=x`, { ...init, token }]);
    }
    // The last refresh was long ago, which health says by its status.
    for (const { target } of OPEN) list.push([target() === '/health' ? 503 : 200, target(), {}]);
    return list;
  };

  test('with any status is readable by pages of listed origins only', async () => {
    const others = ['null', OTHERS[2], OTHERS[3]];
    for (const [number, [status, target, init]] of requests().entries()) {
      // Of each kind one, another one each time.
      for (const origin of [...inTurn(LISTED, number), ...inTurn(others, number)]) {
        const response = await service.fetch(target, { ...init, headers: { ...init.headers, Origin: origin } });
        await response.text();
        assert.equal(response.status, status, target);
        if (LISTED.includes(origin)) checkReadable(response, origin);
        else checkUnreadable(response, origin);
      }
      const response = await service.fetch(target, init);
      await response.text();
      checkVary(response);
      assert.deepEqual(corsHeaders(response), [], 'without an origin');
    }
  });

  test('allows none of the origins that resemble a listed one', async () => {
    for (const origin of OTHERS) {
      const response = await service.fetch(REPORT, { token: adminToken('o'), headers: { Origin: origin } });
      assert.equal(response.status, 200, 'the service refuses no origin: the browser keeps the answer from the page');
      await response.text();
      checkUnreadable(response, origin);
    }
  });
});

test('no page may read responses if no origin is listed or the list is invalid', async () => {
  for (const name of ['none-listed', 'misconfigured']) {
    const via = service.sibling(name);
    for (const origin of [...LISTED, 'null', '*']) {
      checkUnreadable(await via.fetch(REPORT, { token: adminToken('o'), headers: { Origin: origin } }), origin);
      checkUnreadable(await preflight(REPORT, origin, { via }), origin);
    }
  }
});
