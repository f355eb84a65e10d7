// The foot of the list: which rows these are, and the way to the others.

import { byId, setAttributes, setText } from '../modules/dom.js';
import { formatNumber } from '../modules/words.js';

/** `actions`: turnTo(page), filter(changes). */
export function createPager(actions) {
  const pager = byId('pager');
  const limit = byId('limit');
  let at = { page: 1, totalPages: 1 };

  const targets = {
    'page-first': () => 1,
    'page-previous': () => at.page - 1,
    'page-next': () => at.page + 1,
    'page-last': () => at.totalPages,
  };
  for (const [id, target] of Object.entries(targets)) {
    byId(id).addEventListener('click', ({ currentTarget }) => {
      if (currentTarget.getAttribute('aria-disabled') !== 'true') actions.turnTo(target());
    });
  }
  limit.addEventListener('change', () => actions.filter({ limit: Number(limit.value) }));

  return {
    render({ state, isCurrent }) {
      const { pagination, rows } = state.shown?.data ?? {};
      pager.hidden = !isCurrent || rows.length === 0;
      if (pager.hidden) return;
      at = pagination;
      const first = (at.page - 1) * at.limit + 1;
      setText(
        byId('pager-range'),
        `${formatNumber(first)}–${formatNumber(first + rows.length - 1)} of ${formatNumber(at.total)}`,
      );
      limit.value = String(at.limit);
      // Not `disabled`: the button just pressed would lose the focus when the end is reached.
      const off = (isOff) => ({ 'aria-disabled': isOff ? 'true' : null });
      for (const id of ['page-first', 'page-previous']) setAttributes(byId(id), off(at.page <= 1));
      for (const id of ['page-next', 'page-last']) setAttributes(byId(id), off(at.page >= at.totalPages));
    },
  };
}
