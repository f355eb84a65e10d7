// What the report's codes are called here. A code that is not known yet is shown as it is, readable.

const CATEGORIES = { ai_stuck: 'Autopilot stuck', agent_abandoned: 'Agent silent' };

const REASONS = {
  ai_stuck: {
    reply_failed: 'Its reply failed to send',
    reply_queued: 'Its reply is stuck in the queue',
    handoff_not_completed: 'Handed off, nobody took over',
    no_reply: 'It has not replied',
  },
  agent_abandoned: {
    reply_failed: 'The reply failed to send',
    reply_queued: 'The reply is stuck in the queue',
    only_private_note: 'Only a private note since',
    assignee_missing: 'Nobody active is assigned',
    no_reply_since_takeover: 'No reply since taking over',
    no_reply_to_follow_up: 'No reply to the follow-up',
  },
};

/** For totals, where both categories come together. */
const REASONS_OF_BOTH = {
  reply_failed: 'Reply failed to send',
  reply_queued: 'Reply stuck in the queue',
  handoff_not_completed: 'Handed off, nobody took over',
  no_reply: 'Autopilot has not replied',
  only_private_note: 'Only a private note since',
  assignee_missing: 'Nobody active is assigned',
  no_reply_since_takeover: 'No reply since taking over',
  no_reply_to_follow_up: 'No reply to the follow-up',
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

const PROBLEMS = {
  unreachable: ['No connection', 'The service cannot be reached.'],
  unreadable: ['Unexpected answer', 'Something between here and the service answered in its place.'],
  unavailable: ['Not available', 'The service is not available at the moment.'],
  rate_limited: ['Too many requests', 'The service asks to be asked less often.'],
  internal: ['Something went wrong', 'The service had a fault of its own.'],
  forbidden: ['Access denied', 'Your role or organization does not allow you to see this list.'],
  not_found: ['Organization not found', 'There is no organization with this id, or it has been removed.'],
  invalid: ['These filters do not work', 'The service does not understand the address.'],
  organization_needed: [
    'Choose an organization',
    'Your token is not bound to one organization: say whose list you want to see.',
  ],
};

/** A category's name. */
export function categoryName(category) {
  return known(CATEGORIES, category);
}

/** Why nobody answers, in words; `category` undefined: in a total of both. */
export function reasonWords(reason, category) {
  return known(category === undefined ? REASONS_OF_BOTH : (REASONS[category] ?? {}), reason);
}

/** A channel's name. */
export function channelName(channelType) {
  return known(CHANNELS, channelType);
}

/** A role's name. */
export function roleName(role) {
  return role === null ? 'No role' : known(ROLES, role);
}

/** `{title, text}` of a problem; what the server says itself comes before our own words where it names a detail. */
export function problemWords({ kind, message }) {
  const [title, text] = PROBLEMS[kind] ?? PROBLEMS.internal;
  return { title, text: kind === 'invalid' && message ? message : text };
}

/** "1 customer is waiting", "56 customers are waiting", without the number. */
export function waitingWords(total) {
  return total === 1 ? 'customer is waiting' : 'customers are waiting';
}

const NUMBER = new Intl.NumberFormat();

/** A number as the viewer's locale groups it. */
export function formatNumber(number) {
  return NUMBER.format(number);
}

/** "5 minutes" */
export function minutes(count) {
  return `${formatNumber(count)} ${count === 1 ? 'minute' : 'minutes'}`;
}

function known(names, code) {
  if (Object.hasOwn(names, code ?? '')) return names[code];
  return typeof code === 'string' && code !== '' ? code.replaceAll('_', ' ') : 'Unknown';
}
