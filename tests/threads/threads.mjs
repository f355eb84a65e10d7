// Conversations that look like real ones: those of sample.ndjson, or of the file that THREADS names.

import { readFileSync } from 'node:fs';
import { FILE } from './make.mjs';

/** All events, in the order in which their source tells them. */
export function readThreads() {
  const lines = readFileSync(process.env.THREADS || FILE, 'utf8').split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}
