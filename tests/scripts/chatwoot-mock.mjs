// A mock of Chatwoot's API, which serves by the table in chatwoot-api.mjs: it refuses what is not in the table, and
// checks its own answers against it.

import { chatwootSource } from '../../scripts/import.mjs';
import {
  CONVERSATIONS_PER_PAGE,
  differences,
  MESSAGES_AFTER_PER_PAGE,
  MESSAGES_PER_PAGE,
  OPERATIONS,
  REQUESTS_PER_MINUTE,
} from './chatwoot-api.mjs';

/**
 * @typedef {{ agents?: any[], teams?: any[], inboxes?: any[], conversations: () => any[], messages: (conversationId: number) => any[] }} Account
 *   what is in an account: conversations as webhooks have them, and messages as webhooks have them but for `created_at`
 *   in seconds and with `status`, in their order
 */

/** The API of a Chatwoot with one account and one token. */
export class ChatwootApi {
  /** How often each operation was asked, by its path. */
  asked = new Map(OPERATIONS.map(({ path }) => [path, 0]));
  #account;
  #options;
  /** The minute that is counted, and how many requests it had. */
  #counted = { minute: -1, requests: 0 };

  /**
   * @param {Account} account
   * @param {{ accountId?: number, token?: string, old?: boolean, requestsPerMinute?: number, now?: () => number }} [options] `old`
   *   is a version before `updated_at`, `waiting_since` and assigned bots
   */
  constructor(account, options = {}) {
    this.#account = account;
    this.#options = {
      accountId: 7,
      token: 'the token of an administrator',
      old: false,
      requestsPerMinute: REQUESTS_PER_MINUTE,
      now: () => 0,
      ...options,
    };
  }

  /** Where and as whom it is asked, for `chatwootSource`. */
  get access() {
    return {
      url: 'https://chat.example.com',
      account: String(this.#options.accountId),
      token: this.#options.token,
    };
  }

  /** What the importer asks. */
  get source() {
    return chatwootSource(this.access, { fetch: this.fetch, delay: async () => {} });
  }

  /** Stands in for `fetch`. */
  fetch = async (target, init) => {
    const { status, body } = this.answer(target, init);
    return typeof body === 'string' ? new Response(body, { status }) : Response.json(body, { status });
  };

  /**
   * The answer to a request. What the table does not know is refused, although Chatwoot ignores parameters that it does
   * not know: a test should find them.
   */
  answer(target, { method = 'GET', headers = {} } = {}) {
    const { pathname, searchParams } = new URL(target);
    if (this.#isTooMuch()) return { status: 429, body: 'Retry later\n' };
    const found = this.#operationOf(pathname);
    if (method !== 'GET' || !found) return refusal(`there is no ${method} ${pathname}`);
    const { operation, ids } = found;
    const query = Object.fromEntries(searchParams);
    const wrong = Object.entries(query).flatMap(([name, value]) => {
      const type = operation.query[name];
      if (type === undefined) return [`${name}: is not in the table`];
      return differences(type === 'integer' ? Number(value) : value, type, name);
    });
    if (wrong.length > 0) return refusal(wrong.join('; '));
    this.asked.set(operation.path, (this.asked.get(operation.path) ?? 0) + 1);
    const answer = this.#serve(operation, ids, query, headers);
    const type = operation.answers[answer.status];
    const unlike = type === undefined ? [`no status ${answer.status}`] : differences(answer.body, type);
    return unlike.length > 0 ? refusal(`${operation.path}: ${unlike.join('; ')}`) : answer;
  }

  /** Requests are counted by the minute of the clock. */
  #isTooMuch() {
    const minute = Math.floor(this.#options.now() / 60_000);
    if (this.#counted.minute !== minute) this.#counted = { minute, requests: 0 };
    this.#counted.requests += 1;
    return this.#counted.requests > this.#options.requestsPerMinute;
  }

  #operationOf(pathname) {
    for (const operation of OPERATIONS) {
      const names = [];
      const pattern = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
        names.push(name);
        return '([^/]+)';
      });
      const match = new RegExp(`^${pattern}$`).exec(pathname);
      if (match) return { operation, ids: Object.fromEntries(names.map((name, index) => [name, match[index + 1]])) };
    }
    return undefined;
  }

  #serve({ path }, ids, query, headers) {
    const { accountId, token } = this.#options;
    if (headers.api_access_token !== token) return { status: 401, body: { error: 'Invalid Access Token' } };
    const gone = { status: 404, body: { error: 'Resource could not be found' } };
    if (ids.account_id !== String(accountId)) return gone;
    const ok = (body) => ({ status: 200, body });
    const { agents = [], teams = [], inboxes = [], conversations, messages } = this.#account;
    if (path.endsWith('/agents')) return ok(agents.map((agent) => this.#agentView(agent)));
    if (path.endsWith('/teams')) return ok(teams.map((team) => this.#teamView(team)));
    if (path.endsWith('/inboxes')) return ok({ payload: inboxes.map(inboxView) });
    if (path.endsWith('/conversations')) return ok(this.#list(query));
    const conversation = conversations().find(({ id }) => String(id) === ids.conversation_id);
    if (conversation === undefined) return gone;
    if (!path.endsWith('/messages')) return ok(this.#conversationView(conversation));
    const page = messagesPage(messages(conversation.id), query);
    return ok(this.#messagesView(conversation, page));
  }

  #list({ status = 'open', assignee_type: whose = 'all', page = '1', inbox_id: inboxId, team_id: teamId }) {
    const isWhose = {
      all: () => true,
      me: () => false,
      unassigned: ({ meta }) => !meta.assignee,
      assigned: ({ meta }) => Boolean(meta.assignee),
    };
    const all = this.#account
      .conversations()
      .filter((conversation) => status === 'all' || conversation.status === status)
      .filter((conversation) => inboxId === undefined || String(conversation.inbox_id) === inboxId)
      .filter(({ meta }) => teamId === undefined || String(meta.team?.id) === teamId)
      .toSorted((left, right) => right.last_activity_at - left.last_activity_at);
    const assigned = all.filter(isWhose.assigned).length;
    const counts = {
      mine_count: 0,
      assigned_count: assigned,
      unassigned_count: all.length - assigned,
      all_count: all.length,
    };
    const first = (Number(page) - 1) * CONVERSATIONS_PER_PAGE;
    const shown = all.filter(isWhose[whose]).slice(first, first + CONVERSATIONS_PER_PAGE);
    return { data: { meta: counts, payload: shown.map((conversation) => this.#conversationView(conversation)) } };
  }

  // --- Views ---

  #agentView({ id, name, role = 'agent' }) {
    return {
      id,
      account_id: this.#options.accountId,
      availability_status: 'online',
      auto_offline: true,
      confirmed: true,
      email: `agent-${id}@example.com`,
      provider: 'email',
      available_name: name,
      name,
      role,
      thumbnail: '',
    };
  }

  #teamView({ id, name }) {
    const { accountId } = this.#options;
    return { id, name, description: null, allow_auto_assign: true, account_id: accountId, is_member: false };
  }

  /** An assignee has no `type` here, unlike in a webhook. */
  #assigneeView({ assignee }) {
    if (!assignee) return {};
    const { old } = this.#options;
    const { id, name } = assignee;
    const slim = { id, name, description: null, thumbnail: '' };
    switch (assignee.type) {
      case 'captain_assistant':
        return old ? {} : { assignee: slim, assignee_type: 'Captain::Assistant' };
      case 'agent_bot':
        return old
          ? {}
          : {
              assignee: { ...slim, outgoing_url: null, bot_type: 'webhook', assignee_type: 'AgentBot' },
              assignee_type: 'AgentBot',
            };
      default:
        return { assignee: this.#agentView(assignee), ...(!old && { assignee_type: 'User' }) };
    }
  }

  #conversationView(conversation) {
    const { id, meta, channel, updated_at: updatedAt, waiting_since: waitingSince } = conversation;
    const { accountId, old } = this.#options;
    const messages = this.#account.messages(id);
    const latest = (list) => {
      const last = list.at(-1);
      return last && this.#latestMessageView(conversation, last);
    };
    const lastOfAll = latest(messages);
    return {
      meta: {
        sender: contactView(meta.sender),
        channel: channel ?? 'Channel::Api',
        ...this.#assigneeView(meta),
        ...(meta.team && { team: this.#teamView(meta.team) }),
        hmac_verified: false,
      },
      id,
      messages: lastOfAll ? [lastOfAll] : [],
      account_id: accountId,
      uuid: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
      additional_attributes: {},
      agent_last_seen_at: 0,
      assignee_last_seen_at: 0,
      can_reply: true,
      contact_last_seen_at: 0,
      custom_attributes: {},
      inbox_id: conversation.inbox_id ?? 1,
      labels: conversation.labels ?? [],
      muted: false,
      snoozed_until: conversation.snoozed_until ?? null,
      status: conversation.status,
      created_at: conversation.created_at,
      ...(!old && updatedAt !== undefined && { updated_at: updatedAt }),
      timestamp: conversation.last_activity_at,
      first_reply_created_at: Math.floor(Date.parse(conversation.first_reply_created_at ?? 0) / 1000) || 0,
      unread_count: 0,
      last_non_activity_message: latest(messages.filter(({ message_type: type }) => type !== 2)) ?? null,
      last_activity_at: conversation.last_activity_at,
      ...(!old && { priority: null, waiting_since: waitingSince ?? 0, sla_policy_id: null }),
    };
  }

  #messagesView(conversation, page) {
    const { meta } = conversation;
    const { assignee_type: type } = this.#assigneeView(meta);
    return {
      meta: {
        labels: conversation.labels ?? [],
        additional_attributes: {},
        contact: contactView(meta.sender),
        ...(type && { assignee: meta.assignee, assignee_type: type }),
        agent_last_seen_at: null,
        assignee_last_seen_at: null,
      },
      payload: page.map((message) => messageView(conversation, message)),
    };
  }

  #latestMessageView(conversation, message) {
    const types = { contact: 'Contact', user: 'User', agent_bot: 'AgentBot', captain_assistant: 'Captain::Assistant' };
    const { sender } = message;
    return {
      ...messageView(conversation, message),
      account_id: this.#options.accountId,
      updated_at: new Date(message.created_at * 1000).toISOString(),
      sender_type: sender ? types[sender.type ?? 'contact'] : null,
      sender_id: sender?.id ?? null,
      additional_attributes: {},
      processed_message_content: message.content ?? null,
    };
  }
}

const refusal = (why) => ({ status: 501, body: { error: `The table of Chatwoot's API: ${why}` } });

/** Those before an id, or the latest; in the order of their instants. */
function messagesPage(messages, { before, after }) {
  if (after !== undefined && before === undefined) {
    return messages.filter(({ id }) => id > Number(after)).slice(0, MESSAGES_AFTER_PER_PAGE);
  }
  const older = before === undefined ? messages : messages.filter(({ id }) => id < Number(before));
  return older.slice(-MESSAGES_PER_PAGE);
}

function inboxView({ id, name, channel = 'Channel::Api' }) {
  return {
    id,
    avatar_url: null,
    channel_id: id,
    name,
    channel_type: channel,
    greeting_enabled: false,
    greeting_message: null,
    working_hours_enabled: false,
    enable_email_collect: true,
    csat_survey_enabled: false,
    enable_auto_assignment: true,
    out_of_office_message: null,
    timezone: 'UTC',
    allow_messages_after_resolved: true,
    lock_to_single_conversation: false,
  };
}

/** A contact has no `type` here, unlike in a webhook. */
function contactView({ id, name = null, email = null, phone_number: phone = null, blocked }) {
  return {
    additional_attributes: {},
    availability_status: 'offline',
    email,
    id,
    name,
    phone_number: phone,
    ...(blocked !== undefined && { blocked }),
    identifier: null,
    thumbnail: '',
    custom_attributes: {},
  };
}

function messageView(conversation, message) {
  const { sender, attachments } = message;
  return {
    id: message.id,
    content: message.content ?? null,
    inbox_id: conversation.inbox_id ?? 1,
    conversation_id: conversation.id,
    message_type: message.message_type,
    content_type: message.content_type ?? 'text',
    status: message.status,
    content_attributes: message.content_attributes ?? {},
    created_at: message.created_at,
    private: message.private === true,
    source_id: message.source_id ?? null,
    ...(sender && { sender: { ...sender, type: sender.type ?? 'contact' } }),
    ...(attachments?.length > 0 && { attachments }),
  };
}
