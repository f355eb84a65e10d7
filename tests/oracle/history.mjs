/**
 * Histories made by a seed: valid events that meet each other as often as possible. Small pools of ids, clocks and
 * instants make versions tie, records move, and instants fall just before, on and after every edge of the rules.
 */

const SECOND = 1_000;
const MINUTE = 60_000;

/** Mulberry32: a small generator of numbers in [0, 1) that gives the same numbers for the same seed everywhere. */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The draws that the generator is written with. */
class Dice {
  #random;

  constructor(seed) {
    this.#random = mulberry32(seed);
  }

  /** An integer from 0 to `count` − 1. */
  below(count) {
    return Math.floor(this.#random() * count);
  }

  chance(probability) {
    return this.#random() < probability;
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  /** One of `[weight, value]` pairs, as often as its weight says. */
  weighted(pairs) {
    let left = this.#random() * pairs.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of pairs) {
      left -= weight;
      if (left < 0) return value;
    }
    return pairs.at(-1)[1];
  }

  shuffled(items) {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      [result[last], result[other]] = [result[other], result[last]];
    }
    return result;
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Ids and names
// ---------------------------------------------------------------------------------------------------------------

/** In UTF-8 the first comes before the second, in UTF-16 after it. */
const TWO_ORDERS = ['c-\uFF5E', 'c-\u{1F600}'];

/** Ids are opaque: whatever has a meaning in a URL, SQL, JSON, CSV or a key must have none here. */
const ODD_IDS = [
  '65d3e0f0a0b0c0d0e0f0a0b0',
  'with space',
  "it's",
  '"quoted"',
  'a/b',
  '100%',
  '%2F',
  'a:b',
  'a|b',
  'a,b;c',
  'back\\slash',
  '_%',
  '__proto__',
  'null',
  '0',
  '00',
  'A',
  'a',
  '-',
  '..',
  '?x=1&y#z',
  '=1+1',
  'trailing ',
  '\u00E9',
  'e\u0301',
  '\u65E5\u672C\u8A9E',
  '\uFF01',
  '\u{10000}',
  '\u{1F600}',
  '\uFB00',
  'x'.repeat(128),
];

const NAMES = [
  'Ann Lee',
  'Zo\u00EB',
  '\u674E\u96F7',
  'O\'Brien; "Q", Jr.',
  '=SUM(A1)',
  '\u{1F600}',
  '\uFF5E',
  'ann lee',
  'Bob; Ray',
  '\u05D0\u05D1\u05D2',
  ' ',
  'A'.repeat(200),
];

const PHONES = ['+14155550123', '+442079460000', '030 / 90 18 20', '=+1'];
const CHANNELS = ['sms', 'whatsapp', 'email', 'webchat', 'twitter'];
const ODD_ORGANIZATION_IDS = ['org 1/%:|"\u00E9', 'org-\u{1F600}', 'org-\uFF5E'];

/** `count` ids, the same ones for different types as far as they go: an id alone identifies nothing. */
function idPool(dice, prefix, count) {
  const odd = dice.shuffled(ODD_IDS).slice(0, Math.ceil(count / 2));
  const plain = Array.from({ length: count - odd.length }, (_, index) => `${prefix}-${index + 1}`);
  return [...odd, ...plain];
}

function organizationIds(count) {
  return Array.from({ length: count }, (_, index) =>
    index % 2 === 0 ? `org-${index + 1}` : (ODD_ORGANIZATION_IDS[(index - 1) / 2] ?? `org-${index + 1}`),
  );
}

function poolsOf(dice, conversations, events, organizations) {
  const conversationIds = [...TWO_ORDERS, ...idPool(dice, 'conversation', Math.max(0, conversations - 2))];
  return {
    conversationIds: conversationIds.slice(0, conversations),
    contactIds: idPool(dice, 'contact', 5),
    userIds: idPool(dice, 'user', 5),
    departmentIds: idPool(dice, 'department', 3),
    // Fewer ids than events of the type, so that some records come in several versions.
    messageIds: idPool(dice, 'message', Math.max(4, Math.ceil((events * 0.4) / organizations))),
    changeIds: idPool(dice, 'change', Math.max(2, Math.ceil((events * 0.08) / organizations))),
  };
}

// ---------------------------------------------------------------------------------------------------------------
// Instants
// ---------------------------------------------------------------------------------------------------------------

/** Just before, on and after the edges of a stuck send, the default threshold, now itself, and the allowed future. */
const EDGES = [
  0,
  -1,
  1,
  -2 * MINUTE,
  -2 * MINUTE - 1,
  -2 * MINUTE + 1,
  -5 * MINUTE,
  -5 * MINUTE - 1,
  -5 * MINUTE + 1,
  MINUTE,
  3 * MINUTE,
  5 * MINUTE - 1,
];

/** The last instant that may be taken in at `now`, whatever digits below the millisecond are written after it. */
const lastAllowed = (now) => now + 5 * MINUTE - 1;

/** A few instants at which much of a history happens, so that records tie. */
function crowdedInstants(dice, now) {
  return Array.from({ length: 4 }, () => now - dice.below(12) * MINUTE);
}

/** An instant of the last half hour or of the allowed future, mostly one that others have too. */
function instantNear(dice, { now, crowded }) {
  return dice.weighted([
    [7, dice.pick(crowded)],
    [1, dice.pick(crowded) + dice.pick([-1, 1])],
    [5, now - dice.below(30) * MINUTE],
    [3, now + dice.pick(EDGES)],
    [2, now - dice.below(30 * MINUTE)],
  ]);
}

/** The clock of one version: often that of another version of the same record, or a millisecond beside it. */
function updatedAtNear(dice, pools, earlier) {
  const beside = earlier.length > 0 && dice.chance(0.45);
  const updatedAt = beside ? dice.pick(earlier) + dice.pick([0, 0, 1, -1]) : instantNear(dice, pools);
  return Math.min(updatedAt, lastAllowed(pools.now));
}

// ---------------------------------------------------------------------------------------------------------------
// Records: what a source would say, before it is written down
// ---------------------------------------------------------------------------------------------------------------

const maybe = (dice, probability, value) => (dice.chance(probability) ? value() : undefined);

function aUser(dice) {
  return { fullName: dice.pick(NAMES), active: !dice.chance(0.25), bot: dice.chance(0.15) };
}

function aContact(dice) {
  return {
    name: dice.pick(NAMES),
    phone: maybe(dice, 0.6, () => dice.pick(PHONES)),
    blocked: dice.chance(0.08),
  };
}

function aSnooze(dice, pools) {
  if (!dice.chance(0.25)) return {};
  const end = dice.pick([-MINUTE, -1, 0, 1, MINUTE, 60 * MINUTE]);
  return { snoozedAt: instantNear(dice, pools), snoozedUntil: pools.now + end };
}

function aConversation(dice, pools) {
  const { contactIds, userIds, departmentIds } = pools;
  return {
    contactId: dice.pick(contactIds),
    channelType: dice.chance(0.05) ? 'voice' : dice.pick(CHANNELS),
    departmentId: maybe(dice, 0.7, () => dice.pick(departmentIds)),
    ownerId: maybe(dice, 0.4, () => dice.pick(userIds)),
    assigneeIds: dice.shuffled(userIds).slice(
      0,
      dice.weighted([
        [5, 0],
        [4, 1],
        [2, 2],
        [1, 3],
      ]),
    ),
    resolvedAt: maybe(dice, 0.25, () => instantNear(dice, pools)),
    ...aSnooze(dice, pools),
    draft: dice.chance(0.04),
    mergedInto: maybe(dice, 0.04, () => 'another conversation'),
  };
}

function anAutopilotChange(dice, pools) {
  return {
    conversationId: dice.pick(pools.conversationIds),
    at: instantNear(dice, pools),
    enabled: dice.chance(0.4),
    actorId: maybe(dice, 0.4, () => dice.pick(pools.userIds)),
  };
}

const KINDS = ['text', 'media', 'reaction', 'activity', 'handoff_notice', 'auto_reply', 'campaign'];
const SENDERS = ['contact', 'ai', 'human', 'automation', 'system'];
const STATUSES = ['received', 'queued', 'sent', 'delivered', 'read', 'failed'];

const aDemand = (dice) => ({
  direction: 'inbound',
  sender: 'contact',
  visibility: 'public',
  kind: dice.pick(['text', 'text', 'media']),
  status: 'received',
});
const aReplyOf = (sender) => (dice) => ({
  direction: 'outbound',
  sender,
  visibility: 'public',
  kind: dice.pick(['text', 'text', 'media']),
  status: dice.weighted([
    [3, 'queued'],
    [3, 'failed'],
    [2, 'sent'],
    [1, 'delivered'],
    [1, 'read'],
  ]),
});
const aPrivateNote = () => ({
  direction: 'outbound',
  sender: 'human',
  visibility: 'private',
  kind: 'text',
  status: 'sent',
});
const aHandoffNotice = (dice) => ({
  direction: 'outbound',
  sender: dice.pick(['ai', 'system']),
  visibility: 'public',
  kind: 'handoff_notice',
  status: 'sent',
});
const aMassSend = (dice) => ({
  direction: 'outbound',
  sender: dice.pick(['automation', 'ai', 'human']),
  visibility: 'public',
  kind: dice.pick(['campaign', 'auto_reply']),
  status: 'sent',
});
const aReaction = (dice) => ({ ...dice.pick([aDemand, aReplyOf('ai'), aReplyOf('human')])(dice), kind: 'reaction' });
/** Anything that the fields allow, sensible or not. */
const anything = (dice) => ({
  direction: dice.pick(['inbound', 'outbound']),
  sender: dice.pick(SENDERS),
  visibility: dice.pick(['public', 'private']),
  kind: dice.pick(KINDS),
  status: dice.pick(STATUSES),
});

function aMessage(dice, pools) {
  const draw = dice.weighted([
    [40, aDemand],
    [14, aReplyOf('ai')],
    [10, aReplyOf('human')],
    [6, aPrivateNote],
    [6, aHandoffNotice],
    [5, aMassSend],
    [5, aReaction],
    [10, anything],
  ]);
  return {
    conversationId: dice.pick(pools.conversationIds),
    at: instantNear(dice, pools),
    sequence: dice.weighted([
      [6, 0],
      [4, dice.below(4)],
      [0.2, Number.MAX_SAFE_INTEGER],
    ]),
    senderId: maybe(dice, 0.3, () => dice.pick(pools.userIds)),
    ...draw(dice),
  };
}

/** For each type: its own id, where that comes from, and how its fields are drawn. */
const TYPES = {
  organization: { ownId: 'organizationId', draw: (dice) => ({ name: dice.pick(NAMES) }) },
  department: { ownId: 'departmentId', pool: 'departmentIds', draw: (dice) => ({ name: dice.pick(NAMES) }) },
  user: { ownId: 'userId', pool: 'userIds', draw: aUser },
  contact: { ownId: 'contactId', pool: 'contactIds', draw: aContact },
  conversation: { ownId: 'conversationId', pool: 'conversationIds', draw: aConversation },
  autopilot: { ownId: 'changeId', pool: 'changeIds', draw: anAutopilotChange },
  message: { ownId: 'messageId', pool: 'messageIds', draw: aMessage },
};

// ---------------------------------------------------------------------------------------------------------------
// Writing a record down: the many spellings of one and the same version
// ---------------------------------------------------------------------------------------------------------------

const INSTANTS = ['at', 'updatedAt', 'resolvedAt', 'snoozedAt', 'snoozedUntil'];
const DEFAULTS = {
  active: true,
  bot: false,
  blocked: false,
  draft: false,
  sequence: 0,
  visibility: 'public',
  kind: 'text',
};
const OFFSETS = [0, 330, -180, 840, -720, 345, -1];

function twoDigits(number) {
  return String(number).padStart(2, '0');
}

function writeOffset(minutes) {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}

/** Milliseconds, fewer digits where those say it all, or more digits than are kept. */
function writeFraction(dice, milliseconds) {
  const digits = String(milliseconds).padStart(3, '0');
  const shorter = digits.replace(/0+$/, '');
  return dice.weighted([
    [6, `.${digits}`],
    [2, shorter === '' ? '' : `.${shorter}`],
    [2, `.${digits}${dice.pick(['000', '4', '999', '999999', '000001'])}`],
  ]);
}

function writeInstant(dice, instant) {
  const offset = dice.weighted([
    [6, null],
    [3, dice.pick(OFFSETS)],
  ]);
  const local = new Date(instant + (offset ?? 0) * MINUTE).toISOString();
  const fraction = writeFraction(dice, ((instant % SECOND) + SECOND) % SECOND);
  return `${local.slice(0, 19)}${fraction}${offset === null ? 'Z' : writeOffset(offset)}`;
}

function isDefault(record, name) {
  if (name === 'assigneeIds') return record.assigneeIds.length === 0;
  if (name === 'status') return record.status === (record.direction === 'inbound' ? 'received' : 'sent');
  return DEFAULTS[name] === record[name];
}

/** What a field may look like on the wire; undefined: left out. */
function writeField(dice, record, name) {
  const value = record[name];
  if (value === undefined) return dice.pick([undefined, null]);
  if (isDefault(record, name)) return dice.pick([value, undefined, null]);
  return INSTANTS.includes(name) ? writeInstant(dice, value) : value;
}

function unknownFields(dice) {
  return dice.pick([
    { text: 'not for us' },
    { extra: { deleted: true, list: [1, null] } },
    { createdAt: 'yesterday', type2: 7 },
  ]);
}

/** One spelling of the version: members in any order, defaults said or not, null or absent, unknown fields. */
function writeEvent(dice, record) {
  const members = Object.keys(record)
    .map((name) => [name, writeField(dice, record, name)])
    .filter(([, value]) => value !== undefined);
  if (record.deleted === undefined && dice.chance(0.1)) members.push(['deleted', dice.pick([false, null])]);
  if (dice.chance(0.15)) members.push(...Object.entries(unknownFields(dice)));
  return Object.fromEntries(dice.shuffled(members));
}

// ---------------------------------------------------------------------------------------------------------------
// Histories
// ---------------------------------------------------------------------------------------------------------------

/** Draws records and remembers the clocks of each, so that its versions can tie. */
class Source {
  #dice;
  #pools;
  #clocks = new Map();

  constructor(dice, pools) {
    this.#dice = dice;
    this.#pools = pools;
  }

  /** A version of a given record. */
  version(organizationId, type, id) {
    const { ownId, draw } = TYPES[type];
    const clocks = this.#clocksOf(organizationId, type, id);
    const updatedAt = updatedAtNear(this.#dice, this.#pools, clocks);
    clocks.push(updatedAt);
    const identity = { type, organizationId, [ownId]: id, updatedAt };
    const fields = draw(this.#dice, this.#pools);
    if (!this.#dice.chance(type === 'organization' ? 0.15 : 0.1)) return { ...identity, ...fields };
    // "Such an event needs only its ids", and may carry the whole record all the same.
    return this.#dice.chance(0.6) ? { ...identity, deleted: true } : { ...identity, ...fields, deleted: true };
  }

  /** A version of any record of the organization. */
  anyVersion(organizationId) {
    const type = this.#dice.weighted([
      [60, 'message'],
      [12, 'autopilot'],
      [14, 'conversation'],
      [6, 'user'],
      [4, 'contact'],
      [1, 'department'],
      [1, 'organization'],
    ]);
    const { pool } = TYPES[type];
    const id = pool === undefined ? organizationId : this.#dice.pick(this.#pools[pool]);
    return this.version(organizationId, type, id);
  }

  #clocksOf(...identity) {
    const key = JSON.stringify(identity);
    if (!this.#clocks.has(key)) this.#clocks.set(key, []);
    return this.#clocks.get(key);
  }
}

/** Most of the organization's people and conversations, so that the messages have something to be about. */
function foundation(dice, source, organizationId, pools) {
  const known = ['department', 'user', 'contact', 'conversation'].flatMap((type) =>
    pools[TYPES[type].pool].filter(() => dice.chance(0.9)).map((id) => source.version(organizationId, type, id)),
  );
  return dice.chance(0.7) ? [source.version(organizationId, 'organization', organizationId), ...known] : known;
}

/** The order of arrival: by the source's clock, nearly so, or any. */
function arrival(dice, records) {
  const byClock = [...records].sort((left, right) => left.updatedAt - right.updatedAt);
  return dice.pick([
    () => byClock,
    () => {
      for (let index = 1; index < byClock.length; index += 1) {
        const other = Math.max(0, index - dice.below(6));
        [byClock[index], byClock[other]] = [byClock[other], byClock[index]];
      }
      return byClock;
    },
    () => dice.shuffled(records),
  ])();
}

/**
 * A history of about `events` valid events (repeats come on top), which all may be taken in at `now`.
 * The same seed and options give the same history.
 */
export function randomHistory(seed, options = {}) {
  const { now = Date.UTC(2026, 0, 1, 12), organizations = 2, conversations = 6, events = 200 } = options;
  const dice = new Dice(seed);
  const crowded = crowdedInstants(dice, now);
  const pools = { now, crowded, ...poolsOf(dice, conversations, events, organizations) };
  const source = new Source(dice, pools);
  const organizationPool = organizationIds(organizations);

  const records = organizationPool.flatMap((id) => foundation(dice, source, id, pools));
  while (records.length < events) records.push(source.anyVersion(dice.pick(organizationPool)));
  // A repeat is the same version, in the same spelling or another.
  const repeats = records.filter(() => dice.chance(0.08));
  return arrival(dice, [...records, ...repeats]).map((record) => writeEvent(dice, record));
}

// ---------------------------------------------------------------------------------------------------------------
// Many candidates
// ---------------------------------------------------------------------------------------------------------------

const MANY_DEPARTMENTS = 5;
const MANY_USERS = 8;
const MANY_CONTACTS = 100;
const MANY_AGES = 40;

/**
 * How long the `index`-th candidate has been owed an answer: one of a few ages from nothing to twice the threshold,
 * among them the threshold itself and a millisecond less.
 */
function ageOf(index, threshold) {
  const age = index % MANY_AGES;
  if (age === 0) return threshold;
  if (age === 1) return threshold - 1;
  return Math.floor((2 * threshold * (age - 2)) / MANY_AGES);
}

/** An inbound text, and for every second conversation somebody who took it over at that same instant. */
function candidateEvents(organizationId, index, stalledAt) {
  const number = String(index).padStart(6, '0');
  const conversationId = `conversation-${number}`;
  const userId = `user-${index % MANY_USERS}`;
  // Not in step with the ages, so that every department and both categories have rows of every age.
  const round = Math.floor(index / MANY_AGES);
  const byHuman = (index + round) % 2 === 1;
  const department = (index + round) % (MANY_DEPARTMENTS + 1);
  const common = { organizationId, updatedAt: stalledAt };
  const inConversation = { ...common, conversationId, at: stalledAt };
  const inbound = { direction: 'inbound', sender: 'contact' };
  const takeOver = { enabled: false, actorId: userId };
  const failedReply = { sequence: 1, direction: 'outbound', sender: byHuman ? 'human' : 'ai', status: 'failed' };
  const events = [
    {
      ...common,
      type: 'conversation',
      conversationId,
      contactId: `contact-${index % MANY_CONTACTS}`,
      channelType: CHANNELS[index % CHANNELS.length],
      // The last number stands for none.
      departmentId: department === MANY_DEPARTMENTS ? null : `department-${department}`,
      ownerId: byHuman ? userId : null,
      assigneeIds: byHuman && round % 3 === 0 ? [userId, `user-${(index + 1) % MANY_USERS}`] : [],
    },
    { ...inConversation, type: 'message', messageId: `inbound-${number}`, ...inbound },
  ];
  if (byHuman) events.push({ ...inConversation, type: 'autopilot', changeId: `change-${number}`, ...takeOver });
  if (round % 4 === 0) {
    events.push({ ...inConversation, type: 'message', messageId: `failed-${number}`, ...failedReply });
  }
  return events;
}

/**
 * The events of one organization with exactly `count` candidates at `now`: about half of them over the threshold,
 * several departments and none, both categories, and many that are stalled since the same instant.
 */
export function manyCandidates({ organizationId, now, count, thresholdMinutes }) {
  const instant = (milliseconds) => new Date(milliseconds).toISOString();
  const threshold = thresholdMinutes * MINUTE;
  const common = { organizationId, updatedAt: instant(now - 3 * threshold) };
  const several = (length, event) => Array.from({ length }, (_, index) => ({ ...common, ...event(index) }));
  return [
    { ...common, type: 'organization', name: 'Many candidates' },
    ...several(MANY_DEPARTMENTS, (index) => ({
      type: 'department',
      departmentId: `department-${index}`,
      name: `Department ${index}`,
    })),
    ...several(MANY_USERS, (index) => ({ type: 'user', userId: `user-${index}`, fullName: `User ${index}` })),
    ...several(MANY_CONTACTS, (index) => ({
      type: 'contact',
      contactId: `contact-${index}`,
      name: `Contact ${index}`,
      phone: `+141555501${twoDigits(index)}`,
    })),
    ...Array.from({ length: count }, (_, index) =>
      candidateEvents(organizationId, index, instant(now - ageOf(index, threshold))),
    ).flat(),
  ];
}
