// What narrows the list, each with a button that removes it.

import { byId, drawList, element, icon, setClampedText } from '../modules/dom.js';
import { channelName, reasonWords } from '../modules/words.js';

/** @typedef {import('../modules/filters.js').Filters} Filters */
/** @typedef {{key: string, label: string, value: string, remove: () => void}} Chip */

/**
 * @param {object} actions
 * @param {(changes: Partial<Filters>) => void} actions.filter
 * @param {() => void} actions.endSearch
 */
export function createChips(actions) {
  const list = byId('chips');

  return {
    /** @param {import('../modules/monitor.js').Monitor} monitor */
    render({ state }) {
      const chips = state.problem?.kind === 'organization_needed' ? [] : chipsOf(state, actions);
      const hadFocus = list.contains(document.activeElement);
      drawList(
        list,
        chips,
        ({ key }) => key,
        (chip, child) => drawChip(chip, child),
      );
      list.hidden = chips.length === 0;
      // The button that was pressed is gone: the next one gets its focus.
      if (hadFocus && !list.contains(document.activeElement))
        (list.querySelector('button') ?? byId('list-heading')).focus({ preventScroll: true });
    },
    /** Removes all of them. */
    reset: () => list.replaceChildren(),
  };
}

/**
 * @param {import('../modules/monitor.js').State} state
 * @param {Parameters<typeof createChips>[0]} actions
 * @returns {Chip[]}
 */
function chipsOf({ filters, scopes, search }, actions) {
  const { departmentId, channelType, reason, category, assignee } = filters;
  const department = scopes?.departments.find((each) => each.departmentId === departmentId);
  /** @type {[keyof Filters, string, string | null][]} */
  const shown = [
    ['reason', 'Why', reason && reasonWords(reason, category ?? undefined)],
    ['channelType', 'Channel', channelType && channelName(channelType)],
    ['departmentId', 'Department', departmentId && (department?.name ?? departmentId)],
    ['assignee', 'Assigned to', assignee],
  ];
  const chips = shown
    .filter(([, , value]) => value !== null)
    .map(([key, label, value]) => ({ key, label, value, remove: () => actions.filter({ [key]: null }) }));
  return search === null
    ? chips
    : [{ key: 'search', label: 'Search', value: search, remove: actions.endSearch }, ...chips];
}

/**
 * @param {Chip} chip
 * @param {HTMLElement | undefined} child
 */
function drawChip(chip, child) {
  const item = child ?? createChip(chip);
  setClampedText(item.querySelector('bdi'), chip.value);
  return item;
}

/** @param {Chip} chip */
function createChip({ label, remove }) {
  const button = element(
    'button',
    { class: 'chip', type: 'button' },
    element('span', { class: 'unseen' }, 'Remove the filter '),
    element('span', { class: 'chip-label' }, `${label}:`),
    ' ',
    element('bdi', { class: 'clamped' }),
    icon('remove'),
  );
  button.addEventListener('click', () => remove());
  return element('li', {}, button);
}
