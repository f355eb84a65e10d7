// Where a conversation opens, if whoever runs this has said so in index.html.

const PLACEHOLDER = '{conversationId}';

const template = document.querySelector('meta[name="conversation-url"]')?.content.trim() ?? '';

/** The address of a conversation; null if none is configured, or none that a browser should follow. */
export function conversationLink(conversationId) {
  if (!template.includes(PLACEHOLDER)) return null;
  const target = template.replaceAll(PLACEHOLDER, () => encodeURIComponent(conversationId));
  const url = URL.canParse(target, location.origin) ? new URL(target, location.origin) : null;
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null;
}
