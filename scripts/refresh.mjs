// Triggers the scheduled handler of the local worker, as the platform's cron does each minute. See USAGE.

import { duration } from './command.mjs';
import { parseAddress, parseFlags, usageFailure } from './flags.mjs';
import { Failure, whenProgram } from './project.mjs';

export const LOCAL_URL = 'http://localhost:8787';
/** wrangler dev's own endpoint; a deployed worker does not have it. */
const SCHEDULED_PATH = '/cdn-cgi/handler/scheduled';
const CRON = '* * * * *';
const TIMEOUT_MS = 5 * 60 * 1000;

const USAGE = `usage: npm run refresh [-- --url URL] [--at INSTANT]

Runs the refresh of the worker that \`npm start\` or \`wrangler dev\` serves.
  --url URL      where it is (default ${LOCAL_URL})
  --at INSTANT   the scheduled time, such as 2026-05-18T13:45:00Z (default: now)`;

/**
 * Runs the refresh and returns its outcome: "ok", or what the handler ended with instead.
 *
 * @param {{ url?: string, at?: number, fetch?: (target: URL, init: RequestInit) => Promise<Response> }} [options]
 */
export async function triggerRefresh({ url = LOCAL_URL, at, fetch = globalThis.fetch } = {}) {
  const target = new URL(SCHEDULED_PATH, url);
  target.searchParams.set('cron', CRON);
  if (at !== undefined) target.searchParams.set('time', String(at));

  let response;
  try {
    response = await fetch(target, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message;
    throw new Failure(`No response from ${target.origin} (${reason}). Is the worker running? \`npm start\` starts it.`);
  }
  const body = (await response.text()).trim();
  // wrangler answers 200 and "ok", or 500 and "exception" or another outcome: a single word.
  if (/^[a-zA-Z]{1,40}$/.test(body)) return body;
  throw new Failure(
    `${target.origin} answered ${response.status}, and not as \`wrangler dev\` does to ${SCHEDULED_PATH}: is it a local worker?`,
  );
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { url: { type: 'string', default: LOCAL_URL }, at: { type: 'string' } });
  if (!flags) return undefined;
  const { at } = flags.values;
  const url = parseAddress(flags.values.url, USAGE, LOCAL_URL);
  const time = at === undefined ? Date.now() : Date.parse(at);
  if (Number.isNaN(time))
    throw usageFailure(`--at takes an instant such as 2026-05-18T13:45:00Z; "${at}" is not one.`, USAGE);

  const startedAt = performance.now();
  const outcome = await triggerRefresh({ url, at: time });
  console.log(`Refresh for ${new Date(time).toISOString()}: ${outcome} (${duration(performance.now() - startedAt)})`);
  return outcome === 'ok' ? 0 : 1;
});
