// Writes one conversation of the demo data. All times are given as seconds before now.

import { demoId } from './random.mjs';

/** Collects the events of one conversation while a story is told. */
export class Conversation {
  constructor({ organization, random, now, number, channelType, contactId, blocked }) {
    this.organization = organization;
    this.random = random;
    this.now = now;
    this.contactId = contactId;
    this.conversationId = demoId(organization.key, 'conversation', number);
    this.record = {
      channelType,
      departmentId: random.chance(0.93) ? random.pick(organization.departments).departmentId : undefined,
    };
    this.contactBlocked = blocked;
    // Nobody writes on the full second.
    this.fractionMs = random.between(0, 999);
    this.timeline = [];
    this.agent = random.pick(organization.here);
  }

  /** The customer writes. */
  asks(ago, more = {}) {
    const kind = this.random.chance(0.12) ? 'media' : 'text';
    return this.message(ago, {
      direction: 'inbound',
      sender: 'contact',
      senderId: this.contactId,
      kind,
      status: 'received',
      ...more,
    });
  }

  /** The autopilot writes. */
  aiSays(ago, more = {}) {
    return this.message(ago, {
      direction: 'outbound',
      sender: 'ai',
      kind: 'text',
      status: this.random.pick(['sent', 'delivered', 'read']),
      ...more,
    });
  }

  /** The agent writes. */
  agentSays(ago, more = {}) {
    const status = this.random.pick(['sent', 'delivered', 'read']);
    return this.message(ago, {
      direction: 'outbound',
      sender: 'human',
      senderId: this.agent.userId,
      kind: 'text',
      status,
      ...more,
    });
  }

  /** The product itself writes: a notice, a campaign. */
  systemSays(ago, sender, kind) {
    return this.message(ago, { direction: 'outbound', sender, kind, status: 'sent' });
  }

  message(ago, fields) {
    const number = this.timeline.length;
    const messageId = demoId(this.conversationId, 'message', number);
    this.timeline.push({
      type: 'message',
      messageId,
      ago,
      fields: { sequence: number, visibility: 'public', ...fields },
    });
    return messageId;
  }

  /** A message that was written is taken away again. */
  removes(ago, messageId) {
    this.timeline.push({ type: 'message', messageId, ago, fields: { deleted: true } });
  }

  /** The autopilot is switched; `actorId` undefined: by the system. */
  autopilot(ago, enabled, actorId) {
    const changeId = demoId(this.conversationId, 'autopilot', this.timeline.length);
    this.timeline.push({ type: 'autopilot', changeId, ago, fields: { enabled, actorId } });
  }

  /** The agent takes over. */
  takenOver(ago, agent = this.agent) {
    this.agent = agent;
    this.autopilot(ago, false, agent.userId);
    this.assign(agent);
  }

  assign(...users) {
    this.record.ownerId = users[0]?.userId;
    this.record.assigneeIds = users.map((user) => user.userId);
  }

  /** Questions that the autopilot answered, all before `ago`. Leaves nobody waiting. */
  earlierChat(ago) {
    const at = ago + this.random.between(1, 4) * 600;
    const rounds = this.random.between(0, 3);
    for (let round = rounds; round > 0; round -= 1) {
      const asked = at + round * 480 + this.random.between(0, 200);
      this.asks(asked);
      this.aiSays(asked - this.random.between(4, 60));
    }
  }

  /** An instant of the conversation's record, such as `resolvedAt`. */
  instant(ago) {
    return new Date(this.now - Math.round(ago * 1000) - this.fractionMs).toISOString();
  }

  /** All events: the conversation's record, then its timeline. */
  events() {
    const base = { organizationId: this.organization.organizationId };
    const { resolvedAt, snoozedAt, mergedAt } = this.record;
    const last = this.instant(Math.min(...this.timeline.map((item) => item.ago)));
    const touched = [last, resolvedAt, snoozedAt, mergedAt].filter(Boolean);
    const record = {
      type: 'conversation',
      ...base,
      updatedAt: touched.sort().at(-1),
      conversationId: this.conversationId,
      contactId: this.contactId,
      ...defined(this.record),
    };
    const timeline = this.timeline.map(({ type, messageId, changeId, ago, fields }) => {
      const at = this.instant(ago);
      const identity = {
        type,
        ...base,
        updatedAt: at,
        ...defined({ messageId, changeId }),
        conversationId: this.conversationId,
      };
      return fields.deleted ? { ...identity, deleted: true } : { ...identity, at, ...defined(fields) };
    });
    return { record, timeline };
  }
}

/** Without the members that are undefined. */
export function defined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
