/**
 * The mapping from Chatwoot's webhooks to events, as a slow and plain program: a second implementation, which the tests
 * compare with the one that runs. It reads one webhook at a time and remembers nothing, as the service does.
 *
 * Each rule is a function, or a line, beside the words that say it. What Chatwoot sends is described where it matters.
 */

import { canonicalJson, formatInstant, normalise, parseInstant } from './oracle.mjs';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const YEAR_10000 = Date.UTC(10_000, 0, 1);
const NAME_CHARACTERS_MAX = 512;
const PHONE_CHARACTERS_MAX = 64;

/** What a connection may set. */
const DEFAULT_SETTINGS = {
  /** Put before every id except a conversation's, where an organization has several connections. */
  prefix: '',
  /** Whether a conversation's department is its `team` or its `inbox`. */
  department: 'team',
  /** Users by whose token a bot writes. */
  aiUserIds: [],
  /** Whether each message of the customer also says who has the conversation at that time. */
  observe: true,
};

/** "`channelType`: a table of 12; unknown is `other`; `Channel::Voice` is `voice`." */
const CHANNEL_TYPES = {
  'Channel::Api': 'api',
  'Channel::Email': 'email',
  'Channel::FacebookPage': 'messenger',
  'Channel::Instagram': 'instagram',
  'Channel::Line': 'line',
  'Channel::Sms': 'sms',
  'Channel::Telegram': 'telegram',
  'Channel::Tiktok': 'tiktok',
  'Channel::TwilioSms': 'sms',
  'Channel::TwitterProfile': 'twitter',
  'Channel::WebWidget': 'webchat',
  'Channel::Whatsapp': 'whatsapp',
  'Channel::Voice': 'voice',
};

/** Chatwoot's statuses of a conversation: `pending` is the bot's, `open` is people's. */
const STATUSES = ['open', 'pending', 'snoozed', 'resolved'];
const USER_TYPES = ['user', 'agent_bot', 'captain_assistant'];

/**
 * The events that one webhook says, in normal form. A webhook of another name says nothing, and an event that lacks
 * something it needs is left out; the others of the same webhook are there.
 *
 * @param {any} webhook the body, parsed
 * @param {{ organizationId: string, settings?: Partial<typeof DEFAULT_SETTINGS>, receivedAt: string }} connection
 *   `receivedAt` is the instant of arrival, which stands in for the source's clock where it has none
 * @returns {any[]}
 */
export function mapChatwoot(webhook, { organizationId, settings, receivedAt }) {
  const source = { ...DEFAULT_SETTINGS, ...settings, receivedAt: parseInstant(receivedAt) };
  const events = eventsOf(objectOf(webhook), source).map((event) => normalise({ ...written(event), organizationId }));
  // The assignee may be the sender too: the same thing is said once.
  return [...new Map(events.map((event) => [canonicalJson(event), event])).values()];
}

function eventsOf(webhook, source) {
  switch (webhook.event) {
    case 'conversation_created':
    case 'conversation_updated':
    case 'conversation_status_changed':
      return eventsOfConversation(webhook, source);
    case 'message_created':
    case 'message_updated':
      return eventsOfMessage(webhook, source);
    case 'contact_updated':
      return eventsOfContact(webhook, source);
    default:
      return [];
  }
}

// ---------------------------------------------------------------------------------------------------------------
// The three kinds of webhooks
// ---------------------------------------------------------------------------------------------------------------

/** A conversation's webhook is the conversation itself, with the name of the event and what changed. */
function eventsOfConversation(conversation, source) {
  const mentionedAt = mentionClock(clockOf(conversation, source));
  return [
    ...conversationRecords(conversation, source),
    ...contactMentions(conversation, mentionedAt, source),
    ...userMentions(assigneeOf(conversation), mentionedAt, source),
    ...departmentMentions(conversation, undefined, mentionedAt, source),
    ...startRecords(conversation, source),
    ...changeRecords(conversation, source),
  ];
}

/** A message's webhook is the message, with its whole conversation as it is when Chatwoot's job runs. */
function eventsOfMessage(message, source) {
  const conversation = objectOf(message.conversation);
  // The payload has two clocks, the message's and the conversation's: it is as of the later one.
  const clock = Math.max(clockOf(conversation, source), instantOf(message.created_at) ?? 0);
  const mentionedAt = mentionClock(clock);
  return [
    ...conversationRecords(conversation, source),
    ...contactMentions(conversation, mentionedAt, source),
    ...userMentions(assigneeOf(conversation), mentionedAt, source),
    ...userMentions(senderOf(message), mentionedAt, source),
    ...departmentMentions(conversation, message.inbox, mentionedAt, source),
    ...messageRecords(message, conversation, source),
    ...seenRecords(message, conversation, source),
  ];
}

/** "`contact_updated`: own clock", which is in the log of its changes; else the instant of arrival. */
function eventsOfContact(contact, source) {
  return contactRecords(contact, changedAt(contact) ?? source.receivedAt, source);
}

// ---------------------------------------------------------------------------------------------------------------
// Records that are whole in the payload
// ---------------------------------------------------------------------------------------------------------------

/** "Every payload → `conversation`, whole each time; any later webhook repairs a lost one." */
function conversationRecords(conversation, source) {
  const id = idOf(conversation.id);
  const contactId = idOf(senderOfConversation(conversation).id);
  if (id === undefined || contactId === undefined) return [];
  const updatedAt = clockOf(conversation, source);
  const assignee = assigneeOf(conversation);
  return [
    {
      type: 'conversation',
      updatedAt,
      // "A conversation keeps its own id": the one that the dashboard of Chatwoot shows.
      conversationId: String(id),
      contactId: `${source.prefix}contact-${contactId}`,
      channelType: channelTypeOf(conversation),
      departmentId: departmentIdOf(conversation, source),
      assigneeIds: assignee === undefined ? [] : [userIdOf(assignee, source)],
      ...snoozeOf(conversation, updatedAt),
    },
  ];
}

function channelTypeOf({ channel }) {
  return Object.hasOwn(CHANNEL_TYPES, channel) ? CHANNEL_TYPES[channel] : 'other';
}

/** "`departmentId`: `meta.team.id`, or `inbox_id`", as the setting says. */
function departmentIdOf(conversation, { prefix, department }) {
  const id = department === 'inbox' ? idOf(conversation.inbox_id) : idOf(teamOf(conversation).id);
  return id === undefined ? undefined : `${prefix}${department}-${id}`;
}

/** "`snoozedAt`, `snoozedUntil`: `status == snoozed`: `updated_at`, `snoozed_until`." Without an end, there is none. */
function snoozeOf({ status, snoozed_until: until }, updatedAt) {
  return status === 'snoozed' ? { snoozedAt: updatedAt, snoozedUntil: instantOf(until) } : {};
}

function contactMentions(conversation, mentionedAt, source) {
  return contactRecords(senderOfConversation(conversation), mentionedAt, source);
}

/** A contact may have no name yet. "Names over 512 characters are cut, phones over 64 dropped." */
function contactRecords(contact, updatedAt, { prefix }) {
  const id = idOf(contact.id);
  if (id === undefined) return [];
  const phone = textOf(contact.phone_number);
  return [
    {
      type: 'contact',
      updatedAt,
      contactId: `${prefix}contact-${id}`,
      name: nameOf(contact) ?? '',
      phone: phone === undefined || [...phone].length > PHONE_CHARACTERS_MAX ? undefined : phone,
      blocked: contact.blocked === true,
    },
  ];
}

/** Agents and bots come along as assignees and as senders. A user by whose token a bot writes is a bot as well. */
function userMentions(user, mentionedAt, source) {
  const fullName = user && nameOf(user);
  if (fullName === undefined) return [];
  const bot = !isPerson(user, source);
  return [{ type: 'user', updatedAt: mentionedAt, userId: userIdOf(user, source), fullName, bot }];
}

/** A team comes with its name in each payload, an inbox only in a message's. */
function departmentMentions(conversation, inbox, mentionedAt, source) {
  const departmentId = departmentIdOf(conversation, source);
  const named = source.department === 'inbox' ? objectOf(inbox) : teamOf(conversation);
  const name = nameOf(named);
  if (departmentId === undefined || name === undefined) return [];
  if (source.department === 'inbox' && idOf(named.id) !== idOf(conversation.inbox_id)) return [];
  return [{ type: 'department', updatedAt: mentionedAt, departmentId, name }];
}

// ---------------------------------------------------------------------------------------------------------------
// Messages
// ---------------------------------------------------------------------------------------------------------------

function messageRecords(message, conversation, source) {
  const id = idOf(message.id);
  const conversationId = idOf(conversation.id);
  const created = instantOf(message.created_at);
  const author = authorOf(message, source);
  if (id === undefined || conversationId === undefined || created === undefined || author === undefined) return [];

  const messageId = `${source.prefix}message-${id}`;
  // "`status`, `updatedAt`: `conversation.messages[0]` if it is this one, else `sent`, `created_at`." The payload itself
  // has neither; the conversation has its last public message.
  const last = lastMessageOf(conversation);
  const shown = idOf(last.id) === id ? last : {};
  // "`at`: `created_at` (to the second)", because other answers of Chatwoot's say whole seconds.
  const at = wholeSecond(created);

  // "Removed: `content_attributes.deleted`." Chatwoot never takes a deletion back, so it may be as late as its arrival
  // where the payload does not show when it was.
  if (attributesOf(message).deleted === true) {
    return [{ type: 'message', messageId, updatedAt: instantOf(shown.updated_at) ?? source.receivedAt, deleted: true }];
  }

  const status = sentOrFailed(shown.status);
  // "Of `message_updated` only `failed` and `sent` are taken: delivered and read would cost a write each and mean
  // nothing to us."
  if (message.event === 'message_updated' && author.direction === 'outbound' && status === undefined) return [];
  return [
    {
      type: 'message',
      messageId,
      conversationId: String(conversationId),
      updatedAt: instantOf(shown.updated_at) ?? at,
      at,
      sequence: id,
      ...author,
      visibility: message.private === true ? 'private' : 'public',
      kind: kindOf(message, conversation, author),
      ...(author.direction === 'outbound' && { status: status ?? 'sent' }),
    },
  ];
}

/** `undefined` where the message only got further on its way. */
function sentOrFailed(status) {
  if (status === 'delivered' || status === 'read') return undefined;
  return status === 'failed' ? 'failed' : 'sent';
}

/** Who wrote it. A message of another type, such as `activity`, is none of a conversation's. */
function authorOf(message, source) {
  switch (message.message_type) {
    case 'incoming':
      return { direction: 'inbound', sender: 'contact' };
    // "Template → automation", such as a greeting, the opening hours or a survey.
    case 'template':
      return { direction: 'outbound', sender: 'automation' };
    case 'outgoing':
      return { direction: 'outbound', ...outgoingSender(message, source) };
    default:
      return undefined;
  }
}

/**
 * "Outgoing by `sender.type`; a `user` in `aiUserIds` → ai; null: rule → automation, campaign → campaign, else human
 * without `senderId`": typed on the phone. What a rule or a campaign sends in somebody's name is still theirs.
 */
function outgoingSender(message, source) {
  if (isPresent(attributesOf(message).automation_rule_id) || isCampaign(message)) return { sender: 'automation' };
  const user = senderOf(message);
  if (user === undefined) return { sender: 'human' };
  return { sender: isPerson(user, source) ? 'human' : 'ai', senderId: userIdOf(user, source) };
}

/** The first that fits. */
function kindOf(message, conversation, author) {
  const attributes = attributesOf(message);
  // "Campaign → campaign."
  if (author.direction === 'outbound' && isCampaign(message)) return 'campaign';
  // "Template → auto_reply."
  if (message.message_type === 'template') return 'auto_reply';
  // "`email.auto_reply` → auto_reply."
  if (objectOf(attributes.email).auto_reply === true) return 'auto_reply';
  // "`is_reaction` (forks) → reaction."
  if (attributes.is_reaction === true) return 'reaction';
  // "`voice_call` → activity."
  if (message.content_type === 'voice_call') return 'activity';
  // "A new AI message in a conversation that is not pending → handoff_notice": the bot's last words, which come after it
  // has handed the conversation over.
  if (isAfterHandOff(message, conversation)) return 'handoff_notice';
  // "Attachments without content → media."
  if (listOf(message.attachments).length > 0 && !isPresent(message.content)) return 'media';
  return 'text';
}

/** A bot that writes by an agent's token works in conversations that were never pending: it may go on answering. */
function isAfterHandOff(message, { status }) {
  const isBots = ['agent_bot', 'captain_assistant'].includes(senderOf(message)?.type);
  const isNew = message.event === 'message_created' && message.message_type === 'outgoing' && message.private !== true;
  return isNew && isBots && STATUSES.includes(status) && status !== 'pending';
}

const isCampaign = (message) => isPresent(objectOf(message.additional_attributes).campaign_id);

// ---------------------------------------------------------------------------------------------------------------
// Who has the conversation
// ---------------------------------------------------------------------------------------------------------------

/**
 * "Start. Where no AI begins: an `autopilot` record off at `created_at`, id `opened-<conversation>`, `actorId` = assignee,
 * else none." An inbox with a bot creates its conversations pending; any other status is people's. Only the creation
 * says this: later payloads do not tell how it began.
 */
function startRecords(conversation, source) {
  const at = instantOf(conversation.created_at);
  if (conversation.event !== 'conversation_created' || at === undefined) return [];
  if (!STATUSES.includes(conversation.status) || conversation.status === 'pending') return [];
  const assignee = assigneeOf(conversation);
  if (assignee !== undefined && !isPerson(assignee, source)) return [];
  return switchedOff('opened', conversation, at, assignee, source, { once: true });
}

/**
 * The changes of status and assignee, which are in `changed_attributes`. `conversation_status_changed` comes with null
 * there: the `conversation_updated` of the same change has them.
 */
function changeRecords(conversation, source) {
  const { status, assignee_id: assigned } = changesOf(conversation);
  if (status === undefined && assigned === undefined) return [];
  const at = changedAt(conversation) ?? clockOf(conversation, source);
  const id = idOf(conversation.id);
  if (id === undefined) return [];
  const from = status?.previous_value;
  // The payload's own status may be of a later moment.
  const to = status?.current_value ?? conversation.status;
  const became = (expected) => status !== undefined && to === expected && from !== expected;
  const agent = agentAfter(assigned, conversation, source);
  const records = [];

  // "`resolution` from `changed_attributes.status → resolved` at `changed_attributes.updated_at`."
  if (became('resolved')) {
    records.push(changeRecord('resolution', 'resolved', id, at, source, { resolved: true }));
  }
  // "A reopening becomes `resolved: false`; where it cannot be told from one by the customer's message, send it." It also
  // cancels a resolution within the second of that message, whose own instant is the beginning of the second.
  if (status !== undefined && from === 'resolved' && to !== 'resolved') {
    records.push(changeRecord('resolution', 'reopened', id, at, source, { resolved: false }));
  }
  // "`autopilot` on: status → `pending`."
  if (became('pending')) {
    records.push(changeRecord('autopilot', 'on', id, at, source, { enabled: true }));
  }
  // "`message` handoff_notice: pending → open: one of our own, at the change." It switches nothing off.
  if (became('open') && from === 'pending') {
    const own = { direction: 'outbound', sender: 'system', kind: 'handoff_notice' };
    records.push(changeRecord('message', 'handoff', id, at, source, own));
  }
  // "`autopilot` off: `assignee_id` set while open, `actorId` = the agent; resolved → open." Somebody who was assigned
  // while the bot had it gets it when it opens.
  const isOpen = to === 'open';
  if (isOpen && (agent !== undefined || (became('open') && from === 'resolved'))) {
    records.push(...switchedOff('off', conversation, at, agent, source));
  }
  return records;
}

/** The person who has the conversation after the change. If the change was another's, it is the assignee of the payload. */
function agentAfter(assigned, conversation, source) {
  const assignee = assigneeOf(conversation);
  if (assigned === undefined) return assignee !== undefined && isPerson(assignee, source) ? assignee : undefined;
  const id = idOf(assigned.current_value);
  const agent = { type: 'user', id };
  return id !== undefined && isPerson(agent, source) ? agent : undefined;
}

/**
 * "With each incoming message an `autopilot` record `seen-<message>`: on if pending, off with the assignee if open and
 * assigned." It heals a hand-off or an assignment that was lost.
 */
function seenRecords(message, conversation, source) {
  const id = idOf(message.id);
  const conversationId = idOf(conversation.id);
  const created = instantOf(message.created_at);
  if (!source.observe || message.event !== 'message_created' || message.message_type !== 'incoming') return [];
  if (id === undefined || conversationId === undefined || created === undefined) return [];
  const at = wholeSecond(created);
  const own = { type: 'autopilot', changeId: `${source.prefix}seen-${id}`, updatedAt: at, at };
  const record = { ...own, conversationId: String(conversationId) };
  const assignee = assigneeOf(conversation);
  if (conversation.status === 'pending') return [{ ...record, enabled: true }];
  if (conversation.status !== 'open' || assignee === undefined || !isPerson(assignee, source)) return [];
  return [{ ...record, enabled: false, actorId: userIdOf(assignee, source) }];
}

/** Off, by the person who has it, else by the system. */
function switchedOff(name, conversation, at, agent, source, { once = false } = {}) {
  const id = idOf(conversation.id);
  if (id === undefined) return [];
  const own = { enabled: false, actorId: agent && userIdOf(agent, source) };
  return [changeRecord('autopilot', name, id, at, source, own, { once })];
}

/**
 * "Ids of derived records are made of what they say (`resolved-3121-<ms>`): said twice, they are one record." What can
 * be said only once has no instant in its id.
 */
function changeRecord(type, name, conversationId, at, { prefix }, fields, { once = false } = {}) {
  const id = `${prefix}${name}-${conversationId}${once ? '' : `-${at}`}`;
  const ids = type === 'message' ? { messageId: id } : { changeId: id };
  return { type, ...ids, conversationId: String(conversationId), updatedAt: at, at, ...fields };
}

// ---------------------------------------------------------------------------------------------------------------
// Members of payloads
// ---------------------------------------------------------------------------------------------------------------

const objectOf = (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {});
const listOf = (value) => (Array.isArray(value) ? value : []);
const textOf = (value) => (typeof value === 'string' && value !== '' ? value : undefined);
const isPresent = (value) => value !== undefined && value !== null && value !== '';

const attributesOf = (message) => objectOf(message.content_attributes);
const senderOfConversation = (conversation) => objectOf(objectOf(conversation.meta).sender);
const teamOf = (conversation) => objectOf(objectOf(conversation.meta).team);
const lastMessageOf = (conversation) => objectOf(listOf(conversation.messages)[0]);

/** All ids of Chatwoot's are integers. */
function idOf(value) {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** An agent or bot that wrote a message. A contact has no type; an echo of the phone has no sender. */
function senderOf(message) {
  const sender = objectOf(message.sender);
  return message.message_type !== 'incoming' && USER_TYPES.includes(sender.type) && idOf(sender.id) !== undefined
    ? sender
    : undefined;
}

/** The agent or bot to whom a conversation is assigned. */
function assigneeOf(conversation) {
  const meta = objectOf(conversation.meta);
  const assignee = objectOf(meta.assignee);
  if (idOf(assignee.id) === undefined) return undefined;
  const type = meta.assignee_type === 'AgentBot' ? 'agent_bot' : 'user';
  return USER_TYPES.includes(assignee.type) ? assignee : { ...assignee, type };
}

const userIdOf = ({ type, id }, { prefix }) => `${prefix}${type}-${id}`;
const isPerson = ({ type, id }, { aiUserIds }) => type === 'user' && !aiUserIds.includes(id);

function nameOf({ name }) {
  return typeof name === 'string' ? [...name].slice(0, NAME_CHARACTERS_MAX).join('') : undefined;
}

/**
 * `changed_attributes` is a list of objects with one member each:
 * `[{"status": {"previous_value": "open", "current_value": "resolved"}}, …]`.
 */
function changesOf(payload) {
  return Object.assign({}, ...listOf(payload.changed_attributes).map((change) => onlyObjects(objectOf(change))));
}

function onlyObjects(change) {
  return Object.fromEntries(Object.entries(change).filter(([, values]) => objectOf(values) === values));
}

/** When the change was, as its own log says. */
const changedAt = (payload) => instantOf(changesOf(payload).updated_at?.current_value);

// ---------------------------------------------------------------------------------------------------------------
// Instants, in epoch milliseconds
// ---------------------------------------------------------------------------------------------------------------

/** A number of seconds, with or without a fraction, or RFC 3339. No instant is 0 in seconds. Finer than ms is cut off. */
function instantOf(value) {
  const instant = typeof value === 'number' ? Math.floor(value * SECOND) : parsed(value);
  return instant !== undefined && instant > 0 && instant < YEAR_10000 ? instant : undefined;
}

function parsed(value) {
  try {
    return parseInstant(value);
  } catch {
    return undefined;
  }
}

const wholeSecond = (instant) => instant - (instant % SECOND);

/** "`updatedAt`: `updated_at` × 1000; else arrival." Older versions do not send it. */
const clockOf = (conversation, { receivedAt }) => instantOf(conversation.updated_at) ?? receivedAt;

/**
 * "Mentions. A contact, agent or department that comes along without a clock gets the payload's clock cut to the hour",
 * or else every message would write it again.
 */
const mentionClock = (clock) => clock - (clock % HOUR);

/** The event with its instants as they are written. */
function written(event) {
  const instants = ['updatedAt', 'at', 'snoozedAt', 'snoozedUntil'].filter((field) => event[field] !== undefined);
  return { ...event, ...Object.fromEntries(instants.map((field) => [field, formatInstant(event[field])])) };
}
