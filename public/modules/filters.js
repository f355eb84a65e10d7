// What the list shows: the filters, the page and the pinned snapshot, as they stand in the address.

/**
 * @typedef {object} Filters
 * @property {string | null} organizationId
 * @property {string | null} departmentId
 * @property {string | null} category
 * @property {string | null} channelType
 * @property {string | null} reason
 * @property {string | null} assignee The name of somebody to whom the conversation is assigned.
 * @property {boolean} skipThreshold
 * @property {number} limit
 * @property {number} page
 * @property {string | null} snapshot
 */

/** The choices of rows per page; the first is the default. */
export const LIMITS = [25, 50, 100];
/** Every category, in the order of the tabs. */
export const CATEGORIES = ['ai_stuck', 'agent_abandoned', 'unassigned', 'snoozed', 'acknowledged'];
const ID_MAX_CHARACTERS = 128;
const CHANNEL_MAX_CHARACTERS = 64;
const NAME_MAX_CHARACTERS = 512;
/** A reason that this page does not know may be one of a newer service. */
const REASON = /^[a-z_]{1,64}$/;
const SNAPSHOT_MAX_CHARACTERS = 1024;

/**
 * Everything at its default.
 * @type {Readonly<Filters>}
 */
export const NO_FILTERS = Object.freeze({
  organizationId: null,
  departmentId: null,
  category: null,
  channelType: null,
  reason: null,
  assignee: null,
  skipThreshold: false,
  limit: LIMITS[0],
  page: 1,
  snapshot: null,
});

/** What narrows the list besides the threshold, at its default. */
export const NOT_NARROWED = Object.freeze({
  departmentId: null,
  category: null,
  channelType: null,
  reason: null,
  assignee: null,
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
    return value !== null && value !== '' && [...value].length <= maxLength ? value : null;
  };
  const oneOf = (name, values) => values.find((value) => String(value) === given.get(name));
  const reason = given.get('reason') ?? '';
  const page = Number(/^[1-9]\d{0,15}$/.test(given.get('page') ?? '') ? given.get('page') : 1);
  return {
    organizationId: text('organizationId', ID_MAX_CHARACTERS),
    departmentId: text('departmentId', ID_MAX_CHARACTERS),
    category: oneOf('category', CATEGORIES) ?? null,
    channelType: text('channelType', CHANNEL_MAX_CHARACTERS),
    reason: REASON.test(reason) ? reason : null,
    assignee: text('assignee', NAME_MAX_CHARACTERS),
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
 * The members of a search: the same as the query, with numbers and booleans as such.
 *
 * @param {Filters} filters
 */
export function membersOf(filters) {
  return Object.fromEntries(
    Object.entries(NO_FILTERS)
      .filter(([name, defaultValue]) => filters[name] !== defaultValue)
      .map(([name]) => [name, filters[name]]),
  );
}

/**
 * The filters for everything that matches in this snapshot, whatever the page: for the summary and the CSV.
 *
 * @param {Filters} filters
 * @param {string | null} snapshot
 * @returns {Filters}
 */
export function withoutPage(filters, snapshot) {
  return { ...filters, page: NO_FILTERS.page, limit: NO_FILTERS.limit, snapshot };
}

/**
 * Whether both select the same rows of a snapshot, whatever the page and the snapshot.
 *
 * @param {Filters} a
 * @param {Filters} b
 */
export function isSameList(a, b) {
  return queryOf(withoutPage(a, null)) === queryOf(withoutPage(b, null));
}

/**
 * Whether anything besides the threshold narrows the list.
 *
 * @param {Filters} filters
 */
export function isNarrowed(filters) {
  return Object.keys(NOT_NARROWED).some((name) => filters[name] !== null);
}
