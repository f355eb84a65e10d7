// What becomes of messages of alerts between the wasm, the queue and a receiver.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { sealDestinations } from '../../src/worker/alerts/destinations.js';
import { bodyOf, NAMED_MAX } from '../../src/worker/alerts/format.js';
import { deliverBatch, detectAll } from '../../src/worker/alerts/queue.js';

const KEYS = `2026:${randomBytes(32).toString('base64url')}`;
const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
/** @type {[string, string, number]} */
const BODY = ['o', 'd', 1_795_000_000_000];
const ADDRESS = 'https://hooks.brindlewick.co.uk/';

let calls;
/** What the receiver does. */
let answer;
const { fetch, console } = globalThis;
/** What was logged. */
let lines;
beforeEach(() => {
  calls = [];
  lines = [];
  answer = () => new Response(null, { status: 204 });
  globalThis.fetch = /** @type {any} */ (
    async (url, init) => {
      calls.push({ url, ...init });
      return answer(init);
    }
  );
  globalThis.console = /** @type {any} */ ({ ...console, error: (line) => lines.push(JSON.parse(line)) });
});
afterEach(() => {
  globalThis.fetch = fetch;
  globalThis.console = console;
});

/** What the wasm says is to be sent. */
async function draft(more = {}, address = ADDRESS) {
  const outcome = await sealDestinations(KEYS, 'o', JSON.stringify([['d', address, SECRET]]));
  const sealed = JSON.parse(outcome.sealed ?? '')[0];
  return {
    kind: 'stalled',
    asOf: '2026-11-23T08:00:00.000Z',
    total: 1,
    conversations: [{ conversationId: 'c', contactName: 'Jane' }],
    categories: ['ai_stuck'],
    departmentIds: null,
    format: 'standard-webhooks',
    url: sealed[0],
    secrets: sealed[3],
    ...more,
  };
}

/**
 * Delivers one message; returns what was told to the queue and to the wasm.
 *
 * @param {{ begin: () => Promise<any>, finish?: () => Promise<number | null>, queue?: string, env?: any }} options
 */
async function deliver({ begin, finish = async () => null, queue = 'conversation-monitor-alerts', env = {} }) {
  const told = [];
  const message = { body: BODY, ack: () => told.push('ack'), retry: ({ delaySeconds }) => told.push(delaySeconds) };
  const finished = [];
  await deliverBatch({ queue, messages: [message] }, { SETTINGS_KEY: KEYS, ...env }, async (body, outcome, problem) => {
    if (outcome === undefined) return begin();
    finished.push([...body, outcome, problem]);
    return finish();
  });
  return { told, finished };
}

const begin = () => draft();

test('what is delivered is acknowledged', async () => {
  const { told, finished } = await deliver({ begin });
  assert.deepEqual(told, ['ack']);
  assert.deepEqual(finished, [[...BODY, 'delivered', null]]);
  assert.deepEqual(lines, []);
  const [{ url, method, redirect, headers, body }] = calls;
  assert.deepEqual([url, method, redirect], [ADDRESS, 'POST', 'manual']);
  const { data } = /** @type {any} */ (new Webhook(SECRET).verify(body, headers));
  assert.deepEqual(data.conversations, [{ conversationId: 'c', contactName: 'Jane' }]);
});

test('its id is the same whenever it is sent again, and that of no other message', async () => {
  await deliver({ begin });
  await deliver({ begin });
  assert.equal(calls[0].headers['webhook-id'], calls[1].headers['webhook-id']);
  BODY[2] += 1;
  await deliver({ begin });
  assert.notEqual(calls[2].headers['webhook-id'], calls[0].headers['webhook-id']);
});

test('nothing is sent if there is nothing to be sent', async () => {
  const { told, finished } = await deliver({ begin: async () => null });
  assert.deepEqual([told, finished, calls], [['ack'], [], []]);
});

test('what is refused or not answered is tried again when the wasm says so', async () => {
  const cases = [
    [() => new Response(null, { status: 500 }), 'refused', 'The receiver answered 500.'],
    [
      () => new Response(null, { status: 302, headers: { Location: 'https://10.0.0.1/' } }),
      'refused',
      'The receiver answered 302.',
    ],
    [
      () => {
        throw new TypeError('no connection');
      },
      'unknown',
      'There was no response within 5 seconds, or no connection.',
    ],
  ];
  for (const [how, outcome, problem] of cases) {
    answer = how;
    const { told, finished } = await deliver({ begin, finish: async () => 480 });
    assert.deepEqual([told, finished], [[480], [[...BODY, outcome, problem]]]);
    assert.deepEqual(lines.pop(), {
      message: 'alert not delivered',
      organizationId: 'o',
      destinationId: 'd',
      cause: problem,
    });
  }
  assert.equal(calls.length, cases.length);
});

test('a receiver that hangs is given up', async (t) => {
  t.mock.method(AbortSignal, 'timeout', (ms) => AbortSignal.abort(new Error(`${ms} ms`)));
  answer = ({ signal }) => Promise.reject(signal.reason);
  const { finished } = await deliver({ begin, finish: async () => 30 });
  assert.equal(finished[0][3], 'unknown');
});

test('an address that is no longer allowed is not called', async () => {
  // As if it had been set when more was allowed.
  const { problem } = await sealDestinations(KEYS, 'o', JSON.stringify([['d', 'https://10.0.0.1/', null]]));
  assert.match(problem ?? '', /^destinations\[0\]\.url must be on a public host/);
  const { seal } = await import('../../src/worker/alerts/seal.js');
  const url = await seal(KEYS, ['o', 'd', 'url'], 'https://10.0.0.1/');
  const { finished } = await deliver({
    begin: () => draft({ url }),
    finish: async () => 30,
  });
  assert.equal(finished[0][3], 'refused');
  assert.deepEqual(calls, []);
});

test('without the key nothing is sent, and the message waits', async () => {
  const env = { SETTINGS_KEY: `2027:${randomBytes(32).toString('base64url')}` };
  const { told, finished } = await deliver({ begin, finish: async () => 30, env });
  assert.deepEqual(told, [30]);
  assert.match(finished[0][4], /SETTINGS_KEY/);
  assert.deepEqual(calls, []);
});

test('a failure of the database leaves the message in the queue', async () => {
  const fail = async () => {
    throw new Error('no database');
  };
  for (const failing of [{ begin: fail }, { begin, finish: fail }]) {
    const { told } = await deliver(failing);
    assert.deepEqual(told, [30]);
    assert.equal(lines.pop().message, 'alert not read');
  }
});

test('what the platform has given up is noted, and not sent', async () => {
  const { told, finished } = await deliver({ begin, queue: 'conversation-monitor-alerts-dead' });
  assert.deepEqual([told, finished], [['ack'], [[...BODY, 'given up', null]]]);
  assert.deepEqual(calls, []);
  assert.equal(lines[0].message, 'alert given up');
});

test('a receiver on this machine gets everything, if there is one', async () => {
  await deliver({ begin, env: { ALERTS_RECEIVER: 'http://127.0.0.1:8790/' } });
  assert.equal(calls[0].url, 'http://127.0.0.1:8790/');
});

test('the link has the filters of which there is one', async () => {
  const env = { DASHBOARD_URL: 'https://monitor.brindlewick.co.uk/' };
  const links = [
    [{ departmentIds: ['d 1'] }, '?organizationId=o&category=ai_stuck&departmentId=d+1'],
    [{ categories: ['ai_stuck', 'snoozed'], departmentIds: ['d1', 'd2'] }, '?organizationId=o'],
  ];
  for (const [more, query] of links) {
    await deliver({ begin: () => draft(more), env });
    assert.equal(JSON.parse(calls.pop().body).data.dashboardUrl, `https://monitor.brindlewick.co.uk/${query}`);
  }
});

test('all portions are put in the queue, a hundred messages at a time', async () => {
  const portions = { '': ['a', 250], a: ['b', 0], b: [null, 1] };
  const asked = [];
  const sent = [];
  await detectAll({
    databases: ['DB'],
    detect: async (after) => {
      asked.push(after);
      const [next, count] = portions[after];
      return JSON.stringify({ messages: Array(count).fill([...BODY, 7]), after: next });
    },
    enqueue: async (messages) => {
      assert.deepEqual(messages[0], { body: BODY, delaySeconds: 7 });
      sent.push(messages.length);
    },
  });
  assert.deepEqual(
    [asked, sent],
    [
      ['', 'a', 'b'],
      [100, 100, 50, 1],
    ],
  );
});

test('every database is looked at, and one that fails does not keep the others back', async () => {
  const asked = [];
  const looking = detectAll({
    databases: ['DB', 'DB_1', 'DB_2'],
    detect: async (_, database) => {
      asked.push(database);
      if (database === 'DB_1') throw new Error('no database');
      return '{"messages":[],"after":null}';
    },
    enqueue: async () => {},
  });
  await assert.rejects(looking, /no database/);
  assert.deepEqual(asked, ['DB', 'DB_1', 'DB_2']);
});

const HOSTILE = [
  '<!channel> <@U1> <https://evil.example|click>',
  '*bold* _it_ ~no~ `code` :smile: @here',
  '[click](https://evil.example) **bold** # title\n- item',
  '\u202eevil\u200b\u0007\ud83d\ude42 | ﷽',
];

test('names make no markup in Slack and Teams, and do not turn the text', () => {
  const conversations = HOSTILE.map((contactName) => ({
    contactName,
    channelType: 'sms',
    assigneeNames: [contactName],
  }));
  const message = /** @type {any} */ ({
    type: 'conversation.stalled',
    organizationId: 'o',
    asOf: '',
    total: 4,
    conversations,
    link: 'https://m.com/',
  });
  const slack = JSON.parse(bodyOf('slack', message));
  assert.equal(slack.text, '4 conversations waiting for an answer');
  const markup = slack.blocks.filter(({ text }) => text.type !== 'plain_text');
  assert.deepEqual(
    markup.map(({ text }) => text.text),
    ['<https://m.com/|Open the dashboard>'],
  );
  const teams = JSON.parse(bodyOf('teams', message)).attachments[0].content;
  assert.ok(
    teams.body.every(({ type, inlines }) => type === 'RichTextBlock' && inlines.every((run) => run.type === 'TextRun')),
  );
  for (const text of [
    ...slack.blocks.map((block) => block.text.text),
    ...teams.body.map(({ inlines }) => inlines[0].text),
  ])
    assert.doesNotMatch(text, /[\p{Cc}\u200b-\u200f\u202a-\u202e]/u);
});

test('ten are named and the rest is counted, and no text is longer than Slack takes', () => {
  const long = {
    contactName: 'x'.repeat(5_000),
    channelType: 'sms',
    assigneeNames: Array(100).fill('y'.repeat(5_000)),
  };
  const conversations = Array(NAMED_MAX).fill(long);
  const message = /** @type {any} */ ({
    type: 'conversation.cleared',
    organizationId: 'o',
    asOf: '',
    total: 37,
    conversations,
    link: null,
  });
  const { text, blocks } = JSON.parse(bodyOf('slack', message));
  assert.equal(text, '37 conversations cleared');
  assert.equal(blocks.at(-1).text.text, 'and 27 more');
  assert.ok(blocks.length <= 50);
  assert.ok(blocks.every((block) => block.text.text.length <= 3_000));
});
