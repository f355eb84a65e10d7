/**
 * Random histories, which the Rust generator writes (tests/native/support/history.rs): valid events that collide as
 * often as possible. Small pools of ids, clocks and instants make versions tie, records move, and instants fall just
 * before, on and after every edge of the rules. One version is spelled in many ways.
 */

import { readTestData } from '../../scripts/test-data.mjs';

/**
 * The histories of a set, each `{ now, events }`: the events may be taken in when the service's clock says `now`. With
 * a `name` the organizations of each history are called after it, so that no two histories share one.
 *
 * @param {string} set
 * @param {{ name?: string }} [options]
 * @returns {{ now: number, events: any[] }[]}
 */
export function readHistories(set, { name } = {}) {
  const lines = readTestData(`${set}.ndjson`).split('\n').filter(Boolean);
  const histories = lines.map((line) => JSON.parse(line));
  if (name === undefined) return histories;
  return histories.map(({ now, events }, index) => ({
    now,
    events: events.map((event) => ({ ...event, organizationId: `${name} ${index + 1}: ${event.organizationId}` })),
  }));
}

/** The organizations that a history has events of. */
export const organizationIdsOf = (events) => [...new Set(events.map((event) => event.organizationId))];
