// Webhooks of help desks over HTTP: the stories with their true signatures, replays, what is refused and in which
// order, and that a connection writes to its own organization only and leaves no text behind.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { importOpen, repair } from '../../scripts/chatwoot-import.mjs';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { monitorOf } from '../../scripts/import.mjs';
import { fencedBlocks, readDocument } from '../docs/markdown.mjs';
import { IS_LONG_RUN } from '../long-run.mjs';
import { StoryChatwoot } from '../oracle/chatwoot-stories.mjs';
import { ChatwootApi } from '../scripts/chatwoot-mock.mjs';
import { adminToken, EVENTS, ingestToken, REPORT, ROOT, startService, tokenOf } from './harness.mjs';

const HOOKS = '/api/conversation-monitor/hooks';
const FOLDER = path.join(ROOT, 'tests/data/webhooks');
const CONTRACT_CATEGORIES = ['ai_stuck', 'agent_abandoned'];
const CATEGORIES = [...CONTRACT_CATEGORIES, 'unassigned', 'snoozed', 'acknowledged'];
const NOW = Date.parse('2026-11-24T12:00:00.000Z');
const SECRET = 'canary-secret-of-the-help-desk';
const superadminToken = tokenOf({ sub: 'root', role: 'SUPERADMIN' });
const OLD_SECRET = 'canary-secret-that-is-replaced';

/**
 * Each story has a connection and an organization for its webhooks in order; tests/native/connectors.rs tries other
 * orders. Those of Chatwoot have more: a third of the webhooks is lost, and then repaired; all are, and what is open is
 * loaded.
 */
const IN_ORDER = 'in-order';
const LOSSY_WAYS = ['lossy-1', ...(IS_LONG_RUN ? ['lossy-2'] : []), 'loaded'];
const waysOf = ({ connection }) => [IN_ORDER, ...(connection.kind === 'chatwoot' ? LOSSY_WAYS : [])];
/** Nothing says that the bot resolved it, so nobody knows if most of it was lost. */
const UNKNOWN = ['3205'];

/** The stories. */
const STORIES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.expect.json'))
  .sort()
  .map((file, number) => {
    const name = file.replace('.expect.json', '');
    const lines = readFileSync(path.join(FOLDER, `${name}.ndjson`), 'utf8')
      .trim()
      .split('\n');
    return {
      name,
      number,
      ...JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')),
      webhooks: lines.map((line) => JSON.parse(line)),
    };
  });

const connectionId = (story, way) => `story-${story.number}-${way}`;
const organizationId = (story, way) => `${story.name}, ${way}`;

const CONNECTIONS = [
  ...STORIES.flatMap(({ connection: { secret, ...connection }, ...story }) =>
    waysOf({ connection }).map((way) => ({
      ...connection,
      ...(secret && { secrets: [secret] }),
      connectionId: connectionId(story, way),
      organizationId: organizationId(story, way),
    })),
  ),
  { connectionId: 'cn-of-organization-o', kind: 'chatwoot', organizationId: 'o', secrets: [SECRET, OLD_SECRET] },
  { connectionId: 'cn-of-organization-p', kind: 'chatwoot', organizationId: 'p', secrets: [OLD_SECRET] },
  { connectionId: 'cn-that-is-watched', kind: 'chatwoot', organizationId: 'watched', secrets: [SECRET] },
  { connectionId: 'cn-that-is-quiet', kind: 'chatwoot', organizationId: 'quiet', secrets: [SECRET] },
  { connectionId: 'cn-zammad', kind: 'zammad', organizationId: 'z', secrets: [SECRET] },
];

let service;
before(async () => {
  const secrets = { CONNECTIONS: JSON.stringify(CONNECTIONS) };
  const broken = JSON.stringify([{ ...CONNECTIONS[0], secrets: ['canary-short'] }]);
  service = await startService({
    secrets,
    hasClock: true,
    siblings: {
      limited: { secrets, limits: { INGEST_LIMIT: 3, FAILURE_LIMIT: 2 } },
      misconfigured: { secrets: { CONNECTIONS: broken } },
    },
  });
});
after(() => service?.close());

/** Delivers a webhook of a story at its instant. */
async function deliver(story, way, { receivedAt, headers, body }) {
  const response = await service.fetch(`${HOOKS}/${connectionId(story, way)}`, {
    method: 'POST',
    at: Date.parse(receivedAt),
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const answer = await response.json();
  assert.ok([200, 401].includes(response.status), JSON.stringify(answer));
  return answer.data;
}

/** All rows at an instant, of whatever category. */
async function rowsAt(organization, at) {
  const token = adminToken(organization);
  const pages = [];
  for (const category of CATEGORIES) pages.push(await service.report(token, { category, skipThreshold: 'true' }));
  const rows = pages.flatMap((page) => page.rows);
  const key = (row) => `${row.stalledSince} ${row.conversationId}`;
  assert.equal(pages[0].generatedAt, at);
  return rows.sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

async function check(story, step) {
  const name = `${story.name} at ${step.asOf}: ${step.why}`;
  const all = await rowsAt(organizationId(story, IN_ORDER), step.asOf);
  const rows = all.filter(({ category }) => step.isEveryCategory || CONTRACT_CATEGORIES.includes(category));
  assert.deepEqual(
    rows.map((row) => row.conversationId),
    step.candidates.map((candidate) => candidate.conversationId),
    name,
  );
  for (const [index, candidate] of step.candidates.entries()) {
    for (const [member, value] of Object.entries(candidate)) {
      assert.deepEqual(rows[index][member], value, `${name}: ${member}`);
    }
  }
  if (step.listed) {
    const { rows: listed } = await service.report(adminToken(organizationId(story, IN_ORDER)));
    assert.deepEqual(
      listed.map((row) => row.conversationId),
      step.listed,
      name,
    );
  }
}

/** Repairs as `npm run import` does; or loads, and repairs the next time. */
async function mend(story, way, chatwoot, at, isFirst) {
  const connection = CONNECTIONS.find((candidate) => candidate.connectionId === connectionId(story, way));
  const organization = organizationId(story, way);
  /** @type {any} */
  const fetch = (target, { signal: _, ...init }) => service.fetch(`${target.pathname}${target.search}`, init);
  const monitor = monitorOf(
    { url: service.url, connection, token: adminToken(organization), eventsToken: ingestToken() },
    { fetch, now: () => at },
  );
  const { source } = new ChatwootApi(chatwoot.account);
  const now = () => Math.floor(at / 1000);
  const options = { ...connection.settings, organizationId: organization, now, state: { since: 1 } };
  await (way === 'loaded' && isFirst ? importOpen : repair)(source, monitor, options);
}

/** Whoever is expected at a step is there, with names, and nobody else is in the categories of the contract. */
async function checkMended(story, way, step) {
  const name = `${story.name} ${way} at ${step.asOf}: ${step.why}`;
  const rows = await rowsAt(organizationId(story, way), step.asOf);
  const ids = (list) => list.map((row) => row.conversationId).filter((id) => !UNKNOWN.includes(id));
  const expected = ids(step.candidates);
  // That a bot had it may be lost, and then nobody has it.
  assert.deepEqual(
    expected.filter((id) => !ids(rows).includes(id)),
    [],
    name,
  );
  const shown = rows.filter(({ category }) => step.isEveryCategory || CONTRACT_CATEGORIES.includes(category));
  assert.deepEqual(
    ids(shown).filter((id) => !expected.includes(id)),
    [],
    name,
  );
  for (const row of rows.filter(({ category }) => category === 'agent_abandoned')) {
    assert.ok(row.contactName && row.assigneeNames.length > 0, `${name}: names of ${JSON.stringify(row)}`);
  }
}

describe('the stories', () => {
  // The clock of a database never goes back, so the instants of all stories are passed once.
  test('in order, each webhook twice; some lost and then repaired; loaded', async () => {
    const random = seededRandom('stories');
    const steps = STORIES.flatMap((story) => story.steps.map((step) => ({ story, step })));
    steps.sort((left, right) => (left.step.asOf < right.step.asOf ? -1 : 1));
    const rest = new Map(STORIES.map((story) => [story, [...story.webhooks]]));
    const outcomes = new Map(STORIES.map((story) => [story, {}]));
    const chatwoots = new Map(STORIES.map((story) => [story, new StoryChatwoot()]));
    for (const { story, step } of steps) {
      const webhooks = rest.get(story) ?? [];
      const due = webhooks.filter(({ receivedAt }) => receivedAt <= step.asOf);
      rest.set(story, webhooks.slice(due.length));
      for (const webhook of due) {
        const counts = outcomes.get(story) ?? {};
        const outcome = (await deliver(story, IN_ORDER, webhook))?.outcome ?? 'refused';
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      }
      for (const webhook of due) {
        const receipt = await deliver(story, IN_ORDER, webhook);
        if (receipt) assert.deepEqual([receipt.applied, receipt.ignored], [0, receipt.accepted], 'a replay');
      }
      const isLossy = story.connection.kind === 'chatwoot';
      const lossyWays = isLossy ? LOSSY_WAYS : [];
      for (const way of lossyWays.filter((each) => each !== 'loaded')) {
        for (const webhook of due) if (random.chance(2 / 3)) await deliver(story, way, webhook);
      }
      const at = Date.parse(step.asOf);
      await service.setClock(at);
      await service.refresh(at);
      await check(story, step);
      if (!isLossy) continue;
      for (const webhook of due) chatwoots.get(story)?.add(webhook);
      for (const isFirst of [true, false]) {
        for (const way of lossyWays) await mend(story, way, chatwoots.get(story), at, isFirst);
        await service.refresh(at);
      }
      for (const way of lossyWays) await checkMended(story, way, step);
    }
    for (const [story, counts] of outcomes) {
      assert.deepEqual(counts, story.outcomes ?? { mapped: story.webhooks.length }, story.name);
    }
  });
});

/**
 * A webhook of Chatwoot: the arguments of fetch.
 *
 * @returns {[string, { method: string, body: string, headers: Record<string, string> }]}
 */
function chatwoot(body, { connection = 'cn-of-organization-o', secret = SECRET, at = NOW, headers = {} } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const timestamp = String(Math.floor(at / 1000));
  const digits = createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex');
  return [
    `${HOOKS}/${connection}`,
    {
      method: 'POST',
      body: text,
      headers: {
        'Content-Type': 'application/json',
        'X-Chatwoot-Timestamp': timestamp,
        'X-Chatwoot-Signature': `sha256=${digits}`,
        ...headers,
      },
    },
  ];
}

const conversation = (id, more) => ({
  id,
  channel: 'Channel::WebWidget',
  status: 'open',
  meta: { sender: { id: 1, name: 'Somebody', phone_number: null } },
  created_at: NOW / 1000 - 60,
  updated_at: NOW / 1000 - 60,
  ...more,
});
const message = (id, more) => ({
  event: 'message_created',
  id,
  message_type: 'incoming',
  created_at: new Date(NOW - 50_000).toISOString(),
  conversation: conversation(id),
  ...more,
});

/**
 * Status, `error` or `outcome`, and the response.
 *
 * @param {any} request the arguments of fetch
 */
async function ask(request, via = service) {
  const [target, init] = request;
  const response = await via.fetch(target, init);
  const text = await response.text();
  const answer = text ? JSON.parse(text) : {};
  return { status: response.status, said: answer.error ?? answer.data?.outcome, answer, response };
}

describe('what is refused', () => {
  before(() => service.setClock(NOW));

  test('a signature that is not by a secret of the connection, and nothing is stored', async () => {
    const good = chatwoot(message(901));
    const [target, init] = good;
    const with_ = (headers) => [target, { ...init, headers: { ...init.headers, ...headers } }];
    const signature = init.headers['X-Chatwoot-Signature'];
    const refused = {
      'signature: not by a secret of the connection': [
        chatwoot(message(901), { secret: 'another secret of the tests' }),
        chatwoot(message(901), { connection: 'cn-of-organization-p' }),
        [target, { ...init, body: `${init.body} ` }],
        with_({ 'X-Chatwoot-Timestamp': String(NOW / 1000 + 1) }),
      ],
      'signature: malformed': [
        with_({ 'X-Chatwoot-Signature': signature.toUpperCase() }),
        with_({ 'X-Chatwoot-Signature': signature.slice(7) }),
        with_({ 'X-Chatwoot-Signature': `${signature}, ${signature}` }),
        [`${HOOKS}/cn-zammad`, { ...init, headers: { ...init.headers, 'X-Hub-Signature': signature } }],
      ],
      'signature: the webhook has none': [
        [target, { ...init, headers: { 'Content-Type': 'application/json' } }],
        [`${HOOKS}/cn-zammad`, init],
      ],
      'signature: the time of sending is missing or malformed': [with_({ 'X-Chatwoot-Timestamp': 'now' })],
      'signature: sent more than 5 minutes before or after now': [
        chatwoot(message(901), { at: NOW - 301_000 }),
        chatwoot(message(901), { at: NOW + 301_000 }),
      ],
    };
    for (const [cause, requests] of Object.entries(refused)) {
      for (const request of requests) {
        const { status, answer, response } = await ask(request);
        assert.equal(status, 401, cause);
        assert.deepEqual(answer, {
          success: false,
          message: 'The signature is not valid.',
          error: 'UNAUTHENTICATED',
        });
        assert.equal(response.headers.get('www-authenticate'), 'Signature realm="conversation-monitor"');
        const [line] = service.linesOf(response);
        assert.equal(line.cause, cause);
      }
    }
    const stored = await service.database
      .prepare("SELECT count(*) AS n FROM record WHERE record_id = 'message-901'")
      .first();
    assert.equal(stored.n, 0);
    assert.equal((await ask(good)).said, 'mapped');
    assert.equal((await ask(chatwoot(message(901), { secret: OLD_SECRET }))).said, 'mapped', 'the second secret');
  });

  test('everything else, in the order 404, 415, 413, 401, 200', async () => {
    // A body that is answered before it was read ends the connection, so only the 413 has a large one.
    const large = ' '.repeat(4 * 1024 * 1024 + 1);
    const wrong = { secret: 'another secret of the tests' };
    const text = { headers: { 'Content-Type': 'text/plain' } };
    const packed = { headers: { 'Content-Encoding': 'gzip' } };
    const steps = [
      [404, 'NOT_FOUND', chatwoot('no JSON', { ...wrong, ...text, connection: 'cn-of-nobody' })],
      [404, 'NOT_FOUND', chatwoot(message(902), { connection: '%63n-of-organization-o' })],
      [415, 'UNSUPPORTED_MEDIA_TYPE', chatwoot('no JSON', { ...wrong, ...text })],
      [415, 'UNSUPPORTED_MEDIA_TYPE', chatwoot('no JSON', { ...wrong, ...packed })],
      [413, 'PAYLOAD_TOO_LARGE', chatwoot(large, wrong)],
      [401, 'UNAUTHENTICATED', chatwoot('no JSON', wrong)],
      [200, 'unmappable', chatwoot('no JSON')],
      [200, 'unmappable', chatwoot({ event: 'message_created' })],
      [200, 'unknown', chatwoot({ event: 'conversation_typing_on', content: 'x' })],
      [200, 'unknown', chatwoot({ event: 'canary' })],
      [200, 'unknown', chatwoot('[]')],
      [200, 'mapped', chatwoot(`${JSON.stringify(message(902))}${' '.repeat(3 * 1024 * 1024)}`)],
    ];
    for (const [status, said, request] of steps) {
      const found = await ask(request);
      assert.deepEqual([found.status, found.said], [status, said], JSON.stringify(found.answer));
    }
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const { status, response } = await ask([`${HOOKS}/cn-of-organization-o`, { method }]);
      assert.deepEqual([status, response.headers.get('allow')], [405, 'POST'], method);
    }
  });

  test('too many webhooks of a connection, and of whoever sends what is not authentic', async () => {
    const limited = service.sibling('limited');
    const asked = async (request) => (await ask(request, limited)).status;
    const now = { at: Date.now() };
    const first = [];
    for (let call = 0; call < 4; call += 1) first.push(await asked(chatwoot('{}', now)));
    assert.deepEqual(first, [200, 200, 200, 429]);
    const text = { headers: { 'Content-Type': 'text/plain' } };
    assert.equal(await asked(chatwoot('{}', text)), 429, '429 comes before 415');
    assert.equal(await asked(chatwoot('{}', { ...now, secret: OLD_SECRET, connection: 'cn-of-organization-p' })), 200);

    const from = (address) => ({ headers: { 'CF-Connecting-IP': address } });
    const unknown = (address) => chatwoot('{}', { ...from(address), connection: 'cn-of-nobody' });
    const forged = chatwoot('{}', { ...now, ...from('192.0.2.7'), connection: 'cn-of-organization-p' });
    assert.equal(await asked(unknown('192.0.2.7')), 404);
    assert.equal(await asked(forged), 401);
    assert.equal(await asked(unknown('192.0.2.7')), 429);
    assert.equal(await asked(unknown('192.0.2.8')), 404);
    const authentic = { ...now, ...from('192.0.2.7'), secret: OLD_SECRET, connection: 'cn-of-organization-p' };
    assert.equal(await asked(chatwoot('{}', authentic)), 200, 'what is authentic is not refused for that');
  });

  test('everything while the connections are wrong, and the log names the variable without its value', async () => {
    const misconfigured = service.sibling('misconfigured');
    assert.equal((await ask(chatwoot(message(903)), misconfigured)).status, 503);
    assert.equal((await ask([EVENTS, { method: 'POST', token: ingestToken() }], misconfigured)).status, 503);
    const { status, answer, response } = await ask([REPORT, { token: adminToken('o') }], misconfigured);
    assert.deepEqual([status, answer.error], [503, 'UNAVAILABLE']);
    const [line] = service.linesOf(response);
    const problem = 'connection 1 needs secrets: 1 or 2 texts of 16 to 512 bytes';
    assert.equal(line.cause, `misconfigured: CONNECTIONS ${problem}`);
    const health = await ask(['/health', {}], misconfigured);
    assert.deepEqual([health.status, health.answer.data.status], [503, 'misconfigured']);
  });
});

describe('how a connection is doing', () => {
  const organization = 'watched';
  const connection = 'cn-that-is-watched';
  const send = (body, at, more = {}) => ask(chatwoot(body, { connection, at, ...more }));
  const statusOf = async (token = adminToken(organization), id = organization) => {
    const response = await service.fetch(`/api/organizations/${encodeURIComponent(id)}/connections`, { token });
    return { status: response.status, answer: await response.json() };
  };
  const watched = async () => (await statusOf()).answer.data.connections[0];
  const writes = async () => {
    const { results } = await service.database
      .prepare('SELECT * FROM connection_day WHERE connection_id = ?')
      .bind(connection)
      .all();
    return results;
  };

  test('what came, what did not, what was refused and why, and no value', async () => {
    await service.setClock(NOW);
    const fresh = await watched();
    assert.deepEqual(
      [fresh.connectionId, fresh.kind, fresh.lastReceivedAt, fresh.isSilent, fresh.isFailing, fresh.neverSeen],
      [connection, 'chatwoot', null, true, false, []],
    );

    const canary = 'canary-status';
    await send(message(931), NOW - 2_000);
    await send(message(932), NOW - 2_000);
    await send({ ...message(933), conversation: canary, content: canary }, NOW - 2_000);
    await send(message(934), NOW, { secret: OLD_SECRET });
    const status = await watched();
    const now = new Date(NOW).toISOString();
    assert.deepEqual(status, {
      connectionId: connection,
      kind: 'chatwoot',
      lastReceivedAt: now,
      lastMappedAt: now,
      isSilent: false,
      isFailing: false,
      clockSkewMs: -2_000,
      today: { mapped: 2, partly: 0, unknown: 0, unmappable: 1, refused: 1 },
      neverSeen: [
        'conversation_created',
        'conversation_status_changed',
        'conversation_updated',
        'message_updated',
        'contact_updated',
      ],
      lastProblem: {
        at: now,
        webhook: 'message_created',
        path: '/conversation',
        found: 'a string',
        expected: 'an object',
      },
      lastRefusal: { at: now, cause: 'signature: not by a secret of the connection' },
    });

    assert.deepEqual((await statusOf()).answer.data.connections, [status], 'asking changes nothing');

    // It is stored once, and within the minute not again, whatever comes: what comes is known nevertheless.
    await service.refresh(NOW);
    const first = await writes();
    assert.deepEqual(
      first.map(({ mapped, unmappable, refused }) => [mapped, unmappable, refused]),
      [[2, 1, 1]],
    );
    for (let count = 0; count < 5; count += 1) await send(message(931), NOW);
    await send({ event: 'conversation_typing_on' }, NOW);
    await send({ ...message(935), event: 'message_updated' }, NOW);
    await service.setClock(NOW + 59_000);
    await service.refresh(NOW + 59_000);
    assert.deepEqual(await writes(), first);
    assert.deepEqual((await watched()).today, { mapped: 8, partly: 0, unknown: 1, unmappable: 1, refused: 1 });
    assert.ok(!(await watched()).neverSeen.includes('message_updated'));
    // A minute later everything is stored, although nothing more came.
    await service.setClock(NOW + 60_000);
    await service.refresh(NOW + 60_000);
    const [second] = await writes();
    assert.deepEqual([second.mapped, second.unknown, second.unmappable, second.refused], [8, 1, 1, 1]);
    await service.setClock(NOW + 120_000);
    await send(message(934), NOW + 120_000, { secret: OLD_SECRET });
    const later = await watched();
    assert.deepEqual([later.today.mapped, later.today.refused, later.isFailing], [8, 2, true]);
    await service.refresh(NOW + 120_000);
    assert.deepEqual(await watched(), later, 'storing changes nothing');
    const { answer } = await ask(['/health', { token: tokenOf({ sub: 'op', scope: 'conversation-monitor:operate' }) }]);
    assert.ok(answer.data.connections.failing >= 1, JSON.stringify(answer.data.connections));

    const day = 24 * 3_600_000;
    await service.setClock(NOW + day + 120_000);
    assert.deepEqual([(await watched()).today.mapped, (await watched()).isSilent], [0, true]);
    assert.ok(!JSON.stringify(await writes()).includes('canary'));
  });

  test('is told to its own organization, and to nobody who may not change settings', async () => {
    await service.setClock(NOW);
    const { answer } = await statusOf(adminToken('o'), 'o');
    assert.deepEqual(
      answer.data.connections.map(({ connectionId }) => connectionId),
      ['cn-of-organization-o'],
    );
    assert.equal((await statusOf(adminToken('o'))).status, 403);
    // An organization without a connection and without a record is none.
    for (const token of [superadminToken, adminToken('nowhere')]) {
      const nowhere = await statusOf(token, 'nowhere');
      assert.deepEqual([nowhere.status, nowhere.answer.error], [404, 'NOT_FOUND']);
    }
    // One whose connection has had no webhook yet is known, and so is one that only posts events.
    const quiet = await statusOf(superadminToken, 'quiet');
    assert.deepEqual([quiet.status, quiet.answer.data.connections.length], [200, 1]);
    await service.post([
      { type: 'contact', organizationId: 'own events', updatedAt: '2026-01-01T00:00:00Z', contactId: 'c', name: 'n' },
    ]);
    const own = await statusOf(superadminToken, 'own events');
    assert.deepEqual([own.status, own.answer.data.connections], [200, []]);
    const head = tokenOf({ sub: 'h', role: 'DEPARTMENT_HEAD', organizationId: 'o', departmentIds: ['d'] });
    assert.equal((await statusOf(head, 'o')).status, 403);
  });
});

describe('what is stored', () => {
  before(() => service.setClock(NOW));

  test('is of the organization of the connection, whatever the webhook says', async () => {
    const foreign = { organizationId: 'p', organization_id: 'p', organization: { id: 'p' } };
    const { answer } = await ask(chatwoot({ ...message(911, foreign), ...foreign }));
    assert.equal(answer.data.outcome, 'mapped');
    const { results } = await service.database
      .prepare("SELECT DISTINCT organization_id FROM record WHERE conversation_id = '911' OR record_id = '911'")
      .all();
    assert.deepEqual(results, [{ organization_id: 'o' }]);
  });

  test('is no text, and no text is in a response or in the log', async () => {
    const canary = 'canary-5e1f';
    const text = { content: canary, processed_message_content: canary, content_attributes: { subject: canary } };
    const last = { id: 912, status: 'sent', ...text };
    const whole = message(912, { ...text, conversation: conversation(912, { messages: [last], labels: [canary] }) });
    const odd = message(913, { ...text, sender: canary, created_at: canary, conversation: conversation(913) });
    for (const body of [whole, odd, { ...odd, event: canary }, { event: 'message_created', conversation: canary }]) {
      const { status, answer } = await ask(chatwoot(body));
      assert.equal(status, 200);
      assert.ok(!JSON.stringify(answer).includes('canary'), JSON.stringify(answer));
    }
    const tables = ['record', 'pending', 'conversation_state', 'snapshot_row', 'snapshot_part'];
    for (const table of tables) {
      const { results } = await service.database.prepare(`SELECT * FROM ${table}`).all();
      assert.ok(!JSON.stringify(results).includes('canary'), table);
    }
    assert.ok(!JSON.stringify(service.logs()).includes('canary'));
  });

  test('says what it leaves out, by path and type', async () => {
    const { answer } = await ask(
      chatwoot(message(914, { created_at: null, conversation: conversation(914, { meta: 7 }) })),
    );
    assert.deepEqual(answer.data, {
      outcome: 'unmappable',
      webhook: 'message_created',
      accepted: 0,
      applied: 0,
      ignored: 0,
      notes: [
        { path: '/conversation/meta', found: 'a number', expected: 'an object' },
        { path: '/conversation/contact_inbox/contact_id', found: 'absent', expected: 'the id of a contact' },
        { path: '/created_at', found: 'absent', expected: 'an instant' },
      ],
    });
    const ahead = message(915, { created_at: new Date(NOW + 301_000).toISOString() });
    const late = await ask(chatwoot(ahead));
    assert.equal(late.answer.data.outcome, 'partly');
    const paths = late.answer.data.notes.map((note) => note.path);
    assert.deepEqual(paths, ['message.updatedAt', 'autopilot.updatedAt'].slice(0, paths.length));
  });
});

/** After what was before. */
const TEMPLATES_AT = NOW + 5 * 60_000;

describe('the templates in docs/connecting.md', () => {
  before(() => service.setClock(TEMPLATES_AT));

  const blocks = fencedBlocks(readDocument('docs/connecting.md')).filter(({ language }) => language === 'json');
  const [n8n, make, freshdesk] = blocks.map(({ text }) => JSON.parse(text));
  const post = async (body) => {
    const response = await service.fetch(EVENTS, {
      method: 'POST',
      token: ingestToken(),
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    const answer = await response.json();
    assert.equal(response.status, 200, `${JSON.stringify(answer)} to ${body}`);
    return answer.data;
  };
  const instant = new Date(TEMPLATES_AT).toISOString();

  /** Sends every member of the table, and compares the list that it makes. */
  async function checkTemplate(organization, send) {
    const at = (seconds) => new Date(TEMPLATES_AT + seconds * 1000).toISOString();
    const contact = { id: 5, name: 'Somebody', phone: '+4930000005' };
    const agent = { id: 7, name: 'Amara Okonjo' };
    const said = (id, what, seconds, more) => send({ conversation: id, what, at: at(seconds), contact, ...more });
    await said('waits', 'customer_wrote', -900, { message: 1, channel: 'email' });
    await said('waits', 'assigned', -800, { agent, channel: 'email' });
    await said('is answered', 'customer_wrote', -900);
    await said('is answered', 'agent_answered', -700, { agent });
    await said('is answered by the bot', 'customer_wrote', -900);
    await said('is answered by the bot', 'bot_answered', -899);
    await said('is resolved', 'customer_wrote', -900);
    await said('is resolved', 'resolved', -800);
    await said('is open again', 'customer_wrote', -900);
    await said('is open again', 'resolved', -800);
    await said('is open again', 'reopened', -700);
    await send({ conversation: 'has little', what: 'customer_wrote' });
    await send(fromFreshdesk({}));
    await send(fromFreshdesk({ agent: 'Benedikt Haas' }));
    await service.refresh(TEMPLATES_AT);
    const rows = await rowsAt(organization, instant);
    assert.deepEqual(
      rows.map((row) => [
        row.conversationId,
        row.category,
        row.assigneeNames,
        row.contactName || null,
        row.channelType,
      ]),
      [
        ['is open again', 'unassigned', [], 'Somebody', 'other'],
        ['waits', 'agent_abandoned', ['Amara Okonjo'], 'Somebody', 'email'],
        ['410', 'agent_abandoned', ['Benedikt Haas'], 'Silke Bader', 'email'],
        ['has little', 'unassigned', [], null, 'other'],
      ].sort((left, right) => rowOrder(rows, left[0]) - rowOrder(rows, right[0])),
    );
    const { contactPhone } = rows.find(({ conversationId }) => conversationId === 'waits');
    assert.equal(contactPhone, '+4930000005');
  }

  /** Of those that wait since the same instant the order is that of their ids. */
  const rowOrder = (rows, id) => rows.findIndex(({ conversationId }) => conversationId === id);

  /** What Freshdesk's rule posts for a ticket. It writes nothing for what a ticket does not have. */
  function fromFreshdesk({ agent = '' }) {
    const values = {
      'ticket.id': '410',
      'ticket.requester.email': 'silke@customer.example',
      'ticket.requester.name': 'Silke Bader',
      'ticket.agent.email': agent && 'benedikt@desk.example',
      'ticket.agent.name': agent,
    };
    const text = JSON.stringify(freshdesk).replaceAll(/\{\{([a-z.]+)\}\}/g, (_, name) => {
      assert.ok(name in values, `Freshdesk has ${name}`);
      return values[name];
    });
    return JSON.parse(text);
  }

  test('n8n: every member of the table becomes events that make the list', async () => {
    const { jsCode } = n8n.nodes[1].parameters;
    const code = new Function('$input', 'Date', jsCode.replaceAll('ORGANIZATION', 'n8n'));
    // The clock of the worker, and not of this machine.
    class Clock extends Date {
      constructor() {
        super(TEMPLATES_AT);
      }
    }
    assert.match(n8n.nodes[0].parameters.path, /RANDOM/);
    await checkTemplate('n8n', async (body) => {
      const [{ json }] = code({ first: () => ({ json: { body } }) }, Clock);
      assert.equal((await post(JSON.stringify(json))).accepted, json.events.length);
    });
  });

  test('Make: so it does', async () => {
    const [, variables, router] = make.flow;
    const modules = router.routes.flatMap(({ flow }) => flow);
    assert.equal(new Set(modules.map(({ id }) => id)).size, modules.length);
    await checkTemplate('make', async (body) => {
      const data = { 1: body, 2: {} };
      for (const { name, value } of variables.mapper.variables) data[2][name] = filled(value, data);
      let posted = 0;
      for (const { filter, mapper } of modules) {
        if (!passes(filter, data)) continue;
        await post(filled(mapper.data.replaceAll('ORGANIZATION', 'make'), data));
        posted += 1;
      }
      assert.ok(posted >= 2, JSON.stringify(body));
    });
  });
});

/** Whether a filter of Make lets pass: all of a list of conditions, of one of the lists. */
function passes({ conditions }, data) {
  return conditions.some((list) =>
    list.every(({ a, b, o }) => {
      const value = filled(a, data);
      if (o === 'text:equal') return value === b;
      assert.ok(['exist', 'notexist'].includes(o), o);
      return (value !== '') === (o === 'exist');
    }),
  );
}

/** A text of Make with what its expressions are. */
function filled(text, data) {
  return text.replaceAll(/\{\{(.*?)\}\}/g, (_, expression) => String(evaluate(expression.trim(), data) ?? ''));
}

/** The expressions of Make that the template has. */
function evaluate(expression, data) {
  if (/^"[^"]*"$/.test(expression)) return expression.slice(1, -1);
  if (/^(true|false)$/.test(expression)) return expression === 'true';
  const call = expression.match(/^([A-Za-z]+)\((.*)\)$/);
  if (call) {
    const parts = argumentsOf(call[2]);
    const value = (index) => evaluate(parts[index], data);
    if (call[1] === 'ifempty') return [value(0), value(1)].find((each) => ![undefined, null, ''].includes(each));
    if (call[1] === 'if') return value(0) ? value(1) : value(2);
    assert.deepEqual([call[1], ...parts], ['formatDate', 'now', '"YYYY-MM-DDTHH:mm:ss[Z]"', '"UTC"']);
    return `${new Date(TEMPLATES_AT).toISOString().slice(0, 19)}Z`;
  }
  const [, left, right] = expression.match(/^([\w.]+) = (.*)$/) ?? [];
  if (left !== undefined) return evaluate(left, data) === evaluate(right, data);
  assert.match(expression, /^[12](\.[a-z]+)+$/);
  return expression.split('.').reduce((value, name) => value?.[name], data);
}

/** The arguments of a call, which semicolons divide. */
function argumentsOf(text) {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    depth += Number(character === '(') - Number(character === ')');
    if (character === ';' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

// The clock of a database never goes back, so this comes last.
describe('what is counted', () => {
  test('is removed a month later', async () => {
    const connection = 'cn-that-is-watched';
    const days = async () => {
      const sql = 'SELECT received_at FROM connection_day WHERE connection_id = ?';
      return (await service.database.prepare(sql).bind(connection).all()).results;
    };
    assert.ok((await days()).length > 0);
    const later = NOW + 40 * 24 * 3_600_000;
    await service.setClock(later);
    await ask(chatwoot(message(936), { connection, at: later }));
    await service.refresh(later);
    assert.deepEqual(await days(), [{ received_at: later }]);
  });
});
