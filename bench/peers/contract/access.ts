// Claims, and what a caller may see: the product's role table.

import type { JWTPayload } from 'jose';
import { forbidden, invalid, tokenRefused } from './errors';
import { isId } from './request';

export interface Claims {
  subject: string | null;
  role: string;
  organizationId: string | null;
  departmentIds: string[];
}

export interface Access {
  organizationId: string;
  /** The departments and the caller of a DEPARTMENT_HEAD; null: all rows, with access to each. */
  head: { departmentIds: string[]; subject: string | null } | null;
}

/** The service's own claims of a verified token. */
export function readClaims(payload: JWTPayload): Claims {
  const { departmentIds, departmentId, organizationId, role } = payload;
  for (const claim of [payload.sub, departmentId, organizationId]) {
    if (claim !== undefined && !(typeof claim === 'string' && isId(claim))) throw tokenRefused();
  }
  if (role !== undefined && typeof role !== 'string') throw tokenRefused();
  const ids = departmentIds ?? (departmentId === undefined ? [] : [departmentId]);
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string' && isId(id))) throw tokenRefused();
  return {
    subject: payload.sub ?? null,
    role: role ?? '',
    organizationId: (organizationId as string | undefined) ?? null,
    departmentIds: [...new Set(ids)].sort(),
  };
}

/** What the caller may read, of the organization that the request names, or of its own. */
export function readAccess(claims: Claims, requested: string | null): Access {
  const own = claims.organizationId;
  if (claims.role === 'SUPERADMIN') {
    const organizationId = requested ?? own;
    if (organizationId === null) {
      throw invalid('organizationId is required: neither the token nor the request names an organization.');
    }
    return { organizationId, head: null };
  }
  if (claims.role !== 'ADMIN' && claims.role !== 'DEPARTMENT_HEAD') throw forbidden();
  if (own === null || (requested !== null && requested !== own)) throw forbidden();
  const { departmentIds, subject } = claims;
  return { organizationId: own, head: claims.role === 'ADMIN' ? null : { departmentIds, subject } };
}

/** The departments to show; null: all. A DEPARTMENT_HEAD's choice of another's department is ignored. */
export function shownDepartments(access: Access, requested: string | null): string[] | null {
  if (!access.head) return requested === null ? null : [requested];
  const own = access.head.departmentIds;
  return requested !== null && own.includes(requested) ? [requested] : own;
}
