// Posts events to the ingest, batch by batch: again where that can help, and without the events that it refuses.

import { setTimeout as sleep } from 'node:timers/promises';
import { batches } from './event-lines.mjs';
import { Failure } from './project.mjs';
import { RETRYABLE, retryAfter } from './retries.mjs';

const EVENTS_PATH = '/api/conversation-monitor/events';
const TRIES = 8;
/** While nothing has ever listened at the address, waiting longer rarely helps. */
const TRIES_IF_REFUSED = 3;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 30_000;
const TIMEOUT_MS = 60_000;
const ADVICE = {
  401: "The token is not valid there: is it signed with that worker's JWT_SECRET, and has it expired?",
  403: 'The token does not allow this: it needs the scope conversation-monitor:ingest, and the organization of the events.',
  404: 'There is no ingest at this address: is --url right?',
  413: 'The request is larger than this service takes.',
  415: 'This service does not take application/x-ndjson.',
};

/**
 * What hears of progress, and what stands in for the network and the clock in tests.
 *
 * @typedef {{
 *   refused?: (number: number, reason: string) => void,
 *   retry?: (message: string) => void,
 *   progress?: (counts: { read: number, refused: number }) => void,
 * }} Listeners
 * @typedef {{
 *   fetch?: (target: URL, init: RequestInit) => Promise<Response>,
 *   delay?: (milliseconds: number) => Promise<unknown>,
 *   random?: () => number,
 *   now?: () => number,
 * }} Io
 */

/**
 * Posts all `lines` (`{number, text}`) and returns `{read, sent, accepted, applied, ignored, refused}`.
 *
 * `token()` gives the token of a request; `mixed` says whether a request may hold several organizations.
 * `on.refused(number, reason)`, `on.retry(message)` and `on.progress(counts)` hear of what happens.
 * Throws a `Failure` if the service cannot be reached or refuses the request as a whole.
 *
 * @param {{
 *   lines: Iterable<any> | AsyncIterable<any>, url: string, token: () => string, mixed?: boolean, shift?: number,
 *   on?: Listeners, io?: Io,
 * }} options
 */
export async function postEvents({ lines, url, token, mixed = true, shift = 0, on = {}, io = {} }) {
  const counts = { read: 0, sent: 0, accepted: 0, applied: 0, ignored: 0, refused: 0 };
  const refuse = (number, reason) => {
    counts.refused += 1;
    on.refused?.(number, reason);
  };
  const counted = async function* () {
    for await (const line of lines) {
      counts.read += 1;
      yield line;
    }
  };
  const target = new URL(EVENTS_PATH, url);
  const context = { target, token, counts, refuse, on, io, hasAnswered: false };
  for await (const batch of batches(counted(), { shift, mixed, refuse })) {
    counts.sent += batch.length;
    await postBatch(batch, context);
    on.progress?.(counts);
  }
  return counts;
}

/** Posts one batch, and posts it again without the bad events as long as the service names any. */
async function postBatch(batch, context) {
  const { target, counts, refuse } = context;
  let rest = batch;
  while (rest.length) {
    const { status, body } = await postUntilAnswered(rest, context);
    if (status === 200) {
      for (const name of ['accepted', 'applied', 'ignored']) counts[name] += body?.data?.[name] ?? 0;
      return;
    }
    const bad = status === 400 ? badEvents(body, rest.length) : new Map();
    if (!bad.size) throw refusal(status, body, target, counts);
    for (const [index, reason] of bad) refuse(rest[index].number, reason);
    rest = rest.filter((_, index) => !bad.has(index));
  }
}

/** index → reason, of the events that a 400 names. */
function badEvents(body, length) {
  const bad = new Map();
  for (const { index, field, reason } of Array.isArray(body?.details) ? body.details : []) {
    if (!Number.isInteger(index) || index < 0 || index >= length) continue;
    const text = field ? `${field}: ${reason}` : String(reason);
    bad.set(index, bad.has(index) ? `${bad.get(index)}; ${text}` : text);
  }
  return bad;
}

async function postUntilAnswered(batch, context) {
  const { target, token, on, io } = context;
  const { fetch = globalThis.fetch, delay = sleep, random = Math.random, now = Date.now } = io;
  const body = batch.map((line) => `${line.text}\n`).join('');
  for (let attempt = 1; ; attempt += 1) {
    const answer = await post(fetch, target, token(), body);
    if (answer.status) context.hasAnswered = true;
    if (answer.status && !RETRYABLE.has(answer.status)) return answer;
    const problem = answer.problem ?? `status ${answer.status}`;
    const tries = answer.isRefused && !context.hasAnswered ? TRIES_IF_REFUSED : TRIES;
    if (attempt >= tries) throw unreachable(problem, target, answer, attempt);
    const wait = Math.max(backoff(attempt, random), retryAfter(answer.headers, now()));
    on.retry?.(`${problem}; try ${attempt + 1} of ${tries} in ${(wait / 1000).toFixed(1)} s`);
    await delay(wait);
  }
}

async function post(fetch, target, token, body) {
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-ndjson' },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // A token must not follow to another host.
      redirect: 'manual',
    });
    return { status: response.status, headers: response.headers, body: parseJson(await response.text()) };
  } catch (error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message;
    return { problem: `no response from ${target.origin} (${reason})`, isRefused: reason === 'ECONNREFUSED' };
  }
}

/** Doubles with each attempt. Half of it is random, so that several loaders do not try again in step. */
function backoff(attempt, random) {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
  return full / 2 + (random() * full) / 2;
}

function refusal(status, body, target, counts) {
  const said = body?.message ? `: ${body.message}` : '.';
  const advice = ADVICE[status] ? `\n${ADVICE[status]}` : '';
  return new Failure(`${target} answered ${status}${said}${advice}\n${soFar(counts)}`);
}

function unreachable(problem, target, answer, tries) {
  const said = answer.body?.message ? ` (${answer.body.message})` : '';
  return new Failure(
    `Gave up after ${tries} tries: ${problem}${said}.\nIs the worker running at ${target.origin}? \`npm start\` starts it.\n` +
      'What was accepted stays; loading the same file again does no harm.',
  );
}

function soFar(counts) {
  return `Stopped: ${counts.accepted} events were accepted before. Loading the same file again does no harm.`;
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
