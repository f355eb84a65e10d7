// The organizations and departments that a caller may choose from.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Clock, checkCommonHeaders, departmentHeadToken, hoursAgo, superadminToken } from './fixtures.mjs';
import { adminToken, SCOPES, startService, tokenOf } from './harness.mjs';

const clock = new Clock(hoursAgo(1));
const updatedAt = clock.iso();
/** A millisecond later. */
const afterwards = clock.iso(-1);

let service;
before(async () => {
  service = await startService();
  await service.post([
    { type: 'organization', organizationId: 'o2', name: 'Beta Care', updatedAt },
    { type: 'organization', organizationId: 'o1', name: 'Acme', updatedAt },
    { type: 'organization', organizationId: 'o4', name: 'Acme', updatedAt },
    { type: 'organization', organizationId: 'gone', name: 'Acme of old', updatedAt },
    { type: 'organization', organizationId: 'gone', deleted: true, updatedAt: afterwards },
    { type: 'user', organizationId: 'Nameless', userId: 'u1', fullName: 'Somebody', updatedAt },
    { type: 'organization', organizationId: 'percent', name: '100% "quoted" _\\', updatedAt },
    ...[
      ['d2', 'Sales'],
      ['d1', 'Support'],
      ['d3', 'Sales'],
      ['d4', 'Closed'],
    ].map(([departmentId, name]) => ({ type: 'department', organizationId: 'o1', departmentId, name, updatedAt })),
    { type: 'department', organizationId: 'o1', departmentId: 'd4', deleted: true, updatedAt: afterwards },
    { type: 'department', organizationId: 'o2', departmentId: 'd1', name: 'Another', updatedAt },
  ]);
});
after(() => service?.close());

async function check(status, token, parameters = {}, init = {}) {
  const response = await service.fetch(`${SCOPES}?${new URLSearchParams(parameters)}`, { token, ...init });
  const text = await response.text();
  assert.equal(response.status, status, `${JSON.stringify(parameters)}: ${text}`);
  checkCommonHeaders(response);
  const body = text && JSON.parse(text);
  if (status === 200 && text) assert.equal(body.success, true);
  return { data: body.data, body, headers: response.headers, text };
}

const organization = (organizationId, name) => ({ organizationId, name });
const department = (departmentId, name) => ({ departmentId, name });
const ALL = [
  organization('percent', '100% "quoted" _\\'),
  organization('o1', 'Acme'),
  organization('o4', 'Acme'),
  organization('o2', 'Beta Care'),
  organization('Nameless', null),
];
const OF_O1 = [department('d2', 'Sales'), department('d3', 'Sales'), department('d1', 'Support')];

describe('SUPERADMIN', () => {
  test('all organizations by name, and the departments of the requested one, else of their own, else none', async () => {
    const { data } = await check(200, superadminToken());
    assert.deepEqual(data, {
      user: { name: null, role: 'SUPERADMIN', organizationId: null },
      organizationId: null,
      organizations: ALL,
      organizationsTruncated: false,
      departments: [],
      conversationUrl: null,
    });
    assert.deepEqual((await check(200, superadminToken(), { organizationId: 'o1' })).data, {
      user: { name: null, role: 'SUPERADMIN', organizationId: null },
      organizationId: 'o1',
      organizations: ALL,
      organizationsTruncated: false,
      departments: OF_O1,
      conversationUrl: null,
    });
    assert.deepEqual((await check(200, superadminToken('o1'))).data.departments, OF_O1);
    assert.deepEqual((await check(200, superadminToken('o1'), { organizationId: 'o2' })).data.departments, [
      department('d1', 'Another'),
    ]);
    assert.deepEqual((await check(200, superadminToken('o4'))).data.departments, []);
  });

  test('search: a part of the id or the name, in any case', async () => {
    const found = async (search) =>
      (await check(200, superadminToken(), { search })).data.organizations.map(({ organizationId }) => organizationId);
    const table = {
      ACME: ['o1', 'o4'],
      'a c': ['o2'],
      o2: ['o2'],
      NAMEL: ['Nameless'],
      '100%': ['percent'],
      '%': ['percent'],
      _: ['percent'],
      '"q': ['percent'],
      '\\': ['percent'],
      old: [],
      'acme of': [],
      "'": [],
      o: ['percent', 'o1', 'o4', 'o2'],
      ' ': ['percent', 'o2'],
    };
    for (const [search, ids] of Object.entries(table)) assert.deepEqual(await found(search), ids, search);
    const { data } = await check(200, superadminToken(), { search: 'none of them', organizationId: 'o1' });
    assert.deepEqual([data.organizations, data.departments], [[], OF_O1], 'departments are not searched');
  });

  test('404 if the organization is removed or never existed', async () => {
    for (const organizationId of ['gone', 'nowhere']) {
      await check(404, superadminToken(), { organizationId });
      await check(404, superadminToken(organizationId));
    }
  });
});

describe('ADMIN and DEPARTMENT_HEAD', () => {
  test('their own organization, whatever they search for', async () => {
    for (const parameters of [{}, { organizationId: 'o1' }, { search: 'x' }]) {
      assert.deepEqual((await check(200, adminToken('o1'), parameters)).data, {
        user: { name: null, role: 'ADMIN', organizationId: 'o1' },
        organizationId: 'o1',
        organizations: [organization('o1', 'Acme')],
        organizationsTruncated: false,
        departments: OF_O1,
        conversationUrl: null,
      });
    }
    assert.deepEqual((await check(200, adminToken('Nameless'))).data.organizations, [organization('Nameless', null)]);
  });

  test('a head’s departments are the token’s, known or not', async () => {
    const { data } = await check(200, departmentHeadToken('o1', ['x', 'd4', 'd1', 'd3', 'a']));
    assert.deepEqual(data.departments, [
      department('d3', 'Sales'),
      department('d1', 'Support'),
      department('a', null),
      department('d4', null),
      department('x', null),
    ]);
    assert.deepEqual((await check(200, departmentHeadToken('o1', []))).data.departments, []);
  });

  test("403 for another organization, 404 for one's own that does not exist", async () => {
    for (const tokenFor of [adminToken, (id) => departmentHeadToken(id, ['d1'])]) {
      const texts = new Set();
      for (const organizationId of ['o2', 'gone', 'nowhere'])
        texts.add((await check(403, tokenFor('o1'), { organizationId })).text);
      assert.equal(texts.size, 1);
      await check(404, tokenFor('nowhere'));
      await check(404, tokenFor('gone'));
    }
    await check(403, tokenOf({ sub: 'u', role: 'AGENT', organizationId: 'o1' }));
    await check(403, tokenOf({ sub: 'u', role: 'ADMIN' }));
  });
});

describe('the user', () => {
  const userOf = async (claims, parameters = {}) =>
    (await check(200, tokenOf({ sub: 'u', role: 'ADMIN', organizationId: 'o1', ...claims }), parameters)).data.user;

  test('is called by the first name of the token that can be shown', async () => {
    const table = [
      [{ name: 'Ada Lovelace', preferred_username: 'ada' }, 'Ada Lovelace'],
      [{ name: null, preferred_username: 'ada' }, 'ada'],
      [{ name: '<b>"\u202e', preferred_username: 'ada' }, '<b>"\u202e'],
      [{ name: 'x'.repeat(513) }, null],
      [{ name: 'a\nb' }, null],
      [{ name: 1 }, null],
    ];
    for (const [claims, name] of table) {
      assert.deepEqual(await userOf(claims), { name, role: 'ADMIN', organizationId: 'o1' });
    }
  });

  test('has the greatest of their roles, and their own organization whatever is asked for', async () => {
    const role = ['DEPARTMENT_HEAD', 'SUPERADMIN', 'AGENT'];
    assert.deepEqual(await userOf({ role, organizationId: ['o1'] }, { organizationId: 'o2' }), {
      name: null,
      role: 'SUPERADMIN',
      organizationId: 'o1',
    });
  });
});

test('400, before 403', async () => {
  const queries = [
    { search: '' },
    { search: 'x'.repeat(129) },
    { organizationId: '' },
    { organizationId: 'a\0' },
    [
      ['search', 'a'],
      ['search', 'a'],
    ],
    [
      ['organizationId', 'o1'],
      ['organizationId', 'o1'],
    ],
  ];
  for (const parameters of queries) {
    for (const token of [superadminToken(), adminToken('o1'), tokenOf({ sub: 'u', role: 'AGENT' })]) {
      const { body } = await check(400, token, parameters);
      assert.match(body.message, /search|organizationId/);
    }
  }
  await check(200, superadminToken(), { search: 'é'.repeat(128), unknown: '' });
  await check(401, 'garbage', { search: '' });
});

test('ETag, 304, HEAD and 405', async () => {
  const token = adminToken('o1');
  const { headers } = await check(200, token);
  const etag = headers.get('etag');
  await check(304, token, {}, { headers: { 'If-None-Match': etag } });
  const head = await service.fetch(SCOPES, { token, method: 'HEAD' });
  assert.deepEqual([head.status, await head.text(), head.headers.get('etag')], [200, '', etag]);
  const response = await service.fetch(SCOPES, { token, method: 'PUT', body: '' });
  await response.arrayBuffer();
  assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD']);
});

test('at most 1,000 organizations', async () => {
  const more = Array.from({ length: 1_000 - ALL.length }, (_, index) => ({
    type: 'organization',
    organizationId: `many-${index}`,
    name: `Many ${String(index).padStart(4, '0')}`,
    updatedAt,
  }));
  await service.post(more);
  const full = (await check(200, superadminToken())).data;
  assert.deepEqual([full.organizations.length, full.organizationsTruncated], [1_000, false]);
  await service.post([{ type: 'organization', organizationId: 'one more', name: 'Zeta', updatedAt }]);
  const { data } = await check(200, superadminToken(), { organizationId: 'one more' });
  assert.deepEqual([data.organizations.length, data.organizationsTruncated], [1_000, true]);
  assert.deepEqual(data.organizations.slice(0, 4), ALL.slice(0, 4));
  // Organizations without a name come last, so they are the first to be left out.
  assert.deepEqual(data.organizations.at(-1), organization('one more', 'Zeta'));
  assert.deepEqual((await check(200, superadminToken(), { search: 'many 0' })).data.organizations.length, 995);
});
