// What a screen reader says without being asked: what changed, in one sentence, and only when it did.

import { byId } from '../modules/dom.js';
import { formatNumber, problemWords, waitingWords } from '../modules/words.js';

/** Watches the states go by and speaks of the difference. */
export function createAnnouncer() {
  const region = byId('announcer');
  let before = null;

  const say = (text) => {
    if (text) region.textContent = text;
  };

  return {
    say,
    /** Call with each state. */
    watch({ state, isCurrent, isOutdated }) {
      if (state.busy) return;
      const now = {
        problem: state.problem?.kind ?? null,
        total: isCurrent ? state.shown.data.totalCount : null,
        page: isCurrent ? state.shown.filters.page : null,
        stale: state.newest?.stale === true,
        outdated: isOutdated,
        expired: state.snapshotExpired,
      };
      say(difference(before, now, state));
      before = now;
    },
    /** Begins anew: the next state is nobody's successor. */
    forget() {
      before = null;
      region.textContent = '';
    },
  };
}

function difference(before, now, state) {
  if (now.problem && now.problem !== before?.problem) {
    const { title, text } = problemWords(state.problem);
    return `${title}. ${text}`;
  }
  if (now.total === null) return '';
  const waiting = `${formatNumber(now.total)} ${waitingWords(now.total)}.`;
  if (before?.problem && !now.problem) return `Connected again. ${waiting}`;
  if (now.expired && !before?.expired) return `The snapshot is no longer kept; this is the newest one. ${waiting}`;
  if (now.stale && !before?.stale) return 'The data may be out of date.';
  if (now.outdated && !before?.outdated) return 'Newer data is available.';
  if (before?.page && now.page !== before.page) return `Page ${now.page} of ${state.shown.data.pagination.totalPages}.`;
  if (now.total !== before?.total) return waiting;
  return '';
}
