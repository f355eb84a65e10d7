// What the tests in workerd share: the refresh's clock, ids, tokens, and the events of customers who wait.

import assert from 'node:assert/strict';
import { adminToken, tokenOf } from './harness.mjs';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const CATEGORIES = ['ai_stuck', 'agent_abandoned'];
/** No row in any category, as reports and summaries count them. */
export const NO_ROWS = { ai_stuck: 0, agent_abandoned: 0, unassigned: 0, snoozed: 0, acknowledged: 0 };
export const DEFAULT_THRESHOLD_MINUTES = 5;

/** The error code that goes with each status. */
export const ERROR_CODES = {
  400: 'INVALID_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  410: 'SNAPSHOT_EXPIRED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

// ---------------------------------------------------------------------------------------------------------------
// Time
// ---------------------------------------------------------------------------------------------------------------

/** An instant as events and answers carry it. */
export const isoAt = (milliseconds) => new Date(milliseconds).toISOString();

/** A whole minute, at least this many hours ago: far enough that no event of a test is ahead of the service's clock. */
export const hoursAgo = (hours) => Math.floor(Date.now() / MINUTE) * MINUTE - hours * HOUR;

/** The clock of a file's refreshes. It only goes forward, because the instant of a snapshot does too. */
export class Clock {
  /** @param {number} now epoch milliseconds */
  constructor(now) {
    this.now = now;
  }

  /** The present instant, or the one this many milliseconds ago. */
  iso(ago = 0) {
    return isoAt(this.now - ago);
  }

  /** Moves on, and runs the refresh that is scheduled for then. */
  async refresh(service, later = MINUTE) {
    this.now += later;
    await service.refresh(this.now);
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Ids and tokens
// ---------------------------------------------------------------------------------------------------------------

let organizations = 0;

/** The id of an organization that no other test of the file has. */
export function newOrganizationId(prefix = 'organization-') {
  organizations += 1;
  return `${prefix}${organizations}`;
}

/** Sees the rows of these departments, and has access to those of which `subject` is the owner or an assignee. */
export function departmentHeadToken(organizationId, departmentIds, subject = 'u1') {
  return tokenOf({ sub: subject, role: 'DEPARTMENT_HEAD', organizationId, departmentIds });
}

/** Sees every organization; its own is the one that a response is about unless the request names another. */
export function superadminToken(organizationId) {
  return tokenOf({ sub: 'root', role: 'SUPERADMIN', organizationId });
}

// ---------------------------------------------------------------------------------------------------------------
// Events
// ---------------------------------------------------------------------------------------------------------------

/** The field that holds the record's own id, by type of event. */
export const OWN_ID_FIELDS = {
  organization: 'organizationId',
  department: 'departmentId',
  user: 'userId',
  contact: 'contactId',
  conversation: 'conversationId',
  autopilot: 'changeId',
  resolution: 'changeId',
  message: 'messageId',
};

export function organizationOf(organizationId, updatedAt, more = {}) {
  return { type: 'organization', organizationId, name: 'An organization', updatedAt, ...more };
}

export function conversationOf(organizationId, conversationId, updatedAt, more = {}) {
  const contactId = `contact of ${conversationId}`;
  return { type: 'conversation', organizationId, conversationId, contactId, channelType: 'sms', updatedAt, ...more };
}

/** A message of the customer, unless `more` says otherwise. */
export function messageOf(organizationId, conversationId, at, more = {}) {
  const message = { type: 'message', organizationId, messageId: `m-${conversationId}`, conversationId };
  return { ...message, at, updatedAt: at, direction: 'inbound', sender: 'contact', ...more };
}

/**
 * The events of a customer who has waited since `since` for the autopilot, or for the agent with the id `agent`, who
 * took over. `contactName` adds the customer's own record; whatever else is given goes into the conversation's.
 *
 * @param {string} organizationId
 * @param {string} conversationId
 * @param {{ since: string, agent?: string, contactName?: string, [field: string]: unknown }} options
 */
export function waiting(organizationId, conversationId, { since, agent, contactName, ...conversation }) {
  /** @type {Record<string, unknown>[]} */
  const events = [
    conversationOf(organizationId, conversationId, since, conversation),
    messageOf(organizationId, conversationId, since),
  ];
  const common = { organizationId, updatedAt: since };
  if (agent !== undefined) {
    const change = { changeId: `a-${conversationId}`, conversationId, at: since, enabled: false, actorId: agent };
    events.push({ ...common, type: 'autopilot', ...change });
  }
  if (contactName !== undefined) {
    const contact = { contactId: `contact of ${conversationId}`, name: contactName, phone: '+14155550123' };
    events.push({ ...common, type: 'contact', ...contact });
  }
  return events;
}

// ---------------------------------------------------------------------------------------------------------------
// The service
// ---------------------------------------------------------------------------------------------------------------

export const conversationIdsOf = ({ rows }) => rows.map((row) => row.conversationId);

/** Sets the threshold past the API, as an earlier request may have done. */
export async function setThreshold(service, organizationId, minutes) {
  const statement = 'UPDATE organization SET threshold_minutes = ?1 WHERE organization_id = ?2';
  await service.database.prepare(statement).bind(minutes, organizationId).run();
}

/** The report of an ADMIN: all candidates, on one page. */
export function reportOfCandidates(service, organizationId, parameters = {}) {
  return service.report(adminToken(organizationId), { skipThreshold: true, limit: 100, ...parameters });
}

/** What every response has: an id of its own, and the headers that keep it out of caches and wrong hands. */
export function checkCommonHeaders({ headers }, { isData = true } = {}) {
  assert.match(headers.get('x-request-id'), /^\S{8,}$/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  if (!isData) return;
  assert.equal(headers.get('cache-control'), 'private, no-cache');
  assert.equal(headers.get('vary'), 'Authorization, Origin');
  assert.match(headers.get('server-timing'), /(^|, )total;dur=\d+/);
}

// ---------------------------------------------------------------------------------------------------------------
// Reports
// ---------------------------------------------------------------------------------------------------------------

/** Shows rows of counts, `{ name: { column: count } }`, among a test's diagnostics. */
export function printTable(t, title, rows) {
  const columns = Object.keys(Object.values(rows)[0] ?? {});
  const print = (name, cells) => {
    t.diagnostic(name.padEnd(32) + cells.map((cell) => String(cell).padStart(18)).join(''));
  };
  print(title, columns);
  for (const [name, counts] of Object.entries(rows)) {
    print(
      name,
      columns.map((column) => counts[column]),
    );
  }
}
