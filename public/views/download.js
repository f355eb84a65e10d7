// The CSV of everything that the filters select in the snapshot on the screen.

import { PATHS } from '../modules/client.js';
import { queryOf, withoutPage } from '../modules/filters.js';
import { problemWords } from '../modules/words.js';

/**
 * Fetches and saves the file. Resolves to how it went and what to tell the user.
 *
 * @param {import('../modules/client.js').Client} client
 * @param {NonNullable<import('../modules/monitor.js').State['shown']>} shown
 * @returns {Promise<{ok: boolean, text: string}>}
 */
export async function downloadCsv(client, { data, filters }) {
  const result = await client.file(PATHS.csv, queryOf(withoutPage(filters, data.snapshotId)));
  if (result.kind === 'data') {
    save(result.data, fileName(data));
    return { ok: true, text: 'The CSV file was saved.' };
  }
  // A truncated file is never saved, because it could be mistaken for a complete one.
  if (result.kind === 'unreachable') return { ok: false, text: 'Download failed; nothing was saved.' };
  if (result.code === 'SNAPSHOT_EXPIRED')
    return { ok: false, text: 'This list is no longer available. Load the newest one and try again.' };
  const kind = result.kind === 'refused' && result.status < 500 ? 'invalid' : 'unavailable';
  return { ok: false, text: `The CSV could not be created. ${problemWords({ kind, message: result.message }).text}` };
}

/** Contains only characters that every file system accepts. */
function fileName({ organizationId, generatedAt }) {
  const safe = (text) => text.replace(/[^\w.-]+/g, '-');
  return `waiting-${safe(organizationId)}-${safe(generatedAt.slice(0, 19))}.csv`;
}

/**
 * Saves a file.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
