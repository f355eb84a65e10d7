// public/openapi.json: it is what its source makes, it contains the contract, and it describes every route exactly as
// the worker behaves.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { openapiText } from '../../scripts/openapi.mjs';
import { signToken } from '../../scripts/token.mjs';
import { departmentHeadToken } from './fixtures.mjs';
import {
  adminToken,
  CSV,
  EVENTS,
  ingestToken,
  REPORT,
  ROOT,
  SCOPES,
  SEARCH,
  SECRET,
  STREAM,
  SUMMARY,
  settingsOf,
  startService,
  TREND,
  TREND_CSV,
  tokenOf,
} from './harness.mjs';
import { CONTRACT, documentErrors, resolve, schemaErrors } from './schema.mjs';

const TEXT = readFileSync(path.join(ROOT, 'public/openapi.json'), 'utf8');
const DOCUMENT = JSON.parse(TEXT);
const SETTINGS = '/api/organizations/{organizationId}/autopilot-monitor-settings';
const CONNECTIONS_ROUTE = '/api/organizations/{organizationId}/connections';
const ALERTS_ROUTE = '/api/organizations/{organizationId}/alerts';
const ALERT_TEST_ROUTE = '/api/organizations/{organizationId}/alerts/{destinationId}/test';
const ORGANIZATION_ROUTE = '/api/organizations/{organizationId}';
const CONTACT_ROUTE = '/api/organizations/{organizationId}/contacts/{contactId}';
const EVIDENCE = '/api/conversation-monitor/conversations/{conversationId}';
const ACKNOWLEDGEMENT = '/api/conversation-monitor/conversations/{conversationId}/acknowledgement';
const METHODS = ['get', 'head', 'put', 'post', 'patch', 'delete'];
const HOOKS = '/api/conversation-monitor/hooks/{connectionId}';
const MINUTE = 60_000;
const ORGANIZATION = 'an organization';
const CONNECTION = { connectionId: 'cn-chatwoot', kind: 'chatwoot', organizationId: ORGANIZATION, secrets: [SECRET] };
const CONNECTIONS = JSON.stringify([CONNECTION]);

const connectionsOf = (organizationId) =>
  CONNECTIONS_ROUTE.replace('{organizationId}', encodeURIComponent(organizationId));

const organizationOf = (organizationId) =>
  ORGANIZATION_ROUTE.replace('{organizationId}', encodeURIComponent(organizationId));
const contactOf = (organizationId, contactId = 'k2') =>
  `${organizationOf(organizationId)}/contacts/${encodeURIComponent(contactId)}`;

const conversationOf = (conversationId, route = EVIDENCE) =>
  route.replace('{conversationId}', encodeURIComponent(conversationId));

const deref = (node) => (node.$ref === undefined ? node : resolve(node.$ref, DOCUMENT));
const operations = Object.entries(DOCUMENT.paths).flatMap(([route, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({ route, method, operation: item[method], item })),
);
const parametersOf = ({ operation, item }) => [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(deref);

let service;
before(async () => {
  service = await startService({
    secrets: { CONNECTIONS, SETTINGS_KEY: `2026:${'A'.repeat(43)}` },
    outbound: async () => new Response(),
  });
  const clock = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE;
  const at = new Date(clock - 20 * MINUTE).toISOString();
  const common = { organizationId: ORGANIZATION, updatedAt: at };
  const waiting = (id, more) => [
    { ...common, type: 'conversation', conversationId: id, contactId: 'k1', channelType: 'sms', ...more },
    { ...common, type: 'message', messageId: id, conversationId: id, at, direction: 'inbound', sender: 'contact' },
  ];
  await service.post([
    { ...common, type: 'organization', name: 'An organization' },
    { ...common, type: 'department', departmentId: 'd1', name: 'Sales' },
    { ...common, type: 'user', userId: 'u1', fullName: 'Somebody' },
    ...waiting('c1', { departmentId: 'd1', ownerId: 'u1' }),
    ...waiting('c2', {}),
    { ...common, type: 'conversation', conversationId: 'c3', contactId: 'k1', channelType: 'sms' },
    { ...common, type: 'autopilot', changeId: 'a1', conversationId: 'c2', at, enabled: false, actorId: 'u1' },
    { ...common, organizationId: 'broken', type: 'organization', name: 'x' },
    { ...common, organizationId: 'leaving', type: 'organization', name: 'x' },
    ...waiting('c1', {}).map((event) => ({ ...event, organizationId: 'broken' })),
  ]);
  await service.refresh(clock);
  // Health is about the newest.
  await service.refresh(Date.now());
  await service.database.exec("UPDATE snapshot_row SET json = '?' WHERE organization_id = 'broken'");
});
after(() => service?.close());

// ---------------------------------------------------------------------------------------------------------------
// The document itself
// ---------------------------------------------------------------------------------------------------------------

test('it is served without a token, with the headers of every response', async () => {
  const response = await service.fetch('/openapi.json');
  assert.equal(response.status, 200);
  assert.equal(await response.text(), TEXT);
  assert.match(response.headers.get('content-type'), /^application\/json\b/);
  assert.match(response.headers.get('x-request-id'), /^\S{8,}$/);
  const etag = response.headers.get('etag');
  const head = await service.fetch('/openapi.json', { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text(), head.headers.get('etag')], [200, '', etag]);
});

test('it is up to date with its source', () => {
  assert.equal(TEXT, openapiText(), 'run `npm run openapi`');
});

test('every reference resolves, every component is used, and every operation has an id of its own', () => {
  const used = new Set();
  const walk = (node) => {
    if (typeof node !== 'object' || node === null) return;
    if (typeof node.$ref === 'string') {
      resolve(node.$ref, DOCUMENT);
      used.add(node.$ref);
    }
    Object.values(node).forEach(walk);
  };
  walk(DOCUMENT);
  for (const [kind, named] of Object.entries(DOCUMENT.components)) {
    if (kind === 'securitySchemes') continue;
    for (const name of Object.keys(named))
      assert.ok(used.has(`#/components/${kind}/${name}`), `${kind}/${name} is not used`);
  }
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

const CONTRACT_CATEGORIES = ['ai_stuck', 'agent_abandoned'];
/** Categories that only a response to a request that names one of them has. */
const ADDED_CATEGORIES = ['unassigned', 'snoozed', 'acknowledged'];

/**
 * Asserts that `ours` contains `theirs`. It may add members, append elements, promise that more members are `required`,
 * and name by a reference what the contract writes out.
 */
function assertContains(theirs, ours, at) {
  const own = theirs?.$ref === undefined && ours?.$ref !== undefined ? deref(ours) : ours;
  if (Array.isArray(theirs)) {
    if (at.endsWith('.required')) return assert.deepEqual(without(theirs, own), [], at);
    for (const [index, element] of theirs.entries()) assertContains(element, own?.[index], `${at}[${index}]`);
    if (/\.(rows|assigneeNames)$/.test(at)) assert.equal(own.length, theirs.length, at);
    const added = isDeepStrictEqual(theirs, CONTRACT_CATEGORIES) ? ADDED_CATEGORIES : [];
    if (at.endsWith('.enum')) assert.deepEqual(own.slice(theirs.length), added, at);
  } else if (typeof theirs === 'object' && theirs !== null) {
    for (const [name, member] of Object.entries(theirs)) assertContains(member, own?.[name], `${at}.${name}`);
  } else {
    assert.equal(own, theirs, at);
  }
  return undefined;
}

const without = (names, others) => names.filter((name) => !others?.includes(name));

test('it contains the contract, with additions only where the contract allows them', () => {
  assertContains(CONTRACT.paths, DOCUMENT.paths, 'paths');
  assertContains(CONTRACT.components, DOCUMENT.components, 'components');
  const { parameters } = DOCUMENT.paths[REPORT].get;
  for (const added of parameters.slice(CONTRACT.paths[REPORT].get.parameters.length))
    assert.equal(deref(added).required, false);
  for (const [name, schema] of Object.entries(CONTRACT.components.schemas))
    assert.equal(schema.additionalProperties, true, `${name} allows additions`);
});

test('it contains the contract: a change that breaks the contract is noticed', () => {
  const changes = {
    'a missing value': (row) => row.properties.category.enum.pop(),
    'an added value': (row) => row.properties.category.enum.push('other'),
    'another type': (row) => (row.properties.hasAccess.type = 'string'),
    'no null': (row) => delete row.properties.contactPhone.nullable,
    'another example': (row) => (row.example.contactName = 'John Doe'),
  };
  const { ConversationMonitorRow: theirs } = CONTRACT.components.schemas;
  for (const [name, change] of Object.entries(changes)) {
    const ours = structuredClone(DOCUMENT.components.schemas.ConversationMonitorRow);
    ours.properties.category = structuredClone(deref(ours.properties.category));
    change(ours);
    assert.throws(() => assertContains(theirs, ours, 'row'), assert.AssertionError, name);
  }
  const pagination = structuredClone(DOCUMENT.components.schemas.ConversationMonitorPagination);
  pagination.required.pop();
  assert.throws(() =>
    assertContains(CONTRACT.components.schemas.ConversationMonitorPagination, pagination, 'pagination'),
  );
});

// ---------------------------------------------------------------------------------------------------------------
// Examples
// ---------------------------------------------------------------------------------------------------------------

/** The examples of a media type. */
const examplesOf = ({ example, examples }) =>
  examples ? Object.values(examples).map(({ value }) => value) : example === undefined ? [] : [example];

/** Every response of every operation, references followed. */
const responses = operations.flatMap(({ route, method, operation }) =>
  Object.entries(operation.responses).map(([status, response]) => ({
    route,
    method,
    status,
    response: deref(response),
  })),
);

test('every response with a body has an example, and every example is valid', () => {
  let checked = 0;
  const check = (name, schema, value) => {
    assert.deepEqual(documentErrors(schema, value, DOCUMENT), [], name);
    checked += 1;
  };
  for (const { route, method, status, response } of responses) {
    for (const [type, media] of Object.entries(response.content ?? {})) {
      const examples = examplesOf(media);
      assert.ok(examples.length > 0, `${method} ${route} ${status} ${type}`);
      for (const example of examples) check(`${method} ${route} ${status}`, media.schema, example);
    }
  }
  for (const { route, method, operation } of operations) {
    for (const media of Object.values(operation.requestBody?.content ?? {})) {
      const examples = examplesOf(media);
      assert.ok(examples.length > 0, `${method} ${route}`);
      for (const example of examples) check(`${method} ${route}`, media.schema, example);
    }
  }
  for (const [name, schema] of Object.entries(DOCUMENT.components.schemas))
    if (schema.example !== undefined) check(name, schema, schema.example);
  assert.ok(checked > 60, `only ${checked}`);
});

test('every type of event has an example of its record and of its removal, and the worker accepts them all', async () => {
  const { schemas } = DOCUMENT.components;
  const types = schemas.Event.oneOf.map((event) => deref(event).oneOf.map(deref));
  assert.equal(types.length, 8);
  for (const [record, removal] of types) {
    const event = { oneOf: [record, removal] };
    assert.deepEqual(documentErrors(event, record.example, DOCUMENT), []);
    assert.deepEqual(documentErrors(event, removal.example, DOCUMENT), []);
    // A source may send the whole record with its removal.
    assert.deepEqual(schemaErrors('Event', { ...record.example, deleted: true }, DOCUMENT), []);
    assert.deepEqual(schemaErrors('Event', { ...record.example, deleted: false }, DOCUMENT), []);
    assert.notDeepEqual(schemaErrors('Event', { ...removal.example, deleted: false }, DOCUMENT), []);
  }
  const { content } = DOCUMENT.paths[EVENTS].post.requestBody;
  const bodies = examplesOf(content['application/json']);
  assert.deepEqual(
    new Set(bodies.flatMap(({ events }) => events.map(({ type }) => type))),
    new Set(types.map(([record]) => record.example.type)),
  );
  await service.post(types.flatMap((pair) => pair.map(({ example }) => example)));
  for (const body of bodies) {
    const response = await service.fetch(EVENTS, { method: 'POST', ...posted(JSON.stringify(body)) });
    assert.equal(response.status, 200, await response.text());
  }
});

test('the NDJSON in the description of POST events is accepted as it stands', async () => {
  const [, body] = DOCUMENT.paths[EVENTS].post.description.match(/```\n(.+)\n```/s);
  const init = posted(body, { 'Content-Type': 'application/x-ndjson' });
  const response = await service.fetch(EVENTS, { method: 'POST', ...init });
  assert.equal((await response.json()).data.accepted, 4);
});

// ---------------------------------------------------------------------------------------------------------------
// What the worker does
// ---------------------------------------------------------------------------------------------------------------

/** The paths that the worker's source names, its unit tests excluded. Those that end with a slash are only beginnings. */
function routesInSource() {
  const folder = path.join(ROOT, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.rs'))
    .map((file) => readFileSync(path.join(folder, file), 'utf8').split('#[cfg(test)]')[0])
    .flatMap((text) => [...text.matchAll(/"(\/(?:api\/[^"]*[^"/]|health|openapi\.json|dashboard\.json))"/g)])
    .map(([, route]) => route);
}

/** The body of a response; of a stream, which does not end by itself, what there is at first. */
async function bodyOf(response) {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (!isStream || response.body === null) return response.text();
  const reader = response.body.getReader();
  const { value = new Uint8Array() } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

const targetOf = (route) =>
  conversationOf('c1', route).replace('{organizationId}', 'o').replace('{connectionId}', 'cn-chatwoot');

test('it names all routes and all of their methods', async () => {
  for (const [route, item] of Object.entries(DOCUMENT.paths)) {
    const documented = METHODS.filter((method) => item[method]).map((method) => method.toUpperCase());
    for (const method of METHODS.map((name) => name.toUpperCase())) {
      const response = await service.fetch(targetOf(route), { method });
      await bodyOf(response);
      const isTaken = documented.includes(method);
      assert.equal(response.status === 405, !isTaken, `${method} ${route}: ${response.status}`);
      assert.notEqual(response.status, 404, `${method} ${route}`);
      if (!isTaken) assert.deepEqual(response.headers.get('allow').split(', '), documented, route);
    }
  }
  const routes = new Set([...routesInSource(), SETTINGS, ALERTS_ROUTE, ALERT_TEST_ROUTE, CONNECTIONS_ROUTE, HOOKS]);
  assert.deepEqual([...routes].sort(), Object.keys(DOCUMENT.paths).sort());
});

test('it names exactly the parameters that the worker reads', async () => {
  const filters = ['category', 'channelType', 'reason', 'assignee', 'departmentId'];
  const names = [
    'page',
    'limit',
    'skipThreshold',
    'organizationId',
    'snapshot',
    'search',
    'separator',
    'days',
    ...filters,
  ];
  const token = adminToken(ORGANIZATION);
  for (const one of operations.filter(({ method }) => method === 'get')) {
    const documented = parametersOf(one)
      .filter((parameter) => parameter.in === 'query')
      .map(({ name }) => name);
    const known = [];
    for (const name of names) {
      const target = conversationOf('c1', one.route).replace('{organizationId}', encodeURIComponent(ORGANIZATION));
      // Of a token, health wants a scope.
      const response = await service.fetch(`${target}?${name}=`, one.route === '/health' ? {} : { token });
      const body = await bodyOf(response);
      const isRefused = response.status === 400 && JSON.parse(body).message.startsWith(name);
      // A stream follows the newest snapshot, and says so to who names one.
      if (isRefused && !(one.route === STREAM && name === 'snapshot')) known.push(name);
      else if (isRefused) continue;
      else assert.equal(response.status, 200, `${one.route} ${name}: ${body}`);
    }
    assert.deepEqual(documented.sort(), known.sort(), one.route);
  }
});

/** The bodies of the errors that the worker was seen to answer, by status. */
const errorsSeen = new Map();

/** Everything in a response must be documented, and everything that is documented must be there. */
function checkAnswer({ route, method, operation }, response, text) {
  const name = `${method} ${route} ${response.status}`;
  const documented = operation.responses[response.status];
  assert.ok(documented, `${name} is not documented: ${text}`);
  const { headers = {}, content } = deref(documented);
  for (const [header, reference] of Object.entries(headers)) {
    const value = response.headers.get(header);
    const { schema, required } = deref(reference);
    if (!required && value === null) continue;
    assert.notEqual(value, null, `${name}: ${header}`);
    const typed = schema.type === 'integer' ? Number(value) : value;
    assert.deepEqual(documentErrors(schema, typed, DOCUMENT), [], `${name}: ${header}`);
  }
  for (const header of Object.keys(DOCUMENT.components.headers)) {
    if (!Object.hasOwn(headers, header))
      assert.equal(response.headers.get(header), null, `${name}: ${header} is not documented`);
  }
  if (content === undefined) return assert.equal(text, '', name);
  const [type] = response.headers.get('content-type').split(';');
  assert.ok(content[type], `${name}: ${type}`);
  if (type !== 'application/json') return undefined;
  const body = JSON.parse(text);
  assert.deepEqual(documentErrors(content[type].schema, body, DOCUMENT), [], name);
  if (response.status >= 400) errorsSeen.set(response.status, [...(errorsSeen.get(response.status) ?? []), text]);
  // The contract's own schemas apply to its route, and to errors everywhere.
  if (response.status >= 400) assert.deepEqual(schemaErrors('ConversationMonitorErrorResponse', body), []);
  else if (route === REPORT) assert.deepEqual(schemaErrors('ConversationMonitorReportResponse', body), []);
  return undefined;
}

const superadminToken = tokenOf({ sub: 'root', role: 'SUPERADMIN' });
const admin = { token: adminToken(ORGANIZATION) };
const json = (body, more) => ({ token: admin.token, body, headers: { 'Content-Type': 'application/json', ...more } });
const event = JSON.stringify({
  events: [
    { type: 'user', organizationId: ORGANIZATION, userId: 'u9', fullName: 'x', updatedAt: '2024-01-01T00:00:00Z' },
  ],
});
const posted = (body, more) => ({ ...json(body, more), token: ingestToken() });

const EXPIRED = signToken({ sub: 'u', role: 'ADMIN', organizationId: ORGANIZATION, exp: 1_700_000_000 }, SECRET);

/** For each status of a route that is only read: requests that get it, as `[target, init]`. `bad` is a malformed query. */
const READS = (route, { bad, pinned = true }) => ({
  200: [
    [route, admin],
    [`${route}?organizationId=${encodeURIComponent(ORGANIZATION)}`, { token: superadminToken }],
  ],
  304: [[route, { ...admin, headers: { 'If-None-Match': '*' } }]],
  400: [
    [`${route}?organizationId=`, admin],
    [`${route}?${bad}`, admin],
  ],
  401: [
    [route, {}],
    [route, { headers: { Authorization: 'Basic x' } }],
    [route, { token: 'x' }],
    [route, { token: EXPIRED }],
  ],
  403: [[`${route}?organizationId=other`, admin]],
  404: [[route, { token: adminToken('nowhere') }]],
  ...(pinned && { 410: [[`${route}?snapshot=x`, admin]], 500: [[route, { token: adminToken('broken') }]] }),
});
// It reads no rows, and a list that cannot be read is out of reach until the next refresh.
const { 500: __, ...SUMMARY_READS } = READS(SUMMARY, { bad: 'skipThreshold=x' });
// What a client has is never sent, so there is no 304.
const { 304: _, ...STREAM_READS } = READS(STREAM, { bad: 'snapshot=x', pinned: false });
const settings = settingsOf(ORGANIZATION);

const alertsOf = (organizationId) => ALERTS_ROUTE.replace('{organizationId}', encodeURIComponent(organizationId));
const alertTestOf = (organizationId, destinationId = 'desk') =>
  ALERT_TEST_ROUTE.replace('{organizationId}', encodeURIComponent(organizationId)).replace(
    '{destinationId}',
    destinationId,
  );
const destinations = (url) =>
  JSON.stringify({ destinations: [{ id: 'desk', url, format: 'slack', categories: ['ai_stuck'] }] });
const acknowledgement = conversationOf('c1', ACKNOWLEDGEMENT);
const seen = (latestInboundMessageId, more) => json(JSON.stringify({ latestInboundMessageId, ...more }));

const hook = HOOKS.replace('{connectionId}', CONNECTION.connectionId);
/** A webhook of Chatwoot, with its signature. */
function webhook(body, more) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const digits = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex');
  const signed = { 'X-Chatwoot-Timestamp': timestamp, 'X-Chatwoot-Signature': `sha256=${digits}` };
  return { body, headers: { 'Content-Type': 'application/json', ...signed, ...more } };
}

const REQUESTS = {
  [REPORT]: { get: READS(REPORT, { bad: 'limit=101' }) },
  [SEARCH]: {
    post: {
      200: [[SEARCH, json('{"search":"aa"}')]],
      400: [
        [SEARCH, json('{"search":"a"}')],
        [SEARCH, json('{"search":"aa","limit":101}')],
      ],
      401: [[SEARCH, { ...json('{}'), token: undefined }]],
      403: [[SEARCH, json('{"search":"aa","organizationId":"other"}')]],
      404: [[SEARCH, { ...json('{"search":"aa"}'), token: adminToken('nowhere') }]],
      410: [[SEARCH, json('{"search":"aa","snapshot":"x"}')]],
      413: [[SEARCH, json(' '.repeat(70_000))]],
      415: [[SEARCH, json('{}', { 'Content-Type': 'text/plain' })]],
    },
  },
  [CSV]: { get: READS(CSV, { bad: 'category=x' }) },
  [STREAM]: { get: STREAM_READS },
  [SUMMARY]: { get: SUMMARY_READS },
  [TREND]: { get: READS(TREND, { bad: 'days=0', pinned: false }) },
  [TREND_CSV]: { get: READS(TREND_CSV, { bad: 'separator=x', pinned: false }) },
  [SCOPES]: { get: READS(SCOPES, { bad: 'search=', pinned: false }) },
  [EVIDENCE]: {
    get: {
      200: [
        ...['c1', 'c2', 'c3'].map((id) => [conversationOf(id), admin]),
        [`${conversationOf('c1')}?organizationId=${encodeURIComponent(ORGANIZATION)}`, { token: superadminToken }],
      ],
      304: [[conversationOf('c1'), { ...admin, headers: { 'If-None-Match': '*' } }]],
      400: [
        [conversationOf('\0'), admin],
        [`${conversationOf('c1')}?organizationId=`, admin],
      ],
      401: [[conversationOf('c1'), {}]],
      403: [[`${conversationOf('c1')}?organizationId=other`, admin]],
      404: [
        [conversationOf('nothing'), admin],
        [conversationOf('c1'), { token: adminToken('nowhere') }],
        [conversationOf('c1'), { token: departmentHeadToken(ORGANIZATION, ['d2']) }],
      ],
    },
  },
  [ACKNOWLEDGEMENT]: {
    put: {
      200: [
        [acknowledgement, seen('c1')],
        [acknowledgement, seen('c1', { until: new Date(Date.now() + 60 * MINUTE).toISOString(), note: 'mine' })],
      ],
      400: [
        [conversationOf('\0', ACKNOWLEDGEMENT), seen('c1')],
        [acknowledgement, json('{}')],
        [acknowledgement, json('[]')],
        [acknowledgement, seen('c1', { until: '2024-01-01T00:00:00Z' })],
      ],
      401: [[acknowledgement, { ...seen('c1'), token: undefined }]],
      403: [
        [`${acknowledgement}?organizationId=other`, seen('c1')],
        [acknowledgement, { ...seen('c1'), token: tokenOf({ role: 'ADMIN', organizationId: ORGANIZATION }) }],
      ],
      404: [[conversationOf('nothing', ACKNOWLEDGEMENT), seen('c1')]],
      409: [
        [acknowledgement, seen('another')],
        [conversationOf('c3', ACKNOWLEDGEMENT), seen('c3')],
      ],
      413: [[acknowledgement, json(' '.repeat(70_000))]],
      415: [[acknowledgement, json('{}', { 'Content-Type': 'text/plain' })]],
    },
    delete: {
      200: [
        [acknowledgement, admin],
        [acknowledgement, admin],
      ],
      400: [[conversationOf('\0', ACKNOWLEDGEMENT), admin]],
      401: [[acknowledgement, {}]],
      403: [[`${acknowledgement}?organizationId=other`, admin]],
      404: [[conversationOf('nothing', ACKNOWLEDGEMENT), admin]],
    },
  },
  [EVENTS]: {
    post: {
      200: [
        [EVENTS, posted(event)],
        [`${EVENTS}?partial=true`, posted('{"events":[1,{"type":"user"}]}')],
      ],
      400: [
        [`${EVENTS}?partial=`, posted(event)],
        [EVENTS, posted('{')],
        [EVENTS, posted('{}')],
        [EVENTS, posted('{"events":[1,{"type":"user"}]}')],
      ],
      401: [[EVENTS, { ...posted(event), token: undefined }]],
      403: [[EVENTS, { ...posted(event), token: admin.token }]],
      413: [
        [EVENTS, posted(`{"events":[${'1,'.repeat(1000)}1]}`)],
        [EVENTS, posted(' '.repeat(2 ** 20 + 1))],
      ],
      415: [
        [EVENTS, posted(event, { 'Content-Type': 'text/plain' })],
        [EVENTS, posted(event, { 'Content-Encoding': 'br' })],
      ],
    },
  },
  [HOOKS]: {
    post: {
      200: [
        [hook, webhook('{"event":"webwidget_triggered"}')],
        [hook, webhook('{"event":"message_created","id":7}')],
      ],
      401: [[hook, { ...webhook('{}'), body: '[]' }]],
      404: [[HOOKS.replace('{connectionId}', 'cn-of-nobody'), webhook('{}')]],
      413: [[hook, webhook(' '.repeat(2 ** 22 + 1))]],
      415: [[hook, webhook('{}', { 'Content-Type': 'text/plain' })]],
    },
  },
  [SETTINGS]: {
    get: {
      200: [[settings, admin]],
      304: [[settings, { ...admin, headers: { 'If-None-Match': '*' } }]],
      400: [[settingsOf('\0'), admin]],
      401: [[settings, {}]],
      403: [[settingsOf('other'), admin]],
      404: [[settingsOf('nowhere'), { token: superadminToken }]],
    },
    put: {
      200: [[settings, json('{"thresholdMinutes":5}')]],
      400: [[settings, json('{}')]],
      401: [[settings, { ...json('{}'), token: undefined }]],
      403: [[settingsOf('other'), json('{"thresholdMinutes":5}')]],
      404: [[settingsOf('nowhere'), { ...json('{"thresholdMinutes":5}'), token: superadminToken }]],
      413: [[settings, json(' '.repeat(70_000))]],
      415: [[settings, json('{}', { 'Content-Type': 'text/plain' })]],
    },
  },
  [ALERTS_ROUTE]: {
    get: {
      200: [[alertsOf(ORGANIZATION), admin]],
      304: [[alertsOf(ORGANIZATION), { ...admin, headers: { 'If-None-Match': '*' } }]],
      400: [[alertsOf('\0'), admin]],
      401: [[alertsOf(ORGANIZATION), {}]],
      403: [[alertsOf('other'), admin]],
      404: [[alertsOf('nowhere'), { token: superadminToken }]],
    },
    put: {
      200: [
        [alertsOf(ORGANIZATION), json('{"destinations":[]}')],
        [alertsOf(ORGANIZATION), json(destinations('https://hooks.slack.com/services/T0000/B0000/Zx3k'))],
      ],
      400: [[alertsOf(ORGANIZATION), json(destinations('http://hooks.slack.com/'))]],
      401: [[alertsOf(ORGANIZATION), { ...json('{}'), token: undefined }]],
      403: [[alertsOf('other'), json('{"destinations":[]}')]],
      404: [[alertsOf('nowhere'), { ...json('{"destinations":[]}'), token: superadminToken }]],
      413: [[alertsOf(ORGANIZATION), json(' '.repeat(70_000))]],
      415: [[alertsOf(ORGANIZATION), json('{}', { 'Content-Type': 'text/plain' })]],
    },
  },
  [ALERT_TEST_ROUTE]: {
    post: {
      200: [[alertTestOf(ORGANIZATION), admin]],
      400: [[alertTestOf('\0'), admin]],
      401: [[alertTestOf(ORGANIZATION), {}]],
      403: [[alertTestOf('other'), admin]],
      404: [
        [alertTestOf('nowhere'), { token: superadminToken }],
        [alertTestOf(ORGANIZATION, 'nobody'), admin],
      ],
    },
  },
  [CONNECTIONS_ROUTE]: {
    get: {
      200: [[connectionsOf(ORGANIZATION), admin]],
      304: [[connectionsOf(ORGANIZATION), { ...admin, headers: { 'If-None-Match': '*' } }]],
      400: [[connectionsOf('\0'), admin]],
      401: [[connectionsOf(ORGANIZATION), {}]],
      403: [[connectionsOf('other'), admin]],
      404: [[connectionsOf('nowhere'), { token: superadminToken }]],
    },
  },
  [CONTACT_ROUTE]: {
    delete: {
      200: [[contactOf(ORGANIZATION), admin]],
      400: [
        [contactOf('\0'), admin],
        [contactOf(ORGANIZATION, '\0'), admin],
      ],
      401: [[contactOf(ORGANIZATION), {}]],
      403: [[contactOf('other'), admin]],
      404: [[contactOf('nowhere'), { token: superadminToken }]],
    },
  },
  [ORGANIZATION_ROUTE]: {
    delete: {
      200: [
        [organizationOf('leaving'), { token: superadminToken }],
        [`${organizationOf('leaving')}?purge=true`, { token: superadminToken }],
      ],
      400: [
        [organizationOf('\0'), { token: superadminToken }],
        [`${organizationOf('leaving')}?purge=1`, { token: superadminToken }],
      ],
      401: [[organizationOf('leaving'), {}]],
      403: [[organizationOf(ORGANIZATION), admin]],
      404: [[organizationOf('nowhere'), { token: superadminToken }]],
    },
  },
  '/health': {
    get: {
      200: [
        ['/health', { token: tokenOf({ sub: 'op', scope: 'conversation-monitor:operate' }) }],
        ['/health', {}],
      ],
      401: [['/health', { token: 'garbage' }]],
      403: [['/health', admin]],
    },
  },
  '/openapi.json': {
    get: {
      200: [['/openapi.json', {}]],
      304: [['/openapi.json', { headers: { 'If-None-Match': '*' } }]],
      405: [['/openapi.json', { method: 'POST' }]],
    },
  },
  '/dashboard.json': {
    get: {
      200: [['/dashboard.json', {}]],
      304: [['/dashboard.json', { headers: { 'If-None-Match': '*' } }]],
      405: [['/dashboard.json', { method: 'POST' }]],
    },
  },
};
for (const methods of Object.values(REQUESTS)) if (methods.get) methods.head = methods.get;

/** Statuses that only services with other settings answer; they have tests of their own below. */
const ELSEWHERE = { limited: '429', misconfigured: '503' };
/** Statuses that no request from outside can bring about. */
const FAULTS_OF_OURS = {
  [SEARCH]: ['500'],
  [SUMMARY]: ['500'],
  [STREAM]: ['500'],
  [TREND]: ['500'],
  [TREND_CSV]: ['500'],
  [SCOPES]: ['500'],
  [EVIDENCE]: ['500'],
  [ACKNOWLEDGEMENT]: ['500'],
  [SETTINGS]: ['500'],
  [ALERTS_ROUTE]: ['500'],
  [ALERT_TEST_ROUTE]: ['500'],
  [CONNECTIONS_ROUTE]: ['500'],
  [CONTACT_ROUTE]: ['500'],
  [ORGANIZATION_ROUTE]: ['500'],
  [EVENTS]: ['500'],
  [HOOKS]: ['500'],
  '/openapi.json': ['500'],
};
/** Routes without a token that a misconfigured service refuses. */
const OF_THE_CONFIGURATION = ['/dashboard.json'];

async function checkRequest(at, one, status, [target, init]) {
  const response = await at.fetch(target, { method: one.method.toUpperCase(), ...init });
  const text = await bodyOf(response);
  assert.equal(String(response.status), status, `${one.method} ${target}: ${text}`);
  // A 405 is never the response to HEAD itself, so its body is documented for GET only.
  const isBodiless = one.method === 'head' && init.method !== undefined;
  checkAnswer(one, response, isBodiless ? '' : text);
}

describe('statuses, headers and bodies of', () => {
  for (const one of operations) {
    const { route, method, operation } = one;
    test(`${method} ${route}`, async () => {
      const requests = REQUESTS[route][method];
      for (const [status, list] of Object.entries(requests))
        for (const request of list) await checkRequest(service, one, status, request);
      const shown = new Set([...Object.keys(requests), ...(FAULTS_OF_OURS[route] ?? [])]);
      if (operation.security.length > 0) for (const status of Object.values(ELSEWHERE)) shown.add(status);
      if (OF_THE_CONFIGURATION.includes(route)) shown.add(ELSEWHERE.misconfigured);
      assert.deepEqual(Object.keys(operation.responses).sort(), [...shown].sort(), 'every documented status is shown');
    });
  }

  const secured = operations.filter(({ operation }) => operation.security.length > 0);
  const first = ({ route, method }) => REQUESTS[route][method][200][0];

  test('all of them when the service is misconfigured', async () => {
    const misconfigured = await startService({ secrets: { JWT_SECRET: '', CONNECTIONS } });
    try {
      const refused = operations.filter((one) => secured.includes(one) || OF_THE_CONFIGURATION.includes(one.route));
      for (const one of refused) await checkRequest(misconfigured, one, '503', first(one));
    } finally {
      await misconfigured.close();
    }
  });

  test('all of them when there are too many requests', async () => {
    const limits = { READ_LIMIT: 1, SEARCH_LIMIT: 1, STREAM_LIMIT: 1, ALERT_TEST_LIMIT: 1, INGEST_LIMIT: 1 };
    const limited = await startService({ secrets: { CONNECTIONS }, limits });
    try {
      for (const one of secured) {
        const [target, init] = first(one);
        for (let call = 0; call < 2; call += 1) {
          await (await limited.fetch(target, { ...init, method: one.method.toUpperCase() })).arrayBuffer();
        }
        await checkRequest(limited, one, '429', [target, init]);
      }
    } finally {
      await limited.close();
    }
  });
});

test('every example of an error is one that the worker has answered above', () => {
  for (const { route, method, status, response } of responses.filter(({ status }) => Number(status) >= 400)) {
    for (const example of Object.values(response.content ?? {}).flatMap(examplesOf)) {
      const name = `${method} ${route} ${status}: ${example.message}`;
      const isSeen = (errorsSeen.get(Number(status)) ?? []).some((text) =>
        isDeepStrictEqual(JSON.parse(text), example),
      );
      assert.ok(isSeen, name);
    }
  }
});
