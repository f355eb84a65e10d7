// The second table: what the platform bills for one request or one refresh, by its own `meta`. Exact, the same at every
// run.

import path from 'node:path';
import { REPORT } from './cases.mjs';
import { AS_OF, claimsOf, LARGE, movedConversation, signToken } from './data.mjs';
import { post } from './seed.mjs';
import { copyState, hasBeenPut, SIDES, startIsolates, WORK } from './sides.mjs';
import { number, table } from './statistics.mjs';

const SECOND = 1000;
const FILTER = '?category=ai_stuck&limit=100';

/** An ADMIN's request of an isolate at a second; without a name it is not counted. */
const ask = (second, name, { isolate = 'first', query = '', isConditional = false } = {}) => ({
  second,
  name,
  isolate,
  query,
  isConditional,
});
/**
 * A refresh at a second, after these events.
 *
 * @returns {any}
 */
const refresh = (second, name = '', events = []) => ({ second, name, events });

/** One after the other, about an organization with 10,000 candidates. */
const STEPS = [
  refresh(0),
  ask(0, 'first request of an isolate'),
  ask(1, 'the same page again'),
  ask(2, 'the same page, 304', { isConditional: true }),
  ask(3, 'another page', { query: '?page=2' }),
  ask(4, 'another filter, 100 rows', { query: FILTER }),
  ask(5, 'a page far behind', { query: '?page=300' }),
  // By then the AI has had its 30 seconds with every conversation.
  refresh(45),
  refresh(60, 'refresh: nothing has changed'),
  ask(70, 'the first page, the next minute'),
  ask(71, 'the same, 304', { isConditional: true }),
  ask(77, 'another page, when the head has expired', { query: '?page=3' }),
  refresh(120, 'refresh: one candidate has changed', [movedConversation(LARGE, 123)]),
  ask(130, 'the first page, of a new version'),
  ask(131, 'first request of another isolate', { isolate: 'other' }),
  ask(132, undefined, { query: '?skipThreshold=true' }),
  refresh(2_400),
  ask(2_410, 'a page asked for again after 38 minutes', { query: '?skipThreshold=true' }),
  ask(2_411, undefined, { isolate: 'other' }),
  ask(2_412, 'this page, in the other isolate', { isolate: 'other', query: '?skipThreshold=true' }),
];

/** Runs all steps on all sides. Returns of each step with a name the counts of each side; of a refresh only ours. */
export async function countSteps({ seed, say }) {
  const isolates = { writer: { side: 'ours' } };
  for (const side of SIDES) for (const name of ['first', 'other']) isolates[`${side}-${name}`] = { side };
  const running = await startIsolates({ state: copyState(seed, path.join(WORK, 'state-counts')), isolates });
  const etags = {};
  try {
    const counted = [];
    for (const step of STEPS) {
      if (step.name) say(`${step.name} …`);
      const counts = {};
      if (step.events) {
        if (step.events.length) await post(running.writer, step.events);
        counts.ours = await measure(running.writer, () => running.writer.refresh(AS_OF + step.second * SECOND));
      } else {
        for (const side of SIDES) {
          const isolate = running[`${side}-${step.isolate}`];
          counts[side] = await measure(isolate, () => request(isolate, step, etags));
        }
      }
      if (step.name) counted.push({ name: step.name, counts });
    }
    return counted;
  } finally {
    await running.writer.stop();
  }
}

const authorization = `Bearer ${signToken(claimsOf('ADMIN', LARGE.organizationId))}`;

async function request(isolate, { second, query, isConditional }, etags) {
  const headers = { Authorization: authorization, 'X-Instant': `${AS_OF + second * SECOND}` };
  if (isConditional) headers['If-None-Match'] = etags[isolate.name];
  const response = await isolate.fetch(`${REPORT}${query}`, { headers });
  await response.arrayBuffer();
  const expected = isConditional ? 304 : 200;
  if (response.status !== expected) throw new Error(`${isolate.name} answered ${response.status} and not ${expected}`);
  if (!query) etags[isolate.name] = response.headers.get('ETag');
}

async function measure(isolate, work) {
  await isolate.counts();
  await work();
  const counts = await isolate.counts();
  if (counts.kvWrites > 0) await hasBeenPut(isolate);
  return counts;
}

/** "1 trip, 29 rows; 1 KV read" */
function countsText({ trips, rowsRead, rowsWritten, kvReads, kvWrites }) {
  const parts = [`${trips} / ${number(rowsRead)} / ${number(rowsWritten)}`, `${kvReads} / ${kvWrites}`];
  return parts.join(' · ');
}

/** The counts as a table. */
export function countsTable(steps) {
  const rows = steps.map(({ name, counts }) => [
    name,
    ...SIDES.map((side) => (counts[side] ? countsText(counts[side]) : '')),
  ]);
  return table(['D1 round trips / rows read / rows written · KV reads / writes', ...SIDES], rows);
}
