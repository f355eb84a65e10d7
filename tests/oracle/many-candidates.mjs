/** One large organization, the same each time: every customer of it waits. */

const MINUTE = 60_000;
const AI_PATIENCE = MINUTE / 2;
const CHANNELS = ['sms', 'whatsapp', 'email', 'webchat', 'twitter'];
const MANY_DEPARTMENTS = 5;
const MANY_USERS = 8;
const MANY_CONTACTS = 100;
const MANY_AGES = 40;

/** Not in step with the ages, so that every department and both categories have rows of every age. */
const roundOf = (index) => Math.floor(index / MANY_AGES);
const isByHuman = (index) => (index + roundOf(index)) % 2 === 1;

/**
 * How long the `index`-th candidate has been owed an answer: one of a few ages from nothing (of the AI's: from 30 s,
 * before which they are no candidates) to twice the threshold, among them the threshold itself and a millisecond less.
 */
function ageOf(index, threshold) {
  const age = index % MANY_AGES;
  if (age === 0) return threshold;
  if (age === 1) return threshold - 1;
  const least = isByHuman(index) ? 0 : AI_PATIENCE;
  return Math.max(least, Math.floor((2 * threshold * (age - 2)) / MANY_AGES));
}

/** An inbound text, and for every second conversation somebody who took it over at that same instant. */
function candidateEvents(organizationId, index, stalledAt) {
  const number = String(index).padStart(6, '0');
  const conversationId = `conversation-${number}`;
  const userId = `user-${index % MANY_USERS}`;
  const round = roundOf(index);
  const byHuman = isByHuman(index);
  const department = (index + round) % (MANY_DEPARTMENTS + 1);
  const common = { organizationId, updatedAt: stalledAt };
  const inConversation = { ...common, conversationId, at: stalledAt };
  const inbound = { direction: 'inbound', sender: 'contact' };
  const takeOver = { enabled: false, actorId: userId };
  const failedReply = { sequence: 1, direction: 'outbound', sender: byHuman ? 'human' : 'ai', status: 'failed' };
  /** @type {Record<string, unknown>[]} */
  const events = [
    {
      ...common,
      type: 'conversation',
      conversationId,
      contactId: `contact-${index % MANY_CONTACTS}`,
      channelType: CHANNELS[index % CHANNELS.length],
      // The last number stands for none.
      departmentId: department === MANY_DEPARTMENTS ? null : `department-${department}`,
      ownerId: byHuman ? userId : null,
      assigneeIds: byHuman && round % 3 === 0 ? [userId, `user-${(index + 1) % MANY_USERS}`] : [],
    },
    { ...inConversation, type: 'message', messageId: `inbound-${number}`, ...inbound },
  ];
  if (byHuman) events.push({ ...inConversation, type: 'autopilot', changeId: `change-${number}`, ...takeOver });
  if (round % 4 === 0) {
    events.push({ ...inConversation, type: 'message', messageId: `failed-${number}`, ...failedReply });
  }
  return events;
}

/**
 * The events of one organization with exactly `count` candidates at `now`: about half of them over the threshold,
 * several departments and none, both categories, and many that are stalled since the same instant.
 */
export function manyCandidates({ organizationId, now, count, thresholdMinutes }) {
  const instant = (milliseconds) => new Date(milliseconds).toISOString();
  const threshold = thresholdMinutes * MINUTE;
  const common = { organizationId, updatedAt: instant(now - 3 * threshold) };
  const several = (length, event) => Array.from({ length }, (_, index) => ({ ...common, ...event(index) }));
  return [
    { ...common, type: 'organization', name: 'Many candidates' },
    ...several(MANY_DEPARTMENTS, (index) => ({
      type: 'department',
      departmentId: `department-${index}`,
      name: `Department ${index}`,
    })),
    ...several(MANY_USERS, (index) => ({ type: 'user', userId: `user-${index}`, fullName: `User ${index}` })),
    ...several(MANY_CONTACTS, (index) => ({
      type: 'contact',
      contactId: `contact-${index}`,
      name: `Contact ${index}`,
      phone: `+141555501${String(index).padStart(2, '0')}`,
    })),
    ...Array.from({ length: count }, (_, index) =>
      candidateEvents(organizationId, index, instant(now - ageOf(index, threshold))),
    ).flat(),
  ];
}
