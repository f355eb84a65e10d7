// A day of one organization among 1,000, as goals.md's scenario has it: what happens, and who asks for what.
//
// 200 conversations of 10 messages within 8 hours, a tenth of which stall for a while; 20 people who look at their
// dashboard, a tenth of the time under another filter. The same at every run.

import { CHANNELS, claimsOf, DEPARTMENTS, hexId, iso, signToken, USERS } from './data.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const HOURS = 8;
/** It has no candidates when the day begins. */
export const DAY = { organizationId: '65d3e0f0a0b0c0d0e0f0000d', candidates: 0 };
export const DAY_BEGINS = Date.UTC(2026, 9, 6, 8);
const CONVERSATIONS = 200;
const DASHBOARDS = 20;

/** A number from 0 to below `end` that hangs on nothing but its arguments. */
const scatter = (end, ...numbers) =>
  numbers.reduce((sum, value) => (sum * 31 + value * 7919 + 17) % 1_000_003, 7) % end;

/** Events by the second of the day at which the CRM posts them. */
export function eventsBySecond() {
  const seconds = new Map();
  for (const event of dayEvents()) {
    const second = Math.floor((Date.parse(event.updatedAt) - DAY_BEGINS) / SECOND);
    if (second < HOURS * 3600) seconds.set(second, [...(seconds.get(second) ?? []), event]);
  }
  return seconds;
}

/**
 * The events of an organization's day, conversation by conversation. `first` is the number of its first one, by which
 * ids are different on each day.
 */
export function* dayEvents({
  organizationId = DAY.organizationId,
  begins = DAY_BEGINS,
  conversations = CONVERSATIONS,
  first = 0,
} = {}) {
  for (let place = 0; place < conversations; place += 1) {
    const share = place / conversations;
    yield* conversationEvents(first + place, {
      organizationId,
      at: begins + Math.floor(share * (HOURS - 0.5) * 60 * MINUTE) + scatter(90, first + place) * SECOND,
    });
  }
}

/** One conversation: five questions with their answers, then it is resolved. Every tenth one stalls at the fourth question. */
function* conversationEvents(number, { organizationId, at }) {
  const conversationId = hexId('c', 900_000 + number);
  const contactId = hexId('e', 900_000 + number);
  const stalls = number % 10 === 3;
  // Half of those that stall are taken over by somebody who then forgets them.
  const owner = stalls && number % 20 === 3 ? USERS[number % USERS.length] : undefined;
  const conversation = {
    type: 'conversation',
    organizationId,
    conversationId,
    contactId,
    channelType: CHANNELS[number % 5],
    departmentId: DEPARTMENTS[scatter(8, number, 2)],
  };
  yield {
    type: 'contact',
    organizationId,
    contactId,
    name: `Contact ${number}`,
    phone: `+4420794${60_000 + number}`,
    updatedAt: iso(at),
  };
  yield { ...conversation, updatedAt: iso(at) };
  const message = (name, more) => ({
    type: 'message',
    organizationId,
    conversationId,
    messageId: hexId('m', number * 100 + name),
    at: iso(at),
    updatedAt: iso(at),
    ...more,
  });
  for (let turn = 0; turn < 5; turn += 1) {
    yield message(2 * turn, { direction: 'inbound', sender: 'contact' });
    const isStalled = stalls && turn === 3;
    if (isStalled && owner) {
      at += 90 * SECOND;
      yield {
        type: 'autopilot',
        organizationId,
        conversationId,
        changeId: hexId('f', number),
        enabled: false,
        actorId: owner,
        at: iso(at),
        updatedAt: iso(at),
      };
      yield { ...conversation, ownerId: owner, assigneeIds: [owner], updatedAt: iso(at) };
    }
    at += isStalled ? (20 + scatter(100, number, 5)) * MINUTE : (4 + scatter(20, number, turn)) * SECOND;
    yield message(2 * turn + 1, { direction: 'outbound', sender: stalls && turn >= 3 ? 'human' : 'ai' });
    at += (40 + scatter(110, number, turn, 9)) * SECOND;
  }
  yield {
    ...conversation,
    ...(owner && { ownerId: owner, assigneeIds: [owner] }),
    resolvedAt: iso(at),
    updatedAt: iso(at),
  };
}

/** What somebody looks at now and then besides the whole list: filters as the dashboard has them. */
const OTHER_FILTERS = [
  { category: 'ai_stuck' },
  { category: 'agent_abandoned' },
  { skipThreshold: true },
  { limit: 50 },
  { skipThreshold: true, limit: 100 },
];
const NO_FILTERS = {};
/** A tenth of the time: two minutes of twenty. */
const LOOK_EVERY_SECONDS = 1200;
const LOOK_SECONDS = 120;

/** Who looks, half of them ADMINs, each at the same things on all sides; if they are `isLooking`, at others now and then. */
export function people(count = DASHBOARDS, isLooking = true) {
  return Array.from({ length: count }, (_, number) => {
    const claims = claimsOf(number % 2 ? 'DEPARTMENT_HEAD' : 'ADMIN', DAY.organizationId, number);
    const others = [...OTHER_FILTERS, { departmentId: DEPARTMENTS[number % DEPARTMENTS.length] }];
    return {
      number,
      token: signToken({ ...claims, sub: `supervisor-${number}` }),
      /** The filters at a second of the day: always the same object for the same ones. */
      filtersAt(second) {
        const shifted = second + number * 61;
        if (!isLooking || shifted % LOOK_EVERY_SECONDS >= LOOK_SECONDS) return NO_FILTERS;
        return others[(Math.floor(shifted / LOOK_EVERY_SECONDS) + number) % others.length];
      },
    };
  });
}
