// What is measured on: organizations with candidates, the same at every run, and the tokens of their callers.
//
// All instants hang on a fixed one in the past, so that neither data nor answers depend on when the benchmark runs.

import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

/** The instant that the published reports are as of. */
export const AS_OF = Date.UTC(2026, 9, 5, 12);
export const SECRET = 'a secret of the benchmark, long enough for HMAC-SHA256';
export const LARGE = { organizationId: '65d3e0f0a0b0c0d0e0f00001', candidates: 10_000 };
export const SMALL = { organizationId: '65d3e0f0a0b0c0d0e0f00002', candidates: 200 };
/** Announced by one event, and never published. */
export const UNPUBLISHED = { organizationId: '65d3e0f0a0b0c0d0e0f00003' };
export const DEPARTMENTS = Array.from({ length: 8 }, (_, index) => hexId('d', index));
export const USERS = Array.from({ length: 40 }, (_, index) => hexId('a', index));

const MINUTE = 60_000;
export const CHANNELS = ['whatsapp', 'sms', 'webchat', 'email', 'instagram'];
const FIRST_NAMES = ['Aaliyah', 'Bruno', 'Chloé', 'Dmitri', 'Esra', 'Fatima', 'Giulia', 'Hiroshi', 'Inés', 'Jürgen'];
const LAST_NAMES = [
  'Valkonen',
  'Okafor',
  "O'Brien",
  'Nakamura',
  'García',
  'Şahin',
  'Lindqvist',
  'Moreau',
  'Petrov',
  'Haddad',
];

export function hexId(kind, number) {
  return `65d3${kind.charCodeAt(0).toString(16)}${number.toString(16).padStart(18, '0')}`;
}

const nameOf = (number) => `${FIRST_NAMES[number % 10]} ${LAST_NAMES[Math.floor(number / 10) % 10]}`;
/** An instant as events have it. */
export const iso = (milliseconds) => new Date(milliseconds).toISOString();

/** The events of an organization of which exactly `candidates` conversations wait at `asOf`, nine in ten for longer than five minutes. */
export function* organizationEvents({ organizationId, candidates, asOf = AS_OF, withStaff = true }) {
  const common = { organizationId, updatedAt: iso(asOf - 2000 * MINUTE) };
  yield { ...common, type: 'organization', name: 'Benchmark' };
  if (withStaff) yield* staffEvents(common);
  for (let number = 0; number < candidates; number += 1) yield* candidateEvents(common, number, candidates, asOf);
}

function* staffEvents(common) {
  for (const [index, departmentId] of DEPARTMENTS.entries())
    yield { ...common, type: 'department', departmentId, name: `Department ${index}` };
  for (const [index, userId] of USERS.entries()) yield { ...common, type: 'user', userId, fullName: nameOf(index * 7) };
}

function* candidateEvents(common, number, candidates, asOf) {
  // A tenth within the five minutes of the threshold, the rest up to a day.
  const waited =
    number % 10 === 0 ? (number % 50) * 5000 : 6 * MINUTE + Math.floor((number * 1430 * MINUTE) / candidates);
  const at = iso(asOf - waited);
  const conversationId = hexId('c', number);
  const contactId = hexId('e', number);
  const isHuman = number % 2 === 1;
  const owner = USERS[number % USERS.length];
  yield {
    ...common,
    type: 'contact',
    contactId,
    name: nameOf(number),
    phone: `+4420794${String(60_000 + number).padStart(6, '0')}`,
  };
  yield {
    ...common,
    type: 'conversation',
    conversationId,
    contactId,
    channelType: CHANNELS[number % CHANNELS.length],
    departmentId: DEPARTMENTS[(number * 5 + Math.floor(number / 8)) % DEPARTMENTS.length],
    ...(isHuman && { ownerId: owner, assigneeIds: [owner, USERS[(number * 3) % USERS.length]] }),
  };
  const item = { ...common, conversationId, at };
  yield { ...item, type: 'message', messageId: hexId('m', number), direction: 'inbound', sender: 'contact' };
  if (isHuman) yield { ...item, type: 'autopilot', changeId: hexId('f', number), enabled: false, actorId: owner };
}

/** An event: the conversation of a candidate, of the autopilot's if there is one beside, is in another department now. */
export function movedConversation({ organizationId }, number, { updatedAt = AS_OF, turn = 0 } = {}) {
  const own = number - (number % 2);
  const ids = { conversationId: hexId('c', own), contactId: hexId('e', own) };
  return {
    type: 'conversation',
    organizationId,
    ...ids,
    channelType: 'sms',
    departmentId: hexId('d', 100 + turn),
    updatedAt: iso(updatedAt),
  };
}

/** Good until the year 2100: a token must not end during a run. */
const EXPIRES_AT = Date.UTC(2100, 0, 1) / 1000;

/** The claims of each role of an organization; `number` makes them another caller's. */
export function claimsOf(role, organizationId, number = 0) {
  const caller = { sub: USERS[number % USERS.length], role, exp: EXPIRES_AT, iat: AS_OF / 1000, jti: `${number}` };
  if (role === 'SUPERADMIN') return caller;
  if (role === 'ADMIN') return { ...caller, organizationId };
  const departmentIds = [0, 1, 2].map((next) => DEPARTMENTS[(number + next) % DEPARTMENTS.length]);
  return { ...caller, organizationId, departmentIds };
}

/** One key of each asymmetric algorithm; made again at each run, for nothing that is compared depends on them. */
export function makeKeys() {
  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  const jwks = {
    keys: Object.entries(pairs).map(([alg, { publicKey }]) => ({
      ...publicKey.export({ format: 'jwk' }),
      alg,
      kid: kidOf(alg),
      use: 'sig',
    })),
  };
  const privateKeys = Object.fromEntries(Object.entries(pairs).map(([alg, { privateKey }]) => [alg, privateKey]));
  return { jwks, privateKeys };
}

const kidOf = (alg) => `benchmark-${alg.toLowerCase()}`;
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * A compact JWS of `claims`.
 *
 * @param {Record<string, unknown>} claims
 * @param {{ alg?: string, privateKeys?: Record<string, import('node:crypto').KeyObject>, secret?: string }} [options]
 */
export function signToken(claims, { alg = 'HS256', privateKeys, secret = SECRET } = {}) {
  const header = alg === 'HS256' ? { alg, typ: 'JWT' } : { alg, typ: 'JWT', kid: kidOf(alg) };
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${signatureOf(signed, alg, privateKeys, secret).toString('base64url')}`;
}

function signatureOf(signed, alg, privateKeys, secret) {
  if (alg === 'HS256') return createHmac('sha256', secret).update(signed).digest();
  if (alg === 'RS256') return sign('sha256', Buffer.from(signed), privateKeys.RS256);
  if (alg === 'ES256')
    return sign('sha256', Buffer.from(signed), { key: privateKeys.ES256, dsaEncoding: 'ieee-p1363' });
  return sign(null, Buffer.from(signed), privateKeys.EdDSA);
}
