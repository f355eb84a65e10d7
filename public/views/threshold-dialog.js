// Changing the organization's threshold.

import { PATHS } from '../modules/client.js';
import { byId, setText } from '../modules/dom.js';
import { minutes, problemWords } from '../modules/words.js';

const MINUTES_MAX = 10_080;

/** @typedef {import('../modules/client.js').Client} Client */

/** @param {{ onSaved: (text: string) => void }} callbacks `onSaved` gets a sentence for the user. */
export function createThresholdDialog({ onSaved }) {
  const dialog = byId('threshold-dialog', HTMLDialogElement);
  const field = byId('threshold-minutes', HTMLInputElement);
  const problem = byId('threshold-problem');
  const saveButton = byId('threshold-save');
  /** @type {{client: Client, organizationId: string, abort: AbortController, saving: boolean} | null} */
  let opened = null;

  /** @param {string} text An empty text removes the complaint. */
  const complain = (text) => {
    setText(problem, text);
    field.setAttribute('aria-invalid', String(text !== ''));
  };

  byId('threshold-cancel').addEventListener('click', () => dialog.close());
  // Whichever way the dialog is closed, its requests are no longer needed.
  dialog.addEventListener('close', () => opened?.abort.abort());
  byId('threshold-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const count = Number(field.value);
    if (!/^\d{1,5}$/.test(field.value.trim()) || count < 1 || count > MINUTES_MAX) {
      complain('Enter a whole number from 1 to 10,080.');
      field.focus();
      return;
    }
    if (opened.saving) return;
    opened.saving = true;
    saveButton.setAttribute('aria-disabled', 'true');
    await save(opened, count);
    saveButton.removeAttribute('aria-disabled');
  });

  /**
   * @param {NonNullable<typeof opened>} target
   * @param {number} thresholdMinutes
   */
  async function save(target, thresholdMinutes) {
    complain('');
    const { signal } = target.abort;
    try {
      const result = await target.client.put(PATHS.settings(target.organizationId), { thresholdMinutes }, { signal });
      if (result.kind !== 'data') complain(refusal(result));
      else {
        dialog.close();
        onSaved(`Threshold set to ${minutes(result.data.thresholdMinutes)}.`);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      target.saving = false;
    }
  }

  return {
    /**
     * Shows the dialog.
     *
     * @param {Client} client
     * @param {string} organizationId
     * @param {number} thresholdMinutes What the report on the screen says.
     */
    async open(client, organizationId, thresholdMinutes) {
      const target = { client, organizationId, abort: new AbortController(), saving: false };
      opened = target;
      complain('');
      field.value = String(thresholdMinutes);
      dialog.showModal();
      field.select();
      // The threshold may have been changed since the snapshot on the screen.
      const result = await client
        .get(PATHS.settings(organizationId), '', { signal: target.abort.signal })
        .catch(() => null);
      const isUntouched = field.value === String(thresholdMinutes);
      if (opened === target && result?.kind === 'data' && isUntouched) {
        field.value = String(result.data.thresholdMinutes);
        field.select();
      }
    },
    close: () => dialog.close(),
  };
}

/** @param {import('../modules/client.js').Result} result */
function refusal(result) {
  if (result.kind === 'refused' && result.status < 500) return `Not saved. ${result.message}`;
  return `Not saved. ${problemWords({ kind: result.kind === 'refused' ? 'unavailable' : result.kind }).text}`;
}
