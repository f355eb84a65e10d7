// Command lines: parsed by Node, refused with the script's own usage.

import { parseArgs } from 'node:util';
import { Failure } from './project.mjs';

/** Parses `args`; `--help` prints `usage` and gives undefined; anything unknown is a failure with exit code 2. */
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

/** What is wrong with the command line, and how it should look. */
export function usageFailure(message, usage) {
  return new Failure(`${message}\n\n${usage}`, { exitCode: 2 });
}
