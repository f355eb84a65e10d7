// `npm run connection`: the connection, what is kept of one that is there already, and what is printed.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { askSecret, connect, instructions } from '../../scripts/connection.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const URL_ = 'https://monitor.example.com';
const RANDOM = '0123456789abcdef0123456789abcdef';
const random = () => RANDOM;

test('a help desk that takes any secret gets one, and the line to store is complete', () => {
  for (const kind of ['zammad', 'libredesk']) {
    const made = connect(kind, { organization: 'acme' }, { random });
    const connection = {
      connectionId: `${kind}-0123456789abcdef`,
      kind,
      organizationId: 'acme',
      secrets: [RANDOM],
    };
    assert.deepEqual(made, { connection, connections: [connection], madeSecret: RANDOM });
    const text = instructions(made, URL_);
    assert.match(text, new RegExp(`${URL_}/api/conversation-monitor/hooks/${kind}-0123456789abcdef`));
    assert.match(text, new RegExp(`Secret: ${RANDOM}`));
    assert.ok(text.split('\n').includes(JSON.stringify([connection])));
  }
});

test('Chatwoot makes its own secret, so the program asks for it before there is a line to store', () => {
  const asked = instructions(connect('chatwoot', { organization: 'acme' }, { random }), URL_);
  assert.match(asked, /--id chatwoot-0123456789abcdef --url https:\/\/monitor\.example\.com --secret-file -/);
  for (const event of ['Conversation Updated', 'Conversation Status Changed', 'Message updated', 'Contact updated']) {
    assert.ok(asked.includes(event), event);
  }
  assert.ok(!asked.includes('"secrets"'));
  const options = { organization: 'acme', id: 'chatwoot-0123456789abcdef', department: 'inbox', 'ai-users': '7, 8' };
  const { connections, madeSecret } = connect('chatwoot', options, { secret: 'the secret of Chatwoot' });
  assert.equal(madeSecret, undefined);
  assert.deepEqual(connections, [
    {
      connectionId: 'chatwoot-0123456789abcdef',
      kind: 'chatwoot',
      organizationId: 'acme',
      secrets: ['the secret of Chatwoot'],
      settings: { aiUserIds: ['7', '8'], department: 'inbox' },
    },
  ]);
});

test('a person is asked for the secret until it is one, or says later', async () => {
  const asked = async (lines) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const answer = askSecret({ input, output });
    let said = '';
    output.on('data', (data) => {
      said += data;
      // Each question is answered when it is there.
      if (String(data).includes('later): ')) input.write(`${lines.shift()}\n`);
    });
    return { secret: await answer, said };
  };
  const { secret, said } = await asked(['too short', ' a secret of the tests ']);
  assert.equal(secret, 'a secret of the tests');
  assert.match(said, /The secret has 9 bytes; the service takes 16 to 512/);
  assert.equal((await asked([''])).secret, undefined);
});

test('the other connections stay, and so does the secret that is replaced, once', () => {
  const other = { connectionId: 'zammad-1', kind: 'zammad', organizationId: 'b', secrets: ['b'] };
  let connections = [
    other,
    {
      connectionId: 'cn-chatwoot',
      kind: 'chatwoot',
      organizationId: 'a',
      secrets: ['1'],
      settings: { observe: false },
    },
  ];
  const replacements = [
    { secret: '2', secrets: ['2', '1'] },
    { secret: '3', secrets: ['3', '2'] },
    { secret: '3', secrets: ['3', '2'] },
  ];
  for (const { secret, secrets } of replacements) {
    ({ connections } = connect('chatwoot', { organization: 'a', id: 'cn-chatwoot' }, { connections, secret }));
    assert.deepEqual(connections[0], other);
    assert.deepEqual(connections[1].secrets, secrets);
    assert.deepEqual(connections[1].settings, { observe: false });
  }
  const taken = { organization: 'b', id: 'cn-chatwoot' };
  assert.throws(() => connect('chatwoot', taken, { connections, secret: '4' }), /another organization's/);
});

test('what makes no connection is refused with the usage', () => {
  const refused = /** @type {[string | undefined, any, RegExp][]} */ ([
    [undefined, { organization: 'a' }, /chatwoot, zammad, libredesk/],
    ['toString', { organization: 'a' }, /chatwoot, zammad, libredesk/],
    ['chatwoot', {}, /--organization is missing/],
    ['chatwoot', { organization: 'a', id: 'short' }, /--id takes/],
    ['zammad', { organization: 'a', department: 'inbox' }, /--department/],
    ['chatwoot', { organization: 'a', department: 'city' }, /--department/],
  ]);
  for (const [kind, options, message] of refused) assert.throws(() => connect(kind, options), message);
});

test('the program reads what is there from CONNECTIONS, and the secret from a file', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'connection-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'secret');
  const run = async (CONNECTIONS, args) => {
    const env = { ...process.env, CONNECTIONS };
    const options = { cwd: ROOT, env };
    return new Promise((resolve) => {
      execFile(process.execPath, ['scripts/connection.mjs', ...args], options, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  };
  const args = ['chatwoot', '--organization', 'acme', '--id', 'cn-chatwoot', '--secret-file', file];
  writeFileSync(file, 'a secret of the tests\n');
  const before = [{ connectionId: 'zammad-1', kind: 'zammad', organizationId: 'b', secrets: ['b'] }];
  const { code, stdout } = await run(JSON.stringify(before), args);
  assert.equal(code, 0);
  const stored = JSON.parse(stdout.split('\n').find((line) => line.startsWith('[')));
  assert.deepEqual(stored.slice(0, 1), before);
  assert.deepEqual(stored[1].secrets, ['a secret of the tests']);

  writeFileSync(file, 'too short\n');
  const short = await run('', args);
  assert.notEqual(short.code, 0);
  assert.match(short.stderr, /The secret has 9 bytes; the service takes 16 to 512/);
  assert.ok(!short.stderr.includes('too short'));
  writeFileSync(file, 'a secret of the tests\n');
  const broken = await run('{"canary":', args);
  assert.match(broken.stderr, /CONNECTIONS, of the environment or of \.dev\.vars, is not a JSON array/);
  assert.ok(!broken.stderr.includes('canary'));
});
