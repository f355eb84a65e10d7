// The links that `npm start` prints.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO_ORGANIZATIONS } from '../../scripts/demo.mjs';
import { signInLinks } from '../../scripts/sign-in-links.mjs';
import { makeToken, readClaims } from '../../scripts/token.mjs';

const URL_BASE = 'http://localhost:8787';
const makeOneWith = (env) => (options) =>
  makeToken(options, {
    where: { env: { JWT_SECRET: 'a secret of the tests, long enough for HMAC-SHA256', ...env }, file: '/none' },
  });
const makeOne = makeOneWith({});

test('each role of the demo organization gets a link with its own token in the fragment', () => {
  const [demo] = DEMO_ORGANIZATIONS;
  const links = signInLinks(URL_BASE, demo.organizationId, demo, makeOne);
  assert.deepEqual(
    links.map(({ role }) => role),
    ['ADMIN', 'DEPARTMENT_HEAD', 'SUPERADMIN'],
  );
  for (const { role, token, link } of links) {
    const url = new URL(link);
    assert.deepEqual([url.origin, url.pathname, url.search, url.hash], [URL_BASE, '/', '', `#token=${token}`]);
    const claims = readClaims(token);
    assert.deepEqual([claims.role, claims.organizationId], [role, demo.organizationId]);
    assert.equal(claims.exp - claims.iat, 12 * 3600);
  }
  const head = readClaims(links[1].token);
  assert.deepEqual(
    head.departmentIds,
    demo.departments.slice(0, 2).map(({ departmentId }) => departmentId),
  );
  assert.ok(demo.here.some(({ userId }) => userId === head.sub));
});

test("another organization's departments are unknown, so there is no link for a head", () => {
  assert.deepEqual(
    signInLinks(URL_BASE, 'another', undefined, makeOne).map(({ role }) => role),
    ['ADMIN', 'SUPERADMIN'],
  );
});

test('a role that JWT_ROLES has no name for has no link', () => {
  const links = signInLinks(URL_BASE, 'another', undefined, makeOneWith({ JWT_ROLES: '{"boss":"ADMIN"}' }));
  assert.deepEqual(
    links.map(({ role, token }) => [role, readClaims(token).role]),
    [['ADMIN', 'boss']],
  );
  assert.throws(() => signInLinks(URL_BASE, 'another', undefined, makeOneWith({ JWT_CLAIM_ROLE: 'role' })), /pointer/);
});
