// What wrangler makes of wrangler.toml for Miniflare: the bindings, the assets, the compatibility date.

import { inRoot } from './project.mjs';

/** Has the options as JSON if they are known already: loading wrangler takes seconds of CPU. */
const VARIABLE = 'WORKER_OPTIONS';

/** The main module and Miniflare's options of the worker. */
export async function readWorkerOptions() {
  const known = process.env[VARIABLE];
  return known ? JSON.parse(known) : loadWorkerOptions();
}

async function loadWorkerOptions() {
  const { unstable_getMiniflareWorkerOptions: getOptions } = await import('wrangler');
  const { main, workerOptions } = getOptions(inRoot('wrangler.toml'));
  return { main, workerOptions };
}

/** The variables that pass the options on to other programs. */
export async function workerOptionsEnv() {
  return { [VARIABLE]: JSON.stringify(await loadWorkerOptions()) };
}
