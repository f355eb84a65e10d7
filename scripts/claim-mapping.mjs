// Where the worker looks for claims: JWT_CLAIM_ROLE and the other variables of docs/authentication.md, so that the
// tokens of `npm run token` are what the worker reads.

import { Failure } from './project.mjs';

/** The claims that can be elsewhere: the variable with the JSON pointer, and the claim without it. */
const MAPPED = {
  role: ['JWT_CLAIM_ROLE', 'role'],
  organization: ['JWT_CLAIM_ORGANIZATION', 'organizationId'],
  departments: ['JWT_CLAIM_DEPARTMENTS', 'departmentIds'],
  scope: ['JWT_CLAIM_SCOPE', 'scope'],
};

/** No token can have this role, because JWT_ROLES has no name for it. */
export class NamelessRole extends Failure {}

/**
 * @typedef {object} ClaimMapping
 * @property {Record<keyof typeof MAPPED, string[]>} ways the names of the members on the way to each claim
 * @property {(role: string) => string} roleName what tokens call a role
 * @property {boolean} hasOrganization whether tokens that name none have one
 */

/**
 * The mapping that these variables set.
 *
 * @param {(name: string) => string | undefined} variable
 * @returns {ClaimMapping}
 */
export function claimMapping(variable) {
  const roles = variable('JWT_ROLES');
  /** @param {string[]} where The variable and the claim. */
  const way = ([name, claim]) => {
    const pointer = variable(name);
    return pointer === undefined ? [claim] : parsePointer(name, pointer);
  };
  return {
    ways: /** @type {any} */ (Object.fromEntries(Object.entries(MAPPED).map(([name, where]) => [name, way(where)]))),
    roleName: (role) => (roles === undefined ? role : nameOfRole(roles, role)),
    hasOrganization: variable('JWT_ORGANIZATION') !== undefined,
  };
}

/** The mapping without any of the variables. */
export const NO_MAPPING = claimMapping(() => undefined);

/** RFC 6901, but never the empty pointer. */
function parsePointer(name, text) {
  if (!/^(?:\/(?:[^/~]|~[01])*)+$/.test(text)) {
    throw new Failure(`${name} is no JSON pointer such as /app_metadata/role: "${text}".`);
  }
  const members = text.split('/').slice(1);
  return members.map((member) => member.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The first of the issuer's names for one of the three roles. */
function nameOfRole(text, role) {
  let names;
  try {
    names = Object.entries(JSON.parse(text));
  } catch {
    throw new Failure(`JWT_ROLES is no JSON object from names of roles to roles: ${text}`);
  }
  const found = names.find(([, named]) => named === role);
  if (!found) throw new NamelessRole(`JWT_ROLES has no name for ${role}, so no token can have that role: ${text}`);
  return found[0];
}

/**
 * Adds claims where the mapping has them. Role and scopes may share a claim, which then is an array.
 *
 * @param {Record<string, any>} claims
 * @param {{ role?: string, organization?: string, departments?: string[], scope?: string }} mapped
 * @param {ClaimMapping} mapping
 */
export function addMapped(claims, { role, organization, departments, scope }, { ways, roleName }) {
  const name = role && roleName(role);
  const shared = name && scope && String(ways.role) === String(ways.scope);
  putClaim(claims, ways.role, shared ? [name, ...scope.split(' ')] : name);
  putClaim(claims, ways.organization, organization);
  putClaim(claims, ways.departments, departments);
  putClaim(claims, ways.scope, shared ? undefined : scope);
}

function putClaim(claims, way, value) {
  if (value === undefined) return;
  const [last, ...before] = way.toReversed();
  let members = claims;
  for (const name of before.toReversed()) {
    if (!Object.hasOwn(members, name)) setMember(members, name, {});
    members = members[name];
    if (typeof members !== 'object' || Array.isArray(members)) throw collision(way);
  }
  if (Object.hasOwn(members, last)) throw collision(way);
  setMember(members, last, value);
}

/** Also where the name is __proto__. */
function setMember(members, name, value) {
  Object.defineProperty(members, name, { value, enumerable: true, writable: true, configurable: true });
}

const collision = (way) =>
  new Failure(`Two claims would be at /${way.join('/')}: the variables JWT_CLAIM_… must lead to different claims.`);
