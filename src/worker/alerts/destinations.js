// What of a destination must not be read by whoever reads the database: its address and its secrets.

import { hintOf, problemOf } from './address.js';
import { bytesOrNull, open, seal } from './seal.js';

/** How many secrets a destination may have: two while one is replaced by the other. */
const SECRETS_MAX = 2;
/** How long a secret is, in bytes (Standard Webhooks, "Signature scheme"). */
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
const SECRET_PREFIX = 'whsec_';
/** `atob` overlooks spaces, and secrets are stored with spaces between them. */
const SECRET = /^whsec_[\w+/=-]+$/;

/**
 * Checks and encrypts the addresses and secrets of destinations. `sealed` is JSON:
 * `[[sealed address, host, its last characters, sealed secrets], …]`, each null where nothing was given. `problem` is
 * instead a sentence about what is wrong with them.
 *
 * @param {string} keys The value of SETTINGS_KEY.
 * @param {string} organizationId
 * @param {string} destinations JSON: `[[id, url or null, secret or null], …]`
 * @returns {Promise<{ sealed?: string, problem?: string }>}
 */
export async function sealDestinations(keys, organizationId, destinations) {
  const sealed = [];
  for (const [index, [id, url, secret]] of JSON.parse(destinations).entries()) {
    const secrets = secret === null ? null : [secret].flat();
    const problem = (url !== null && problemOf(url)) || (secrets !== null && !areSecrets(secrets) && SECRETS_PROBLEM);
    if (problem) {
      return { problem: `destinations[${index}].${problem === SECRETS_PROBLEM ? 'secret' : 'url'} ${problem}.` };
    }
    const hint = url === null ? { host: null, urlEnd: null } : hintOf(url);
    sealed.push([
      url && (await seal(keys, [organizationId, id, 'url'], url)),
      hint.host,
      hint.urlEnd,
      secrets && (await seal(keys, [organizationId, id, 'secrets'], secrets.join(' '))),
    ]);
  }
  return { sealed: JSON.stringify(sealed) };
}

const SECRETS_PROBLEM = `must be a secret, or an array of at most ${SECRETS_MAX}: ${SECRET_PREFIX} and ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes in base64`;

function areSecrets(secrets) {
  return secrets.length > 0 && secrets.length <= SECRETS_MAX && secrets.every((secret) => keyOf(secret) !== null);
}

/**
 * The bytes of a secret, or null.
 *
 * @param {unknown} secret
 */
export function keyOf(secret) {
  if (typeof secret !== 'string' || !SECRET.test(secret)) return null;
  const key = bytesOrNull(secret.slice(SECRET_PREFIX.length));
  return key !== null && key.length >= SECRET_BYTES_MIN && key.length <= SECRET_BYTES_MAX ? key : null;
}

/**
 * The address and the keys of a destination that is stored.
 *
 * @param {string} keys The value of SETTINGS_KEY.
 * @param {{ organizationId: string, destinationId: string, url: string, secrets: string | null }} destination
 */
export async function openDestination(keys, { organizationId, destinationId, url, secrets }) {
  const of = (what, sealed) => open(keys, [organizationId, destinationId, what], sealed);
  const texts = secrets === null ? [] : (await of('secrets', secrets)).split(' ');
  const opened = texts.map(keyOf).filter((key) => key !== null);
  if (opened.length < texts.length) throw new Error('a secret of the destination cannot be used: set it again');
  return { url: await of('url', url), keys: opened };
}
