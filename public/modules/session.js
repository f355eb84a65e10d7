// Who is signed in. The token lives in this tab's sessionStorage and nowhere else: not in the address, not in a
// cookie, not in localStorage. What is read from it here is for display only; the server verifies and decides.

const KEY = 'conversation-monitor.token';

/** Where storage is forbidden the token is kept in memory, and a reload signs out. */
let withoutStorage = null;

/** Keeps a token for this tab; null forgets it. */
export function keepToken(token) {
  withoutStorage = token;
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is forbidden: memory it is.
  }
}

function keptToken() {
  try {
    return sessionStorage.getItem(KEY) ?? withoutStorage;
  } catch {
    return withoutStorage;
  }
}

/** Takes `#token=…` out of the address and keeps it. Returns whether there was one. */
export function takeTokenFromFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return false;
  history.replaceState(history.state, '', location.pathname + location.search);
  const cleaned = cleanToken(token);
  if (looksLikeToken(cleaned)) keepToken(cleaned);
  return true;
}

/** The token as people paste it: with blanks around it, line breaks in it, or "Bearer" before it. */
export function cleanToken(text) {
  return text
    .trim()
    .replace(/^Bearer\s+/i, '')
    .replace(/\s+/g, '');
}

/** Whether it has the form of a token: three parts, base64url. */
export function looksLikeToken(text) {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** The session that is kept: `{token, role, organizationId, hasNoDepartment, expiresAt}`, or null. */
export function currentSession() {
  const token = keptToken();
  if (token === null) return null;
  const claims = readClaims(token);
  const text = (value) => (typeof value === 'string' && value !== '' ? value : null);
  return {
    token,
    role: text(claims.role),
    organizationId: text(claims.organizationId),
    hasNoDepartment: claims.role === 'DEPARTMENT_HEAD' && namesNoDepartment(claims),
    expiresAt: Number.isFinite(claims.exp) ? claims.exp * 1000 : null,
  };
}

/** `departmentIds` beats `departmentId`, as it does for the server. */
function namesNoDepartment({ departmentIds, departmentId }) {
  return Array.isArray(departmentIds) ? departmentIds.length === 0 : !departmentId;
}

/** The claims, not verified; none of them where the token cannot be read. */
export function readClaims(token) {
  try {
    const part = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
}
