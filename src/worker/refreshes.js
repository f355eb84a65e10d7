// The refreshes of one minute. The platform's cron ticks once a minute; the worker makes the runs between two ticks itself.

const MINUTE_MS = 60_000;

/**
 * The interval of the refreshes, in milliseconds. What `REFRESH_EVERY_SECONDS` may be is checked with all other variables; while it
 * is wrong, the refresh goes on once a minute.
 *
 * @param {string | undefined} seconds The value of the variable.
 */
export function refreshInterval(seconds) {
  return seconds === '20' || seconds === '30' ? Number(seconds) * 1_000 : MINUTE_MS;
}

/**
 * Runs the refreshes of the minute that begins at `scheduledAt`, one after the other: `run` with the instant of each, when it
 * has come. Instants that pass while a run takes longer are left out, except the last of them. A run that fails does not keep
 * the others back; the first error is thrown at the end.
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
