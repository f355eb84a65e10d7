// The list: the rows of the page, or a message instead of them.

import { arrange, byId } from '../modules/dom.js';
import { drawMessage } from './message.js';
import { createRow } from './row.js';

/** With and without the column that says which rows the user has access to. */
const COLUMNS = { withAccess: 7, withoutAccess: 6 };

/**
 * @typedef {import('../modules/monitor.js').Monitor} Monitor
 * @typedef {ReturnType<typeof createRow>} Row
 */

/**
 * @param {import('./message.js').Actions & import('./story.js').Actions & {isNew: (conversationId: string) => boolean}} actions
 *   For the message's buttons, and the rows'. `isNew` says which rows are marked.
 */
export function createList(actions) {
  const table = byId('list');
  const section = table.closest('section');
  const body = byId('rows');
  /**
   * By conversation.
   * @type {Map<string, Row>}
   */
  let drawn = new Map();
  /**
   * The index on its page of the row that is to be shown once its page has come.
   * @type {number | null}
   */
  let awaited = null;

  return {
    /**
     * @param {Monitor} monitor
     * @param {import('./message.js').Context} context
     */
    render(monitor, context) {
      const { state, isCurrent } = monitor;
      const isListed =
        state.shown !== null && (isCurrent || (state.busy && !state.problem)) && state.shown.data.rows.length > 0;
      const rows = isListed ? state.shown.data.rows.filter((row) => !monitor.isHidden(row)) : [];
      // The column is of use only if it tells rows apart.
      const showsAccess = rows.some(({ hasAccess }) => !hasAccess);
      table.hidden = !isListed;
      table.classList.toggle('without-access', !showsAccess);
      section.classList.toggle('waiting', isListed && !isCurrent);
      section.setAttribute('aria-busy', String(state.busy));
      drawMessage(byId('list-message'), isListed ? null : monitor, context, actions);
      const departments = new Map(
        (state.scopes?.departments ?? []).map(({ departmentId, name }) => [departmentId, name]),
      );
      const columns = showsAccess ? COLUMNS.withAccess : COLUMNS.withoutAccess;
      drawn = drawRows(body, rows, drawn, { departments, columns, create: () => createRow(actions) });
      for (const [conversationId, row] of drawn) row.mark(actions.isNew(conversationId));
      this.tick(context.now);
      if (state.busy || awaited === null) return;
      showRow([...drawn.values()][awaited]);
      awaited = null;
    },
    /**
     * Scrolls to a row and gives it the focus, once the page that is being requested has come.
     *
     * @param {number} index Of the row on its page.
     */
    showRowWhenLoaded(index) {
      awaited = index;
    },
    /** Removes every row and the message: both may have personal data. */
    reset() {
      drawn = new Map();
      awaited = null;
      body.replaceChildren();
      drawMessage(byId('list-message'), null, null, actions);
    },
    /**
     * Updates the ages.
     *
     * @param {number} now
     */
    tick(now) {
      for (const row of drawn.values()) row.tick(now);
    },
    /** Scrolls the first row into view if the window begins below it, and gives the list's heading the focus. */
    showTop() {
      byId('list-heading').focus({ preventScroll: true });
      if (section.getBoundingClientRect().top < 0) section.scrollIntoView({ block: 'start' });
    },
  };
}

/** @param {Row | undefined} row `undefined` means that the list has become shorter. */
function showRow(row) {
  if (!row) return;
  row.control().focus({ preventScroll: true });
  row.elements[0].scrollIntoView({ block: 'center' });
}

/**
 * Rows that stay keep their elements, and so stay unfolded, selected or focused.
 *
 * @param {HTMLElement} body
 * @param {any[]} rows
 * @param {Map<string, Row>} previous
 * @param {{departments: Map<string, string | null>, columns: number, create: () => Row}} table
 */
function drawRows(body, rows, previous, { departments, columns, create }) {
  const active = document.activeElement;
  const focused = active instanceof HTMLElement && body.contains(active) ? active : null;
  const position = [...previous.values()].findIndex(({ elements }) => elements.some((each) => each.contains(focused)));

  const drawn = new Map();
  for (const data of rows) {
    const row = previous.get(data.conversationId) ?? create();
    row.update(data, departments, columns);
    drawn.set(data.conversationId, row);
  }
  arrange(
    body,
    [...drawn.values()].flatMap(({ elements }) => elements),
  );

  if (focused && document.activeElement !== focused) {
    // Moving an element takes the focus from it. If the focused row is gone, the row now at its position gets the
    // focus.
    const next = focused.isConnected
      ? focused
      : [...drawn.values()]
          .slice(position)
          .map(({ control }) => control())
          .find(Boolean);
    (next ?? byId('list-heading')).focus({ preventScroll: true });
  }
  return drawn;
}
