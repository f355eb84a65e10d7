// The words for the report's codes and numbers. An unknown code is shown readably, as it is.

import { formatAge } from './clock.js';

const CATEGORIES = { ai_stuck: 'Autopilot stuck', agent_abandoned: 'Agent silent' };

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
};

/** For totals of both categories. */
const REASONS_OF_BOTH = {
  reply_failed: 'Reply failed to send',
  reply_queued: 'Reply stuck in the queue',
  handoff_not_completed: 'Handed off, nobody took over',
  no_reply: 'Autopilot has not replied',
  only_private_note: 'Only a private note since',
  assignee_missing: 'No active agent assigned',
  no_reply_since_takeover: 'No reply since taking over',
  no_reply_to_follow_up: 'No reply to the follow-up',
  passed_back_and_forth: 'Passed back and forth',
};

const CHANNELS = {
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
 * Why a customer has no answer. Without a category, the words for a total of both categories.
 *
 * @param {string} reason
 * @param {string} [category]
 */
export function reasonWords(reason, category) {
  return nameOf(category === undefined ? REASONS_OF_BOTH : (REASONS[category] ?? {}), reason);
}

/**
 * A channel's name.
 *
 * @param {string} channelType
 */
export function channelName(channelType) {
  return nameOf(CHANNELS, channelType);
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
 * What a total counts, without the number: "customers waiting 5 minutes or more". Without a threshold everyone counts.
 *
 * @param {number | null} total `null` means that it is not known yet.
 * @param {number | null} thresholdMinutes
 */
export function waitingWords(total, thresholdMinutes) {
  const customers = total === 1 ? 'customer waiting' : 'customers waiting';
  return thresholdMinutes === null ? customers : `${customers} ${minutes(thresholdMinutes)} or more`;
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
