import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { IS_LONG_RUN } from '../long-run.mjs';
import { mapChatwoot } from './chatwoot.mjs';
import { CANARY, chatwootSequence } from './chatwoot-generator.mjs';
import { formatInstant, normalise, Oracle, parseInstant } from './oracle.mjs';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const STORIES = new URL('../data/webhooks/chatwoot/', import.meta.url);
/** A signature is good for so long on either side of its own time. */
const SIGNATURE_WINDOW = 5 * MINUTE;
const CONTRACT_CATEGORIES = ['ai_stuck', 'agent_abandoned'];
/** In a long run there are many more sequences. */
const SEQUENCES = IS_LONG_RUN ? 2_000 : 100;
/** More of them, because a rule may decide about one customer in hundreds of sequences. */
const WAITING_SEQUENCES = IS_LONG_RUN ? 10_000 : 400;

/**
 * The stories: `<name>.ndjson` has one delivery a line (when it arrived, its headers, and the body as it was signed),
 * `<name>.expect.json` the connection and what the report shows at which instants.
 */
function readStories() {
  const names = readdirSync(STORIES)
    .filter((file) => file.endsWith('.ndjson'))
    .map((file) => file.slice(0, -'.ndjson'.length));
  return names.map((name) => {
    const read = (file) => readFileSync(new URL(file, STORIES), 'utf8');
    const deliveries = read(`${name}.ndjson`).split('\n').filter(Boolean);
    return { name, deliveries: deliveries.map((line) => JSON.parse(line)), ...JSON.parse(read(`${name}.expect.json`)) };
  });
}

/** `X-Chatwoot-Signature` is over `"{timestamp}.{body}"`. */
function isAuthentic({ receivedAt, headers, body }, secret) {
  const timestamp = headers['x-chatwoot-timestamp'];
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  const age = Math.abs(parseInstant(receivedAt) - Number(timestamp) * SECOND);
  return headers['x-chatwoot-signature'] === `sha256=${signature}` && age <= SIGNATURE_WINDOW;
}

function eventsOfDelivery({ receivedAt, body }, { organizationId, settings }) {
  return mapChatwoot(JSON.parse(body), { organizationId, settings, receivedAt });
}

/** How many deliveries are mapped, are of an event that nobody needs, and have no good signature. */
function outcomesOf({ deliveries, connection }) {
  const authentic = deliveries.filter((delivery) => isAuthentic(delivery, connection.secret));
  const unknown = authentic.filter((delivery) => eventsOfDelivery(delivery, connection).length === 0).length;
  return { mapped: authentic.length - unknown, unknown, refused: deliveries.length - authentic.length };
}

/** The rows at an instant; those of the two lists of the contract, as a story's `candidates` are. */
function rowsAt(oracle, organizationId, asOf) {
  if (!oracle.exists(organizationId)) return [];
  const rows = oracle.candidates(organizationId, parseInstant(asOf)).map(({ row }) => row);
  return rows.filter(({ category }) => CONTRACT_CATEGORIES.includes(category));
}

function listedAt(oracle, organizationId, asOf, thresholdMinutes) {
  const report = oracle.report({ organizationId, asOf: parseInstant(asOf), thresholdMinutes, limit: 100 });
  return report.rows.map((row) => row.conversationId);
}

function checkStep(oracle, { connection, thresholdMinutes }, { asOf, why, candidates, listed }) {
  const { organizationId } = connection;
  const rows = rowsAt(oracle, organizationId, asOf);
  const found = rows.map((row, index) => pick(row, Object.keys(candidates[index] ?? row)));
  assert.deepEqual(found, candidates, `${asOf}: ${why}`);
  if (listed !== undefined) assert.deepEqual(listedAt(oracle, organizationId, asOf, thresholdMinutes), listed, why);
}

const pick = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));

test('the stories show what they must at each instant', async (t) => {
  for (const story of readStories()) {
    await t.test(`${story.name}: ${story.title}`, () => {
      const oracle = new Oracle();
      const waiting = story.deliveries.filter((delivery) => isAuthentic(delivery, story.connection.secret));
      for (const step of story.steps) {
        while (waiting.length > 0 && waiting[0].receivedAt <= step.asOf) {
          oracle.takeIn(eventsOfDelivery(waiting.shift(), story.connection));
        }
        checkStep(oracle, story, step);
      }
      assert.deepEqual(waiting, []);
      if (story.outcomes !== undefined) assert.deepEqual(outcomesOf(story), story.outcomes);
    });
  }
});

test('the stories end alike in any order, with each delivery twice', async (t) => {
  for (const story of readStories()) {
    await t.test(story.name, () => {
      const random = seededRandom(story.name);
      const authentic = story.deliveries.filter((delivery) => isAuthentic(delivery, story.connection.secret));
      for (const deliveries of [authentic.toReversed(), random.shuffle([...authentic, ...authentic])]) {
        const oracle = new Oracle();
        for (const delivery of deliveries) oracle.takeIn(eventsOfDelivery(delivery, story.connection));
        checkStep(oracle, story, story.steps.at(-1));
      }
    });
  }
});

// ---------------------------------------------------------------------------------------------------------------
// Each rule
// ---------------------------------------------------------------------------------------------------------------

const ORGANIZATION = 'brindlewick';
const RECEIVED_AT = '2026-11-24T09:30:00.400Z';
const CREATED = 1795510800; // 2026-11-24T09:00:00Z

function conversation(more = {}) {
  const { meta, ...rest } = more;
  return {
    id: 3121,
    inbox_id: 3,
    channel: 'Channel::Whatsapp',
    status: 'open',
    snoozed_until: null,
    meta: {
      sender: { id: 210, name: 'Ravi Menon', phone_number: '+447700900141', blocked: false, type: 'contact' },
      assignee: null,
      assignee_type: null,
      team: null,
      ...meta,
    },
    messages: [],
    created_at: CREATED,
    updated_at: CREATED + 900.25,
    ...rest,
  };
}

const AMARA = { id: 11, name: 'Amara Okonjo', available_name: 'Amara', type: 'user' };
const FLOW_BOT = { id: 9, name: 'Flow bot', type: 'agent_bot' };
const CAPTAIN = { id: 4, name: 'Captain Brindle', type: 'captain_assistant' };
const withAmara = { assignee: AMARA, assignee_type: 'User' };

function message(more = {}) {
  return {
    event: 'message_created',
    id: 9001,
    message_type: 'outgoing',
    private: false,
    content: CANARY,
    content_type: 'text',
    content_attributes: {},
    additional_attributes: {},
    created_at: '2026-11-24T09:16:00.480Z',
    sender: AMARA,
    inbox: { id: 3, name: 'WhatsApp Care' },
    conversation: conversation(),
    ...more,
  };
}

const incoming = (more = {}) => message({ message_type: 'incoming', sender: { id: 210, name: 'Ravi Menon' }, ...more });

/** The log of a change, a second after `updated_at` of the payloads' clock where it is not said. */
function changed(changes, at = '2026-11-24T09:15:00.250Z') {
  const log = Object.entries(changes).map(([name, [before, after]]) => ({
    [name]: { previous_value: before, current_value: after },
  }));
  return [...log, { updated_at: { previous_value: '2026-11-24T09:00:00.000Z', current_value: at } }];
}

function updated(changes, more = {}) {
  return { ...conversation(more), event: 'conversation_updated', changed_attributes: changed(changes) };
}

const mapped = (webhook, settings = {}) =>
  mapChatwoot(webhook, { organizationId: ORGANIZATION, settings, receivedAt: RECEIVED_AT });

/** The events of one type, without what all have in common. */
function ofType(type, webhook, settings) {
  return mapped(webhook, settings)
    .filter((event) => event.type === type)
    .map(({ type: _, organizationId, ...event }) => event);
}

/** The message with the given members only. */
function messageOf(webhook, names, settings) {
  const [found] = ofType('message', webhook, settings);
  return pick(found, names);
}

/** The records of a conversation's timeline that a webhook says, by id. */
function changesOf(webhook, settings) {
  const events = mapped(webhook, settings).filter((event) =>
    ['autopilot', 'resolution', 'message'].includes(event.type),
  );
  return events.map((event) => event.changeId ?? event.messageId);
}

test('a conversation is whole in each payload', () => {
  const meta = { ...withAmara, team: { id: 2, name: 'Parcels' } };
  assert.deepEqual(mapped({ ...conversation({ meta }), event: 'conversation_updated', changed_attributes: null }), [
    {
      type: 'conversation',
      organizationId: ORGANIZATION,
      updatedAt: '2026-11-24T09:15:00.250Z',
      conversationId: '3121',
      contactId: 'contact-210',
      channelType: 'whatsapp',
      departmentId: 'team-2',
      assigneeIds: ['user-11'],
      draft: false,
      startsWithAutopilot: false,
    },
    {
      type: 'contact',
      organizationId: ORGANIZATION,
      updatedAt: '2026-11-24T09:00:00.000Z',
      contactId: 'contact-210',
      name: 'Ravi Menon',
      phone: '+447700900141',
      blocked: false,
    },
    {
      type: 'user',
      organizationId: ORGANIZATION,
      updatedAt: '2026-11-24T09:00:00.000Z',
      userId: 'user-11',
      fullName: 'Amara Okonjo',
      active: true,
      bot: false,
    },
    {
      type: 'department',
      organizationId: ORGANIZATION,
      updatedAt: '2026-11-24T09:00:00.000Z',
      departmentId: 'team-2',
      name: 'Parcels',
    },
  ]);
});

test('a conversation without a clock is as of its arrival', () => {
  const { updated_at: _, ...old } = conversation({ status: 'snoozed' });
  const [found] = ofType('conversation', { ...old, event: 'conversation_status_changed', changed_attributes: null });
  assert.equal(found.updatedAt, RECEIVED_AT);
  assert.equal(found.snoozedAt, '2026-11-24T09:30:00.000Z');
});

test('microseconds of a conversation are cut off, and milliseconds are not', () => {
  for (const updatedAt of [1795510994.180999, 1795510994.18, 1795510994.1800001]) {
    const payload = { ...conversation({ updated_at: updatedAt }), event: 'conversation_updated' };
    assert.equal(ofType('conversation', payload)[0].updatedAt, '2026-11-24T09:03:14.180Z');
  }
});

test('a snooze has its beginning, and its end if there is one', () => {
  const snoozed = (until) =>
    ofType('conversation', {
      ...conversation({ status: 'snoozed', snoozed_until: until }),
      event: 'conversation_updated',
    }).map((event) => [event.snoozedAt, event.snoozedUntil]);
  assert.deepEqual(snoozed(null), [['2026-11-24T09:15:00.000Z', undefined]], 'to the second');
  assert.deepEqual(snoozed('2026-11-24T12:00:00.000Z'), [['2026-11-24T09:15:00.000Z', '2026-11-24T12:00:00.000Z']]);
  assert.equal(
    ofType('conversation', updated({}, { snoozed_until: '2026-11-24T12:00:00.000Z' }))[0].snoozedAt,
    undefined,
  );
});

test('each channel has a name', () => {
  const nameOf = (channel) => ofType('conversation', updated({}, { channel }))[0].channelType;
  assert.equal(nameOf('Channel::WebWidget'), 'webchat');
  assert.equal(nameOf('Channel::FacebookPage'), 'messenger');
  assert.equal(nameOf('Channel::Voice'), 'voice');
  assert.equal(nameOf('Channel::Carrier'), 'other');
  assert.equal(nameOf(undefined), 'other');
  assert.equal(nameOf('toString'), 'other');
  const twilio = (sourceId) => {
    const inbox = { contact_id: 210, source_id: sourceId };
    return ofType('conversation', updated({}, { channel: 'Channel::TwilioSms', contact_inbox: inbox }))[0].channelType;
  };
  assert.equal(twilio('+447700900141'), 'sms');
  assert.equal(twilio('whatsapp:+447700900141'), 'whatsapp');
});

test('a department is the team or the inbox', () => {
  const meta = { team: { id: 2, name: 'Parcels' } };
  const inbox = { department: 'inbox' };
  const departmentOf = (webhook, settings) => [
    ofType('conversation', webhook, settings)[0].departmentId,
    ofType('department', webhook, settings).map(({ name }) => name),
  ];
  assert.deepEqual(departmentOf(updated({}, { meta })), ['team-2', ['Parcels']]);
  assert.deepEqual(departmentOf(updated({})), [undefined, []]);
  assert.deepEqual(departmentOf(updated({}, { meta }), inbox), ['inbox-3', []]);
  assert.deepEqual(departmentOf(message({ conversation: conversation({ meta }) }), inbox), [
    'inbox-3',
    ['WhatsApp Care'],
  ]);
});

test('a bot is a user that is a bot', () => {
  const bots = (assignee, settings) =>
    ofType('user', updated({}, { meta: { assignee } }), settings).map(({ userId, bot }) => [userId, bot]);
  assert.deepEqual(bots(FLOW_BOT), [['agent_bot-9', true]]);
  assert.deepEqual(bots(AMARA, { aiUserIds: [11] }), [['user-11', true]]);
  assert.deepEqual(bots(AMARA), [['user-11', false]]);
});

test('long names are cut, long phones dropped, and ids have the prefix', () => {
  const sender = { id: 210, name: 'ä'.repeat(600), phone_number: '1'.repeat(65), blocked: true };
  const [contact] = ofType('contact', updated({}, { meta: { sender } }), { prefix: 'cw1-' });
  assert.deepEqual(contact, {
    contactId: 'cw1-contact-210',
    updatedAt: '2026-11-24T09:00:00.000Z',
    name: 'ä'.repeat(512),
    blocked: true,
  });
  const longer = { meta: { sender: { ...sender, name: '🦉'.repeat(600) } } };
  assert.equal(ofType('contact', updated({}, longer))[0].name, '🦉'.repeat(256), 'it has at most 1,024 bytes');
  const [found] = ofType('conversation', updated({}), { prefix: 'cw1-' });
  assert.equal(found.conversationId, 'cw1-3121', 'two accounts have conversations of one number');
  const { changeId } = ofType('resolution', updated({ status: ['open', 'resolved'] }), { prefix: 'cw1-' })[0];
  assert.match(changeId, /^resolved-cw1-3121-/);
});

test('a contact has its own clock in its own webhook', () => {
  const contact = { event: 'contact_updated', id: 210, name: 'Ravi', phone_number: null, blocked: true };
  const withLog = { ...contact, changed_attributes: changed({ blocked: [false, true] }) };
  assert.equal(ofType('contact', withLog)[0].updatedAt, '2026-11-24T09:15:00.250Z');
  assert.equal(ofType('contact', contact)[0].updatedAt, RECEIVED_AT);
  assert.equal(ofType('contact', { ...contact, event: 'contact_created' })[0].name, 'Ravi');
});

test('a message is at the second at which it was created, in the order of its id', () => {
  assert.deepEqual(ofType('message', message()), [
    {
      messageId: 'message-9001',
      conversationId: '3121',
      updatedAt: '2026-11-24T09:16:00.000Z',
      at: '2026-11-24T09:16:00.000Z',
      sequence: 9001,
      direction: 'outbound',
      sender: 'human',
      senderId: 'user-11',
      visibility: 'public',
      kind: 'text',
      status: 'sent',
    },
  ]);
});

test('who writes a message', () => {
  const author = (more, settings) =>
    Object.values(messageOf(message(more), ['direction', 'sender', 'senderId', 'visibility', 'kind'], settings));
  const rule = { content_attributes: { automation_rule_id: 31 } };
  const campaign = { additional_attributes: { campaign_id: 12 } };
  const pending = { conversation: conversation({ status: 'pending' }) };
  const contact = { message_type: 'incoming', sender: { id: 210, name: 'Ravi Menon' } };

  assert.deepEqual(author(contact), ['inbound', 'contact', undefined, 'public', 'text']);
  assert.deepEqual(author({ sender: FLOW_BOT, ...pending }), ['outbound', 'ai', 'agent_bot-9', 'public', 'text']);
  assert.deepEqual(author({ sender: CAPTAIN, ...pending }), [
    'outbound',
    'ai',
    'captain_assistant-4',
    'public',
    'text',
  ]);
  assert.deepEqual(author({}, { aiUserIds: [11] }), ['outbound', 'ai', 'user-11', 'public', 'text']);
  assert.deepEqual(author({ private: true }), ['outbound', 'human', 'user-11', 'private', 'text']);
  assert.deepEqual(author({ sender: null }), ['outbound', 'human', undefined, 'public', 'text']);
  for (const sender of [null, AMARA]) {
    assert.deepEqual(author({ sender, ...rule }), ['outbound', 'automation', undefined, 'public', 'text']);
    assert.deepEqual(author({ sender, ...campaign }), ['outbound', 'automation', undefined, 'public', 'campaign']);
  }
  const template = { message_type: 'template', sender: null };
  assert.deepEqual(author(template), ['outbound', 'automation', undefined, 'public', 'auto_reply']);
  assert.deepEqual(author({ sender: { id: 11, name: 'Amara', type: 'robot' } }), [
    'outbound',
    'system',
    undefined,
    'public',
    'text',
  ]);
  assert.deepEqual(ofType('message', message({ message_type: 'activity' })), []);
});

test('what kind of message it is', () => {
  const kind = (more) => messageOf(incoming(more), ['kind']).kind;
  const attachments = [{ id: 1, file_type: 'image' }];
  assert.equal(kind({ content: null, attachments }), 'media');
  assert.equal(kind({ content: '', attachments }), 'media');
  assert.equal(kind({ attachments }), 'media', 'texts are not read');
  assert.equal(kind({ content: null }), 'text');
  assert.equal(kind({ content_attributes: { email: { auto_reply: true } } }), 'auto_reply');
  assert.equal(kind({ content_attributes: { email: { auto_reply: false } } }), 'text');
  assert.equal(kind({ content_attributes: { is_reaction: true } }), 'reaction');
  assert.equal(kind({ content_type: 'voice_call' }), 'activity');
  const quote = ofType('message', incoming({ content_attributes: { in_reply_to: 9000 } }))[0];
  assert.equal(quote.inReplyTo, undefined, 'people quote in chats');
});

test("a bot's words in a conversation that is not its own any more hand it off", () => {
  const kind = (more, settings) => messageOf(message({ sender: CAPTAIN, ...more }), ['kind'], settings).kind;
  const withStatus = (status, meta = {}) => ({ conversation: conversation({ status, meta }) });
  assert.equal(kind({}), 'handoff_notice');
  assert.equal(kind(withStatus('snoozed')), 'handoff_notice');
  assert.equal(kind({ private: true }), 'text');
  assert.equal(kind(withStatus('pending')), 'text');
  assert.equal(kind(withStatus('resolved')), 'text', 'it has answered and resolved it');
  assert.equal(kind(withStatus('open', { assignee: FLOW_BOT, assignee_type: 'AgentBot' })), 'text', 'it has it');
  assert.equal(kind({}, { botsAnswerWhileOpen: true }), 'text');
  assert.equal(messageOf(message(), ['kind'], { aiUserIds: [11] }).kind, 'text', 'it answers where people do');
});

test('the status of a message is in the conversation, if it is the last public one', () => {
  const shown = (status, more = {}) => {
    const last = { id: 9001, status, updated_at: '2026-11-24T09:20:00.125Z', ...more };
    return conversation({ messages: [last] });
  };
  const said = (event, last, more = {}) =>
    ofType('message', message({ event, conversation: last, ...more })).map(({ status, updatedAt }) => [
      status,
      updatedAt,
    ]);
  const first = ['sent', '2026-11-24T09:16:00.000Z'];
  assert.deepEqual(said('message_updated', shown('failed')), [['failed', '2026-11-24T09:20:00.125Z']]);
  assert.deepEqual(said('message_updated', shown('sent')), [['sent', '2026-11-24T09:20:00.125Z']]);
  assert.deepEqual(said('message_updated', shown('delivered')), [first], 'the first version again');
  assert.deepEqual(said('message_updated', shown('read')), [first]);
  assert.deepEqual(said('message_created', shown('delivered')), [first]);
  assert.deepEqual(said('message_created', shown('failed')), [['failed', '2026-11-24T09:20:00.125Z']]);
  assert.deepEqual(said('message_updated', shown('failed', { id: 9002 })), [first]);
  const own = { status: 'failed', updated_at: '2026-11-24T09:21:00.000Z' };
  assert.deepEqual(said('message_updated', shown('sent'), own), [['failed', own.updated_at]], 'its own, if it has one');

  const captain = { sender: CAPTAIN };
  assert.deepEqual(said('message_updated', shown('failed'), captain), [['failed', '2026-11-24T09:20:00.125Z']]);
  assert.deepEqual(said('message_updated', shown('sent'), captain), [], 'whose the conversation was then is not known');
});

test('a deleted message is removed', () => {
  const removal = (last) =>
    ofType(
      'message',
      incoming({ event: 'message_updated', content_attributes: { deleted: true }, conversation: conversation(last) }),
    );
  const last = { messages: [{ id: 9001, status: 'sent', updated_at: '2026-11-24T09:20:00.125Z' }] };
  const messageId = 'message-9001';
  assert.deepEqual(removal(last), [{ messageId, updatedAt: '2026-11-24T09:20:00.125Z', deleted: true }]);
  assert.deepEqual(removal({}), [{ messageId, updatedAt: RECEIVED_AT, deleted: true }], 'when it was is not shown');
});

test('a conversation starts without autopilot, unless a bot begins it', () => {
  const begun = (more, event = 'conversation_created') => ofType('autopilot', { ...conversation(more), event });
  const at = '2026-11-24T09:00:00.000Z';
  const on = {
    changeId: `autopilot-3121-${CREATED * SECOND}`,
    conversationId: '3121',
    updatedAt: at,
    at,
    enabled: true,
  };
  assert.deepEqual(begun({}), []);
  assert.deepEqual(begun({ meta: withAmara }), []);
  assert.deepEqual(begun({ status: 'pending' }), [on]);
  assert.deepEqual(begun({ meta: { assignee: FLOW_BOT } }), [on]);
  assert.deepEqual(begun({ status: 'pending', created_at: 0 }), [], 'no instant is 0');
  assert.deepEqual(begun({ meta: { assignee: FLOW_BOT } }, 'conversation_updated'), [], 'only the creation says it');
});

test('resolving and reopening are records of their own', () => {
  const at = '2026-11-24T09:15:00.250Z';
  const own = { conversationId: '3121', updatedAt: at, at };
  // What the customer writes in that second comes after it.
  const second = '2026-11-24T09:15:00.000Z';
  const resolution = { ...own, changeId: `resolved-3121-${parseInstant(second)}`, at: second, resolved: true };
  const resolved = (from, more) => ofType('resolution', updated({ status: [from, 'resolved'] }, more));
  assert.deepEqual(resolved('open', { status: 'resolved' }), [resolution]);
  assert.deepEqual(resolved('pending', { status: 'resolved', meta: withAmara }), [resolution]);
  assert.deepEqual(resolved('pending', { status: 'resolved' }), [{ ...resolution, by: 'ai' }], 'nobody took it');
  assert.deepEqual(ofType('resolution', updated({ status: ['resolved', 'pending'] }, { status: 'pending' })), [
    { changeId: `reopened-3121-${parseInstant(at)}`, ...own, resolved: false },
  ]);
});

test('without a log only a state is known', () => {
  const said = (more) =>
    changesOf({ ...conversation(more), event: 'conversation_status_changed', changed_attributes: null });
  const ms = (CREATED + 900) * SECOND;
  assert.deepEqual(said({ status: 'pending' }), [`autopilot-3121-${ms + 250}`]);
  assert.deepEqual(said({ status: 'resolved', meta: withAmara }), [`resolved-3121-${ms}`]);
  assert.deepEqual(said({ status: 'resolved' }), [], 'it may have been the bot');
  assert.deepEqual(said({ status: 'open', meta: withAmara }), []);
  assert.deepEqual(said({ status: 'snoozed', meta: withAmara }), []);
});

test('a change is at the instant of its log, else of the conversation, else of its arrival', () => {
  const [status] = changed({ status: ['open', 'resolved'] });
  const at = (more) =>
    ofType('resolution', {
      ...conversation({ status: 'resolved' }),
      event: 'conversation_status_changed',
      changed_attributes: [status],
      ...more,
    })[0].updatedAt;
  assert.equal(at({ updated_at: CREATED + 960 }), '2026-11-24T09:16:00.000Z');
  assert.equal(at({ updated_at: undefined }), RECEIVED_AT);
});

test('who has the conversation after a change', () => {
  const ms = parseInstant('2026-11-24T09:15:00.250Z');
  const autopilot = `autopilot-3121-${ms}`;
  const handoff = `handoff-3121-${ms}`;
  const reopened = `reopened-3121-${ms}`;
  const assigned = { meta: withAmara };
  const [toAmara, toNobody] = [
    [null, 11],
    [11, null],
  ];

  assert.deepEqual(changesOf(updated({ assignee_id: toAmara }, assigned)), [autopilot]);
  assert.deepEqual(changesOf(updated({ assignee_id: toAmara }, { ...assigned, status: 'snoozed' })), [autopilot]);
  assert.deepEqual(changesOf(updated({ assignee_id: toAmara }, { ...assigned, status: 'pending' })), []);
  assert.deepEqual(changesOf(updated({ assignee_id: toNobody })), [autopilot], 'it is in the queue again');
  assert.deepEqual(changesOf(updated({ assignee_id: toNobody }, { status: 'pending' })), []);
  assert.deepEqual(changesOf(updated({ label_list: [[], ['vip']] }, assigned)), []);
  assert.deepEqual(changesOf({ ...updated({}, assigned), changed_attributes: [{ assignee_id: 5 }] }), [], 'no change');

  assert.deepEqual(changesOf(updated({ status: ['pending', 'open'] })), [handoff], 'nobody has it yet');
  assert.deepEqual(changesOf(updated({ status: ['pending', 'open'], assignee_id: toNobody })), [handoff]);
  assert.deepEqual(changesOf(updated({ status: ['pending', 'snoozed'] })), [handoff]);
  assert.deepEqual(changesOf(updated({ status: ['pending', 'open'] }, assigned)), [handoff, autopilot]);
  const both = updated({ status: ['pending', 'open'], assignee_id: toAmara }, assigned);
  assert.deepEqual(changesOf(both), [handoff, autopilot]);
  const handedBack = updated({ status: ['open', 'pending'] }, { ...assigned, status: 'pending' });
  assert.deepEqual(changesOf(handedBack), [autopilot]);
  assert.deepEqual(changesOf(updated({ status: ['resolved', 'open'] })), [reopened, autopilot]);
  assert.deepEqual(changesOf(updated({ status: ['snoozed', 'open'] }, assigned)), []);

  const by = (webhook, settings) =>
    ofType('autopilot', webhook, settings).map(({ enabled, actorId }) => [enabled, actorId]);
  assert.deepEqual(by(updated({ assignee_id: [12, 11] }, { meta: {} })), [[false, 'user-11']], 'the log is as of then');
  assert.deepEqual(by(updated({ assignee_id: toNobody }, assigned)), [[false, undefined]], 'the log is as of then');
  assert.deepEqual(by(updated({ status: ['resolved', 'open'] })), [[false, undefined]]);
  assert.deepEqual(by(updated({ status: ['resolved', 'open'] }, assigned)), [[false, 'user-11']]);
  assert.deepEqual(by(handedBack), [[true, undefined]]);
  assert.deepEqual(by(updated({ assignee_id: toAmara }, assigned), { aiUserIds: [11] }), [[true, undefined]], 'a bot');
  assert.deepEqual(by(updated({ assignee_agent_bot_id: [null, 9] })), [[true, undefined]]);
});

test('a hand-off is a notice of its own', () => {
  const at = '2026-11-24T09:15:00.250Z';
  assert.deepEqual(ofType('message', updated({ status: ['pending', 'open'] })), [
    {
      messageId: `handoff-3121-${parseInstant(at)}`,
      conversationId: '3121',
      updatedAt: at,
      at,
      sequence: 0,
      direction: 'outbound',
      sender: 'system',
      visibility: 'private',
      kind: 'handoff_notice',
      status: 'sent',
    },
  ]);
});

test('a message of the customer says who has the conversation', () => {
  const seen = (more, settings, event = 'message_created') =>
    ofType('autopilot', incoming({ event, conversation: conversation(more) }), settings);
  const at = '2026-11-24T09:16:00.000Z';
  const record = { changeId: 'seen-9001', conversationId: '3121', updatedAt: at, at };
  assert.deepEqual(seen({ status: 'pending' }), [{ ...record, enabled: true }]);
  assert.deepEqual(seen({ meta: withAmara }), [{ ...record, enabled: false, actorId: 'user-11' }]);
  assert.deepEqual(seen({}), [], 'nobody has it');
  assert.deepEqual(seen({ status: 'snoozed', meta: withAmara }), []);
  assert.deepEqual(seen({ status: 'pending' }, { observe: false }), []);
  assert.deepEqual(seen({ status: 'pending' }, {}, 'message_updated'), [], 'that is the state of another moment');
  assert.deepEqual(ofType('autopilot', message({ conversation: conversation({ status: 'pending' }) })), []);
});

test('what nobody needs says nothing', () => {
  for (const event of ['conversation_typing_on', 'conversation_opened', 'webwidget_triggered', undefined, null, 1]) {
    assert.deepEqual(mapped({ ...message(), event }), []);
  }
  for (const webhook of [null, [], 'text', 1, {}]) assert.deepEqual(mapped(webhook), []);
});

test('an event that lacks something is left out, and the others are there', () => {
  const types = (webhook) => mapped(webhook).map(({ type }) => type);
  const noContact = message({ conversation: conversation({ meta: { sender: null } }) });
  assert.deepEqual(types(noContact), ['user', 'message']);
  const inbox = { conversation: conversation({ meta: { sender: null }, contact_inbox: { contact_id: 210 } }) };
  assert.deepEqual(types(message(inbox)), ['conversation', 'user', 'message'], 'the inbox knows the contact, too');
  assert.deepEqual(types(message({ conversation: null })), []);
  assert.deepEqual(types(message({ id: '' })), ['conversation', 'contact']);
  assert.deepEqual(types(message({ created_at: 'yesterday' })), ['conversation', 'contact']);
});

// ---------------------------------------------------------------------------------------------------------------
// Properties
// ---------------------------------------------------------------------------------------------------------------

/** Every payload with one member left out or of another type, at any depth. */
function* oddities(payload) {
  for (const [parent, key] of members(payload)) {
    const value = parent[key];
    for (const odd of [undefined, null, '', 'odd', 0, -1, 1.5, 1e300, true, [], {}, [null], { id: null }]) {
      parent[key] = odd;
      yield payload;
    }
    parent[key] = value;
  }
}

function* members(parent) {
  for (const [key, value] of Object.entries(parent)) {
    yield [parent, key];
    if (value !== null && typeof value === 'object') yield* members(value);
  }
}

/** What ingest would refuse in an event of ours. */
function checkEvent(event) {
  assert.deepEqual(normalise(event), event, 'in normal form');
  for (const [name, value] of Object.entries(event)) {
    if (name.endsWith('Id')) assert.match(value, /^[\w-]{1,128}$/);
    if (name === 'at' || name.endsWith('At')) assert.equal(formatInstant(parseInstant(value)), value);
    assert.notEqual(value, undefined);
  }
}

test('an odd member stops nothing but what needs it', () => {
  const [story] = readStories();
  const settings = { department: 'inbox', aiUserIds: [11] };
  for (const event of ['message_created', 'conversation_updated']) {
    const bodies = story.deliveries.map(({ body }) => JSON.parse(body));
    const payload = bodies.find((body) => body.event === event);
    for (const odd of oddities(payload)) mapped(odd, settings).forEach(checkEvent);
  }
});

test('generated sequences are always the same, of all kinds, and become sound events without texts', () => {
  const kinds = new Set();
  for (let seed = 1; seed <= SEQUENCES; seed += 1) {
    const sequence = chatwootSequence(seed);
    assert.deepEqual(chatwootSequence(seed), sequence);
    for (const event of eventsOfSequence(sequence)) {
      checkEvent(event);
      assert.ok(!JSON.stringify(event).includes(CANARY));
      const derived = /^(?:cw1-)?([a-z]+)-/.exec(event.changeId ?? event.messageId ?? '')?.[1];
      const { by } = event;
      kinds.add(
        [event.type, derived, by, event.kind, event.sender, event.status, event.deleted].filter(Boolean).join(' '),
      );
      if (event.channelType !== undefined) kinds.add(`conversation ${event.channelType}`);
    }
    if (sequence.odd) kinds.add('odd');
    if (sequence.lossy) kinds.add('lossy');
  }
  const expected = [
    'odd',
    'lossy',
    'conversation',
    'contact',
    'user',
    'department',
    ...['autopilot', 'seen'].map((name) => `autopilot ${name}`),
    'resolution resolved ai',
    'conversation whatsapp',
    ...['resolved', 'reopened'].map((name) => `resolution ${name}`),
    'message handoff handoff_notice system sent',
    'message message handoff_notice ai sent',
    'message message text contact received',
    'message message media contact received',
    'message message reaction contact received',
    'message message auto_reply contact received',
    'message message activity contact received',
    'message message text ai sent',
    'message message text human sent',
    'message message text human failed',
    'message message text automation sent',
    'message message campaign automation sent',
    'message message auto_reply automation sent',
    'message message true',
  ];
  assert.deepEqual(
    expected.filter((kind) => !kinds.has(kind)),
    [],
  );
});

function eventsOfSequence({ deliveries, settings }) {
  const connection = { organizationId: ORGANIZATION, settings };
  return deliveries.flatMap(({ webhook, receivedAt }) => mapChatwoot(webhook, { ...connection, receivedAt }));
}

test('whoever wrote last, and waits, has a row', () => {
  let owed = 0;
  for (let seed = 1; seed <= WAITING_SEQUENCES; seed += 1) {
    const sequence = chatwootSequence(seed, { odd: false, lossy: false });
    const oracle = new Oracle();
    oracle.takeIn(eventsOfSequence(sequence));
    const rows = oracle.candidates(ORGANIZATION, parseInstant(sequence.endsAt));
    const ids = rows.map(({ row }) => row.conversationId);
    for (const id of sequence.owed) assert.ok(ids.includes(id), `sequence ${seed}: ${id} waits`);
    owed += sequence.owed.length;
  }
  assert.ok(owed > WAITING_SEQUENCES / 5, `${owed} conversations wait`);
});
