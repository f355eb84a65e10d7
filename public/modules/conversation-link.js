// Where a conversation opens, if the operator has configured it in index.html.

const PLACEHOLDER = '{conversationId}';

/** @type {HTMLMetaElement | null} */
const meta = document.querySelector('meta[name="conversation-url"]');
const template = meta?.content.trim() ?? '';

/**
 * The address of a conversation. `null` means that none is configured, or none that a browser should follow.
 *
 * @param {string} conversationId
 */
export function conversationLink(conversationId) {
  if (!template.includes(PLACEHOLDER)) return null;
  const target = template.replaceAll(PLACEHOLDER, () => encodeURIComponent(conversationId));
  const url = URL.canParse(target, location.origin) ? new URL(target, location.origin) : null;
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null;
}
