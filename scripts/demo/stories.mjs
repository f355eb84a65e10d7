// What happens in the demo conversations. Each story says how often an organization has it, tells it, and
// says what the report must make of it: a category and a reason, or no row at all.
//
// `age` is how many seconds ago the clock of the wait (`stalledSince`) started.

/** The autopilot owes an answer. */
const AI_STUCK = [
  story(8, 'no_reply', (c, age) => {
    c.earlierChat(age);
    c.asks(age);
    // The customer asks again; the first question is the one that counts.
    if (age > 120 && c.random.chance(0.5)) c.asks(age / 2);
  }),
  story(4, 'reply_failed', (c, age) => {
    c.earlierChat(age);
    c.asks(age);
    c.aiSays(age - 12, { status: 'failed' });
  }),
  story(4, 'reply_queued', { youngest: 200 }, (c, age) => {
    c.asks(age);
    c.aiSays(age - 15, { status: 'queued' });
  }),
  story(5, 'handoff_not_completed', (c, age) => {
    c.earlierChat(age);
    c.asks(age);
    c.systemSays(age - 10, 'system', 'handoff_notice');
  }),
  // It said that a colleague takes over, and nobody came.
  story(2, 'handoff_not_completed', (c, age) => {
    c.asks(age + 40);
    c.aiSays(age + 8);
    c.systemSays(age, 'system', 'handoff_notice');
  }),
  // An agent gave it back with the question open: the autopilot's clock starts there.
  story(2, 'no_reply', (c, age) => {
    c.asks(age + 2400);
    c.takenOver(age + 2300);
    c.agentSays(age + 2100);
    c.asks(age + 700);
    c.autopilot(age, true, c.agent.userId);
    c.assign();
  }),
  // Snoozed, but the customer wrote since.
  story(2, 'no_reply', (c, age) => {
    c.earlierChat(age + 3600);
    c.record.snoozedAt = c.instant(age + 3600);
    c.record.snoozedUntil = c.instant(-3 * 3600);
    c.asks(age);
  }),
  // A bot as assignee does not make it a person's.
  story(2, 'no_reply', (c, age) => {
    c.assign(c.random.pick(c.organization.bots));
    c.asks(age);
  }),
  // A campaign is no answer.
  story(2, 'no_reply', (c, age) => {
    c.asks(age);
    c.systemSays(age / 2, 'automation', 'campaign');
  }),
  // Resolved, and the customer is back.
  story(2, 'no_reply', (c, age) => {
    c.asks(age + 5400);
    c.aiSays(age + 5380);
    c.record.resolvedAt = c.instant(age + 5000);
    c.asks(age);
  }),
];

/** An agent owes an answer. */
const AGENT_ABANDONED = [
  story(6, 'no_reply_since_takeover', (c, age) => {
    c.earlierChat(age + 400);
    c.asks(age + 300);
    c.takenOver(age);
  }),
  story(6, 'no_reply_to_follow_up', (c, age) => {
    c.asks(age + 1500);
    c.takenOver(age + 1300);
    c.agentSays(age + 1100);
    c.asks(age);
  }),
  story(3, 'reply_failed', (c, age) => {
    c.asks(age + 1000);
    c.takenOver(age + 900);
    c.agentSays(age + 800);
    c.asks(age);
    c.agentSays(age - 14, { status: 'failed' });
  }),
  story(2, 'reply_queued', { youngest: 220 }, (c, age) => {
    c.asks(age + 900);
    c.takenOver(age + 800);
    c.agentSays(age + 700);
    c.asks(age);
    c.agentSays(age - 20, { status: 'queued' });
  }),
  story(3, 'only_private_note', (c, age) => {
    c.asks(age + 2000);
    c.takenOver(age + 1800);
    c.agentSays(age + 1700);
    c.asks(age);
    c.agentSays(age / 2, { visibility: 'private' });
  }),
  // Whoever had it has left.
  story(2, 'assignee_missing', (c, age) => {
    c.asks(age + 4000);
    c.takenOver(age + 3900, c.random.pick(c.organization.left));
    c.agentSays(age + 3800);
    c.asks(age);
  }),
  // Answered from a telephone that names nobody, and assigned to nobody.
  story(1, 'assignee_missing', (c, age) => {
    c.asks(age + 900);
    c.agentSays(age + 600, { senderId: undefined });
    c.asks(age);
  }),
  // The autopilot and the agents pass the customer on to each other, and nobody answers.
  story(1, 'passed_back_and_forth', { youngest: 240 }, (c, age) => {
    c.asks(age);
    c.takenOver(age - 60);
    c.autopilot(age - 120, true, c.agent.userId);
    c.takenOver(age - 180);
  }),
  // Switched off by the system and assigned: it is the agent's, who never wrote.
  story(2, 'no_reply_since_takeover', (c, age) => {
    c.asks(age + 240);
    c.autopilot(age, false);
    c.assign(c.agent, c.random.pick(c.organization.here.filter((user) => user !== c.agent)));
  }),
];

/** The autopilot is off, and the customer waits in a queue that nobody owns. */
const UNASSIGNED = [
  story(4, 'handoff_not_completed', (c, age) => {
    c.asks(age + 100);
    c.systemSays(age + 60, 'system', 'handoff_notice');
    c.autopilot(age, false);
  }),
  story(2, 'nobody_assigned', (c, age) => {
    c.record.startsWithAutopilot = false;
    c.asks(age);
  }),
];

/** An agent has put it off with the question open. */
const SNOOZED = [
  story(5, 'no_reply_since_takeover', (c, age) => {
    c.asks(age + 600);
    c.takenOver(age);
    c.record.snoozedAt = c.instant(age - 20);
    c.record.snoozedUntil = c.instant(-c.random.between(2, 9) * 3600);
  }),
  // Until the customer writes again.
  story(2, 'no_reply_to_follow_up', (c, age) => {
    c.asks(age + 900);
    c.takenOver(age + 800);
    c.agentSays(age + 700);
    c.asks(age);
    c.record.snoozedAt = c.instant(age - 20);
  }),
];

/** Nobody waits, or it is another report's matter. */
const NO_ROW = [
  story(48, null, (c, age) => {
    c.earlierChat(age + 60);
    c.asks(age + 60);
    c.aiSays(age);
  }),
  story(30, null, (c, age) => {
    c.asks(age + 900);
    c.takenOver(age + 700);
    c.agentSays(age + 500);
    c.asks(age + 200);
    c.agentSays(age);
  }),
  // Resolved without an answer to the last word.
  story(20, null, (c, age) => {
    c.asks(age + 700);
    c.aiSays(age + 660);
    c.asks(age + 300);
    c.record.resolvedAt = c.instant(age);
  }),
  // Resolved, and then merged into another conversation: what was settled stays settled.
  story(5, null, (c, age) => {
    c.asks(age + 300);
    c.record.resolvedAt = c.instant(age + 100);
    c.record.mergedInto = c.previousConversationId;
    c.record.mergedAt = c.instant(age);
  }),
  story(5, null, { blocked: true }, (c, age) => {
    c.asks(age + 30);
    c.asks(age);
  }),
  story(3, null, (c, age) => {
    c.asks(age);
    c.record.draft = true;
  }),
  story(6, null, (c, age) => {
    c.record.channelType = 'voice';
    c.asks(age, { kind: 'media' });
  }),
  // Written to, and never wrote.
  story(7, null, (c, age) => c.systemSays(age, 'automation', 'campaign')),
  // A thumbs-up asks nothing.
  story(5, null, (c, age) => {
    c.asks(age + 200);
    c.aiSays(age + 150);
    c.asks(age, { kind: 'reaction' });
  }),
  // Answered from a telephone that names nobody.
  story(3, null, (c, age) => {
    c.asks(age + 200);
    c.agentSays(age, { senderId: undefined });
  }),
  // The customer took the question back.
  story(2, null, (c, age) => {
    c.asks(age + 500);
    c.aiSays(age + 470);
    c.removes(age, c.asks(age + 90));
  }),
];

/** All stories, each with its category. */
export const STORIES = [
  ...AI_STUCK.map((each) => ({ ...each, category: 'ai_stuck' })),
  ...AGENT_ABANDONED.map((each) => ({ ...each, category: 'agent_abandoned' })),
  ...UNASSIGNED.map((each) => ({ ...each, category: 'unassigned' })),
  ...SNOOZED.map((each) => ({ ...each, category: 'snoozed' })),
  ...NO_ROW.map((each) => ({ ...each, category: null })),
];

/**
 * `youngest`: the least age at which the story is true; before 30 seconds the autopilot is about to answer. `blocked`:
 * its customer is.
 */
function story(count, reason, ...rest) {
  const tell = rest.pop();
  return { count, reason, youngest: 40, blocked: false, ...rest[0], tell };
}
