// From a refresh to the queue, and from the queue to the destinations. What is told is decided in the wasm; this waits
// and asks.

import { openDestination } from './destinations.js';
import { bodyOf } from './format.js';
import { linkTo, send } from './send.js';

/** The name of the queue in which the platform puts messages that were tried for a day. */
const DEAD = /-dead$/;
/** The most messages that the platform takes at a time. */
const BATCH_MAX = 100;
/** The most portions of organizations that are read in a minute: three statements each, of 1,000. */
const PORTIONS_MAX = 300;
/** The most refreshes in a minute, which share these portions. */
const REFRESHES_MAX = 3;
/** When a message is tried again whose destination could not be read. */
const RETRY_SECONDS = 30;

/**
 * What the wasm does with a message, `[organization, destination, number]`: it says what is to be sent, or null. With
 * an `outcome` it notes what became of it, and says after how many seconds it is to be tried again, or null.
 *
 * @typedef {(message: [string, string, number], outcome?: string, problem?: string | null) => Promise<any>} Decide
 */

/**
 * Looks for what is to be told after a refresh of some databases, and puts it in the queue. If one of them fails, the
 * others are read all the same; the first error is thrown at the end.
 *
 * @param {{
 *   databases: string[], detect: (after: string, database: string) => Promise<string>,
 *   enqueue: (messages: { body: unknown, delaySeconds: number }[]) => Promise<unknown>,
 * }} options
 */
export async function detectAll({ databases, detect, enqueue }) {
  const portionsMax = Math.ceil(PORTIONS_MAX / REFRESHES_MAX / databases.length);
  const lookAt = async (database) => {
    let after = '';
    for (let portion = 0; after !== null; portion += 1) {
      if (portion >= portionsMax) throw new Error(`too many organizations of ${database} have destinations`);
      const found = JSON.parse(await detect(after, database));
      const messages = found.messages.map(([organizationId, destinationId, number, delaySeconds]) => ({
        body: [organizationId, destinationId, number],
        delaySeconds,
      }));
      for (let start = 0; start < messages.length; start += BATCH_MAX)
        await enqueue(messages.slice(start, start + BATCH_MAX));
      ({ after } = found);
    }
  };
  const failures = [];
  for (const database of databases) await lookAt(database).catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/**
 * Delivers the messages of a batch, or gives up those that the platform has given up.
 *
 * @param {{ queue: string, messages: readonly { body: any, ack: () => void, retry: (options: { delaySeconds: number }) => void }[] }} batch
 * @param {any} env
 * @param {Decide} decide
 */
export async function deliverBatch(batch, env, decide) {
  const isDead = DEAD.test(batch.queue);
  const deliver = async (message) => {
    const [organizationId, destinationId, number] = message.body;
    const log = (text, cause) =>
      console.error(JSON.stringify({ message: text, organizationId, destinationId, cause: cause ?? undefined }));
    try {
      /** @type {{outcome: string, problem: string | null}} */
      let outcome = { outcome: 'given up', problem: null };
      if (!isDead) {
        const draft = await decide(message.body);
        if (draft === null) return message.ack();
        outcome = await tell(draft, { organizationId, destinationId, number }, env);
      }
      const seconds = await decide(message.body, outcome.outcome, outcome.problem);
      if (isDead) log('alert given up');
      else if (outcome.problem !== null) log('alert not delivered', outcome.problem);
      if (seconds === null) return message.ack();
      return message.retry({ delaySeconds: seconds });
    } catch (error) {
      log('alert not read', String(error));
      return message.retry({ delaySeconds: RETRY_SECONDS });
    }
  };
  await Promise.all(batch.messages.map(deliver));
}

/** Sends what is to be told to a destination. */
async function tell(draft, { organizationId, destinationId, number }, env) {
  const one = (list) => (list?.length === 1 ? list[0] : null);
  const link = linkTo(env.DASHBOARD_URL || null, {
    organizationId,
    category: one(draft.categories),
    departmentId: one(draft.departmentIds),
  });
  const body = bodyOf(draft.format, {
    type: draft.kind === 'stalled' ? 'conversation.stalled' : 'conversation.cleared',
    organizationId,
    asOf: draft.asOf,
    total: draft.total,
    conversations: draft.conversations.map(withoutHours),
    link,
  });
  const { url, secrets } = draft;
  let opened;
  try {
    opened = await openDestination(env.SETTINGS_KEY ?? '', { organizationId, destinationId, url, secrets });
  } catch {
    return {
      outcome: 'refused',
      status: null,
      problem: 'Its address or secret cannot be used. Set both again, or look at SETTINGS_KEY if they are right.',
    };
  }
  const id = await idOf(organizationId, destinationId, number);
  return send({ ...opened, id, now: Date.now(), body, receiver: env.ALERTS_RECEIVER || null });
}

/** A conversation without its age in business hours, if there are none. */
function withoutHours({ stalledBusinessMinutes, ...conversation }) {
  return stalledBusinessMinutes == null ? conversation : { ...conversation, stalledBusinessMinutes };
}

/** The id of a message, which is the same whenever it is sent again. */
async function idOf(...parts) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(parts.join('\n')));
  const digits = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `msg_${digits.join('').slice(0, 32)}`;
}
