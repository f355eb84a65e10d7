// Choosing the organization, for users who may see more than one.

import { byId, drawList, element, setAttributes, setClampedText, setText, whenClosed } from '../modules/dom.js';
import { formatNumber, problemWords } from '../modules/words.js';

/** How long the user must pause in typing before the service is asked. */
const TYPING_PAUSE_MS = 250;
/** More than anybody reads; the search narrows the list. */
const SHOWN_MAX = 200;

/** @typedef {import('../modules/monitor.js').Monitor} Monitor */

/** @param {{ onChosen: (organizationId: string) => void }} callbacks */
export function createOrganizationDialog({ onChosen }) {
  const dialog = byId('organization-dialog', HTMLDialogElement);
  const field = byId('organization-search', HTMLInputElement);
  const hint = byId('organization-hint');
  const choices = byId('organization-choices');
  /** @type {Monitor | null} */
  let monitor = null;
  let abort = new AbortController();
  let typing;

  const choose = (organizationId) => {
    dialog.close();
    onChosen(organizationId);
  };
  /** @param {Element | null | undefined} item */
  const buttonOf = (item) => item?.querySelector('button');

  byId('organization-cancel').addEventListener('click', () => dialog.close());
  whenClosed(dialog, () => {
    clearTimeout(typing);
    abort.abort();
  });
  field.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(search, TYPING_PAUSE_MS);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') buttonOf(choices)?.focus();
    else if (event.key === 'Enter' && choices.children.length === 1) buttonOf(choices).click();
    else return;
    event.preventDefault();
  });
  choices.addEventListener('keydown', (event) => {
    const item = document.activeElement.closest('li');
    if (event.key === 'ArrowDown') buttonOf(item?.nextElementSibling)?.focus();
    else if (event.key === 'ArrowUp') (buttonOf(item?.previousElementSibling) ?? field).focus();
    else return;
    event.preventDefault();
  });

  async function search() {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    try {
      const result = await monitor.scopes(field.value.trim(), { signal });
      if (signal.aborted) return;
      if (result.kind === 'data') draw(result.data);
      else setText(hint, problemWords({ kind: result.kind === 'refused' ? 'unavailable' : result.kind }).text);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @param {{organizations: {organizationId: string, name: string | null}[], organizationsTruncated?: boolean}} scopes */
  function draw({ organizations, organizationsTruncated }) {
    const shown = organizations.slice(0, SHOWN_MAX);
    const isTruncated = organizationsTruncated || shown.length < organizations.length;
    setText(hint, hintFor(shown.length, isTruncated));
    drawList(
      choices,
      shown,
      ({ organizationId }) => organizationId,
      ({ organizationId, name }, child) => {
        if (child) return child;
        const nameElement = element('bdi', { class: 'choice-name clamped' });
        setClampedText(nameElement, name ?? 'No name');
        const id = element('code', { class: 'second' }, organizationId);
        const button = element('button', { class: 'choice', type: 'button' }, nameElement, ' ', id);
        button.addEventListener('click', () => choose(organizationId));
        return element('li', { 'data-organization-id': organizationId }, button);
      },
    );
    for (const item of choices.querySelectorAll('li')) {
      const isCurrent = item.dataset.organizationId === monitor.organizationId;
      setAttributes(buttonOf(item), { 'aria-current': isCurrent ? 'true' : null });
    }
  }

  return {
    /** @param {Monitor} of */
    open(of) {
      monitor = of;
      field.value = '';
      choices.replaceChildren();
      setText(hint, 'Loading …');
      dialog.showModal();
      field.focus();
      search();
    },
    close: () => dialog.close(),
  };
}

/**
 * @param {number} count
 * @param {boolean} isTruncated
 */
function hintFor(count, isTruncated) {
  if (count === 0) return 'No organization matches.';
  const organizations = count === 1 ? '1 organization' : `${formatNumber(count)} organizations`;
  return isTruncated ? `Showing the first ${organizations}. Type to find others.` : `${organizations}.`;
}
