// What Chatwoot's API takes and answers, as far as `npm run import` asks it. The mock in chatwoot-mock.mjs serves by
// it.
//
// The facts are those of the public OpenAPI document of Chatwoot, in words of our own. The document names the members
// of an answer and their types, and says of none that it is always there. What is always there, and what the document
// leaves out or has otherwise, is by the code of Chatwoot: its views, finders and limits. Such lines say so.

/** The document, swagger/swagger.json of chatwoot/chatwoot. */
export const DOCUMENT = {
  openapi: '3.1.0',
  version: '1.1.0',
  commit: '00bcb523da57ba03dee760e0ab072c75ddf265cc',
};

/** Conversations a page: CONVERSATION_RESULTS_PER_PAGE of the code, which may be set otherwise. The document has no number. */
export const CONVERSATIONS_PER_PAGE = 25;
/** Messages a page, in both: before an id or the latest, and after an id. */
export const MESSAGES_PER_PAGE = 20;
export const MESSAGES_AFTER_PER_PAGE = 100;
/** Requests an address and minute: RACK_ATTACK_LIMIT of the code. The document has no limit and no 429. */
export const REQUESTS_PER_MINUTE = 3_000;

// A type is a name, several names with "|" between them, `oneOf` some values or objects, a `listOf` a type, or the
// members of an object. A member with "?" may be missing.

class OneOf {
  constructor(options) {
    this.options = options;
  }
}
class ListOf {
  constructor(type) {
    this.type = type;
  }
}
const oneOf = (...options) => new OneOf(options);
const listOf = (type) => new ListOf(type);

const AGENT = {
  id: 'integer',
  account_id: 'integer',
  // The document has "available" in place of "online".
  availability_status: oneOf('online', 'busy', 'offline'),
  auto_offline: 'boolean',
  confirmed: 'boolean',
  email: 'string',
  available_name: 'string',
  name: 'string',
  role: oneOf('agent', 'administrator'),
  thumbnail: 'string',
  'custom_role_id?': 'integer|null',
  // In the code only.
  'provider?': 'string',
};

/** What an assignee is if it is no agent. The document knows agents only; the code says which it is in `assignee_type`. */
const BOT = {
  id: 'integer',
  name: 'string',
  description: 'string|null',
  thumbnail: 'string',
  'outgoing_url?': 'string|null',
  'bot_type?': 'string',
  'assignee_type?': oneOf('AgentBot'),
};

const TEAM = {
  id: 'integer',
  name: 'string',
  description: 'string|null',
  allow_auto_assign: 'boolean',
  account_id: 'integer',
  is_member: 'boolean',
};

/** Of an inbox, those of its members that each kind has. */
const INBOX = {
  id: 'integer',
  name: 'string',
  channel_type: 'string',
  channel_id: 'integer',
  avatar_url: 'string|null',
  greeting_enabled: 'boolean',
  greeting_message: 'string|null',
  working_hours_enabled: 'boolean',
  enable_email_collect: 'boolean',
  csat_survey_enabled: 'boolean',
  enable_auto_assignment: 'boolean',
  out_of_office_message: 'string|null',
  timezone: 'string',
  allow_messages_after_resolved: 'boolean',
  lock_to_single_conversation: 'boolean',
};

const CONTACT = {
  id: 'integer',
  name: 'string|null',
  email: 'string|null',
  phone_number: 'string|null',
  identifier: 'string|null',
  thumbnail: 'string',
  additional_attributes: 'object',
  custom_attributes: 'object',
  availability_status: 'string',
  // Older versions have none.
  'blocked?': 'boolean',
  'last_activity_at?': 'integer',
  'created_at?': 'integer',
};

/** As in a list of messages. In the code there is always a state and never an `updated_at`. */
const MESSAGE = {
  id: 'integer',
  content: 'string|null',
  inbox_id: 'integer',
  conversation_id: 'integer',
  message_type: oneOf(0, 1, 2, 3),
  content_type: oneOf(
    ...['text', 'input_text', 'input_textarea', 'input_email', 'input_select', 'cards', 'form', 'article'],
    ...['incoming_email', 'input_csat', 'integrations', 'sticker', 'voice_call'],
  ),
  status: oneOf('sent', 'delivered', 'read', 'failed'),
  content_attributes: 'object',
  created_at: 'integer',
  private: 'boolean',
  source_id: 'string|null',
  // Missing if there is none. Whoever it is has a type: contact, user, agent_bot or captain_assistant.
  'sender?': 'object',
  // Missing if there are none. The document has one, under another name.
  'attachments?': listOf('object'),
};

/** As in a conversation, which has its latest message. */
const LATEST_MESSAGE = {
  ...MESSAGE,
  account_id: 'integer',
  updated_at: 'string',
  sender_type: oneOf('Contact', 'User', 'AgentBot', 'Captain::Assistant', null),
  sender_id: 'integer|null',
  additional_attributes: 'object',
  processed_message_content: 'string|null',
  'sentiment?': 'object|null',
  'conversation?': 'object',
};

const CONVERSATION = {
  id: 'integer',
  // In the document only a contact's list of conversations has it.
  meta: {
    sender: CONTACT,
    channel: 'string',
    'assignee?': oneOf(AGENT, BOT),
    // In the code only, and not in older versions, which leave out an assignee that is a bot.
    'assignee_type?': oneOf('User', 'AgentBot', 'Captain::Assistant'),
    'team?': TEAM,
    hmac_verified: 'boolean|null',
  },
  messages: listOf(LATEST_MESSAGE),
  account_id: 'integer',
  uuid: 'string',
  additional_attributes: 'object',
  agent_last_seen_at: 'integer',
  assignee_last_seen_at: 'integer',
  can_reply: 'boolean',
  contact_last_seen_at: 'integer',
  custom_attributes: 'object',
  inbox_id: 'integer',
  labels: listOf('string'),
  muted: 'boolean',
  // The document has a number; the code writes an instant as JSON of Rails does.
  snoozed_until: 'instant|null',
  // The document forgets "snoozed" here, and has it among the values of the parameter.
  status: oneOf('open', 'resolved', 'pending', 'snoozed'),
  created_at: 'integer',
  // A float of seconds. Older versions have none.
  'updated_at?': 'number',
  timestamp: 'integer',
  // The document has null where there is none; the code writes 0, here and in `waiting_since`.
  first_reply_created_at: 'integer',
  unread_count: 'integer',
  last_non_activity_message: oneOf(LATEST_MESSAGE, null),
  last_activity_at: 'integer',
  // Older versions have neither.
  'priority?': oneOf('low', 'medium', 'high', 'urgent', null),
  'waiting_since?': 'integer',
  'sla_policy_id?': 'integer|null',
};

/** In the document an error has a description and a list; the code writes a text. */
const ERROR = { error: 'string' };

/** The operations. Statuses besides 200, and every parameter of the query, are named. */
export const OPERATIONS = [
  {
    path: '/api/v1/accounts/{account_id}/agents',
    query: {},
    // The document has 403; the code answers 401 to whoever may not, here and everywhere.
    answers: { 200: listOf(AGENT), 401: ERROR, 404: ERROR },
  },
  {
    path: '/api/v1/accounts/{account_id}/teams',
    query: {},
    answers: { 200: listOf(TEAM), 401: ERROR, 404: ERROR },
  },
  {
    path: '/api/v1/accounts/{account_id}/inboxes',
    query: {},
    answers: { 200: { payload: listOf(INBOX) }, 401: ERROR, 404: ERROR },
  },
  {
    path: '/api/v1/accounts/{account_id}/conversations',
    query: {
      assignee_type: oneOf('me', 'unassigned', 'all', 'assigned'),
      status: oneOf('all', 'open', 'resolved', 'pending', 'snoozed'),
      q: 'string',
      inbox_id: 'integer',
      team_id: 'integer',
      page: 'integer',
      // In the code only, and this value is the default there.
      sort_by: oneOf('last_activity_at_desc'),
    },
    answers: {
      200: {
        data: {
          // The document forgets `assigned_count` in the list, and has it in the counts.
          meta: { mine_count: 'integer', assigned_count: 'integer', unassigned_count: 'integer', all_count: 'integer' },
          payload: listOf(CONVERSATION),
        },
      },
      401: ERROR,
      404: ERROR,
    },
  },
  {
    path: '/api/v1/accounts/{account_id}/conversations/{conversation_id}',
    query: {},
    // The document says that all messages are in it; the code has the latest.
    answers: { 200: CONVERSATION, 401: ERROR, 404: ERROR },
  },
  {
    path: '/api/v1/accounts/{account_id}/conversations/{conversation_id}/messages',
    query: { after: 'integer', before: 'integer' },
    answers: {
      200: {
        meta: {
          labels: listOf('string'),
          additional_attributes: 'object',
          contact: 'object',
          'assignee?': 'object',
          'assignee_type?': oneOf('User', 'AgentBot', 'Captain::Assistant', null),
          agent_last_seen_at: 'instant|null',
          assignee_last_seen_at: 'instant|null',
        },
        payload: listOf(MESSAGE),
      },
      401: ERROR,
      404: ERROR,
    },
  },
];

const IS = {
  integer: Number.isInteger,
  number: Number.isFinite,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  instant: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
};

/**
 * Where a value is not what the table says, as paths; a member that the table does not know is one of them.
 *
 * @param {any} value
 * @param {any} type
 * @returns {string[]}
 */
export function differences(value, type, at = '') {
  if (typeof type === 'string') {
    return type.split('|').some((name) => IS[name](value)) ? [] : [`${at}: ${JSON.stringify(value)} is no ${type}`];
  }
  if (type instanceof OneOf) {
    if (type.options.includes(value)) return [];
    const attempts = type.options.filter(IS.object).map((members) => differences(value, members, at));
    attempts.sort((left, right) => left.length - right.length);
    return attempts[0] ?? [`${at}: ${JSON.stringify(value)} is none of ${type.options.join(', ')}`];
  }
  if (type instanceof ListOf) {
    if (!Array.isArray(value)) return [`${at}: ${JSON.stringify(value)} is no list`];
    return value.flatMap((entry, index) => differences(entry, type.type, `${at}/${index}`));
  }
  if (!IS.object(value)) return [`${at}: ${JSON.stringify(value)} is no object`];
  const known = Object.entries(type).map(([name, member]) => ({
    name: name.replace('?', ''),
    member,
    mayMiss: name.endsWith('?'),
  }));
  const names = known.map(({ name }) => name);
  return [
    ...Object.keys(value).flatMap((name) => (names.includes(name) ? [] : [`${at}/${name}: is not in the table`])),
    ...known.flatMap(({ name, member, mayMiss }) => {
      if (value[name] === undefined) return mayMiss ? [] : [`${at}/${name}: is missing`];
      return differences(value[name], member, `${at}/${name}`);
    }),
  ];
}
