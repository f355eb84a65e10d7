/**
 * Random histories of a Chatwoot account as its webhooks tell them: a small Chatwoot that customers, agents, bots,
 * rules and timers use, and whose jobs send what there is when they run. The same seed gives the same sequence.
 *
 *   node tests/oracle/chatwoot-generator.mjs 10000 > sequences.ndjson
 *
 * writes that many sequences, one a line, each with the events that tests/oracle/chatwoot.mjs makes of its deliveries.
 *
 * The payloads have the members that Chatwoot 4 sends, and some sequences those of an older version. They happen as
 * they do in Chatwoot: a customer's message wakes a snoozed conversation and reopens a resolved one, for the bot if the
 * inbox has one; an agent's answer opens a pending one; one change sends `conversation_status_changed` without its log
 * and `conversation_updated` with it; a rule, a campaign or a template has no sender, or one that did not write it.
 */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { mapChatwoot } from './chatwoot.mjs';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const FIRST_DAY = Date.UTC(2026, 2, 2);
const DAYS = 200;

/** In every text, so that a test can see whether one came through. */
export const CANARY = 'canary-text';

const ACCOUNT = { id: 7, name: 'Brindlewick Home Goods' };
const AGENTS = [
  { id: 11, name: 'Amara Okonjo' },
  { id: 12, name: 'Benedikt Haas' },
  { id: 13, name: 'Chiara Lunghi' },
];
/** A user by whose token a bot writes. */
const TOKEN_BOT = { id: 90, name: 'Order Helper' };
const AGENT_BOT = { id: 9, name: 'Flow bot' };
const CAPTAIN = { id: 4, name: 'Captain Brindle' };
const TEAMS = [
  { id: 2, name: 'Parcels' },
  { id: 3, name: 'Billing' },
];
const INBOXES = [
  { id: 3, name: 'WhatsApp Care', channel: 'Channel::Whatsapp', bot: 'captain_assistant' },
  { id: 4, name: 'Page', channel: 'Channel::FacebookPage', bot: 'agent_bot' },
  { id: 5, name: 'Shop Chat', channel: 'Channel::WebWidget' },
  { id: 6, name: 'Orders', channel: 'Channel::Email' },
  { id: 7, name: 'App', channel: 'Channel::Api', tokenBot: true },
  { id: 8, name: 'Short messages', channel: 'Channel::TwilioSms' },
  { id: 9, name: 'Hotline', channel: 'Channel::Voice' },
  { id: 10, name: 'A fork', channel: 'Channel::Carrier' },
];
const CUSTOMERS = [
  ['Ravi Menon', '+447700900141'],
  ['Ines Calvo', '+34600000014'],
  ['Maud Perrin', null],
  ['', '+48500000020'],
  [null, null],
  ['T'.repeat(600), '+'.padEnd(80, '1')],
  ['Żaneta 🦉 Öztürk', '+905550000012'],
];
const SETTINGS = [
  {},
  {},
  { department: 'inbox' },
  { aiUserIds: [TOKEN_BOT.id] },
  { aiUserIds: [TOKEN_BOT.id], department: 'inbox', observe: false },
  { prefix: 'cw1-', aiUserIds: [TOKEN_BOT.id] },
  { botsAnswerWhileOpen: true },
];
const ODD_VALUES = [null, '', {}, [], 0, 'odd', true, -1, 1.5, '12', 1e15, ['odd'], { id: null }];

/**
 * One sequence: what arrived, in order of arrival.
 *
 * `settings` are those of the connection. `odd` sequences have payloads in which a member is missing or of another
 * type; `lossy` ones lost deliveries. `owed` are conversations in which the customer wrote last, and needs an answer,
 * and whose question nobody resolved, as this Chatwoot knows it at `endsAt`; it is empty if the sequence is odd or
 * lossy.
 *
 * @param {string | number} seed
 * @param {{ odd?: boolean, lossy?: boolean }} [only] instead of what the seed says
 */
export function chatwootSequence(seed, only = {}) {
  return chatwootRun(seed, only).sequence;
}

/** A sequence, and the Chatwoot that it is of, whose `account` the mock of the API serves. */
export function chatwootRun(seed, only = {}) {
  const random = seededRandom(`chatwoot ${seed}`);
  const odd = random.chance(0.1);
  const lossy = random.chance(0.2);
  const options = { odd, lossy, ...only };
  const chatwoot = new Chatwoot(random);
  const settings = random.pick(SETTINGS);
  for (let conversations = random.pick([1, 1, 1, 2]); conversations > 0; conversations -= 1) chatwoot.begin();
  for (let steps = random.between(3, 14); steps > 0; steps -= 1) {
    chatwoot.wait(pause(random));
    chatwoot.step();
  }
  chatwoot.wait(HOUR);
  const deliveries = delivered(chatwoot.sent, random, options);
  const owed = chatwoot.owed(settings).map((id) => `${settings.prefix ?? ''}${id}`);
  const sequence = {
    seed,
    settings,
    ...options,
    deliveries,
    endsAt: iso(chatwoot.now),
    owed: options.odd || options.lossy ? [] : owed,
  };
  return { sequence, chatwoot, owed };
}

/** Often within one second, mostly within minutes. */
function pause(random) {
  if (random.chance(0.2)) return random.between(1, 900);
  return random.spread(SECOND, 3 * HOUR);
}

/** The deliveries after the network: some twice, some late, and if it is `lossy` some not at all. */
function delivered(sent, random, { odd, lossy }) {
  const arrivals = [];
  for (const { at, webhook } of sent) {
    if (lossy && random.chance(0.15)) continue;
    const late = random.chance(0.05) ? random.spread(SECOND, 10 * MINUTE) : 0;
    const receivedAt = at + random.between(5, 400) + late;
    const body = odd && random.chance(0.3) ? withOddMember(webhook, random) : webhook;
    arrivals.push({ receivedAt, webhook: body });
    if (random.chance(0.08)) arrivals.push({ receivedAt: receivedAt + random.spread(50, HOUR), webhook: body });
  }
  arrivals.sort((left, right) => left.receivedAt - right.receivedAt);
  return arrivals.map(({ receivedAt, webhook }) => ({ receivedAt: iso(receivedAt), webhook }));
}

/** The payload with one member, at any depth, left out or of another type. */
function withOddMember(webhook, random) {
  const copy = structuredClone(webhook);
  let parent = copy;
  for (;;) {
    const key = random.pick(Object.keys(parent));
    const child = parent[key];
    const isDeeper = child !== null && typeof child === 'object' && Object.keys(child).length > 0;
    if (isDeeper && random.chance(0.8)) {
      parent = child;
      continue;
    }
    if (random.chance(0.5) && !Array.isArray(parent)) delete parent[key];
    else parent[key] = structuredClone(random.pick(ODD_VALUES));
    return copy;
  }
}

// ---------------------------------------------------------------------------------------------------------------
// A small Chatwoot
// ---------------------------------------------------------------------------------------------------------------

class Chatwoot {
  constructor(random) {
    this.random = random;
    this.now = FIRST_DAY + random.between(0, DAYS * 24 * HOUR);
    this.nextMessageId = random.between(9_000, 90_000);
    this.nextConversationId = random.between(3_100, 3_900);
    this.nextContactId = random.between(200, 900);
    this.conversations = [];
    /** Jobs that have not run: `{ at, build }`. */
    this.jobs = [];
    /** Webhooks that were sent: `{ at, webhook }`. */
    this.sent = [];
    // An older version sends no `updated_at`, `waiting_since`, `priority` and `assignee_type`, and no `blocked`.
    this.old = random.chance(0.08);
    // Whether a message moves its conversation's `updated_at`.
    this.touches = random.chance(0.5);
    // One fork sends the change of status with `conversation_status_changed`.
    this.logsStatus = random.chance(0.1);
  }

  // --- Clock and jobs ---

  wait(milliseconds) {
    this.now += milliseconds;
    this.runJobs();
  }

  runJobs() {
    const due = this.jobs.filter((job) => job.at <= this.now).sort((left, right) => left.at - right.at);
    this.jobs = this.jobs.filter((job) => job.at > this.now);
    for (const { at, build } of due) this.sent.push({ at, webhook: structuredClone(build()) });
  }

  /** A job runs a moment later, sometimes much later, and sends what there is then. */
  enqueue(build) {
    const { random } = this;
    const delay = random.chance(0.06) ? random.spread(SECOND, 5 * MINUTE) : random.between(10, 300);
    this.jobs.push({ at: this.now + delay, build });
  }

  // --- What happens ---

  begin() {
    const { random } = this;
    const inbox = random.pick(INBOXES);
    const [name, phone] = random.pick(CUSTOMERS);
    const contact = { id: this.nextContactId, name, phone, blocked: random.chance(0.03), email: null };
    this.nextContactId += 1;
    const conversation = {
      id: this.nextConversationId,
      inbox,
      contact,
      status: contact.blocked ? 'resolved' : inbox.bot ? 'pending' : 'open',
      assignee: undefined,
      team: random.chance(0.2) ? random.pick(TEAMS) : undefined,
      snoozedUntil: null,
      labels: [],
      waitingSince: this.now,
      firstReplyAt: null,
      createdAt: this.now,
      updatedAt: this.now,
      activityAt: this.now,
      micros: random.between(0, 999),
      messages: [],
      resolvedAt: -Infinity,
    };
    this.nextConversationId += 1;
    if (conversation.status === 'pending' && random.chance(0.2)) conversation.assignee = botOf(inbox);
    if (conversation.status === 'open' && random.chance(0.3)) conversation.assignee = agent(random.pick(AGENTS));
    if (inbox.tokenBot && random.chance(0.3)) conversation.assignee = agent(TOKEN_BOT);
    this.conversations.push(conversation);
    this.enqueue(() => ({ ...this.conversationData(conversation), event: 'conversation_created' }));
    if (random.chance(0.1)) this.sendCampaign(conversation);
    else this.customerWrites(conversation);
    if (random.chance(0.1)) this.sendTemplate(conversation, 'text');
    this.runJobs();
  }

  step() {
    const { random } = this;
    const conversation = random.pick(this.conversations);
    const [, act] = weighted(random, [
      [22, () => this.customerWrites(conversation)],
      [14, () => this.botAnswers(conversation)],
      [7, () => this.botHandsOff(conversation)],
      [3, () => this.botResolves(conversation)],
      [14, () => this.agentAnswers(conversation)],
      [4, () => this.agentAnswersOnPhone(conversation)],
      [5, () => this.agentNotes(conversation)],
      [9, () => this.assign(conversation)],
      [4, () => this.unassign(conversation)],
      [2, () => this.assignBot(conversation)],
      [5, () => this.moveToTeam(conversation)],
      [8, () => this.resolve(conversation)],
      [5, () => this.reopen(conversation)],
      [4, () => this.handBack(conversation)],
      [5, () => this.snooze(conversation)],
      [3, () => this.snoozeEnds(conversation)],
      [4, () => this.ruleWrites(conversation)],
      [3, () => this.ruleAssigns(conversation)],
      [3, () => this.resolveByTimer(conversation)],
      [2, () => this.sendCampaign(conversation)],
      [3, () => this.sendTemplate(conversation, random.pick(['text', 'input_csat', 'input_email']))],
      [16, () => this.reportStatus(conversation)],
      [4, () => this.deleteMessage(conversation)],
      [4, () => this.changeContact(conversation)],
      [4, () => this.label(conversation)],
      [4, () => this.nothingOfOurs(conversation)],
    ]);
    act();
    this.runJobs();
  }

  customerWrites(conversation) {
    const { random } = this;
    const isEmail = conversation.inbox.channel === 'Channel::Email';
    const [, kind] = weighted(random, [
      [70, 'text'],
      [10, 'media'],
      [isEmail ? 15 : 0, 'auto_reply'],
      [3, 'reaction'],
      [3, 'voice_call'],
      [4, 'quote'],
    ]);
    const contentAttributes = {
      text: {},
      media: {},
      auto_reply: { email: { auto_reply: true, subject: CANARY, message_id: 'made-up@mail.example' } },
      reaction: { is_reaction: true, in_reply_to: 1 },
      voice_call: { data: { call_sid: 'made-up', status: 'completed' } },
      quote: { in_reply_to: 1, in_reply_to_external_id: 'wamid.made-up' },
    }[kind];
    if (isEmail && kind === 'text') contentAttributes.email = { auto_reply: false, subject: CANARY };
    this.write(conversation, {
      type: 'incoming',
      asks: ['text', 'media', 'quote'].includes(kind),
      sender: { ...conversation.contact, type: 'contact' },
      contentAttributes,
      contentType: isEmail ? 'incoming_email' : kind === 'voice_call' ? 'voice_call' : 'text',
      ...(kind === 'media' && { content: random.pick([null, '']), attachments: [attachment()] }),
    });
    if (conversation.status === 'snoozed') this.change(conversation, { status: 'open' });
    if (conversation.status === 'resolved') {
      this.change(conversation, { status: conversation.inbox.bot ? 'pending' : 'open' });
    }
    if (conversation.waitingSince === null) this.change(conversation, { waitingSince: this.now });
  }

  botAnswers(conversation) {
    const bot = botOf(conversation.inbox);
    if (bot === undefined) return;
    // It may not know that people have it.
    if (conversation.inbox.bot && conversation.status !== 'pending' && this.random.chance(0.7)) return;
    this.write(conversation, { type: 'outgoing', sender: bot });
  }

  /** The words and the hand-off are two calls, in either order. */
  botHandsOff(conversation) {
    const { random } = this;
    if (!conversation.inbox.bot || conversation.status !== 'pending') return;
    const words = () => {
      this.write(conversation, { type: 'outgoing', sender: botOf(conversation.inbox), promises: true });
    };
    const opens = () => {
      const team = random.chance(0.4) ? { team: random.pick(TEAMS) } : {};
      const assignee = random.chance(0.2) ? { assignee: agent(random.pick(AGENTS)) } : { assignee: undefined };
      this.change(conversation, { status: 'open', ...team, ...assignee });
    };
    const steps = random.pick([[words, opens], [words, opens], [opens, words], [opens]]);
    for (const step of steps) {
      step();
      this.wait(random.between(1, random.chance(0.2) ? 9_000 : 400));
    }
  }

  /** It says goodbye, and resolves the conversation before the job of its message runs. */
  botResolves(conversation) {
    if (!conversation.inbox.bot || conversation.status !== 'pending') return;
    this.write(conversation, { type: 'outgoing', sender: botOf(conversation.inbox) });
    this.change(conversation, { status: 'resolved' });
  }

  agentAnswers(conversation) {
    const { random } = this;
    const author = conversation.assignee?.type === 'user' ? conversation.assignee : agent(random.pick(AGENTS));
    const media = random.chance(0.1) && { content: null, attachments: [attachment()] };
    this.write(conversation, { type: 'outgoing', sender: author, ...media });
    if (conversation.status === 'pending') this.change(conversation, { status: 'open' });
    const firstReplyAt = conversation.firstReplyAt ?? this.now;
    this.change(conversation, { waitingSince: null, firstReplyAt });
  }

  agentAnswersOnPhone(conversation) {
    const contentAttributes = { external_echo: true };
    this.write(conversation, { type: 'outgoing', sender: null, contentAttributes, status: 'delivered' });
  }

  agentNotes(conversation) {
    const { random } = this;
    const sender = random.chance(0.8) ? agent(random.pick(AGENTS)) : (botOf(conversation.inbox) ?? null);
    this.write(conversation, { type: 'outgoing', sender, private: true });
  }

  assign(conversation) {
    const { random } = this;
    const chosen = random.chance(0.1) ? TOKEN_BOT : random.pick(AGENTS);
    const opens = conversation.status === 'pending' && random.chance(0.5) ? { status: 'open' } : {};
    this.change(conversation, { assignee: agent(chosen), ...opens });
  }

  unassign(conversation) {
    this.change(conversation, { assignee: undefined });
  }

  /** Newer versions let a bot have a conversation that is open. */
  assignBot(conversation) {
    if (conversation.inbox.bot) this.change(conversation, { assignee: botOf(conversation.inbox) });
  }

  moveToTeam(conversation) {
    const { random } = this;
    this.change(conversation, { team: random.chance(0.8) ? random.pick(TEAMS) : undefined });
  }

  /** Sometimes the customer writes at that very moment. */
  resolve(conversation) {
    this.change(conversation, { status: 'resolved' });
    this.write(conversation, { type: 'activity', sender: null });
    if (!this.random.chance(0.3)) return;
    this.wait(this.random.between(1, 900));
    this.customerWrites(conversation);
  }

  /** An agent reopens it, or a rule does; people's, or the bot's again. */
  reopen(conversation) {
    const { random } = this;
    if (conversation.status !== 'resolved') return;
    this.change(conversation, { status: random.chance(0.8) ? 'open' : 'pending' });
  }

  handBack(conversation) {
    if (conversation.status !== 'open') return;
    this.change(conversation, { status: 'pending', ...(this.random.chance(0.5) && { assignee: undefined }) });
  }

  snooze(conversation) {
    const { random } = this;
    if (conversation.status === 'resolved') return;
    const until = random.chance(0.6) ? this.now + random.spread(MINUTE, 24 * HOUR) : null;
    this.change(conversation, { status: 'snoozed', snoozedUntil: until });
  }

  snoozeEnds(conversation) {
    if (conversation.status === 'snoozed') this.change(conversation, { status: 'open' });
  }

  ruleWrites(conversation) {
    const { random } = this;
    const sender = random.chance(0.8) ? null : agent(random.pick(AGENTS));
    this.write(conversation, { type: 'outgoing', sender, contentAttributes: { automation_rule_id: 31 } });
  }

  ruleAssigns(conversation) {
    const { random } = this;
    this.change(conversation, { assignee: agent(random.pick(AGENTS)), team: random.pick(TEAMS) });
  }

  resolveByTimer(conversation) {
    if (conversation.status !== 'open') return;
    if (this.random.chance(0.5)) this.sendTemplate(conversation, 'text');
    this.change(conversation, { status: 'resolved' });
  }

  sendCampaign(conversation) {
    const { random } = this;
    const sender = random.chance(0.5) ? null : agent(random.pick(AGENTS));
    this.write(conversation, { type: 'outgoing', sender, additionalAttributes: { campaign_id: 12 } });
  }

  sendTemplate(conversation, contentType) {
    this.write(conversation, { type: 'template', sender: null, contentType });
  }

  /** A send fails, is tried again, is delivered or read. Most of these are the last message's, not all. */
  reportStatus(conversation) {
    const { random } = this;
    const outgoing = conversation.messages.filter((message) => message.type === 'outgoing' && !message.private);
    if (outgoing.length === 0) return;
    const message = random.chance(0.8) ? outgoing.at(-1) : random.pick(outgoing);
    const status = random.pick(
      message.status === 'failed' ? ['sent', 'sent', 'failed'] : ['failed', 'failed', 'delivered', 'read'],
    );
    const { external_error: _, ...attributes } = message.contentAttributes;
    const contentAttributes = status === 'failed' ? { ...attributes, external_error: `131026: ${CANARY}` } : attributes;
    this.edit(conversation, message, { status, contentAttributes });
  }

  deleteMessage(conversation) {
    const { random } = this;
    const sendable = conversation.messages.filter((message) => message.type !== 'activity');
    if (sendable.length === 0) return;
    const message = random.chance(0.5) ? sendable.at(-1) : random.pick(sendable);
    this.edit(conversation, message, {
      contentAttributes: { deleted: true },
      contentType: 'text',
      attachments: undefined,
    });
  }

  changeContact({ contact }) {
    const { random } = this;
    const before = { ...contact };
    const [, change] = weighted(random, [
      [5, { name: `${contact.name ?? 'Ravi'} Jr` }],
      [3, { phone: `+4930${random.between(100_000, 999_999)}` }],
      [2, { blocked: !contact.blocked }],
    ]);
    Object.assign(contact, change);
    const log = [
      ...(contact.name === before.name ? [] : [logged('name', before.name, contact.name)]),
      ...(contact.phone === before.phone ? [] : [logged('phone_number', before.phone, contact.phone)]),
      ...(contact.blocked === before.blocked ? [] : [logged('blocked', before.blocked, contact.blocked)]),
      logged('updated_at', iso(this.now - MINUTE), iso(this.now)),
    ];
    const withLog = random.chance(0.9) ? log : log.slice(0, -1);
    this.enqueue(() => ({ ...this.contactData(contact), event: 'contact_updated', changed_attributes: withLog }));
  }

  label(conversation) {
    this.change(conversation, { labels: [...conversation.labels, 'vip'].slice(-2) });
  }

  /** Events that nobody needs, and those of a version to come. */
  nothingOfOurs(conversation) {
    const data = () => this.conversationData(conversation);
    const user = { ...AGENTS[0], type: 'user' };
    const build = this.random.pick([
      () => ({ event: 'conversation_typing_on', user, conversation: data(), is_private: false }),
      () => ({ event: 'webwidget_triggered', id: 1, contact: this.contactData(conversation.contact), event_info: {} }),
      () => ({ event: 'contact_created', ...this.contactData(conversation.contact) }),
      () => ({ event: 'inbox_updated', channel: {}, changed_attributes: [logged('name', 'A', 'B')] }),
      () => ({ event: 'conversation_merged', ...data() }),
    ]);
    this.enqueue(build);
  }

  // --- What Chatwoot does with it ---

  write(conversation, { type, sender, ...more }) {
    const message = {
      id: this.nextMessageId,
      type,
      sender,
      private: false,
      content: `${CANARY} ${this.nextMessageId}`,
      contentType: 'text',
      contentAttributes: {},
      additionalAttributes: {},
      attachments: undefined,
      status: 'sent',
      createdAt: this.now,
      updatedAt: this.now,
      ...more,
    };
    this.nextMessageId += this.random.between(1, 3);
    conversation.messages.push(message);
    conversation.activityAt = this.now;
    if (this.touches) conversation.updatedAt = this.now;
    // The timeline's own entries, such as "Conversation was resolved", are not sent.
    if (type !== 'activity') this.enqueue(() => this.messageData(conversation, message, 'message_created'));
    return message;
  }

  edit(conversation, message, changes) {
    Object.assign(message, changes, { updatedAt: this.now });
    if (this.touches) conversation.updatedAt = this.now;
    this.enqueue(() => this.messageData(conversation, message, 'message_updated'));
  }

  /** One save of a conversation. A person's assignment takes the bot's off. */
  change(conversation, changes) {
    const before = { ...conversation };
    Object.assign(conversation, changes);
    if (conversation.status !== 'snoozed') conversation.snoozedUntil = null;
    const log = changeLog(before, conversation);
    if (log.length === 0) return;
    conversation.updatedAt = this.now;
    conversation.micros = this.random.between(0, 999);
    log.push(logged('updated_at', iso(before.updatedAt), iso(this.now)));
    // Resolving forgets who waits, in a way that nothing is sent about.
    const statusChanged = conversation.status !== before.status;
    if (statusChanged && conversation.status === 'resolved') {
      conversation.waitingSince = null;
      conversation.resolvedAt = this.now;
    }
    const data = (event, changed) => () => ({
      ...this.conversationData(conversation),
      event,
      changed_attributes: changed,
    });
    if (statusChanged) {
      const own = log.filter((change) => 'status' in change);
      this.enqueue(data('conversation_status_changed', this.logsStatus ? own : null));
    }
    this.enqueue(data('conversation_updated', log));
  }

  /** See `chatwootSequence`. With `botsAnswerWhileOpen` a bot's words after the hand-off are an answer. */
  owed({ botsAnswerWhileOpen = false }) {
    return this.conversations
      .filter(({ contact, inbox, status, resolvedAt, messages }) => {
        if (contact.blocked || inbox.channel === 'Channel::Voice' || status === 'resolved') return false;
        const left = messages.filter((message) => !message.contentAttributes.deleted);
        const last = left.findLast((message) => message.asks || mayAnswer(message, botsAnswerWhileOpen));
        return last?.asks === true && last.createdAt > resolvedAt;
      })
      .map(({ id }) => id);
  }

  // --- The API ---

  /** What is in the account, for the mock of Chatwoot's API. */
  get account() {
    return {
      agents: [...AGENTS, TOKEN_BOT],
      teams: TEAMS,
      inboxes: INBOXES,
      conversations: () => this.conversations.map((conversation) => this.conversationData(conversation)),
      messages: (id) => {
        const conversation = this.conversations.find((candidate) => candidate.id === id);
        return conversation.messages.map((message) => this.heldMessage(conversation, message));
      },
    };
  }

  /** A message as a webhook has it, with its instant in seconds and its state as of now. */
  heldMessage(conversation, message) {
    const type = { incoming: 0, outgoing: 1, activity: 2, template: 3 }[message.type];
    const common = { message_type: type, created_at: seconds(message.createdAt), status: message.status };
    return { ...this.messageData(conversation, message, ''), ...common };
  }

  // --- Payloads ---

  messageData(conversation, message, event) {
    return {
      account: ACCOUNT,
      additional_attributes: message.additionalAttributes,
      content_attributes: message.contentAttributes,
      content_type: message.contentType,
      content: message.content,
      conversation: this.conversationData(conversation),
      created_at: iso(message.createdAt),
      id: message.id,
      inbox: { id: conversation.inbox.id, name: conversation.inbox.name },
      message_type: message.type,
      private: message.private,
      sender: this.senderData(message.sender),
      source_id: null,
      ...(message.attachments && { attachments: message.attachments }),
      event,
    };
  }

  senderData(sender) {
    if (sender === null) return null;
    const { type, ...own } = sender;
    if (type === 'contact') return this.contactData(own);
    if (type === 'captain_assistant') {
      return { ...own, avatar_url: '', description: CANARY, created_at: '2026-02-02T08:00:00.000Z', type };
    }
    return type === 'user' ? { ...own, email: 'agent@brindlewick.example', type } : { ...own, type };
  }

  contactData(contact) {
    return {
      account: ACCOUNT,
      avatar: '',
      ...this.contactFields(contact),
    };
  }

  contactFields({ id, name, phone, blocked, email }) {
    return {
      additional_attributes: {},
      custom_attributes: {},
      email,
      id,
      identifier: null,
      name,
      phone_number: phone,
      thumbnail: '',
      ...(!this.old && { blocked }),
    };
  }

  conversationData(conversation) {
    const { id, inbox, contact, assignee, team } = conversation;
    const sourceId = contact.id % 2 === 0 ? 'made-up' : `whatsapp:${contact.phone}`;
    const last = conversation.messages.filter((message) => message.type !== 'activity' && !message.private).at(-1);
    const isBot = assignee !== undefined && assignee.type !== 'user';
    return {
      additional_attributes: {},
      can_reply: true,
      channel: inbox.channel,
      contact_inbox: { id: 500 + contact.id, contact_id: contact.id, inbox_id: inbox.id, source_id: sourceId },
      id,
      inbox_id: inbox.id,
      messages: last ? [this.lastMessageData(conversation, last)] : [],
      labels: conversation.labels,
      meta: {
        sender: { ...this.contactFields(contact), type: 'contact' },
        assignee: assignee === undefined ? null : assigneeData(assignee),
        ...(!this.old && { assignee_type: assignee === undefined ? null : isBot ? 'AgentBot' : 'User' }),
        team: team ?? null,
        hmac_verified: false,
      },
      status: conversation.status,
      custom_attributes: {},
      snoozed_until: conversation.snoozedUntil === null ? null : iso(conversation.snoozedUntil),
      unread_count: 1,
      first_reply_created_at: conversation.firstReplyAt === null ? null : iso(conversation.firstReplyAt),
      ...(!this.old && { priority: null, waiting_since: seconds(conversation.waitingSince ?? 0) }),
      agent_last_seen_at: 0,
      contact_last_seen_at: 0,
      last_activity_at: seconds(conversation.activityAt),
      timestamp: seconds(conversation.activityAt),
      created_at: seconds(conversation.createdAt),
      // A float of seconds, with microseconds.
      ...(!this.old && { updated_at: (conversation.updatedAt * 1_000 + conversation.micros) / 1e6 }),
      account: ACCOUNT,
    };
  }

  lastMessageData({ id, inbox, assignee }, message) {
    const { sender } = message;
    return {
      id: message.id,
      content: message.content,
      account_id: ACCOUNT.id,
      inbox_id: inbox.id,
      conversation_id: id,
      message_type: { incoming: 0, outgoing: 1, template: 3 }[message.type],
      created_at: seconds(message.createdAt),
      updated_at: iso(message.updatedAt),
      private: false,
      status: message.status,
      source_id: null,
      content_type: message.contentType,
      content_attributes: message.contentAttributes,
      sender_type: sender && SENDER_TYPES[sender.type],
      sender_id: sender?.id ?? null,
      additional_attributes: message.additionalAttributes,
      processed_message_content: message.content,
      conversation: { assignee_id: assignee?.type === 'user' ? assignee.id : null, unread_count: 1 },
    };
  }
}

const SENDER_TYPES = {
  contact: 'Contact',
  user: 'User',
  agent_bot: 'AgentBot',
  captain_assistant: 'Captain::Assistant',
};

const agent = (user) => ({ ...user, type: 'user' });

/** The bot of an inbox: Captain, an agent bot, or one that writes by an agent's token. */
function botOf({ bot, tokenBot }) {
  if (tokenBot) return agent(TOKEN_BOT);
  if (bot === undefined) return undefined;
  return bot === 'agent_bot' ? { ...AGENT_BOT, type: bot } : { ...CAPTAIN, type: bot };
}

function assigneeData({ type, id, name }) {
  if (type !== 'user') return { id, name, avatar_url: '', type };
  return { id, name, available_name: name, avatar_url: '', type, availability_status: 'online', thumbnail: '' };
}

/** The log of one save: `[{ "status": { previous_value, current_value } }, …]`, without `updated_at`. */
function changeLog(before, after) {
  const userId = ({ assignee }) => (assignee?.type === 'user' ? assignee.id : null);
  const botId = ({ assignee }) => (assignee !== undefined && assignee.type !== 'user' ? assignee.id : null);
  const instant = (milliseconds) => (milliseconds === null ? null : iso(milliseconds));
  /** @type {[name: string, columnOf: (conversation: any) => any][]} */
  const columns = [
    ['status', (conversation) => conversation.status],
    ['assignee_id', userId],
    ['assignee_agent_bot_id', botId],
    ['team_id', ({ team }) => team?.id ?? null],
    ['snoozed_until', ({ snoozedUntil }) => instant(snoozedUntil)],
    ['waiting_since', ({ waitingSince }) => instant(waitingSince)],
    ['first_reply_created_at', ({ firstReplyAt }) => instant(firstReplyAt)],
    ['label_list', ({ labels }) => labels],
  ];
  return columns
    .filter(([, columnOf]) => columnOf(before) !== columnOf(after))
    .map(([name, columnOf]) => logged(name, columnOf(before), columnOf(after)));
}

function logged(name, before, after) {
  return { [name]: { previous_value: before, current_value: after } };
}

/** Whether a message may be somebody's answer, whatever became of it. A bot's words of hand-off are none. */
function mayAnswer({ type, private: isPrivate, contentAttributes, additionalAttributes, promises }, isAnswer) {
  if (type !== 'outgoing' || isPrivate || (promises && !isAnswer)) return false;
  return !contentAttributes.automation_rule_id && !additionalAttributes.campaign_id;
}

const attachment = () => ({ id: 1, message_id: 1, file_type: 'image', data_url: `https://files.example/${CANARY}` });
const iso = (milliseconds) => new Date(milliseconds).toISOString();
const seconds = (milliseconds) => Math.floor(milliseconds / SECOND);

function weighted(random, choices) {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let rest = random.between(1, total);
  for (const choice of choices) {
    rest -= choice[0];
    if (rest <= 0) return choice;
  }
  throw new Error('weights are positive');
}

/** A sequence with the events of each of its deliveries, as the command line writes it. */
export function mappedSequence(seed) {
  const sequence = chatwootSequence(seed);
  const { settings } = sequence;
  const connection = { organizationId: 'brindlewick', settings };
  return {
    ...sequence,
    deliveries: sequence.deliveries.map((delivery) => ({
      ...delivery,
      events: mapChatwoot(delivery.webhook, { ...connection, receivedAt: delivery.receivedAt }),
    })),
  };
}

if (realpathSync(process.argv[1] ?? '.') === realpathSync(fileURLToPath(import.meta.url))) {
  const count = Number(process.argv[2] ?? 1);
  for (let seed = 1; seed <= count; seed += 1) process.stdout.write(`${JSON.stringify(mappedSequence(seed))}\n`);
}
