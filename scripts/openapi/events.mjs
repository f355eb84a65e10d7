// What is posted: for each type of event, the record and its removal.

import { flag, instant, list, nullable, object, oneOfWords, ref } from './schema.mjs';

const ID = { type: 'string', minLength: 1, maxLength: 128, description: 'Opaque; no control characters.' };
const id = ref('Id');
const optionalId = nullable(ID);
const idThat = (description) => ({ ...optionalId, description });
const name = ref('Name');
const past = instant("Not before 1970, and at most 5 minutes ahead of the service's clock.");
const flagOr = (standard, description) => ({ ...flag(description), default: standard });
/** A whole number from 0 to 2^53 − 1. 0 means that the source does not say. */
const counter = (description) => ({
  type: 'integer',
  format: 'int64',
  minimum: 0,
  maximum: 9_007_199_254_740_991,
  // No `default`: generated clients would demand the field.
  description: `${description} 0 if it is left out.`,
});
const pastThat = (description) => nullable({ ...past, description: `${description} ${past.description}` });

const SOURCE = { organizationId: '65a0e0e0e0e0e0e0e0e0e0e0', updatedAt: '2026-05-18T13:45:01.000Z' };
const AGENT = '65f4a0b0c0d0e0f0a0b0c0d0';

/**
 * Of each type: what it is, the field that identifies its records, its other fields, those that may be left out, and an
 * example. An organization is identified by the `organizationId` that every event has.
 */
const TYPES = {
  organization: {
    fields: { name },
    example: { name: 'Brindlewick Home Goods' },
  },
  department: {
    idField: 'departmentId',
    fields: { name },
    example: { departmentId: '65b1c0d0e0f0a0b0c0d0e0f0', name: 'Billing' },
  },
  user: {
    description: 'An agent, or anything else that can own a conversation or be assigned to it.',
    idField: 'userId',
    fields: {
      fullName: name,
      active: flagOr(true, 'Whether the user still works here.'),
      bot: flagOr(false, 'Whether this is not a person.'),
    },
    optional: ['active', 'bot'],
    example: { userId: AGENT, fullName: 'Alice Rivera', active: true, bot: false },
  },
  contact: {
    description: 'A customer.',
    idField: 'contactId',
    fields: {
      name,
      phone: { type: 'string', maxLength: 64, nullable: true },
      blocked: flagOr(false, 'Conversations of a blocked contact are not reported.'),
      mergedInto: idThat('The contact that this one became: rows show the name and phone of that one.'),
    },
    optional: ['phone', 'blocked', 'mergedInto'],
    example: { contactId: '65c2d0e0f0a0b0c0d0e0f0a0', name: 'Jane Doe', phone: '+14155550123', blocked: false },
  },
  conversation: {
    idField: 'conversationId',
    fields: {
      contactId: id,
      channelType: ref('ChannelType'),
      departmentId: optionalId,
      ownerId: optionalId,
      assigneeIds: list(id, { maxItems: 100, default: [] }),
      assignedAt: pastThat('When it last went from having nobody to having an owner or an assignee.'),
      resolvedAt: pastThat('The last resolution; it stays when the conversation reopens.'),
      snoozedAt: pastThat('When it was snoozed.'),
      snoozedUntil: nullable(instant('When the snooze ends; only with `snoozedAt`. Absent: when the customer writes.')),
      draft: flagOr(false, 'A draft has not been sent to anybody.'),
      mergedInto: idThat('The conversation that it was merged into: its messages count there, and it has no row.'),
      mergedAt: pastThat('When it was merged; only with `mergedInto`.'),
      startsWithAutopilot: flag('Whether the autopilot is on before its first change. True if it is left out.'),
    },
    optional: [
      'departmentId',
      'ownerId',
      'assigneeIds',
      'assignedAt',
      'resolvedAt',
      'snoozedAt',
      'snoozedUntil',
      'draft',
      'mergedInto',
      'mergedAt',
      'startsWithAutopilot',
    ],
    example: {
      conversationId: '65d3e0f0a0b0c0d0e0f0a0b0',
      contactId: '65c2d0e0f0a0b0c0d0e0f0a0',
      channelType: 'sms',
      departmentId: '65b1c0d0e0f0a0b0c0d0e0f0',
      ownerId: null,
      assigneeIds: [AGENT],
    },
  },
  autopilot: {
    description: 'The autopilot of a conversation was switched on or off.',
    idField: 'changeId',
    fields: {
      conversationId: id,
      at: past,
      sequence: counter('The order of changes with the same `at`.'),
      enabled: flag(),
      actorId: optionalId,
      by: ref('AutopilotActor'),
    },
    optional: ['sequence', 'actorId', 'by'],
    example: {
      changeId: '65a7b0c0d0e0f0a0b0c0d0e0',
      conversationId: '65d3e0f0a0b0c0d0e0f0a0b0',
      at: '2026-05-18T13:00:00.000Z',
      enabled: false,
      actorId: AGENT,
    },
  },
  resolution: {
    description: 'A conversation was resolved, or reopened by hand.',
    idField: 'changeId',
    fields: {
      conversationId: id,
      at: past,
      sequence: counter('The order of changes with the same `at`.'),
      resolved: flag('false: it was reopened, and what the resolution had settled is open again.'),
      by: ref('ResolutionActor'),
    },
    optional: ['sequence', 'by'],
    example: {
      changeId: '65b7c0d0e0f0a0b0c0d0e0f0',
      conversationId: '65d3e0f0a0b0c0d0e0f0a0b0',
      at: '2026-05-18T13:30:00.000Z',
      resolved: true,
      by: 'automation',
    },
  },
  message: {
    description: 'A message of a conversation. Its text is not taken in.',
    idField: 'messageId',
    fields: {
      conversationId: id,
      at: past,
      direction: ref('MessageDirection'),
      sender: ref('MessageSender'),
      receivedAt: pastThat('When the source took it in, if that was later than `at`.'),
      sequence: counter('The order of messages with the same `at`; 0: the source does not say.'),
      inReplyTo: idThat('The message that it answers.'),
      senderId: optionalId,
      visibility: ref('MessageVisibility'),
      kind: ref('MessageKind'),
      needsReply: flag('false: the customer asks for nothing with it. True if it is left out.'),
      status: ref('MessageStatus'),
    },
    optional: ['receivedAt', 'sequence', 'inReplyTo', 'senderId', 'visibility', 'kind', 'needsReply', 'status'],
    example: {
      messageId: '65e3f0a0b0c0d0e0f0a0b0c0',
      conversationId: '65d3e0f0a0b0c0d0e0f0a0b0',
      at: '2026-05-18T13:45:00.000Z',
      direction: 'inbound',
      sender: 'contact',
    },
  },
};

const titled = (type) => `${type[0].toUpperCase()}${type.slice(1)}`;
const article = (type) => (/^[aeio]/.test(type) ? 'an' : 'a');
const SEQUENCE = Object.keys(TYPES);

/**
 * Four schemas of a type: the event, which is either a record or a removal, and the word that both have as `type`.
 *
 * The two exclude each other: a removal must say `deleted: true`, a record must not. Linters that look only at required
 * members cannot see that; `minProperties`, which says no more than `required` does, keeps them from comparing the two.
 */
function schemasOf(type) {
  const { description, idField, fields, optional = [], example } = TYPES[type];
  const title = titled(type);
  const common = {
    type: ref(`${title}EventType`),
    organizationId: id,
    updatedAt: instant("The source's clock for this record; at most 5 minutes ahead of the service's."),
    revision: counter(
      "The source's own counter of this record's changes. The greater one wins, whatever `updatedAt` says.",
    ),
  };
  const own = idField ? { [idField]: id } : {};
  const record = object(
    { ...common, deleted: { type: 'boolean', enum: [false], description: 'May be left out.' }, ...own, ...fields },
    {
      optional: ['revision', 'deleted', ...optional],
      ...(description && { description }),
      example: { type, ...SOURCE, ...example },
    },
  );
  const removal = object(
    { ...common, deleted: { type: 'boolean', enum: [true] }, ...own },
    {
      optional: ['revision'],
      description: `Removes the record of ${article(type)} ${type}. Other fields are ignored.`,
      example: { type, ...SOURCE, deleted: true, ...(idField && { [idField]: example[idField] }) },
    },
  );
  return {
    [`${title}Event`]: { oneOf: [ref(`${title}Record`), ref(`${title}Removal`)], ...(description && { description }) },
    [`${title}Record`]: { ...record, minProperties: record.required.length },
    [`${title}Removal`]: removal,
    [`${title}EventType`]: oneOfWords([type]),
  };
}

/** Every schema of the request body. */
export const EVENTS = {
  ConversationMonitorEventsRequest: object({ events: list(ref('Event'), { maxItems: 1_000 }) }),
  Event: {
    oneOf: SEQUENCE.map((type) => ref(`${titled(type)}Event`)),
  },
  ...Object.assign({}, ...SEQUENCE.map(schemasOf)),
  Id: ID,
  Name: { type: 'string', maxLength: 512, description: 'At most 1,024 bytes in UTF-8.' },
  ChannelType: { type: 'string', minLength: 1, maxLength: 64, description: 'Such as `sms`, `email` or `whatsapp`.' },
  AutopilotActor: oneOfWords(
    ['human', 'ai', 'system'],
    'Who switched the autopilot. If it is left out: `human` where there is an `actorId`, else `system`.',
  ),
  ResolutionActor: {
    ...oneOfWords(['human', 'ai', 'automation'], 'Only a person settles what nobody answered.'),
    default: 'human',
  },
  MessageDirection: oneOfWords(['inbound', 'outbound']),
  MessageSender: oneOfWords(['contact', 'ai', 'human', 'automation', 'system']),
  MessageVisibility: { ...oneOfWords(['public', 'private']), default: 'public' },
  MessageKind: {
    ...oneOfWords(['text', 'media', 'reaction', 'activity', 'handoff_notice', 'auto_reply', 'campaign', 'opt_out']),
    default: 'text',
  },
  MessageStatus: oneOfWords(
    ['received', 'queued', 'sent', 'delivered', 'read', 'failed'],
    'If it is left out, inbound messages are `received` and outbound ones `sent`.',
  ),
};

/** An example of every type, a removal, and the four events that make a customer wait. */
export const EVENT_EXAMPLES = {
  waiting: {
    summary: 'A customer writes',
    value: { events: ['organization', 'contact', 'conversation', 'message'].map((type) => exampleOf(type)) },
  },
  ...Object.fromEntries(
    SEQUENCE.map((type) => [type, { summary: `${titled(type)} record`, value: { events: [exampleOf(type)] } }]),
  ),
  removal: {
    summary: 'Removal of a message',
    value: { events: [schemasOf('message').MessageRemoval.example] },
  },
};

function exampleOf(type) {
  return schemasOf(type)[`${titled(type)}Record`].example;
}
