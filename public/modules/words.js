// The words for the report's codes and numbers. An unknown code is shown readably, as it is.

import { formatAge } from './clock.js';

const CATEGORIES = {
  ai_stuck: 'Autopilot stuck',
  agent_abandoned: 'Agent silent',
  unassigned: 'Nobody assigned',
  snoozed: 'Snoozed',
  acknowledged: 'Acknowledged',
};

const REASONS = {
  ai_stuck: {
    reply_failed: 'Its reply failed to send',
    reply_queued: 'Its reply is stuck in the queue',
    handoff_not_completed: 'Handed off, nobody took over',
    no_reply: 'It has not replied',
    passed_back_and_forth: 'Passed back and forth',
  },
  agent_abandoned: {
    reply_failed: 'The reply failed to send',
    reply_queued: 'The reply is stuck in the queue',
    only_private_note: 'Only a private note since',
    assignee_missing: 'No active agent assigned',
    no_reply_since_takeover: 'No reply since taking over',
    no_reply_to_follow_up: 'No reply to the follow-up',
    passed_back_and_forth: 'Passed back and forth',
  },
  unassigned: {
    passed_back_and_forth: 'Passed back and forth',
    handoff_not_completed: 'Handed off, nobody took over',
    nobody_assigned: 'Nobody is responsible for it',
  },
};

/** For totals of several categories, and for categories whose rows may be anybody's. */
const REASONS_OF_ALL = {
  reply_failed: 'Reply failed to send',
  reply_queued: 'Reply stuck in the queue',
  handoff_not_completed: 'Handed off, nobody took over',
  no_reply: 'Autopilot has not replied',
  only_private_note: 'Only a private note since',
  assignee_missing: 'No active agent assigned',
  no_reply_since_takeover: 'No reply since taking over',
  no_reply_to_follow_up: 'No reply to the follow-up',
  passed_back_and_forth: 'Passed back and forth',
  nobody_assigned: 'Nobody is responsible',
};

/**
 * What an item of a conversation meant. Of a reply it depends on who wrote it.
 * @type {Record<string, string>}
 */
const EFFECTS = {
  demand: 'The customer wrote, and nobody has replied',
  covered_demand: 'The customer wrote, and got a reply',
  settled_demand: 'The customer wrote; that was settled by a resolution',
  'answer of ai': 'The autopilot replied',
  'answer of human': 'An agent replied',
  promise: 'The autopilot announced an agent',
  'stuck_answer of ai': 'A reply of the autopilot is stuck in the queue',
  'stuck_answer of human': 'A reply of an agent is stuck in the queue',
  'failed_answer of ai': 'A reply of the autopilot failed to send',
  'failed_answer of human': 'A reply of an agent failed to send',
  note: 'An agent wrote a private note',
  hand_off: 'The conversation was handed off to agents',
  taken_over: 'An agent took over',
  autopilot_off: 'The autopilot was switched off',
  handed_back: 'The autopilot was switched on',
  resolved: 'An agent resolved the conversation',
  reopened: 'The conversation was reopened',
  'ignored:no_reply_needed': 'The customer wrote something that needs no reply',
  'ignored:private': 'A private message, which the customer does not see',
  'ignored:reaction': 'A reaction, which asks for nothing and answers nothing',
  'ignored:activity': 'A system note about what happened',
  'ignored:auto_reply': 'An automatic reply, which does not count as one',
  'ignored:campaign': 'A campaign, which does not count as a reply',
  'ignored:opt_out': 'The customer wants no more messages',
  'ignored:automation': 'An automated message, which does not count as a reply',
  'ignored:system': 'A system message, which does not count as a reply',
  'ignored:direction': 'A message that is neither from the customer nor to the customer',
  'ignored:no_change': 'The autopilot was switched, which changed nothing',
  'ignored:not_by_human': 'Resolved by a rule or the autopilot, which settles nothing',
};

/** Why a conversation is not listed, however long its customer waits. */
const GATES = {
  merged: 'The conversation was merged into another one.',
  draft: 'Nothing of the conversation has been sent yet.',
  blocked: 'The contact is blocked.',
  voice: 'It is a phone call.',
  removed: 'The conversation was removed.',
  not_known: 'The conversation itself is not known yet.',
};

/** Of the channels that are known; there may be others. */
export const CHANNEL_NAMES = {
  email: 'Email',
  instagram: 'Instagram',
  messenger: 'Messenger',
  sms: 'SMS',
  telegram: 'Telegram',
  twitter: 'X (Twitter)',
  webchat: 'Web chat',
  whatsapp: 'WhatsApp',
};

const ROLES = { SUPERADMIN: 'Superadmin', ADMIN: 'Admin', DEPARTMENT_HEAD: 'Department head' };

/** @type {Record<string, [title: string, text: string]>} */
const PROBLEMS = {
  unreachable: ['No connection', 'The service cannot be reached.'],
  unreadable: ['Unexpected response', 'The reply did not come from Conversation Monitor; a proxy may be in the way.'],
  unavailable: ['Not available', 'The service is not available at the moment.'],
  rate_limited: ['Too many requests', 'We’ll retry shortly.'],
  search_limited: ['Too many searches', 'Only so many searches are allowed in a minute. We’ll search again shortly.'],
  internal: ['Something went wrong', 'The service had an internal error.'],
  forbidden: ['Access denied', 'Your role or organization does not allow you to see this list.'],
  not_found: ['Organization not found', 'There is no organization with this id, or it has been removed.'],
  invalid: ['These filters can’t be applied', 'The service does not understand the filters in the address.'],
  organization_needed: [
    'Choose an organization',
    'Your token is not limited to one organization: choose which list to view.',
  ],
};

/**
 * A category's name.
 *
 * @param {string} category
 */
export function categoryName(category) {
  return nameOf(CATEGORIES, category);
}

/**
 * Why a customer has no answer. Without a category, the words for a total of several categories.
 *
 * @param {string} reason
 * @param {string} [category]
 */
export function reasonWords(reason, category) {
  return nameOf({ ...REASONS_OF_ALL, ...REASONS[category] }, reason);
}

/**
 * What an item of a conversation meant.
 *
 * @param {string} effect
 * @param {string | null} [sender]
 */
export function effectWords(effect, sender) {
  return EFFECTS[`${effect} of ${sender}`] ?? nameOf(EFFECTS, effect);
}

/**
 * Why a conversation is not listed.
 *
 * @param {string} gate
 */
export function gateWords(gate) {
  return nameOf(GATES, gate);
}

/**
 * Why somebody who waits is not listed yet, or not any more. Empty means that they are.
 *
 * @param {{listing: string | null, thresholdMinutes: number, crossesAt: string | null}} evidence
 * @param {string} time When they cross the threshold.
 */
export function listingWords({ listing, thresholdMinutes, crossesAt }, time) {
  if (listing === 'too_old') return 'This has waited for longer than the list goes back.';
  if (listing !== 'below_threshold') return '';
  const below = `This is below its threshold of ${minutes(thresholdMinutes)}`;
  return crossesAt === null ? `${below}.` : `${below}, and will be listed at ${time}.`;
}

/**
 * A channel's name.
 *
 * @param {string} channelType
 */
export function channelName(channelType) {
  return nameOf(CHANNEL_NAMES, channelType);
}

/**
 * A role's name.
 *
 * @param {string} role
 */
export function roleName(role) {
  return nameOf(ROLES, role);
}

/**
 * Title and text of a problem. For invalid filters the server's own message says which one is wrong.
 *
 * @param {{ kind: string, message?: string }} problem
 */
export function problemWords({ kind, message }) {
  const [title, text] = PROBLEMS[kind] ?? PROBLEMS.internal;
  return { title, text: kind === 'invalid' && message ? message : text };
}

/**
 * What is said of a request that failed. Of one that was refused the server's own message says why.
 *
 * @param {import('./client.js').Result} result
 */
export function refusalWords({ kind, message }) {
  return kind === 'refused' ? message : problemWords({ kind }).text;
}

/**
 * What a total counts, without the number: "customers waiting 5 minutes or more". Without a threshold everyone counts.
 *
 * @param {number | null} total `null` means that it is not known yet.
 * @param {number | 'several' | null} threshold In minutes. `'several'` means that it is not the same for all of them.
 */
export function waitingWords(total, threshold) {
  const customers = total === 1 ? 'customer waiting' : 'customers waiting';
  if (threshold === null) return customers;
  if (threshold === 'several') return `${customers} at least as long as ${total === 1 ? 'the' : 'their'} threshold`;
  return `${customers} ${minutes(threshold)} or more`;
}

/**
 * The threshold that a report applies, as `waitingWords` takes it.
 *
 * @param {{data: any, filters: import('./filters.js').Filters}} report
 * @returns {number | 'several' | null}
 */
export function thresholdOf({ data, filters }) {
  if (filters.skipThreshold) return null;
  const isSeveral = data.rows?.some(({ thresholdMinutes }) => thresholdMinutes !== undefined);
  return isSeveral ? 'several' : data.thresholdMinutes;
}

/**
 * How many customers the list leaves out because they have waited too long: "3 waiting for more than 30 days".
 *
 * @param {number} count
 * @param {number | null} maxAgeDays `null` means that the user may not know it.
 */
export function olderWords(count, maxAgeDays) {
  const waiting = `${formatNumber(count)} waiting`;
  if (maxAgeDays === null) return `${waiting} too long to be listed`;
  return `${waiting} for more than ${formatNumber(maxAgeDays)} ${maxAgeDays === 1 ? 'day' : 'days'}`;
}

/** The greatest threshold, in minutes: a week. */
export const MINUTES_MAX = 10_080;

/**
 * Whether somebody has typed a whole number from 1 to `max`.
 *
 * @param {string} text
 * @param {number} max
 */
export function isWholeNumber(text, max) {
  return /^[1-9]\d{0,5}$/.test(text.trim()) && Number(text) <= max;
}

const NUMBER = new Intl.NumberFormat();

/**
 * A number with the digit groups of the viewer's locale.
 *
 * @param {number} number
 */
export function formatNumber(number) {
  return NUMBER.format(number);
}

/**
 * "5 minutes"
 *
 * @param {number} count
 */
export function minutes(count) {
  return `${formatNumber(count)} ${count === 1 ? 'minute' : 'minutes'}`;
}

/**
 * "Next try in 8 s."
 *
 * @param {number} now
 * @param {number | null} nextAt `null` means that a request is under way.
 */
export function nextTry(now, nextAt) {
  return nextAt === null ? 'Trying …' : `Next try in ${formatAge(Math.ceil((nextAt - now) / 1000) * 1000)}.`;
}

/**
 * @param {Record<string, string>} names
 * @param {string | null | undefined} code
 */
function nameOf(names, code) {
  if (Object.hasOwn(names, code ?? '')) return names[code];
  return typeof code === 'string' && code !== '' ? code.replaceAll('_', ' ') : 'Unknown';
}
