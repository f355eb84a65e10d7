// Finds the Chromium that the browser tests drive, and installs one where that can be done.
//
//   node scripts/browser.mjs     prints its path

import { existsSync } from 'node:fs';
import path from 'node:path';
import { capture } from './command.mjs';
import { Failure, pathWithoutPackageBin, whenProgram } from './project.mjs';

/** Overrides everything else. */
const VARIABLE = 'CHROMIUM';
/** Chromium without a user interface. The tests take half of the CPU in it. */
const HEADLESS = 'chromium-headless-shell';
const NAMES = [HEADLESS, 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const PLACES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
/** The first one that there is: Ubuntu has no headless shell. */
const APT_PACKAGES = [HEADLESS, 'chromium'];
/** Latin, Greek, Cyrillic and some Chinese, so that names on a picture are not shown as boxes. */
const APT_FONTS = ['fonts-liberation', 'fonts-wqy-microhei'];

/** The path of a browser that starts; undefined if there is none. */
export async function findBrowser({ env = process.env, places = PLACES } = {}) {
  if (env[VARIABLE]) {
    if (await starts(env[VARIABLE])) return env[VARIABLE];
    throw new Failure(`${VARIABLE} is "${env[VARIABLE]}", which is no browser that starts.`);
  }
  const folders = pathWithoutPackageBin().split(path.delimiter).filter(Boolean);
  const candidates = [...NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))), ...places];
  for (const candidate of candidates) if (existsSync(candidate) && (await starts(candidate))) return candidate;
  return undefined;
}

/**
 * Finds a browser, or installs one with apt-get if this runs as root: also the one without a user interface, if there
 * is only another one. Returns undefined, with a warning, if neither works.
 */
export async function ensureBrowser(say = console.error) {
  const found = await findBrowser();
  if (found && (process.env[VARIABLE] || path.basename(found) === HEADLESS)) return found;
  const problem = await installBrowser(found ? [HEADLESS] : APT_PACKAGES, say);
  if (found) return (problem ? undefined : await findBrowser()) ?? found;
  const installed = problem ? undefined : await findBrowser();
  if (!installed) say(missingBrowser(problem ?? 'apt-get installed one, and it does not start.'));
  return installed;
}

/** The message if there is no browser. */
export function missingBrowser(problem) {
  const line = '!'.repeat(100);
  return `${line}\nNO BROWSER: THE TESTS OF THE DASHBOARD ARE SKIPPED.\n${problem}\nInstall Chromium, or say where it is: ${VARIABLE}=/path/to/chromium npm test\n${line}`;
}

/** Returns why it could not be installed; undefined if it was. */
async function installBrowser(packages, say) {
  if (process.getuid?.() !== 0) return 'There is no Chromium on the PATH, and only root can install one.';
  if ((await capture('apt-get', ['--version'])).code !== 0)
    return 'There is no Chromium on the PATH, and no apt-get to install one.';
  say(`Installing ${packages[0]} for the browser tests (apt-get) …`);
  let problem = await aptGet('update');
  if (problem) return problem;
  for (const name of packages) {
    problem = await aptGet('install', '--yes', '--no-install-recommends', name, ...APT_FONTS);
    if (!problem) return undefined;
  }
  return problem;
}

/** Returns why it failed; undefined if it did not. */
async function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { code, stdout, stderr } = await capture('apt-get', args, { env });
  if (code === 0) return undefined;
  const lines = `${stdout}${stderr}`.trim().split('\n').slice(-5);
  return `\`apt-get ${args.join(' ')}\` failed:\n${lines.join('\n')}`;
}

async function starts(program) {
  return (await capture(program, ['--version'])).code === 0;
}

await whenProgram(import.meta.url, async () => {
  const found = await ensureBrowser();
  if (found) console.log(found);
  return found ? 0 : 1;
});
