// What is looked at: the filters, the page and the pinned snapshot, as the address keeps them.

/** How many rows a page may have here; the first is what a page has unless another is chosen. */
export const LIMITS = [25, 50, 100];
const CATEGORIES = ['ai_stuck', 'agent_abandoned'];
const ID_MAX_CHARACTERS = 128;
const SNAPSHOT_MAX_CHARACTERS = 1024;

/** Everything at its default. */
export const NO_FILTERS = Object.freeze({
  organizationId: null,
  departmentId: null,
  category: null,
  skipThreshold: false,
  limit: LIMITS[0],
  page: 1,
  snapshot: null,
});

/** Reads the query of an address. Whatever is not understood is left at its default: an address is typed by people. */
export function readFilters(query) {
  const given = new URLSearchParams(query);
  const text = (name, most) => {
    const value = given.get(name);
    return value !== null && value !== '' && value.length <= most ? value : null;
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

/** The query of the address, and of the report: only what differs from the default, always in the same order. */
export function queryOf(filters) {
  const query = new URLSearchParams();
  for (const [name, standard] of Object.entries(NO_FILTERS)) {
    if (filters[name] !== standard) query.set(name, String(filters[name]));
  }
  return query.toString();
}

/** Of all rows that match, whatever the page: what the summary and the CSV are asked for. */
export function withoutPage(filters, snapshot) {
  return { ...filters, page: NO_FILTERS.page, limit: NO_FILTERS.limit, snapshot };
}

/** Whether anything narrows the list beside the threshold. */
export function isNarrowed({ category, departmentId }) {
  return category !== null || departmentId !== null;
}
