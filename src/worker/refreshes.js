// The refreshes of one minute. The platform's cron ticks once a minute; the worker makes the runs between two ticks
// itself.

const MINUTE_MS = 60_000;
/** How many databases are refreshed at a time. In one isolate their runs work on one slice after the other. */
const DATABASES_AT_A_TIME = 4;
/** The shortest interval of refreshes. */
const TURN_MS = 20_000;

/**
 * The interval of the refreshes, in milliseconds. What `REFRESH_EVERY_SECONDS` may be is checked with all other
 * variables; while it is wrong, the refresh goes on once a minute.
 *
 * @param {string | undefined} seconds The value of the variable.
 */
export function refreshInterval(seconds) {
  return seconds === '20' || seconds === '30' ? Number(seconds) * 1_000 : MINUTE_MS;
}

/**
 * Runs the refreshes of the minute that begins at `scheduledAt`, one after the other: `run` with the instant of each,
 * when it has come. Instants that pass while a run takes longer are left out, except the last of them. A run that fails
 * does not keep the others back; the first error is thrown at the end.
 *
 * @param {object} settings
 * @param {number} settings.scheduledAt
 * @param {number} settings.everyMs
 * @param {(at: number) => Promise<unknown>} settings.run
 * @param {() => number} settings.now
 * @param {(ms: number) => Promise<void>} settings.sleep
 */
export async function refreshMinute({ scheduledAt, everyMs, run, now, sleep }) {
  const failures = [];
  for (let at = scheduledAt; at < scheduledAt + MINUTE_MS; ) {
    // The tick has come, whatever the clock says. However wrong that is, no wait is longer than the interval.
    if (at > scheduledAt && at > now()) await sleep(Math.min(at - now(), everyMs));
    await run(at).catch((error) => failures.push(error));
    const passed = Math.floor((now() - scheduledAt) / everyMs) * everyMs;
    at = Math.max(at + everyMs, scheduledAt + passed);
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * Refreshes the databases for an instant, some at a time: `run` with the name of each. Another one is the first at the
 * next instant, so that none is always the last. A run that fails does not keep the others back; the first error is
 * thrown at the end.
 *
 * @param {object} settings
 * @param {string[]} settings.databases
 * @param {number} settings.at
 * @param {(database: string) => Promise<unknown>} settings.run
 */
export async function refreshEach({ databases, at, run }) {
  const first = Math.floor(at / TURN_MS) % databases.length;
  const waiting = [...databases.slice(first), ...databases.slice(0, first)];
  const failures = [];
  const runWaiting = async () => {
    for (let database = waiting.shift(); database !== undefined; database = waiting.shift()) {
      await run(database).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: DATABASES_AT_A_TIME }, runWaiting));
  if (failures.length > 0) throw failures[0];
}
