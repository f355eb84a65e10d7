// Runs generators, and compiles TypeScript clients and what uses them.

import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { capture } from '../../scripts/command.mjs';
import { inRoot, packageBin, projectEnv, wranglerNode } from '../../scripts/project.mjs';

const CLIENTS = inRoot('tests', 'clients');

/** The documents that clients are generated from. */
export const DOCUMENTS = {
  service: inRoot('public', 'openapi.json'),
  contract: inRoot('tests', 'contract', 'report-openapi.json'),
};

/** Where generated code goes. */
export const generated = (...parts) => path.join(CLIENTS, 'generated', ...parts);

/**
 * Runs a program, which must succeed, and returns what it wrote to stdout.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 */
export async function runProgram(program, args, { cwd, env = {} } = {}) {
  const { code, stdout, stderr } = await capture(program, args, {
    ...(cwd && { cwd }),
    env: projectEnv({ REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1', ...env }),
  });
  assert.equal(code, 0, `${program} ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Runs a program of an npm package in the same way.
 *
 * @param {string} name
 * @param {string[]} args
 * @param {{ bin?: string, cwd?: string, env?: Record<string, string> }} [options]
 */
export function runPackageBin(name, args, { bin = packageBin(name), ...options } = {}) {
  return runProgram(wranglerNode(), [bin, ...args], options);
}

/** Type-checks a project; it must have no errors. */
export const typeCheck = (project) => runPackageBin('tsc', ['-p', path.join(CLIENTS, project)]);

/** Bundles a module of tests/clients and imports it. */
export async function load(module) {
  const outfile = generated('bundles', module.replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [path.join(CLIENTS, module)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}
