// A lock file with the id of the process that has it. The lock of a process that is gone is taken over.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './cargo-tools.mjs';
import { Failure } from './project.mjs';

const POLL_MS = 200;
/** Longer than any build: a process that has had the lock for this long hangs. */
const LIMIT_MS = 30 * 60 * 1000;

/**
 * Waits until the lock is ours; returns the function that gives it back.
 *
 * @param {string} file
 * @param {{ say?: (message: string) => void, delay?: (milliseconds: number) => Promise<unknown>, pid?: number }} [options]
 */
export async function acquireLock(file, { say = () => {}, delay = sleep, pid = process.pid } = {}) {
  const own = `${file}.${pid}`;
  writeFileSync(own, String(pid));
  try {
    for (let waited = 0; waited <= LIMIT_MS; waited += POLL_MS) {
      if (tryLink(own, file)) return () => rmSync(file, { force: true });
      const holder = readHolder(file);
      if (holder === undefined) continue;
      if (!isAlive(holder)) {
        // Two processes that find the same dead holder at the same instant may both get the lock; the next build
        // repairs it.
        rmSync(file, { force: true });
        continue;
      }
      if (waited === 0) say(`Another build (process ${holder}) is running: waiting for it …`);
      await delay(POLL_MS);
    }
  } finally {
    rmSync(own, { force: true });
  }
  throw new Failure(`Another build has had ${file} for half an hour. If none is running, delete that file.`);
}

/** By linking instead of creating and writing, so that the file is never seen without the id in it. */
function tryLink(own, file) {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(file) {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
