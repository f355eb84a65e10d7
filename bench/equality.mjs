// Whether all sides answer the same: the same requests, and what of the answers must be the same bytes.

import path from 'node:path';
import { REPORT } from './cases.mjs';
import { claimsOf, DEPARTMENTS, LARGE, SMALL, signToken, UNPUBLISHED, USERS } from './data.mjs';
import { copyState, SIDES, Side, WORK } from './sides.mjs';

/** Headers that must be the same; an ETag is opaque and each side's own. */
const HEADERS = ['cache-control', 'vary', 'x-content-type-options', 'www-authenticate', 'allow'];
/** Headers whose value is each answer's own, but which must be there. */
const PRESENT = ['x-request-id', 'etag', 'server-timing'];

const { organizationId } = SMALL;
/**
 * @param {string} role
 * @param {{ organization?: string, number?: number, [claim: string]: unknown }} [claims]
 */
const tokenOf = (role, { organization = organizationId, number = 3, ...more } = {}) =>
  signToken({ ...claimsOf(role, organization, number), ...more });
const admin = tokenOf('ADMIN');
const head = tokenOf('DEPARTMENT_HEAD');

/**
 * Every request: what it shows, its path, token and method.
 *
 * @param {{ privateKeys?: Record<string, import('node:crypto').KeyObject>, withAlgorithms?: string[] }} [options]
 */
function requests({ privateKeys, withAlgorithms = [] } = {}) {
  /**
   * @param {string} name
   * @param {string} [query]
   * @param {string | null} [token]
   */
  const get = (name, query = '', token = admin, more = {}) => ({
    name,
    path: `${REPORT}${query && `?${query}`}`,
    token,
    ...more,
  });
  return [
    get('the first page'),
    get('a hundred rows', 'limit=100'),
    get('the second page', 'page=2&limit=7'),
    get('the last page, not full', 'page=2&limit=100&skipThreshold=true'),
    get('a page past the end', 'page=9007199254740991&limit=100'),
    get('one category', 'category=ai_stuck&limit=3'),
    get('the other category', 'category=agent_abandoned&limit=3&page=3'),
    get('all that wait', 'skipThreshold=true&limit=100'),
    get('a department', `departmentId=${DEPARTMENTS[2]}`),
    get('a department that nobody knows', 'departmentId=nobody'),
    get('an unknown parameter', 'colour=red&limit=1'),
    get('the own organization by name', `organizationId=${organizationId}&limit=1`),
    get(
      'a large organization',
      'limit=100&page=90&skipThreshold=true',
      tokenOf('ADMIN', { organization: LARGE.organizationId }),
    ),
    get('no snapshot yet', '', tokenOf('ADMIN', { organization: UNPUBLISHED.organizationId })),
    get('DEPARTMENT_HEAD', 'limit=100', head),
    get('DEPARTMENT_HEAD, one of its own', `departmentId=${DEPARTMENTS[4]}`, head),
    get('DEPARTMENT_HEAD, another department is ignored', `departmentId=${DEPARTMENTS[0]}&limit=5`, head),
    get('DEPARTMENT_HEAD without departments', '', tokenOf('DEPARTMENT_HEAD', { departmentIds: [] })),
    get(
      'DEPARTMENT_HEAD with one department',
      'skipThreshold=true',
      tokenOf('DEPARTMENT_HEAD', { departmentIds: undefined, departmentId: DEPARTMENTS[1] }),
    ),
    get('DEPARTMENT_HEAD without a subject', '', tokenOf('DEPARTMENT_HEAD', { sub: undefined })),
    ...USERS.slice(0, 5).map((_, number) =>
      get(`DEPARTMENT_HEAD number ${number}`, 'limit=50', tokenOf('DEPARTMENT_HEAD', { number })),
    ),
    get('SUPERADMIN, an organization', `organizationId=${organizationId}`, tokenOf('SUPERADMIN')),
    get('SUPERADMIN, no organization', '', tokenOf('SUPERADMIN')),
    get('SUPERADMIN, an organization that does not exist', 'organizationId=nobody', tokenOf('SUPERADMIN')),
    get('ADMIN, another organization', `organizationId=${LARGE.organizationId}`),
    get('another role', '', tokenOf('AGENT')),
    get('no role', '', tokenOf('ADMIN', { role: undefined })),
    get('an organization that does not exist', '', tokenOf('ADMIN', { organization: 'nobody' })),
    get('no token', '', null),
    get('another scheme', '', null, { headers: { Authorization: 'Basic YTpi' } }),
    get('garbage', '', 'abc'),
    get('a token that has expired', '', tokenOf('ADMIN', { exp: 1_700_000_000 })),
    get('a token of the future', '', tokenOf('ADMIN', { nbf: 4_000_000_000 })),
    get('a token without an end', '', tokenOf('ADMIN', { exp: undefined })),
    get(
      'a token of another key',
      '',
      signToken(claimsOf('ADMIN', organizationId), { secret: 'another secret, just as long as the first one is' }),
    ),
    get('a token changed', '', `${admin.slice(0, -3)}AAA`),
    ...[
      'page=0',
      'page=x',
      'page=9007199254740992',
      'limit=101',
      'limit=',
      'category=all',
      'skipThreshold=1',
      'departmentId=',
      'snapshot=',
      'limit=5&limit=5',
      'organizationId=%00',
    ].map((query) => get(`refused: ${query}`, query)),
    get('401 before 400', 'page=0', null),
    get('400 before 403', 'page=0', tokenOf('AGENT')),
    get('a pin that never was', 'snapshot=v1-1-5-AAAAAAAAAAAAAAAAAAAAAA'),
    get('a pin that is none', 'snapshot=nonsense'),
    get('HEAD', '', admin, { method: 'HEAD' }),
    get('POST', '', admin, { method: 'POST' }),
    { name: 'another path', path: '/nothing', token: admin },
    ...withAlgorithms.map((alg) =>
      get(alg, 'limit=2', signToken(claimsOf('ADMIN', organizationId), { alg, privateKeys })),
    ),
  ];
}

/** Starts every side on the same database, and asks all of them the same. Returns how much was asked, and all differences. */
export async function compareSides({ seed, keys, folder = WORK }) {
  const sides = [];
  try {
    for (const name of SIDES) {
      const state = copyState(seed, path.join(folder, `state-equality-${name}`));
      sides.push(await Side.start(name, { state, jwks: keys.jwks }));
    }
    const options = { privateKeys: keys.privateKeys, withAlgorithms: Object.keys(keys.privateKeys) };
    return { differences: await differences(sides, options), requests: requests(options).length };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

/** Asks every side the same, each request twice: from storage, then from what a side has kept. Returns the differences. */
async function differences(sides, options) {
  const found = [];
  for (const request of requests(options)) {
    for (const time of ['first', 'second']) {
      const answers = [];
      for (const side of sides) answers.push(await answerOf(side, request));
      const [expected, ...others] = answers.map((answer) => JSON.stringify(answer));
      others.forEach((other, index) => {
        if (other !== expected)
          found.push(
            `${request.name}, ${time} time: ${sides[0].name} ${expected}\n  ${sides[index + 1].name} ${other}`,
          );
      });
    }
  }
  for (const side of sides) found.push(...(await conditionFaults(side)), ...(await pinFaults(side, sides[0])));
  return found;
}

async function answerOf(side, { path, token, method = 'GET', headers = {} }) {
  const response = await side.fetch(path, {
    method,
    headers: { ...(token && { Authorization: `Bearer ${token}` }), ...headers },
  });
  const body = await response.text();
  const type = response.headers.get('content-type')?.split(';')[0];
  return {
    status: response.status,
    headers: Object.fromEntries(HEADERS.map((name) => [name, response.headers.get(name)])),
    present: PRESENT.filter((name) => response.headers.has(name)),
    type: method === 'HEAD' ? undefined : type,
    body,
  };
}

/** A side's own ETag makes a 304 of the same view, and of no other. */
async function conditionFaults(side) {
  const ask = (token, etag, query = '') =>
    side.fetch(`${REPORT}${query}`, {
      headers: { Authorization: `Bearer ${token}`, ...(etag && { 'If-None-Match': etag }) },
    });
  const first = await ask(admin);
  const etag = first.headers.get('etag');
  await first.text();
  /** @type {[string, number, [string, string, string?], boolean?][]} */
  const expected = [
    ['the same', 304, [admin, etag]],
    ['the same, weak, among others', 304, [admin, `"x", W/${etag}`]],
    ['any', 304, [admin, '*'], side.name !== 'plain'],
    ['another view', 200, [head, etag]],
    ['another page', 200, [admin, etag, '?page=2']],
    ['another ETag', 200, [admin, '"x"']],
  ];
  const faults = [];
  for (const [name, status, question, applies = true] of expected) {
    const response = await ask(...question);
    const text = await response.text();
    if (applies && response.status !== status)
      faults.push(`${side.name}, If-None-Match, ${name}: ${response.status} and not ${status}`);
    if (response.status === 304 && text !== '') faults.push(`${side.name}, If-None-Match, ${name}: a body`);
  }
  return faults;
}

/** A snapshot's id that one side gave out is good on another. */
async function pinFaults(side, first) {
  const headers = { Authorization: `Bearer ${admin}` };
  const { data } = await (await first.fetch(REPORT, { headers })).json();
  const pinned = await side.fetch(`${REPORT}?snapshot=${data.snapshotId}`, { headers });
  const answer = await pinned.json();
  return JSON.stringify(answer.data) === JSON.stringify(data)
    ? []
    : [`${side.name}: a pin of ${first.name} gives ${JSON.stringify(answer)}`];
}
