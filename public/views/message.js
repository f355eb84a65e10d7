// What stands in the place of the rows when there are none to show: why, and what to do.

import { element, icon } from '../modules/dom.js';
import { isNarrowed } from '../modules/filters.js';
import { minutes, problemWords } from '../modules/words.js';
import { nextTry } from './notices.js';

/** `monitor` null: there are rows, and no message. */
export function drawMessage(container, monitor, context, actions) {
  container.hidden = monitor === null;
  const message = monitor === null ? null : messageOf(monitor, context, actions);
  const key = message === null ? '' : JSON.stringify([message.title, message.button?.label]);
  if (container.dataset.key !== key) {
    container.dataset.key = key;
    const parts =
      message === null ? [] : [message.symbol && icon(message.symbol), element('h3', {}, message.title), element('p')];
    if (message?.button) {
      const button = element('button', { class: 'button', type: 'button' }, message.button.label);
      button.addEventListener('click', message.button.act);
      parts.push(button);
    }
    container.replaceChildren(...parts.filter(Boolean));
  }
  if (message !== null && container.querySelector('p').textContent !== message.text)
    container.querySelector('p').textContent = message.text;
}

function messageOf({ state, isCurrent }, { now, nextAt, session }, actions) {
  if (state.problem) return problemMessage(state, now, nextAt, actions, session);
  if (!isCurrent) return { title: 'Loading …', text: '' };
  const { data, filters } = state.shown;
  if (data.snapshotMissing) {
    return {
      symbol: 'information',
      title: 'No snapshot yet',
      text: 'The first list of this organization is made within a minute or two, and appears here by itself.',
    };
  }
  if (session.hasNoDepartment) {
    return {
      symbol: 'information',
      title: 'No department',
      text: 'Your token names no department, so there are no conversations for you to see.',
    };
  }
  if (isNarrowed(filters)) {
    return {
      symbol: 'done',
      title: 'Nobody is waiting here',
      text: 'Nothing matches these filters.',
      button: { label: 'Clear the filters', act: () => actions.filter({ category: null, departmentId: null }) },
    };
  }
  if (!filters.skipThreshold) {
    return {
      symbol: 'done',
      title: 'Nobody is waiting too long',
      text: `No answer has been owed for ${minutes(data.thresholdMinutes)} or more.`,
      button: { label: 'Show everyone waiting', act: () => actions.filter({ skipThreshold: true }) },
    };
  }
  return { symbol: 'done', title: 'Nobody is waiting', text: 'Every customer has an answer, or somebody is on it.' };
}

function problemMessage({ problem, filters }, now, nextAt, actions, session) {
  const { title, text } = problemWords(problem);
  const symbol =
    { unreachable: 'offline', forbidden: 'lock', organization_needed: 'information' }[problem.kind] ?? 'warning';
  const message = { symbol, title, text };
  switch (problem.kind) {
    case 'organization_needed':
      return { ...message, button: { label: 'Choose …', act: actions.changeOrganization } };
    case 'forbidden':
    case 'not_found':
      if (filters.organizationId === null)
        return { ...message, button: { label: 'Use another token', act: actions.signOut } };
      if (session.role === 'SUPERADMIN')
        return { ...message, button: { label: 'Choose another organization', act: actions.changeOrganization } };
      return {
        ...message,
        button: { label: 'Show my organization', act: () => actions.filter({ organizationId: null }) },
      };
    case 'invalid':
      return {
        ...message,
        button: {
          label: 'Clear the filters',
          act: () => actions.filter({ category: null, departmentId: null, skipThreshold: false }),
        },
      };
    default:
      return { ...message, text: `${text} ${nextTry(now, nextAt)}`, button: { label: 'Try now', act: actions.retry } };
  }
}
