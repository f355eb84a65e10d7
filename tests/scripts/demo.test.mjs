// The demo data: always the same, valid, and telling what it means to tell.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO_ORGANIZATIONS, demoEvents, demoRows } from '../../scripts/demo.mjs';
import { Oracle } from '../oracle/oracle.mjs';

const NOW = Date.parse('2026-05-18T13:45:00.000Z');
const THRESHOLD_MS = 5 * 60_000;
const REASONS = {
  ai_stuck: ['handoff_not_completed', 'no_reply', 'reply_failed', 'reply_queued'],
  agent_abandoned: [
    'assignee_missing',
    'no_reply_since_takeover',
    'no_reply_to_follow_up',
    'only_private_note',
    'passed_back_and_forth',
    'reply_failed',
    'reply_queued',
  ],
  unassigned: ['handoff_not_completed', 'nobody_assigned'],
  snoozed: ['no_reply_since_takeover', 'no_reply_to_follow_up'],
};

const ID = (value) => typeof value === 'string' && /^[0-9a-f]{24}$/.test(value);
const TEXT = (value) => typeof value === 'string' && value.length > 0;
const BOOLEAN = (value) => typeof value === 'boolean';
const INSTANT = (value) => new Date(value).toISOString() === value;
const PAST = (value) => INSTANT(value) && Date.parse(value) <= NOW;
const one =
  (...values) =>
  (value) =>
    values.includes(value);
const COMMON = { organizationId: ID, updatedAt: PAST };
const optional = (check) => Object.assign((value) => value === undefined || check(value), { optional: true });

/** The fields of each type, as the definition of the events has them. */
const SHAPES = {
  organization: { name: TEXT },
  department: { departmentId: ID, name: TEXT },
  user: { userId: ID, fullName: TEXT, active: optional(BOOLEAN), bot: optional(BOOLEAN) },
  contact: {
    contactId: ID,
    name: TEXT,
    phone: optional((value) => /^\+\d{8,15}$/.test(value)),
    blocked: optional(BOOLEAN),
  },
  conversation: {
    conversationId: ID,
    contactId: ID,
    channelType: TEXT,
    departmentId: optional(ID),
    ownerId: optional(ID),
    assigneeIds: optional((value) => value.every(ID)),
    resolvedAt: optional(PAST),
    snoozedAt: optional(PAST),
    snoozedUntil: optional(INSTANT),
    draft: optional(BOOLEAN),
    mergedInto: optional(ID),
    mergedAt: optional(PAST),
    startsWithAutopilot: optional(BOOLEAN),
  },
  autopilot: { changeId: ID, conversationId: ID, at: PAST, enabled: BOOLEAN, actorId: optional(ID) },
  message: {
    messageId: ID,
    conversationId: ID,
    at: PAST,
    sequence: optional(Number.isSafeInteger),
    direction: one('inbound', 'outbound'),
    sender: one('contact', 'ai', 'human', 'automation', 'system'),
    senderId: optional(ID),
    visibility: optional(one('public', 'private')),
    kind: optional(one('text', 'media', 'reaction', 'activity', 'handoff_notice', 'auto_reply', 'campaign')),
    status: optional(one('received', 'queued', 'sent', 'delivered', 'read', 'failed')),
  },
};

const ofType = (events, type) => events.filter((event) => event.type === type);
const countBy = (list, key) => Map.groupBy(list, key);

test('the same instant gives the same events, another the same ones moved', () => {
  const events = demoEvents(NOW);
  assert.deepEqual(demoEvents(NOW), events);
  const moved = demoEvents(NOW + 3_600_000);
  assert.equal(moved.length, events.length);
  const ids = (list) =>
    list.map((event) => event.messageId ?? event.changeId ?? event.conversationId ?? event.contactId).sort();
  assert.deepEqual(ids(moved), ids(events));
  assert.equal(Date.parse(moved[0].updatedAt) - Date.parse(events[0].updatedAt), 3_600_000);
});

test('every event has the fields of its type and no others, and nothing lies in the future', () => {
  for (const event of demoEvents(NOW)) {
    const { type, deleted, ...fields } = event;
    const shape = { ...COMMON, ...SHAPES[type] };
    for (const name of Object.keys(fields)) assert.ok(name in shape, `${type} has ${name}`);
    for (const [name, check] of Object.entries(shape)) {
      if (deleted && fields[name] === undefined) continue;
      assert.ok(name in fields || check.optional, `${type} lacks ${name}`);
      assert.ok(check(fields[name]), `${type}.${name} is ${JSON.stringify(fields[name])}`);
    }
    assert.ok('snoozedAt' in fields || !('snoozedUntil' in fields), 'snoozedUntil only with snoozedAt');
    assert.ok('mergedInto' in fields || !('mergedAt' in fields), 'mergedAt only with mergedInto');
  }
});

test('each organization has departments, a dozen users and some two hundred conversations on every channel', () => {
  const events = demoEvents(NOW);
  for (const { organizationId } of DEMO_ORGANIZATIONS) {
    const own = events.filter((event) => event.organizationId === organizationId);
    assert.equal(ofType(own, 'organization').length, 1);
    assert.equal(ofType(own, 'department').length, 4);
    assert.equal(ofType(own, 'user').length, 12);
    assert.equal(ofType(own, 'user').filter((user) => user.bot).length, 2);
    assert.equal(ofType(own, 'user').filter((user) => !user.active).length, 2);
    const conversations = ofType(own, 'conversation');
    assert.ok(conversations.length >= 190 && conversations.length <= 210, `${conversations.length} conversations`);
    const channels = [...countBy(conversations, (conversation) => conversation.channelType).keys()];
    for (const channel of ['sms', 'whatsapp', 'webchat', 'email', 'instagram', 'messenger', 'twitter', 'voice'])
      assert.ok(channels.includes(channel), channel);
    const contacts = new Set(ofType(own, 'contact').map((contact) => contact.contactId));
    assert.ok(conversations.every((conversation) => contacts.has(conversation.contactId)));
  }
});

test('no record appears twice, except the messages that are removed', () => {
  const events = demoEvents(NOW).filter((event) => !event.deleted);
  const identity = (event) =>
    [
      event.type,
      event.messageId ?? event.changeId ?? event.userId,
      event.conversationId ?? event.contactId,
      event.departmentId,
      event.organizationId,
    ].join();
  assert.equal(new Set(events.map(identity)).size, events.length);
});

test('phone numbers are from the ranges reserved for fiction', () => {
  const fictional = /^(\+1\d{3}55501\d{2}|\+447700900\d{3}|\+442079460\d{3}|\+3363998\d{4}|\+493023125\d{3})$/;
  const phones = ofType(demoEvents(NOW), 'contact')
    .map((contact) => contact.phone)
    .filter(Boolean);
  assert.ok(phones.length > 100);
  for (const phone of phones) assert.match(phone, fictional);
});

test('the oracle finds the candidates that the stories intend, with every reason, on both sides of the threshold', () => {
  const oracle = new Oracle();
  oracle.takeIn(demoEvents(NOW));
  for (const { organizationId } of DEMO_ORGANIZATIONS) {
    const expected = demoRows(NOW).filter((row) => row.organizationId === organizationId);
    const found = oracle.candidates(organizationId, NOW).map(({ row }) => row);
    const line = (row) => `${row.conversationId} ${row.category} ${row.reason} ${row.stalledSince}`;
    assert.deepEqual(found.map(line).sort(), expected.map(line).sort());

    assert.ok(found.length >= 50 && found.length <= 75, `${found.length} candidates`);
    for (const [category, reasons] of Object.entries(REASONS)) {
      const given = found.filter((row) => row.category === category).map((row) => row.reason);
      assert.deepEqual([...new Set(given)].sort(), reasons);
    }
    const young = found.filter((row) => NOW - Date.parse(row.stalledSince) < THRESHOLD_MS);
    assert.ok(
      young.length >= 10 && found.length - young.length >= 20,
      `${young.length} of ${found.length} below the threshold`,
    );
  }
});
