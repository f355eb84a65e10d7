// Every response that the report can give: its status, headers and body, and which response is given when.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { IS_LONG_RUN } from '../long-run.mjs';
import {
  Clock,
  checkCommonHeaders,
  conversationIdsOf,
  departmentHeadToken,
  ERROR_CODES,
  hoursAgo,
  isoAt,
  MINUTE,
  NO_ROWS,
  newOrganizationId,
  organizationOf,
  setThreshold,
  superadminToken,
  waiting,
} from './fixtures.mjs';
import { adminToken, EVENTS, REPORT, ROOT, SECRET, startService, tokenOf } from './harness.mjs';
import { OPEN, ROUTES } from './routes.mjs';
import { CONTRACT, schemaErrors } from './schema.mjs';

const PAGE_MAX = 2 ** 53 - 1;
/** Of the file as the contract's authors published it. */
const CONTRACT_SHA256 = 'c6148a71390c60107ac936b7275a77452c39c824b53b541a3865f1be818701bc';

let service;
before(async () => {
  service = await startService();
});
after(() => service.close());

// ---------------------------------------------------------------------------------------------------------------
// Organizations to report on
// ---------------------------------------------------------------------------------------------------------------

const clock = new Clock(hoursAgo(24));
const refresh = (minutes = 1) => clock.refresh(service, minutes * MINUTE);

/** An organization with these conversations, published: `[[conversationId, minutes waited, more], …]`. */
async function publish(conversations, organizationId = newOrganizationId()) {
  const events = conversations.flatMap(([conversationId, minutes, more = {}]) =>
    waiting(organizationId, conversationId, { since: clock.iso(minutes * MINUTE), ...more }),
  );
  const common = { organizationId, updatedAt: clock.iso() };
  await service.post([
    organizationOf(organizationId, clock.iso()),
    { ...common, type: 'contact', contactId: 'contact of c1', name: 'Jane', phone: '+14155550123' },
    { ...common, type: 'user', userId: 'u1', fullName: 'Alice' },
    { ...common, type: 'user', userId: 'u2', fullName: 'Bob' },
    ...events,
  ]);
  await refresh();
  return organizationId;
}

/** Both categories, two departments and none, owners and assignees; c6 has waited for less than the threshold. */
const SAMPLE = [
  ['c1', 60, { departmentId: 'd1', ownerId: 'u1' }],
  ['c2', 50, { departmentId: 'd2', assigneeIds: ['u2'] }],
  ['c3', 40, { departmentId: 'd1', ownerId: 'u2', assigneeIds: ['u1'], agent: 'u1' }],
  ['c4', 30, { agent: 'u2' }],
  ['c5', 20, { departmentId: 'd1' }],
  ['c6', 1, { departmentId: 'd2' }],
];

// ---------------------------------------------------------------------------------------------------------------
// Properties of every response
// ---------------------------------------------------------------------------------------------------------------

function checkHeaders(response) {
  const header = (name) => response.headers.get(name);
  checkCommonHeaders(response);
  if (response.status !== 304) assert.match(header('content-type'), /^application\/json\b/);
  if (response.status < 400) assert.match(header('etag'), /^"[\x21\x23-\x7e]+"$/);
  else assert.equal(header('etag'), null);
  assert.equal(header('www-authenticate') !== null, response.status === 401);
  assert.equal(header('allow') !== null, response.status === 405);
  assert.equal(header('retry-after') !== null, response.status === 503);
}

function checkBody(status, body) {
  const schema = status === 200 ? 'ConversationMonitorReportResponse' : 'ConversationMonitorErrorResponse';
  assert.deepEqual(schemaErrors(schema, body), []);
  if (status === 200) return checkData(body);
  assert.deepEqual(Object.keys(body).sort(), ['error', 'message', 'success']);
  assert.equal(body.success, false);
  assert.equal(body.error, ERROR_CODES[status]);
  assert.match(body.message, /^\S.*\.$/);
}

/** What a response promises besides the contract's required members. */
function checkData({ success, data }) {
  assert.equal(success, true);
  const { pagination, counts, rows } = data;
  assert.equal(data.totalCount, pagination.total);
  assert.equal(pagination.totalPages, Math.ceil(pagination.total / pagination.limit));
  const before = pagination.limit * (pagination.page - 1);
  assert.equal(rows.length, Math.max(0, Math.min(pagination.limit, pagination.total - before)));
  assert.deepEqual(Object.keys(counts), Object.keys(NO_ROWS));
  // Every instant here is hours ago.
  assert.equal(data.stale, !data.snapshotMissing);
  assert.equal(data.olderCount, 0);
  assert.equal(data.generatedAt === null, data.snapshotMissing);
  assert.equal(data.snapshotId === null, data.snapshotMissing);
  for (const row of rows) {
    for (const name of ['latestInboundAt', 'waitingSince', 'stalledSince'])
      assert.equal(isoAt(Date.parse(row[name])), row[name]);
    assert.equal(typeof row.reason, 'string');
    assert.ok(Object.hasOwn(row, 'departmentId'));
  }
}

/** One of so many questions is asked with HEAD, too, and the first with each status; in the long run every one. */
const HEAD_STEP = 4;
const heads = { questions: 0, statuses: new Set() };

/** Whether a question with this response is asked with HEAD: what HEAD sends does not depend on what is asked. */
function isAskedWithHead(status) {
  heads.questions += 1;
  const isFirst = !heads.statuses.has(status);
  heads.statuses.add(status);
  return IS_LONG_RUN || isFirst || heads.questions % HEAD_STEP === 0;
}

/** Asks with GET, sometimes with HEAD as well, checks the responses, and returns the first with its body. */
async function ask({ query = '', target = `${REPORT}?${query}`, ...init }) {
  const response = await service.fetch(target, init);
  const text = await response.text();
  checkHeaders(response);
  if (response.status === 304) assert.equal(text, '');
  else checkBody(response.status, JSON.parse(text));
  if (init.method === undefined && isAskedWithHead(response.status)) await checkHead(response, target, init);
  return { status: response.status, headers: response.headers, text, body: text && JSON.parse(text) };
}

/** Headers that differ between two responses to the same request. */
const OWN_HEADERS = [
  'x-request-id',
  'server-timing',
  'connection',
  'date',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'mf-content-encoding',
];

async function checkHead(response, target, init) {
  const head = await service.fetch(target, { ...init, method: 'HEAD' });
  const shared = ({ headers }) => [...headers].filter(([name]) => !OWN_HEADERS.includes(name));
  assert.equal(await head.text(), '');
  assert.equal(head.status, response.status);
  assert.deepEqual(shared(head), shared(response));
  assert.notEqual(head.headers.get('x-request-id'), response.headers.get('x-request-id'));
}

/** Asks; the response must have this status. */
async function check(status, question) {
  const answer = await ask(question);
  assert.equal(answer.status, status, `${JSON.stringify(question.query ?? question.target)}: ${answer.text}`);
  return answer;
}

// ---------------------------------------------------------------------------------------------------------------
// The contract's copies
// ---------------------------------------------------------------------------------------------------------------

describe('the contract', () => {
  test('the copy has not been edited', () => {
    const copy = readFileSync(path.join(ROOT, 'tests/contract/report-openapi.yaml'));
    assert.equal(createHash('sha256').update(copy).digest('hex'), CONTRACT_SHA256);
  });

  test('its own examples follow its schemas', () => {
    for (const [name, { example }] of Object.entries(CONTRACT.components.schemas)) {
      assert.deepEqual(schemaErrors(name, example), []);
    }
  });

  test('a body that violates a schema is reported', () => {
    const { example } = CONTRACT.components.schemas.ConversationMonitorReportResponse;
    const broken = (change) => {
      const body = structuredClone(example);
      change(body);
      return schemaErrors('ConversationMonitorReportResponse', body).length;
    };
    assert.equal(
      broken(() => {}),
      0,
    );
    assert.equal(
      broken((body) => (body.success = false)),
      1,
    );
    assert.equal(
      broken((body) => delete body.data.rows),
      1,
    );
    assert.equal(
      broken((body) => (body.data.generatedAt = 'today')),
      1,
    );
    assert.equal(
      broken((body) => (body.data.generatedAt = null)),
      0,
    );
    assert.equal(
      broken((body) => (body.data.pagination.page = 1.5)),
      1,
    );
    assert.equal(
      broken((body) => (body.data.rows[0].category = 'other')),
      1,
    );
    assert.equal(
      broken((body) => (body.data.rows[0].contactName = null)),
      1,
    );
    assert.equal(
      broken((body) => (body.data.rows[0].assigneeNames = [null])),
      1,
    );
    assert.throws(() => schemaErrors('X', {}, { components: { schemas: { X: { not: {} } } } }), /unknown keyword/);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// 200
// ---------------------------------------------------------------------------------------------------------------

describe('200', () => {
  test('the rows over the threshold, with every field', async () => {
    const organizationId = await publish(SAMPLE);
    const { body } = await check(200, { token: adminToken(organizationId) });
    const { rows, snapshotId, ...data } = body.data;
    assert.deepEqual(data, {
      organizationId,
      generatedAt: clock.iso(),
      thresholdMinutes: 5,
      totalCount: 5,
      snapshotMissing: false,
      stale: true,
      counts: { ...NO_ROWS, ai_stuck: 3, agent_abandoned: 2 },
      olderCount: 0,
      pagination: { page: 1, limit: 25, total: 5, totalPages: 1 },
    });
    assert.match(snapshotId, /^\S+$/);
    assert.deepEqual(
      rows.map((row) => row.conversationId),
      ['c1', 'c2', 'c3', 'c4', 'c5'],
    );
    const waited = clock.iso(61 * MINUTE);
    assert.deepEqual(rows[0], {
      conversationId: 'c1',
      contactId: 'contact of c1',
      contactName: 'Jane',
      contactPhone: '+14155550123',
      channelType: 'sms',
      latestInboundMessageId: 'm-c1',
      latestInboundAt: waited,
      category: 'ai_stuck',
      assigneeNames: ['Alice'],
      departmentId: 'd1',
      waitingSince: waited,
      stalledSince: waited,
      reason: 'no_reply',
      hasAccess: true,
    });
    assert.deepEqual([rows[3].contactName, rows[3].contactPhone, rows[3].departmentId], ['', null, null]);
  });

  test('filters and pages', async () => {
    const token = adminToken(await publish(SAMPLE));
    /** @type {[string, string[], number, number[]][]} */
    const cases = [
      ['skipThreshold=true', ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'], 6, [4, 2]],
      ['skipThreshold=false', ['c1', 'c2', 'c3', 'c4', 'c5'], 5, [3, 2]],
      ['category=ai_stuck', ['c1', 'c2', 'c5'], 3, [3, 2]],
      ['category=agent_abandoned', ['c3', 'c4'], 2, [3, 2]],
      ['departmentId=d1', ['c1', 'c3', 'c5'], 3, [2, 1]],
      ['departmentId=d1&category=agent_abandoned', ['c3'], 1, [2, 1]],
      ['departmentId=unknown', [], 0, [0, 0]],
      ['category=unassigned', [], 0, [3, 2]],
      ['category=acknowledged', [], 0, [3, 2]],
      ['channelType=sms', ['c1', 'c2', 'c3', 'c4', 'c5'], 5, [3, 2]],
      ['channelType=SMS', [], 0, [0, 0]],
      ['channelType=sms&reason=no_reply&category=ai_stuck&limit=1&page=2', ['c2'], 3, [3, 0]],
      ['assignee=Nobody', [], 0, [0, 0]],
      ['limit=2', ['c1', 'c2'], 5, [3, 2]],
      ['limit=2&page=3', ['c5'], 5, [3, 2]],
      ['limit=2&page=4', [], 5, [3, 2]],
      [`page=${PAGE_MAX}`, [], 5, [3, 2]],
      [`page=${PAGE_MAX}&limit=100`, [], 5, [3, 2]],
      ['limit=100&page=1', ['c1', 'c2', 'c3', 'c4', 'c5'], 5, [3, 2]],
      ['unknown=&unknown=1&Page=0', ['c1', 'c2', 'c3', 'c4', 'c5'], 5, [3, 2]],
    ];
    for (const [query, ids, total, counts] of cases) {
      const { data } = (await check(200, { token, query })).body;
      assert.deepEqual(conversationIdsOf(data), ids, query);
      assert.equal(data.totalCount, total, query);
      assert.deepEqual([data.counts.ai_stuck, data.counts.agent_abandoned], counts, query);
    }
  });

  test('an organization in which nobody waits', async () => {
    const organizationId = await publish([]);
    const { data } = (await check(200, { token: adminToken(organizationId) })).body;
    assert.deepEqual([data.snapshotMissing, data.rows, data.generatedAt], [false, [], clock.iso()]);
    assert.deepEqual(data.pagination, { page: 1, limit: 25, total: 0, totalPages: 0 });
  });

  test('an organization without a snapshot yet', async () => {
    const organizationId = newOrganizationId();
    await service.post(waiting(organizationId, 'c1', { since: clock.iso(60 * MINUTE) }));
    const { data } = (await check(200, { token: adminToken(organizationId), query: 'page=3&limit=7' })).body;
    assert.deepEqual(data, {
      organizationId,
      generatedAt: null,
      snapshotId: null,
      thresholdMinutes: 5,
      totalCount: 0,
      snapshotMissing: true,
      stale: false,
      counts: NO_ROWS,
      olderCount: 0,
      pagination: { page: 3, limit: 7, total: 0, totalPages: 0 },
      rows: [],
    });
    await refresh();
    const { body } = await check(200, { token: adminToken(organizationId) });
    assert.deepEqual(conversationIdsOf(body.data), ['c1']);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// 400 to 410
// ---------------------------------------------------------------------------------------------------------------

/**
 * Of each parameter: values that it does not take, one that it takes, and what the message must say of it.
 *
 * @type {Record<string, [string[], string, RegExp]>}
 */
const PARAMETERS = {
  page: [
    ['0', '-1', '1.0', '+1', '1e3', ' 1', '0x1', 'x', '٣', '9007199254740992', '9'.repeat(40)],
    '1',
    /9007199254740991/,
  ],
  limit: [['0', '101', '-5', '2.5', 'ten', '1000000'], '25', /1 to 100/],
  category: [
    ['AI_STUCK', 'ai', 'ai_stuck,agent_abandoned', 'null', ' ai_stuck'],
    'ai_stuck',
    /ai_stuck, agent_abandoned, unassigned, snoozed or acknowledged/,
  ],
  skipThreshold: [['1', '0', 'TRUE', 'yes', 'null'], 'true', /true or false/],
  departmentId: [['a\nb', 'a\0', 'x'.repeat(129), 'é'.repeat(129)], 'd1', /128 characters/],
  organizationId: [['a\tb', '\u007f', 'x'.repeat(129)], 'own', /128 characters/],
  snapshot: [[], 'x', /snapshotId/],
  channelType: [['x'.repeat(65), 'é'.repeat(65)], 'sms', /1 to 64 characters/],
  reason: [['NO_REPLY', 'x', 'no_reply,reply_failed'], 'no_reply', /no_reply, .* or nobody_assigned/],
  assignee: [['x'.repeat(513)], 'Somebody', /1 to 512 characters/],
};

describe('400', () => {
  for (const [name, [values, good, expected]] of Object.entries(PARAMETERS)) {
    test(`${name}: out of range, empty or repeated`, async () => {
      const organizationId = await publish([]);
      const token = adminToken(organizationId);
      const queries = ['', ...values].map((value) => new URLSearchParams({ [name]: value }).toString());
      for (const query of [...queries, name]) {
        const { body } = await check(400, { token, query });
        assert.ok(body.message.includes(name), body.message);
        assert.match(body.message, expected);
      }
      const once = `${name}=${good === 'own' ? organizationId : good}`;
      const escaped = `%${name.charCodeAt(0).toString(16)}${once.slice(1)}`;
      for (const query of [`${once}&${once}`, `${once}&unknown=1&${name}=other`, `${once}&${escaped}`]) {
        const { body } = await check(400, { token, query });
        assert.ok(body.message.includes(name), body.message);
      }
    });
  }

  test('a SUPERADMIN who names no organization', async () => {
    const { body } = await check(400, { token: superadminToken(undefined) });
    assert.match(body.message, /organizationId/);
  });
});

const base64url = (text) => Buffer.from(text).toString('base64url');

/** A compact JWS of any header and payload, signed with HMAC-SHA256. */
function jws(header, payload, secret = SECRET) {
  const claims = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const signed = `${base64url(JSON.stringify(header))}.${base64url(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

describe('401', () => {
  const HS256 = { alg: 'HS256', typ: 'JWT' };
  const nowSeconds = Math.floor(Date.now() / 1000);
  const exp = nowSeconds + 3600;
  const claims = (organizationId) => ({ sub: 'u', role: 'ADMIN', organizationId, exp });
  const good = (organizationId) => jws(HS256, claims(organizationId));
  const withClaims = (more) => (organizationId) => `Bearer ${jws(HS256, { ...claims(organizationId), ...more })}`;
  const withHeader = (header) => (organizationId) => `Bearer ${jws(header, claims(organizationId))}`;
  const unsigned = (organizationId) => good(organizationId).split('.').slice(0, 2).join('.');

  /** The challenges of RFC 6750 section 3: a request without a token gets no error code. */
  const NO_TOKEN = /^Bearer realm="[^"]+"$/;
  const INVALID_REQUEST = /^Bearer realm="[^"]+", error="invalid_request", error_description="[^"\\]+"$/;
  const INVALID_TOKEN = /^Bearer realm="[^"]+", error="invalid_token", error_description="[^"\\]+"$/;

  /** @type {Record<string, [(organizationId: string) => string | undefined, RegExp]>} */
  const refused = {
    'no Authorization header': [() => undefined, NO_TOKEN],
    'another scheme': [(id) => `Basic ${good(id)}`, INVALID_REQUEST],
    'no scheme': [(id) => good(id), INVALID_REQUEST],
    'a scheme without a token': [() => 'Bearer', INVALID_REQUEST],
    garbage: [() => 'Bearer garbage', INVALID_TOKEN],
    'three segments of nothing': [() => 'Bearer ..', INVALID_TOKEN],
    'no base64url': [() => 'Bearer a+b.c/d.e=', INVALID_TOKEN],
    'two tokens': [(id) => `Bearer ${good(id)} ${good(id)}`, /error="invalid_(token|request)"/],
    'a header that is no JSON': [
      (id) => `Bearer ${base64url('{')}.${good(id).split('.').slice(1).join('.')}`,
      INVALID_TOKEN,
    ],
    'no signature': [(id) => `Bearer ${unsigned(id)}.`, INVALID_TOKEN],
    'four segments': [(id) => `Bearer ${good(id)}.${base64url('x')}`, INVALID_TOKEN],
    'another secret': [(id) => `Bearer ${jws(HS256, claims(id), `${SECRET}!`)}`, INVALID_TOKEN],
    'another payload': [
      (id) => {
        const [header, , signature] = good(id).split('.');
        return `Bearer ${header}.${base64url(JSON.stringify({ ...claims(id), role: 'SUPERADMIN' }))}.${signature}`;
      },
      INVALID_TOKEN,
    ],
    'a truncated signature': [(id) => `Bearer ${good(id).slice(0, -10)}`, INVALID_TOKEN],
    'alg none': [
      (id) => `Bearer ${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(claims(id)))}.`,
      INVALID_TOKEN,
    ],
    'alg none, signed': [withHeader({ alg: 'none' }), INVALID_TOKEN],
    'alg in lower case': [withHeader({ alg: 'hs256' }), INVALID_TOKEN],
    'alg HS512': [withHeader({ alg: 'HS512' }), INVALID_TOKEN],
    'no alg': [withHeader({ typ: 'JWT' }), INVALID_TOKEN],
    'a critical extension': [withHeader({ ...HS256, crit: ['exp'] }), INVALID_TOKEN],
    'the kid of another key': [withHeader({ ...HS256, kid: 'unknown' }), INVALID_TOKEN],
    'claims that are no object': [() => `Bearer ${jws(HS256, '[]')}`, INVALID_TOKEN],
    'claims that are no JSON': [() => `Bearer ${jws(HS256, 'x')}`, INVALID_TOKEN],
    'a claim twice': [(id) => `Bearer ${jws(HS256, `{"exp":1,${JSON.stringify(claims(id)).slice(1)}`)}`, INVALID_TOKEN],
    expired: [withClaims({ exp: nowSeconds - 60 }), INVALID_TOKEN],
    'exp missing': [withClaims({ exp: undefined }), INVALID_TOKEN],
    'exp null': [withClaims({ exp: null }), INVALID_TOKEN],
    'exp as a string': [withClaims({ exp: String(exp) }), INVALID_TOKEN],
    'exp beyond all time': [withClaims({ exp: 1e300 }), INVALID_TOKEN],
    'nbf in the future': [withClaims({ nbf: nowSeconds + 600 }), INVALID_TOKEN],
    'nbf as a string': [withClaims({ nbf: String(nowSeconds - 600) }), INVALID_TOKEN],
    'iat in the future': [withClaims({ iat: nowSeconds + 600 }), INVALID_TOKEN],
    'role as an object': [withClaims({ role: { name: 'ADMIN' } }), INVALID_TOKEN],
    'organizationId as a number': [withClaims({ organizationId: 1 }), INVALID_TOKEN],
    'departmentIds as a string': [withClaims({ departmentIds: 'd1' }), INVALID_TOKEN],
  };

  for (const [name, [authorizationOf, challenge]] of Object.entries(refused)) {
    test(name, async () => {
      const authorization = authorizationOf(await publish([]));
      const answer = await check(401, { headers: authorization === undefined ? {} : { Authorization: authorization } });
      assert.match(answer.headers.get('www-authenticate'), challenge);
    });
  }

  test('a valid token is accepted however it is spelled', async () => {
    const organizationId = await publish([]);
    const spellings = [
      `Bearer ${good(organizationId)}`,
      `bearer ${good(organizationId)}`,
      withHeader({ alg: 'HS256' })(organizationId),
      withClaims({ nbf: nowSeconds - 60, iat: nowSeconds - 60, iss: 'anybody', aud: ['anything'] })(organizationId),
      // Within the leeway of 30 seconds; 25 leave time for the test itself.
      withClaims({ nbf: nowSeconds + 25, iat: nowSeconds + 25 })(organizationId),
    ];
    for (const Authorization of spellings) await check(200, { headers: { Authorization } });
  });
});

describe('403', () => {
  test('every role except the three', async () => {
    const organizationId = await publish([]);
    for (const role of ['AGENT', 'admin', 'ADMIN ', 'OWNER', '', undefined]) {
      await check(403, { token: tokenOf({ sub: 'u1', role, organizationId, scope: 'conversation-monitor:ingest' }) });
    }
  });

  test('another organization: the same response whether or not it exists', async () => {
    const [own, other] = [await publish([]), await publish(SAMPLE)];
    for (const tokenFor of [adminToken, (id) => departmentHeadToken(id, ['d1'])]) {
      const answers = [];
      for (const organizationId of [other, 'nowhere']) {
        answers.push(await check(403, { token: tokenFor(own), query: `organizationId=${organizationId}` }));
      }
      assert.equal(answers[0].text, answers[1].text);
      await check(200, { token: tokenFor(own), query: `organizationId=${own}` });
    }
  });

  test('a token without an organization', async () => {
    const organizationId = await publish([]);
    for (const role of ['ADMIN', 'DEPARTMENT_HEAD']) {
      await check(403, { token: tokenOf({ sub: 'u1', role }) });
      await check(403, { token: tokenOf({ sub: 'u1', role }), query: `organizationId=${organizationId}` });
    }
  });
});

describe('404', () => {
  test('an organization that has no records', async () => {
    await check(404, { token: adminToken('nowhere') });
    await check(404, { token: departmentHeadToken('nowhere', ['d1']) });
    await check(404, { token: superadminToken(undefined), query: 'organizationId=nowhere' });
    await check(404, { token: superadminToken('nowhere') });
  });

  test('a removed organization, pinned or not, until a newer record restores it', async () => {
    const organizationId = await publish(SAMPLE);
    const token = adminToken(organizationId);
    const { snapshotId } = await service.report(token);
    const record = (ago, more) => ({ type: 'organization', organizationId, updatedAt: clock.iso(ago), ...more });
    const questions = [{}, { query: `snapshot=${snapshotId}` }, { headers: { 'If-None-Match': '*' } }];

    await service.post([record(0, { deleted: true })]);
    for (const question of questions) await check(404, { token, ...question });
    await refresh();
    await service.post(waiting(organizationId, 'c7', { since: clock.iso(10 * MINUTE) }));
    await refresh();
    for (const question of questions) await check(404, { token, ...question });
    await check(404, { token: superadminToken(undefined), query: `organizationId=${organizationId}` });

    await service.post([record(3 * MINUTE, { name: 'Older than its removal' })]);
    await check(404, { token });
    await service.post([record(0, { name: 'Here again' })]);
    const { data } = (await check(200, { token, query: 'skipThreshold=true' })).body;
    assert.deepEqual(conversationIdsOf(data), ['c1', 'c2', 'c3', 'c4', 'c5', 'c7', 'c6']);
    await check(200, { token, query: `snapshot=${snapshotId}` });
  });

  test('no such route', async () => {
    const organizationId = await publish([]);
    const token = adminToken(organizationId);
    const existing = [...ROUTES, ...OPEN].map((route) => route.target(organizationId, organizationId).split('?')[0]);
    const none = existing.flatMap((path) => [`${path}/`, `${path.toUpperCase()}`, `/x${path}`]);
    for (const target of ['/api/conversation-monitor/reports', '/api', ...new Set(none)]) {
      const response = await service.fetch(target, { token });
      assert.equal(response.status, 404, target);
      checkBody(404, await response.json());
      checkCommonHeaders(response, { isData: false });
    }
  });
});

test('405 says which methods there are', async () => {
  const token = adminToken(await publish([]));
  const cases = [
    [REPORT, ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'LOCK'], 'GET, HEAD'],
    [EVENTS, ['GET', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'LOCK'], 'POST'],
  ];
  for (const [target, methods, allow] of cases) {
    for (const method of methods) {
      const { headers } = await check(405, { target, token, method });
      assert.equal(headers.get('allow'), allow, `${method} ${target}`);
    }
  }
});

describe('410', () => {
  test('forged ids and those of another organization: the same response', async () => {
    const [organizationId, other] = [await publish(SAMPLE), await publish(SAMPLE)];
    const { snapshotId } = await service.report(adminToken(organizationId));
    const foreign = await service.report(adminToken(other));
    const flipped = (index) =>
      snapshotId.slice(0, index) + (snapshotId[index] === 'A' ? 'B' : 'A') + snapshotId.slice(index + 1);
    const forged = [
      'x',
      'v1',
      'null',
      '1',
      '-',
      '🙂',
      "' OR 1=1 --",
      foreign.snapshotId,
      ` ${snapshotId}`,
      `${snapshotId} `,
      `${snapshotId}=`,
      snapshotId.slice(0, -1),
      snapshotId.toUpperCase(),
      snapshotId.replace(/\d+/, '999'),
      snapshotId.replace(/\d+/, '01'),
      snapshotId.replace('-5-', '-1-'),
      snapshotId.replace('-5-', '-05-'),
      snapshotId.replace(String(clock.now), String(clock.now - 1)),
      ...Array.from(snapshotId, (_, index) => flipped(index)).filter((_, index) => index % 5 === 0),
      flipped(snapshotId.length - 1),
    ].filter((snapshot) => snapshot !== snapshotId);
    const bodies = new Set();
    for (const snapshot of forged) {
      const query = new URLSearchParams({ snapshot }).toString();
      bodies.add((await check(410, { token: adminToken(organizationId), query })).text);
    }
    assert.equal(bodies.size, 1);
    await check(200, { token: adminToken(organizationId), query: `snapshot=${snapshotId}` });
  });

  test('an organization without a snapshot', async () => {
    const organizationId = newOrganizationId();
    await service.post(waiting(organizationId, 'c1', { since: clock.iso() }));
    await check(410, { token: adminToken(organizationId), query: 'snapshot=v0-0-5-x' });
  });

  test('a snapshot expires ten minutes after it is superseded, not earlier', async () => {
    const organizationId = await publish(SAMPLE);
    const token = adminToken(organizationId);
    const { snapshotId, rows } = await service.report(token);
    const pinned = { token, query: `snapshot=${snapshotId}` };
    await refresh(30);
    assert.deepEqual((await check(200, pinned)).body.data.rows, rows, 'not superseded');
    await publish([['c9', 15]], organizationId);
    assert.deepEqual((await check(200, pinned)).body.data.rows, rows, 'just superseded');
    await refresh(9);
    assert.deepEqual((await check(200, pinned)).body.data.rows, rows, 'superseded nine minutes ago');
    await refresh(2);
    await check(410, pinned);
    await check(410, { ...pinned, headers: { 'If-None-Match': '*' } });
  });
});

describe('precedence', () => {
  /** One fault of each kind. */
  const QUERIES = { 400: 'page=0', 403: 'organizationId=nowhere', 410: 'snapshot=x' };

  async function checkPrecedence(faults, tokenFor) {
    const query = faults
      .map((status) => QUERIES[status])
      .filter(Boolean)
      .join('&');
    const headers = faults.includes(304) ? { 'If-None-Match': '*' } : {};
    await check(faults[0], { token: faults.includes(401) ? 'garbage' : tokenFor(faults), query, headers });
  }

  test('401, 400, 403, 404, 410, 304', async () => {
    const organizationId = await publish(SAMPLE);
    const tokenFor = (faults) => adminToken(faults.includes(404) ? 'another nowhere' : organizationId);
    const order = [401, 400, 403, 404, 410, 304];
    for (let first = 0; first < order.length; first += 1) {
      await checkPrecedence(order.slice(first), tokenFor);
      for (const second of order.slice(first + 1)) await checkPrecedence([order[first], second], tokenFor);
    }
  });

  test('an invalid parameter is reported before a role that may not read', async () => {
    const token = tokenOf({ sub: 'u', role: 'AGENT', organizationId: 'nowhere' });
    await check(400, { token, query: 'limit=0' });
    await check(403, { token, query: 'snapshot=x' });
  });
});

// ---------------------------------------------------------------------------------------------------------------
// ETag
// ---------------------------------------------------------------------------------------------------------------

describe('ETag', () => {
  test('two responses share an ETag exactly when they show the same', async () => {
    const [id, other] = [await publish(SAMPLE), await publish(SAMPLE)];
    /** The requests of one line show the same, those of different lines do not. */
    const lines = [
      [
        [adminToken(id)],
        [tokenOf({ sub: 'another', role: 'ADMIN', organizationId: id })],
        [adminToken(id), 'page=1&limit=25&skipThreshold=false'],
        [adminToken(id), 'limit=25&page=1&unknown=2'],
        [superadminToken(undefined), `organizationId=${id}`],
        [superadminToken(id)],
      ],
      [[adminToken(other)]],
      [[adminToken(id), 'page=2']],
      [[adminToken(id), 'limit=24']],
      [[adminToken(id), 'category=ai_stuck']],
      [[adminToken(id), 'category=agent_abandoned']],
      [[adminToken(id), 'skipThreshold=true']],
      [[adminToken(id), 'departmentId=d1']],
      [[adminToken(id), 'departmentId=d2']],
      [
        [departmentHeadToken(id, ['d1']), ''],
        [departmentHeadToken(id, ['d1']), 'departmentId=d1'],
        [departmentHeadToken(id, ['d1']), 'departmentId=d2'],
        [tokenOf({ sub: 'u1', role: 'DEPARTMENT_HEAD', organizationId: id, departmentId: 'd1' })],
      ],
      [[departmentHeadToken(id, ['d1'], 'u2')]],
      [
        [departmentHeadToken(id, ['d1', 'd2'])],
        [departmentHeadToken(id, ['d2', 'd1'])],
        [departmentHeadToken(id, ['d2', 'd1', 'd2'])],
      ],
      [[departmentHeadToken(id, ['d1,d2'])]],
      [[departmentHeadToken(id, [])]],
    ];
    const tags = [];
    for (const [number, line] of lines.entries()) {
      const answers = [];
      for (const [token, query] of line) answers.push(await check(200, { token, query }));
      tags.push(answers[0].headers.get('etag'));
      for (const answer of answers) {
        assert.equal(answer.headers.get('etag'), tags.at(-1), `line ${number}`);
        assert.equal(answer.text, answers[0].text, `line ${number}`);
      }
    }
    assert.equal(new Set(tags).size, lines.length);
  });

  test('it changes with asOf, the rows and the threshold, and with nothing else', async () => {
    const organizationId = await publish(SAMPLE);
    const token = adminToken(organizationId);
    const etag = async (query) => (await check(200, { token, query })).headers.get('etag');
    const seen = [await etag()];
    const { snapshotId } = await service.report(token);
    assert.equal(await etag(), seen[0]);
    assert.equal(await etag(`snapshot=${snapshotId}`), await etag(`snapshot=${snapshotId}`));
    const pinned = await etag(`snapshot=${snapshotId}`);

    await refresh();
    seen.push(await etag());
    await setThreshold(service, organizationId, 45);
    seen.push(await etag());
    await service.post(waiting(organizationId, 'c8', { since: clock.iso(7 * MINUTE) }));
    assert.equal(await etag(), seen.at(-1), 'events show from the next refresh on');
    await refresh();
    seen.push(await etag());
    assert.equal(new Set(seen).size, seen.length);
    assert.equal(await etag(`snapshot=${snapshotId}`), pinned);
  });

  test('If-None-Match', async () => {
    const token = adminToken(await publish(SAMPLE));
    const { headers } = await check(200, { token });
    const etag = headers.get('etag');
    const matching = [etag, `W/${etag}`, `"x", ${etag}`, `"x",W/${etag} , "y"`, `W/"x",${etag}`, '*'];
    for (const condition of matching) {
      const answer = await check(304, { token, headers: { 'If-None-Match': condition } });
      assert.equal(answer.headers.get('etag'), etag, condition);
      assert.equal(answer.headers.get('content-type'), null);
    }
    const others = ['"x"', etag.slice(1, -1), `${etag.slice(0, -2)}"`, 'W/"x"', '"x", "y"', ''];
    for (const condition of others) await check(200, { token, headers: { 'If-None-Match': condition } });
    await check(200, { token, query: 'page=2', headers: { 'If-None-Match': etag } });
    await refresh();
    await check(200, { token, headers: { 'If-None-Match': etag } });
  });

  test('an organization without a snapshot answers 304 until it has one', async () => {
    const organizationId = newOrganizationId();
    const token = adminToken(organizationId);
    await service.post(waiting(organizationId, 'c1', { since: clock.iso(60 * MINUTE) }));
    const etag = (await check(200, { token })).headers.get('etag');
    await check(304, { token, headers: { 'If-None-Match': etag } });
    await refresh();
    await check(200, { token, headers: { 'If-None-Match': etag } });
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Pinned snapshots
// ---------------------------------------------------------------------------------------------------------------

test('a pinned snapshot repeats rows, asOf and threshold while newer ones exist', async () => {
  const organizationId = await publish(SAMPLE);
  const token = adminToken(organizationId);
  const first = (await check(200, { token })).body;
  const query = (more = '') => `snapshot=${first.data.snapshotId}${more}`;
  assert.deepEqual((await check(200, { token, query: query() })).body, first);

  await setThreshold(service, organizationId, 45);
  const raised = (await check(200, { token })).body.data;
  assert.deepEqual([raised.thresholdMinutes, conversationIdsOf(raised)], [45, ['c1', 'c2']]);
  assert.deepEqual((await check(200, { token, query: query() })).body, first);

  await publish(
    [
      ['c0', 100],
      ['c1', 0],
    ],
    organizationId,
  );
  const newer = (await check(200, { token })).body.data;
  assert.deepEqual([newer.generatedAt, newer.thresholdMinutes], [clock.iso(), 45]);
  assert.deepEqual(conversationIdsOf(newer), ['c0', 'c2']);
  assert.notEqual(newer.snapshotId, first.data.snapshotId);
  assert.deepEqual((await check(200, { token, query: query() })).body, first);
  // Filters apply to what is pinned, and so does the caller's own view.
  /** @type {[string, string, string[]][]} */
  const cases = [
    [token, '&limit=2&page=2', ['c3', 'c4']],
    [token, '&skipThreshold=true&departmentId=d2', ['c2', 'c6']],
    [departmentHeadToken(organizationId, ['d2']), '', ['c2']],
  ];
  for (const [caller, more, ids] of cases) {
    assert.deepEqual(conversationIdsOf((await check(200, { token: caller, query: query(more) })).body.data), ids);
  }
});

test('every retained snapshot can be pinned, with the threshold it was shown with', async () => {
  const organizationId = await publish(SAMPLE);
  const token = adminToken(organizationId);
  const answers = [];
  for (const threshold of [5, 25, 45, 10080]) {
    await setThreshold(service, organizationId, threshold);
    answers.push((await check(200, { token })).body);
    await publish([[`new with ${threshold}`, 35]], organizationId);
  }
  for (const answer of answers) {
    assert.deepEqual((await check(200, { token, query: `snapshot=${answer.data.snapshotId}` })).body, answer);
  }
  assert.deepEqual(
    answers.map(({ data }) => data.thresholdMinutes),
    [5, 25, 45, 10080],
  );
});

// ---------------------------------------------------------------------------------------------------------------
// Roles
// ---------------------------------------------------------------------------------------------------------------

describe('what a role sees', () => {
  const head = (claims) => (organizationId) =>
    tokenOf({ sub: 'u1', role: 'DEPARTMENT_HEAD', organizationId, ...claims });
  const everything = { c1: true, c2: true, c3: true, c4: true, c5: true };

  /**
   * Claims, query, and the rows seen with their `hasAccess`.
   *
   * @type {Record<string, [(organizationId: string) => string, string, Record<string, boolean>]>}
   */
  const table = {
    'ADMIN: all': [adminToken, '', everything],
    'ADMIN: a department of their choice': [adminToken, 'departmentId=d2', { c2: true }],
    'ADMIN: claims of departments mean nothing': [head({ role: 'ADMIN', departmentIds: ['d2'] }), '', everything],
    'SUPERADMIN: all of their own': [superadminToken, '', everything],
    'DEPARTMENT_HEAD: their own department': [head({ departmentIds: ['d1'] }), '', { c1: true, c3: true, c5: false }],
    'DEPARTMENT_HEAD: each of their own': [
      head({ departmentIds: ['d2', 'd1'] }),
      '',
      { c1: true, c2: false, c3: true, c5: false },
    ],
    'DEPARTMENT_HEAD: one of their own': [head({ departmentIds: ['d2', 'd1'] }), 'departmentId=d2', { c2: false }],
    'DEPARTMENT_HEAD: a foreign one is ignored': [head({ departmentIds: ['d2'] }), 'departmentId=d1', { c2: false }],
    'DEPARTMENT_HEAD: an unknown one is ignored': [
      head({ departmentIds: ['d2'] }),
      'departmentId=unknown',
      { c2: false },
    ],
    'DEPARTMENT_HEAD: as owner and as assignee': [
      head({ sub: 'u2', departmentIds: ['d1', 'd2'] }),
      '',
      { c1: false, c2: true, c3: true, c5: false },
    ],
    'DEPARTMENT_HEAD: without a subject': [
      head({ sub: undefined, departmentIds: ['d1'] }),
      '',
      { c1: false, c3: false, c5: false },
    ],
    'DEPARTMENT_HEAD: departmentId alone': [head({ departmentId: 'd2' }), '', { c2: false }],
    'DEPARTMENT_HEAD: departmentIds beats departmentId': [
      head({ departmentIds: ['d2'], departmentId: 'd1' }),
      '',
      { c2: false },
    ],
    'DEPARTMENT_HEAD: even an empty departmentIds does': [head({ departmentIds: [], departmentId: 'd1' }), '', {}],
    'DEPARTMENT_HEAD: of none': [head({}), '', {}],
    'DEPARTMENT_HEAD: of none, choosing one': [head({ departmentIds: [] }), 'departmentId=d1', {}],
    'DEPARTMENT_HEAD: of unknown ones': [head({ departmentIds: ['unknown'] }), '', {}],
  };

  for (const [name, [tokenFor, query, expected]] of Object.entries(table)) {
    test(name, async () => {
      const organizationId = await publish(SAMPLE);
      // Twice: from the database and from the shared cache.
      for (const _ of [1, 2]) {
        const { data } = (await check(200, { token: tokenFor(organizationId), query })).body;
        assert.deepEqual(Object.fromEntries(data.rows.map((row) => [row.conversationId, row.hasAccess])), expected);
        assert.equal(data.totalCount, Object.keys(expected).length);
        assert.equal(data.counts.ai_stuck + data.counts.agent_abandoned, data.totalCount);
      }
    });
  }

  test("SUPERADMIN: any organization; the one in the request overrides the token's", async () => {
    const [own, other] = [await publish([['c1', 60]]), await publish([['c2', 60]])];
    const { data } = (await check(200, { token: superadminToken(own), query: `organizationId=${other}` })).body;
    assert.deepEqual([data.organizationId, conversationIdsOf(data)], [other, ['c2']]);
  });

  test('callers with and without full access, in turn', async () => {
    const organizationId = await publish([['c1', 60, { departmentId: 'd1', ownerId: 'u1' }]]);
    const query = 'departmentId=d1';
    const callers = [
      [adminToken(organizationId), true],
      [departmentHeadToken(organizationId, ['d1'], 'u1'), true],
      [departmentHeadToken(organizationId, ['d1'], 'u2'), false],
    ];
    for (const _ of [1, 2, 3]) {
      for (const [token, hasAccess] of callers) {
        assert.equal((await check(200, { token, query })).body.data.rows[0].hasAccess, hasAccess);
      }
    }
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Misconfigured
// ---------------------------------------------------------------------------------------------------------------

describe('misconfigured', () => {
  const SHORT_SECRET = 'only thirty-one bytes, oh dear!';
  const cases = {
    'a secret of 31 bytes': {
      settings: { secrets: { JWT_SECRET: SHORT_SECRET } },
      variable: 'JWT_SECRET',
      value: SHORT_SECRET,
    },
    'no secret': { settings: { secrets: { JWT_SECRET: '' } }, variable: 'JWT_SECRET', value: SECRET },
    'a head age that is no number': {
      settings: { vars: { HEAD_MAX_AGE_SECONDS: 'xyzzy' } },
      variable: 'HEAD_MAX_AGE_SECONDS',
      value: 'xyzzy',
    },
  };

  async function check503(misconfigured, target, init) {
    const response = await misconfigured.fetch(target, init);
    assert.equal(response.status, 503);
    checkHeaders(response);
    checkBody(503, await response.json());
    assert.match(response.headers.get('retry-after'), /^[1-9]\d*$/);
  }

  async function checkHealth(misconfigured) {
    const response = await misconfigured.fetch('/health');
    assert.equal(response.status, 503);
    assert.match(response.headers.get('retry-after'), /^[1-9]\d*$/);
    const { success, error, data } = await response.json();
    assert.deepEqual([success, error], [false, 'UNAVAILABLE']);
    assert.deepEqual([data.status, data.configuration], ['misconfigured', 'misconfigured']);
  }

  for (const [name, { settings, variable, value }] of Object.entries(cases)) {
    test(name, async () => {
      assert.equal(Buffer.byteLength(SHORT_SECRET), 31);
      const misconfigured = await startService(settings);
      try {
        await check503(misconfigured, REPORT, {});
        await check503(misconfigured, REPORT, { token: adminToken('any') });
        await check503(misconfigured, EVENTS, { method: 'POST', body: '' });
        await checkHealth(misconfigured);
        const log = JSON.stringify(misconfigured.logs());
        assert.ok(log.includes(variable), log);
        assert.ok(!log.includes(value), log);
      } finally {
        await misconfigured.close();
      }
    });
  }
});

describe('health', () => {
  const OPERATE = { sub: 'op', scope: 'conversation-monitor:operate' };
  const NUMBERS = [
    'candidates',
    'unknownConversations',
    'pendingSince',
    'isRefolding',
    'truncatedOrganizations',
    'connections',
    'database',
  ];

  async function healthOf(claims) {
    const response = await service.fetch('/health', claims && { token: tokenOf(claims) });
    return { status: response.status, answer: await response.json() };
  }

  test('anybody learns the status, and how old the last refresh is, and no number', async () => {
    await publish(SAMPLE);
    await service.refresh(Date.now());
    const { status, answer } = await healthOf();
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(answer.data).sort(), ['configuration', 'lastRefresh', 'status']);
    assert.deepEqual(Object.keys(answer.data.lastRefresh), ['ageSeconds']);
  });

  test('an operator learns the numbers', async () => {
    const now = Date.now();
    await publish(SAMPLE);
    const organizationId = newOrganizationId();
    const at = new Date(now - 60_000).toISOString();
    const message = { type: 'message', conversationId: 'unheard of', at, direction: 'inbound', sender: 'contact' };
    await service.post([{ ...message, messageId: 'm', organizationId, updatedAt: at }]);
    await service.refresh(now);
    const { status, answer } = await healthOf(OPERATE);
    assert.equal(status, 200);
    for (const name of NUMBERS) assert.ok(name in answer.data, name);
    assert.equal(answer.data.isRefolding, false);
    assert.equal(answer.data.unknownConversations.count, 1);
    assert.equal(Date.parse(answer.data.unknownConversations.since), now);
    assert.ok(answer.data.candidates.ai_stuck > 0);
    assert.ok(answer.data.lastRefresh.run.conversationsFolded > 0);
    // It is not known since the first message, and not since the last.
    await service.post([{ ...message, messageId: 'another', organizationId, updatedAt: at }]);
    await service.refresh(now + 1);
    assert.equal(Date.parse((await healthOf(OPERATE)).answer.data.unknownConversations.since), now);
    // Its record comes.
    const conversation = { type: 'conversation', conversationId: 'unheard of', contactId: 'k', channelType: 'sms' };
    await service.post([{ ...conversation, organizationId, updatedAt: at }]);
    await service.refresh(now + 2);
    assert.equal((await healthOf(OPERATE)).answer.data.unknownConversations.count, 0);
  });

  test('a token without the scope is refused, and so is one that is not valid', async () => {
    assert.equal((await healthOf({ sub: 'u', role: 'SUPERADMIN' })).status, 403);
    assert.equal((await service.fetch('/health', { token: 'garbage' })).status, 401);
  });

  test('a refresh that is more than three minutes old: 503', async () => {
    const fresh = await startService();
    try {
      const late = await fresh.fetch('/health');
      assert.equal(late.status, 503);
      assert.equal((await late.json()).data.status, 'late');
      await fresh.refresh(Date.now() - 200_000);
      assert.equal((await fresh.fetch('/health')).status, 503);
      await fresh.refresh(Date.now());
      assert.equal((await fresh.fetch('/health')).status, 200);
    } finally {
      await fresh.close();
    }
  });
});

test('a correctly configured service says so, and names no tenant', async () => {
  const organizationId = await publish(SAMPLE);
  const response = await service.fetch('/health');
  checkCommonHeaders(response, { isData: true });
  const text = await response.text();
  assert.equal(JSON.parse(text).data.configuration, 'sound');
  assert.ok(!text.includes(organizationId));
});
