// Who is authorized, what the others are told, and what is logged: keys, headers, roles, precedence, misconfiguration.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { IS_LONG_RUN, inTurn } from '../long-run.mjs';

import {
  ALGORITHM,
  CRITICAL,
  EXPIRED,
  ISSUED_IN_FUTURE,
  KEY_ID,
  malformed,
  NO_KEY,
  NOT_YET_VALID,
  SEGMENTS,
  SIGNATURE,
  TOO_LARGE,
  TYPE,
} from '../tokens/verdicts.mjs';
import { acknowledgementOf } from './acknowledgements.mjs';
import {
  adminToken,
  EVENTS,
  REPORT,
  SCOPES as SCOPES_ROUTE,
  SECRET,
  settingsOf,
  startService,
  tokenOf,
} from './harness.mjs';
import { ALGORITHMS, keySet, newKey } from './issuer.mjs';
import { CONVERSATION, conversationEvents, ROUTES, requestOf } from './routes.mjs';

const JSON_TYPE = 'application/json';
const CLAIMS = { sub: 'SUBJECT-IN-NO-LOG', role: 'ADMIN', organizationId: 'o' };
const keys = Object.fromEntries(ALGORITHMS.map((algorithm) => [algorithm, newKey(algorithm, `the ${algorithm} key`)]));
const next = newKey('ES256', 'the next ES256 key');
const stranger = newKey('ES256', 'the ES256 key');
const unnamed = newKey('EdDSA');

/** Invalid values by variable: none may appear in a log or a response. An empty JWT_SECRET removes the harness's own. */
const WRONG = [
  ['JWT_SECRET', { JWT_SECRET: 'CANARY-is-31-bytes-long-exactly' }],
  ['JWT_SECRET', { JWT_SECRET: '' }],
  ['JWT_KEYS', { JWT_KEYS: 'CANARY' }],
  ['JWT_KEYS', { JWT_KEYS: '[{"kid":"CANARY"}]' }],
  ['JWT_KEYS', { JWT_KEYS: '{"keys":[],"CANARY":1}' }],
  ['JWT_KEYS', { JWT_KEYS: keySet({ ...newKey('ES256', 'CANARY').privateJwk }) }],
  ['JWT_KEYS', { JWT_KEYS: keySet({ ...next.jwk, kid: 'CANARY', y: next.jwk.x }) }],
  ['JWT_KEYS', { JWT_KEYS: keySet({ ...next.jwk, kid: 'CANARY', alg: 'RS256' }) }],
  ['JWT_KEYS', { JWT_KEYS: keySet(next, { ...newKey('ES256').jwk, kid: next.kid }, { kty: 'CANARY' }) }],
  ['JWT_KEYS', { JWT_KEYS: keySet(next, { kty: 'oct', k: Buffer.from('CANARY').toString('base64url') }) }],
  ['JWT_JWKS_URL', { JWT_JWKS_URL: 'http://CANARY.example/keys' }],
  ['JWT_JWKS_URL', { JWT_JWKS_URL: 'https://user:CANARY@issuer.example/keys' }],
  ['JWT_CLAIM_ROLE', { JWT_CLAIM_ROLE: 'CANARY' }],
  ['JWT_CLAIM_ORGANIZATION', { JWT_CLAIM_ORGANIZATION: '/CANARY~2' }],
  ['JWT_CLAIM_DEPARTMENTS', { JWT_CLAIM_DEPARTMENTS: `/CANARY${'x'.repeat(250)}` }],
  ['JWT_CLAIM_SCOPE', { JWT_CLAIM_SCOPE: '$.CANARY' }],
  ['JWT_ROLES', { JWT_ROLES: '{"CANARY":"AGENT"}' }],
  ['JWT_ROLES', { JWT_ROLES: '{"CANARY":"ADMIN","CANARY":"ADMIN"}' }],
  ['JWT_ROLES', { JWT_ROLES: JSON.stringify({ ['CANARY'.repeat(700)]: 'ADMIN' }) }],
  ['JWT_ORGANIZATION', { JWT_ORGANIZATION: 'CANARY\n' }],
  ['ALLOWED_ORIGINS', { ALLOWED_ORIGINS: 'https://CANARY.example/' }],
  ['ALLOWED_ORIGINS', { ALLOWED_ORIGINS: '*' }],
  ['HEAD_MAX_AGE_SECONDS', { HEAD_MAX_AGE_SECONDS: 'CANARY' }],
  ['HEAD_MAX_AGE_SECONDS', { HEAD_MAX_AGE_SECONDS: '61' }],
  ['RATE_LIMIT_PERIOD_SECONDS', { RATE_LIMIT_PERIOD_SECONDS: 'CANARY' }],
  ['RATE_LIMIT_PERIOD_SECONDS', { RATE_LIMIT_PERIOD_SECONDS: '30' }],
];
const EMPTY = {
  JWT_KEYS: '',
  JWT_JWKS_URL: '',
  JWT_ISSUER: '',
  JWT_AUDIENCE: '',
  JWT_CLAIM_ROLE: '',
  JWT_CLAIM_ORGANIZATION: '',
  JWT_CLAIM_DEPARTMENTS: '',
  JWT_CLAIM_SCOPE: '',
  JWT_ROLES: '',
  JWT_ORGANIZATION: '',
  ALLOWED_ORIGINS: '',
  HEAD_MAX_AGE_SECONDS: '',
  RATE_LIMIT_PERIOD_SECONDS: '',
};

let service;
/** The worker under test, unless said otherwise: JWT_SECRET, and keys of all algorithms. */
let worker;
before(async () => {
  const withKeys = (...set) => ({ vars: { JWT_KEYS: keySet(...set) } });
  /** @type {Record<string, import('./harness.mjs').Settings>} */
  const siblings = {
    'rotation-before': withKeys(keys.ES256),
    'rotation-amid': withKeys(keys.ES256, next),
    'rotation-after': withKeys(next),
    'keys-alone': { vars: { JWT_KEYS: keySet(keys.RS256, keys.HS256), JWT_SECRET: '' } },
    strict: { vars: { JWT_ISSUER: 'the issuer', JWT_AUDIENCE: 'this service' } },
    'all-empty': { vars: EMPTY },
    mapped: {
      vars: {
        JWT_CLAIM_ROLE: '/https:~1~1acme.example~1roles',
        JWT_CLAIM_ORGANIZATION: '/o/id',
        JWT_CLAIM_DEPARTMENTS: '/o/departments',
        JWT_CLAIM_SCOPE: '/scp',
        JWT_ROLES: '{"boss":"ADMIN","lead":"DEPARTMENT_HEAD"}',
      },
    },
    'one-organization': { vars: { JWT_ORGANIZATION: 'o' } },
    ...Object.fromEntries(WRONG.map(([, vars], number) => [`wrong-${number}`, { vars }])),
  };
  siblings.full = withKeys(...Object.values(keys), unnamed);
  service = await startService({ siblings });
  worker = service.sibling('full');
  for (const organizationId of ['o', 'p']) await service.post(conversationEvents(organizationId));
});
after(() => service?.close());

/** Every token that was sent. None of its parts may be in the log. */
const sent = new Set();

async function ask(target, init = {}, via = worker) {
  if (init.token) sent.add(init.token);
  const response = await via.fetch(target, init);
  return { response, status: response.status, text: await response.text() };
}

async function checkToken(status, token, via) {
  const answer = await ask(REPORT, { token }, via);
  assert.equal(answer.status, status, answer.text);
  // The line of a refusal may come after the response.
  for (let turn = 0; status >= 400 && turn < 10_000 && service.linesOf(answer.response).length === 0; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
  return answer;
}

const causeOf = ({ response }) => service.linesOf(response).at(-1)?.cause;

// ---------------------------------------------------------------------------------------------------------------
// Keys
// ---------------------------------------------------------------------------------------------------------------

describe('keys', () => {
  for (const algorithm of ALGORITHMS) {
    test(`${algorithm} by its kid, among all the others`, async () => {
      await checkToken(200, keys[algorithm].token(CLAIMS));
    });
  }

  test('JWT_SECRET works without a kid where no other key is of its algorithm', async () => {
    await checkToken(200, adminToken('o'), service.sibling('rotation-before'));
    // JWT_KEYS has one here, too. Only a kid could tell which of them is meant, and JWT_SECRET has none.
    assert.equal(causeOf(await checkToken(401, adminToken('o'))), NO_KEY);
  });

  test('without a kid, exactly one key of the algorithm must be there', async () => {
    const anonymous = (key) => key.token(CLAIMS, { kid: undefined });
    for (const algorithm of ['RS256', 'ES256']) await checkToken(200, anonymous(keys[algorithm]));
    for (const key of [keys.HS256, keys.EdDSA, unnamed]) await checkToken(401, anonymous(key));
    const alone = service.sibling('keys-alone');
    for (const algorithm of ['RS256', 'HS256']) await checkToken(200, anonymous(keys[algorithm]), alone);
    await checkToken(401, adminToken('o'), alone);
  });

  /** @type {Record<string, [any, Record<string, unknown>, string]>} */
  const kids = {
    'of no key': [keys.ES256, { kid: 'nobody' }, NO_KEY],
    'that is empty': [keys.ES256, { kid: '' }, NO_KEY],
    'of a key of another algorithm': [keys.ES256, { kid: keys.RS256.kid }, NO_KEY],
    'and algorithm of another key': [keys.ES256, { kid: keys.RS256.kid, alg: 'RS256' }, SIGNATURE],
    'of a key that somebody else has': [stranger, {}, SIGNATURE],
    'with more than is in it': [keys.ES256, { kid: `${keys.ES256.kid} ` }, NO_KEY],
    'in another case': [keys.ES256, { kid: keys.ES256.kid.toUpperCase() }, NO_KEY],
    'that is a list': [keys.ES256, { kid: [keys.ES256.kid] }, KEY_ID],
    'that is null': [keys.ES256, { kid: null }, KEY_ID],
    'that is a path': [keys.ES256, { kid: '../../../dev/null' }, NO_KEY],
    'with an embedded key': [stranger, { kid: undefined, jwk: stranger.jwk }, SIGNATURE],
    'with a URL': [stranger, { jku: 'https://issuer.example/keys', x5u: 'https://issuer.example/' }, SIGNATURE],
  };
  for (const [name, [key, header, cause]] of Object.entries(kids)) {
    test(`a kid ${name}`, async () => assert.equal(causeOf(await checkToken(401, key.token(CLAIMS, header))), cause));
  }

  test('a public key is not accepted as a secret', async () => {
    const text = JSON.stringify(keys.RS256.jwk);
    for (const secret of [text, keys.RS256.jwk.n, Buffer.from(keys.RS256.jwk.n, 'base64url')]) {
      for (const kid of [keys.RS256.kid, keys.HS256.kid, undefined]) {
        const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const signed = `${encode({ alg: 'HS256', kid })}.${encode({ ...CLAIMS, exp: 9_999_999_999 })}`;
        await checkToken(401, `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`);
      }
    }
  });

  test('rotation: the old key, both, the new key', async () => {
    const statuses = { 'rotation-before': [200, 401], 'rotation-amid': [200, 200], 'rotation-after': [401, 200] };
    for (const [name, [old, fresh]] of Object.entries(statuses)) {
      // Twice: a token that was verified before is treated alike.
      for (const _ of [1, 2]) {
        await checkToken(old, keys.ES256.token(CLAIMS), service.sibling(name));
        await checkToken(fresh, next.token(CLAIMS), service.sibling(name));
      }
    }
  });

  test('a token that was verified before still expires', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    await checkToken(200, keys.ES256.token({ ...CLAIMS, exp: nowSeconds + 600 }));
    await checkToken(401, keys.ES256.token({ ...CLAIMS, exp: nowSeconds - 600 }));
  });
});

// ---------------------------------------------------------------------------------------------------------------
// 401
// ---------------------------------------------------------------------------------------------------------------

const REALM = 'Bearer realm="conversation-monitor"';
const challenge = (error, description) => `${REALM}, error="${error}", error_description="${description}"`;
const MALFORMED = challenge('invalid_request', "The Authorization header must be 'Bearer' and one token.");
const invalid = (description = 'The token is not valid') => challenge('invalid_token', description);

describe('what 401 says in WWW-Authenticate and in the log', () => {
  const token = tokenOf(CLAIMS);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const bearer = (claims, header) => `Bearer ${keys.ES256.token({ ...CLAIMS, ...claims }, header)}`;
  const notOneToken = (value) => [value, MALFORMED, 'header: not Bearer and one token'];
  const cases = {
    'no header': [undefined, REALM, 'header: no token'],
    'an empty header': ['', REALM, 'header: no token'],
    'the scheme alone': notOneToken('Bearer'),
    'another scheme': notOneToken(`Basic ${token}`),
    'a scheme that begins alike': notOneToken(`Bearers ${token}`),
    'no blank': notOneToken(`Bearer${token}`),
    'a tab': notOneToken(`Bearer\t${token}`),
    'a token alone': notOneToken(token),
    'two tokens': notOneToken(`Bearer ${token} ${token}`),
    'two headers in one': notOneToken(`Bearer ${token}, Bearer ${token}`),
    'two schemes': notOneToken(`Bearer Bearer ${token}`),
    quotes: notOneToken(`Bearer "${token}"`),
    'a parameter': notOneToken(`Bearer token=${token};`),
    'a letter beyond ASCII': notOneToken('Bearer é'),
    'no JWT': ['Bearer x', invalid(), SEGMENTS],
    padding: [`Bearer ${token}=`, invalid(), SEGMENTS],
    'too many bytes': [`Bearer ${'x'.repeat(8193)}`, invalid(), TOO_LARGE],
    'a forbidden algorithm': [bearer({}, { alg: 'none' }), invalid(), ALGORITHM],
    'another type': [bearer({}, { typ: 'JWE' }), invalid(), TYPE],
    'a critical header': [bearer({}, { crit: ['exp'] }), invalid(), CRITICAL],
    'an unknown key': [bearer({}, { kid: 'unknown' }), invalid(), NO_KEY],
    'another signature': [`Bearer ${stranger.token(CLAIMS)}`, invalid(), SIGNATURE],
    'no expiry': [bearer({ exp: undefined }), invalid(), malformed('exp')],
    'a malformed claim': [bearer({ role: 1 }), invalid(), malformed('role')],
    expiry: [bearer({ exp: nowSeconds - 60 }), invalid('The token has expired'), EXPIRED],
    'not yet': [bearer({ nbf: nowSeconds + 600 }), invalid('The token is not valid yet'), NOT_YET_VALID],
    'issued to come': [bearer({ iat: nowSeconds + 600 }), invalid('The token is not valid yet'), ISSUED_IN_FUTURE],
  };
  // Who calls is found out before the route matters: two cases are tried on all routes, the others on some, each on
  // others.
  const everywhere = ['no header', 'another signature'];
  for (const [number, [name, [authorization, expected, cause]]] of Object.entries(cases).entries()) {
    test(name, async () => {
      const routes = ROUTES.filter(
        (_, index) => IS_LONG_RUN || everywhere.includes(name) || (number + index) % 4 === 0,
      );
      assert.ok(routes.length >= 3);
      for (const route of routes) {
        const [target, init] = requestOf(route, 'o');
        const headers = authorization === undefined ? {} : { Authorization: authorization };
        const answer = await ask(target, { ...init, headers: { ...init.headers, ...headers } });
        assert.equal(answer.status, 401, answer.text);
        assert.equal(answer.response.headers.get('www-authenticate'), expected);
        const { error, message } = JSON.parse(answer.text);
        assert.equal(error, 'UNAUTHENTICATED');
        assert.ok(message.length > 10 && !message.includes('base64'), message);
        const [line] = service.linesOf(answer.response);
        assert.deepEqual([line.status, line.error, line.cause], [401, 'UNAUTHENTICATED', cause]);
        if (authorization?.length > 8) sent.add(authorization.split(' ').at(-1));
      }
    });
  }

  test('an unexpired, genuine token of another issuer or for another service', async () => {
    const strict = service.sibling('strict');
    const expected = invalid('The token is not meant for this service');
    const meant = { iss: 'the issuer', aud: ['x', 'this service'] };
    await checkToken(200, tokenOf({ ...CLAIMS, ...meant }), strict);
    for (const [claims, cause] of [
      [{ iss: 'x' }, 'issuer'],
      [{ iss: undefined }, 'issuer'],
      [{ aud: 'x' }, 'audience'],
      [{ aud: undefined }, 'audience'],
    ]) {
      const answer = await checkToken(401, tokenOf(Object.assign({}, CLAIMS, meant, claims)), strict);
      assert.equal(answer.response.headers.get('www-authenticate'), expected);
      assert.equal(causeOf(answer), `claims: another ${cause}`);
    }
  });

  test('a token anywhere but in the header is ignored', async () => {
    for (const query of [`access_token=${token}`, `token=${token}`, `authorization=Bearer%20${token}`]) {
      const { response } = await ask(`${REPORT}?${query}`);
      assert.equal(response.headers.get('www-authenticate'), REALM);
    }
    const { status } = await ask(REPORT, {
      headers: { Cookie: `token=${token}`, 'X-Authorization': `Bearer ${token}` },
    });
    assert.equal(status, 401);
    sent.add(token);
  });

  test('the scheme is accepted in any case, with any number of blanks', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR', 'Bearer  ', 'Bearer    ']) {
      const { status, text } = await ask(REPORT, {
        headers: { Authorization: `${scheme} ${keys.ES256.token(CLAIMS)}` },
      });
      assert.equal(status, 200, text);
    }
  });
});

// ---------------------------------------------------------------------------------------------------------------
// 403
// ---------------------------------------------------------------------------------------------------------------

const ROLES = [
  'SUPERADMIN',
  'ADMIN',
  'DEPARTMENT_HEAD',
  'AGENT',
  'superadmin',
  'ADMIN ',
  'SUPERADMIN ADMIN',
  '',
  undefined,
];
const SCOPES = ['conversation-monitor:ingest', 'conversation-monitor:read', 'conversation-monitor', undefined];

/** What the role table says about a caller of `o` who asks for an organization. `undefined` means that none is named. */
function isAllowed(route, { role, scope }, asked) {
  const isHome = asked === undefined || asked === 'o' || role === 'SUPERADMIN';
  return isHome && (route.scope ? scope === route.scope : route.roles.includes(role));
}

describe('403 by the role table', () => {
  for (const route of ROUTES) {
    test(route.name, async () => {
      const refusals = new Set();
      for (const [number, role] of ROLES.entries()) {
        for (const [place, asked] of [undefined, 'o', 'p', 'nowhere'].entries()) {
          // Where the role decides, every scope is tried with every organization and with roles that may not read.
          for (const scope of route.scope ? SCOPES : inTurn(SCOPES, number + place)) {
            // Events would create the organization.
            if (route.body && asked === 'nowhere' && role === 'SUPERADMIN') continue;
            const [target, init] = requestOf(route, asked);
            const token = keys.EdDSA.token({ ...CLAIMS, role, scope, departmentIds: ['d'] });
            const { status, text, response } = await ask(target, { ...init, token });
            const expected = isAllowed(route, { role, scope }, asked) ? (asked === 'nowhere' ? 404 : 200) : 403;
            assert.equal(status, expected, `${role} with ${scope} asks for ${asked}: ${text}`);
            if (status !== 403) continue;
            refusals.add(text);
            assert.equal(response.headers.get('www-authenticate'), null);
            assert.equal(service.linesOf(response)[0].error, 'FORBIDDEN');
          }
        }
      }
      // The response does not tell which of role, scope and organization was wrong, or whether the organization exists.
      assert.equal(refusals.size, 1);
    });
  }

  test('a token that names no organization', async () => {
    for (const route of ROUTES) {
      for (const role of ['ADMIN', 'DEPARTMENT_HEAD', undefined]) {
        const [target, init] = requestOf(route, 'o');
        const token = keys.EdDSA.token({ ...CLAIMS, organizationId: undefined, role, scope: SCOPES[0] });
        assert.equal((await ask(target, { ...init, token })).status, 403, `${route.name} ${role}`);
      }
    }
  });

  test('the log says why', async () => {
    const settings = settingsOf('o');
    const event = { type: 'organization', organizationId: 'p', name: 'P', updatedAt: '2026-01-01T00:00:00Z' };
    const post = { method: 'POST', body: JSON.stringify({ events: [event] }), headers: { 'Content-Type': JSON_TYPE } };
    /** @type {[cause: string, target: string, claims: object, init?: object][]} */
    const denials = [
      ['role: the token names none', REPORT, { role: undefined }],
      ['role: the token names none', REPORT, { role: null }],
      ["role: none of the token's is known", REPORT, { role: 'AGENT' }],
      ["role: none of the token's is known", settings, { role: ['AGENT', 'admin'] }],
      ['role: it may not read and change settings', settings, { role: 'DEPARTMENT_HEAD' }],
      ['subject: the token names none', acknowledgementOf(CONVERSATION), { sub: undefined }, { method: 'DELETE' }],
      ['organization: the token names none', REPORT, { organizationId: undefined }],
      ["organization: another than the token's", `${REPORT}?organizationId=p`, {}],
      ["organization: another than the token's", settingsOf('nowhere'), {}],
      ["organization: another than the token's", EVENTS, { scope: [SCOPES[0]] }, post],
      ['scope: the token lacks conversation-monitor:ingest', EVENTS, { scope: 'openid profile' }, post],
    ];
    for (const [cause, target, claims, init] of denials) {
      const answer = await ask(target, { ...init, token: keys.EdDSA.token({ ...CLAIMS, ...claims }) });
      assert.equal(answer.status, 403, answer.text);
      assert.ok(!answer.text.includes(cause));
      const lines = service.linesOf(answer.response);
      assert.deepEqual(
        lines.map(({ message, error, cause: logged }) => [message, error, logged]),
        [['request refused', 'FORBIDDEN', cause]],
      );
    }
  });

  test('one event of another organization among a thousand: nothing is written', async () => {
    const event = (organizationId, userId) =>
      JSON.stringify({ type: 'user', organizationId, userId, fullName: 'X', updatedAt: '2026-01-01T00:00:00Z' });
    const body = [...Array.from({ length: 999 }, (_, number) => event('o', `u${number}`)), event('p', 'u')].join('\n');
    const token = keys.EdDSA.token({ ...CLAIMS, scope: SCOPES[0] });
    const { status } = await ask(EVENTS, {
      method: 'POST',
      token,
      body,
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
    assert.equal(status, 403);
    const { count } = await service.database
      .prepare("SELECT count(*) AS count FROM record WHERE type = 'user'")
      .first();
    assert.equal(count, 0);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Precedence
// ---------------------------------------------------------------------------------------------------------------

describe('precedence: of two faults the first of 401, 400, 403, 404, 410, 304', () => {
  for (const route of ROUTES) {
    test(route.name, async () => {
      const order = [401, 400, 403, 404, ...(route.pins ? [410] : []), ...(route.body ? [] : [304])];
      // An ingest creates its organization, so it has no 404.
      const faults = route.body ? [401, 400, 403] : order;
      for (const first of faults) {
        for (const second of faults.slice(faults.indexOf(first) + 1)) {
          const has = (fault) => fault === first || fault === second;
          const own = has(404) ? 'nowhere' : 'o';
          const [target, init] = requestOf(route, has(403) ? 'p' : undefined, { isBad: has(400), own });
          const pinned = has(410) ? `${target}${target.includes('?') ? '&' : '?'}snapshot=x` : target;
          const claims = { ...CLAIMS, organizationId: own, scope: route.scope };
          const token = has(401) ? stranger.token(claims) : keys.ES256.token(claims);
          const headers = { ...init.headers, ...(has(304) ? { 'If-None-Match': '*' } : {}) };
          const { status, text } = await ask(pinned, { ...init, headers, token });
          assert.equal(status, first, `${first} and ${second}: ${text}`);
        }
      }
    });
  }
});

// ---------------------------------------------------------------------------------------------------------------
// Claims of other issuers
// ---------------------------------------------------------------------------------------------------------------

describe('claims of other issuers', () => {
  const userOf = ({ text }) => JSON.parse(text).data.user;
  const body = JSON.stringify({
    events: [{ type: 'organization', organizationId: 'o', name: 'An organization', updatedAt: '2026-01-01T00:00:00Z' }],
  });
  const post = { method: 'POST', body, headers: { 'Content-Type': JSON_TYPE } };

  test('are read where the configuration says, and nowhere else', async () => {
    const mapped = service.sibling('mapped');
    const claims = {
      sub: CLAIMS.sub,
      name: 'Ada Lovelace',
      'https://acme.example/roles': ['agent', 'lead', 'boss'],
      o: { id: 'o', departments: ['d'] },
      scp: [SCOPES[0]],
    };
    const answer = await ask(SCOPES_ROUTE, { token: tokenOf(claims) }, mapped);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(userOf(answer), { name: 'Ada Lovelace', role: 'ADMIN', organizationId: 'o' });
    assert.equal((await ask(EVENTS, { ...post, token: tokenOf(claims) }, mapped)).status, 200);

    const lead = { ...claims, 'https://acme.example/roles': 'lead' };
    const { text } = await ask(SCOPES_ROUTE, { token: tokenOf(lead) }, mapped);
    assert.deepEqual(JSON.parse(text).data.departments, [{ departmentId: 'd', name: null }]);

    const own = tokenOf({ ...CLAIMS, role: 'SUPERADMIN', scope: SCOPES[0] });
    const refused = await ask(REPORT, { token: own }, mapped);
    assert.deepEqual([refused.status, causeOf(refused)], [403, 'role: the token names none']);
    assert.equal((await ask(EVENTS, { ...post, token: own }, mapped)).status, 403);
    const wrong = await ask(REPORT, { token: tokenOf({ ...claims, o: 'o' }) }, mapped);
    assert.deepEqual([wrong.status, causeOf(wrong)], [401, 'claims: malformed organizationId']);
  });

  test('JWT_ORGANIZATION is the organization of tokens that name none', async () => {
    const only = service.sibling('one-organization');
    const token = tokenOf({ sub: CLAIMS.sub, role: 'ADMIN', organizationId: null });
    assert.equal(userOf(await ask(SCOPES_ROUTE, { token }, only)).organizationId, 'o');
    assert.equal((await ask(`${REPORT}?organizationId=p`, { token }, only)).status, 403);
    assert.equal((await ask(REPORT, { token }, service.sibling('all-empty'))).status, 403);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Misconfigured
// ---------------------------------------------------------------------------------------------------------------

describe('misconfigured', () => {
  for (const [number, [variable]] of WRONG.entries()) {
    test(`${variable}, case ${number}`, async () => {
      const wrong = service.sibling(`wrong-${number}`);
      const health = await ask('/health', {}, wrong);
      assert.equal(health.status, 503);
      const { status, configuration } = JSON.parse(health.text).data;
      assert.deepEqual([status, configuration], ['misconfigured', 'misconfigured']);
      const answers = [health];
      for (const [index, route] of ROUTES.entries()) {
        const [target, init] = requestOf(route, 'o');
        // Every route without a token, with garbage and with a good one, but not in each of these workers.
        const tokens = [undefined, 'garbage', tokenOf({ ...CLAIMS, scope: route.scope })];
        for (const token of inTurn(tokens, number + index)) {
          const answer = await ask(target, { ...init, token }, wrong);
          assert.equal(answer.status, 503, answer.text);
          assert.match(answer.response.headers.get('retry-after'), /^[1-9]\d*$/);
          assert.equal(JSON.parse(answer.text).error, 'UNAVAILABLE');
          assert.ok(!answer.text.includes(variable), 'it is the log that names the variable');
          answers.push(answer);
        }
      }
      for (const { response } of answers) {
        const causes = service.linesOf(response).map(({ cause }) => cause ?? '');
        assert.ok(
          causes.some((cause) => cause.startsWith(`misconfigured: ${variable} `)),
          JSON.stringify(causes),
        );
      }
      assert.ok(answers.every(({ text }) => !text.includes('CANARY')));
    });
  }

  test('an empty value counts as none', async () => {
    const { text } = await ask('/health', {}, service.sibling('all-empty'));
    assert.equal(JSON.parse(text).data.configuration, 'sound');
    await checkToken(200, adminToken('o'), service.sibling('all-empty'));
  });
});

// ---------------------------------------------------------------------------------------------------------------
// The log
// ---------------------------------------------------------------------------------------------------------------

test('after all these requests the log has no token, no claim, no secret and no invalid value', () => {
  const log = JSON.stringify(service.logs());
  assert.ok(log.length > 10_000);
  const secrets = [SECRET, 'CANARY', Buffer.from('CANARY').toString('base64url'), CLAIMS.sub, keys.HS256.jwk.k];
  for (const key of Object.values(keys)) secrets.push(key.jwk.n, key.jwk.x);
  for (const secret of secrets.filter(Boolean)) assert.ok(!log.includes(secret), secret);
  assert.ok(sent.size > 100);
  for (const token of sent) {
    for (const segment of token.split('.')) assert.ok(segment.length < 20 || !log.includes(segment), segment);
  }
});
