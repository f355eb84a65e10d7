// The sign-in form: a field for a token and, above it, the reason why one is needed.

import { byId, setText } from '../modules/dom.js';
import { cleanToken, looksLikeToken } from '../modules/session.js';

/**
 * @param {{ onToken: (token: string) => void }} callbacks `onToken` gets text that at least looks like a token.
 */
export function createSignIn({ onToken }) {
  const section = byId('sign-in');
  const heading = byId('sign-in-heading');
  const reason = byId('sign-in-reason');
  const field = byId('token', HTMLInputElement);
  const problem = byId('token-problem');

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
    else if (!looksLikeToken(token))
      complain('This token is incomplete: it should have three parts separated by dots.');
    else {
      field.value = '';
      complain('');
      onToken(token);
      return;
    }
    field.focus();
  });

  return {
    /** Shows the form and, if there is one, the reason why the last session ended. */
    show(text = '') {
      section.hidden = false;
      setText(reason, text);
      reason.hidden = text === '';
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
