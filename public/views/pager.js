// Below the list: which rows these are, and the buttons that lead to the others.

import { byId, setAttributes, setText } from '../modules/dom.js';
import { formatNumber } from '../modules/words.js';

/**
 * @param {object} actions
 * @param {(page: number) => void} actions.turnTo
 * @param {(changes: Partial<import('../modules/filters.js').Filters>) => void} actions.filter
 */
export function createPager(actions) {
  const pager = byId('pager');
  const limit = byId('limit', HTMLSelectElement);
  let pagination = { page: 1, totalPages: 1, limit: 25, total: 0 };

  const targets = {
    'page-first': () => 1,
    'page-previous': () => pagination.page - 1,
    'page-next': () => pagination.page + 1,
    'page-last': () => pagination.totalPages,
  };
  for (const [id, target] of Object.entries(targets)) {
    const button = byId(id);
    button.addEventListener('click', () => {
      if (button.getAttribute('aria-disabled') !== 'true') actions.turnTo(target());
    });
  }
  limit.addEventListener('change', () => actions.filter({ limit: Number(limit.value) }));

  return {
    /** @param {import('../modules/monitor.js').Monitor} monitor */
    render({ state, isCurrent }) {
      const { data } = state.shown ?? {};
      pager.hidden = !isCurrent || data.rows.length === 0;
      if (pager.hidden) return;
      pagination = data.pagination;
      const { page, totalPages, total } = pagination;
      const first = (page - 1) * pagination.limit + 1;
      const last = first + data.rows.length - 1;
      setText(byId('pager-range'), `${formatNumber(first)}–${formatNumber(last)} of ${formatNumber(total)}`);
      limit.value = String(pagination.limit);
      // Not `disabled`, which would take the focus from the button that led to the first or the last page.
      const disabled = (isDisabled) => ({ 'aria-disabled': isDisabled ? 'true' : null });
      for (const id of ['page-first', 'page-previous']) setAttributes(byId(id), disabled(page <= 1));
      for (const id of ['page-next', 'page-last']) setAttributes(byId(id), disabled(page >= totalPages));
    },
  };
}
