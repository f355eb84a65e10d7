/**
 * The mapping from Chatwoot's webhooks to events, as a slow and plain program: a second implementation, which the tests
 * compare with the one that runs. It reads one webhook at a time and remembers nothing, as the service does.
 *
 * Each rule is a function, or a line, beside the words that say it. What Chatwoot sends is described where it matters.
 */

import { canonicalJson, formatInstant, normalise, parseInstant } from './oracle.mjs';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const HALF_A_MICROSECOND = 0.000_5;
const YEAR_10000 = Date.UTC(10_000, 0, 1);
const NAME_CHARACTERS_MAX = 512;
const NAME_BYTES_MAX = 1_024;
const PHONE_CHARACTERS_MAX = 64;

/** What a connection may set. */
const DEFAULT_SETTINGS = {
  /** Put before every id, where an organization has several connections. */
  prefix: '',
  /** Whether a conversation's department is its `team` or its `inbox`. */
  department: 'team',
  /** Users by whose token a bot writes. */
  aiUserIds: [],
  /** Whether each message of the customer also says who has the conversation at that time. */
  observe: true,
  /** Whether a bot's message in an open conversation is an answer, and not about a hand-off. */
  botsAnswerWhileOpen: false,
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
    case 'contact_created':
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
  if (idOf(conversation.id) === undefined) return [];
  return [
    ...stateOfConversation(conversation, source),
    ...startRecords(conversation, source),
    ...changeRecords(conversation, source),
  ];
}

/** A message's webhook is the message, with its whole conversation as it is when Chatwoot's job runs. */
function eventsOfMessage(message, source) {
  const conversation = objectOf(message.conversation);
  if (idOf(conversation.id) === undefined) return [];
  const state = stateOfConversation(conversation, source);
  if (idOf(message.id) === undefined) return state;
  return [
    ...state,
    ...inboxMentions(message.inbox, mentionClock(conversation, source), source),
    ...messageRecords(message, conversation, source),
  ];
}

/** The conversation, and whom and what it mentions. */
function stateOfConversation(conversation, source) {
  const mentionedAt = mentionClock(conversation, source);
  return [
    ...conversationRecords(conversation, source),
    ...contactRecords(senderOfConversation(conversation), mentionedAt, source),
    ...userMentions(assigneeOf(conversation), mentionedAt, source),
    ...teamMentions(conversation, mentionedAt, source),
  ];
}

/** "`contact_updated`: own clock", which is in the log of its changes; else the instant of arrival, as it is then. */
function eventsOfContact(contact, source) {
  return contactRecords(contact, changedAt(contact) ?? source.receivedAt, source);
}

// ---------------------------------------------------------------------------------------------------------------
// Records that are whole in the payload
// ---------------------------------------------------------------------------------------------------------------

/** "Every payload → `conversation`, whole each time; any later webhook repairs a lost one." */
function conversationRecords(conversation, source) {
  const id = idOf(conversation.id);
  const contactId =
    idOf(senderOfConversation(conversation).id) ?? idOf(objectOf(conversation.contact_inbox).contact_id);
  if (id === undefined || contactId === undefined) return [];
  const updatedAt = clockOf(conversation, source);
  const assignee = assigneeOf(conversation);
  return [
    {
      type: 'conversation',
      updatedAt,
      // "A conversation keeps its own id": the one that the dashboard of Chatwoot shows. It has the prefix, too: two
      // accounts have conversations of one number.
      conversationId: `${source.prefix}${id}`,
      contactId: `${source.prefix}contact-${contactId}`,
      channelType: channelTypeOf(conversation),
      departmentId: departmentIdOf(conversation, source),
      assigneeIds: assignee === undefined ? [] : [userIdOf(assignee, source)],
      ...snoozeOf(conversation, updatedAt),
      // "An inbox without a bot starts without autopilot." Nothing says whether an inbox has one.
      startsWithAutopilot: false,
    },
  ];
}

/** Twilio's numbers may be those of WhatsApp. */
function channelTypeOf({ channel, contact_inbox: contactInbox }) {
  const sourceId = textOf(objectOf(contactInbox).source_id) ?? '';
  if (channel === 'Channel::TwilioSms' && sourceId.startsWith('whatsapp:')) return 'whatsapp';
  return Object.hasOwn(CHANNEL_TYPES, channel) ? CHANNEL_TYPES[channel] : 'other';
}

/** "`departmentId`: `meta.team.id`, or `inbox_id`", as the setting says. */
function departmentIdOf(conversation, { prefix, department }) {
  const id = department === 'inbox' ? idOf(conversation.inbox_id) : idOf(teamOf(conversation).id);
  return id === undefined ? undefined : `${prefix}${department}-${id}`;
}

/**
 * "`snoozedAt`, `snoozedUntil`: `status == snoozed`: `updated_at`, `snoozed_until`." Without an end, there is none. The
 * customer who writes in the second of the snooze writes after it.
 */
function snoozeOf({ status, snoozed_until: until }, updatedAt) {
  return status === 'snoozed' ? { snoozedAt: wholeSecond(updatedAt), snoozedUntil: instantOf(until) } : {};
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

/** A team comes with its name in each payload. */
function teamMentions(conversation, updatedAt, source) {
  const departmentId = departmentIdOf(conversation, source);
  const name = nameOf(teamOf(conversation));
  if (source.department !== 'team' || departmentId === undefined || name === undefined) return [];
  return [{ type: 'department', updatedAt, departmentId, name }];
}

/** An inbox comes with its name only in a message's payload. */
function inboxMentions(inbox, updatedAt, { prefix, department }) {
  const id = idOf(objectOf(inbox).id);
  const name = nameOf(objectOf(inbox));
  if (department !== 'inbox' || id === undefined || name === undefined) return [];
  return [{ type: 'department', updatedAt, departmentId: `${prefix}inbox-${id}`, name }];
}

// ---------------------------------------------------------------------------------------------------------------
// Messages
// ---------------------------------------------------------------------------------------------------------------

function messageRecords(message, conversation, source) {
  const id = idOf(message.id);
  const messageId = `${source.prefix}message-${id}`;
  const state = sendStateOf(message, conversation);

  // "Removed: `content_attributes.deleted`." Chatwoot never takes a deletion back, so it may be as late as its arrival
  // where the payload does not show when it was.
  if (attributesOf(message).deleted === true) {
    return [{ type: 'message', messageId, updatedAt: state.updatedAt ?? source.receivedAt, deleted: true }];
  }
  const created = instantOf(message.created_at);
  const author = created === undefined ? undefined : authorOf(message, source);
  if (author === undefined) return [];
  const { user, ...written } = author;
  const users = userMentions(user, mentionClock(conversation, source), source);
  const isNew = message.event === 'message_created';
  const isFailed = written.direction === 'outbound' && state.status === 'failed';

  // What a later version of a bot's message says of the conversation is of a later moment, when somebody else may have
  // it: it cannot say whether the message is about a hand-off.
  if (!isNew && isBots(message) && !isFailed) return users;
  // "Of `message_updated` only `failed` and `sent` are taken: delivered and read would cost a write each and mean
  // nothing to us."
  const isSentAgain = !isNew && state.status === 'sent' && ['human', 'ai'].includes(written.sender);
  // "`at`: `created_at` (to the second)", because other answers of Chatwoot's say whole seconds.
  const at = wholeSecond(created);
  return [
    ...users,
    {
      type: 'message',
      messageId,
      conversationId: conversationIdOf(conversation, source),
      updatedAt: (isFailed || isSentAgain ? state.updatedAt : undefined) ?? at,
      at,
      sequence: Number.isSafeInteger(message.id) ? message.id : 0,
      ...written,
      visibility: message.private === true ? 'private' : 'public',
      kind: kindOf(message, conversation, written, source),
      ...(written.direction === 'outbound' && { status: isFailed ? 'failed' : 'sent' }),
    },
    ...seenRecords(message, conversation, at, source),
  ];
}

/**
 * "`status`, `updatedAt`: `conversation.messages[0]` if it is this one, else `sent`, `created_at`." The payload itself
 * has neither, unless a version to come has: then it is the payload's.
 */
function sendStateOf(message, conversation) {
  const last = listOf(conversation.messages)
    .map(objectOf)
    .find(({ id }) => idOf(id) !== undefined && String(id) === String(message.id));
  return {
    status: textOf(message.status) ?? textOf(last?.status),
    updatedAt: instantOf(message.updated_at) ?? instantOf(last?.updated_at),
  };
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
 * without `senderId`": typed on the phone. What a rule or a campaign sends in somebody's name is still theirs. A sender
 * of a type that nobody knows answers nothing: rather a customer who is listed for nothing than one who is not.
 */
function outgoingSender(message, source) {
  if (isPresent(attributesOf(message).automation_rule_id) || isCampaign(message)) return { sender: 'automation' };
  if (!isPresent(message.sender)) return { sender: 'human' };
  const { type, id, name } = objectOf(message.sender);
  if (!USER_TYPES.includes(type)) return { sender: 'system' };
  if (idOf(id) === undefined) return { sender: type === 'user' ? 'human' : 'ai' };
  const user = { type, id, name };
  return { sender: isPerson(user, source) ? 'human' : 'ai', senderId: userIdOf(user, source), user };
}

/** The first that fits. */
function kindOf(message, conversation, author, source) {
  const attributes = attributesOf(message);
  // "Campaign → campaign."
  if (message.message_type === 'outgoing' && isCampaign(message)) return 'campaign';
  // "Template → auto_reply."
  if (message.message_type === 'template') return 'auto_reply';
  // "`is_reaction` (forks) → reaction."
  if (attributes.is_reaction === true) return 'reaction';
  // "`email.auto_reply` → auto_reply."
  if (objectOf(attributes.email).auto_reply === true) return 'auto_reply';
  // "`voice_call` → activity."
  if (message.content_type === 'voice_call') return 'activity';
  // "A new AI message in a conversation that is not pending → handoff_notice": the bot's last words, which come after
  // it has handed the conversation over.
  if (author.sender === 'ai' && isAfterHandOff(message, conversation, source)) return 'handoff_notice';
  // "Attachments → media", whether or not there is content: texts are not read.
  return listOf(message.attachments).length > 0 ? 'media' : 'text';
}

/**
 * In a conversation that people have. A bot that resolves it, or has it while it is open, has answered. A bot that
 * writes by an agent's token works in conversations that were never pending: it may go on answering.
 */
function isAfterHandOff(message, conversation, source) {
  if (message.event !== 'message_created' || message.private === true || source.botsAnswerWhileOpen) return false;
  return isBots(message) && ['open', 'snoozed'].includes(conversation.status) && !isOfAi(conversation, source);
}

/** Whether a bot or Captain wrote it by its own name. */
function isBots(message) {
  const isByRule = isPresent(attributesOf(message).automation_rule_id) || isCampaign(message);
  const type = objectOf(message.sender).type;
  return message.message_type === 'outgoing' && !isByRule && ['agent_bot', 'captain_assistant'].includes(type);
}

const isCampaign = (message) => isPresent(objectOf(message.additional_attributes).campaign_id);

// ---------------------------------------------------------------------------------------------------------------
// Who has the conversation
// ---------------------------------------------------------------------------------------------------------------

/** Whether the bot has it: it is pending, or assigned to a bot. */
function isOfAi(conversation, source) {
  const assignee = assigneeOf(conversation);
  return conversation.status === 'pending' || (assignee !== undefined && !isPerson(assignee, source));
}

/** A conversation starts without autopilot; that the bot begins it is a record, which only the creation says. */
function startRecords(conversation, source) {
  const at = instantOf(conversation.created_at);
  if (conversation.event !== 'conversation_created' || at === undefined || !isOfAi(conversation, source)) return [];
  return [autopilotRecord(conversation, at, { enabled: true }, source)];
}

/**
 * The changes of status and assignee, which are in `changed_attributes`. `conversation_status_changed` comes with null
 * there: the `conversation_updated` of the same change has them, unless it was lost.
 */
function changeRecords(conversation, source) {
  if (conversation.event === 'conversation_created') return [];
  const { updated_at: _, ...changes } = changesOf(conversation);
  const at = changedAt(conversation) ?? clockOf(conversation, source);
  if (listOf(conversation.changed_attributes).length === 0) return stateRecords(conversation, at, source);

  const from = knownStatus(changes.status?.previous_value);
  // The payload's own status may be of a later moment.
  const to = knownStatus(changes.status?.current_value);
  const records = [];
  // "`resolution` from `changed_attributes.status → resolved` at `changed_attributes.updated_at`." What nobody took
  // from the bot, the bot has resolved.
  if (to === 'resolved') {
    const isBots = from === 'pending' && personOf(conversation, source) === undefined;
    records.push(resolutionRecord(conversation, at, isBots ? { by: 'ai' } : {}, source));
  }
  // "A reopening becomes `resolved: false`; where it cannot be told from one by the customer's message, send it."
  if (from === 'resolved' && to !== undefined && to !== 'resolved') {
    records.push({
      type: 'resolution',
      ...changeOf('reopened', conversation, at, source),
      updatedAt: at,
      at,
      resolved: false,
    });
  }
  // "`message` handoff_notice: pending → open: one of our own, at the change." It switches nothing off. The customer
  // does not see it.
  if (from === 'pending' && (to === 'open' || to === 'snoozed')) {
    const { changeId, ...own } = changeOf('handoff', conversation, at, source);
    const notice = { direction: 'outbound', sender: 'system', visibility: 'private', kind: 'handoff_notice' };
    records.push({ type: 'message', messageId: changeId, ...own, updatedAt: at, at, ...notice });
  }
  const change = autopilotChange(conversation, changes, from, to, source);
  return change === undefined ? records : [...records, autopilotRecord(conversation, at, change, source)];
}

/**
 * What a state says without a log: that the conversation is the bot's, or resolved. Who resolved it is not known; if an
 * agent has it, it was not the bot.
 */
function stateRecords(conversation, at, source) {
  if (conversation.status === 'pending') return [autopilotRecord(conversation, at, { enabled: true }, source)];
  const isResolved = conversation.status === 'resolved' && personOf(conversation, source) !== undefined;
  return isResolved ? [resolutionRecord(conversation, at, {}, source)] : [];
}

/** Who has the conversation since the change, if it says so. */
function autopilotChange(conversation, changes, from, to, source) {
  const { assignee_id: assigned, assignee_agent_bot_id: bot } = changes;
  const assigneeId = idOf(assigned?.current_value);
  const assignee = assigneeId === undefined ? personOf(conversation, source) : { type: 'user', id: assigneeId };
  const isUnassigned = isPresent(assigned?.previous_value) && !isPresent(assigned?.current_value);
  // "`autopilot` on: status → `pending`", or the conversation is given to a bot.
  if (to === 'pending' || isPresent(bot?.current_value)) return { enabled: true };
  if (assigneeId !== undefined && !isPerson(assignee, source)) return { enabled: true };
  // Who is named in a conversation of the bot's does not have it, and a resolved one needs nobody.
  if (to === 'resolved' || (to === undefined && conversation.status === 'pending')) return undefined;
  // "`autopilot` off: `assignee_id` set, `actorId` = the agent; resolved → open." Somebody who was assigned while the
  // bot had it gets it when it opens.
  const isOpened = to === 'open' && from !== 'snoozed';
  const agent = isUnassigned ? undefined : assignee;
  if (agent !== undefined && (isOpened || assigneeId !== undefined)) {
    return { enabled: false, actorId: userIdOf(agent, source) };
  }
  // Whoever takes it off an agent gives it back to the queue, which is nobody's. What the bot hands off to nobody stays
  // the bot's.
  if (from === 'pending') return undefined;
  return isUnassigned || (isOpened && from === 'resolved') ? { enabled: false } : undefined;
}

/**
 * "With each incoming message an `autopilot` record `seen-<message>`: on if pending, off with the assignee if open and
 * assigned." It heals a hand-off or an assignment that was lost.
 */
function seenRecords(message, conversation, at, source) {
  const isNew = message.event === 'message_created' && message.message_type === 'incoming' && message.private !== true;
  if (!source.observe || !isNew) return [];
  const changeId = `${source.prefix}seen-${message.id}`;
  const record = {
    type: 'autopilot',
    changeId,
    conversationId: conversationIdOf(conversation, source),
    updatedAt: at,
    at,
  };
  if (isOfAi(conversation, source)) return [{ ...record, enabled: true }];
  const agent = personOf(conversation, source);
  if (conversation.status !== 'open' || agent === undefined) return [];
  return [{ ...record, enabled: false, actorId: userIdOf(agent, source) }];
}

/** At one instant the autopilot is on or off, so there is one record of that. */
function autopilotRecord(conversation, at, fields, source) {
  return { type: 'autopilot', ...changeOf('autopilot', conversation, at, source), updatedAt: at, at, ...fields };
}

/** The customer who writes in the second of the resolution writes after it. */
function resolutionRecord(conversation, at, fields, source) {
  const own = changeOf('resolved', conversation, wholeSecond(at), source);
  return { type: 'resolution', ...own, updatedAt: at, at: wholeSecond(at), resolved: true, ...fields };
}

/** "Ids of derived records are made of what they say (`resolved-3121-<ms>`): said twice, they are one record." */
function changeOf(name, conversation, at, source) {
  const conversationId = conversationIdOf(conversation, source);
  return { changeId: `${name}-${conversationId}-${at}`, conversationId };
}

// ---------------------------------------------------------------------------------------------------------------
// Members of payloads
// ---------------------------------------------------------------------------------------------------------------

const objectOf = (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {});
const listOf = (value) => (Array.isArray(value) ? value : []);
const textOf = (value) => (typeof value === 'string' && value !== '' ? value : undefined);
const isPresent = (value) => value !== undefined && value !== null;
const knownStatus = (status) => (STATUSES.includes(status) ? status : undefined);

const attributesOf = (message) => objectOf(message.content_attributes);
const senderOfConversation = (conversation) => objectOf(objectOf(conversation.meta).sender);
const teamOf = (conversation) => objectOf(objectOf(conversation.meta).team);

/** All ids of Chatwoot's are integers. One that is a text is taken as it is. */
function idOf(value) {
  return (Number.isSafeInteger(value) && value >= 0) || textOf(value) !== undefined ? value : undefined;
}

const conversationIdOf = (conversation, { prefix }) => `${prefix}${conversation.id}`;

/** The agent or bot to whom a conversation is assigned. */
function assigneeOf(conversation) {
  const meta = objectOf(conversation.meta);
  const assignee = objectOf(meta.assignee);
  if (idOf(assignee.id) === undefined) return undefined;
  const type = meta.assignee_type === 'AgentBot' ? 'agent_bot' : 'user';
  return USER_TYPES.includes(assignee.type) ? assignee : { ...assignee, type };
}

/** The agent who has it. */
function personOf(conversation, source) {
  const assignee = assigneeOf(conversation);
  return assignee !== undefined && isPerson(assignee, source) ? assignee : undefined;
}

const userIdOf = ({ type, id }, { prefix }) => `${prefix}${type}-${id}`;
const isPerson = ({ type, id }, { aiUserIds }) => type === 'user' && !aiUserIds.map(String).includes(String(id));

function nameOf({ name }) {
  if (typeof name !== 'string') return undefined;
  const characters = [...name.toWellFormed()].slice(0, NAME_CHARACTERS_MAX);
  while (Buffer.byteLength(characters.join('')) > NAME_BYTES_MAX) characters.pop();
  return characters.join('');
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

/**
 * A number of seconds, with or without a fraction, or RFC 3339. No instant is 0 in seconds. Finer than ms is cut off,
 * but the double that is next to a whole number of milliseconds stands for it.
 */
function instantOf(value) {
  const instant = typeof value === 'number' ? Math.floor(value * SECOND + HALF_A_MICROSECOND) : parsed(value);
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
 * or else every message would write it again. A message may not move `updated_at`, but moves `last_activity_at`.
 */
function mentionClock(conversation, source) {
  const updatedAt = clockOf(conversation, source);
  const clock = Math.max(updatedAt, instantOf(conversation.last_activity_at) ?? updatedAt);
  return clock - (clock % HOUR);
}

/** The event with its instants as they are written. */
function written(event) {
  const instants = ['updatedAt', 'at', 'snoozedAt', 'snoozedUntil'].filter((field) => event[field] !== undefined);
  return { ...event, ...Object.fromEntries(instants.map((field) => [field, formatInstant(event[field])])) };
}
