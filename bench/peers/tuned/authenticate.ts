// Bearer tokens: a key is imported once, a token verified once; what depends on the clock is checked each time.

import { env } from 'cloudflare:workers';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { type Claims, readClaims } from '../contract/access';
import { tokenMalformed, tokenMissing } from '../contract/errors';
import { refusalOf } from '../plain/authenticate';
import { ByteBoundedCache } from './byte-bounded-cache';

const CLOCK_TOLERANCE_SECONDS = 30;
const TOKENS_BYTES_MAX = 4 * 1024 * 1024;

interface Verified {
  claims: Claims;
  exp: number;
  nbf: number;
}

const tokens = new ByteBoundedCache<Verified>(TOKENS_BYTES_MAX);
const keys = env.JWT_KEYS ? createLocalJWKSet(JSON.parse(env.JWT_KEYS)) : undefined;
let secret: CryptoKey | undefined;

/** The claims of the token in an Authorization header. */
export async function authenticate(header: string | null): Promise<Claims> {
  if (!header) throw tokenMissing();
  const known = tokens.get(header);
  const now = Math.floor(Date.now() / 1000);
  if (known && now < known.exp + CLOCK_TOLERANCE_SECONDS && now >= known.nbf - CLOCK_TOLERANCE_SECONDS)
    return known.claims;

  const [, token] = /^Bearer +(\S+)$/i.exec(header.trim()) ?? [];
  if (!token) throw tokenMalformed();
  const verified = await verify(token);
  tokens.put(header, verified, 2 * header.length + 512);
  return verified.claims;
}

async function verify(token: string): Promise<Verified> {
  secret ??= await crypto.subtle.importKey('raw', new TextEncoder().encode(env.JWT_SECRET), HMAC, false, ['verify']);
  const imported = secret;
  try {
    const { payload } = await jwtVerify(
      token,
      (header, jws) => (header.alg === 'HS256' || !keys ? imported : keys(header, jws)),
      {
        algorithms: ['HS256', 'RS256', 'ES256', 'EdDSA'],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      },
    );
    return { claims: readClaims(payload), exp: payload.exp ?? 0, nbf: payload.nbf ?? 0 };
  } catch (error) {
    throw refusalOf(error);
  }
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' };
