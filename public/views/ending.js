// The warning that the user's token is about to expire.

import { formatAge, formatTime } from '../modules/clock.js';

/**
 * @typedef {object} Ending
 * @property {number} at When the token expires, in server time.
 * @property {string | null} link Where the CRM signs the user in, if that is configured.
 */

/**
 * @param {Ending} ending
 * @param {number} now
 * @param {{ signInAgain: () => void }} actions
 * @returns {import('./notices.js').Notice}
 */
export function endingNotice({ at, link }, now, { signInAgain }) {
  return {
    kind: 'bad',
    symbol: 'lock',
    title: 'You will be signed out soon.',
    text: `Your token expires at ${formatTime(at, now)}, in ${formatAge(at - now)}.${
      link === null ? ' Open this page from your CRM again, or sign in with a new token.' : ''
    }`,
    buttons: link === null ? [] : [{ label: 'Sign in again', act: signInAgain }],
  };
}

/** What a screen reader says of it. */
export const ENDING_WORDS = 'You will be signed out soon, because your token expires.';
