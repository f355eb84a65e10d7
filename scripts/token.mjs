// Makes a token for the local worker, or for any other whose secret is known. See USAGE.

import { createHmac } from 'node:crypto';
import { addMapped, claimMapping, NO_MAPPING } from './claim-mapping.mjs';
import { jwtSecret, variable } from './dev-vars.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { whenProgram } from './project.mjs';

const ROLES = ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'];
export const INGEST_SCOPE = 'conversation-monitor:ingest';
const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };
const TTL_MAX_SECONDS = 365 * UNIT_SECONDS.d;

const USAGE = `usage: npm run --silent token -- --role ROLE --organization ID [options]
       npm run --silent token -- --no-role --organization ID --scope ${INGEST_SCOPE} [options]

Prints a token (JWT, HS256). With --silent npm prints nothing besides it.
  --role ROLE           SUPERADMIN, ADMIN or DEPARTMENT_HEAD
  --no-role             none: enough for ingest, which asks for the scope only
  --organization ID     the organization; may be left out for a SUPERADMIN, and where JWT_ORGANIZATION is set
  --user ID             the user (claim "sub"; default: developer)
  --departments A,B     the departments of a DEPARTMENT_HEAD
  --scope S             scopes, separated by spaces: ${INGEST_SCOPE} to post events
  --ttl 1h              how long it is valid: a number and s, m, h or d (default 1h, at most 365d)
  --issuer S            claim "iss" (default: JWT_ISSUER)
  --audience S          claim "aud" (default: JWT_AUDIENCE)
JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE come from the environment, else from .dev.vars, else from [vars] in wrangler.toml.
So do JWT_CLAIM_ROLE, JWT_CLAIM_ORGANIZATION, JWT_CLAIM_DEPARTMENTS, JWT_CLAIM_SCOPE, JWT_ROLES and JWT_ORGANIZATION: the
claims are put where they say, under the names that they give.`;

const OPTIONS = Object.fromEntries(
  ['role', 'organization', 'user', 'departments', 'scope', 'ttl', 'issuer', 'audience'].map((name) => [
    name,
    { type: 'string' },
  ]),
);

/** The claims as a compact JWS, signed with HS256. */
export function signToken(claims, secret) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The claims of a token, not verified. */
export function readClaims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

/** Seconds in "30s", "15m", "1h" or "7d"; undefined for anything else. */
export function parseTtl(text) {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const seconds = match ? Number(match[1]) * UNIT_SECONDS[match[2]] : 0;
  return seconds > 0 && seconds <= TTL_MAX_SECONDS ? seconds : undefined;
}

/**
 * The claims that the command line's options ask for, from `nowSeconds` on.
 *
 * @param {Record<string, any>} options
 * @param {number} nowSeconds
 * @param {import('./claim-mapping.mjs').ClaimMapping} mapping
 * @returns {Record<string, any>}
 */
export function buildClaims(options, nowSeconds, mapping = NO_MAPPING) {
  const refuse = (message) => usageFailure(message, USAGE);
  for (const [name, value] of Object.entries(options)) if (value === '') throw refuse(`--${name} is empty.`);
  const { role, organization, scope } = options;
  if (role && options['no-role']) throw refuse('--role and --no-role exclude each other.');
  if (role && !ROLES.includes(role)) throw refuse(`--role takes ${ROLES.join(', ')}; "${role}" is none of them.`);
  if (!role && !scope) throw refuse('Say --role, or --scope: a token with neither is of no use.');
  if (!organization && role !== 'SUPERADMIN' && !mapping.hasOrganization)
    throw refuse('--organization is missing; only a SUPERADMIN can do without.');
  const ttl = parseTtl(options.ttl ?? '1h');
  if (!ttl) throw refuse(`--ttl takes a number and s, m, h or d, at most 365d: "${options.ttl}" is not that.`);

  const claims = {
    iss: options.issuer,
    aud: options.audience,
    sub: options.user ?? 'developer',
    iat: nowSeconds,
    exp: nowSeconds + ttl,
  };
  // What was not asked for is not in the token either, not even as null.
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  const departments = options.departments
    ?.split(',')
    .map((id) => id.trim())
    .filter(Boolean);
  addMapped(present, { role, organization, departments, scope }, mapping);
  return present;
}

/**
 * A token for the given options, with the secret, issuer and audience of this machine's worker, and the claims where
 * that looks for them.
 *
 * @param {Record<string, any>} options
 * @param {{ now?: number, where?: { env?: Record<string, string | undefined>, file?: string, configuration?: string } }} [context]
 */
export function makeToken(options, { now = Date.now(), where } = {}) {
  const secret = jwtSecret(where);
  const defaults = { issuer: variable('JWT_ISSUER', where), audience: variable('JWT_AUDIENCE', where) };
  const mapping = claimMapping((name) => variable(name, where));
  return signToken(buildClaims({ ...defaults, ...options }, Math.floor(now / 1000), mapping), secret);
}

await whenProgram(import.meta.url, (args) => {
  const flags = parseFlags(args, USAGE, { ...OPTIONS, 'no-role': { type: 'boolean' } });
  if (flags) process.stdout.write(`${makeToken(flags.values)}\n`);
});
