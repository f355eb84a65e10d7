// What is measured. A case prepares a side and gives, for each round, what to send.

import { claimsOf, DEPARTMENTS, LARGE, signToken } from './data.mjs';

export const REPORT = '/api/conversation-monitor/report';

const bearer = (claims, options) => ({ Authorization: `Bearer ${signToken(claims, options)}` });

/** One request again and again: whatever a side can keep it keeps. */
function repeated(role, query = '', number = 3) {
  return {
    async prepare() {
      const request = { path: `${REPORT}${query}`, headers: bearer(claimsOf(role, LARGE.organizationId, number)) };
      return () => ({ requests: [request] });
    },
  };
}

/** What the client has is still right. */
function notModified(role) {
  return {
    async prepare(side) {
      const headers = bearer(claimsOf(role, LARGE.organizationId, 3));
      const response = await side.fetch(REPORT, { headers });
      await response.arrayBuffer();
      const request = { path: REPORT, headers: { ...headers, 'If-None-Match': response.headers.get('ETag') } };
      return () => ({ requests: [request], status: 304 });
    },
  };
}

/** Never the same page twice: from D1 the first time, and after a restart from KV. */
function distinct(role, limit = 25) {
  const callers = role === 'DEPARTMENT_HEAD' ? DEPARTMENTS.map((_, number) => number) : [0];
  return {
    isDistinct: true,
    async prepare() {
      const requests = callers.flatMap((number) => {
        const claims = claimsOf(role, LARGE.organizationId, number);
        const headers = bearer(claims);
        return fullPages(claims.departmentIds, limit).map((query) => ({ path: `${REPORT}?${query}`, headers }));
      });
      const order = requests.map((request, index) => ({ request, at: (index * 7919) % requests.length }));
      const shuffled = order.sort((left, right) => left.at - right.at).map(({ request }) => request);
      return (round) => ({ requests: shuffled.slice(round * DISTINCT_A_ROUND, (round + 1) * DISTINCT_A_ROUND), once: true });
    },
  };
}

/** How many distinct pages a round asks for. */
export const DISTINCT_A_ROUND = 150;

/** Queries of pages with all their rows, no two of them of the same rows under the same filter. */
function fullPages(own, limit) {
  const queries = [];
  const share = own ? own.length / DEPARTMENTS.length : 1;
  for (const [departments, filter] of [[share, ''], ...(own ?? DEPARTMENTS).map((id) => [1 / DEPARTMENTS.length, `&departmentId=${id}`])]) {
    for (const [categories, category] of [[1, ''], [0.5, '&category=ai_stuck'], [0.5, '&category=agent_abandoned']]) {
      // A little less than there are, for the shares are not exact.
      const pages = Math.floor((LARGE.candidates * departments * categories * 0.9) / limit);
      for (let page = 1; page <= pages; page += 1) queries.push(`limit=${limit}&page=${page}&skipThreshold=true${filter}${category}`);
    }
  }
  return queries;
}

/** A token that was never seen before, at each request. */
function firstToken(alg) {
  return {
    async prepare(_side, { privateKeys }) {
      return (round) => ({
        requests: Array.from({ length: 200 }, (_, index) => ({
          path: `${REPORT}?limit=1`,
          headers: bearer(claimsOf('ADMIN', LARGE.organizationId, 1_000_000 + round * 200 + index), { alg, privateKeys }),
        })),
      });
    },
  };
}

export const CASES = {
  'memory ADMIN 25': repeated('ADMIN'),
  'memory ADMIN 100': repeated('ADMIN', '?limit=100'),
  'memory DEPARTMENT_HEAD 25': repeated('DEPARTMENT_HEAD'),
  'memory SUPERADMIN 25': repeated('SUPERADMIN', `?organizationId=${LARGE.organizationId}`),
  '304 ADMIN': notModified('ADMIN'),
  '304 DEPARTMENT_HEAD': notModified('DEPARTMENT_HEAD'),
  'D1 or KV ADMIN 25': distinct('ADMIN'),
  'D1 or KV DEPARTMENT_HEAD 25': distinct('DEPARTMENT_HEAD'),
  'first token HS256': firstToken('HS256'),
  'first token RS256': firstToken('RS256'),
  'first token ES256': firstToken('ES256'),
  'first token EdDSA': firstToken('EdDSA'),
};
