// The data routes. A test of something that all of them have in common goes through this table.

import { CSV, EVENTS, REPORT, SEARCH, SUMMARY, TREND, TREND_CSV } from './harness.mjs';

const id = encodeURIComponent;
const named = (target) => (organizationId) =>
  organizationId === undefined ? target : `${target}?organizationId=${id(organizationId)}`;
const settings = (organizationId, own) => `/api/organizations/${id(organizationId ?? own)}/autopilot-monitor-settings`;
const alerts = (organizationId, own) => `/api/organizations/${id(organizationId ?? own)}/alerts`;
/** A conversation that waits in each organization of `conversationEvents`. */
export const CONVERSATION = 'the conversation';
const CONVERSATION_PATH = `/api/conversation-monitor/conversations/${id(CONVERSATION)}`;
const contact = (organizationId, own) => `/api/organizations/${id(organizationId ?? own)}/contacts/nobody`;
const oneEvent = (organizationId) =>
  JSON.stringify({
    type: 'organization',
    organizationId,
    name: 'N',
    updatedAt: '2026-01-01T00:00:00Z',
    deleted: false,
  });

/**
 * A route that answers with data, or takes it.
 *
 * @typedef {{
 *   name: string, method: string, target: (organizationId?: string, own?: string) => string, allow: string,
 *   bad?: string, badTarget?: string, body?: (organizationId: string) => string, type?: string,
 *   roles: string[], scope?: string, pins?: boolean, limit?: string, isOfDepartment?: boolean,
 * }} Route
 */

/**
 * `target(organizationId, own)` asks for that organization, or for the caller's own if none is given. `bad` is a query
 * or a body that is answered with 400; a route without either has a `badTarget`. A caller in the organization needs one
 * of the `roles`, or the `scope`. `pins` says that the route takes a `snapshot` and the report's filters as a query.
 * `limit` is the binding of its rate limit, unless that is READ_LIMIT. `isOfDepartment` says that it is about
 * `CONVERSATION`, which the head of another department than the conversation's does not see.
 *
 * @type {Route[]}
 */
export const ROUTES = [
  {
    name: 'report',
    method: 'GET',
    target: named(REPORT),
    bad: 'limit=0',
    allow: 'GET, HEAD',
    pins: true,
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
  },
  {
    name: 'report.csv',
    method: 'GET',
    target: named(CSV),
    bad: 'category=x',
    allow: 'GET, HEAD',
    pins: true,
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
  },
  {
    name: 'summary',
    method: 'GET',
    target: named(SUMMARY),
    bad: 'category=x',
    allow: 'GET, HEAD',
    pins: true,
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
  },
  {
    name: 'trend',
    method: 'GET',
    target: named(TREND),
    bad: 'days=31',
    allow: 'GET, HEAD',
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
  },
  {
    name: 'trend.csv',
    method: 'GET',
    target: named(TREND_CSV),
    bad: 'separator=x',
    allow: 'GET, HEAD',
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
  },
  {
    name: 'evidence',
    method: 'GET',
    target: named(CONVERSATION_PATH),
    bad: 'organizationId=',
    allow: 'GET, HEAD',
    limit: 'SEARCH_LIMIT',
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
    isOfDepartment: true,
  },
  {
    name: 'acknowledgement',
    method: 'PUT',
    target: named(`${CONVERSATION_PATH}/acknowledgement`),
    body: () => JSON.stringify({ latestInboundMessageId: CONVERSATION }),
    type: 'application/json',
    bad: '{',
    allow: 'PUT, DELETE',
    limit: 'SEARCH_LIMIT',
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
    isOfDepartment: true,
  },
  {
    name: 'acknowledgement, taken back',
    method: 'DELETE',
    target: named(`${CONVERSATION_PATH}/acknowledgement`),
    bad: 'organizationId=',
    allow: 'PUT, DELETE',
    limit: 'SEARCH_LIMIT',
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
    isOfDepartment: true,
  },
  {
    name: 'settings',
    method: 'GET',
    target: settings,
    badTarget: settings('\0'),
    allow: 'GET, HEAD, PUT',
    roles: ['SUPERADMIN', 'ADMIN'],
  },
  {
    name: 'alerts',
    method: 'GET',
    target: alerts,
    badTarget: alerts('\0'),
    allow: 'GET, HEAD, PUT',
    roles: ['SUPERADMIN', 'ADMIN'],
  },
  {
    name: 'contact',
    method: 'DELETE',
    target: contact,
    badTarget: contact('\0'),
    allow: 'DELETE',
    limit: 'SEARCH_LIMIT',
    roles: ['SUPERADMIN', 'ADMIN'],
  },
  {
    name: 'search',
    method: 'POST',
    target: () => SEARCH,
    body: (organizationId) => JSON.stringify({ search: 'aa', organizationId }),
    type: 'application/json',
    bad: '{',
    allow: 'POST',
    limit: 'SEARCH_LIMIT',
    roles: ['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD'],
  },
  {
    name: 'events',
    method: 'POST',
    target: () => EVENTS,
    body: oneEvent,
    bad: '{',
    allow: 'POST',
    limit: 'INGEST_LIMIT',
    roles: [],
    scope: 'conversation-monitor:ingest',
  },
];

/** The one that takes events in. */
export const EVENTS_ROUTE = ROUTES[ROUTES.length - 1];

/** The one that takes a text to search. */
export const SEARCH_ROUTE = ROUTES.find(({ name }) => name === 'search') ?? ROUTES[0];

/** The routes that answer with rows, names or counts. */
export const READS = ROUTES.filter(({ method }) => method === 'GET');

/** Routes that need no token. */
export const OPEN = [
  { name: 'health', method: 'GET', target: () => '/health', allow: 'GET, HEAD' },
  { name: 'openapi.json', method: 'GET', target: () => '/openapi.json', allow: 'GET, HEAD' },
  { name: 'dashboard.json', method: 'GET', target: () => '/dashboard.json', allow: 'GET, HEAD' },
];

/** An organization in which somebody waits in `CONVERSATION`, which is in the department `d`. */
export function conversationEvents(organizationId) {
  const at = '2026-01-01T00:00:00Z';
  const common = { organizationId, updatedAt: at, conversationId: CONVERSATION };
  return [
    { ...common, type: 'organization', name: 'An organization' },
    { ...common, type: 'conversation', contactId: 'k', channelType: 'sms', departmentId: 'd' },
    { ...common, type: 'message', messageId: CONVERSATION, at, direction: 'inbound', sender: 'contact' },
  ];
}

/** The arguments of `fetch` for a route: for this organization, or, if `isBad`, with a fault that is answered with 400. */
export function requestOf(route, organizationId, { isBad = false, own = 'o' } = {}) {
  const target = route.target(organizationId, own);
  if (route.body) {
    const body = isBad ? route.bad : route.body(organizationId ?? own);
    return [target, { method: route.method, body, headers: { 'Content-Type': route.type ?? 'application/x-ndjson' } }];
  }
  if (!isBad) return [target, { method: route.method }];
  return [route.badTarget ?? `${target}${target.includes('?') ? '&' : '?'}${route.bad}`, { method: route.method }];
}
