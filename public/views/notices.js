// The strips above the list: what is wrong, what is newer, and what she can do about it.

import { formatAge, formatTime } from '../modules/clock.js';
import { byId, drawList, element, icon, setText } from '../modules/dom.js';
import { problemWords } from '../modules/words.js';

/** The refresh runs each minute; without one for so long the list is late, and that is said. */
const LATE_AFTER_MS = 3 * 60_000;

/** `actions`: retry, showNewest, dismissExpired, dismissOutcome. */
export function createNotices(actions) {
  const container = byId('notices');
  const draw = (notice, old) => {
    const strip = old ?? makeStrip(notice);
    setText(strip.querySelector('.notice-title'), notice.title);
    setText(strip.querySelector('.notice-text'), notice.text);
    return strip;
  };
  const makeStrip = ({ kind, symbol, button }) => {
    const text = element(
      'p',
      {},
      element('strong', { class: 'notice-title' }),
      ' ',
      element('span', { class: 'notice-text' }),
    );
    const strip = element('div', { class: `notice ${kind}` }, icon(symbol), text);
    if (button) {
      const control = element('button', { class: 'button', type: 'button' }, button.label);
      control.addEventListener('click', button.act);
      strip.append(control);
    }
    return strip;
  };

  return {
    /** `nextAt`: when the next try is due, in server time; null while it is under way. */
    render({ state, isCurrent, isOutdated }, { now, nextAt, outcome }) {
      const notices = [];
      if (outcome) {
        notices.push({
          kind: outcome.ok ? 'plain' : 'bad',
          symbol: outcome.ok ? 'done' : 'warning',
          title: outcome.ok ? 'Done.' : 'That did not work.',
          text: outcome.text,
          button: { label: 'OK', act: actions.dismissOutcome },
        });
      }
      if (state.problem && isCurrent) notices.push(failing(state, now, nextAt, actions));
      if (state.snapshotExpired && isCurrent) {
        notices.push({
          kind: 'plain',
          symbol: 'information',
          title: 'This is the newest list.',
          text: 'The one that you were paging through is no longer kept.',
          button: { label: 'OK', act: actions.dismissExpired },
        });
      }
      if (isCurrent && !state.problem) notices.push(...freshness(state, now));
      if (isOutdated) {
        notices.push({
          kind: 'plain',
          symbol: 'information',
          title: 'New data.',
          text: `There is a list of ${formatTime(Date.parse(state.newest.generatedAt), now)}; yours stays as it is while you read.`,
          button: { label: 'Show', act: actions.showNewest },
        });
      }
      drawList(container, notices, ({ kind, title }) => `${kind} ${title}`, draw);
    },
  };
}

function failing({ problem, shown }, now, nextAt, { retry }) {
  const { title, text } = problemWords(problem);
  const of = shown.data.generatedAt
    ? ` What you see is of ${formatTime(Date.parse(shown.data.generatedAt), now)}.`
    : '';
  return {
    kind: 'bad',
    symbol: problem.kind === 'unreachable' ? 'offline' : 'warning',
    title: `${title}.`,
    text: `${text}${of} ${nextTry(now, nextAt)}`,
    button: { label: 'Try now', act: retry },
  };
}

/** "Next try in 8 s." */
export function nextTry(now, nextAt) {
  return nextAt === null ? 'Trying …' : `Next try in ${formatAge(Math.ceil((nextAt - now) / 1000) * 1000)}.`;
}

function freshness({ newest }, now) {
  if (!newest?.generatedAt) return [];
  const generatedAt = Date.parse(newest.generatedAt);
  const since = `of ${formatTime(generatedAt, now)}, ${formatAge(now - generatedAt)} ago`;
  const symbol = 'warning';
  if (newest.stale) {
    return [
      {
        kind: 'bad',
        symbol,
        title: 'Stale data.',
        text: `The service cannot reach its storage. The newest list that it has is ${since}.`,
      },
    ];
  }
  if (now - generatedAt < LATE_AFTER_MS) return [];
  return [
    {
      kind: 'bad',
      symbol,
      title: 'Late data.',
      text: `The list should be refreshed each minute, and the newest is ${since}.`,
    },
  ];
}
