// An earlier worker, really built, beside today's over one database. See USAGE.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { capture, run } from './command.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { Failure, inRoot, projectEnv, whenProgram, wranglerNode } from './project.mjs';
import { EVERYTHING, ensureEverything } from './setup.mjs';
import { workerOptionsEnv } from './worker-options.mjs';

/** Version 0.1. */
const OLD_COMMIT = '08bba32';
const TEST = 'tests/workerd/old-worker.mjs';

const USAGE = `usage: npm run test:upgrade [-- --commit COMMIT] [--old FOLDER]

Builds the worker of a commit in a work tree of its own, which takes some minutes the first time, and runs it beside today's:
before the migrations that it does not know, between them and after them. npm test runs the statements of version 0.1 only.
  --commit COMMIT   which worker (default ${OLD_COMMIT}, which is version 0.1)
  --old FOLDER      a folder with the modules of a build of COMMIT, instead of building it; the clone must have COMMIT, which
                    says what migrations that worker knows`;

/** Throws unless this clone has the commit. Returns the names of its migrations, in their order. */
async function migrationsOf(commit) {
  const { code, stdout } = await capture('git', ['ls-tree', '--name-only', `${commit}:migrations`]);
  if (code !== 0) throw new Failure(`This clone lacks commit ${commit}. Fetch its history: git fetch --unshallow`);
  return stdout.split('\n').filter(Boolean).sort();
}

/** Where the modules of the worker of `commit` are, built if need be. */
async function oldWorker(commit) {
  const folder = inRoot('target', `worker-${commit}`);
  const modules = path.join(folder, 'build');
  if (existsSync(path.join(modules, 'index_bg.wasm'))) return modules;
  if (!existsSync(folder)) {
    await run('git', ['worktree', 'add', '--force', '--detach', folder, commit], {
      failure: 'There is no work tree for it.',
    });
  }
  console.log(`Building the worker of ${commit} …`);
  await run('npm', ['run', 'build'], { cwd: folder, failure: `The worker of ${commit} could not be built.` });
  return modules;
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, {
    commit: { type: 'string', default: OLD_COMMIT },
    old: { type: 'string' },
  });
  if (!flags) return;
  const { commit } = flags.values;
  if (!/^[0-9a-f]{7,40}$/.test(commit)) throw usageFailure(`--commit takes a hash; "${commit}" is none.`, USAGE);
  const migrations = await migrationsOf(commit);
  await ensureEverything({ need: EVERYTHING });
  await build();
  const folder = flags.values.old ? path.resolve(flags.values.old) : await oldWorker(commit);
  if (!existsSync(path.join(folder, 'index_bg.wasm')))
    throw new Failure(`There is no build of the worker in ${folder}.`);
  const env = projectEnv({
    OLD_WORKER: folder,
    OLD_MIGRATION: migrations.at(-1),
    WORKER_PREBUILT: '1',
    ...(await workerOptionsEnv()),
  });
  await run(wranglerNode(), ['--test', '--test-reporter=spec', TEST], { env, failure: 'Not all tests passed.' });
});
