// The worker of version 0.1, really built, beside today's over one database. See USAGE.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { capture, run } from './command.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, projectEnv, whenProgram, wranglerNode } from './project.mjs';
import { EVERYTHING, ensureEverything } from './setup.mjs';
import { workerOptionsEnv } from './worker-options.mjs';

const OLD_COMMIT = '08bba32';
const FOLDER = inRoot('target', `worker-${OLD_COMMIT}`);
const TEST = 'tests/workerd/old-worker.mjs';

const USAGE = `usage: npm run test:upgrade [-- --old FOLDER]

Builds the worker of version 0.1 (commit ${OLD_COMMIT}) in a work tree of its own, which takes some minutes the first time,
and runs it beside today's: before the migrations, between them and after them. npm test runs that version's statements
only.
  --old FOLDER   a folder with the modules of a build of that version, instead of building it`;

/** Where the modules of the old worker are, built if need be. */
async function oldWorker() {
  const modules = path.join(FOLDER, 'build');
  if (existsSync(path.join(modules, 'index_bg.wasm'))) return modules;
  if (!existsSync(FOLDER)) {
    const { code } = await capture('git', ['cat-file', '-e', `${OLD_COMMIT}^{commit}`]);
    if (code !== 0)
      throw new Failure(`This clone lacks commit ${OLD_COMMIT}. Fetch its history: git fetch --unshallow`);
    await run('git', ['worktree', 'add', '--force', '--detach', FOLDER, OLD_COMMIT], {
      failure: 'There is no work tree for it.',
    });
  }
  console.log('Building version 0.1 …');
  await run('npm', ['run', 'build'], { cwd: FOLDER, failure: 'Version 0.1 could not be built.' });
  return modules;
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { old: { type: 'string' } });
  if (!flags) return;
  await ensureEverything({ need: EVERYTHING });
  await build();
  const folder = flags.values.old ? path.resolve(flags.values.old) : await oldWorker();
  if (!existsSync(path.join(folder, 'index_bg.wasm')))
    throw new Failure(`There is no build of the worker in ${folder}.`);
  const env = projectEnv({ OLD_WORKER: folder, WORKER_PREBUILT: '1', ...(await workerOptionsEnv()) });
  await run(wranglerNode(), ['--test', '--test-reporter=spec', TEST], { env, failure: 'Not all tests passed.' });
});
