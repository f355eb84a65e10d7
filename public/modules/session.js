// Who is signed in. The token is saved in this tab's sessionStorage and nowhere else: not in the address, not in a
// cookie, not in localStorage. Only its expiry and its subject are read here: where the other claims are depends on who
// issued it, so the service says who the user is.

const STORAGE_KEY = 'conversation-monitor.token';
/** How long before a token expires its user is warned; at most a quarter of the token's life. */
const WARN_BEFORE_MS = 5 * 60_000;

/**
 * @typedef {object} Session
 * @property {string} token
 * @property {number | null} expiresAt Epoch milliseconds.
 * @property {number} warnBeforeMs How long before that its user is warned.
 * @property {unknown} subject Who the user is to the issuer.
 */

/**
 * The token where sessionStorage is forbidden: it lasts until the page is reloaded.
 * @type {string | null}
 */
let tokenInMemory = null;

/**
 * Saves a token for this tab; `null` removes it.
 *
 * @param {string | null} token
 */
export function saveToken(token) {
  tokenInMemory = token;
  try {
    if (token === null) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, token);
  } catch {
    // Storage is forbidden; the token is in memory.
  }
}

function savedToken() {
  try {
    return sessionStorage.getItem(STORAGE_KEY) ?? tokenInMemory;
  } catch {
    return tokenInMemory;
  }
}

/** Removes `#token=…` from the address and saves the token, complete or not. Returns whether there was one. */
export function takeTokenFromFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return false;
  history.replaceState(history.state, '', location.pathname + location.search);
  saveToken(cleanToken(token));
  return true;
}

/**
 * Cleans a pasted token of blanks around it, line breaks in it and "Bearer" in front of it.
 *
 * @param {string} text
 */
export function cleanToken(text) {
  return text
    .trim()
    .replace(/^Bearer\s+/i, '')
    .replace(/\s+/g, '');
}

/** What a text that is no token lacks. */
export const TOKEN_PARTS = 'it should have three parts separated by dots';

/**
 * Whether the text has three parts in base64url, as a token has.
 *
 * @param {string} text
 */
export function looksLikeToken(text) {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/**
 * The session of the saved token. `null` means that nobody is signed in.
 *
 * @returns {Session | null}
 */
export function currentSession() {
  const token = savedToken();
  if (token === null) return null;
  return readSession(token);
}

/**
 * @param {string} token
 * @returns {Session}
 */
export function readSession(token) {
  const { exp, iat, sub } = readClaims(token);
  const lifeMs = (exp - iat) * 1000;
  return {
    token,
    expiresAt: Number.isFinite(exp) ? exp * 1000 : null,
    warnBeforeMs: lifeMs > 0 ? Math.min(WARN_BEFORE_MS, lifeMs / 4) : WARN_BEFORE_MS,
    subject: sub,
  };
}

/**
 * The claims, unverified; empty if the token cannot be read.
 *
 * @param {string} token
 * @returns {Record<string, any>}
 */
function readClaims(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
}
