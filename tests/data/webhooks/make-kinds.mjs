// Writes chatwoot-more/one-of-each.ndjson: a conversation for each thing that a webhook of Chatwoot can say and that
// the other stories do not tell. Run it after a change: node tests/data/webhooks/make-kinds.mjs

import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('./chatwoot-more/', import.meta.url);
const { connection } = JSON.parse(readFileSync(new URL('one-of-each.expect.json', folder), 'utf8'));
const START_MS = Date.parse('2026-11-24T09:00:00.000Z');
const SENDERS = {
  amara: { id: 11, name: 'Amara Okonjo', email: 'amara@example.com', type: 'user' },
  benedikt: { id: 12, name: 'Benedikt Haas', email: 'benedikt@example.com', type: 'user' },
  // A bot that posts with an agent's token.
  relay: { id: 77, name: 'Relay', email: 'relay@example.com', type: 'user' },
  captain: { id: 4, name: 'Captain Brindle', description: 'Answers questions', type: 'captain_assistant' },
};

const lines = [];
const instant = (seconds) => new Date(START_MS + seconds * 1000).toISOString();

function send(seconds, body) {
  const text = JSON.stringify(body);
  const timestamp = String(Math.floor(START_MS / 1000 + seconds));
  const signature = createHmac('sha256', connection.secrets[0]).update(`${timestamp}.${text}`).digest('hex');
  const headers = { 'x-chatwoot-timestamp': timestamp, 'x-chatwoot-signature': `sha256=${signature}` };
  lines.push({ receivedAt: instant(seconds + 0.4), headers, body: text });
}

/** A conversation that is told by what is done to it. */
class Conversation {
  /**
   * @param {number} id
   * @param {string} channel
   * @param {{ status?: string, assignee?: string, blocked?: boolean, sourceId?: string }} [more]
   */
  constructor(id, channel, { status = 'open', assignee, blocked = false, sourceId = `source-${id}` } = {}) {
    this.id = id;
    this.channel = channel;
    this.status = status;
    this.assignee = assignee;
    this.sourceId = sourceId;
    this.updatedAt = 0;
    this.snoozedUntil = null;
    this.contact = { id: id + 1000, name: `Customer ${id}`, phone_number: `+4930000${id}`, email: null, blocked };
    send(0.1, { ...this.body(), event: 'conversation_created' });
  }

  body() {
    const { id, channel, status, assignee, contact, sourceId, snoozedUntil } = this;
    return {
      additional_attributes: {},
      channel,
      contact_inbox: { id: id + 500, contact_id: contact.id, inbox_id: 3, source_id: sourceId },
      id,
      inbox_id: 3,
      messages: this.last ? [this.last] : [],
      meta: {
        sender: { ...contact, type: 'contact' },
        assignee: assignee ? SENDERS[assignee] : null,
        assignee_type: assignee ? 'User' : null,
        team: null,
      },
      status,
      snoozed_until: snoozedUntil,
      waiting_since: 0,
      last_activity_at: START_MS / 1000,
      created_at: START_MS / 1000,
      updated_at: START_MS / 1000 + this.updatedAt,
      account: { id: 7, name: 'Brindlewick Home Goods' },
    };
  }

  /**
   * @param {number} seconds
   * @param {number} id
   * @param {string} type
   * @param {string} [sender]
   * @param {Record<string, unknown>} [more]
   */
  message(seconds, id, type, sender, more = {}) {
    const message = {
      account: { id: 7, name: 'Brindlewick Home Goods' },
      additional_attributes: {},
      content: 'made up words',
      content_attributes: {},
      content_type: 'text',
      created_at: instant(seconds),
      id,
      inbox: { id: 3, name: 'WhatsApp Care' },
      message_type: type,
      private: false,
      sender: type === 'incoming' ? this.contact : sender ? SENDERS[sender] : null,
      source_id: null,
      ...more,
    };
    this.last = { id, content: 'made up words', status: 'sent', created_at: START_MS / 1000 + Math.floor(seconds) };
    send(seconds, { ...message, conversation: this.body(), event: 'message_created' });
    return this;
  }

  /** A change, with its log unless the webhook is lost. */
  change(seconds, changes, { isLost = false } = {}) {
    const before = { status: this.status, assignee_id: SENDERS[this.assignee]?.id ?? null };
    Object.assign(this, changes, { updatedAt: seconds });
    const after = { status: this.status, assignee_id: SENDERS[this.assignee]?.id ?? null };
    if (isLost) return this;
    const log = Object.keys(before)
      .filter((name) => before[name] !== after[name])
      .map((name) => ({ [name]: { previous_value: before[name], current_value: after[name] } }));
    log.push({ updated_at: { previous_value: instant(0), current_value: instant(seconds) } });
    if (before.status !== after.status) {
      send(seconds, { ...this.body(), event: 'conversation_status_changed', changed_attributes: null });
    }
    send(seconds, { ...this.body(), event: 'conversation_updated', changed_attributes: log });
    return this;
  }
}

// Nobody has it, and what answers is a template, a rule and a campaign; then a bot with an agent's token.
new Conversation(3201, 'Channel::WebWidget')
  .message(1, 1, 'incoming')
  .message(2, 2, 'template')
  .message(60, 3, 'outgoing', 'amara', { content_attributes: { automation_rule_id: 5 } })
  .message(90, 4, 'outgoing', 'amara', { additional_attributes: { campaign_id: 6 } })
  .message(1500, 5, 'outgoing', 'relay');
// A mailbox that answers by itself, a reaction, a recording of a call.
new Conversation(3202, 'Channel::Email')
  .message(1, 11, 'incoming', undefined, { content_attributes: { email: { auto_reply: true, subject: 'made up' } } })
  .message(2, 12, 'incoming', undefined, { content_attributes: { is_reaction: true } })
  .message(3, 13, 'incoming', undefined, { content_type: 'voice_call' });
// The assistant hands off first and says so afterwards.
new Conversation(3203, 'Channel::Whatsapp', { status: 'pending' })
  .message(1, 21, 'incoming')
  .change(30.25, { status: 'open' })
  .message(31, 22, 'outgoing', 'captain');
// Resolved by mistake, and opened again by hand.
new Conversation(3204, 'Channel::Telegram', { assignee: 'amara' })
  .message(5, 31, 'incoming', undefined, { attachments: [{ id: 1, file_type: 'image' }], content: null })
  .change(600, { status: 'resolved' })
  .change(1200, { status: 'open' });
// The bot gives up.
new Conversation(3205, 'Channel::Line', { status: 'pending' })
  .message(6, 41, 'incoming')
  .change(900, { status: 'resolved' });
// Blocked afterwards.
const blocked = new Conversation(3206, 'Channel::Sms').message(7, 51, 'incoming');
send(300, {
  ...blocked.contact,
  blocked: true,
  event: 'contact_updated',
  changed_attributes: [
    { blocked: { previous_value: false, current_value: true } },
    { updated_at: { previous_value: instant(0), current_value: instant(300) } },
  ],
});
// Put off until the customer writes.
new Conversation(3207, 'Channel::FacebookPage', { assignee: 'benedikt' })
  .message(8, 61, 'incoming')
  .change(700, { status: 'snoozed' });
// The webhooks of the hand-off and of the assignment are lost; the next message makes good for them.
new Conversation(3208, 'Channel::Api', { status: 'pending' })
  .message(9, 71, 'incoming')
  .message(20, 72, 'outgoing', 'captain')
  .change(400, { status: 'open', assignee: 'benedikt' }, { isLost: true })
  .message(1000, 73, 'incoming');
// WhatsApp by way of Twilio; assigned, and then nobody has it again.
new Conversation(3209, 'Channel::TwilioSms', { sourceId: 'whatsapp:+49300003209' })
  .message(10, 81, 'incoming')
  .change(300, { assignee: 'amara' })
  .change(1260, { assignee: undefined });

lines.sort((left, right) => left.receivedAt.localeCompare(right.receivedAt));
writeFileSync(new URL('one-of-each.ndjson', folder), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
