// Bearer tokens, as jose's documentation verifies them.

import { env } from 'cloudflare:workers';
import { createMiddleware } from 'hono/factory';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import { type Claims, readClaims } from '../contract/access';
import { type Refusal, tokenMalformed, tokenMissing, tokenRefused } from '../contract/errors';

export interface Variables {
  claims: Claims;
}

const CLOCK_TOLERANCE_SECONDS = 30;

const secret = new TextEncoder().encode(env.JWT_SECRET);
const keys = env.JWT_KEYS ? createLocalJWKSet(JSON.parse(env.JWT_KEYS)) : undefined;

export const authenticate = createMiddleware<{ Variables: Variables }>(async (c, next) => {
  const header = c.req.header('Authorization');
  if (!header) throw tokenMissing();
  const [, token] = /^Bearer +(\S+)$/i.exec(header.trim()) ?? [];
  if (!token) throw tokenMalformed();
  c.set('claims', readClaims(await verify(token)));
  await next();
});

async function verify(token: string) {
  try {
    const { payload } = await jwtVerify(
      token,
      (protectedHeader, jws) => (protectedHeader.alg === 'HS256' || !keys ? secret : keys(protectedHeader, jws)),
      {
        algorithms: ['HS256', 'RS256', 'ES256', 'EdDSA'],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      },
    );
    return payload;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** What the client is told of a token that jose refused. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return tokenRefused('The token has expired');
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed') {
    return tokenRefused('The token is not valid yet');
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) return tokenRefused();
  throw error;
}
