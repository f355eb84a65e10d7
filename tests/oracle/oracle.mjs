/**
 * The product's definition as a slow program: every question is answered from the complete history. Between questions only
 * the winning version of each record is kept, so nothing can get out of step.
 */

const MINUTE = 60_000;
/** A queued send that is older than this is stuck. */
const QUEUED_SEND_LIMIT = 2 * MINUTE;

/** "Events": for each type its own id, its fields, which of them are instants, and the defaults of those left out. */
const RECORD_TYPES = {
  organization: { ownId: 'organizationId', fields: ['name'] },
  department: { ownId: 'departmentId', fields: ['name'] },
  user: { ownId: 'userId', fields: ['fullName', 'active', 'bot'], defaults: () => ({ active: true, bot: false }) },
  contact: { ownId: 'contactId', fields: ['name', 'phone', 'blocked'], defaults: () => ({ blocked: false }) },
  conversation: {
    ownId: 'conversationId',
    fields: [
      'contactId',
      'channelType',
      'departmentId',
      'ownerId',
      'assigneeIds',
      'resolvedAt',
      'snoozedUntil',
      'snoozedAt',
      'draft',
      'mergedInto',
    ],
    instants: ['resolvedAt', 'snoozedUntil', 'snoozedAt'],
    defaults: () => ({ assigneeIds: [], draft: false }),
  },
  autopilot: { ownId: 'changeId', fields: ['conversationId', 'at', 'enabled', 'actorId'], instants: ['at'] },
  message: {
    ownId: 'messageId',
    fields: ['conversationId', 'at', 'sequence', 'direction', 'sender', 'senderId', 'visibility', 'kind', 'status'],
    instants: ['at'],
    defaults: (message) => ({
      sequence: 0,
      visibility: 'public',
      kind: 'text',
      status: message.direction === 'inbound' ? 'received' : 'sent',
    }),
  },
};

// ---------------------------------------------------------------------------------------------------------------
// Taking in: normalisation and the winning version
// ---------------------------------------------------------------------------------------------------------------

/** "Instants are truncated to milliseconds": RFC 3339, any offset and any number of digits, to epoch milliseconds. */
export function parseInstant(text) {
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/i.exec(text);
  if (parts === null) throw new Error(`not an RFC 3339 instant: ${text}`);
  const [, day, time, fraction = '', offset] = parts;
  const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
  const instant = Date.parse(`${day}T${time}.${milliseconds}${offset.toUpperCase()}`);
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

/** "Unknown fields are dropped, null means absent." */
function presentFields(event, fields) {
  return Object.fromEntries(fields.filter((field) => (event[field] ?? null) !== null).map((f) => [f, event[f]]));
}

/** "Unknown fields are dropped, null means absent, defaults are filled in, instants are truncated to milliseconds." */
export function normalise(event) {
  const { ownId, fields, instants = [], defaults = () => ({}) } = RECORD_TYPES[event.type];
  const identity = {
    type: event.type,
    organizationId: event.organizationId,
    [ownId]: event[ownId],
    updatedAt: formatInstant(parseInstant(event.updatedAt)),
  };
  // A removal is only the statement that the record is gone; whatever else it carries says nothing.
  if (event.deleted === true) return { ...identity, deleted: true };
  const given = presentFields(event, fields);
  for (const field of instants) {
    if (field in given) given[field] = formatInstant(parseInstant(given[field]));
  }
  return { ...defaults(given), ...given, ...identity };
}

/** "A record's identity is (organization, type, its own id)." */
function identityOf(record) {
  return JSON.stringify([record.organizationId, record.type, record[RECORD_TYPES[record.type].ownId]]);
}

/** "The later updatedAt wins; at the same updatedAt a removal wins, then the greater RFC 8785 bytes." */
function wins(challenger, current) {
  const later = parseInstant(challenger.updatedAt) - parseInstant(current.updatedAt);
  if (later !== 0) return later > 0;
  const removed = (record) => record.deleted === true;
  if (removed(challenger) !== removed(current)) return removed(challenger);
  return compareUtf8(canonicalJson(challenger), canonicalJson(current)) > 0;
}

// ---------------------------------------------------------------------------------------------------------------
// What stalled means
// ---------------------------------------------------------------------------------------------------------------

const isMessage = (item) => item.type === 'message';
const isAutopilotChange = (item) => item.type === 'autopilot';
const atOf = (item) => parseInstant(item.at);
const idOf = (item) => item[RECORD_TYPES[item.type].ownId];
const sequenceOf = (item) => item.sequence ?? 0;

/** "Timeline order: at, then autopilot changes before messages, then sequence, then id." */
function compareTimeline(left, right) {
  return (
    atOf(left) - atOf(right) ||
    Number(isMessage(left)) - Number(isMessage(right)) ||
    sequenceOf(left) - sequenceOf(right) ||
    compareUtf8(idOf(left), idOf(right))
  );
}

/** "demand: inbound, public, sender contact, kind text or media, at after resolvedAt if there is one." */
function isDemand(item, conversation) {
  return (
    isMessage(item) &&
    item.direction === 'inbound' &&
    item.visibility === 'public' &&
    item.sender === 'contact' &&
    ['text', 'media'].includes(item.kind) &&
    (conversation.resolvedAt === undefined || atOf(item) > parseInstant(conversation.resolvedAt))
  );
}

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
  return item.status === 'queued' && asOf - atOf(item) > QUEUED_SEND_LIMIT;
}

/** "answer: a reply whose status is not failed, and if queued, only while asOf − at ≤ 2 minutes"; of one sender. */
function isAnswerOf(sender, item, asOf) {
  return isReplyOf(sender, item) && item.status !== 'failed' && !isStuck(item, asOf);
}

function isAnswer(item, asOf) {
  return isAnswerOf('ai', item, asOf) || isAnswerOf('human', item, asOf);
}

/** "An answer follows a demand if its (at, sequence) is greater; equal does not count." */
function follows(answer, demand) {
  if (atOf(answer) !== atOf(demand)) return atOf(answer) > atOf(demand);
  return answer.sequence > demand.sequence;
}

/** "waitingSince: at of the first demand that no answer follows"; undefined: nobody waits. */
function waitingSinceOf(timeline, conversation, asOf) {
  const answers = timeline.filter((item) => isAnswer(item, asOf));
  const unanswered = timeline
    .filter((item) => isDemand(item, conversation))
    .find((demand) => !answers.some((answer) => follows(answer, demand)));
  return unanswered === undefined ? undefined : atOf(unanswered);
}

/** The owner (first) and the assignees as they are now, each once. */
function peopleOf(conversation) {
  const owner = conversation.ownerId === undefined ? [] : [conversation.ownerId];
  return [...new Set([...owner, ...conversation.assigneeIds])];
}

/**
 * "responsible", after the items given (a timeline or the beginning of one). The start counts as an on that comes
 * before the first item: a human reply that is the first item itself came after it.
 */
function responsibleAfter(items, conversation) {
  const lastOn = items.findLastIndex((item) => isAutopilotChange(item) && item.enabled);
  if (items.slice(lastOn + 1).some((item) => isReplyOf('human', item))) return 'human';

  const lastChange = items.findLast(isAutopilotChange);
  const isOff = lastChange !== undefined && !lastChange.enabled;
  if (!isOff) return 'ai';
  return lastChange.actorId !== undefined || peopleOf(conversation).length > 0 ? 'human' : 'none';
}

/**
 * "ownerSince: when the kind of the responsible last changed (at the start: the first timeline item), the owner and
 * assignees taken as they are now": who is responsible is determined again after every item.
 */
function ownerSinceOf(timeline, conversation) {
  let kind = 'ai';
  let since = atOf(timeline[0]);
  timeline.forEach((item, index) => {
    const kindAfterItem = responsibleAfter(timeline.slice(0, index + 1), conversation);
    if (kindAfterItem !== kind) since = atOf(item);
    kind = kindAfterItem;
  });
  return since;
}

/** "snoozedUntil after asOf, unless a demand came after snoozedAt." */
function isSnoozed(conversation, demands, asOf) {
  if (conversation.snoozedUntil === undefined || parseInstant(conversation.snoozedUntil) <= asOf) return false;
  return !demands.some((demand) => atOf(demand) > parseInstant(conversation.snoozedAt));
}

/** "gates (any of them: no row)"; a removed conversation is not among the present records in the first place. */
function isGated(conversation, contact, demands, asOf) {
  return (
    conversation.mergedInto !== undefined ||
    conversation.draft ||
    isSnoozed(conversation, demands, asOf) ||
    contact?.blocked ||
    conversation.channelType === 'voice'
  );
}

/** An active user that is not a bot. An id without a user record is nobody. */
function isActivePerson(user) {
  return user?.active === true && !user.bot;
}

/** "reason, the first that fits", while the autopilot is responsible. `since`: the items with at ≥ waitingSince. */
function reasonOfAi(since, asOf) {
  if (since.some((item) => isReplyOf('ai', item) && item.status === 'failed')) return 'reply_failed';
  if (since.some((item) => isReplyOf('ai', item) && isStuck(item, asOf))) return 'reply_queued';
  if (since.some((item) => isMessage(item) && item.kind === 'handoff_notice')) return 'handoff_not_completed';
  return 'no_reply';
}

/** "reason, the first that fits", while a human is responsible. `since`: the items with at ≥ waitingSince. */
function reasonOfHuman(since, { timeline, ownerSince, conversation, users, asOf }) {
  const isPrivateNote = (item) => isMessage(item) && item.visibility === 'private' && item.sender === 'human';
  const isAnswerSinceTakeover = (item) => isAnswerOf('human', item, asOf) && atOf(item) >= ownerSince;

  if (since.some((item) => isReplyOf('human', item) && item.status === 'failed')) return 'reply_failed';
  if (since.some((item) => isReplyOf('human', item) && isStuck(item, asOf))) return 'reply_queued';
  if (since.some(isPrivateNote)) return 'only_private_note';
  if (!peopleOf(conversation).some((id) => isActivePerson(users.get(id)))) return 'assignee_missing';
  if (!timeline.some(isAnswerSinceTakeover)) return 'no_reply_since_takeover';
  return 'no_reply_to_follow_up';
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
 * "candidate: passes the gates, waits, and responsible is ai or human"; null when it is none.
 * Items later than asOf count like any other: a demand a little in the future is a row of age 0.
 */
function candidateOf(conversation, timeline, { contacts, users, asOf }) {
  const contact = contacts.get(conversation.contactId);
  const demands = timeline.filter((item) => isDemand(item, conversation));
  if (isGated(conversation, contact, demands, asOf)) return null;

  const waitingSince = waitingSinceOf(timeline, conversation, asOf);
  if (waitingSince === undefined) return null;

  const responsible = responsibleAfter(timeline, conversation);
  if (responsible === 'none') return null;

  const ownerSince = ownerSinceOf(timeline, conversation);
  const stalledSince = Math.max(waitingSince, ownerSince);
  const since = timeline.filter((item) => atOf(item) >= waitingSince);
  const latestInbound = demands.at(-1);
  return {
    row: {
      conversationId: conversation.conversationId,
      contactId: conversation.contactId,
      contactName: contact?.name ?? '',
      contactPhone: contact?.phone ?? null,
      channelType: conversation.channelType,
      latestInboundMessageId: latestInbound.messageId,
      latestInboundAt: latestInbound.at,
      category: responsible === 'ai' ? 'ai_stuck' : 'agent_abandoned',
      assigneeNames: assigneeNamesOf(conversation, users),
      departmentId: conversation.departmentId ?? null,
      waitingSince: formatInstant(waitingSince),
      stalledSince: formatInstant(stalledSince),
      reason:
        responsible === 'ai'
          ? reasonOfAi(since, asOf)
          : reasonOfHuman(since, { timeline, ownerSince, conversation, users, asOf }),
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

/** "over the threshold: asOf − stalledSince ≥ thresholdMinutes (an age below zero is zero)." */
function isOverThreshold(candidate, asOf, thresholdMinutes) {
  return Math.max(0, asOf - candidate.stalledSince) >= thresholdMinutes * MINUTE;
}

// ---------------------------------------------------------------------------------------------------------------

/** Takes in events in any order, and says what the report must show. */
export class Oracle {
  /** The winning version of every record, removals included, by identity. */
  #records = new Map();

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
    return [...this.#records.values()].filter(
      (record) => record.organizationId === organizationId && record.type === type && record.deleted !== true,
    );
  }

  /** The name of a department; null if it has none. */
  departmentName(organizationId, departmentId) {
    const records = this.#present(organizationId, 'department');
    return records.find((record) => record.departmentId === departmentId)?.name ?? null;
  }

  /** Each conversation's messages and autopilot changes, in timeline order. */
  #timelines(organizationId) {
    const items = [...this.#present(organizationId, 'autopilot'), ...this.#present(organizationId, 'message')];
    const timelines = new Map();
    for (const item of items.sort(compareTimeline)) {
      if (!timelines.has(item.conversationId)) timelines.set(item.conversationId, []);
      timelines.get(item.conversationId).push(item);
    }
    return timelines;
  }

  /** Every candidate of the organization at asOf (epoch milliseconds), in the report's order, whatever their age. */
  rows(organizationId, asOf) {
    const byOwnId = (type) =>
      new Map(this.#present(organizationId, type).map((record) => [record[RECORD_TYPES[type].ownId], record]));
    const context = { contacts: byOwnId('contact'), users: byOwnId('user'), asOf };
    const timelines = this.#timelines(organizationId);
    return this.#present(organizationId, 'conversation')
      .map((conversation) => candidateOf(conversation, timelines.get(conversation.conversationId) ?? [], context))
      .filter((candidate) => candidate !== null)
      .sort(compareCandidates);
  }

  /**
   * The report's `data`, except what only a published snapshot has. `departments` are those that the caller sees; `null`
   * means all. `viewer` is the caller; `null` means one who has access to every row.
   *
   * @param {{
   *   organizationId: string, asOf: number, thresholdMinutes: number, page?: number, limit?: number,
   *   category?: string | null, skipThreshold?: boolean, departments?: string[] | null,
   *   viewer?: { subject: string } | null,
   * }} question
   */
  report({
    organizationId,
    asOf,
    thresholdMinutes,
    page = 1,
    limit = 25,
    category = null,
    skipThreshold = false,
    departments = null,
    viewer = null,
  }) {
    const inScope = this.rows(organizationId, asOf)
      .filter((candidate) => departments === null || departments.includes(candidate.departmentId))
      .filter((candidate) => skipThreshold || isOverThreshold(candidate, asOf, thresholdMinutes));
    const countOf = (wanted) => inScope.filter((candidate) => candidate.row.category === wanted).length;
    const matching = inScope.filter((candidate) => category === null || candidate.row.category === category);
    const hasAccess = (candidate) => viewer === null || candidate.people.includes(viewer.subject);
    return {
      organizationId,
      thresholdMinutes,
      totalCount: matching.length,
      // "Same scope and threshold, before the category filter."
      counts: { ai_stuck: countOf('ai_stuck'), agent_abandoned: countOf('agent_abandoned') },
      pagination: { page, limit, total: matching.length, totalPages: Math.ceil(matching.length / limit) },
      rows: matching
        .slice((page - 1) * limit, page * limit)
        .map((candidate) => ({ ...candidate.row, hasAccess: hasAccess(candidate) })),
    };
  }
}

/**
 * An oracle that works out the rows of an instant once, however many questions there are about them, and forgets them
 * when events come in.
 */
export class RememberingOracle extends Oracle {
  #rows = new Map();

  takeIn(events) {
    this.#rows.clear();
    super.takeIn(events);
  }

  rows(organizationId, asOf) {
    const key = JSON.stringify([organizationId, asOf]);
    if (!this.#rows.has(key)) this.#rows.set(key, super.rows(organizationId, asOf));
    return this.#rows.get(key);
  }
}

/** An oracle that has taken these events in. */
export function oracleOf(events) {
  const oracle = new RememberingOracle();
  oracle.takeIn(events);
  return oracle;
}
