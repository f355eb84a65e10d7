/**
 * cases.json, the numbered cases of the product's definition, which the oracle, the native tests and the tests over
 * HTTP all run.
 *
 * Instants are milliseconds from a base instant that the runner chooses; events lack the organizationId, which is the
 * runner's choice too. After a step's events a refresh runs at `refresh` (null: none has run yet), and `expect` says
 * what there then is: `candidates`, every row with skipThreshold in order, whatever its category, each with the members
 * that matter; `listed`, what a report without `category` lists in order: the conversations of the two categories of
 * the contract that are over the threshold and not older than `maxAgeDays`; `snapshotMissing`.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { formatInstant } from './oracle.mjs';

const EVENT_INSTANTS = [
  'at',
  'receivedAt',
  'updatedAt',
  'assignedAt',
  'resolvedAt',
  'snoozedAt',
  'snoozedUntil',
  'mergedAt',
];
const ROW_INSTANTS = ['waitingSince', 'stalledSince', 'latestInboundAt'];
const NUMBERS = 51;

export const CASES = JSON.parse(readFileSync(new URL('../cases.json', import.meta.url), 'utf8'));

/** "12b: A snooze that ends" */
export const nameOf = ({ number, variant = '', title }) => `${number}${variant}: ${title}`;

/** The object with its integer offsets turned into instants on the case's clock. */
function onClock(object, instants, base) {
  const offsets = Object.entries(object).filter(([name, value]) => instants.includes(name) && value !== null);
  return { ...object, ...Object.fromEntries(offsets.map(([name, value]) => [name, formatInstant(base + value)])) };
}

/** A step's events as they are sent. */
export function eventsOf(step, organizationId, base) {
  return step.events.map((event) => ({ organizationId, ...onClock(event, EVENT_INSTANTS, base) }));
}

/** The rows must be those that the case expects, in order. Only the members that it names are compared. */
export function checkCandidates(expected, rows, base) {
  assert.deepEqual(
    rows.map((row) => row.conversationId),
    expected.map((row) => row.conversationId),
  );
  for (const [index, row] of expected.map((row) => onClock(row, ROW_INSTANTS, base)).entries()) {
    const found = Object.fromEntries(Object.keys(row).map((name) => [name, rows[index][name]]));
    assert.deepEqual(found, row);
  }
}

/** What a step expects. An expectation that no runner knows is an error in the file. */
export function expectationsOf(step) {
  const { candidates, listed, snapshotMissing = false, ...unknown } = step.expect;
  assert.deepEqual(unknown, {}, 'an expectation that no runner knows');
  // Before the first refresh there is no snapshot; a case says so by having none.
  assert.equal(snapshotMissing, step.refresh === null);
  return { candidates, listed, snapshotMissing };
}

/** Every number of the definition has at least one case. */
export function checkNumbers() {
  const numbers = new Set(CASES.map((kase) => kase.number));
  assert.deepEqual(
    [...numbers],
    Array.from({ length: NUMBERS }, (_, index) => index + 1),
  );
}
