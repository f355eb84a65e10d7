// What every source of tokens is made with: keys, services that trust them, and honest tokens to spoil.

import { readFileSync } from 'node:fs';
import { compact, ecdsa, ed25519, hmac, publicHalf, rsa } from './sign.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

export const KEYS = read('keys.json');
/** Tokens that RFCs print. */
export const RFC_TOKENS = read('rfc-tokens.json');

export const HS = KEYS.service['hs-1'];
export const RS = KEYS.service['rs-1'];
export const ES = KEYS.service['es-1'];
export const ED = KEYS.service['ed-1'];
export const SECRET = Buffer.from(HS.k, 'base64url');
/** Sound keys of somebody else: what RFCs print is in everybody's hands. */
export const FOREIGN = {
  HS: KEYS['RFC 7515']['A.1'],
  RS: KEYS['RFC 7515']['A.2'],
  ES: KEYS['RFC 7515']['A.3'],
  ED: KEYS['RFC 8037']['A.1'],
};

const set = (...keys) => ({ keys: keys.map(publicHalf) });
const rfc7515 = Object.values(KEYS['RFC 7515']);

/** The services that tokens are tried at: their key sets, and the issuer and audience that they demand. */
export const SERVICES = {
  main: { keys: set(...Object.values(KEYS.service)) },
  strict: {
    keys: set(...Object.values(KEYS.service)),
    issuer: 'https://issuer.example.com',
    audience: 'conversation-monitor',
  },
  'RFC 7515 and 8037': { keys: set(...rfc7515, KEYS['RFC 8037']['A.1']) },
  'RFC 7520': { keys: set(...Object.values(KEYS['RFC 7520'])) },
  'two keys an algorithm': { keys: set(...Object.values(KEYS.service), ...rfc7515, KEYS['RFC 8037']['A.1']) },
};

/** Honest tokens of `now`, in seconds, and what they are made of. */
export function fixtureAt(now) {
  const claims = (more = {}) => ({ sub: 'u', exp: now + 3600, ...more });
  const token =
    (alg, signer) =>
    (payload = claims(), header = {}) =>
      compact(typeof header === 'string' || Buffer.isBuffer(header) ? header : { alg, ...header }, payload, signer);
  return {
    now,
    claims,
    /** A token of each algorithm: `(payload, header's members or its text)`. */
    hs: token('HS256', hmac(SECRET)),
    rs: token('RS256', rsa(RS)),
    es: token('ES256', ecdsa(ES)),
    ed: token('EdDSA', ed25519(ED)),
  };
}

/** The first of the tokens that `make` gives, for one claim `jti` after the other, that `fits`. */
export function search(make, fits) {
  for (let jti = 0; jti < 100_000; jti += 1) {
    const token = make(jti);
    if (fits(token)) return token;
  }
  throw new Error('There is no such token.');
}
