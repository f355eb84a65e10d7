// The tokens of tests/tokens/ and mutations of valid ones, over HTTP: the built worker gives each the verdict that the
// native tests expect, tells the client no more than RFC 6750 asks for, and logs the rule that refused it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { IS_LONG_RUN } from '../long-run.mjs';
import { fixtureAt, SERVICES } from '../tokens/fixture.mjs';
import { vectorsAt } from '../tokens/vectors.mjs';
import { ACCEPTED, AUDIENCE, EXPIRED, ISSUED_IN_FUTURE, ISSUER, NOT_YET_VALID } from '../tokens/verdicts.mjs';
import { printTable } from './fixtures.mjs';
import { REPORT, startService } from './harness.mjs';

/** Requests at a time. */
const PARALLEL = 16;
/** The native tests change a token in every byte: here it is seen that a changed one is refused on its way through HTTP. */
const MUTATIONS = IS_LONG_RUN ? 2_000 : 600;
/** What RFC 6750 section 2.1 does not call a token: it is refused before anything is decoded. */
const NO_TOKEN = 'header: not Bearer and one token';
/** fetch does not send it, because of a line break or a letter outside Latin-1. */
const UNSENDABLE = 'unsendable';

/** What the client is told. For every other verdict it is that the token is not valid. */
const DESCRIPTIONS = {
  [EXPIRED]: 'The token has expired',
  [NOT_YET_VALID]: 'The token is not valid yet',
  [ISSUED_IN_FUTURE]: 'The token is not valid yet',
  [ISSUER]: 'The token is not meant for this service',
  [AUDIENCE]: 'The token is not meant for this service',
};
const challengeOf = (verdict) =>
  verdict === NO_TOKEN
    ? 'error="invalid_request", error_description="The Authorization header must be \'Bearer\' and one token."'
    : `error="invalid_token", error_description="${DESCRIPTIONS[verdict] ?? 'The token is not valid'}"`;

function start({ keys, issuer = '', audience = '' }) {
  return startService({
    vars: { JWT_SECRET: '', JWT_KEYS: JSON.stringify(keys), JWT_ISSUER: issuer, JWT_AUDIENCE: audience },
  });
}

/** Does `work` for every item, some of them concurrently. Returns the results in order. */
async function inParallel(items, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}

/**
 * The response to a value of `Authorization`; `undefined` where it cannot be sent.
 *
 * @returns {Promise<any>}
 */
async function ask(service, authorization) {
  try {
    new Headers({ authorization });
  } catch {
    return undefined;
  }
  const response = await service.fetch(REPORT, { headers: { authorization } });
  await response.text();
  return {
    status: response.status,
    id: response.headers.get('x-request-id'),
    challenge: response.headers.get('www-authenticate'),
  };
}

/** The logged causes by request. Log lines arrive some time after the response, so more requests are sent until they do. */
async function causesOf(service, ids) {
  for (let round = 0; round < 1_000; round += 1) {
    const causes = new Map();
    for (const { message } of service.logs()) {
      const line = message.startsWith('{"message":"request refused"') ? JSON.parse(message) : {};
      if (line.requestId) causes.set(line.requestId, line.cause);
    }
    if (ids.every((id) => causes.has(id))) return causes;
    await service.fetch('/health');
  }
  throw new Error('The log lacks a request that was refused.');
}

/** The verdict to expect over HTTP. */
function expectedOf({ token, verdict, at, http }, answer) {
  if (answer === undefined) return UNSENDABLE;
  if (http) return http;
  if (!/^[\w.~+/=-]+$/.test(token)) return NO_TOKEN;
  // An example that was valid long ago.
  return at && verdict === ACCEPTED ? EXPIRED : verdict;
}

describe('tokens over HTTP', () => {
  const counts = {};

  for (const [name, configured] of Object.entries(SERVICES)) {
    test(`every verdict at "${name}"`, async () => {
      const service = await start(configured);
      try {
        const now = Math.floor(Date.now() / 1000);
        const vectors = vectorsAt(now).filter(({ service: at = 'main' }) => at === name);
        assert.ok(vectors.length > 5);
        const answers = await inParallel(vectors, ({ token }) => ask(service, `Bearer ${token}`));
        const causes = await causesOf(
          service,
          answers.filter((answer) => answer?.status === 401).map(({ id }) => id),
        );
        const wrong = [];
        for (const [index, vector] of vectors.entries()) {
          const answer = answers[index];
          const expected = expectedOf(vector, answer);
          counts[vector.source] ??= { tried: 0, accepted: 0, refused: 0, 'no token': 0, unsendable: 0 };
          const count = counts[vector.source];
          count.tried += 1;
          const column =
            { [ACCEPTED]: 'accepted', [NO_TOKEN]: 'no token', [UNSENDABLE]: 'unsendable' }[expected] ?? 'refused';
          count[column] += 1;
          if (expected === UNSENDABLE) continue;
          const problem = expected === ACCEPTED ? acceptedProblem(answer) : refusedProblem(answer, expected, causes);
          if (problem) wrong.push(`${vector.source}: ${vector.name}: ${problem}`);
        }
        assert.deepEqual(wrong, []);
      } finally {
        await service.close();
      }
    });
  }

  test('table of all verdicts', (t) => {
    const sum = (column) => Object.values(counts).reduce((total, count) => total + count[column], 0);
    const all = Object.fromEntries(Object.keys(Object.values(counts)[0]).map((column) => [column, sum(column)]));
    printTable(t, 'Tokens over HTTP', { ...counts, all });
    assert.ok(all.tried > 1_000);
  });
});

/** An accepted token gets as far as its role, or to an organization that does not exist. */
function acceptedProblem({ status, challenge }) {
  // 400: a SUPERADMIN who names no organization.
  const isKnown = [400, 403, 404].includes(status) && challenge === null;
  return isKnown ? undefined : `${status} instead of 400, 403 or 404`;
}

function refusedProblem({ status, id, challenge }, expected, causes) {
  if (status !== 401) return `${status} instead of 401`;
  const cause = causes.get(id);
  if (cause !== expected) return `${cause} instead of ${expected}`;
  const right = `Bearer realm="conversation-monitor", ${challengeOf(expected)}`;
  return challenge === right ? undefined : `${challenge} instead of ${right}`;
}

describe('a valid token', () => {
  let service;
  let tokens;
  before(async () => {
    service = await start(SERVICES.main);
    const { claims, hs, rs, es, ed } = fixtureAt(Math.floor(Date.now() / 1000));
    tokens = { HS256: hs(claims({ role: 'ADMIN', organizationId: 'o' })), RS256: rs(), ES256: es(), EdDSA: ed() };
  });
  after(() => service.close());

  test('is accepted with every spelling of its scheme, and nowhere but in the header', async () => {
    const token = tokens.HS256;
    for (const spelling of [
      `Bearer ${token}`,
      `bearer ${token}`,
      `BEARER ${token}`,
      `Bearer   ${token}`,
      `Bearer ${token} `,
    ]) {
      assert.equal((await ask(service, spelling)).status, 404, spelling);
    }
    const others = [
      '',
      token,
      'Bearer',
      `Bearer${token}`,
      `Bearer\t${token}`,
      `Bearer: ${token}`,
      `Token ${token}`,
      `Basic ${token}`,
      `DPoP ${token}`,
    ];
    others.push(
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token} ${token}`,
      `Bearer "${token}"`,
      `Bearer token=${token};`,
      `Bearer Bearer ${token}`,
    );
    for (const spelling of others) assert.equal((await ask(service, spelling)).status, 401, spelling);
    /** @type {[string, Record<string, string>][]} */
    const elsewhere = [
      [`${REPORT}?access_token=${token}`, {}],
      [`${REPORT}?token=${token}`, {}],
      [REPORT, { cookie: `token=${token}` }],
      [REPORT, { 'x-authorization': `Bearer ${token}` }],
    ];
    for (const [target, headers] of elsewhere) {
      const response = await service.fetch(target, { headers });
      await response.text();
      assert.equal(response.status, 401, target);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="conversation-monitor"');
    }
  });

  test('is refused once a byte is changed', async (t) => {
    const random = seededRandom('mutations');
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u0080'];
    const mutate = (token) => {
      const at = random.between(0, token.length - 1);
      const [letter, kind] = [random.pick(letters), random.pick(['change', 'insert', 'remove', 'swap'])];
      const [before, after] = [token.slice(0, at), token.slice(at + 1)];
      if (kind === 'change') return before + letter + after;
      if (kind === 'insert') return before + letter + token.slice(at);
      if (kind === 'remove') return before + after;
      return before + after.slice(0, 1) + token[at] + after.slice(1);
    };
    const counts = {};
    for (const [algorithm, token] of Object.entries(tokens)) {
      const mutations = Array.from({ length: MUTATIONS / 4 }, () => mutate(token)).filter(
        (text) => text.trim() !== token,
      );
      const answers = await inParallel(mutations, (text) => ask(service, `Bearer ${text}`));
      for (const [index, answer] of answers.entries())
        assert.equal(answer.status, 401, `${algorithm}: ${mutations[index]}`);
      assert.notEqual((await ask(service, `Bearer ${token}`)).status, 401);
      counts[algorithm] = { tried: mutations.length, refused: answers.length };
    }
    printTable(t, 'Mutations over HTTP', counts);
  });
});
