// Choosing the organization, for those who may see more than one.

import { byId, drawList, element, setAttributes, setText } from '../modules/dom.js';
import { formatNumber, problemWords } from '../modules/words.js';

/** A pause in typing after which the service is asked. */
const TYPING_MS = 250;
/** More than anybody reads; the search narrows them. */
const SHOWN_MAX = 200;

/** `open(monitor)` shows the dialog; `onChosen` gets an organization's id. */
export function createOrganizationDialog({ onChosen }) {
  const dialog = byId('organization-dialog');
  const field = byId('organization-search');
  const hint = byId('organization-hint');
  const choices = byId('organization-choices');
  let monitor = null;
  let asking = new AbortController();
  let typing = null;

  const choose = (organizationId) => {
    dialog.close();
    onChosen(organizationId);
  };

  byId('organization-cancel').addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    clearTimeout(typing);
    asking.abort();
  });
  field.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(search, TYPING_MS);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') choices.querySelector('button')?.focus();
    else if (event.key === 'Enter' && choices.children.length === 1) choices.querySelector('button').click();
    else return;
    event.preventDefault();
  });
  choices.addEventListener('keydown', (event) => {
    const item = document.activeElement.closest('li');
    if (event.key === 'ArrowDown') item?.nextElementSibling?.firstElementChild.focus();
    else if (event.key === 'ArrowUp') (item?.previousElementSibling?.firstElementChild ?? field).focus();
    else return;
    event.preventDefault();
  });

  async function search() {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const answer = await monitor.scopes(field.value.trim(), { signal });
      if (signal.aborted) return;
      if (answer.kind === 'data') draw(answer.data);
      else setText(hint, problemWords({ kind: answer.kind === 'refused' ? 'unavailable' : answer.kind }).text);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  function draw({ organizations, organizationsTruncated }) {
    const shown = organizations.slice(0, SHOWN_MAX);
    const isPart = organizationsTruncated || shown.length < organizations.length;
    const count = organizations.length === 1 ? '1 organization' : `${formatNumber(shown.length)} organizations`;
    setText(
      hint,
      organizations.length === 0
        ? 'No organization matches.'
        : isPart
          ? `The first ${count}. Type to find others.`
          : `${count}.`,
    );
    drawList(
      choices,
      shown,
      ({ organizationId }) => organizationId,
      ({ organizationId, name }, old) => {
        if (old) return old;
        const button = element(
          'button',
          { class: 'choice', type: 'button' },
          element('span', { class: 'choice-name' }, name ?? 'No name'),
          ' ',
          element('code', { class: 'second' }, organizationId),
        );
        button.addEventListener('click', () => choose(organizationId));
        return element('li', {}, button);
      },
    );
    for (const item of choices.children) {
      setAttributes(item.firstElementChild, {
        'aria-current': item.dataset.key === monitor.organizationId ? 'true' : null,
      });
    }
  }

  return {
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
