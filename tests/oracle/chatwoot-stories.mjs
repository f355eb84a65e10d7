// The stories of Chatwoot, and the account that has sent the webhooks of a story so far.

import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../data/webhooks/', import.meta.url);
/** As the API has them. */
const MESSAGE_TYPES = ['incoming', 'outgoing', 'activity', 'template'];
const AGENTS = [
  { id: 11, name: 'Amara Okonjo', role: 'agent' },
  { id: 12, name: 'Benedikt Haas', role: 'administrator' },
];

/** The stories, by name: the webhooks of each, in their order, and what the report must show at which instant. */
export function chatwootStories() {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' });
  const names = files
    .filter((file) => /^chatwoot.*\.expect\.json$/.test(file))
    .map((file) => file.replace('.expect.json', ''));
  return names.sort().map((name) => {
    const read = (ending) => readFileSync(new URL(name + ending, FOLDER), 'utf8');
    const webhooks = read('.ndjson').trim().split('\n');
    return { name, ...JSON.parse(read('.expect.json')), webhooks: webhooks.map((line) => JSON.parse(line)) };
  });
}

/** Whether an agent wrote it to the customer, in Chatwoot or on the phone. */
function isAgents({ message_type: type, private: isPrivate, sender, content_attributes: attributes, campaign }) {
  const isPersons = !sender || sender.type === 'user';
  return MESSAGE_TYPES[type] === 'outgoing' && !isPrivate && isPersons && !attributes?.automation_rule_id && !campaign;
}

/** The account whose webhooks these are: the latest that each says is how it is. */
export class StoryChatwoot {
  #conversations = new Map();
  #messages = new Map();
  #contacts = new Map();
  #inboxes = new Map();
  #teams = new Map();

  /** @param {{ body: string }} webhook */
  add({ body }) {
    const { event, ...data } = JSON.parse(body);
    if (event?.startsWith('conversation_') && data.id) this.#addConversation(data);
    if (event?.startsWith('message_')) this.#addMessage(data);
    if (event === 'contact_updated') this.#contacts.set(data.id, { blocked: data.blocked });
  }

  #addConversation({ changed_attributes: _, contact_inbox: __, account: ___, ...data }) {
    const known = this.#conversations.get(data.id);
    // A webhook that came late says what was.
    if ((known?.updated_at ?? 0) > data.updated_at) return;
    const { team } = data.meta;
    if (team) this.#teams.set(team.id, team);
    for (const message of data.messages ?? []) this.#noteStatus(data.id, message);
    this.#conversations.set(data.id, data);
  }

  #addMessage({ conversation, account: _, additional_attributes: additional, inbox, ...data }) {
    if (inbox) this.#inboxes.set(inbox.id, inbox);
    const messages = this.#messages.get(conversation.id) ?? new Map();
    this.#messages.set(conversation.id, messages);
    const known = messages.get(data.id);
    const createdAt = Math.floor(Date.parse(data.created_at) / 1000);
    messages.set(data.id, {
      status: 'sent',
      ...known,
      ...data,
      message_type: MESSAGE_TYPES.indexOf(data.message_type),
      created_at: createdAt,
      campaign: additional?.campaign_id,
    });
    this.#addConversation(conversation);
    for (const message of conversation.messages ?? []) this.#noteStatus(conversation.id, message);
  }

  #noteStatus(id, { id: messageId, status }) {
    const message = this.#messages.get(id)?.get(messageId);
    if (message && status) message.status = status;
  }

  /**
   * A conversation as it is now. Since when the customer waits is counted again: a webhook may have been sent before an
   * agent's answer had cleared it.
   */
  #view(conversation) {
    let waitingSince = 0;
    for (const message of this.#messagesOf(conversation.id)) {
      if (message.message_type === 0) waitingSince ||= message.created_at;
      if (isAgents(message)) waitingSince = 0;
    }
    const { sender } = conversation.meta;
    return {
      ...conversation,
      meta: { ...conversation.meta, sender: sender && { ...sender, ...this.#contacts.get(sender.id) } },
      waiting_since: conversation.status === 'resolved' ? 0 : waitingSince,
    };
  }

  #messagesOf(id) {
    const messages = this.#messages.get(id) ?? new Map();
    return [...messages.values()].sort((left, right) => left.id - right.id);
  }

  /** What is in the account, for the mock of Chatwoot's API. */
  get account() {
    return {
      agents: AGENTS,
      teams: [...this.#teams.values()],
      inboxes: [...this.#inboxes.values()],
      conversations: () => [...this.#conversations.values()].map((conversation) => this.#view(conversation)),
      messages: (id) => this.#messagesOf(id),
    };
  }
}
