// .dev.vars: reading it, and making the secret in it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ensureAlertVariables, ensureJwtSecret, jwtSecret, parseDevVars, variable } from '../../scripts/dev-vars.mjs';

function temporaryFile(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'dev vars '));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, '.dev.vars');
}

test('names and values are read as dotenv does', () => {
  const text =
    '# a comment\r\nA=1\nB = "two # words" # why\nexport C=\'three\'\nD=four # why\n\nnonsense\nA=last\nE=\n';
  assert.deepEqual(parseDevVars(text), { A: 'last', B: 'two # words', C: 'three', D: 'four', E: '' });
});

test('a new file holds a secret of 48 random bytes that only its owner can read', (t) => {
  const file = temporaryFile(t);
  assert.equal(ensureJwtSecret(file), true);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const secret = jwtSecret({ env: {}, file });
  assert.match(secret, /^[A-Za-z0-9_-]{64}$/);
  assert.equal(ensureJwtSecret(file), false);
  assert.equal(jwtSecret({ env: {}, file }), secret);
});

test('a file without a secret keeps what it has', (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, 'JWT_ISSUER=crm', { mode: 0o644 });
  assert.equal(ensureJwtSecret(file), true);
  assert.match(readFileSync(file, 'utf8'), /^JWT_ISSUER=crm\nJWT_SECRET="[\w-]{64}"\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('what alerts need is added once', (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, 'DASHBOARD_URL=https://monitor.brindlewick.co.uk/\n', { mode: 0o600 });
  ensureAlertVariables(8787, file);
  const text = readFileSync(file, 'utf8');
  const values = parseDevVars(text);
  assert.match(values.SETTINGS_KEY, /^local:[\w-]{43}$/);
  assert.equal(values.DASHBOARD_URL, 'https://monitor.brindlewick.co.uk/');
  assert.equal(values.ALERTS_RECEIVER, 'http://127.0.0.1:8790/');
  ensureAlertVariables(8787, file);
  assert.equal(readFileSync(file, 'utf8'), text);
});

test('the dashboard of this machine is where it is served now', (t) => {
  const file = temporaryFile(t);
  ensureAlertVariables(8787, file);
  const { SETTINGS_KEY } = parseDevVars(readFileSync(file, 'utf8'));
  ensureAlertVariables(9000, file);
  const values = parseDevVars(readFileSync(file, 'utf8'));
  assert.equal(values.DASHBOARD_URL, 'http://127.0.0.1:9000/');
  assert.equal(values.SETTINGS_KEY, SETTINGS_KEY);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('the environment overrides the file', (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, 'JWT_ISSUER=file\nJWT_AUDIENCE=file\n');
  const where = { env: { JWT_ISSUER: 'environment', JWT_AUDIENCE: '' }, file };
  assert.equal(variable('JWT_ISSUER', where), 'environment');
  assert.equal(variable('JWT_AUDIENCE', where), 'file');
  assert.equal(variable('JWT_SECRET', where), undefined);
});

test('wrangler.toml says what neither the environment nor the file does', (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, 'JWT_ISSUER=file\n');
  const configuration = path.join(path.dirname(file), 'wrangler.toml');
  const lines = [
    'JWT_CLAIM_ROLE = "/outside"',
    '[vars] ',
    '# JWT_CLAIM_SCOPE = "/why"',
    'JWT_ISSUER = "configuration"',
    `JWT_ROLES = '{"boss\\n":"ADMIN"}' # why`,
    '  "JWT_CLAIM_ROLE"="/a\\"b\\u00e9"',
    'JWT_AUDIENCE = ""',
    'JWT_CLAIM_ORGANIZATION = 7',
    "JWT_ORGANIZATION = '''acme'''",
    '[env.other.vars]',
    'JWT_CLAIM_DEPARTMENTS = "/other"',
  ];
  writeFileSync(configuration, lines.join('\n'));
  const read = (name) => variable(name, { env: {}, file, configuration });
  const expected = {
    JWT_ISSUER: 'file',
    JWT_ROLES: '{"boss\\n":"ADMIN"}',
    JWT_CLAIM_ROLE: '/a"bé',
    JWT_AUDIENCE: undefined,
    JWT_CLAIM_SCOPE: undefined,
    JWT_CLAIM_DEPARTMENTS: undefined,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(read(name), value, name);
  for (const name of ['JWT_CLAIM_ORGANIZATION', 'JWT_ORGANIZATION']) {
    assert.throws(() => read(name), new RegExp(`${name} of .*wrangler.toml is not a text on one line`));
  }
  assert.equal(variable('JWT_ROLES', { env: {}, file, configuration: '/none' }), undefined);
});
