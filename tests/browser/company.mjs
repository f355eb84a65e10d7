// The events of an organization whose customers wait: what the browser tests look at.

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

let companies = 0;

/** One organization. Its instants are counted back from `now`. */
export class Company {
  constructor(now, { name = 'Hazelnut & Co', departments = DEPARTMENTS, users = USERS } = {}) {
    companies += 1;
    Object.assign(this, { now, name, departments, organizationId: `organization-${companies}`, events: [] });
    this.#add(400 * 24 * 60, { type: 'organization', name });
    for (const department of departments) this.#add(1000, { type: 'department', ...department });
    for (const user of users) this.#add(1000, { type: 'user', ...user });
  }

  #add(minutesAgo, fields) {
    const updatedAt = new Date(this.now - minutesAgo * MINUTE).toISOString();
    this.events.push({ organizationId: this.organizationId, updatedAt, ...fields });
  }

  /** A customer who has been waiting for the autopilot for so many minutes; for an agent, if one has it. */
  waits(
    key,
    minutes,
    { name = `Customer ${key}`, phone, channelType = 'whatsapp', departmentId, agent, takeover = minutes } = {},
  ) {
    const conversationId = `c-${key}`;
    const assignment = agent ? { ownerId: agent, assigneeIds: [agent] } : {};
    this.#add(minutes, { type: 'contact', contactId: `p-${key}`, name, phone });
    this.#add(minutes, {
      type: 'conversation',
      conversationId,
      contactId: `p-${key}`,
      channelType,
      departmentId,
      ...assignment,
    });
    const at = new Date(this.now - minutes * MINUTE).toISOString();
    this.#add(minutes, {
      type: 'message',
      messageId: `m-${key}`,
      conversationId,
      at,
      direction: 'inbound',
      sender: 'contact',
    });
    if (agent) {
      const changedAt = new Date(this.now - takeover * MINUTE).toISOString();
      this.#add(takeover, {
        type: 'autopilot',
        changeId: `a-${key}`,
        conversationId,
        at: changedAt,
        enabled: false,
        actorId: agent,
      });
    }
    return this;
  }

  /** So many of them, the first one waiting longest: each a minute longer than the next. */
  waitMany(count, shortest = 10) {
    for (let number = 1; number <= count; number += 1)
      this.waits(String(number).padStart(3, '0'), shortest + count - number);
    return this;
  }

  /** Somebody answers, so many minutes ago. */
  answered(key, minutesAgo = 0) {
    const at = new Date(this.now - minutesAgo * MINUTE).toISOString();
    this.#add(minutesAgo, {
      type: 'message',
      messageId: `r-${key}`,
      conversationId: `c-${key}`,
      at,
      direction: 'outbound',
      sender: 'ai',
      status: 'sent',
    });
    return this;
  }

  /** Takes the events that were told since the last time. */
  take() {
    return this.events.splice(0);
  }

  /** Sees all of it. */
  admin(more = {}) {
    return tokenOf({ sub: 'u-admin', role: 'ADMIN', organizationId: this.organizationId, ...more });
  }

  /** Sees these departments, and may open what is Alice's. */
  head(departmentIds, more = {}) {
    return tokenOf({
      sub: 'u-alice',
      role: 'DEPARTMENT_HEAD',
      organizationId: this.organizationId,
      departmentIds,
      ...more,
    });
  }
}

/** Sees every organization. */
export function superadmin(more = {}) {
  return tokenOf({ sub: 'u-root', role: 'SUPERADMIN', ...more });
}
