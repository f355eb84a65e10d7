// The sign-in form: a token is pasted, and why one is asked for is said above it.

import { byId, setText } from '../modules/dom.js';
import { cleanToken, looksLikeToken } from '../modules/session.js';

/** `onToken` gets a token that at least has the form of one. */
export function createSignIn({ onToken }) {
  const section = byId('sign-in');
  const heading = byId('sign-in-heading');
  const reason = byId('sign-in-reason');
  const field = byId('token');
  const problem = byId('token-problem');

  const complain = (text) => {
    setText(problem, text);
    problem.hidden = text === '';
    field.setAttribute('aria-invalid', String(text !== ''));
  };

  byId('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const token = cleanToken(field.value);
    if (token === '') complain('Paste a token first.');
    else if (!looksLikeToken(token)) complain('This is not a whole token: it has three parts with dots between them.');
    else {
      field.value = '';
      complain('');
      onToken(token);
      return;
    }
    field.focus();
  });

  return {
    /** Shows the form, with the reason why the last session ended if there is one. */
    show(text = '') {
      section.hidden = false;
      setText(reason, text);
      reason.hidden = text === '';
      // With a reason to be read the reader starts at it; otherwise she can paste at once.
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
