// Events as lines of NDJSON: reading them, moving them in time, and splitting them into requests.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What one request of the ingest takes at most. */
export const REQUEST_MAX_EVENTS = 1000;
export const REQUEST_MAX_BYTES = 1024 * 1024;
/** With --shift-to-now the last event is this old, so that nothing lies in the future even if clocks differ. */
export const SHIFTED_AGE_MS = 90_000;
const INSTANTS = ['updatedAt', 'at', 'receivedAt', 'assignedAt', 'resolvedAt', 'snoozedAt', 'snoozedUntil', 'mergedAt'];

/** The lines of a file, or of stdin if it is "-", as `{number, text}`; empty ones are left out. */
export async function* readLines(file) {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let number = 0;
  for await (const raw of createInterface({ input, crlfDelay: Infinity })) {
    number += 1;
    const text = number === 1 ? raw.replace(/^\uFEFF/, '').trim() : raw.trim();
    if (text) yield { number, text };
  }
}

/** The event of a line; undefined if the line is no JSON object. */
export function parseEvent(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** How many milliseconds to move all lines by, so that the latest `updatedAt` is `SHIFTED_AGE_MS` before `now`. */
export async function shiftToNow(lines, now) {
  let newest = -Infinity;
  for await (const { text } of lines) {
    const instant = Date.parse(parseEvent(text)?.updatedAt);
    if (instant > newest) newest = instant;
  }
  return newest === -Infinity ? 0 : now - SHIFTED_AGE_MS - newest;
}

/** The event with all its instants moved. What is not an instant stays as it is, and the service will refuse it. */
export function shiftEvent(event, milliseconds) {
  const moved = { ...event };
  for (const name of INSTANTS) {
    const instant = typeof event[name] === 'string' ? Date.parse(event[name]) : Number.NaN;
    if (!Number.isNaN(instant)) moved[name] = new Date(instant + milliseconds).toISOString();
  }
  return moved;
}

/**
 * Splits lines into batches that one request can take: arrays of `{number, text}`. What cannot be sent at all
 * goes to `refuse(number, reason)`. With `mixed` false no batch holds two organizations.
 *
 * @param {Iterable<any> | AsyncIterable<any>} lines
 * @param {{ shift?: number, mixed?: boolean, refuse?: (number: number, reason: string) => void }} options
 */
export async function* batches(lines, { shift = 0, mixed = true, refuse = () => {} }) {
  let batch = [];
  let bytes = 0;
  let organization;
  for await (const line of lines) {
    const event = parseEvent(line.text);
    if (!event) {
      refuse(line.number, 'not a JSON object');
      continue;
    }
    const text = shift ? JSON.stringify(shiftEvent(event, shift)) : line.text;
    const size = Buffer.byteLength(text) + 1;
    if (size > REQUEST_MAX_BYTES) {
      refuse(line.number, `${size} bytes long; a request takes ${REQUEST_MAX_BYTES}`);
      continue;
    }
    const full = batch.length === REQUEST_MAX_EVENTS || bytes + size > REQUEST_MAX_BYTES;
    const another = !mixed && batch.length > 0 && event.organizationId !== organization;
    if (full || another) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    organization = event.organizationId;
    batch.push({ number: line.number, text });
    bytes += size;
  }
  if (batch.length) yield batch;
}
