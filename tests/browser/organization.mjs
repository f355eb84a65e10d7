// The events of an organization whose customers wait: the data of the browser tests.

import { tokenOf } from '../workerd/harness.mjs';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const DEPARTMENTS = [
  { departmentId: 'd-sales', name: 'Sales & Orders' },
  { departmentId: 'd-support', name: 'Support' },
];
const USERS = [
  { userId: 'u-alice', fullName: 'Alice Rivera' },
  { userId: 'u-bo', fullName: 'Bo Lindgren' },
];

let organizationsCreated = 0;

/** One organization. Its instants are counted back from `now`. */
export class TestOrganization {
  /** @type {Record<string, unknown>[]} */
  #events = [];

  /**
   * @param {number} now Epoch milliseconds.
   * @param {{name?: string, departments?: {departmentId: string, name: string}[], users?: {userId: string, fullName: string}[]}} [options]
   */
  constructor(now, { name = 'Hazelnut & Co', departments = DEPARTMENTS, users = USERS } = {}) {
    organizationsCreated += 1;
    this.organizationId = `organization-${organizationsCreated}`;
    this.now = now;
    this.#add(400 * 24 * 60, { type: 'organization', name });
    for (const department of departments) this.#add(1000, { type: 'department', ...department });
    for (const user of users) this.#add(1000, { type: 'user', ...user });
  }

  #add(minutesAgo, fields) {
    this.#events.push({ organizationId: this.organizationId, updatedAt: this.#instant(minutesAgo), ...fields });
  }

  #instant(minutesAgo) {
    return new Date(this.now - minutesAgo * MINUTE).toISOString();
  }

  /**
   * A customer who wrote so many minutes ago and has no answer. They wait for the autopilot, unless an agent is given:
   * then for that agent, who took over `takeover` minutes ago. With `isUnassigned` they wait for nobody; with `snoozed`
   * an agent has put the conversation off so many minutes ago.
   *
   * @param {string} key
   * @param {number} minutes
   * @param {{name?: string, phone?: string, channelType?: string, departmentId?: string, agent?: string, takeover?: number, isUnassigned?: boolean, snoozed?: number}} [options]
   */
  addWaiting(
    key,
    minutes,
    {
      name = `Customer ${key}`,
      phone,
      channelType = 'whatsapp',
      departmentId,
      agent,
      takeover = minutes,
      isUnassigned = false,
      snoozed,
    } = {},
  ) {
    const conversationId = `c-${key}`;
    const contactId = `p-${key}`;
    const assignment = {
      ...(agent && { ownerId: agent, assigneeIds: [agent] }),
      ...(isUnassigned && { startsWithAutopilot: false }),
      ...(snoozed !== undefined && { snoozedAt: this.#instant(snoozed) }),
    };
    this.#add(minutes, { type: 'contact', contactId, name, phone });
    this.#add(minutes, { type: 'conversation', conversationId, contactId, channelType, departmentId, ...assignment });
    this.#add(minutes, {
      type: 'message',
      messageId: `m-${key}`,
      conversationId,
      at: this.#instant(minutes),
      direction: 'inbound',
      sender: 'contact',
    });
    if (agent) {
      this.#add(takeover, {
        type: 'autopilot',
        changeId: `a-${key}`,
        conversationId,
        at: this.#instant(takeover),
        enabled: false,
        actorId: agent,
      });
    }
    return this;
  }

  /** So many waiting customers: 001 waits longest, each next one a minute less, the last one `shortest` minutes. */
  addManyWaiting(count, shortest = 10) {
    for (let number = 1; number <= count; number += 1)
      this.addWaiting(String(number).padStart(3, '0'), shortest + count - number);
    return this;
  }

  /** The autopilot's reply in a conversation, sent so many minutes ago; `status` says what became of it. */
  addReply(key, minutesAgo = 0, status = 'sent') {
    this.#add(minutesAgo, {
      type: 'message',
      messageId: `r-${key}`,
      conversationId: `c-${key}`,
      at: this.#instant(minutesAgo),
      direction: 'outbound',
      sender: 'ai',
      status,
    });
    return this;
  }

  /** Takes the events that were added since the last call. */
  takeEvents() {
    return this.#events.splice(0);
  }

  /** Sees everything of the organization. */
  adminToken(claims = {}) {
    return tokenOf({ sub: 'u-admin', role: 'ADMIN', organizationId: this.organizationId, ...claims });
  }

  /** Sees these departments, and has access to what is assigned to Alice. */
  departmentHeadToken(departmentIds, claims = {}) {
    const { organizationId } = this;
    return tokenOf({ sub: 'u-alice', role: 'DEPARTMENT_HEAD', organizationId, departmentIds, ...claims });
  }
}

/** Sees every organization. */
export function superadminToken(claims = {}) {
  return tokenOf({ sub: 'u-root', role: 'SUPERADMIN', ...claims });
}

/**
 * Business hours from 09:00 to noon on all days, in a time zone in which it is noon and some minutes at an instant.
 *
 * @param {number} now
 */
export function morningHours(now) {
  const hours = new Date(now).getUTCHours() - 12;
  // The names of these zones have the sign of the time in Greenwich.
  const timeZone = `Etc/GMT${hours < 0 ? '' : '+'}${hours}`;
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  return { timeZone, weekly: Object.fromEntries(days.map((day) => [day, [['09:00', '12:00']]])) };
}
