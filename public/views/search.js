// The search. What is typed is personal data: it stays in the field, in memory and in the bodies of requests, and never
// gets into an address or a storage.

import { byId, setText } from '../modules/dom.js';

/** The fewest characters that the service searches for. */
const CHARACTERS_MIN = 2;

/**
 * @param {object} actions
 * @param {(text: string) => void} actions.search
 * @param {() => void} actions.endSearch
 */
export function createSearch(actions) {
  const field = byId('search', HTMLInputElement);
  const problem = byId('search-problem');
  /**
   * What was searched when the field was drawn last.
   * @type {string | null}
   */
  let drawn = null;

  /** @param {string} text An empty text removes the complaint. */
  const complain = (text) => {
    setText(problem, text);
    field.setAttribute('aria-invalid', String(text !== ''));
  };

  // A search reads every row, so it waits until the user has typed all of it.
  byId('filters').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if ([...text].length < CHARACTERS_MIN) {
      complain('Type at least 2 characters.');
      field.focus();
      return;
    }
    complain('');
    actions.search(text);
  });
  field.addEventListener('input', () => {
    complain('');
    if (field.value === '' && drawn !== null) actions.endSearch();
  });

  return {
    /** @param {import('../modules/monitor.js').Monitor} monitor */
    render({ state }) {
      // What the user is typing meanwhile stays.
      if (state.search === drawn) return;
      drawn = state.search;
      field.value = drawn ?? '';
    },
    /** Forgets what was typed. */
    reset() {
      drawn = null;
      field.value = '';
      complain('');
    },
  };
}
