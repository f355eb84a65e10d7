// What a message says, in the format that its destination takes.
//
// Names come from customers, so no text of Slack's or Teams' markup is made of them: they are in the elements of these
// formats that are shown letter by letter.

/** How many conversations a message names. The others are counted. */
export const NAMED_MAX = 10;
/** Letters that are not shown, or that turn the direction of what follows them. */
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu;
/** What stands for the categories in a sentence. */
const CATEGORIES = {
  ai_stuck: 'autopilot stuck',
  agent_abandoned: 'agent not answering',
  unassigned: 'nobody assigned',
  snoozed: 'snoozed',
  acknowledged: 'acknowledged',
};

/**
 * A conversation of a message. These are all fields that are told of it.
 *
 * @typedef {{
 *   conversationId: string, contactName: string, channelType: string, departmentId: string | null, departmentName:
 *   string | null, category: string, reason: string, waitingSince: string, stalledSince: string, stalledMinutes:
 *   number, stalledBusinessMinutes?: number, assigneeNames: string[],
 * }} Conversation
 *
 * @typedef {{
 *   type: 'conversation.stalled' | 'conversation.cleared', organizationId: string, asOf: string, total: number,
 *   conversations: Partial<Conversation>[], link: string | null, isSample?: boolean,
 * }} Message
 */

/**
 * The body of a message.
 *
 * @param {string} format
 * @param {Message} message
 */
export function bodyOf(format, message) {
  const body = { 'standard-webhooks': webhook, slack, teams }[format];
  if (body === undefined) throw new Error('a destination has an unknown format');
  return JSON.stringify(body(message));
}

/** @param {Message} message */
function webhook({ type, organizationId, asOf, total, conversations, link, isSample }) {
  return {
    type,
    timestamp: asOf,
    data: { organizationId, isSample: isSample ?? false, total, conversations, dashboardUrl: link },
  };
}

/** @param {Message} message */
function slack(message) {
  const plain = (text) => ({ type: 'section', text: { type: 'plain_text', text, emoji: false } });
  const link = message.link && {
    type: 'section',
    text: { type: 'mrkdwn', text: `<${message.link}|Open the dashboard>` },
  };
  return {
    // Shown where blocks are not, such as in a notification. It names nobody.
    text: titleOf(message),
    blocks: [plain(titleOf(message)), ...linesOf(message).map(plain), ...(link ? [link] : [])],
  };
}

/** @param {Message} message */
function teams(message) {
  const plain = (text, more = {}) => ({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text, ...more }] });
  const title = plain(titleOf(message), { weight: 'Bolder' });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [title, ...linesOf(message).map((line) => plain(line))],
          actions: message.link ? [{ type: 'Action.OpenUrl', title: 'Open the dashboard', url: message.link }] : [],
        },
      },
    ],
  };
}

/** @param {Message} message */
function titleOf({ type, total, isSample }) {
  const many = total === 1 ? '1 conversation' : `${total} conversations`;
  const title = type === 'conversation.stalled' ? `${many} waiting for an answer` : `${many} cleared`;
  return isSample ? `Sample: ${title}` : title;
}

/** @param {Message} message */
function linesOf({ conversations, total }) {
  const lines = conversations.map(lineOf);
  const more = total - conversations.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

/** @param {Partial<Conversation>} conversation */
function lineOf(conversation) {
  const { contactName, stalledMinutes, stalledBusinessMinutes, channelType, category, departmentId } = conversation;
  const minutes = stalledBusinessMinutes ?? stalledMinutes;
  const assignees = conversation.assigneeNames ?? [];
  const parts = [
    contactName || 'Unknown contact',
    minutes === undefined ? '' : `${minutes} min`,
    channelType,
    conversation.departmentName ?? departmentId,
    CATEGORIES[category ?? ''] ?? category,
    assignees.slice(0, 3).join(', ') + (assignees.length > 3 ? ` and ${assignees.length - 3} more` : ''),
  ];
  return parts.filter(Boolean).map(clean).join(' · ');
}

/**
 * A text on one line without letters that cannot be seen, of at most 200 characters.
 *
 * @param {string} text
 */
const clean = (text) => [...text.replace(HIDDEN, ' ')].slice(0, 200).join('');

/**
 * The message that a test sends.
 *
 * @param {string} organizationId
 * @param {string} asOf
 * @param {string | null} link
 * @returns {Message}
 */
export function sample(organizationId, asOf, link) {
  const since = new Date(Date.parse(asOf) - 12 * 60_000).toISOString();
  const conversation = {
    conversationId: 'sample',
    contactName: 'Jane Sample',
    channelType: 'webchat',
    departmentId: null,
    departmentName: null,
    category: 'agent_abandoned',
    reason: 'no_reply_to_follow_up',
    waitingSince: since,
    stalledSince: since,
    stalledMinutes: 12,
    assigneeNames: ['Sam Sample'],
  };
  return {
    type: 'conversation.stalled',
    organizationId,
    asOf,
    total: 1,
    conversations: [conversation],
    link,
    isSample: true,
  };
}
