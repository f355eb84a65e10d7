// Makes build/public/, which the platform serves: the files of public/, with all modules of the dashboard joined into
// one script and all styles into one stylesheet. With 62 of them the page took nearly twice as much CPU until its list
// was shown.

import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { packageBin } from './project.mjs';
import { ensureEverything } from './setup.mjs';

/** What imports all other scripts and styles. */
const JOINED = ['main.js', 'main.css'];
/** Names stay as they are, so that what the browser says of an error can be found in the sources. */
const ESBUILD_ARGS = [
  '--bundle',
  '--minify-whitespace',
  '--minify-syntax',
  '--format=esm',
  '--charset=utf8',
  '--legal-comments=none',
  '--log-level=warning',
];

/** The files of a folder that are served as they are. */
function copiedFrom(folder) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => name).filter((name) => !/\.(js|css)$/.test(name));
}

/**
 * Makes build/public/ under `root`. Files are replaced one by one, as wrangler may be watching the folder.
 *
 * @param {string} root
 * @param {(line: string) => void} say
 */
export async function buildDashboard(root, say) {
  const from = (name) => path.join(root, 'public', name);
  const folder = path.join(root, 'build', 'public');
  // Under wrangler the packages are in use: never replace them then.
  if (!process.env.WRANGLER_COMMAND) await ensureEverything({ need: ['node', 'packages'], say });
  mkdirSync(folder, { recursive: true });
  await run(packageBin('esbuild'), [...JOINED.map(from), ...ESBUILD_ARGS, `--outdir=${folder}`], {
    failure: 'The dashboard could not be built; what is printed above says why.',
  });
  const copied = copiedFrom(path.join(root, 'public'));
  for (const name of copied) copyFileSync(from(name), path.join(folder, name));
  // What is left of earlier builds would be served, too.
  const others = readdirSync(folder).filter((name) => ![...copied, ...JOINED].includes(name));
  for (const name of others) rmSync(path.join(folder, name), { recursive: true });
}
