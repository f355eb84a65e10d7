// `npm run token`: the claims, the signature, and what is on stdout.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildClaims, makeToken, parseTtl, readClaims, signToken } from '../../scripts/token.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SECRET = 'a secret of the tests, 32 bytes or more';
const NOW_SECONDS = 1_700_000_000;

/** Runs a program in the repository with SECRET and nothing else of this machine's configuration. */
async function runProgram(program, args, env = {}) {
  const options = {
    cwd: ROOT,
    env: { ...process.env, JWT_SECRET: SECRET, JWT_ISSUER: 'tests', JWT_AUDIENCE: 'worker', ...env },
  };
  try {
    return { code: 0, ...(await promisify(execFile)(program, args, options)) };
  } catch (error) {
    return error;
  }
}

const runToken = (args, env) => runProgram(process.execPath, ['scripts/token.mjs', ...args], env);

test('a token is a JWS that HMAC-SHA256 over its first two parts verifies', () => {
  const [header, payload, signature] = signToken({ sub: 'Zoë' }, SECRET).split('.');
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256', typ: 'JWT' });
  assert.deepEqual(JSON.parse(Buffer.from(payload, 'base64url').toString()), { sub: 'Zoë' });
  assert.equal(signature, createHmac('sha256', SECRET).update(`${header}.${payload}`).digest('base64url'));
  assert.match(header + payload + signature, /^[A-Za-z0-9_-]+$/);
});

test('every option becomes its claim, and what was not asked for is absent', () => {
  const all = {
    role: 'DEPARTMENT_HEAD',
    organization: 'o',
    user: 'u',
    departments: 'a, b',
    scope: 's t',
    ttl: '15m',
    issuer: 'i',
    audience: 'd',
  };
  assert.deepEqual(buildClaims(all, NOW_SECONDS), {
    iss: 'i',
    aud: 'd',
    sub: 'u',
    role: 'DEPARTMENT_HEAD',
    organizationId: 'o',
    departmentIds: ['a', 'b'],
    scope: 's t',
    iat: NOW_SECONDS,
    exp: NOW_SECONDS + 900,
  });
  assert.deepEqual(buildClaims({ role: 'SUPERADMIN' }, NOW_SECONDS), {
    sub: 'developer',
    role: 'SUPERADMIN',
    iat: NOW_SECONDS,
    exp: NOW_SECONDS + 3600,
  });
  const ingest = buildClaims({ 'no-role': true, organization: 'o', scope: 'conversation-monitor:ingest' }, NOW_SECONDS);
  assert.equal('role' in ingest, false);
  assert.equal(ingest.scope, 'conversation-monitor:ingest');
});

/** The claims of a token where these variables are set, without the instants. */
function mappedClaims(options, env) {
  const where = { env: { JWT_SECRET: SECRET, ...env }, file: '/none', configuration: '/none' };
  const { iat, exp, ...claims } = readClaims(makeToken(options, { where, now: NOW_SECONDS * 1000 }));
  assert.deepEqual([iat, exp], [NOW_SECONDS, NOW_SECONDS + 3600]);
  return claims;
}

test('claims are where the worker looks for them, under the names that it knows', () => {
  const options = { role: 'ADMIN', organization: 'o', departments: 'a,b', scope: 's t' };
  assert.deepEqual(
    mappedClaims(options, {
      JWT_CLAIM_ROLE: '/https:~1~1acme.example~1roles',
      JWT_CLAIM_ORGANIZATION: '/app/id',
      JWT_CLAIM_DEPARTMENTS: '/app/m~0n/',
      JWT_CLAIM_SCOPE: '/__proto__/s',
      JWT_ROLES: '{"head":"DEPARTMENT_HEAD","boss":"ADMIN","admin":"ADMIN"}',
    }),
    {
      sub: 'developer',
      'https://acme.example/roles': 'boss',
      app: { id: 'o', 'm~n': { '': ['a', 'b'] } },
      ['__proto__']: { s: 's t' },
    },
  );
  // Roles and scopes in one claim, as in tokens of Entra.
  assert.deepEqual(mappedClaims(options, { JWT_CLAIM_ROLE: '/roles', JWT_CLAIM_SCOPE: '/roles' }), {
    sub: 'developer',
    roles: ['ADMIN', 's', 't'],
    organizationId: 'o',
    departmentIds: ['a', 'b'],
  });
  const ofScope = { 'no-role': true, organization: 'o', scope: 's' };
  assert.deepEqual(mappedClaims(ofScope, { JWT_CLAIM_ROLE: '/roles', JWT_CLAIM_SCOPE: '/roles' }), {
    sub: 'developer',
    roles: 's',
    organizationId: 'o',
  });
  assert.deepEqual(mappedClaims({ role: 'ADMIN' }, { JWT_ORGANIZATION: 'acme' }), { sub: 'developer', role: 'ADMIN' });
});

test('a mapping by which there is no such token is refused', () => {
  /** @type {[Record<string, string>, RegExp][]} */
  const refused = [
    [{ JWT_ROLES: '{"head":"DEPARTMENT_HEAD"}' }, /JWT_ROLES has no name for ADMIN/],
    [{ JWT_ROLES: '{"boss":' }, /JWT_ROLES is no JSON object/],
    [{ JWT_CLAIM_ROLE: 'role' }, /JWT_CLAIM_ROLE is no JSON pointer/],
    [{ JWT_CLAIM_ROLE: '/a~2' }, /JWT_CLAIM_ROLE is no JSON pointer/],
    [{ JWT_CLAIM_ORGANIZATION: '/sub' }, /Two claims would be at \/sub/],
    [{ JWT_CLAIM_ORGANIZATION: '/sub/id' }, /Two claims would be at \/sub\/id/],
    [{ JWT_CLAIM_ORGANIZATION: '/role' }, /Two claims would be at \/role/],
    [{ JWT_CLAIM_ROLE: '/a/b', JWT_CLAIM_ORGANIZATION: '/a' }, /Two claims would be at \/a/],
  ];
  for (const [env, message] of refused) {
    assert.throws(() => mappedClaims({ role: 'ADMIN', organization: 'o' }, env), message);
  }
});

test('options that make no usable token are refused with the usage', () => {
  /** @type {[Record<string, unknown>, RegExp][]} */
  const refused = [
    [{}, /--role/],
    [{ role: 'ADMIN' }, /--organization is missing/],
    [{ scope: 's' }, /--organization is missing/],
    [{ role: 'admin', organization: 'o' }, /"admin" is none of them/],
    [{ role: 'ADMIN', 'no-role': true, organization: 'o' }, /exclude each other/],
    [{ role: 'ADMIN', organization: '' }, /--organization is empty/],
    [{ role: 'SUPERADMIN', ttl: '1w' }, /--ttl/],
  ];
  for (const [options, message] of refused) {
    assert.throws(
      () => buildClaims(options, NOW_SECONDS),
      (/** @type {any} */ error) => message.test(error.message) && /usage:/.test(error.message) && error.exitCode === 2,
    );
  }
});

test('a time to live is a number and a unit', () => {
  const cases = {
    '30s': 30,
    '15m': 900,
    '1h': 3600,
    '7d': 604_800,
    '365d': 31_536_000,
    '366d': undefined,
    '0s': undefined,
    1: undefined,
    h: undefined,
    '1.5h': undefined,
    '-1h': undefined,
    '1h ': undefined,
    '1H': undefined,
    '': undefined,
  };
  for (const [text, seconds] of Object.entries(cases)) assert.equal(parseTtl(text), seconds, text);
});

test('a secret that the worker would not accept is refused', () => {
  const make = (secret) =>
    makeToken({ role: 'SUPERADMIN' }, { where: { env: { JWT_SECRET: secret }, file: '/nowhere' } });
  assert.throws(() => make('x'.repeat(31)), /31 bytes/);
  assert.throws(() => make(''), /There is no JWT_SECRET/);
  // 16 characters of two bytes each.
  assert.equal(make('é'.repeat(16)).split('.').length, 3);
});

test('stdout has the token and a line end, nothing else', async () => {
  const { code, stdout } = await runToken(['--role', 'ADMIN', '--organization', 'o', '--ttl', '7d']);
  assert.equal(code, 0);
  assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const { iss, aud, role, iat, exp } = readClaims(stdout.trim());
  assert.deepEqual({ iss, aud, role, ttl: exp - iat }, { iss: 'tests', aud: 'worker', role: 'ADMIN', ttl: 604_800 });
});

test('stdout has the token alone under `npm run --silent`, too', async () => {
  const { code, stdout } = await runProgram('npm', ['run', '--silent', 'token', '--', '--role', 'SUPERADMIN']);
  assert.equal(code, 0);
  assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
});

test('a failure says what to do on stderr and leaves stdout empty', async () => {
  /** @type {[string[], Record<string, string>, number, RegExp][]} */
  const failures = [
    [['--role', 'ADMIN'], {}, 2, /--organization is missing/],
    [['--rol', 'ADMIN'], {}, 2, /usage:/],
    [['--role', 'SUPERADMIN'], { JWT_SECRET: 'short' }, 1, /5 bytes/],
  ];
  for (const [args, env, exitCode, message] of failures) {
    const { code, stdout, stderr } = await runToken(args, env);
    assert.equal(code, exitCode);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^\s+at /m);
  }
  const { code, stdout } = await runToken(['--help']);
  assert.equal(code, 0);
  assert.match(stdout, /usage: npm run --silent token/);
});
