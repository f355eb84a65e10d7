// What is timed: for each case what to send, and what a side has to have by then. `count` is how many requests a round
// has, `rounds` how many rounds a process has.
//
// A case's `source` says where its pages come from. `memory`: one request again and again, and whatever a side can keep
// it keeps. `KV`, `D1`: a page is asked for once only, from a KV that has all of them, or none.

import { claimsOf, DEPARTMENTS, LARGE, signToken } from './data.mjs';

export const REPORT = '/api/conversation-monitor/report';
/** How many rounds a process has in which every page is asked for once. Round 0 warms up, with as many pages. */
const PAGE_ROUNDS = 12;
/** How many rounds it has otherwise. */
const ROUNDS = 4;
/** How many tokens round 0 has if each is sent once. */
const WARM_UP_TOKENS = 1_000;

const bearer = (claims, options) => ({ Authorization: `Bearer ${signToken(claims, options)}` });

/** One request again and again. */
function repeated(role, query = '', number = 3) {
  return {
    source: 'memory',
    count: 400,
    rounds: ROUNDS,
    async prepare() {
      const request = { path: `${REPORT}${query}`, headers: bearer(claimsOf(role, LARGE.organizationId, number)) };
      return () => ({ requests: [request] });
    },
  };
}

/** What the client has is still right. */
function notModified(role) {
  return {
    source: 'memory',
    count: 400,
    rounds: ROUNDS,
    async prepare(side) {
      const headers = bearer(claimsOf(role, LARGE.organizationId, 3));
      const response = await side.fetch(REPORT, { headers });
      await response.arrayBuffer();
      const request = { path: REPORT, headers: { ...headers, 'If-None-Match': response.headers.get('ETag') } };
      return () => ({ requests: [request], status: 304 });
    },
  };
}

/** A token that was never seen before, at each request, for a page that is in memory. */
function firstToken(alg) {
  return {
    source: 'memory',
    count: 100,
    rounds: ROUNDS,
    async prepare(_side, { privateKeys }) {
      return (round) => ({
        requests: Array.from({ length: round === 0 ? WARM_UP_TOKENS : 100 }, (_, index) => ({
          path: `${REPORT}?limit=1`,
          headers: bearer(claimsOf('ADMIN', LARGE.organizationId, 1_000_000 * (round + 1) + index), {
            alg,
            privateKeys,
          }),
        })),
      });
    },
  };
}

/**
 * Never the same page twice. The rounds are short: rounds three times as long vary nearly as much each, and there would
 * be a third of them.
 */
function distinct(source, role, limit = 25) {
  const count = limit === 25 ? 50 : 13;
  const rounds = PAGE_ROUNDS;
  const callers = role === 'DEPARTMENT_HEAD' ? DEPARTMENTS.map((_, number) => number) : [0];
  const all = () => {
    const requests = callers.flatMap((number) => {
      const claims = claimsOf(role, LARGE.organizationId, number);
      const headers = bearer(claims);
      return fullPages(claims.departmentIds, limit).map((query) => ({ path: `${REPORT}?${query}`, headers }));
    });
    const order = requests.map((request, index) => ({ request, at: (index * 7919) % requests.length }));
    return order.sort((left, right) => left.at - right.at).map(({ request }) => request);
  };
  return {
    source,
    count,
    rounds,
    /** The requests that warm up, and those of the rounds. */
    all: () => all().slice(0, 2 * count * rounds),
    async prepare() {
      const requests = all();
      return (round) => {
        const start = round === 0 ? 0 : count * (rounds + round - 1);
        const end = count * (rounds + round);
        if (requests.length < end)
          throw new Error(`there are pages for ${Math.floor(requests.length / count) - rounds} rounds only`);
        return { requests: requests.slice(start, end) };
      };
    },
  };
}

/** Queries of pages with all their rows, no two of them of the same rows under the same filter. */
function fullPages(own, limit) {
  const queries = [];
  const share = own ? own.length / DEPARTMENTS.length : 1;
  for (const [departments, filter] of [
    [share, ''],
    ...(own ?? DEPARTMENTS).map((id) => [1 / DEPARTMENTS.length, `&departmentId=${id}`]),
  ]) {
    /** @type {[number, string][]} */
    const shares = [
      [1, ''],
      [0.5, '&category=ai_stuck'],
      [0.5, '&category=agent_abandoned'],
    ];
    for (const [categories, category] of shares) {
      // A little less than there are, for the shares are not exact.
      const pages = Math.floor((LARGE.candidates * departments * categories * 0.9) / limit);
      for (let page = 1; page <= pages; page += 1)
        queries.push(`limit=${limit}&page=${page}&skipThreshold=true${filter}${category}`);
    }
  }
  return queries;
}

export const CASES = {
  'memory, ADMIN, 25 rows': repeated('ADMIN'),
  'memory, ADMIN, 100 rows': repeated('ADMIN', '?limit=100'),
  'memory, DEPARTMENT_HEAD, 25 rows': repeated('DEPARTMENT_HEAD'),
  'memory, DEPARTMENT_HEAD, 100 rows': repeated('DEPARTMENT_HEAD', '?limit=100'),
  'memory, SUPERADMIN, 25 rows': repeated('SUPERADMIN', `?organizationId=${LARGE.organizationId}`),
  '304, ADMIN': notModified('ADMIN'),
  '304, DEPARTMENT_HEAD': notModified('DEPARTMENT_HEAD'),
  'KV, ADMIN, 25 rows': distinct('KV', 'ADMIN'),
  'KV, DEPARTMENT_HEAD, 25 rows': distinct('KV', 'DEPARTMENT_HEAD'),
  'KV, DEPARTMENT_HEAD, 100 rows': distinct('KV', 'DEPARTMENT_HEAD', 100),
  'D1, ADMIN, 25 rows': distinct('D1', 'ADMIN'),
  'D1, ADMIN, 100 rows': distinct('D1', 'ADMIN', 100),
  'D1, DEPARTMENT_HEAD, 25 rows': distinct('D1', 'DEPARTMENT_HEAD'),
  'first token, HS256': firstToken('HS256'),
  'first token, RS256': firstToken('RS256'),
  'first token, ES256': firstToken('ES256'),
  'first token, EdDSA': firstToken('EdDSA'),
};
