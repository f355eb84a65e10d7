// public/openapi.json: it is served, it holds the contract, and it says of every route what the worker does, no more and
// no less.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  adminToken,
  CSV,
  EVENTS,
  ingestToken,
  REPORT,
  ROOT,
  SCOPES,
  SUMMARY,
  settingsOf,
  startService,
  tokenOf,
} from './harness.mjs';
import { CONTRACT, documentErrors, resolve, schemaErrors } from './schema.mjs';

const TEXT = readFileSync(path.join(ROOT, 'public/openapi.json'), 'utf8');
const DOCUMENT = JSON.parse(TEXT);
const SETTINGS = '/api/organizations/{organizationId}/autopilot-monitor-settings';
const METHODS = ['get', 'head', 'put', 'post', 'patch', 'delete'];
const MINUTE = 60_000;
const ORGANIZATION = 'an organization';

const deref = (node) => (node.$ref === undefined ? node : resolve(node.$ref, DOCUMENT));
const operations = Object.entries(DOCUMENT.paths).flatMap(([route, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({ route, method, operation: item[method], item })),
);
const parametersOf = ({ operation, item }) => [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(deref);

let service;
before(async () => {
  service = await startService();
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
    { ...common, type: 'autopilot', changeId: 'a1', conversationId: 'c2', at, enabled: false, actorId: 'u1' },
    { ...common, organizationId: 'broken', type: 'organization', name: 'x' },
    ...waiting('c1', {}).map((event) => ({ ...event, organizationId: 'broken' })),
  ]);
  await service.refresh(clock);
  await service.database.exec("UPDATE snapshot_part SET entries = '?' WHERE organization_id = 'broken'");
});
after(() => service?.close());

// ---------------------------------------------------------------------------------------------------------------
// The document itself
// ---------------------------------------------------------------------------------------------------------------

test('it is served to anyone, with what every answer carries', async () => {
  const response = await service.fetch('/openapi.json');
  assert.equal(response.status, 200);
  assert.equal(await response.text(), TEXT);
  assert.match(response.headers.get('content-type'), /^application\/json\b/);
  assert.match(response.headers.get('x-request-id'), /^\S{8,}$/);
  const etag = response.headers.get('etag');
  const head = await service.fetch('/openapi.json', { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text(), head.headers.get('etag')], [200, '', etag]);
});

test('it is printed the way it is kept, and every reference leads somewhere', () => {
  assert.equal(TEXT, `${JSON.stringify(DOCUMENT, null, 2)}\n`);
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

/** Whether `ours` says all that `theirs` says: members may be added, elements only behind those that are there. */
function contained(theirs, ours, at) {
  if (Array.isArray(theirs)) {
    theirs.forEach((element, index) => contained(element, ours?.[index], `${at}[${index}]`));
    if (/required$|enum$/.test(at)) assert.equal(ours.length, theirs.length, at);
  } else if (typeof theirs === 'object' && theirs !== null) {
    for (const [name, member] of Object.entries(theirs)) contained(member, ours?.[name], `${at}.${name}`);
  } else {
    assert.equal(ours, theirs, at);
  }
}

test('the contract is in it as it is, with additions where the contract allows them', () => {
  contained(CONTRACT.paths, DOCUMENT.paths, 'paths');
  contained(CONTRACT.components, DOCUMENT.components, 'components');
  const { parameters } = DOCUMENT.paths[REPORT].get;
  for (const added of parameters.slice(CONTRACT.paths[REPORT].get.parameters.length))
    assert.equal(deref(added).required, false);
  for (const [name, schema] of Object.entries(CONTRACT.components.schemas)) {
    assert.equal(schema.additionalProperties, true, `${name} allows additions`);
    assert.deepEqual(DOCUMENT.components.schemas[name].example, schema.example);
  }
});

// ---------------------------------------------------------------------------------------------------------------
// What the worker does
// ---------------------------------------------------------------------------------------------------------------

const targetOf = (route) => route.replace('{organizationId}', 'o');

test('there is no route and no method but those that it names', async () => {
  for (const [route, item] of Object.entries(DOCUMENT.paths)) {
    const documented = METHODS.filter((method) => item[method]).map((method) => method.toUpperCase());
    for (const method of METHODS.map((name) => name.toUpperCase())) {
      const response = await service.fetch(targetOf(route), { method });
      await response.arrayBuffer();
      const isTaken = documented.includes(method);
      assert.equal(response.status === 405, !isTaken, `${method} ${route}: ${response.status}`);
      assert.notEqual(response.status, 404, `${method} ${route}`);
      if (!isTaken) assert.deepEqual(response.headers.get('allow').split(', '), documented, route);
    }
  }
  const routes = readFileSync(path.join(ROOT, 'src/handlers/fetch.rs'), 'utf8');
  const written = [...routes.matchAll(/^ +"(\/[^"]+)" => Some/gm)].map(([, route]) => route);
  assert.deepEqual([...written, SETTINGS].sort(), Object.keys(DOCUMENT.paths).sort());
});

test('the parameters are those that are known', async () => {
  const names = ['page', 'limit', 'category', 'skipThreshold', 'departmentId', 'organizationId', 'snapshot', 'search'];
  const token = adminToken(ORGANIZATION);
  for (const one of operations.filter(({ method }) => method === 'get')) {
    const documented = parametersOf(one)
      .filter((parameter) => parameter.in === 'query')
      .map(({ name }) => name);
    const known = [];
    for (const name of names) {
      const target = one.route === SETTINGS ? settingsOf(ORGANIZATION) : one.route;
      const response = await service.fetch(`${target}?${name}=`, { token });
      const body = await response.text();
      if (response.status === 400 && JSON.parse(body).message.startsWith(name)) known.push(name);
      else assert.equal(response.status, 200, `${one.route} ${name}: ${body}`);
    }
    assert.deepEqual(documented.sort(), known.sort(), one.route);
  }
});

/** Everything that an answer has must be documented, and everything documented must be there. */
function checkAnswer({ route, method, operation }, response, text) {
  const name = `${method} ${route} ${response.status}`;
  const documented = operation.responses[response.status];
  assert.ok(documented, `${name} is not documented: ${text}`);
  const { headers = {}, content } = deref(documented);
  for (const [header, reference] of Object.entries(headers)) {
    const value = response.headers.get(header);
    assert.notEqual(value, null, `${name}: ${header}`);
    const { schema } = deref(reference);
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
  // What the contract says of its own route, and of errors everywhere, by the contract itself.
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

/** Of each route and method: for each status a request that has it, `[query or target, init]`. */
const READS = (route, { pinned = true } = {}) => ({
  200: [
    [route, admin],
    [`${route}?organizationId=${encodeURIComponent(ORGANIZATION)}`, { token: superadminToken }],
  ],
  304: [[route, { ...admin, headers: { 'If-None-Match': '*' } }]],
  400: [[`${route}?organizationId=`, admin]],
  401: [
    [route, {}],
    [route, { token: 'x' }],
  ],
  403: [[`${route}?organizationId=other`, admin]],
  404: [[route, { token: adminToken('nowhere') }]],
  ...(pinned && { 410: [[`${route}?snapshot=x`, admin]], 500: [[route, { token: adminToken('broken') }]] }),
});
const settings = settingsOf(ORGANIZATION);
const REQUESTS = {
  [REPORT]: { get: READS(REPORT) },
  [CSV]: { get: READS(CSV) },
  [SUMMARY]: { get: READS(SUMMARY) },
  [SCOPES]: { get: READS(SCOPES, { pinned: false }) },
  [EVENTS]: {
    post: {
      200: [[EVENTS, posted(event)]],
      400: [
        [EVENTS, posted('{')],
        [EVENTS, posted('{"events":[1,{"type":"user"}]}')],
      ],
      401: [[EVENTS, { ...posted(event), token: undefined }]],
      403: [[EVENTS, { ...posted(event), token: admin.token }]],
      413: [[EVENTS, posted(`{"events":[${'1,'.repeat(1000)}1]}`)]],
      415: [[EVENTS, posted(event, { 'Content-Type': 'text/plain' })]],
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
      413: [[settings, json(' '.repeat(5000))]],
      415: [[settings, json('{}', { 'Content-Type': 'text/plain' })]],
    },
  },
  '/health': { get: { 200: [['/health', {}]] } },
  '/openapi.json': {
    get: { 200: [['/openapi.json', {}]], 304: [['/openapi.json', { headers: { 'If-None-Match': '*' } }]] },
  },
};
for (const methods of Object.values(REQUESTS)) if (methods.get) methods.head = methods.get;

/** What only a service that is set up otherwise can answer; the last two cannot be brought about from outside. */
const ELSEWHERE = { limited: '429', misconfigured: '503' };
const FAULTS_OF_OURS = { [SCOPES]: ['500'], [SETTINGS]: ['500'], [EVENTS]: ['500'], '/openapi.json': ['500'] };

async function checkRequest(at, one, status, [target, init]) {
  const response = await at.fetch(target, { ...init, method: one.method.toUpperCase() });
  const text = await response.text();
  assert.equal(String(response.status), status, `${one.method} ${target}: ${text}`);
  checkAnswer(one, response, text);
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
      assert.deepEqual(Object.keys(operation.responses).sort(), [...shown].sort(), 'every documented status is shown');
    });
  }

  const secured = operations.filter(({ operation }) => operation.security.length > 0);
  const first = ({ route, method }) => REQUESTS[route][method][200][0];

  test('all where the service is misconfigured', async () => {
    const misconfigured = await startService({ secrets: { JWT_SECRET: '' } });
    try {
      for (const one of secured) await checkRequest(misconfigured, one, '503', first(one));
    } finally {
      await misconfigured.close();
    }
  });

  test('all where there are too many calls', async () => {
    const limited = await startService({ limits: { READ_LIMIT: 1, INGEST_LIMIT: 1 } });
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
