// Runs other programs. No shell is involved, so paths with spaces need no quoting.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Failure, packageBin, projectEnv, ROOT, wranglerNode } from './project.mjs';

/**
 * How to run a program. `failure` is what to say if it does not exit with 0.
 *
 * @typedef {{ env?: NodeJS.ProcessEnv, cwd?: string, failure?: string }} Options
 */

/**
 * Runs a program with this terminal as its own; throws unless it exits with 0.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {Options} [options]
 */
export async function run(program, args, { env = projectEnv(), cwd = ROOT, failure } = {}) {
  const { code } = await start(program, args, { env, cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (code !== 0) throw new Failure(failure ?? `\`${[program, ...args].join(' ')}\` failed (exit code ${code}).`);
}

/**
 * Runs a program and returns what it printed and its exit code; 127 if there is no such program.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {Options} [options]
 */
export function capture(program, args, { env = projectEnv(), cwd = ROOT } = {}) {
  return start(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Runs a program and hands over what it prints, line by line as it comes; throws unless it exits with 0.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {Options & { onLine: (line: string) => void }} options
 */
export async function runLines(program, args, { env = projectEnv(), cwd = ROOT, onLine, failure }) {
  const { code } = await start(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] }, onLine);
  if (code !== 0) throw new Failure(failure ?? `\`${[program, ...args].join(' ')}\` failed (exit code ${code}).`);
}

/** Runs wrangler without prompts and returns what it printed; throws with its output if it failed. */
export async function wrangler(args) {
  const { code, stdout, stderr } = await capture(wranglerNode(), [packageBin('wrangler'), ...args], {
    env: projectEnv({ CI: '1' }),
  });
  if (code !== 0) throw new Failure(`\`wrangler ${args.join(' ')}\` failed:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @param {(line: string) => void} [onLine]
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
function start(program, args, options, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, options);
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      if (onLine) createInterface({ input: child[name] }).on('line', onLine);
      else child[name]?.setEncoding('utf8').on('data', (text) => (printed[name] += text));
    }
    child.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'ENOENT') resolve({ code: 127, ...printed, stderr: `${program}: not found` });
      else reject(error);
    });
    child.on('close', (code) => resolve({ code: code ?? 128, ...printed }));
  });
}

/** "850 ms", "12.3 s", "3 min 5 s" */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
