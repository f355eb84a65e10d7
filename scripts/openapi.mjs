// Writes public/openapi.json, which the worker serves at /openapi.json, from its source in scripts/openapi/.

import { writeFileSync } from 'node:fs';
import { DOCUMENT } from './openapi/document.mjs';
import { inRoot, whenProgram } from './project.mjs';

/** The document as public/openapi.json has it. */
export const openapiText = () => `${JSON.stringify(DOCUMENT, null, 2)}\n`;

await whenProgram(import.meta.url, () => {
  writeFileSync(inRoot('public', 'openapi.json'), openapiText());
});
