// When a request is worth another try, and when the server wants it.

/** Statuses after which another try may end better. */
export const RETRYABLE = new Set([429, 500, 502, 503, 504]);
const RETRY_AFTER_MAX_MS = 5 * 60_000;

/**
 * Milliseconds that a Retry-After asks for, in either of its two forms, at most five minutes; 0 without one.
 *
 * @param {Headers | undefined} headers
 * @param {number} now In milliseconds.
 */
export function retryAfter(headers, now) {
  const text = headers?.get('Retry-After');
  if (!text) return 0;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return wait > 0 ? Math.min(wait, RETRY_AFTER_MAX_MS) : 0;
}
