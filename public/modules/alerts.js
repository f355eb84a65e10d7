// The destinations of alerts: what the service takes and answers, and changes of a single one of them. The service
// takes all of them at once and never shows an address or a secret again.

import { PATHS } from './client.js';

/**
 * @typedef {object} Destination
 * @property {string} id
 * @property {string} host
 * @property {string} urlEnd
 * @property {string} format
 * @property {string[]} categories
 * @property {string[] | null} departmentIds
 * @property {number | null} afterMinutes
 * @property {boolean} enabled
 * @property {Delivery} [delivery] Only there if the service says it.
 */
/**
 * What became of the messages of a destination.
 *
 * @typedef {object} Delivery
 * @property {string | null} waitingSince
 * @property {number} attempts
 * @property {string | null} problem
 * @property {number} sent
 * @property {string | null} sentAt
 * @property {number} givenUp
 */
/**
 * As the service takes it: what is left out of address and secret stays.
 *
 * @typedef {Pick<Destination, 'id' | 'format' | 'categories' | 'departmentIds' | 'afterMinutes' | 'enabled'> &
 *   {url?: string, secret?: string | string[]}} DestinationRequest
 */
/** @typedef {'id' | 'format' | 'url' | 'secret' | 'categories' | 'departmentIds' | 'afterMinutes' | 'enabled'} Member */

/** The formats, as people call them. */
export const FORMATS = { slack: 'Slack', teams: 'Microsoft Teams', 'standard-webhooks': 'Signed webhooks' };
/** The format whose messages are signed. */
export const SIGNED_FORMAT = 'standard-webhooks';
export const DESTINATIONS_MAX = 10;
export const DEPARTMENTS_MAX = 100;
const SECRET_BYTES = 32;

/** The members that the service may complain about, as the form calls them. */
const MEMBERS = {
  id: 'The name',
  format: 'The kind',
  url: 'The address',
  secret: 'The secret',
  categories: 'What it is told of',
  departmentIds: 'The departments',
  afterMinutes: 'The minutes',
  enabled: 'The switch',
};

/**
 * Whether a text may be the id of a destination.
 *
 * @param {string} text
 */
export function isDestinationId(text) {
  return /^[\w-]{1,64}$/.test(text);
}

/** A new secret. */
export function makeSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * Changes the destinations as they are by now, so that what somebody else has changed meanwhile is not lost.
 *
 * @param {import('./client.js').Client} client
 * @param {string} organizationId
 * @param {(destinations: DestinationRequest[]) => DestinationRequest[]} change
 * @param {AbortSignal} signal
 * @returns {Promise<import('./client.js').Result>}
 */
export async function changeDestinations(client, organizationId, change, signal) {
  const path = PATHS.alerts(organizationId);
  const current = await client.get(path, '', { signal });
  if (current.kind !== 'data') return current;
  return client.put(path, { destinations: change(current.data.destinations.map(requestOf)) }, { signal });
}

/** @param {Destination} destination */
function requestOf({ id, format, categories, departmentIds, afterMinutes, enabled }) {
  return { id, format, categories, departmentIds, afterMinutes, enabled };
}

/**
 * What the service complains about: the member of a destination, if it is one, and a sentence.
 *
 * @param {string} message
 * @returns {{member: Member | null, text: string}}
 */
export function complaintOf(message) {
  const [, member, rest] = /^destinations\[\d+\]\.(\w+) (.*)$/s.exec(message) ?? [];
  if (!Object.hasOwn(MEMBERS, member ?? '')) return { member: null, text: message };
  return { member: /** @type {Member} */ (member), text: `${MEMBERS[member]} ${rest}` };
}
