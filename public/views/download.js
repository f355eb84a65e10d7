// The CSV of all that the filters show, of the snapshot on the screen, saved under a telling name.

import { PATHS } from '../modules/client.js';
import { queryOf, withoutPage } from '../modules/filters.js';
import { problemWords } from '../modules/words.js';

/** Fetches and saves the file. Resolves to the sentence that says how it went: `{ok, text}`. */
export async function downloadCsv(client, { data, filters }) {
  const answer = await client.file(PATHS.csv, queryOf(withoutPage(filters, data.snapshotId)));
  if (answer.kind === 'data') {
    save(answer.data, fileName(data));
    return { ok: true, text: 'The CSV file is saved.' };
  }
  // A file cut short is never saved: it could pass for a whole one.
  if (answer.kind === 'unreachable') return { ok: false, text: 'The download broke off, and nothing was saved.' };
  if (answer.code === 'SNAPSHOT_EXPIRED')
    return { ok: false, text: 'This list is no longer kept. Show the newest one and try again.' };
  const kind = answer.kind === 'refused' && answer.status < 500 ? 'invalid' : 'unavailable';
  return { ok: false, text: `There is no CSV file. ${problemWords({ kind, message: answer.message }).text}` };
}

/** Without anything that a file system could take amiss. */
function fileName({ organizationId, generatedAt }) {
  const safe = (text) => text.replace(/[^\w.-]+/g, '-');
  return `waiting-${safe(organizationId)}-${safe(generatedAt.slice(0, 19))}.csv`;
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
