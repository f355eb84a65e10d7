// Rate limits: which calls are counted together, and which are not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { EVENTS, REPORT, ROOT, STREAM, startService, tokenOf } from './harness.mjs';
import { EVENTS_ROUTE, READS, ROUTES, requestOf, SEARCH_ROUTE } from './routes.mjs';

const PERIOD_SECONDS = 60;
const LIMITS = {
  READ_LIMIT: 3,
  SEARCH_LIMIT: 2,
  STREAM_LIMIT: 2,
  ALERT_TEST_LIMIT: 2,
  INGEST_LIMIT: 2,
  FAILURE_LIMIT: 3,
};
const ORIGIN = 'https://crm.example';

let service;
before(async () => {
  const vars = { ALLOWED_ORIGINS: ORIGIN, READ_LIMIT_CALLS: '600', INGEST_LIMIT_CALLS: '6000' };
  const siblings = {
    'ten-seconds': { vars: { RATE_LIMIT_PERIOD_SECONDS: '10' }, limits: LIMITS },
    unlimited: { vars: { READ_LIMIT_CALLS: '600' } },
  };
  service = await startService({ vars, limits: LIMITS, siblings });
  for (const organizationId of ['o', 'p']) {
    const event = { type: 'organization', organizationId, name: organizationId, updatedAt: '2026-01-01T00:00:00Z' };
    // Each with a subject of its own, so that these calls do not count against a test's.
    const token = tokenOf({ sub: `setup ${organizationId}`, role: 'SUPERADMIN', scope: EVENTS_ROUTE.scope });
    const headers = { 'Content-Type': 'application/x-ndjson' };
    const response = await service.fetch('/api/conversation-monitor/events', {
      method: 'POST',
      token,
      headers,
      body: JSON.stringify(event),
    });
    assert.equal(response.status, 200, await response.text());
  }
});
after(() => service?.close());

let scenarios = 0;

/**
 * Runs a scenario within one period: the platform counts by the minute of the clock, so the counts of a scenario that
 * begins in the last second of a minute would vanish. The scenario gets a unique text for its subjects and addresses.
 */
async function inOnePeriod(scenario) {
  for (;;) {
    const period = () => Math.floor(Date.now() / (PERIOD_SECONDS * 1000));
    const startedIn = period();
    try {
      scenarios += 1;
      return await scenario(`run ${scenarios}`, scenarios);
    } catch (error) {
      if (period() === startedIn) throw error;
    }
  }
}

const limited = (name, scenario) => test(name, () => inOnePeriod(scenario));

async function statusOf(target, init, via = service) {
  const response = await via.fetch(target, init);
  await response.text();
  return response.status;
}

/** The statuses of `count` requests, one after the other. */
async function statuses(count, target, init, via) {
  const found = [];
  for (let number = 0; number < count; number += 1) found.push(await statusOf(target, init, via));
  return found;
}

const reader = (sub, organizationId = 'o') => tokenOf({ sub, role: 'ADMIN', organizationId });
const writer = (sub) => tokenOf({ sub, organizationId: 'o', scope: EVENTS_ROUTE.scope });
const [EVENTS_TARGET, EVENTS_INIT] = requestOf(EVENTS_ROUTE, 'o');

async function check429(response, seconds = PERIOD_SECONDS) {
  const text = await response.text();
  assert.equal(response.status, 429, text);
  assert.equal(response.headers.get('retry-after'), String(seconds));
  const { success, error, message, ...rest } = JSON.parse(text);
  assert.deepEqual([success, error, rest], [false, 'RATE_LIMITED', {}]);
  assert.match(message, /^\S.*\.$/);
  for (const name of ['etag', 'www-authenticate']) assert.equal(response.headers.get(name), null);
  assert.equal(response.headers.get('cache-control'), 'private, no-cache');
  assert.match(response.headers.get('x-request-id'), /^\S{8,}$/);
}

describe('reads', () => {
  limited('are counted by subject and organization, over all tokens and routes', async (run) => {
    const found = [];
    for (let number = 0; number < LIMITS.READ_LIMIT; number += 1) {
      const [target, init] = requestOf(READS[number % READS.length], undefined);
      // Another token each time: another `iat`, the same caller.
      const token = tokenOf({ sub: run, role: 'ADMIN', organizationId: 'o', iat: 1_700_000_000 + number });
      found.push(await statusOf(target, { ...init, token }));
    }
    assert.deepEqual(found, [200, 200, 200]);
    for (const route of READS.filter(({ limit }) => limit === undefined)) {
      const [target, init] = requestOf(route, undefined);
      await check429(await service.fetch(target, { ...init, token: reader(run) }));
    }
    assert.equal(await statusOf(REPORT, { token: reader(run), method: 'HEAD' }), 429);
    assert.equal(await statusOf(REPORT, { token: reader(run), headers: { 'If-None-Match': '*' } }), 429);
    assert.equal(await statusOf(REPORT, { token: reader(`${run} `) }), 200, 'another subject');
    assert.equal(await statusOf(REPORT, { token: reader(run, 'p') }), 200, 'the same subject of another organization');
    assert.equal(await statusOf(REPORT, { token: tokenOf({ role: 'ADMIN', organizationId: 'o' }) }), 200, 'no subject');
  });

  limited('are counted even if they are refused for another reason', async (run) => {
    assert.deepEqual(await statuses(3, `${REPORT}?page=0`, { token: reader(run) }), [400, 400, 400]);
    await check429(await service.fetch(REPORT, { token: reader(run) }));
  });

  limited('from changing addresses count for one caller', async (run) => {
    const found = [];
    for (let number = 0; number < 4; number += 1) {
      found.push(await statusOf(REPORT, { token: reader(run), headers: { 'CF-Connecting-IP': `192.0.2.${number}` } }));
    }
    assert.deepEqual(found, [200, 200, 200, 429]);
  });
});

limited('ingests are counted apart from reads', async (run) => {
  const both = tokenOf({ sub: run, role: 'ADMIN', organizationId: 'o', scope: EVENTS_ROUTE.scope });
  assert.deepEqual(await statuses(3, EVENTS_TARGET, { ...EVENTS_INIT, token: both }), [200, 200, 429]);
  assert.deepEqual(await statuses(4, REPORT, { token: both }), [200, 200, 200, 429]);
  await check429(await service.fetch(EVENTS_TARGET, { ...EVENTS_INIT, token: both }));
  assert.equal(await statusOf(EVENTS_TARGET, { ...EVENTS_INIT, token: writer(`${run} another`) }), 200);
});

limited('searches are counted apart from reads', async (run) => {
  const [target, init] = requestOf(SEARCH_ROUTE, 'o');
  assert.deepEqual(await statuses(3, target, { ...init, token: reader(run) }), [200, 200, 429]);
  assert.deepEqual(await statuses(4, REPORT, { token: reader(run) }), [200, 200, 200, 429]);
  await check429(await service.fetch(target, { ...init, token: reader(run) }));
  assert.equal(await statusOf(target, { ...init, token: reader(`${run} another`) }), 200);
});

describe('failed authentication', () => {
  const from = (address) => ({ headers: { 'CF-Connecting-IP': address } });

  limited('is counted by address, however it fails, and never affects a valid token', async (run, number) => {
    const address = `198.51.100.${number}`;
    const init = from(address);
    const expired = tokenOf({ sub: run, role: 'ADMIN', organizationId: 'o', exp: 1 });
    assert.equal(await statusOf(REPORT, init), 401);
    assert.equal(await statusOf(REPORT, { headers: { ...init.headers, Authorization: 'Basic x' } }), 401);
    assert.equal(await statusOf(EVENTS_TARGET, { ...EVENTS_INIT, ...init, token: expired }), 401);
    for (const token of [undefined, 'garbage', expired]) {
      await check429(await service.fetch(REPORT, { ...init, token }));
    }
    assert.deepEqual(await statuses(3, REPORT, { ...init, token: reader(run) }), [200, 200, 200], 'valid tokens pass');
    assert.equal(
      await statusOf(EVENTS_TARGET, {
        ...EVENTS_INIT,
        headers: { ...EVENTS_INIT.headers, ...init.headers },
        token: writer(run),
      }),
      200,
    );
    assert.equal(await statusOf(REPORT, from(`198.51.101.${number}`)), 401, 'another address');
  });

  limited('of one IPv6 network counts for one client', async (_run, number) => {
    const network = `2001:db8:${number.toString(16)}:1`;
    const found = [];
    for (const host of ['::1', '::2', ':a:b:c:d', '::ffff']) found.push(await statusOf(REPORT, from(network + host)));
    assert.deepEqual(found, [401, 401, 401, 429]);
    assert.equal(await statusOf(REPORT, from(`2001:db8:${number.toString(16)}:2::1`)), 401);
  });

  limited('is not caused by valid calls, even if they are refused', async (run, number) => {
    const init = { ...from(`203.0.113.${number}`), token: reader(run) };
    await statuses(3, REPORT, init);
    assert.equal(await statusOf(REPORT, init), 429);
    assert.equal(
      await statusOf(REPORT, from(`203.0.113.${number}`)),
      401,
      'valid calls, refused ones too, are no failures',
    );
  });
});

describe('precedence: 401, 429, then all the others', () => {
  for (const route of ROUTES) {
    limited(route.name, async (run) => {
      const claims = { sub: run, role: 'ADMIN', organizationId: 'o', scope: EVENTS_ROUTE.scope };
      const [target, init] = requestOf(route, 'o');
      const limit = LIMITS[route.limit ?? 'READ_LIMIT'];
      await statuses(limit, target, { ...init, token: tokenOf(claims) });
      const faults = {
        400: requestOf(route, 'o', { isBad: true }),
        403: requestOf(route, 'p'),
        304: [target, { ...init, headers: { ...init.headers, 'If-None-Match': '*' } }],
      };
      for (const [faulty, its] of Object.values(faults)) {
        assert.equal(await statusOf(faulty, { ...its, token: tokenOf(claims) }), 429);
      }
      const unauthenticated = {
        ...init,
        token: 'garbage',
        headers: { ...init.headers, 'CF-Connecting-IP': `run-${run}` },
      };
      assert.equal(await statusOf(target, unauthenticated), 401);
    });
  }

  limited('unknown routes and methods ask for no token and are not counted', async (run) => {
    assert.deepEqual(await statuses(5, '/nowhere', { token: reader(run) }), [404, 404, 404, 404, 404]);
    assert.deepEqual(await statuses(5, REPORT, { token: reader(run), method: 'DELETE' }), [405, 405, 405, 405, 405]);
    // No refresh has finished.
    assert.deepEqual(await statuses(5, '/health', {}), [503, 503, 503, 503, 503]);
    assert.equal(await statusOf(REPORT, { token: reader(run) }), 200);
  });
});

limited('a page of a listed origin may read a 429 and its Retry-After', async (run) => {
  const init = { token: reader(run), headers: { Origin: ORIGIN } };
  await statuses(3, REPORT, init);
  const response = await service.fetch(REPORT, init);
  assert.equal(response.headers.get('access-control-allow-origin'), ORIGIN);
  assert.match(response.headers.get('access-control-expose-headers'), /\bRetry-After\b/);
  await check429(response);
});

limited('Retry-After is the configured period', async (run) => {
  const other = service.sibling('ten-seconds');
  await statuses(3, REPORT, { token: reader(run) }, other);
  await check429(await other.fetch(REPORT, { token: reader(run) }), 10);
});

test('without bindings there is no limit', async () => {
  const unlimited = service.sibling('unlimited');
  const found = new Set(await statuses(20, REPORT, { token: reader('somebody') }, unlimited));
  assert.deepEqual([...found], [200]);
  assert.deepEqual([...new Set(await statuses(20, REPORT, {}, unlimited))], [401]);
});

test('the periods in wrangler.toml are the default of Retry-After', () => {
  const file = readFileSync(path.join(ROOT, 'wrangler.toml'), 'utf8');
  const bindings = file.split('[[ratelimits]]').slice(1);
  const names = bindings.map((binding) => /^name = "(\w+)"$/m.exec(binding)?.[1]);
  assert.deepEqual(names.sort(), Object.keys(LIMITS).sort());
  for (const binding of bindings) assert.equal(Number(/period = (\d+)/.exec(binding)?.[1]), PERIOD_SECONDS);
  assert.equal(new Set(bindings.map((binding) => /namespace_id = "(\d+)"/.exec(binding)?.[1])).size, bindings.length);
  const configured = /^RATE_LIMIT_PERIOD_SECONDS = "(\d+)"$/m.exec(file);
  assert.equal(Number(configured?.[1] ?? PERIOD_SECONDS), PERIOD_SECONDS);
});

limited('opening streams has a limit of its own', async (run) => {
  const token = reader(run);
  const open = async () => {
    const response = await service.fetch(STREAM, { token });
    await (response.status === 200 ? response.body.cancel() : response.text());
    return response.status;
  };
  assert.deepEqual([await open(), await open(), await open()], [200, 200, 429]);
  await check429(await service.fetch(STREAM, { token }));
});

test('clients are told what wrangler.toml allows', async () => {
  const file = readFileSync(path.join(ROOT, 'wrangler.toml'), 'utf8');
  for (const name of ['READ_LIMIT', 'INGEST_LIMIT']) {
    const limit = new RegExp(`name = "${name}"[^\\[]*limit = (\\d+)`).exec(file)?.[1];
    const told = new RegExp(`^${name}_CALLS = "(\\d+)"$`, 'm').exec(file)?.[1];
    assert.ok(limit);
    assert.equal(told, limit, name);
  }
  const policyOf = async (...request) => {
    const response = await service.fetch(...request);
    await response.text();
    return response.headers.get('ratelimit-policy');
  };
  assert.equal(await policyOf(REPORT, { token: reader('told') }), '"read";q=600;w=60');
  assert.equal(await policyOf(EVENTS, { method: 'POST', token: writer('told') }), '"ingest";q=6000;w=60');
  assert.equal(await policyOf(REPORT), null);
  const unlimited = service.sibling('unlimited');
  assert.equal((await unlimited.fetch(REPORT, { token: reader('told') })).headers.get('ratelimit-policy'), null);
});
