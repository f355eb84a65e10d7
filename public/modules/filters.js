// What the list shows: the filters, the page and the pinned snapshot, as they stand in the address.

/**
 * @typedef {object} Filters
 * @property {string | null} organizationId
 * @property {string | null} departmentId
 * @property {string | null} category
 * @property {boolean} skipThreshold
 * @property {number} limit
 * @property {number} page
 * @property {string | null} snapshot
 */

/** The choices of rows per page; the first is the default. */
export const LIMITS = [25, 50, 100];
const CATEGORIES = ['ai_stuck', 'agent_abandoned'];
const ID_MAX_CHARACTERS = 128;
const SNAPSHOT_MAX_CHARACTERS = 1024;

/**
 * Everything at its default.
 * @type {Readonly<Filters>}
 */
export const NO_FILTERS = Object.freeze({
  organizationId: null,
  departmentId: null,
  category: null,
  skipThreshold: false,
  limit: LIMITS[0],
  page: 1,
  snapshot: null,
});

/**
 * Reads the query of an address. People edit addresses by hand, so anything invalid gets its default.
 *
 * @param {string} query
 * @returns {Filters}
 */
export function readFilters(query) {
  const given = new URLSearchParams(query);
  const text = (name, maxLength) => {
    const value = given.get(name);
    return value !== null && value !== '' && value.length <= maxLength ? value : null;
  };
  const oneOf = (name, values) => values.find((value) => String(value) === given.get(name));
  const page = Number(/^[1-9]\d{0,15}$/.test(given.get('page') ?? '') ? given.get('page') : 1);
  return {
    organizationId: text('organizationId', ID_MAX_CHARACTERS),
    departmentId: text('departmentId', ID_MAX_CHARACTERS),
    category: oneOf('category', CATEGORIES) ?? null,
    skipThreshold: given.get('skipThreshold') === 'true',
    limit: oneOf('limit', LIMITS) ?? LIMITS[0],
    page: Number.isSafeInteger(page) ? page : 1,
    snapshot: text('snapshot', SNAPSHOT_MAX_CHARACTERS),
  };
}

/**
 * The query of the address and of the report: only what differs from the default, always in the same order.
 *
 * @param {Filters} filters
 */
export function queryOf(filters) {
  const query = new URLSearchParams();
  for (const [name, defaultValue] of Object.entries(NO_FILTERS)) {
    if (filters[name] !== defaultValue) query.set(name, String(filters[name]));
  }
  return query.toString();
}

/**
 * The filters for everything that matches in this snapshot, whatever the page: for the summary and the CSV.
 *
 * @param {Filters} filters
 * @param {string} snapshot
 */
export function withoutPage(filters, snapshot) {
  return { ...filters, page: NO_FILTERS.page, limit: NO_FILTERS.limit, snapshot };
}

/**
 * Whether anything besides the threshold narrows the list.
 *
 * @param {Filters} filters
 */
export function isNarrowed({ category, departmentId }) {
  return category !== null || departmentId !== null;
}
