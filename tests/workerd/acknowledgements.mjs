// Supervisors who acknowledge rows at random, over HTTP, and the oracle that is told.

import assert from 'node:assert/strict';
import { IS_LONG_RUN } from '../long-run.mjs';
import { DAY, MINUTE } from './fixtures.mjs';
import { tokenOf } from './harness.mjs';

const CONVERSATIONS = '/api/conversation-monitor/conversations';
/** How long an acknowledgement lasts; one without lasts until the customer writes. */
const LASTS = [undefined, undefined, 1, MINUTE, 3 * MINUTE, 30 * MINUTE, DAY];
const NOTES = [undefined, 'on it', '=calling her "back", later', 'é🦉'];
/** Before every so many acknowledgements one is refused, as it names another message than the newest. */
const REFUSED_STEP = 3;
const HEADERS = { 'Content-Type': 'application/json' };

/** The settings of the sibling that supervisors ask: its clock is that of the history. */
export const SUPERVISORS = { supervisors: { hasClock: true } };

export const evidenceOf = (conversationId) => `${CONVERSATIONS}/${encodeURIComponent(conversationId)}`;
export const acknowledgementOf = (conversationId) => `${evidenceOf(conversationId)}/acknowledgement`;

/** No address can name an id of one dot or two: they lead elsewhere, even if they are escaped. */
export const canBeNamed = (conversationId) => !['.', '..'].includes(conversationId);

const userIdsOf = (oracle, organizationId) => oracle.recordsOf(organizationId, 'user').map(({ userId }) => userId);

/**
 * Supervisors acknowledge some of an organization's candidates and take some acknowledgements back, after a refresh for
 * `asOf` and before more events come in. Returns how many were acknowledged.
 */
export async function acknowledgeSome(service, oracle, { organizationId, asOf, random }) {
  const worker = service.sibling('supervisors');
  let count = 0;
  for (const { row } of oracle.candidates(organizationId, asOf)) {
    const { conversationId, latestInboundMessageId } = row;
    if (!canBeNamed(conversationId)) continue;
    const isWithdrawn = random.chance(row.category === 'acknowledged' ? 0.2 : 0.02);
    if (!isWithdrawn && !random.chance(0.3)) continue;

    const subject = random.pick([...userIdsOf(oracle, organizationId), 'nobody']);
    const at = asOf + random.between(-2 * MINUTE, MINUTE);
    /** @param {{method: string, status: number, body?: object}} request */
    const ask = async ({ method, status, body }) => {
      const token = tokenOf({ role: 'ADMIN', sub: subject, organizationId });
      const init = { method, token, at, headers: HEADERS, body: body && JSON.stringify(body) };
      const response = await worker.fetch(acknowledgementOf(conversationId), init);
      assert.equal(response.status, status, `${method} ${conversationId}: ${await response.text()}`);
    };
    if (isWithdrawn) {
      await ask({ method: 'DELETE', status: 200 });
      oracle.acknowledge(organizationId, conversationId);
      continue;
    }
    const [lasts, note] = [random.pick(LASTS), random.pick(NOTES)];
    const until = lasts && at + lasts;
    const sent = { until: until && new Date(until).toISOString(), note };
    if (IS_LONG_RUN || count % REFUSED_STEP === 0)
      await ask({ method: 'PUT', status: 409, body: { latestInboundMessageId: 'another', ...sent } });
    await ask({ method: 'PUT', status: 200, body: { latestInboundMessageId, ...sent } });
    const by = oracle.userName(organizationId, subject) ?? subject;
    oracle.acknowledge(organizationId, conversationId, { latestInboundMessageId, by, at, until, note });
    count += 1;
  }
  return count;
}

/** The evidence of a candidate says what its row says. */
export async function checkEvidence(service, token, row, asOf) {
  const response = await service.fetch(evidenceOf(row.conversationId), { token });
  const { data } = await response.json();
  assert.equal(response.status, 200);
  const { gates, hasAccess, ...shown } = data.conversation;
  assert.deepEqual([gates, hasAccess, data.asOf], [[], true, new Date(asOf).toISOString()]);
  assert.equal(JSON.stringify(shown), JSON.stringify(row));
  assert.deepEqual([data.waitingSince, data.stalledSince], [row.waitingSince, row.stalledSince]);
  const open = data.items.find(({ effect }) => effect === 'demand');
  if (!data.hasEarlierItems) assert.equal(open.at, row.waitingSince);
  return data;
}
