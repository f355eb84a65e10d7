// Tells the service, as webhooks, what Chatwoot's API says: what is open, or what the report and Chatwoot disagree
// about. There is one mapping, the service's, so everything here only makes webhooks of answers.
//
// Chatwoot's API has the state of a conversation and its messages, and no history: not when somebody was assigned or
// when a bot passed it on. So a change is said only where the report does not know it yet, and it is as of when the
// conversation last changed.
//
// No webhook says who the agents are and which teams or inboxes there are. These are told as events of our own.

const STATUSES = ['open', 'pending', 'snoozed'];
/** A conversation's last messages: 20 a page. */
const MESSAGE_PAGES_MAX = 10;
/** Conversations: 25 a page. A list that goes on for longer is no list of what is open. */
const CONVERSATION_PAGES_MAX = 4_000;
const MESSAGE_TYPES = ['incoming', 'outgoing', 'activity', 'template'];
const BOTS = ['agent_bot', 'captain_assistant'];
/** What an assignee is, as the API says it: there an assignee has no `type`, unlike in a webhook. */
const ASSIGNEE_TYPES = { User: 'user', AgentBot: 'agent_bot', 'Captain::Assistant': 'captain_assistant' };
/** By the definition, what a bot wrote this shortly before it passed the conversation on is a promise. */
const PROMISE_SECONDS = 600;
/** The most agents, and the most teams or inboxes, that are sent. */
const LISTED_MAX = 10_000;
/** Conversations that changed this shortly before the last run are read again, because clocks differ. */
const OVERLAP_SECONDS = 300;

/**
 * @typedef {{ get: (path: string) => Promise<any> }} Source Chatwoot: the answer to a path below the account; undefined if
 *   there is no such conversation any more
 * @typedef {{ post: (webhook: any) => Promise<{ applied: number }>, rows?: () => Promise<any[]>, tell?: (events: any[]) => Promise<boolean> }} Monitor
 *   the service: takes a webhook; the rows of the report, of every category, whatever their age; takes events, or says
 *   that it does not
 * @typedef {{ agents: Record<string, string>, departments: Record<string, string> }} Directory names by the ids of Chatwoot
 * @typedef {{ done?: Record<string, number>, since?: number, directory?: Directory }} State what earlier runs did:
 *   conversations that are loaded, by their last activity; when the last run that finished began, in seconds; whom they
 *   told
 * @typedef {{ organizationId?: string, prefix?: string, department?: string, aiUserIds?: (number | string)[], botsAnswerWhileOpen?: boolean, state?: State, now: () => number, progress?: (done: number, total: number) => void, save?: (state: State) => void }} Options
 *   the connection's organization and settings; `now` in seconds
 */

/**
 * Loads every conversation that is not resolved. One that an interrupted run has loaded, and in which nothing has
 * happened since, is left out.
 *
 * @param {Source} source
 * @param {Monitor} monitor
 * @param {Options} options
 */
export async function importOpen(
  source,
  monitor,
  { aiUserIds, botsAnswerWhileOpen, state = {}, now, progress = () => {}, save = () => {}, ...connection },
) {
  const begun = now();
  const done = { ...state.done };
  const { directory, isDirectoryTold } = await tellDirectory(source, monitor, { aiUserIds, state, now, ...connection });
  const found = [];
  for (const status of STATUSES) {
    for await (const conversation of conversations(source, status)) found.push(conversation);
  }
  const counts = { conversations: 0, webhooks: 0, applied: 0, isDirectoryTold };
  for (const [index, conversation] of found.entries()) {
    if (done[conversation.id] !== conversation.last_activity_at) {
      const messages = await messagesOf(source, conversation.id);
      const webhooks = webhooksOf(conversation, messages, { now: now(), aiUserIds, botsAnswerWhileOpen });
      for (const webhook of webhooks) {
        counts.applied += (await monitor.post(webhook)).applied;
        counts.webhooks += 1;
      }
      done[conversation.id] = conversation.last_activity_at;
      counts.conversations += 1;
      save({ ...state, directory, done });
    }
    progress(index + 1, found.length);
  }
  save({ since: begun, directory });
  return counts;
}

/**
 * Asks Chatwoot about every conversation that the report lists, and about those that changed since the last run, and
 * says what is not known here.
 *
 * @param {Source} source
 * @param {Monitor & { rows: () => Promise<any[]> }} monitor
 * @param {Options} options
 */
export async function repair(
  source,
  monitor,
  { prefix = '', aiUserIds, botsAnswerWhileOpen, state = {}, now, progress = () => {}, save = () => {}, ...connection },
) {
  const begun = now();
  const { directory, isDirectoryTold } = await tellDirectory(source, monitor, {
    aiUserIds,
    prefix,
    state,
    now,
    ...connection,
  });
  const listed = new Map((await monitor.rows()).map((row) => [row.conversationId, row]));
  const asked = new Map();
  if (state.since !== undefined) {
    for await (const conversation of conversations(source, 'all', state.since - OVERLAP_SECONDS)) {
      asked.set(prefix + conversation.id, conversation);
    }
  }
  for (const id of listed.keys()) {
    if (!asked.has(id) && id.startsWith(prefix)) asked.set(id, undefined);
  }
  /** @type {{ conversationId: string, applied: number }[]} */
  const repaired = [];
  const counts = { conversations: 0, webhooks: 0, repaired, isDirectoryTold };
  for (const [id, known] of asked) {
    const row = listed.get(id);
    const own = id.slice(prefix.length);
    const conversation = known ?? (await source.get(`/conversations/${encodeURIComponent(own)}`));
    const messages = conversation === undefined ? [] : await messagesOf(source, own);
    const webhooks =
      conversation === undefined
        ? [goneWebhook(own, row, now())]
        : webhooksOf(conversation, messages, { now: now(), aiUserIds, botsAnswerWhileOpen, row, isRepair: true });
    let applied = 0;
    for (const webhook of webhooks) applied += (await monitor.post(webhook)).applied;
    counts.conversations += 1;
    counts.webhooks += webhooks.length;
    if (applied > 0) repaired.push({ conversationId: id, applied });
    progress(counts.conversations, asked.size);
  }
  save({ since: begun, directory });
  return counts;
}

/**
 * Tells who the agents are and which departments there are, as far as earlier runs did not. An agent whom Chatwoot does
 * not have any more is not active any more. Answers what is known now; nothing more than before, if the service does
 * not take events.
 *
 * @param {Source} source
 * @param {Monitor} monitor
 * @param {Options} options
 * @returns {Promise<{ directory: Directory | undefined, isDirectoryTold: boolean }>}
 */
async function tellDirectory(source, monitor, { state = {}, ...options }) {
  const { organizationId, prefix = '', department = 'team', aiUserIds = [], now } = options;
  const before = state.directory;
  if (!monitor.tell) return { directory: before, isDirectoryTold: true };
  const namesOf = async (path) => {
    const answer = await source.get(path);
    const list = (answer.payload ?? answer).slice(0, LISTED_MAX);
    return Object.fromEntries(list.filter(({ id, name }) => id && name).map(({ id, name }) => [id, name]));
  };
  const agents = await namesOf('/agents');
  const departments = await namesOf(`/${department === 'inbox' ? 'inboxes' : 'teams'}`);
  const common = { organizationId, updatedAt: new Date(now() * 1000).toISOString() };
  const isAi = (id) => aiUserIds.map(String).includes(id);
  const user = (id, fullName, active) => ({
    ...common,
    type: 'user',
    userId: `${prefix}user-${id}`,
    fullName,
    active,
    bot: isAi(id),
  });
  const changed = (names, known = {}) => Object.entries(names).filter(([id, name]) => known[id] !== name);
  // The administrator whose token this is is always there: nobody at all is no list.
  const isList = Object.keys(agents).length > 0;
  const gone = Object.entries(before?.agents ?? {}).filter(([id]) => isList && !(id in agents));
  const events = [
    ...changed(agents, before?.agents).map(([id, name]) => user(id, name, true)),
    ...gone.map(([id, name]) => user(id, name, false)),
    ...changed(departments, before?.departments).map(([id, name]) => ({
      ...common,
      type: 'department',
      departmentId: `${prefix}${department}-${id}`,
      name,
    })),
  ];
  const isDirectoryTold = events.length === 0 || (await monitor.tell(events));
  return { directory: isDirectoryTold ? { agents, departments } : before, isDirectoryTold };
}

/** The conversations with a status, the last active first; of those that are active no more, none. */
async function* conversations(source, status, since = 0) {
  const seen = new Set();
  for (let page = 1; page <= CONVERSATION_PAGES_MAX; page += 1) {
    const query = `status=${status}&assignee_type=all&sort_by=last_activity_at_desc&page=${page}`;
    const { payload } = (await source.get(`/conversations?${query}`)).data;
    // Whatever becomes active while the pages are read moves to the front and pushes others to the next page.
    const fresh = payload.filter(({ id, last_activity_at: activity }) => !seen.has(id) && activity >= since);
    for (const conversation of fresh) {
      seen.add(conversation.id);
      yield conversation;
    }
    if (payload.length === 0 || payload.every(({ last_activity_at: activity }) => activity < since)) return;
  }
}

/** The last messages of a conversation, in their order. */
async function messagesOf(source, id) {
  const messages = new Map();
  let before = '';
  for (let page = 0; page < MESSAGE_PAGES_MAX; page += 1) {
    const path = `/conversations/${encodeURIComponent(id)}/messages${before && `?before=${before}`}`;
    const payload = (await source.get(path))?.payload ?? [];
    const fresh = payload.filter((message) => !messages.has(message.id));
    if (fresh.length === 0) break;
    for (const message of fresh) messages.set(message.id, message);
    before = String(Math.min(...fresh.map((message) => message.id)));
  }
  return [...messages.values()].sort((left, right) => left.id - right.id);
}

/**
 * The webhooks that say a conversation and its messages.
 *
 * With a `row` only changes are said that the row does not show. Without one, in a repair, the conversation is not
 * listed: then the state is said as it is, and messages.
 *
 * @param {any} conversation
 * @param {any[]} messages
 * @param {{ now: number, aiUserIds?: (number | string)[], botsAnswerWhileOpen?: boolean, row?: any, isRepair?: boolean }} options
 *   `aiUserIds` and `botsAnswerWhileOpen` as the connection has them
 * @returns {any[]}
 */
export function webhooksOf(
  conversation,
  messages,
  { now, aiUserIds = [], botsAnswerWhileOpen = false, row, isRepair = false },
) {
  const state = stateOf(conversation, messages, now);
  const changedAt = changeAt(state, messages, now);
  const sent = messagesToSay(messages, conversation, aiUserIds).map((message) =>
    messageWebhook(message, state, messages, { now, row, isRepair }),
  );
  const created = { ...state, event: 'conversation_created' };
  const changed = (log) => ({ ...state, event: 'conversation_updated', changed_attributes: log });
  if (!isRepair && state.status === 'pending') {
    // The bot has had it from the beginning, or has it again after an agent.
    const isBack = messages.some((message) => mayAnswer(message) && !isOfBot(message));
    return [
      created,
      ...sent,
      ...(isBack ? [changed(changeOf(state, changedAt, { messages: [], isRepair: true }))] : []),
    ];
  }
  const isBots = isBot(state.meta.assignee);
  if (!isRepair && state.status === 'open' && !isBots && !botsAnswerWhileOpen && isPassedOn(messages)) {
    const log = changeOf(state, changedAt, { row: { category: 'ai_stuck' }, messages });
    return [{ ...created, status: 'pending' }, ...sent, changed(log)];
  }
  const mayPromise = isRepair && !botsAnswerWhileOpen;
  const change = changeOf(state, changedAt, { row, messages, isRepair, mayPromise });
  return [...sent, changed(change)];
}

/** A conversation of the API as a webhook has it. */
function stateOf(conversation, messages, now) {
  const { meta = {}, messages: _, last_non_activity_message: __, ...rest } = conversation;
  const lastActivityAt = Math.max(conversation.last_activity_at ?? 0, messages.at(-1)?.created_at ?? 0);
  return {
    ...rest,
    channel: conversation.channel ?? meta.channel,
    updated_at: Math.min(conversation.updated_at ?? lastActivityAt, now),
    snoozed_until: conversation.snoozed_until ?? null,
    meta: { ...meta, assignee: assigneeOf(meta), team: meta.team ?? null },
  };
}

/** When it changed last. That is after what was written last, of which the API says the second only. */
function changeAt(state, messages, now) {
  const last = lastWord(messages);
  const lastWordAt = last === undefined ? 0 : last.created_at + (typeOf(last) === 'incoming' ? 1 : 0);
  return Math.min(Math.max(state.updated_at, lastWordAt), now);
}

function assigneeOf({ assignee, assignee_type: type }) {
  return assignee ? { type: ASSIGNEE_TYPES[type] ?? 'user', ...assignee } : null;
}

/**
 * The API does not say whether a message was a campaign's. What was written before the customer ever wrote covers
 * nothing. And while Chatwoot itself says that the customer waits, nothing since was an agent's answer.
 */
function messagesToSay(messages, { waiting_since: waitingSince }, aiUserIds) {
  const isAi = ({ sender }) => isBot(sender) || aiUserIds.map(String).includes(String(sender?.id));
  const first = messages.findIndex((message) => typeOf(message) === 'incoming');
  const isDoubtful = (message) =>
    mayAnswer(message) &&
    !isAi(message) &&
    !message.content_attributes?.external_echo &&
    waitingSince > 0 &&
    message.created_at > waitingSince;
  const rest = first < 0 ? [] : messages.slice(first);
  return rest.filter((message) => typeOf(message) !== 'activity' && !isDoubtful(message));
}

/**
 * A message as a webhook has it. `message_updated` says nothing of whose the conversation was, but what a bot wrote
 * must be said as it was written: when the conversation was the bot's. Only if people have the conversation, and nobody
 * has answered, the bot's last words may be those of the hand-off; a repair does not say so, for the webhook may have
 * been there.
 */
function messageWebhook(message, state, messages, { now, row, isRepair }) {
  const isBots = isOfBot(message) && message.private !== true;
  const own = {
    ...message,
    message_type: typeOf(message),
    created_at: new Date(message.created_at * 1000).toISOString(),
  };
  // One that was sent after all has a later version than the one that says that it failed. When that was, nothing says.
  const isSentAfterAll = row?.reason === 'reply_failed' && message.status !== 'failed';
  const sendState = isSentAfterAll
    ? { id: message.id, status: 'sent', updated_at: now }
    : { id: message.id, status: message.status, updated_at: own.created_at };
  // The API's own `status` is as of now; the webhooks' is that of the last message.
  delete own.status;
  // Whom a message mentions is mentioned as of then: nobody needs to know their names as of now.
  const clock = Math.min(message.created_at, state.updated_at);
  const conversation = { ...state, updated_at: clock, last_activity_at: clock, messages: [sendState] };
  if (!isBots) return { ...own, conversation, event: 'message_updated' };
  const isLast = !messages.some((other) => other.id > message.id && mayAnswer(other));
  const isAboutHandOff = !isRepair && isLast && ['open', 'snoozed'].includes(state.status);
  const status = isAboutHandOff ? state.status : 'pending';
  return {
    ...own,
    conversation: isAboutHandOff ? conversation : { ...conversation, status },
    event: 'message_created',
  };
}

const mayAnswer = (message) =>
  typeOf(message) === 'outgoing' && message.private !== true && !message.content_attributes?.automation_rule_id;

function typeOf({ message_type: type }) {
  return typeof type === 'number' ? MESSAGE_TYPES[type] : type;
}

/**
 * The log of the change that leads to the state, as far as it is not known. With `mayPromise` what a bot wrote last in
 * a conversation that people have may have passed it on.
 *
 * @param {any} state
 * @param {number} changedAt
 * @param {{ row?: any, messages: any[], isRepair?: boolean, mayPromise?: boolean }} options
 */
function changeOf(state, changedAt, { row, messages, isRepair = false, mayPromise = false }) {
  const at = { updated_at: { previous_value: null, current_value: new Date(changedAt * 1000).toISOString() } };
  const to = (previous, current) => ({ status: { previous_value: previous, current_value: current } });
  const { assignee } = state.meta;
  const agent = isBot(assignee) ? undefined : assignee?.id;
  const column = isBot(assignee) ? 'assignee_agent_bot_id' : 'assignee_id';
  const assigned = { [column]: { previous_value: null, current_value: assignee?.id ?? null } };
  if (state.status === 'resolved') {
    // What is the bot's and is resolved without an agent, the bot has resolved.
    const isBots = row === undefined ? messages.some(isOfBot) : row.category === 'ai_stuck';
    return isRepair ? [to(isBots ? 'pending' : 'open', 'resolved'), at] : [at];
  }
  if (state.status === 'pending') return row?.category === 'ai_stuck' ? [at] : [to('open', 'pending'), at];
  // A bot that has an open conversation has not passed it on.
  if (isBot(assignee) && state.status === 'open') {
    const isKnown = row === undefined ? isRepair : row.category === 'ai_stuck';
    return isKnown ? [at] : [assigned, at];
  }
  const mayBePassedOn = row === undefined && mayPromise && isPassedOn(messages, changedAt - PROMISE_SECONDS);
  const isKnownHandOff = row?.reason === 'handoff_not_completed';
  if (row?.category === 'ai_stuck' || mayBePassedOn) {
    return [...(isKnownHandOff ? [] : [to('pending', 'open')]), ...(agent === undefined ? [] : [assigned]), at];
  }
  // Whoever was assigned is taken off, and nobody instead.
  if (row?.category === 'agent_abandoned' && agent === undefined) {
    return [{ assignee_id: { previous_value: 'somebody', current_value: null } }, at];
  }
  // Somebody who waits and is not listed was resolved once, and opened again.
  if (isRepair && row === undefined && isOwed(state, messages)) return [to('resolved', state.status), at];
  const isNew = row === undefined ? !isRepair : row.category === 'unassigned';
  return agent !== undefined && isNew ? [assigned, at] : [at];
}

const lastWord = (messages) => messages.findLast((message) => mayAnswer(message) || typeOf(message) === 'incoming');

/** Whether the bot had the last word, after `since` in seconds. */
function isPassedOn(messages, since = 0) {
  const last = lastWord(messages);
  return last !== undefined && isOfBot(last) && last.created_at >= since;
}

/** Whether an agent or nobody has it, and the customer had the last word. */
function isOwed({ status, meta }, messages) {
  const last = lastWord(messages);
  const { is_reaction: isReaction, deleted, email } = last?.content_attributes ?? {};
  const isNothing = isReaction || deleted || email?.auto_reply || last?.content_type === 'voice_call';
  const asks = last !== undefined && typeOf(last) === 'incoming' && !isNothing;
  const { assignee } = meta;
  const isPeoples = status === 'open' && !isBot(assignee) && (assignee !== null || !messages.some(isOfBot));
  return asks && isPeoples && meta.sender?.blocked !== true;
}

const isBot = (person) => BOTS.includes(person?.type);
const isOfBot = (message) => isBot(message.sender);

/** A conversation that Chatwoot does not have any more waits for nothing. */
function goneWebhook(id, row, now) {
  const at = new Date(now * 1000).toISOString();
  return {
    event: 'conversation_updated',
    id: /^\d+$/.test(id) ? Number(id) : id,
    status: 'resolved',
    updated_at: now,
    meta: { sender: null, assignee: null, team: null },
    changed_attributes: [
      { status: { previous_value: 'open', current_value: 'resolved' } },
      { updated_at: { previous_value: row?.waitingSince ?? null, current_value: at } },
    ],
  };
}
