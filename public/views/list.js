// The list: the rows of the page, or a message in their place.

import { arrange, byId } from '../modules/dom.js';
import { drawMessage } from './message.js';
import { createRow } from './row.js';

/** `actions`: for the message's buttons. */
export function createList(actions) {
  const section = byId('list').closest('section');
  const body = byId('rows');
  /** By conversation: what `createRow` made. */
  let drawn = new Map();

  return {
    render(monitor, context) {
      const { state, isCurrent } = monitor;
      const isListed =
        state.shown !== null && (isCurrent || (state.busy && !state.problem)) && state.shown.data.rows.length > 0;
      byId('list').hidden = !isListed;
      section.classList.toggle('waiting', isListed && !isCurrent);
      section.setAttribute('aria-busy', String(state.busy));
      drawMessage(byId('list-message'), isListed ? null : monitor, context, actions);
      const departments = new Map(
        (state.scopes?.departments ?? []).map(({ departmentId, name }) => [departmentId, name]),
      );
      drawn = drawRows(body, isListed ? state.shown.data.rows : [], drawn, departments);
      this.tick(context.now);
    },
    /** Lets the ages run on. */
    tick(now) {
      for (const row of drawn.values()) row.tick(now);
    },
  };
}

/** The rows that stay keep their elements, and with them what is unfolded, selected or focused. */
function drawRows(body, rows, old, departments) {
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  const place = [...old.values()].findIndex(({ elements }) => elements.some((each) => each.contains(focused)));

  const drawn = new Map();
  for (const data of rows) {
    const row = old.get(data.conversationId) ?? createRow();
    row.update(data, departments);
    drawn.set(data.conversationId, row);
  }
  arrange(
    body,
    [...drawn.values()].flatMap(({ elements }) => elements),
  );

  if (focused && document.activeElement !== focused) {
    // Moving an element takes the focus from it; a row that is gone leaves it to the one in its place.
    const heir = focused.isConnected
      ? focused
      : [...drawn.values()]
          .slice(place)
          .map(({ control }) => control())
          .find(Boolean);
    (heir ?? byId('list-heading')).focus({ preventScroll: true });
  }
  return drawn;
}
