// Conversations in the shape of real ones: how long they are, who writes after whom and after how long, how unequal
// organizations are, and how often sends fail, agents take over and customers are snoozed, blocked or merged. The
// figures are those of public support threads; everybody and everything in it is made up.
//
//   node tests/threads/make.mjs
//
// writes them to sample.ndjson.

import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { demoId, seededRandom } from '../../scripts/demo/random.mjs';

export const FILE = fileURLToPath(new URL('sample.ndjson', import.meta.url));

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const FIRST_DAY = Date.UTC(2019, 0, 7);
const DAYS = 40;

/** How many conversations each organization has: a few organizations have most of them. */
const CONVERSATIONS = [48, 15, 7, 4, 2];
const DEPARTMENTS = ['A', 'B'];
const AGENTS = [6, 4, 3, 1, 1];

/** How many messages a conversation has, by weight. */
const LENGTHS = [
  [46, 2],
  [15, 3],
  [14, 4],
  [8, 5],
  [6, 6],
  [4, 7],
  [4, 10],
  [2, 18],
  [1, 30],
];

/** Who writes next, by weight, and after how many minutes: between the tenth and the ninetieth in a hundred. */
const NEXT = {
  contact: [
    [42, ['ai', 4, 400]],
    [40, ['human', 2, 270]],
    [15, ['contact', 0.5, 1300]],
    [3, ['automation', 4, 330]],
  ],
  ai: [
    [79, ['contact', 1, 1300]],
    [15, ['ai', 0.1, 5]],
    [4, ['automation', 0.1, 50]],
    [2, ['human', 0.3, 0.7]],
  ],
  human: [
    [86, ['contact', 1, 1200]],
    [12, ['human', 0.1, 6]],
    [2, ['ai', 0.4, 28]],
  ],
  automation: [
    [80, ['contact', 1.5, 460]],
    [20, ['ai', 0.3, 1.2]],
  ],
};

const CHANNELS = [
  [5, 'webchat'],
  [5, 'sms'],
  [4, 'twitter'],
  [4, 'email'],
  [1, 'voice'],
];
const STATUSES = [
  [34, 'read'],
  [33, 'delivered'],
  [27, 'sent'],
  [3, 'failed'],
  [3, 'queued'],
];

function weighted(random, choices) {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.between(1, total);
  for (const [weight, choice] of choices) {
    left -= weight;
    if (left <= 0) return choice;
  }
  throw new Error('a number up to the total falls on a choice');
}

const isoAt = (milliseconds) => new Date(milliseconds).toISOString();

/** An organization's events: its directory, then one conversation after the other. */
function* organizationEvents(number) {
  const name = `Organization ${number + 1}`;
  const random = seededRandom(`threads ${name}`);
  const id = (...parts) => demoId('threads', name, ...parts);
  const common = { organizationId: id(), updatedAt: isoAt(FIRST_DAY) };
  yield { type: 'organization', ...common, name };
  for (const letter of DEPARTMENTS) {
    yield { type: 'department', ...common, departmentId: id('department', letter), name: `${name} ${letter}` };
  }
  const agents = Array.from({ length: AGENTS[number] }, (_, index) => id('agent', index));
  for (const [index, userId] of agents.entries()) {
    yield {
      type: 'user',
      ...common,
      userId,
      fullName: `Agent ${index + 1}`,
      active: index === 0 || random.chance(0.88),
    };
  }
  for (let index = 0; index < CONVERSATIONS[number]; index += 1) {
    const startedAt = FIRST_DAY + random.between(1, DAYS * DAY);
    yield* new Conversation({ random, id, organizationId: id(), agents, index, startedAt }).events();
  }
}

/** One customer's conversation, as the source tells it: a record comes again whenever something of it changes. */
class Conversation {
  constructor({ random, id, organizationId, agents, index, startedAt }) {
    this.random = random;
    this.id = (...parts) => id('conversation', index, ...parts);
    this.organizationId = organizationId;
    this.agents = agents;
    this.name = `Customer ${index + 1}`;
    this.now = startedAt;
    this.record = {
      conversationId: this.id(),
      contactId: this.id('contact'),
      channelType: weighted(random, CHANNELS),
      departmentId: id('department', random.pick(DEPARTMENTS)),
      ownerId: null,
      assigneeIds: [],
    };
    this.messages = 0;
    this.changes = 0;
  }

  #event(type, fields) {
    return { type, organizationId: this.organizationId, updatedAt: isoAt(this.now), ...fields };
  }

  *events() {
    const { random } = this;
    const phone = random.chance(2 / 3) ? `+1415555${String(random.between(0, 9999)).padStart(4, '0')}` : null;
    yield this.#event('contact', {
      contactId: this.record.contactId,
      name: this.name,
      phone,
      blocked: random.chance(0.02),
    });
    yield this.#event('conversation', { ...this.record });
    let sender = 'contact';
    yield* this.#message(sender);
    for (let left = weighted(random, LENGTHS) - 1; left > 0; left -= 1) {
      const [next, low, high] = weighted(random, NEXT[sender]);
      this.now += Math.round(random.spread(low * MINUTE, high * MINUTE) / SECOND) * SECOND;
      if (next === 'human') yield* this.#assign();
      yield* this.#message(next);
      sender = next;
    }
    yield* this.#end();
  }

  /** An agent is about to write: they are assigned, and often switch the autopilot off. */
  *#assign() {
    const { random, record } = this;
    if (record.ownerId !== null && random.chance(0.9)) return;
    const ownerId = random.pick(this.agents);
    Object.assign(record, { ownerId, assigneeIds: [...new Set([ownerId, ...record.assigneeIds])] });
    yield this.#event('conversation', { ...record });
    if (random.chance(0.6)) yield this.#autopilot(false, ownerId);
  }

  #autopilot(enabled, actorId) {
    this.changes += 1;
    const change = { changeId: this.id('change', this.changes), conversationId: this.record.conversationId };
    return this.#event('autopilot', { ...change, at: isoAt(this.now), enabled, actorId });
  }

  *#message(sender) {
    const { random, record } = this;
    this.messages += 1;
    const message = {
      messageId: this.id('message', this.messages),
      conversationId: record.conversationId,
      at: isoAt(this.now),
      sequence: this.messages,
      direction: sender === 'contact' ? 'inbound' : 'outbound',
      sender,
      ...this.#contentOf(sender),
    };
    yield this.#event('message', message);
    // A send is told of once it is queued, and again when it has arrived.
    if (message.status === 'delivered' && random.chance(0.2)) {
      this.now += SECOND;
      yield this.#event('message', { ...message, status: 'read' });
    }
    if (random.chance(0.02)) {
      const { messageId, conversationId } = message;
      this.now += MINUTE;
      yield this.#event('message', { messageId, conversationId, deleted: true });
    }
  }

  /** What there is to say of a message besides who wrote it and when. */
  #contentOf(sender) {
    const { random } = this;
    const status = weighted(random, STATUSES);
    if (sender === 'contact') return { kind: random.chance(0.12) ? 'media' : 'text', status: 'received' };
    if (sender === 'automation') return { kind: random.pick(['campaign', 'auto_reply']), status };
    if (sender === 'ai')
      return {
        kind: weighted(random, [
          [92, 'text'],
          [4, 'reaction'],
          [4, 'handoff_notice'],
        ]),
        status,
      };
    const isNote = random.chance(0.07);
    return {
      senderId: this.record.ownerId,
      visibility: isNote ? 'private' : 'public',
      status: isNote ? 'sent' : status,
    };
  }

  /** What may become of a conversation that nobody writes in any more. */
  *#end() {
    const { random, record } = this;
    this.now += random.between(1, 60) * MINUTE;
    const endings = [
      [70, () => {}],
      [9, () => ({ resolvedAt: isoAt(this.now) })],
      [5, () => ({ snoozedAt: isoAt(this.now), snoozedUntil: isoAt(this.now + random.between(1, 72) * 60 * MINUTE) })],
      [2, () => ({ draft: true })],
      [2, () => ({ mergedInto: this.id('another') })],
      [5, () => ({ assigneeIds: random.shuffle(this.agents).slice(0, 3) })],
    ];
    const changed = weighted(random, endings)();
    if (changed) yield this.#event('conversation', Object.assign(record, changed));
    if (random.chance(0.1))
      yield this.#autopilot(random.chance(0.5), random.chance(0.6) ? random.pick(this.agents) : null);
    // Sources tell the same thing again when they are not sure that it has arrived.
    if (random.chance(0.3)) yield this.#event('conversation', { ...record });
  }
}

/** The file's text: an event a line. */
export function fileText() {
  const events = CONVERSATIONS.flatMap((_, number) => [...organizationEvents(number)]);
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

if (realpathSync(process.argv[1] ?? '.') === realpathSync(fileURLToPath(import.meta.url)))
  writeFileSync(FILE, fileText());
