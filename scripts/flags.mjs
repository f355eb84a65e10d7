// Command lines: parsed by Node, refused with the script's own usage.

import { parseArgs } from 'node:util';
import { Failure } from './project.mjs';

/**
 * Parses `args`; `--help` prints `usage` and gives undefined; anything unknown is a failure with exit code 2.
 *
 * @param {string[]} args
 * @param {string} usage
 * @param {import('node:util').ParseArgsConfig['options']} options
 * @returns {{ values: any, positionals: string[] } | undefined}
 */
export function parseFlags(args, usage, options, { positionals = 0 } = {}) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: positionals > 0,
    });
  } catch (error) {
    throw usageFailure(error.message, usage);
  }
  if (parsed.values.help) {
    console.log(usage);
    return undefined;
  }
  if (parsed.positionals.length > positionals) {
    throw usageFailure(`One argument too many: "${parsed.positionals[positionals]}".`, usage);
  }
  return parsed;
}

/** The address of a worker, as --url takes it. */
export function parseAddress(text, usage, example) {
  // "localhost:8787" is an address too, but its scheme is "localhost:".
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (protocol === 'http:' || protocol === 'https:') return text;
  throw usageFailure(`--url takes an address such as ${example}; "${text}" is not one.`, usage);
}

/** What is wrong with the command line, and how it should look. */
export function usageFailure(message, usage) {
  return new Failure(`${message}\n\n${usage}`, { exitCode: 2 });
}
