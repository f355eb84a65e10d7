// Runs other programs. No shell is involved, so paths with spaces need no quoting.

import { spawn } from 'node:child_process';
import { Failure, packageBin, projectEnv, ROOT, wranglerNode } from './project.mjs';

/** Runs a program with this terminal as its own; throws unless it exits with 0. */
export async function run(program, args, { env = projectEnv(), cwd = ROOT, failure } = {}) {
  const { code } = await start(program, args, { env, cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (code !== 0) throw new Failure(failure ?? `\`${[program, ...args].join(' ')}\` failed (exit code ${code}).`);
}

/** Runs a program and returns what it printed and its exit code; 127 if there is no such program. */
export function capture(program, args, { env = projectEnv(), cwd = ROOT } = {}) {
  return start(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs wrangler without prompts and returns what it printed; throws with its output if it failed. */
export async function wrangler(args) {
  const { code, stdout, stderr } = await capture(wranglerNode(), [packageBin('wrangler'), ...args], {
    env: projectEnv({ CI: '1' }),
  });
  if (code !== 0) throw new Failure(`\`wrangler ${args.join(' ')}\` failed:\n${stdout}${stderr}`);
  return stdout;
}

function start(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, options);
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name]?.setEncoding('utf8').on('data', (text) => (printed[name] += text));
    }
    child.on('error', (error) => {
      if (error.code === 'ENOENT') resolve({ code: 127, ...printed, stderr: `${program}: not found` });
      else reject(error);
    });
    child.on('close', (code, signal) => resolve({ code: code ?? 128, signal, ...printed }));
  });
}

/** "850 ms", "12.3 s", "3 min 5 s" */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
