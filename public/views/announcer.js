// What a screen reader says unasked: one sentence about what changed, and only when something did.

import { byId } from '../modules/dom.js';
import { formatNumber, problemWords, thresholdOf, waitingWords } from '../modules/words.js';

/** Compares each state with the previous one and announces the difference. */
export function createAnnouncer() {
  const region = byId('announcer');
  let previous = null;

  /** @param {string} text */
  const say = (text) => {
    if (text) region.textContent = text;
  };

  return {
    say,
    /**
     * Call with each state.
     *
     * @param {import('../modules/monitor.js').Monitor} monitor
     */
    watch({ state, isCurrent, isOutdated }) {
      if (state.busy) return;
      const current = {
        problem: state.problem?.kind ?? null,
        total: isCurrent ? state.shown.data.totalCount : null,
        search: state.search,
        page: isCurrent ? state.shown.filters.page : null,
        stale: state.newest?.stale === true,
        outdated: isOutdated,
        expired: state.snapshotExpired,
      };
      say(difference(previous, current, state));
      previous = current;
    },
    /** Starts over: the next state is compared with nothing. */
    reset() {
      previous = null;
      region.textContent = '';
    },
  };
}

function difference(previous, current, state) {
  if (current.problem && current.problem !== previous?.problem) {
    const { title, text } = problemWords(state.problem);
    return `${title}. ${text}`;
  }
  if (current.total === null) return '';
  const { data } = state.shown;
  const waiting =
    current.search === null
      ? `${formatNumber(current.total)} ${waitingWords(current.total, thresholdOf(state.shown))}.`
      : `${formatNumber(current.total)} found.`;
  if (previous?.problem && !current.problem) return `Connected again. ${waiting}`;
  if (current.expired && !previous?.expired)
    return `The list that you were viewing is no longer available; this is the newest one. ${waiting}`;
  if (current.stale && !previous?.stale) return 'The data may be out of date.';
  if (current.outdated && !previous?.outdated) return 'Newer data is available.';
  if (previous?.page && current.page !== previous.page) return `Page ${current.page} of ${data.pagination.totalPages}.`;
  if (current.total !== previous?.total || current.search !== previous?.search) return waiting;
  return '';
}
