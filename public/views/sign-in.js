// The sign-in form: a field for a token and, above it, the reason why one is needed, and where else to get one.

import { byId, setAttributes, setText } from '../modules/dom.js';
import { cleanToken, looksLikeToken, TOKEN_PARTS } from '../modules/session.js';

/**
 * @param {object} callbacks
 * @param {(token: string) => void} callbacks.onToken Gets text that at least looks like a token.
 * @param {() => Promise<string | null>} callbacks.link Where the CRM signs the user in, if that is configured.
 */
export function createSignIn({ onToken, link }) {
  const section = byId('sign-in');
  const heading = byId('sign-in-heading');
  const reason = byId('sign-in-reason');
  const field = byId('token', HTMLInputElement);
  const problem = byId('token-problem');
  const elsewhere = byId('sign-in-elsewhere');

  /** @param {string} text An empty text removes the complaint. */
  const complain = (text) => {
    setText(problem, text);
    problem.hidden = text === '';
    field.setAttribute('aria-invalid', String(text !== ''));
  };

  byId('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const token = cleanToken(field.value);
    if (token === '') complain('Paste a token first.');
    else if (!looksLikeToken(token)) complain(`This token is incomplete: ${TOKEN_PARTS}.`);
    else {
      field.value = '';
      complain('');
      onToken(token);
      return;
    }
    field.focus();
  });

  return {
    /**
     * Shows the form and, if there is one, the reason why a token is needed.
     *
     * @param {string} [text]
     * @param {{ takesFocus?: boolean }} [options] Without the focus, whoever has it keeps it.
     */
    show(text = '', { takesFocus = true } = {}) {
      section.hidden = false;
      link().then((href) => {
        elsewhere.hidden = href === null;
        setAttributes(byId('sign-in-link'), { href });
      });
      setText(reason, text);
      reason.hidden = text === '';
      if (!takesFocus) return;
      // A screen reader starts at the heading if there is a reason to read; otherwise the user can paste at once.
      if (text) heading.focus();
      else field.focus();
    },
    hide() {
      section.hidden = true;
      field.value = '';
      complain('');
    },
  };
}
