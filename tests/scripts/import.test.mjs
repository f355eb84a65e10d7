// `npm run import`: over the API of a small Chatwoot, what is open is loaded, and what lost webhooks left behind is repaired.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { importOpen, repair, webhooksOf } from '../../scripts/chatwoot-import.mjs';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { chatwootSource, connectionOf, monitorOf, summaryOf } from '../../scripts/import.mjs';
import { mapChatwoot } from '../oracle/chatwoot.mjs';
import { chatwootRun } from '../oracle/chatwoot-generator.mjs';
import { chatwootStories, StoryChatwoot } from '../oracle/chatwoot-stories.mjs';
import { Oracle, parseInstant } from '../oracle/oracle.mjs';

const ORGANIZATION = 'brindlewick';
const SEQUENCES = 300;
const TYPES = ['conversation', 'message', 'autopilot', 'resolution', 'contact', 'user', 'department'];

/** A service that the deliveries of a sequence came to, and the API of the Chatwoot that sent them. */
function afterSequence(seed, { deliveries = true } = {}) {
  const { sequence, chatwoot, owed } = chatwootRun(seed, { odd: false, lossy: true });
  const { settings, endsAt } = sequence;
  const oracle = new Oracle();
  const take = (webhook, receivedAt) => {
    oracle.takeIn(mapChatwoot(webhook, { organizationId: ORGANIZATION, settings, receivedAt }));
  };
  if (deliveries) for (const { webhook, receivedAt } of sequence.deliveries) take(webhook, receivedAt);
  const stored = () => JSON.stringify(TYPES.map((type) => oracle.recordsOf(ORGANIZATION, type)));
  const rows = () => oracle.candidates(ORGANIZATION, parseInstant(endsAt)).map(({ row }) => row);
  let calls = 0;
  return {
    chatwoot,
    owed,
    ids: () => rows().map((row) => row.conversationId),
    calls: () => calls,
    source: {
      get: async (path) => {
        calls += 1;
        return chatwoot.rest(path);
      },
    },
    monitor: {
      post: async (webhook) => {
        const before = stored();
        take(webhook, endsAt);
        return { applied: stored() === before ? 0 : 1 };
      },
      rows: async () => rows(),
    },
    options: {
      prefix: settings.prefix ?? '',
      aiUserIds: settings.aiUserIds ?? [],
      now: () => Math.floor(parseInstant(endsAt) / 1000),
    },
  };
}

/**
 * Older versions of Chatwoot do not say since when a customer waits. Then a campaign's message looks like an agent's answer. A
 * campaign of Chatwoot's own only begins conversations, so this concerns programs that write into others in its name.
 */
function isLimit({ old, conversations }) {
  const isCampaigns = (message) => message.additionalAttributes?.campaign_id !== undefined;
  const isAfterCustomer = ({ messages }) => {
    const first = messages.findIndex(({ type }) => type === 'incoming');
    return first >= 0 && messages.slice(first).some(isCampaigns);
  };
  return old && conversations.some(isAfterCustomer);
}

/** Whether an agent wrote it, by name, and it was sent. */
function isAnswer({ type, sender, status, private: isPrivate, contentAttributes, additionalAttributes }) {
  const isAgents =
    type === 'outgoing' && sender?.type === 'user' && sender.id < 90 && !isPrivate && status !== 'failed';
  return isAgents && Object.keys({ ...contentAttributes, ...additionalAttributes }).length === 0;
}

/** The conversations that should be listed and are not, and those that nobody needs to answer and that are listed. */
function wrong({ chatwoot, owed, ids, options }) {
  const listed = ids();
  const answered = chatwoot.conversations
    .filter(({ messages }) => isAnswer(messages.at(-1)))
    .map(({ id }) => options.prefix + id);
  return {
    missing: owed.filter((id) => !listed.includes(id)),
    ghosts: answered.filter((id) => listed.includes(id)),
  };
}

test('what lost webhooks left behind is repaired', async () => {
  const before = { missing: 0, ghosts: 0 };
  let oldVersions = 0;
  for (let seed = 1; seed <= SEQUENCES; seed += 1) {
    const service = afterSequence(seed);
    if (isLimit(service.chatwoot)) continue;
    oldVersions += Number(service.chatwoot.old);
    const { missing, ghosts } = wrong(service);
    before.missing += missing.length;
    before.ghosts += ghosts.length;
    for (let run = 0; run < 2; run += 1) {
      await repair(service.source, service.monitor, { ...service.options, state: { since: 1 } });
    }
    assert.deepEqual(wrong(service), { missing: [], ghosts: [] }, `sequence ${seed}`);
  }
  assert.ok(before.missing > 3 && before.ghosts > 1 && oldVersions > 10, JSON.stringify({ ...before, oldVersions }));
});

test('what is open is loaded', async () => {
  let loaded = 0;
  for (let seed = 1; seed <= SEQUENCES; seed += 1) {
    const service = afterSequence(seed, { deliveries: false });
    if (isLimit(service.chatwoot)) continue;
    const counts = await importOpen(service.source, service.monitor, service.options);
    loaded += counts.conversations;
    assert.deepEqual(wrong(service), { missing: [], ghosts: [] }, `sequence ${seed}`);
  }
  assert.ok(loaded > SEQUENCES / 2, String(loaded));
});

/** The rows of a story at a step after a run: of every category, or of the two of the contract. */
async function rowsOfStory(story, step, delivered, run) {
  const settings = story.connection.settings ?? {};
  const oracle = new Oracle();
  const chatwoot = new StoryChatwoot();
  const take = (webhook, receivedAt) => {
    oracle.takeIn(mapChatwoot(webhook, { organizationId: ORGANIZATION, settings, receivedAt }));
  };
  for (const webhook of story.webhooks.filter(({ receivedAt }) => receivedAt <= step.asOf)) chatwoot.add(webhook);
  for (const { body, receivedAt } of delivered) take(JSON.parse(body), receivedAt);
  const rows = () => oracle.candidates(ORGANIZATION, parseInstant(step.asOf)).map(({ row }) => row);
  const source = { get: async (target) => chatwoot.get(target) };
  const monitor = {
    post: async (webhook) => {
      take(webhook, step.asOf);
      return { applied: 1 };
    },
    rows: async () => rows(),
  };
  const now = () => Math.floor(parseInstant(step.asOf) / 1000);
  for (let runs = 0; runs < 2; runs += 1) await run(source, monitor, { ...settings, now, state: { since: 1 } });
  return rows();
}

/** Those of a step's candidates: of every category, or of the two of the contract. */
const shownAt = ({ isEveryCategory }, rows) =>
  rows.filter(({ category }) => isEveryCategory || ['ai_stuck', 'agent_abandoned'].includes(category));

const idsOf = (rows) => rows.map(({ conversationId }) => conversationId).sort();

test('whichever webhook of a story is lost, it is repaired', async () => {
  let losses = 0;
  for (const story of chatwootStories()) {
    for (const step of story.steps) {
      const due = story.webhooks.filter(({ receivedAt }) => receivedAt <= step.asOf);
      for (const lost of due) {
        const rows = await rowsOfStory(
          story,
          step,
          due.filter((webhook) => webhook !== lost),
          repair,
        );
        const name = `${story.name} at ${step.asOf} without ${due.indexOf(lost)}`;
        assert.deepEqual(idsOf(shownAt(step, rows)), idsOf(step.candidates), name);
        for (const { conversationId, category } of step.candidates.filter((candidate) => candidate.category)) {
          const row = rows.find((candidate) => candidate.conversationId === conversationId);
          assert.equal(row?.category, category, `${name}: ${conversationId}`);
        }
        losses += 1;
      }
    }
  }
  assert.ok(losses > 200, String(losses));
});

/** Nothing says who resolved 3205. It was the bot, which settles nothing, but nobody knows if most of it was lost. */
const UNKNOWN = ['3205'];

test('where a third of the webhooks of a story is lost, or all are, whoever waits is there, and nobody else', async () => {
  const random = seededRandom('lost webhooks');
  for (const story of chatwootStories()) {
    for (const step of story.steps) {
      const due = story.webhooks.filter(({ receivedAt }) => receivedAt <= step.asOf);
      const expected = idsOf(step.candidates).filter((id) => !UNKNOWN.includes(id));
      const check = (rows, name) => {
        const context = `${story.name} at ${step.asOf}, ${name}`;
        // That a bot had it may be lost, and then nobody has it.
        assert.deepEqual(
          expected.filter((id) => !idsOf(rows).includes(id)),
          [],
          `${context}: missing`,
        );
        const shown = idsOf(shownAt(step, rows));
        assert.deepEqual(
          shown.filter((id) => ![...expected, ...UNKNOWN].includes(id)),
          [],
          `${context}: too many`,
        );
      };
      for (let turn = 0; turn < 10; turn += 1) {
        const delivered = due.filter(() => random.chance(2 / 3));
        check(await rowsOfStory(story, step, delivered, repair), `turn ${turn}`);
      }
      check(await rowsOfStory(story, step, [], importOpen), 'loaded');
    }
  }
});

test('who the agents are and which departments there are is told once, and again if it changes', async () => {
  const lists = {
    '/agents': [
      { id: 11, name: 'Amara Okonjo', role: 'agent' },
      { id: 77, name: 'Order Helper', role: 'agent' },
    ],
    '/teams': [{ id: 2, name: 'Parcels' }],
    '/inboxes': { payload: [{ id: 3, name: 'WhatsApp Care' }] },
  };
  const source = { get: async (path) => lists[path] ?? { data: { payload: [] } } };
  let isTaken = true;
  const told = [];
  const monitor = {
    post: async () => ({ applied: 0 }),
    rows: async () => [],
    tell: async (events) => isTaken && told.push(...events) > 0,
  };
  let state = {};
  const run = async (runs, more = {}) => {
    told.length = 0;
    const save = (saved) => {
      state = saved;
    };
    const options = { organizationId: ORGANIZATION, aiUserIds: [77], now: () => 1_780_000_000, state, save, ...more };
    const { isDirectoryTold } = await runs(source, monitor, options);
    return isDirectoryTold;
  };
  const common = { organizationId: ORGANIZATION, updatedAt: '2026-05-28T20:26:40.000Z' };
  const amara = { ...common, type: 'user', userId: 'user-11', fullName: 'Amara Okonjo', active: true, bot: false };
  assert.equal(await run(importOpen), true);
  assert.deepEqual(told, [
    amara,
    { ...common, type: 'user', userId: 'user-77', fullName: 'Order Helper', active: true, bot: true },
    { ...common, type: 'department', departmentId: 'team-2', name: 'Parcels' },
  ]);
  await run(repair);
  assert.deepEqual(told, [], 'nothing has changed');
  lists['/agents'] = [{ id: 77, name: 'Order helper', role: 'agent' }];
  await run(repair);
  assert.deepEqual(
    told.map(({ userId, fullName, active }) => [userId, fullName, active]),
    [
      ['user-77', 'Order helper', true],
      ['user-11', 'Amara Okonjo', false],
    ],
  );
  lists['/agents'] = [];
  await run(repair);
  assert.deepEqual(told, [], 'no list says nothing');

  state = {};
  await run(importOpen, { prefix: 'z-', department: 'inbox' });
  assert.deepEqual(told, [{ ...common, type: 'department', departmentId: 'z-inbox-3', name: 'WhatsApp Care' }]);
  state = {};
  isTaken = false;
  assert.equal(await run(importOpen), false, 'it says that there is no token for it');
  isTaken = true;
  await run(importOpen);
  assert.equal(told.length, 1, 'and tells it the next time');
});

test('a run that was interrupted goes on where it was', async () => {
  const service = afterSequence(2);
  const conversation = { meta: { sender: { id: 1 } }, status: 'open', created_at: 1, last_activity_at: 2 };
  const open = Array.from({ length: 60 }, (_, index) => ({ ...conversation, id: index + 1 }));
  let fails = true;
  const source = {
    get: async (path) => {
      const { searchParams, pathname } = new URL(path, 'https://chat.example.com');
      if (pathname.endsWith('/messages')) {
        if (fails && pathname.includes('/41/')) throw new Error('the network is gone');
        return { payload: [] };
      }
      const page = Number(searchParams.get('page'));
      const payload = searchParams.get('status') === 'open' ? open.slice((page - 1) * 25, page * 25) : [];
      return { data: { payload } };
    },
  };
  const posted = [];
  const monitor = { post: async (webhook) => ({ applied: posted.push(webhook.id) ? 1 : 0 }) };
  let state = {};
  const options = () => ({
    ...service.options,
    state,
    save: (saved) => {
      state = saved;
    },
  });
  await assert.rejects(importOpen(source, monitor, options()), /the network is gone/);
  assert.equal(posted.length, 40);
  fails = false;
  open[0].last_activity_at = 3;
  const counts = await importOpen(source, monitor, options());
  assert.equal(counts.conversations, 21, 'the rest, and the one in which something has happened since');
  assert.deepEqual(Object.keys(state).sort(), ['directory', 'since']);
});

test('a conversation that Chatwoot does not have any more is settled', async () => {
  const posted = [];
  const monitor = {
    rows: async () => [{ conversationId: '12', category: 'ai_stuck', waitingSince: '2026-05-18T14:00:00.000Z' }],
    post: async (webhook) => ({ applied: posted.push(webhook) }),
  };
  const counts = await repair({ get: async () => undefined }, monitor, { now: () => 1_780_000_000 });
  assert.deepEqual(counts.repaired, [{ conversationId: '12', applied: 1 }]);
  const connection = { organizationId: ORGANIZATION, receivedAt: '2026-06-01T00:00:00Z' };
  assert.deepEqual(
    mapChatwoot(posted[0], connection).map(({ type, resolved, by }) => [type, resolved, by]),
    [['resolution', true, undefined]],
  );
  assert.deepEqual(summaryOf(counts), ['1 conversations asked about, 1 repaired.', '  12: 1 records']);
});

test('only what the report does not know is said to have changed', () => {
  const conversation = (state, assignee) => ({
    id: 12,
    status: state,
    updated_at: 1_780_000_000,
    meta: { sender: { id: 1 }, ...(assignee && { assignee: { id: assignee } }) },
  });
  const said = (state, category, assignee) => {
    const webhooks = webhooksOf(conversation(state, assignee), [], {
      now: 1_780_000_100,
      row: { category },
      isRepair: true,
    });
    const connection = { organizationId: ORGANIZATION, receivedAt: '2026-06-01T00:00:00Z' };
    const events = webhooks.flatMap((webhook) => mapChatwoot(webhook, connection));
    return events.flatMap(({ changeId, messageId }) => (changeId ?? messageId ?? '').split('-')[0] || []);
  };
  assert.deepEqual(said('open', 'agent_abandoned', 11), []);
  assert.deepEqual(said('open', 'unassigned', 11), ['autopilot']);
  assert.deepEqual(said('open', 'unassigned'), []);
  assert.deepEqual(said('open', 'ai_stuck'), ['handoff']);
  assert.deepEqual(said('open', 'ai_stuck', 11), ['handoff', 'autopilot']);
  assert.deepEqual(said('pending', 'ai_stuck'), []);
  assert.deepEqual(said('pending', 'agent_abandoned', 11), ['autopilot']);
  assert.deepEqual(said('resolved', 'agent_abandoned', 11), ['resolved']);
});

/** Answers in turn, and what was asked. */
function network(answers) {
  const asked = [];
  const delays = [];
  return {
    asked,
    delays,
    fetch: async (target, init) => {
      asked.push({ target: String(target), init });
      const next = answers.length > 1 ? answers.shift() : answers[0];
      return next instanceof Error ? Promise.reject(next) : next();
    },
    delay: async (milliseconds) => delays.push(milliseconds),
  };
}

const json = (body, init) => () => new Response(JSON.stringify(body), init);
const status =
  (code, headers = {}) =>
  () =>
    new Response('', { status: code, headers });

test('Chatwoot is asked no more often than is said, and again where that can help', async () => {
  let clock = 0;
  const io = network([json({ data: 1 })]);
  const delay = async (milliseconds) => {
    io.delays.push(milliseconds);
    clock += milliseconds;
  };
  const options = { url: 'https://chat.example.com/', account: '7', token: 'the token', callsPerMinute: 60 };
  const source = chatwootSource(options, { ...io, delay, now: () => clock });
  for (let call = 0; call < 3; call += 1) await source.get('/conversations?page=1');
  assert.deepEqual(io.delays, [1_000, 1_000]);
  assert.equal(io.asked[0].target, 'https://chat.example.com/api/v1/accounts/7/conversations?page=1');
  assert.equal(io.asked[0].init.headers.api_access_token, 'the token');

  const busy = network([
    status(429, { 'Retry-After': '20' }),
    status(502),
    new TypeError('fetch failed'),
    json({ data: 2 }),
  ]);
  assert.deepEqual(await chatwootSource(options, busy).get('/agents'), { data: 2 });
  assert.deepEqual(busy.delays, [20_000, 2_000, 4_000]);

  const gone = network([status(404)]);
  assert.equal(await chatwootSource(options, gone).get('/conversations/1'), undefined);
  const refused = chatwootSource(options, network([status(401)])).get('/agents');
  await assert.rejects(refused, /Chatwoot refuses the token/);
  const down = chatwootSource(options, network([new TypeError('fetch failed')])).get('/conversations/1');
  await assert.rejects(down, /Chatwoot could not be reached, 6 times\./);
});

test('webhooks are signed as Chatwoot signs them, and the report is read whole', async () => {
  const secret = 'the secret of the connection';
  const connection = { connectionId: 'chatwoot-1', kind: 'chatwoot', organizationId: ORGANIZATION, secrets: [secret] };
  const hooks = network([json({ success: true, data: { applied: 3 } })]);
  const monitor = monitorOf(
    { url: 'https://monitor.example.com', connection },
    { ...hooks, now: () => 1_780_000_000_999 },
  );
  assert.equal((await monitor.post({ event: 'message_updated' })).applied, 3);
  const [{ target, init }] = hooks.asked;
  assert.equal(target, 'https://monitor.example.com/api/conversation-monitor/hooks/chatwoot-1');
  const digits = createHmac('sha256', secret).update(`1780000000.${init.body}`).digest('hex');
  assert.equal(init.headers['X-Chatwoot-Signature'], `sha256=${digits}`);
  assert.equal(init.headers['X-Chatwoot-Timestamp'], '1780000000');

  const events = network([json({ success: true, data: {} }), json({ success: true, data: {} }), status(403)]);
  const teller = monitorOf({ url: 'https://monitor.example.com', connection, eventsToken: 'jwt' }, events);
  assert.equal(await teller.tell(Array.from({ length: 501 }, () => ({}))), true);
  assert.deepEqual(
    events.asked.map((call) => [new URL(call.target).pathname, JSON.parse(call.init.body).events.length]),
    [
      ['/api/conversation-monitor/events', 500],
      ['/api/conversation-monitor/events', 1],
    ],
  );
  assert.equal(await teller.tell([{}]), false, 'a token that the service refuses is no reason to load nothing');
  assert.equal(await monitor.tell([{}]), false);
  const [, ...hint] = summaryOf({ conversations: 1, webhooks: 2, applied: 3, isDirectoryTold: false });
  assert.match(hint.join(), /--events-token/);

  const page = (rows, totalPages) =>
    json({ success: true, data: { snapshotId: 'v1', rows, pagination: { totalPages } } });
  const reports = network([page([1], 2), page([2], 2), page([], 0)]);
  const rows = await monitorOf({ url: 'https://monitor.example.com', connection, token: 'jwt' }, reports).rows();
  assert.deepEqual(rows, [1, 2]);
  const queries = reports.asked.map((call) => new URL(call.target).searchParams);
  assert.deepEqual(
    queries.map((query) => [query.get('category'), query.get('page'), query.get('snapshot')]),
    [
      ['ai_stuck', '1', null],
      ['ai_stuck', '2', 'v1'],
      ['agent_abandoned', '1', 'v1'],
      ['unassigned', '1', 'v1'],
      ['snoozed', '1', 'v1'],
      ['acknowledged', '1', 'v1'],
    ],
  );
  const refused = monitorOf(
    { url: 'https://monitor.example.com', connection },
    network([json({ message: 'No.' }, { status: 401 })]),
  );
  await assert.rejects(refused.post({}), /The service refused a webhook: 401 No\./);

  assert.equal(connectionOf(JSON.stringify([connection]), 'chatwoot-1').organizationId, ORGANIZATION);
  assert.throws(() => connectionOf(JSON.stringify([connection]), 'other'), /has no connection other/);
  assert.throws(() => connectionOf('{', 'other'), /is no JSON/);
});
