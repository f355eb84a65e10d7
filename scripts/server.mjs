// `wrangler dev` as a child that never outlives this process.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, packageBin, projectEnv, ROOT, wranglerNode } from './project.mjs';

const HOST = '127.0.0.1';
const READY_LIMIT_MS = 2 * 60_000;
const READY_POLL_MS = 200;
const READY_TRY_MS = 5_000;
/** How long the server has to end by itself before it is killed. */
const GRACE_MS = 5_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Throws if the port is taken. */
export function assertPortFree(port) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(new Failure(portProblem(error, port))));
    probe.listen({ host: HOST, port, exclusive: true }, () => probe.close(resolve));
  });
}

function portProblem(error, port) {
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is in use: perhaps by an earlier \`npm start\`. End that, or take another: npm start -- --port ${port + 1}`;
  }
  return `Cannot listen on ${HOST}:${port} (${error.code}). Take another port: npm start -- --port N`;
}

/**
 * Starts the server, with more `options` of wrangler. `ended` resolves with the exit code for this program: 0 if a
 * signal asked for the end, 1 if the server ended by itself. `stop` ends it and everything that it started; always
 * await it.
 */
export function startServer(port, options = /** @type {string[]} */ ([])) {
  const args = [
    packageBin('wrangler'),
    'dev',
    '--local',
    '--ip',
    HOST,
    '--port',
    String(port),
    '--show-interactive-dev-session=false',
    ...options,
  ];
  const child = spawn(wranglerNode(), args, {
    cwd: ROOT,
    // CI: no questions, no hot keys.
    env: projectEnv({ CI: '1' }),
    stdio: ['ignore', 'inherit', 'inherit'],
    // In a process group of its own, so that one signal reaches wrangler and the workerd that it starts.
    detached: true,
  });

  let stopping = false;
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const asked = new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.on(signal, () => resolve(signal));
  });
  const ended = Promise.race([
    asked.then(() => 0),
    exited.then((how) => {
      if (!stopping) console.error(`The worker's server ended by itself (${how}); what it printed above may say why.`);
      return 1;
    }),
  ]);
  // The last resort, if this program ends in a way that leaves no time to wait.
  process.on('exit', () => signalGroup(child.pid, 'SIGKILL'));

  const stop = async () => {
    stopping = true;
    signalGroup(child.pid, 'SIGTERM');
    await Promise.race([whenGroupIsGone(child.pid), sleep(GRACE_MS, undefined, { ref: false })]);
    signalGroup(child.pid, 'SIGKILL');
    await exited;
  };
  return { ended, stop, whenReady: () => whenReady(port), health: () => statusOf(port, '/health') };
}

async function statusOf(port, path) {
  const response = await fetch(`http://${HOST}:${port}${path}`, { signal: AbortSignal.timeout(READY_TRY_MS) });
  await response.arrayBuffer();
  return response.status;
}

/** Waits for any answer. It does not ask for the health: that would be kept for ten seconds. */
async function whenReady(port) {
  const deadline = performance.now() + READY_LIMIT_MS;
  while (performance.now() < deadline) {
    try {
      return await statusOf(port, '/dashboard.json');
    } catch {
      await sleep(READY_POLL_MS);
    }
  }
  throw new Failure(`The worker did not answer within ${READY_LIMIT_MS / 1000} s; what is printed above may say why.`);
}

async function whenGroupIsGone(pid) {
  while (signalGroup(pid, 0)) await sleep(50);
}

/** Sends a signal to every process of the group; returns false if there is none any more. */
function signalGroup(pid, signal) {
  if (!pid) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
