// What is shown instead of rows when there are none: why, and what to do.

import { element, icon } from '../modules/dom.js';
import { isNarrowed, NOT_NARROWED } from '../modules/filters.js';
import { minutes, nextTry, problemWords } from '../modules/words.js';

/**
 * @typedef {object} Actions
 * @property {(changes: Partial<import('../modules/filters.js').Filters>) => void} filter
 * @property {() => void} endSearch
 * @property {() => void} changeOrganization
 * @property {() => void} signOut
 * @property {() => void} retry
 */

/**
 * @typedef {object} Context
 * @property {number} now
 * @property {number | null} nextAt When the next request is due, in server time. `null` means that one is under way.
 * @property {{ok: boolean, text: string, undo?: () => void} | null} outcome How the user's last action went, until it is dismissed.
 * @property {import('./ending.js').Ending | null} ending When the user's token expires, if that is soon.
 */

/** @typedef {{symbol?: string, title: string, text: string, button?: {label: string, act: () => void}}} Message */

/**
 * @param {HTMLElement} container
 * @param {import('../modules/monitor.js').Monitor | null} monitor `null` means that there are rows and no message.
 * @param {Context} context
 * @param {Actions} actions
 */
export function drawMessage(container, monitor, context, actions) {
  const message = monitor === null ? null : messageOf(monitor, context, actions);
  container.hidden = message === null;
  const key = message === null ? '' : JSON.stringify([message.title, message.button?.label]);
  if (container.dataset.key !== key) {
    container.dataset.key = key;
    container.replaceChildren(...(message === null ? [] : partsOf(message)));
  }
  const text = container.querySelector('p');
  if (message !== null && text.textContent !== message.text) text.textContent = message.text;
}

/** @param {Message} message */
function partsOf({ symbol, title, button }) {
  const parts = [...(symbol ? [icon(symbol)] : []), element('h3', {}, title), element('p')];
  if (button) {
    const control = element('button', { class: 'button', type: 'button' }, button.label);
    control.addEventListener('click', () => button.act());
    parts.push(control);
  }
  return parts;
}

/**
 * @param {import('../modules/monitor.js').Monitor} monitor
 * @param {Context} context
 * @param {Actions} actions
 * @returns {Message}
 */
function messageOf({ state, isCurrent }, { now, nextAt }, actions) {
  if (state.problem) return problemMessage(state, now, nextAt, actions);
  if (!isCurrent) return { title: 'Loading …', text: '' };
  const { data, filters } = state.shown;
  if (data.snapshotMissing) {
    return {
      symbol: 'information',
      title: 'No snapshot yet',
      text: 'The first list of this organization will appear here within a minute or two.',
    };
  }
  if (state.user?.role === 'DEPARTMENT_HEAD' && state.scopes?.departments.length === 0) {
    return {
      symbol: 'information',
      title: 'No department',
      text: 'Your token names no department, so there are no conversations to show.',
    };
  }
  if (state.search !== null) {
    const isWide = filters.skipThreshold && !isNarrowed(filters);
    return {
      symbol: 'search',
      title: 'Nobody found',
      text: `Nobody on this list has “${state.search}” in their name, phone number or ids.`,
      button: isWide
        ? { label: 'Clear the search', act: actions.endSearch }
        : {
            label: 'Search everyone waiting',
            act: () => actions.filter({ ...NOT_NARROWED, skipThreshold: true }),
          },
    };
  }
  if (isNarrowed(filters)) {
    return {
      symbol: 'done',
      title: 'Nobody is waiting here',
      text: 'Nothing matches these filters.',
      button: { label: 'Clear the filters', act: () => actions.filter(NOT_NARROWED) },
    };
  }
  if (!filters.skipThreshold) {
    return {
      symbol: 'done',
      title: 'Nobody is waiting too long',
      text: `Nobody has waited ${minutes(data.thresholdMinutes)} or longer.`,
      button: { label: 'Show everyone waiting', act: () => actions.filter({ skipThreshold: true }) },
    };
  }
  return { symbol: 'done', title: 'Nobody is waiting', text: 'No customer is waiting for a reply at the moment.' };
}

/**
 * @param {import('../modules/monitor.js').State} state
 * @param {number} now
 * @param {number | null} nextAt
 * @param {Actions} actions
 * @returns {Message}
 */
function problemMessage({ problem, filters, user }, now, nextAt, actions) {
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
      if (user?.role === 'SUPERADMIN')
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
          act: () => actions.filter({ ...NOT_NARROWED, skipThreshold: false }),
        },
      };
    default:
      return { ...message, text: `${text} ${nextTry(now, nextAt)}`, button: { label: 'Try now', act: actions.retry } };
  }
}
