// Tenants: no response has a byte of another organization, whoever asks, in whatever way, and from whichever cache.
//
// Every string that is stored for an organization contains its canary. Callers of every kind ask for every
// organization, and every route is asked about many of them, in either of two isolates over one cache, and every body
// and header is searched for the canaries of organizations that the caller may not see.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { IS_LONG_RUN, inTurn } from '../long-run.mjs';
import { Clock, HOUR, hoursAgo } from './fixtures.mjs';
import { startService, tokenOf } from './harness.mjs';
import { CONVERSATION, EVENTS_ROUTE, READS, ROUTES, requestOf } from './routes.mjs';

/**
 * On each route one pair of organizations of so many is asked about, and with one database every pair on at least two
 * routes: to whom an organization belongs does not depend on the route. Over several databases only which of them is
 * read is new. In the long run every pair is on every route.
 */
const PAIRS_STEP = IS_LONG_RUN ? 1 : process.env.TEST_DATABASES === undefined ? 4 : 8;

/** Ids that are prefixes of each other, or that break careless quoting, escaping, paths, patterns and case folding. */
const IDS = [
  'o',
  'o1',
  'o11',
  'O',
  'o ',
  'o"',
  "o' OR '1'='1",
  'o%',
  'o%20',
  '_',
  'o,1',
  'o/1',
  'o?organizationId=o1',
  'o\\',
  'ö',
  'o\u0308',
  '🙂',
  '__proto__',
  'x'.repeat(128),
];

const random = seededRandom('tenants');
const { pick } = random;

const organizations = IDS.map((organizationId, number) => {
  const canary = `canary${createHash('sha256').update(`canary ${number}`).digest('hex').slice(0, 12)}`;
  return {
    id: organizationId,
    canary,
    departments: [`${canary}-d1`, `${canary}-d2`],
    users: [`${canary}-u1`, `${canary}-u2`],
    // Known once it is published.
    snapshotId: '',
    /** @type {string[]} */
    etags: [],
  };
});

/** An event of every type, with a canary in every string. */
function eventsOf({ id, canary, departments, users }, at) {
  const common = { organizationId: id, updatedAt: at };
  /** @type {Record<string, unknown>[]} */
  const events = [{ ...common, type: 'organization', name: `${canary} Inc.` }];
  for (const departmentId of departments)
    events.push({ ...common, type: 'department', departmentId, name: `${departmentId} name` });
  for (const userId of users) events.push({ ...common, type: 'user', userId, fullName: `${userId} name` });
  for (const number of [0, 1, 2, 3]) {
    const name = `${canary}-${number}`;
    // One conversation has the same id in all organizations.
    const conversationId = number === 0 ? CONVERSATION : `${name}-c`;
    const item = { ...common, conversationId, at };
    events.push(
      {
        ...common,
        type: 'contact',
        contactId: `${name}-p`,
        name: `${name} name`,
        phone: `+1 ${name}`,
        // The other one, so that both lead back: each has its own name.
        mergedInto: number % 2 === 0 ? `${canary}-${number + 1}-p` : `${canary}-${number - 1}-p`,
      },
      {
        ...common,
        type: 'conversation',
        conversationId,
        contactId: `${name}-p`,
        channelType: `${name}-channel`,
        departmentId: departments[number % 2],
        ownerId: users[0],
        assigneeIds: users,
      },
      {
        ...item,
        type: 'message',
        messageId: `${name}-m`,
        direction: 'inbound',
        sender: 'contact',
        senderId: `${name}-p`,
        inReplyTo: `${name}-n`,
      },
      { ...item, type: 'resolution', changeId: `${name}-r`, resolved: false },
    );
    if (number > 1)
      events.push({ ...item, type: 'autopilot', changeId: `${name}-a`, enabled: false, actorId: users[1] });
  }
  return events;
}

let service;
/** The two isolates: one reads heads each time and puts every page into KV, the other keeps them in memory. */
let isolates;
before(async () => {
  service = await startService({
    vars: { PAGE_MEMORY_MEBIBYTES: '0' },
    siblings: { remembering: { vars: { HEAD_MAX_AGE_SECONDS: '60' } } },
  });
  isolates = [service, service.sibling('remembering')];
  const clock = new Clock(hoursAgo(1));
  for (const organization of organizations) await service.post(eventsOf(organization, clock.iso()));
  await clock.refresh(service, HOUR);
  for (const organization of organizations) {
    const { snapshotId, rows } = await service.report(tokenOf({ role: 'ADMIN', organizationId: organization.id }));
    assert.equal(rows.length, 4);
    organization.snapshotId = snapshotId;
  }
});
after(() => service?.close());

/** Callers of the organization `home`. They know everything about `other` except a token of it. */
const CALLERS = {
  admin: (home) => ({ role: 'ADMIN', sub: home.users[0] }),
  'admin with the user id of another': (_home, other) => ({ role: 'ADMIN', sub: other.users[0] }),
  head: (home) => ({ role: 'DEPARTMENT_HEAD', sub: home.users[0], departmentIds: [home.departments[0]] }),
  'head with departments of another': (home, other) => ({
    role: 'DEPARTMENT_HEAD',
    sub: other.users[0],
    departmentIds: [...other.departments, home.departments[1]],
  }),
  'head with nothing': () => ({ role: 'DEPARTMENT_HEAD' }),
  agent: (home) => ({ role: 'AGENT', sub: home.users[0], departmentIds: home.departments }),
  superadmin: () => ({ role: 'SUPERADMIN', sub: 'root' }),
};

/** Callers who may name only their own organization are refused most of the time, so the others get more turns. */
const CALLERS_BY_TURNS = [...Object.keys(CALLERS), ...Array(Object.keys(CALLERS).length).fill('superadmin')];

/** Ways to ask for another organization's data. Each adds to the query or to the headers. */
const ATTEMPTS = {
  plainly: () => ({}),
  'by its department': (other) => ({ query: { departmentId: other.departments[0] } }),
  'by its snapshot': (other) => ({ query: { snapshot: other.snapshotId }, isPinned: true }),
  'by its ETag': (other) => ({ headers: { 'If-None-Match': other.etags.join(', ') || '"x"' }, isConditional: true }),
  'in a page of its own size': () => ({ query: { limit: '3', page: '2', skipThreshold: 'true' } }),
  'with HEAD': () => ({ method: 'HEAD' }),
  'with a fault': (other) => ({ query: { category: other.canary }, isBad: true }),
  'in headers that nothing reads': (other) => ({
    headers: { 'X-Organization-Id': encodeURIComponent(other.id), Cookie: `organizationId=${other.canary}` },
  }),
};

/** The canaries in a response's body and headers, however they are encoded. */
async function canariesIn(response) {
  const body = await response.text();
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  const text = `${headers}\n${body}`.replace(/\\u([0-9a-f]{4})/gi, (_, code) =>
    String.fromCharCode(parseInt(code, 16)),
  );
  const base64 = [...text.matchAll(/[A-Za-z0-9_+/-]{16,}/g)].map(([run]) =>
    Buffer.from(run, 'base64').toString('latin1'),
  );
  const found = new Set();
  for (const haystack of [text, decodeLoosely(text), ...base64]) {
    for (const [canary] of haystack.toLowerCase().matchAll(/canary[0-9a-f]{12}/g)) found.add(canary);
  }
  return { body, found };
}

const decodeLoosely = (text) => text.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));

function withQuery(target, query) {
  const entries = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return entries.length ? `${target}${target.includes('?') ? '&' : '?'}${entries.join('&')}` : target;
}

const counts = { requests: 0, rows: 0, statuses: {}, sources: {} };

/** One request: whatever the response is, it has no canary except those of the organization that the caller may see. */
async function attempt(route, home, named, callerName, attemptName, isolate) {
  const other = named === home ? pick(organizations) : named;
  const claims = { ...CALLERS[callerName](home, other), organizationId: home.id };
  const { query = {}, headers = {}, method, isPinned, isConditional, isBad } = ATTEMPTS[attemptName](other);
  const mayName = claims.role === 'SUPERADMIN' || named === home;
  const mayRead = route.roles.includes(claims.role) && mayName;
  const allowed = claims.role === 'SUPERADMIN' ? named : home;

  // A caller's own organization need not be named.
  const [target, init] = requestOf(route, named === home && random.chance(0.5) ? undefined : named.id, {
    own: home.id,
  });
  const asked = withQuery(target, query);
  const context = `${callerName} of ${home.id} asks ${route.name} for ${named.id} ${attemptName}: ${asked}`;
  const response = await isolate.fetch(asked, {
    ...init,
    method: method ?? init.method,
    headers,
    token: tokenOf(claims),
  });
  const { body, found } = await canariesIn(response);

  const isExpired = isPinned && route.pins && other !== allowed;
  const isRefused = isBad && route.pins;
  // The conversation is in the first department.
  const isHead = claims.role === 'DEPARTMENT_HEAD';
  const isUnseen = route.isOfDepartment && isHead && !claims.departmentIds?.includes(allowed.departments[0]);
  if (isRefused) assert.equal(response.status, 400, context);
  else if (!mayRead) assert.equal(response.status, 403, context);
  else if (isUnseen) assert.equal(response.status, 404, context);
  else if (isExpired) assert.equal(response.status, 410, context);
  else if (isConditional && other === allowed) assert.ok([200, 304].includes(response.status), context);
  else assert.equal(response.status, 200, `${context}: ${body}`);

  const mayShow = response.status === 200 ? [allowed.canary] : [];
  assert.deepEqual(
    [...found].filter((canary) => !mayShow.includes(canary)),
    [],
    context,
  );
  if (response.status === 200) {
    if (route.name === 'report' && method !== 'HEAD') {
      const { data } = JSON.parse(body);
      assert.equal(data.organizationId, allowed.id, context);
      assert.ok(
        data.rows.every((row) => row.contactId.startsWith(allowed.canary)),
        context,
      );
      counts.rows += data.rows.length;
    }
    if (!allowed.etags.includes(response.headers.get('etag'))) allowed.etags.push(response.headers.get('etag'));
  }
  counts.requests += 1;
  counts.statuses[response.status] = (counts.statuses[response.status] ?? 0) + 1;
  for (const [source] of (response.headers.get('server-timing') ?? '').matchAll(/\w+;desc="\w+"/g)) {
    counts.sources[source] = (counts.sources[source] ?? 0) + 1;
  }
}

describe('no caller gets a byte of another organization', () => {
  for (const [routeNumber, route] of READS.entries()) {
    test(route.name, async () => {
      let pairs = 0;
      for (const [number, home] of organizations.entries()) {
        for (const [other, named] of organizations.entries()) {
          // Each organization asks for itself, too.
          if (home !== named && (number + other + routeNumber) % PAIRS_STEP > 0) continue;
          pairs += 1;
          await attempt(route, home, named, pick(CALLERS_BY_TURNS), pick(Object.keys(ATTEMPTS)), pick(isolates));
        }
      }
      assert.ok(pairs > 2 * organizations.length, `${pairs}`);
    });

    test(`${route.name}: every caller in every way, for the next organization`, async () => {
      const ways = Object.keys(CALLERS).flatMap((caller) => Object.keys(ATTEMPTS).map((way) => [caller, way]));
      for (const [number, [caller, way]] of ways.entries()) {
        // Another organization on each route.
        const place = number + 7 * routeNumber;
        const home = organizations[place % organizations.length];
        const named = organizations[(place + 1) % organizations.length];
        await attempt(route, home, place % 3 ? named : home, caller, way, pick(isolates));
      }
    });
  }

  test('the requests covered every status and every source', (t) => {
    t.diagnostic(JSON.stringify(counts));
    for (const status of [200, 304, 400, 403]) assert.ok(counts.statuses[status] >= 10, JSON.stringify(counts));
    for (const source of [
      'head;desc="memory"',
      'head;desc="d1"',
      'index;desc="memory"',
      'page;desc="kv"',
      'page;desc="d1"',
    ]) {
      assert.ok(counts.sources[source] >= 10, `${source}: ${JSON.stringify(counts)}`);
    }
    assert.ok(counts.rows > 80, JSON.stringify(counts));
  });
});

test('a conversation of another organization is not known, wherever it is asked about', async () => {
  for (const [number, home] of organizations.entries()) {
    const other = organizations[(number + 1) % organizations.length];
    const asked = inTurn(['admin', 'head', 'superadmin'], number).flatMap((caller) =>
      [home, other].map((one) => ({ caller, ...one })),
    );
    for (const { caller, id, canary } of asked) {
      const token = tokenOf({ ...CALLERS[caller](home, other), organizationId: home.id });
      const target = `/api/conversation-monitor/conversations/${canary}-2-c`;
      const acknowledgement = {
        method: 'PUT',
        body: JSON.stringify({ latestInboundMessageId: `${canary}-2-m` }),
        headers: { 'Content-Type': 'application/json' },
      };
      /** @type {[string, any][]} */
      const requests = [[target, {}]];
      if (id !== home.id) requests.push([`${target}/acknowledgement`, acknowledgement]);
      for (const [address, init] of requests) {
        const response = await pick(isolates).fetch(address, { ...init, token });
        const { body, found } = await canariesIn(response);
        assert.equal(response.status, id === home.id ? 200 : 404, `${caller} of ${home.id}: ${body}`);
        assert.deepEqual([...found], id === home.id ? [canary] : []);
      }
    }
  }
});

test('a snapshot of another organization is answered like one that never existed', async () => {
  const answers = new Set();
  for (const route of READS.filter(({ pins }) => pins)) {
    for (const [number, home] of organizations.entries()) {
      const others = [1, 2, 7].map((step) => organizations[(number + step) % organizations.length]);
      for (const snapshot of [...others.map(({ snapshotId }) => snapshotId), 'v1-0-5-AAAAAAAAAAAAAAAAAAAAAA']) {
        const role = pick(['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD']);
        const token = tokenOf({ sub: 'u', role, organizationId: home.id });
        const headers = pick([{}, { 'If-None-Match': '*' }]);
        const response = await pick(isolates).fetch(withQuery(route.target(undefined), { snapshot }), {
          token,
          headers,
        });
        const { body, found } = await canariesIn(response);
        assert.deepEqual([...found], []);
        answers.add(`${response.status} ${body}`);
      }
    }
  }
  assert.equal(answers.size, 1, [...answers].join('\n'));
  assert.match([...answers][0], /^410 .*SNAPSHOT_EXPIRED/);
});

describe('no response tells whether another organization exists', () => {
  for (const [number, route] of ROUTES.entries()) {
    test(route.name, async () => {
      const [home] = organizations;
      const answers = new Set();
      // Each of the others on several routes.
      const others = organizations.slice(1).filter((_, index) => IS_LONG_RUN || (index + number) % 4 === 0);
      assert.ok(others.length >= 4);
      for (const named of [...others.map(({ id }) => id), 'nowhere', 'o0', `${home.id}2`]) {
        const token = tokenOf({ sub: 'u', role: 'ADMIN', organizationId: home.id, scope: route.scope });
        const [target, init] = requestOf(route, named);
        const response = await service.fetch(target, { ...init, token });
        const varying = ['x-request-id', 'server-timing', 'date'];
        const headers = [...response.headers].filter(([name]) => !varying.includes(name));
        answers.add(JSON.stringify([response.status, headers, await response.text()]));
      }
      assert.equal(answers.size, 1, [...answers].join('\n'));
      assert.equal(JSON.parse([...answers][0])[0], 403);
    });
  }
});

test('an ingest for another organization reveals and changes nothing', async () => {
  const count = async () => {
    const counted = service.databases.map((database) =>
      database.prepare('SELECT count(*) AS count FROM record').first(),
    );
    return (await Promise.all(counted)).reduce((sum, { count }) => sum + count, 0);
  };
  const before = await count();
  const route = EVENTS_ROUTE;
  for (const home of organizations) {
    const other = pick(organizations.filter((organization) => organization !== home));
    const token = tokenOf({ sub: 'u', organizationId: home.id, scope: route.scope });
    const events = eventsOf(other, new Date().toISOString());
    const [target, init] = requestOf(route, other.id);
    const response = await service.fetch(target, {
      ...init,
      token,
      body: events.map((event) => JSON.stringify(event)).join('\n'),
    });
    assert.equal(response.status, 403);
    assert.deepEqual([...(await canariesIn(response)).found], []);
  }
  assert.equal(await count(), before);
});

test('a malformed ingest reveals nothing that is stored', async () => {
  const route = EVENTS_ROUTE;
  for (const home of organizations) {
    const token = tokenOf({ sub: 'u', organizationId: home.id, scope: route.scope });
    const [target, init] = requestOf(route, home.id);
    const response = await service.fetch(target, {
      ...init,
      token,
      body: JSON.stringify({ type: 'user', organizationId: home.id }),
    });
    assert.equal(response.status, 400);
    assert.deepEqual([...(await canariesIn(response)).found], []);
  }
});

test('the keys of the shared cache reveal nothing, and each value is of one organization', async () => {
  const names = [];
  for (let cursor; ; ) {
    const listed = await service.pages.list({ cursor });
    names.push(...listed.keys.map(({ name }) => name));
    if (listed.list_complete) break;
    cursor = listed.cursor;
  }
  assert.ok(names.length > 20, `${names.length} keys`);
  for (const name of names) {
    assert.match(name, /^page\/4\/[\w-]{43}$/);
    // What it is a page of may name the departments that a caller claims, even those of others. The rows must not.
    const [, , ...lines] = (await service.pages.get(name)).split('\n');
    const rows = lines.join('\n');
    const canaries = new Set([...rows.matchAll(/canary[0-9a-f]{12}/g)].map(([canary]) => canary));
    assert.equal(canaries.size, 1, name);
    assert.ok(!rows.includes('hasAccess'), 'a view is in the shared cache');
  }
});

test('the log names no organization, contact or user', () => {
  const log = JSON.stringify(service.logs());
  assert.ok(log.length > 10_000);
  assert.deepEqual(log.match(/canary[0-9a-f]{12}/g), null);
});

test('health names nobody', async () => {
  for (const isolate of isolates) assert.deepEqual([...(await canariesIn(await isolate.fetch('/health'))).found], []);
});
