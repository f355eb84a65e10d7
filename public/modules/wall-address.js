// The address of the wall view: `?view=wall`, and the filters of the list, if it shows a part of it.

import { queryOf, readFilters, withoutPage } from './filters.js';

/**
 * Whether an address is that of the wall view.
 *
 * @param {string} query
 */
export function isWall(query) {
  return new URLSearchParams(query).get('view') === 'wall';
}

/**
 * The filters of a wall view. It has no pages, and always shows the newest snapshot.
 *
 * @param {string} query
 */
export function readWallFilters(query) {
  return withoutPage(readFilters(query), null);
}

/**
 * The query of the wall view of a list.
 *
 * @param {import('./filters.js').Filters} filters
 */
export function wallQuery(filters) {
  return ['view=wall', queryOf(withoutPage(filters, null))].filter((part) => part !== '').join('&');
}
