// Links that sign in to the local dashboard. The token is in the fragment, which no browser sends to a server.

import { NamelessRole } from './claim-mapping.mjs';
import { makeToken } from './token.mjs';

/** How long a link is good for. */
export const LINK_TTL = '12h';

/**
 * `{role, token, link}` for each role. The department head has the demo organization's first two departments and is one
 * of its agents, so that they may open some rows and not others. Other organizations have no such link. A role that
 * tokens cannot have, by JWT_ROLES, has none either.
 */
export function signInLinks(url, organization, demo, makeOne = makeToken) {
  const head = demo && {
    role: 'DEPARTMENT_HEAD',
    user: demo.here[0].userId,
    departments: demo.departments
      .slice(0, 2)
      .map(({ departmentId }) => departmentId)
      .join(','),
  };
  return [{ role: 'ADMIN' }, head, { role: 'SUPERADMIN' }].filter(Boolean).flatMap((claims) => {
    try {
      const token = makeOne({ ...claims, organization, ttl: LINK_TTL });
      return [{ role: claims.role, token, link: `${url}/#token=${token}` }];
    } catch (error) {
      if (error instanceof NamelessRole) return [];
      throw error;
    }
  });
}
