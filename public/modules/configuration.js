// What the page must know before it has a token. It is asked for when it is first needed, which most visits never do.

const PATH = '/dashboard.json';
const TIMEOUT_MS = 20_000;

/**
 * @typedef {object} Configuration
 * @property {string | null} signInUrl Where users sign in.
 * @property {string[]} frameAncestors The origins whose pages may embed this one.
 */

/** @type {Configuration} */
const NONE = { signInUrl: null, frameAncestors: [] };

/**
 * The response, or that it is awaited.
 * @type {Promise<Configuration> | null}
 */
let asked = null;

/** The configuration. While the service does not tell it, nothing is configured, and the next call asks again. */
export async function configuration() {
  asked ??= ask();
  try {
    return await asked;
  } catch {
    asked = null;
    return NONE;
  }
}

/** @returns {Promise<Configuration>} */
async function ask() {
  const response = await fetch(PATH, {
    credentials: 'omit',
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { success, data } = await response.json();
  if (success !== true || !Array.isArray(data.frameAncestors)) throw new Error('this is not the configuration');
  return data;
}
