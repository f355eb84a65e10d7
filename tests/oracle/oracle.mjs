/**
 * The product's definition as a slow program: every question is answered from the complete history. Between questions
 * only the winning version of each record is kept, so nothing can get out of step.
 *
 * Each term of the definition is a function, in the definition's order, with its words in the comment.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** A queued send that is older than this is stuck. */
const QUEUED_SEND_LIMIT = 2 * MINUTE;
/** A hand-off makes a promise of an AI answer that is no older than this. */
const PROMISE_WINDOW = 10 * MINUTE;
/** An answer may name a demand that arrived no longer ago than this. */
const NAMING_WINDOW = DAY;
/** A reopening cancels resolutions that are no older than this. */
const REOPENING_WINDOW = 3 * DAY;
/** A wait of the AI's is a row from this age on. */
const AI_PATIENCE = 30 * SECOND;
const CONVERSATION_CHAIN_STEPS = 16;
const CONTACT_CHAIN_STEPS = 10;
/** More changes than this since the wait began are back and forth. */
const CHANGES_LIMIT = 2;

/** A report that asks for no category has those of the contract. */
const CONTRACT_CATEGORIES = ['ai_stuck', 'agent_abandoned'];
export const CATEGORIES = [...CONTRACT_CATEGORIES, 'unassigned', 'snoozed', 'acknowledged'];
/** A setting's default. */
const MAX_AGE_DAYS = 30;

/** "The status that comes later in a message's life." */
const STATUSES = ['received', 'queued', 'sent', 'failed', 'delivered', 'read'];

const none = () => ({});

/**
 * "Events": for each type its own id, its fields, which of them are instants, and the defaults of those left out.
 * `defaults` are those that the normal form has; `laterDefaults` are those of fields added after version 0.1, which it
 * has only where they are not their defaults.
 */
const RECORD_TYPES = {
  organization: { ownId: 'organizationId', fields: ['name'] },
  department: { ownId: 'departmentId', fields: ['name'] },
  user: { ownId: 'userId', fields: ['fullName', 'active', 'bot'], defaults: () => ({ active: true, bot: false }) },
  contact: {
    ownId: 'contactId',
    fields: ['name', 'phone', 'blocked', 'mergedInto'],
    defaults: () => ({ blocked: false }),
  },
  conversation: {
    ownId: 'conversationId',
    fields: [
      'contactId',
      'channelType',
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
    instants: ['assignedAt', 'resolvedAt', 'snoozedAt', 'snoozedUntil', 'mergedAt'],
    defaults: () => ({ assigneeIds: [], draft: false }),
    laterDefaults: () => ({ startsWithAutopilot: true }),
  },
  autopilot: {
    ownId: 'changeId',
    fields: ['conversationId', 'at', 'sequence', 'enabled', 'actorId', 'by'],
    instants: ['at'],
    // "human where there is an actorId, else system".
    laterDefaults: ({ actorId }) => ({ sequence: 0, by: actorId === undefined ? 'system' : 'human' }),
  },
  resolution: {
    ownId: 'changeId',
    fields: ['conversationId', 'at', 'sequence', 'resolved', 'by'],
    instants: ['at'],
    laterDefaults: () => ({ sequence: 0, by: 'human' }),
  },
  message: {
    ownId: 'messageId',
    fields: [
      'conversationId',
      'at',
      'receivedAt',
      'sequence',
      'inReplyTo',
      'direction',
      'sender',
      'senderId',
      'visibility',
      'kind',
      'needsReply',
      'status',
    ],
    instants: ['at', 'receivedAt'],
    defaults: ({ direction }) => ({
      sequence: 0,
      visibility: 'public',
      kind: 'text',
      status: direction === 'inbound' ? 'received' : 'sent',
    }),
    // A receivedAt that is no later than at says no more than none.
    laterDefaults: ({ at, receivedAt }) => ({ needsReply: true, ...(receivedAt <= at && { receivedAt }) }),
  },
};

// ---------------------------------------------------------------------------------------------------------------
// Taking in: normalisation and the winning version
// ---------------------------------------------------------------------------------------------------------------

/**
 * "Instants are truncated to milliseconds": RFC 3339, any offset and any number of digits, to epoch milliseconds.
 * "Offsets may be written +hh:mm or +hhmm."
 */
export function parseInstant(text) {
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:?\d{2})$/i.exec(text);
  if (parts === null) throw new Error(`not an RFC 3339 instant: ${text}`);
  const [, day, time, fraction = '', offset] = parts;
  const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
  const withColon = offset.toUpperCase().replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const instant = Date.parse(`${day}T${time}.${milliseconds}${withColon}`);
  if (Number.isNaN(instant)) throw new Error(`no such instant: ${text}`);
  return instant;
}

/** "Instants are UTC, RFC 3339 with milliseconds and Z." */
export function formatInstant(milliseconds) {
  return new Date(milliseconds).toISOString();
}

/** Byte order of UTF-8; JavaScript compares strings by UTF-16 units, which puts U+FFxx after U+1xxxx. */
export function compareUtf8(left, right) {
  return Buffer.compare(Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8'));
}

/** RFC 8785 (JSON Canonicalization Scheme); JSON.stringify writes numbers and strings as it requires. */
export function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

/** "Half a surrogate pair in a text becomes U+FFFD", in an id there is none. */
function wellFormed(value) {
  if (Array.isArray(value)) return value.map(wellFormed);
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** "Unknown fields are dropped, null means absent." */
function presentFields(event, fields) {
  const present = fields.filter((field) => (event[field] ?? null) !== null);
  return Object.fromEntries(present.map((field) => [field, wellFormed(event[field])]));
}

/** The fields without those that have their default. */
function withoutDefaults(fields, defaults) {
  const isDefault = ([field, value]) => field in defaults && canonicalJson(value) === canonicalJson(defaults[field]);
  return Object.fromEntries(Object.entries(fields).filter((entry) => !isDefault(entry)));
}

/** "Unknown fields are dropped, null means absent, defaults are filled in, instants are truncated to milliseconds." */
export function normalise(event) {
  const { ownId, fields, instants = [], defaults = none, laterDefaults = none } = RECORD_TYPES[event.type];
  const identity = {
    type: event.type,
    organizationId: event.organizationId,
    [ownId]: event[ownId],
    updatedAt: formatInstant(parseInstant(event.updatedAt)),
    ...withoutDefaults(presentFields(event, ['revision']), { revision: 0 }),
  };
  // A removal is only the statement that the record is gone; whatever else it carries says nothing.
  if (event.deleted === true) return { ...identity, deleted: true };
  const given = presentFields(event, fields);
  for (const field of instants) {
    if (field in given) given[field] = formatInstant(parseInstant(given[field]));
  }
  return { ...defaults(given), ...withoutDefaults(given, laterDefaults(given)), ...identity };
}

/** "A record's identity is (organization, type, its own id)." */
function identityOf(record) {
  return JSON.stringify([record.organizationId, record.type, record[RECORD_TYPES[record.type].ownId]]);
}

/** "The status that comes later in a message's life"; removals and other records are all alike. */
function lifeOf(record) {
  return STATUSES.indexOf(record.status);
}

/** "For conversations the later resolvedAt (absent is earliest)." */
function lastResolvedAt(record) {
  return record.resolvedAt === undefined ? -Infinity : parseInstant(record.resolvedAt);
}

/** "The version with more fields that are not their defaults (blocked: true counts as none)." */
function fieldsBesidesDefaults(record) {
  const { fields, defaults = none, laterDefaults = none } = RECORD_TYPES[record.type];
  const { blocked, ...counted } = presentFields(record, fields);
  return Object.keys(withoutDefaults(counted, { ...defaults(record), ...laterDefaults(record) })).length;
}

/** "Which of two versions wins": each of these in turn, the greater one first; then the greater RFC 8785 bytes. */
const VERSION_ORDER = [
  (record) => record.revision ?? 0,
  (record) => parseInstant(record.updatedAt),
  (record) => Number(record.deleted === true),
  lifeOf,
  lastResolvedAt,
  (record) => Number(record.draft !== true),
  fieldsBesidesDefaults,
];

function wins(challenger, current) {
  for (const rankOf of VERSION_ORDER) {
    const [challengers, currents] = [rankOf(challenger), rankOf(current)];
    if (challengers !== currents) return challengers > currents;
  }
  return compareUtf8(canonicalJson(challenger), canonicalJson(current)) > 0;
}

// ---------------------------------------------------------------------------------------------------------------
// What stalled means: timelines
// ---------------------------------------------------------------------------------------------------------------

const isMessage = (item) => item.type === 'message';
const isAutopilotChange = (item) => item.type === 'autopilot';
const isResolutionRecord = (item) => item.type === 'resolution';

/** A record of a conversation's history, with its defaults and with instants in epoch milliseconds. */
function itemOf(record) {
  const { ownId, laterDefaults = none } = RECORD_TYPES[record.type];
  const at = parseInstant(record.at);
  const item = { ...laterDefaults(record), ...record, id: record[ownId], at };
  return isMessage(record) ? { ...item, arrival: arrivalOf(record) } : item;
}

/** "Arrival of a message: its receivedAt, or its at where that is later or receivedAt is absent." */
function arrivalOf({ at, receivedAt }) {
  return receivedAt === undefined ? parseInstant(at) : Math.max(parseInstant(at), parseInstant(receivedAt));
}

/** A clock is an instant and a sequence; negative where the left one is earlier, 0 where they tie. */
function compareClocks(left, right) {
  const [instant, sequence] = left;
  const [otherInstant, otherSequence] = right;
  return instant - otherInstant || sequence - otherSequence;
}

/** The clock of an item, by which it stands in the timeline. */
const clockOf = (item) => [item.at, item.sequence];
/** The clock of a message's arrival. */
const arrivalClockOf = (message) => [message.arrival, message.sequence];
/** An absent sequence is 0, and 0 counts as none. */
const hasSequence = (item) => item.sequence !== 0;

/** "Order: at, then autopilot changes, then resolutions, then messages, then sequence, then id." */
function compareTimeline(left, right) {
  const rankOf = (item) => ['autopilot', 'resolution', 'message'].indexOf(item.type);
  return (
    left.at - right.at ||
    rankOf(left) - rankOf(right) ||
    left.sequence - right.sequence ||
    compareUtf8(left.id, right.id)
  );
}

/** The conversation that this one was merged into, if its record is known and not removed. */
function targetOf(conversation, conversations) {
  return conversations.get(conversation.mergedInto);
}

function isInCycle(conversation, conversations) {
  const seen = new Set();
  let next = targetOf(conversation, conversations);
  while (next !== undefined && !seen.has(next)) {
    if (next === conversation) return true;
    seen.add(next);
    next = targetOf(next, conversations);
  }
  return false;
}

/**
 * The conversations from this one to the end of its chain, both included. "Chains are followed for 16 steps; a
 * conversation in a cycle or beyond them, or whose target is unknown or removed, stands for itself": then the chain is
 * it alone. What leads into a cycle ends at the first member of it.
 */
function chainOf(conversation, conversations) {
  const chain = [conversation];
  for (;;) {
    const last = chain.at(-1);
    const target = targetOf(last, conversations);
    if (target === undefined || isInCycle(last, conversations)) break;
    chain.push(target);
  }
  return chain.length - 1 > CONVERSATION_CHAIN_STEPS ? [conversation] : chain;
}

/**
 * "Timeline: the conversation's autopilot changes, resolutions and messages, and the messages of the conversations that
 * were merged into it."
 */
function timelineOf(conversation, { conversations, itemsOf, chains }) {
  const merged = [...conversations.values()].filter(
    (other) => other !== conversation && chains.get(other).at(-1) === conversation,
  );
  const messages = merged.flatMap((other) => itemsOf(other).filter(isMessage));
  return [...itemsOf(conversation), ...messages].sort(compareTimeline);
}

// ---------------------------------------------------------------------------------------------------------------
// Resolutions and demands
// ---------------------------------------------------------------------------------------------------------------

/** What only the customer writes in public, whether or not it needs a reply. */
function isCustomersMessage(item) {
  return (
    isMessage(item) &&
    item.direction === 'inbound' &&
    item.visibility === 'public' &&
    item.sender === 'contact' &&
    ['text', 'media'].includes(item.kind)
  );
}

/**
 * "resolution: the conversation's resolvedAt, and each of its resolution records with resolved: true; where both have
 * one instant, the record stands for both. A resolution by automation or ai does not count." The instants of those that
 * count.
 */
function resolutionsOf(conversation, items) {
  const records = items.filter((item) => isResolutionRecord(item) && item.resolved);
  const counting = records.filter((record) => record.by === 'human').map((record) => record.at);
  if (conversation.resolvedAt === undefined) return counting;
  const resolvedAt = parseInstant(conversation.resolvedAt);
  return records.some((record) => record.at === resolvedAt) ? counting : [...counting, resolvedAt];
}

/**
 * "reopening: a resolution record with resolved: false. It cancels the resolutions of the three days before it (at the
 * same instant too), except those earlier than the last public text or media of the customer in that conversation that
 * had arrived by then."
 */
function cancels(reopening, resolution, items) {
  const arrivals = items.filter(isCustomersMessage).map((message) => message.arrival);
  const lastArrival = Math.max(...arrivals.filter((arrival) => arrival <= reopening.at));
  return resolution <= reopening.at && reopening.at - resolution <= REOPENING_WINDOW && resolution >= lastArrival;
}

/** "resolution in force: the latest resolution that counts and is not cancelled"; undefined: none is. */
function resolutionInForce(conversation, { itemsOf }) {
  const items = itemsOf(conversation);
  const reopenings = items.filter((item) => isResolutionRecord(item) && !item.resolved);
  const standing = resolutionsOf(conversation, items).filter(
    (resolution) => !reopenings.some((reopening) => cancels(reopening, resolution, items)),
  );
  return standing.length === 0 ? undefined : Math.max(...standing);
}

/**
 * "demand: inbound, public, sender contact, kind text or media, needsReply not false, arrived at or after the
 * resolution in force of the conversation that it is in, and not before the resolution in force of any conversation
 * that it was merged into, through the chain, unless that resolution is earlier than the mergedAt of that step (absent:
 * it counts)."
 */
function isDemand(item, context) {
  if (!isCustomersMessage(item) || !item.needsReply) return false;
  const conversation = context.conversations.get(item.conversationId);
  const isSettledBy = (resolution) => resolution !== undefined && item.arrival < resolution;
  if (isSettledBy(context.resolutions.get(conversation))) return false;

  const chain = context.chains.get(conversation);
  return chain.slice(1).every((target, index) => {
    const { mergedAt } = chain[index];
    const resolution = context.resolutions.get(target);
    const isOfBefore = mergedAt !== undefined && resolution < parseInstant(mergedAt);
    return isOfBefore || !isSettledBy(resolution);
  });
}

// ---------------------------------------------------------------------------------------------------------------
// Answers and promises
// ---------------------------------------------------------------------------------------------------------------

/** "reply: outbound, public, sender ai or human, kind text or media, whatever its status"; here of one sender. */
function isReplyOf(sender, item) {
  return (
    isMessage(item) &&
    item.direction === 'outbound' &&
    item.visibility === 'public' &&
    item.sender === sender &&
    ['text', 'media'].includes(item.kind)
  );
}

/** A queued send is stuck once `asOf − at` is more than 2 minutes. */
function isStuck(item, asOf) {
  return item.status === 'queued' && asOf - item.at > QUEUED_SEND_LIMIT;
}

/** A reply that is an answer unless it is a promise: not failed, and if queued, not stuck. */
function isGoodReplyOf(sender, item, asOf) {
  return isReplyOf(sender, item) && item.status !== 'failed' && !isStuck(item, asOf);
}

/** "hand-off: a handoff_notice, whatever its direction, sender and visibility." */
function isHandOff(item) {
  return isMessage(item) && item.kind === 'handoff_notice';
}

/**
 * "A hand-off follows within 10 minutes (at the same instant it counts as following, unless both have a sequence and
 * the hand-off's is smaller)."
 */
function handOffFollows(handOff, reply) {
  if (handOff.at === reply.at) {
    return !(hasSequence(handOff) && hasSequence(reply) && handOff.sequence < reply.sequence);
  }
  return handOff.at > reply.at && handOff.at - reply.at <= PROMISE_WINDOW;
}

/**
 * The demand that `inReplyTo` names: "a demand of the timeline that arrived at most a day before the answer, or after
 * it. Anything else that it names: as if it were absent."
 */
function namedDemand(answer, demands) {
  const demand = demands.find((each) => each.id === answer.inReplyTo);
  return demand !== undefined && answer.at - demand.arrival <= NAMING_WINDOW ? demand : undefined;
}

/**
 * "An answer covers a demand if its (at, sequence) is greater than the demand's (arrival, sequence). If the instants
 * are equal and neither has a sequence, an answer of the AI covers, because it does not speak first; a human's does
 * not."
 */
function coversByClock(answer, demand) {
  const doNotTell = answer.at === demand.arrival && !hasSequence(answer) && !hasSequence(demand);
  if (doNotTell) return answer.sender === 'ai';
  return compareClocks(clockOf(answer), arrivalClockOf(demand)) > 0;
}

/**
 * "If inReplyTo names a demand …, an answer of the AI covers that demand and the demands before it in the timeline, and
 * no other, whatever the clocks say; a human's covers these besides what its clock covers, because people quote."
 */
function covers(answer, demand, demands) {
  const named = namedDemand(answer, demands);
  if (named === undefined) return coversByClock(answer, demand);
  const isNamedOrBefore = demand === named || compareClocks(clockOf(demand), clockOf(named)) < 0;
  return isNamedOrBefore || (answer.sender === 'human' && coversByClock(answer, demand));
}

/**
 * "promise: a reply of the AI, otherwise an answer, that a hand-off follows within 10 minutes, if between the two there
 * is no human answer and no demand arrives that the reply would not cover." The hand-off is the first that follows;
 * undefined: the reply is no promise.
 */
function handOffOfPromise(reply, timeline, demands, asOf) {
  if (!isGoodReplyOf('ai', reply, asOf)) return undefined;
  const handOff = timeline.find((item) => isHandOff(item) && handOffFollows(item, reply));
  if (handOff === undefined) return undefined;

  const isBetween = (clock) => compareClocks(clockOf(reply), clock) < 0 && compareClocks(clock, clockOf(handOff)) < 0;
  const humanAnswered = timeline.some((item) => isGoodReplyOf('human', item, asOf) && isBetween(clockOf(item)));
  const demandArrived = demands.some((demand) => isBetween(arrivalClockOf(demand)) && !covers(reply, demand, demands));
  return humanAnswered || demandArrived ? undefined : handOff;
}

/** The promises of a timeline, each with its hand-off. "A promise covers nothing." */
function promisesOf(timeline, demands, asOf) {
  return timeline
    .map((reply) => ({ reply, handOff: handOffOfPromise(reply, timeline, demands, asOf) }))
    .filter(({ handOff }) => handOff !== undefined);
}

/**
 * "answer: a reply whose status is not failed, and if queued, only while asOf − at ≤ 2 minutes (after that the send is
 * stuck), and that is no promise."
 */
function answersOf(timeline, promises, asOf) {
  return timeline.filter(
    (item) =>
      (isGoodReplyOf('ai', item, asOf) || isGoodReplyOf('human', item, asOf)) &&
      !promises.some(({ reply }) => reply === item),
  );
}

/**
 * "waitingSince: at of the first demand in the timeline that no answer covers." All demands with the clock of that one
 * that no answer covers, because their order is only that of their ids; none: nobody waits.
 */
function firstOpenDemands(demands, answers) {
  const open = demands.filter((demand) => !answers.some((answer) => covers(answer, demand, demands)));
  return open.filter((demand) => compareClocks(clockOf(demand), clockOf(open[0])) === 0);
}

// ---------------------------------------------------------------------------------------------------------------
// Who is responsible, and since when
// ---------------------------------------------------------------------------------------------------------------

/** The owner (first) and the assignees as they are now, each once. */
function peopleOf(conversation) {
  const owner = conversation.ownerId === undefined ? [] : [conversation.ownerId];
  return [...new Set([...owner, ...conversation.assigneeIds])];
}

/**
 * "Somebody is assigned if the conversation has an owner or assignee now (a bot counts): from assignedAt on, which
 * stands in the walk as a change of its own, before the other items of its instant; without assignedAt, from the first
 * record that says off by human since the autopilot was last on; without either, all along."
 *
 * The items of the walk, and the one from which on somebody is assigned; null: nobody ever is.
 */
function walkOf(timeline, conversation) {
  if (peopleOf(conversation).length === 0) return { items: timeline, assignment: null };
  if (conversation.assignedAt !== undefined) {
    const at = parseInstant(conversation.assignedAt);
    const assignment = { type: 'assignment', at };
    const before = timeline.filter((item) => item.at < at);
    return { items: [...before, assignment, ...timeline.slice(before.length)], assignment };
  }
  const lastOn = timeline.findLastIndex((item) => isAutopilotChange(item) && item.enabled);
  const isTakeOver = (item) => isAutopilotChange(item) && !item.enabled && item.by === 'human';
  return { items: timeline, assignment: timeline.slice(lastOn + 1).find(isTakeOver) ?? timeline[0] };
}

/** "The autopilot is on at the start unless startsWithAutopilot is false." */
function isAutopilotOn(items, conversation) {
  const lastChange = items.findLast(isAutopilotChange);
  return lastChange === undefined ? conversation.startsWithAutopilot !== false : lastChange.enabled;
}

/**
 * "(a) a human replied since the last record that says on (or since the start) and no answer of the AI followed the
 * last such reply while the autopilot was on."
 */
function humanHasTheWord(items, conversation, answers) {
  const lastOn = items.findLastIndex((item) => isAutopilotChange(item) && item.enabled);
  const replies = items.slice(lastOn + 1).filter((item) => isReplyOf('human', item));
  if (replies.length === 0) return false;
  const lastReply = replies.map(clockOf).sort(compareClocks).at(-1);
  return !items.some(
    (item, index) =>
      answers.includes(item) &&
      item.sender === 'ai' &&
      compareClocks(clockOf(item), lastReply) > 0 &&
      isAutopilotOn(items.slice(0, index), conversation),
  );
}

/**
 * "The kind is human (a) …; or (b) if the autopilot is off and the record that says so is by human; or (c) if the
 * autopilot is off and somebody is assigned. Otherwise it is ai while the autopilot is on, else none." After the items
 * given, which are the beginning of a walk.
 */
function kindAfter(items, assignment, conversation, answers) {
  const isOn = isAutopilotOn(items, conversation);
  if (humanHasTheWord(items, conversation, answers)) return 'human';
  if (!isOn && items.findLast(isAutopilotChange)?.by === 'human') return 'human';
  if (!isOn && items.includes(assignment)) return 'human';
  return isOn ? 'ai' : 'none';
}

/** Whether nothing but their ids says which of two messages comes first. */
function tie(item, other) {
  return isMessage(item) && isMessage(other) && compareClocks(clockOf(item), clockOf(other)) === 0;
}

/**
 * "responsible", walked along the timeline. "ownerSince: when the kind last changed. What the first item makes it is
 * its start and no change." `changes` are the instants at which it changed. Messages that tie are one step of the walk.
 */
function responsibilityOf(timeline, conversation, answers) {
  const { items, assignment } = walkOf(timeline, conversation);
  const kinds = items.map((item) => {
    const last = items.findLastIndex((other) => other === item || tie(item, other));
    return kindAfter(items.slice(0, last + 1), assignment, conversation, answers);
  });
  const changes = items.filter((_, index) => index > 0 && kinds[index] !== kinds[index - 1]).map(({ at }) => at);
  return { responsible: kinds.at(-1), ownerSince: changes.at(-1) ?? items[0].at, changes };
}

/** "If the kind changed more than twice at or after waitingSince." */
function isPassedBackAndForth(changes, waitingSince) {
  return changes.filter((at) => at >= waitingSince).length > CHANGES_LIMIT;
}

/**
 * "stalledSince: the latest of waitingSince, ownerSince and, if promises would have covered the demand that
 * waitingSince is of, the earliest hand-off of these promises. But if the kind changed more than twice at or after
 * waitingSince, it is waitingSince."
 */
function stalledSinceOf(openDemands, demands, promises, { ownerSince, changes }) {
  const waitingSince = openDemands[0].at;
  if (isPassedBackAndForth(changes, waitingSince)) return waitingSince;
  const handOffs = promises
    .filter(({ reply }) => openDemands.some((demand) => covers(reply, demand, demands)))
    .map(({ handOff }) => handOff.at);
  const earliest = handOffs.length === 0 ? waitingSince : Math.min(...handOffs);
  return Math.max(waitingSince, ownerSince, earliest);
}

// ---------------------------------------------------------------------------------------------------------------
// Candidates and their categories
// ---------------------------------------------------------------------------------------------------------------

/**
 * A contact and those that it became: "name and phone of the last of up to 10 steps are shown; blocked if any of them
 * is; a cycle or an unknown one: its own record alone". Undefined: it is not known.
 */
function contactOf(contactId, contacts) {
  const own = contacts.get(contactId);
  if (own === undefined) return undefined;
  const chain = [own];
  while (chain.length - 1 < CONTACT_CHAIN_STEPS && chain.at(-1).mergedInto !== undefined) {
    const next = contacts.get(chain.at(-1).mergedInto);
    if (next === undefined || chain.includes(next)) return own;
    chain.push(next);
  }
  const { name, phone } = chain.at(-1);
  return { name, phone, blocked: chain.some((contact) => contact.blocked) };
}

/** "In any case of letters." */
function inLowerCase(text) {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * "gates (any of them: no row): merged (unless it stands for itself); draft; deleted; contact blocked (it, or what it
 * became); channelType voice in any case of letters; the conversation not known, or removed." What is removed or not
 * known is not among the present records in the first place.
 */
function isGated(conversation, contact, { chains }) {
  return (
    chains.get(conversation).length > 1 ||
    conversation.draft ||
    contact?.blocked ||
    inLowerCase(conversation.channelType) === 'voice'
  );
}

/**
 * "snoozed if snoozedAt is set, snoozedUntil is absent or after asOf, and no demand arrived at or after snoozedAt (else
 * the whole wait counts, the time before the snooze too)."
 */
function isSnoozed({ snoozedAt, snoozedUntil }, demands, asOf) {
  if (snoozedAt === undefined) return false;
  if (snoozedUntil !== undefined && parseInstant(snoozedUntil) <= asOf) return false;
  return !demands.some((demand) => demand.arrival >= parseInstant(snoozedAt));
}

/**
 * "A supervisor takes a row off the list: until the customer writes again, or until an instant. A demand later in the
 * timeline than that message, or that arrives after the acknowledgement, ends it." A source's clock may be ahead of the
 * service's, so what had arrived no later than the message was seen with it. If the message asks for nothing any more,
 * nothing is acknowledged.
 */
function isAcknowledged(acknowledgement, demands, asOf) {
  if (acknowledgement === undefined || acknowledgement.until <= asOf) return false;
  const seen = demands.findIndex((demand) => demand.messageId === acknowledgement.latestInboundMessageId);
  if (seen < 0) return false;
  const isLater = (demand) => demand.arrival > acknowledgement.at && demand.arrival > demands[seen].arrival;
  return !demands.some((demand, index) => index > seen || isLater(demand));
}

/** "With who and when in the row." */
function acknowledgementMembers({ by, at, until, note }) {
  return {
    acknowledgedBy: by,
    acknowledgedAt: formatInstant(at),
    ...(until !== undefined && { acknowledgedUntil: formatInstant(until) }),
    ...(note !== undefined && { note }),
  };
}

/**
 * "category: snoozed …; acknowledged if an acknowledgement is in force; else by the responsible: ai → ai_stuck, human →
 * agent_abandoned, none → unassigned."
 */
function categoryOf(conversation, demands, responsible, { acknowledgements, asOf }) {
  if (isSnoozed(conversation, demands, asOf)) return 'snoozed';
  if (isAcknowledged(acknowledgements.get(conversation.conversationId), demands, asOf)) return 'acknowledged';
  return { ai: 'ai_stuck', human: 'agent_abandoned', none: 'unassigned' }[responsible];
}

/** An active user that is not a bot. An id without a user record is nobody. */
function isActivePerson(user) {
  return user?.active === true && !user.bot;
}

/** "reason, the first that fits", while the autopilot is responsible. `since`: the items with at ≥ waitingSince. */
function reasonOfAi(since, { asOf }) {
  if (since.some((item) => isReplyOf('ai', item) && item.status === 'failed')) return 'reply_failed';
  if (since.some((item) => isReplyOf('ai', item) && isStuck(item, asOf))) return 'reply_queued';
  if (since.some(isHandOff)) return 'handoff_not_completed';
  return 'no_reply';
}

/** "reason, the first that fits", while a human is responsible. `since`: the items with at ≥ waitingSince. */
function reasonOfHuman(since, { answers, ownerSince, conversation, users, asOf }) {
  const isPrivateNote = (item) => isMessage(item) && item.visibility === 'private' && item.sender === 'human';
  const isAnswerSinceTakeover = (answer) => answer.sender === 'human' && answer.at >= ownerSince;

  if (since.some((item) => isReplyOf('human', item) && item.status === 'failed')) return 'reply_failed';
  if (since.some((item) => isReplyOf('human', item) && isStuck(item, asOf))) return 'reply_queued';
  if (since.some(isPrivateNote)) return 'only_private_note';
  if (!peopleOf(conversation).some((id) => isActivePerson(users.get(id)))) return 'assignee_missing';
  if (!answers.some(isAnswerSinceTakeover)) return 'no_reply_since_takeover';
  return 'no_reply_to_follow_up';
}

/** "reason, the first that fits", while nobody is responsible. `since`: the items with at ≥ waitingSince. */
function reasonOfNobody(since) {
  return since.some(isHandOff) ? 'handoff_not_completed' : 'nobody_assigned';
}

/** "assigneeNames": of the active people among the assignees, in that order, else the owner's, else none. */
function assigneeNamesOf(conversation, users) {
  const namesOf = (ids) =>
    ids
      .map((id) => users.get(id))
      .filter(isActivePerson)
      .map((user) => user.fullName);
  const names = namesOf(conversation.assigneeIds);
  if (names.length > 0) return names;
  return conversation.ownerId === undefined ? [] : namesOf([conversation.ownerId]);
}

/**
 * "candidate: passes the gates and waits; while the responsible is ai, only from 30 s after the first open demand
 * arrived"; null when it is none. Items later than asOf count like any other: a demand a little in the future is a row
 * of age 0.
 */
function candidateOf(conversation, context) {
  const { contacts, users, asOf } = context;
  const contact = contactOf(conversation.contactId, contacts);
  if (isGated(conversation, contact, context)) return null;

  const timeline = timelineOf(conversation, context);
  const demands = timeline.filter((item) => isDemand(item, context));
  const promises = promisesOf(timeline, demands, asOf);
  const answers = answersOf(timeline, promises, asOf);
  const openDemands = firstOpenDemands(demands, answers);
  if (openDemands.length === 0) return null;

  const waitingSince = openDemands[0].at;
  const responsibility = responsibilityOf(timeline, conversation, answers);
  const { responsible, ownerSince, changes } = responsibility;
  const arrival = Math.max(...openDemands.map((demand) => demand.arrival));
  if (responsible === 'ai' && asOf < arrival + AI_PATIENCE) return null;

  const stalledSince = stalledSinceOf(openDemands, demands, promises, responsibility);
  const since = timeline.filter((item) => item.at >= waitingSince);
  const reasonOf = { ai: reasonOfAi, human: reasonOfHuman, none: reasonOfNobody }[responsible];
  const reason = isPassedBackAndForth(changes, waitingSince)
    ? 'passed_back_and_forth'
    : reasonOf(since, { answers, ownerSince, conversation, users, asOf });
  const latestInbound = demands.at(-1);
  const category = categoryOf(conversation, demands, responsible, context);
  const acknowledgement = context.acknowledgements.get(conversation.conversationId);
  return {
    row: {
      conversationId: conversation.conversationId,
      contactId: conversation.contactId,
      contactName: contact?.name ?? '',
      contactPhone: contact?.phone ?? null,
      channelType: conversation.channelType,
      latestInboundMessageId: latestInbound.messageId,
      latestInboundAt: formatInstant(latestInbound.at),
      category,
      assigneeNames: assigneeNamesOf(conversation, users),
      departmentId: conversation.departmentId ?? null,
      waitingSince: formatInstant(waitingSince),
      stalledSince: formatInstant(stalledSince),
      reason,
      ...(category === 'acknowledged' && acknowledgementMembers(acknowledgement)),
    },
    people: peopleOf(conversation),
    departmentId: conversation.departmentId ?? null,
    stalledSince,
  };
}

/** "Order: stalledSince ascending, then conversationId by UTF-8 bytes." */
function compareCandidates(left, right) {
  return left.stalledSince - right.stalledSince || compareUtf8(left.row.conversationId, right.row.conversationId);
}

// ---------------------------------------------------------------------------------------------------------------
// Thresholds and age
// ---------------------------------------------------------------------------------------------------------------

/**
 * "A department's threshold beats a channel's, which beats the organization's"; "channels are compared without regard
 * to case".
 */
function thresholdOf({ row }, { thresholdMinutes, channelThresholdMinutes = {}, departmentThresholdMinutes = {} }) {
  const ofDepartment = Object.entries(departmentThresholdMinutes).find(([id]) => id === row.departmentId);
  const ofChannel = Object.entries(channelThresholdMinutes).find(
    ([channel]) => inLowerCase(channel) === inLowerCase(row.channelType),
  );
  const [, minutes] = ofDepartment ?? ofChannel ?? [null, thresholdMinutes];
  return minutes;
}

/** "An age below zero is zero." */
function ageOf(candidate, asOf) {
  return Math.max(0, asOf - candidate.stalledSince);
}

/** "asOf − stalledSince ≥ the threshold that applies." */
function isOverThreshold(candidate, asOf, settings) {
  return ageOf(candidate, asOf) >= thresholdOf(candidate, settings) * MINUTE;
}

/** "stalledSince not more than maxAgeDays ago." */
function isTooOld(candidate, asOf, { maxAgeDays = MAX_AGE_DAYS }) {
  return ageOf(candidate, asOf) > maxAgeDays * DAY;
}

// ---------------------------------------------------------------------------------------------------------------

/** Takes in events in any order, and says what the report must show. */
export class Oracle {
  /** The winning version of every record, removals included, by identity. */
  #records = new Map();
  /** What supervisors have acknowledged, by organization and conversation. */
  #acknowledgements = new Map();

  /**
   * A supervisor acknowledges a conversation, or, with nothing, puts it back. Instants are epoch milliseconds.
   *
   * @param {string} organizationId
   * @param {string} conversationId
   * @param {{latestInboundMessageId: string, by: string, at: number, until?: number, note?: string}} [acknowledgement]
   */
  acknowledge(organizationId, conversationId, acknowledgement) {
    const ofOrganization = this.#acknowledgements.get(organizationId) ?? new Map();
    this.#acknowledgements.set(organizationId, ofOrganization);
    if (acknowledgement) ofOrganization.set(conversationId, acknowledgement);
    else ofOrganization.delete(conversationId);
  }

  /** The name of a user; null if there is none. */
  userName(organizationId, userId) {
    return this.#present(organizationId, 'user').find((record) => record.userId === userId)?.fullName || null;
  }

  /** "Any order of arrival and any number of repeats end in the same state." Events are assumed to be valid. */
  takeIn(events) {
    for (const event of events) {
      const record = normalise(event);
      const identity = identityOf(record);
      const current = this.#records.get(identity);
      if (current === undefined || wins(record, current)) this.#records.set(identity, record);
    }
  }

  /** "An organization exists once any event of it is stored, unless its winning organization record is a removal." */
  exists(organizationId) {
    const records = [...this.#records.values()].filter((record) => record.organizationId === organizationId);
    return records.length > 0 && !records.some((record) => record.type === 'organization' && record.deleted === true);
  }

  /** The records of one type that are present, whose winning version is not a removal. */
  #present(organizationId, type) {
    return this.recordsOf(organizationId, type).filter((record) => record.deleted !== true);
  }

  /** The winning versions of the records of one type, removals included. */
  recordsOf(organizationId, type) {
    return [...this.#records.values()].filter(
      (record) => record.organizationId === organizationId && record.type === type,
    );
  }

  /** The name of a department; null if it has none. */
  departmentName(organizationId, departmentId) {
    const records = this.#present(organizationId, 'department');
    return records.find((record) => record.departmentId === departmentId)?.name ?? null;
  }

  /**
   * Every candidate of the organization at asOf (epoch milliseconds), of every category, in the report's order,
   * whatever their age.
   */
  candidates(organizationId, asOf) {
    const byOwnId = (type) =>
      new Map(this.#present(organizationId, type).map((record) => [record[RECORD_TYPES[type].ownId], record]));
    const conversations = byOwnId('conversation');
    const items = ['autopilot', 'resolution', 'message'].flatMap((type) => this.#present(organizationId, type));
    const byConversation = Map.groupBy(items.map(itemOf), (item) => item.conversationId);
    const itemsOf = (conversation) => byConversation.get(conversation.conversationId) ?? [];
    const ofEach = (work) => new Map([...conversations.values()].map((each) => [each, work(each)]));
    const context = {
      contacts: byOwnId('contact'),
      users: byOwnId('user'),
      acknowledgements: this.#acknowledgements.get(organizationId) ?? new Map(),
      conversations,
      itemsOf,
      chains: ofEach((conversation) => chainOf(conversation, conversations)),
      resolutions: ofEach((conversation) => resolutionInForce(conversation, { itemsOf })),
      asOf,
    };
    return [...conversations.values()]
      .map((conversation) => candidateOf(conversation, context))
      .filter((candidate) => candidate !== null)
      .sort(compareCandidates);
  }

  /** The candidates of the contract's two categories: what a report without `category` can show. */
  rows(organizationId, asOf) {
    return this.candidates(organizationId, asOf).filter(({ row }) => CONTRACT_CATEGORIES.includes(row.category));
  }

  /**
   * The report's `data`, except what only a published snapshot has. `departments` are those that the caller sees;
   * `null` means all. `viewer` is the caller; `null` means one who has access to every row. The thresholds and
   * `maxAgeDays` are the organization's settings.
   *
   * @param {{
   *   organizationId: string, asOf: number, thresholdMinutes: number, page?: number, limit?: number,
   *   category?: string | null, skipThreshold?: boolean, departments?: string[] | null,
   *   channelType?: string | null, reason?: string | null, assignee?: string | null,
   *   viewer?: { subject: string } | null, maxAgeDays?: number,
   *   channelThresholdMinutes?: Record<string, number>, departmentThresholdMinutes?: Record<string, number>,
   * }} question
   */
  report({
    organizationId,
    asOf,
    page = 1,
    limit = 25,
    category = null,
    skipThreshold = false,
    departments = null,
    channelType = null,
    reason = null,
    assignee = null,
    viewer = null,
    ...settings
  }) {
    const { thresholdMinutes } = settings;
    const filtered = this.candidates(organizationId, asOf)
      .filter((candidate) => departments === null || departments.includes(candidate.departmentId))
      .filter(({ row }) => channelType === null || row.channelType === channelType)
      .filter(({ row }) => reason === null || row.reason === reason)
      .filter(({ row }) => assignee === null || row.assigneeNames.includes(assignee));
    // "skipThreshold=true lists every candidate, however short or long."
    const overThreshold = filtered.filter((candidate) => skipThreshold || isOverThreshold(candidate, asOf, settings));
    const leftOut = overThreshold.filter((candidate) => !skipThreshold && isTooOld(candidate, asOf, settings));
    const inScope = overThreshold.filter((candidate) => !leftOut.includes(candidate));
    const countOf = (wanted) => inScope.filter(({ row }) => row.category === wanted).length;
    // "Shown only where they are asked for by name: without category a report has the two of the contract and nothing
    // else."
    const categories = category === null ? CONTRACT_CATEGORIES : [category];
    const isOfCategory = ({ row }) => categories.includes(row.category);
    const matching = inScope.filter(isOfCategory);
    const hasAccess = (candidate) => viewer === null || candidate.people.includes(viewer.subject);
    // "A row to which another one applies carries thresholdMinutes."
    const ownThreshold = (candidate) => {
      const applying = thresholdOf(candidate, settings);
      return applying === thresholdMinutes ? {} : { thresholdMinutes: applying };
    };
    return {
      organizationId,
      thresholdMinutes,
      totalCount: matching.length,
      // "Same scope and threshold, before the category filter."
      counts: Object.fromEntries(CATEGORIES.map((name) => [name, countOf(name)])),
      // "How many rows of the same filters maxAgeDays leaves out."
      olderCount: leftOut.filter(isOfCategory).length,
      pagination: { page, limit, total: matching.length, totalPages: Math.ceil(matching.length / limit) },
      rows: matching
        .slice((page - 1) * limit, page * limit)
        .map((candidate) => ({ ...candidate.row, hasAccess: hasAccess(candidate), ...ownThreshold(candidate) })),
    };
  }
}

/**
 * An oracle that works out the rows of an instant once, however many questions there are about them, and forgets them
 * when events come in.
 */
export class RememberingOracle extends Oracle {
  #candidates = new Map();

  takeIn(events) {
    this.#candidates.clear();
    super.takeIn(events);
  }

  /**
   * @param {string} organizationId
   * @param {string} conversationId
   * @param {{latestInboundMessageId: string, by: string, at: number, until?: number, note?: string}} [acknowledgement]
   */
  acknowledge(organizationId, conversationId, acknowledgement) {
    this.#candidates.clear();
    super.acknowledge(organizationId, conversationId, acknowledgement);
  }

  candidates(organizationId, asOf) {
    const key = JSON.stringify([organizationId, asOf]);
    if (!this.#candidates.has(key)) this.#candidates.set(key, super.candidates(organizationId, asOf));
    return this.#candidates.get(key);
  }
}

/** An oracle that has taken these events in. */
export function oracleOf(events) {
  const oracle = new RememberingOracle();
  oracle.takeIn(events);
  return oracle;
}
