// Demo data: the events of two invented organizations with some hundred conversations of the last hours.
// Always the same, except the instants, which are counted back from `now`. See USAGE.

import { CHANNELS, customerName, customerPhone, ORGANIZATIONS } from './demo/cast.mjs';
import { Conversation, defined } from './demo/conversation.mjs';
import { demoId, seededRandom } from './demo/random.mjs';
import { STORIES } from './demo/stories.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { whenProgram } from './project.mjs';

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_MS = 86_400_000;
/** The threshold until an organization sets its own: the ages lie on both sides of it. */
const THRESHOLD_S = 5 * MINUTE_S;
const OLDEST_S = 9 * HOUR_S;
/** One wait in each organization is older than a day, as there always is one. */
const FORGOTTEN_S = 27 * HOUR_S;

const USAGE = `usage: npm run --silent demo [-- --now INSTANT] > events.ndjson

Prints the demo data: events of two invented organizations, one a line.
  --now INSTANT   the instant that they lead up to, such as 2026-05-18T13:45:00Z (default: now)`;

/** The two organizations: `{organizationId, name, departments, …}`. */
export const DEMO_ORGANIZATIONS = ORGANIZATIONS;

/** The events that lead up to `now` (milliseconds since 1970). */
export function demoEvents(now) {
  return ORGANIZATIONS.flatMap((organization) => organizationEvents(organization, now).events);
}

/**
 * What the reports of all categories must show of them at `now`:
 * `{organizationId, conversationId, category, reason, stalledSince}`.
 *
 * @returns {any[]}
 */
export function demoRows(now) {
  return ORGANIZATIONS.flatMap((organization) => organizationEvents(organization, now).rows);
}

function organizationEvents(organization, now) {
  const random = seededRandom(organization.key);
  const told = tellAll(organization, random, now);
  const timeline = told.flatMap(({ conversation }) => conversation.events().timeline);
  timeline.sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : a.updatedAt > b.updatedAt ? 1 : 0));
  return {
    events: [
      ...directory(organization, now),
      ...told.map(({ contact }) => contact).filter(Boolean),
      ...told.map(({ conversation }) => conversation.events().record),
      ...timeline,
    ],
    rows: told.map(({ row }) => row).filter(Boolean),
  };
}

/** The organization itself, its departments and its users. */
function directory({ organizationId, name, departments, here, left, bots }, now) {
  const record = (type, daysAgo, fields) => ({
    type,
    organizationId,
    updatedAt: new Date(now - daysAgo * DAY_MS).toISOString(),
    ...fields,
  });
  return [
    record('organization', 400, { name }),
    ...departments.map((department) => record('department', 390, department)),
    ...[...here, ...bots].map((user) => record('user', 200, user)),
    ...left.map((user) => record('user', 3, user)),
  ];
}

/** Tells every story as often as it comes, in an order that mixes them. */
function tellAll(organization, random, now) {
  const told = [];
  for (const [index, each] of random.shuffle(withAges(random)).entries()) {
    const previous = told.at(-1)?.conversation;
    const channelType = random.pick(CHANNELS);
    // Some customers have more than one conversation; one who is blocked has no other, or that would show no row
    // either.
    const returning = previous && !previous.contactBlocked && !each.blocked && random.chance(0.04);
    const contactId = returning ? previous.contactId : demoId(organization.key, 'contact', index);
    const conversation = new Conversation({
      organization,
      random,
      now,
      number: index,
      channelType,
      contactId,
      blocked: each.blocked,
    });
    conversation.previousConversationId = previous?.conversationId ?? demoId(organization.key, 'elsewhere');
    each.tell(conversation, each.age);
    told.push({
      conversation,
      contact: returning ? undefined : contactRecord(conversation, random),
      row: each.category ? rowOf(conversation, each) : undefined,
    });
  }
  return told;
}

/** The stories, each as often as its count says, with ages on both sides of the threshold in turn. */
function withAges(random) {
  const all = [];
  for (const each of STORIES) {
    for (let turn = 0; turn < each.count; turn += 1) {
      const young = random.between(each.youngest, THRESHOLD_S - 10);
      const old = random.spread(THRESHOLD_S + 10, OLDEST_S);
      all.push({ ...each, age: turn % 3 === 0 ? young : old });
    }
  }
  all.find(({ category, age }) => category && age > THRESHOLD_S).age = FORGOTTEN_S;
  return all;
}

function contactRecord({ organization, contactId, contactBlocked, record, now }, random) {
  return {
    type: 'contact',
    organizationId: organization.organizationId,
    updatedAt: new Date(now - random.between(2, 300) * DAY_MS).toISOString(),
    contactId,
    ...defined({
      name: customerName(random),
      phone: customerPhone(random, record.channelType),
      blocked: contactBlocked || undefined,
    }),
  };
}

function rowOf(conversation, { category, reason, age }) {
  const { organization, conversationId } = conversation;
  return {
    organizationId: organization.organizationId,
    conversationId,
    category,
    reason,
    stalledSince: conversation.instant(age),
  };
}

await whenProgram(import.meta.url, (args) => {
  const flags = parseFlags(args, USAGE, { now: { type: 'string' } });
  if (!flags) return;
  const { now } = flags.values;
  const instant = now === undefined ? Date.now() : Date.parse(now);
  if (Number.isNaN(instant))
    throw usageFailure(`--now takes an instant such as 2026-05-18T13:45:00Z; "${now}" is not one.`, USAGE);
  process.stdout.write(
    demoEvents(instant)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(''),
  );
});
