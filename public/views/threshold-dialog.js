// Changing the organization's threshold.

import { PATHS } from '../modules/client.js';
import { byId, setText } from '../modules/dom.js';
import { minutes, problemWords } from '../modules/words.js';

const MINUTES_MAX = 10_080;

/** `open(client, organizationId, thresholdMinutes)` shows the dialog; `onSaved` gets the sentence to be said. */
export function createThresholdDialog({ onSaved }) {
  const dialog = byId('threshold-dialog');
  const field = byId('threshold-minutes');
  const problem = byId('threshold-problem');
  const save = byId('threshold-save');
  let opened = null;

  const complain = (text) => {
    setText(problem, text);
    field.setAttribute('aria-invalid', String(text !== ''));
  };

  byId('threshold-cancel').addEventListener('click', () => dialog.close());
  // However it is closed: what is under way is of no more interest.
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
    save.setAttribute('aria-disabled', 'true');
    await put(opened, count);
    save.removeAttribute('aria-disabled');
  });

  async function put(of, count) {
    complain('');
    try {
      const answer = await of.client.put(
        PATHS.settings(of.organizationId),
        { thresholdMinutes: count },
        { signal: of.abort.signal },
      );
      if (answer.kind !== 'data') complain(refusal(answer));
      else {
        dialog.close();
        onSaved(`The threshold is ${minutes(answer.data.thresholdMinutes)} now.`);
      }
    } catch (error) {
      if (!of.abort.signal.aborted) throw error;
    } finally {
      of.saving = false;
    }
  }

  return {
    async open(client, organizationId, thresholdMinutes) {
      const of = { client, organizationId, abort: new AbortController(), saving: false };
      opened = of;
      complain('');
      field.value = String(thresholdMinutes);
      dialog.showModal();
      field.select();
      // What is in force may be newer than the snapshot on the screen.
      const answer = await client
        .get(PATHS.settings(organizationId), '', { signal: of.abort.signal })
        .catch(() => null);
      const isUntouched = field.value === String(thresholdMinutes);
      if (opened === of && answer?.kind === 'data' && isUntouched) {
        field.value = String(answer.data.thresholdMinutes);
        field.select();
      }
    },
    close: () => dialog.close(),
  };
}

function refusal(answer) {
  if (answer.kind === 'refused' && answer.status < 500) return `Not saved. ${answer.message}`;
  return `Not saved. ${problemWords({ kind: answer.kind === 'refused' ? 'unavailable' : answer.kind }).text}`;
}
