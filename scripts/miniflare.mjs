// Miniflare, which runs workers in workerd.
//
// It is one CommonJS file of 6 MB. To `import` it, Node reads all of it twice more, to see of which kind it is and what
// it exports: half of the time until it is there, in each file of tests.

import { createRequire } from 'node:module';

/** @type {typeof import('miniflare')} */
export const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = createRequire(import.meta.url)('miniflare');
