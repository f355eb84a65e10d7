// What the dashboard knows, and how it finds out. There is no DOM here; the views draw `state` whenever it changes.

import { PATHS } from './client.js';
import { isSameList, membersOf, NO_FILTERS, queryOf, withoutPage } from './filters.js';

/**
 * @typedef {import('./client.js').Result} Result
 * @typedef {import('./filters.js').Filters} Filters
 */

/**
 * Who is signed in, as the service reads the token.
 *
 * @typedef {object} User
 * @property {string | null} name
 * @property {string} role
 * @property {string | null} organizationId
 */

/**
 * @typedef {object} State
 * @property {Filters} filters
 * @property {string | null} search The text that the list is searched for. It is personal data: it is only here and in the
 *   field, and in the bodies of requests. `null` means that nothing is searched.
 * @property {{data: any, filters: Filters, search: string | null} | null} shown The report on the screen, and the filters and
 *   the text that it was requested with.
 * @property {{data: any, filters: Filters} | null} listed The report without the search: the one on the screen, unless
 *   something is searched.
 * @property {{snapshotId: string | null, generatedAt: string | null, stale: boolean, totalCount: number} | null} newest The
 *   newest snapshot that is known, shown or not.
 * @property {{data: any, filters: Filters} | null} summary Totals and histogram with their filters, perhaps of an earlier
 *   snapshot, but with the counts of the report. `null` means unknown.
 * @property {boolean} summaryMissing The summary was requested, and the service did not return it.
 * @property {number | null} maxAgeDays The age limit of the list. `null` means unknown, or that the user may not know it.
 * @property {{organizations: any[], departments: any[], conversationUrl: string | null} | null} scopes Organizations and departments
 *   with their names, and where the CRM shows a conversation. `null` means unknown.
 * @property {User | null} user Who is signed in. `null` means unknown.
 * @property {{kind: string, message?: string} | null} problem What went wrong with the last request.
 * @property {boolean} snapshotExpired The pinned snapshot was gone, so the newest one is shown instead.
 * @property {Map<string, {category: string, at: number}>} hidden Conversations that the user has just taken off the list that
 *   they were on: from when on, in server time, a snapshot says where they are.
 * @property {boolean} busy A response for the current filters is awaited.
 */

/** Problems that a retry cannot solve: only another token or other filters can. */
const FINAL = new Set(['forbidden', 'invalid', 'organization_needed']);

/** After this long the summary is requested again, as its ages have changed even if the report counts the same. */
const SUMMARY_MAX_AGE_MS = 5 * 60_000;
/** After this long what rarely changes is requested again: scopes and the age limit. */
const RARE_MAX_AGE_MS = 60 * 60_000;

/** Who may read and change an organization's settings. This only hides what would fail; the server decides. */
const SETTINGS_ROLES = ['ADMIN', 'SUPERADMIN'];

/** One session's view of the report. */
export class Monitor {
  #client;
  #clock;
  #address;
  #onChange;
  #onSessionEnd;
  #abort = new AbortController();
  /**
   * When what the page needs besides the report was last requested, by its name, and what of.
   * @type {Map<'summary' | 'scopes' | 'maxAge', {of: string, at: number}>}
   */
  #requested = new Map();
  /** The snapshot whose summary the service did not return: it is not requested again. */
  #summaryMissingOf = null;
  /**
   * The newest events of the stream that are not taken yet, by their names.
   * @type {Map<string, import('./events.js').StreamEvent>}
   */
  #events = new Map();
  #isTaking = false;

  /** @type {State} */
  state = {
    filters: NO_FILTERS,
    search: null,
    shown: null,
    listed: null,
    newest: null,
    summary: null,
    summaryMissing: false,
    maxAgeDays: null,
    scopes: null,
    user: null,
    problem: null,
    snapshotExpired: false,
    hidden: new Map(),
    busy: false,
  };

  /**
   * @param {object} settings
   * @param {import('./client.js').Client} settings.client
   * @param {import('./clock.js').ServerClock} settings.clock
   * @param {{read: () => Filters, push: (filters: Filters) => void, replace: (filters: Filters) => void}} settings.address
   * @param {() => void} settings.onChange
   * @param {(message?: string) => void} settings.onSessionEnd Called when the server no longer accepts the token.
   */
  constructor({ client, clock, address, onChange, onSessionEnd }) {
    this.#client = client;
    this.#clock = clock;
    this.#address = address;
    this.#onChange = onChange;
    this.#onSessionEnd = onSessionEnd;
    this.state.filters = address.read();
  }

  /** Whether the report on the screen is the one that the filters and the search ask for. */
  get isCurrent() {
    const { shown, filters, search } = this.state;
    return shown !== null && shown.search === search && queryOf(shown.filters) === queryOf(filters);
  }

  /** Whether the totals are those of the filters. */
  get isListedCurrent() {
    const { listed, filters } = this.state;
    return listed !== null && isSameList(listed.filters, filters);
  }

  /** Whether there is a newer snapshot than the pinned one on the screen. */
  get isOutdated() {
    const { shown, newest, filters } = this.state;
    return (
      this.isCurrent && filters.snapshot !== null && newest !== null && newest.snapshotId !== shown.data.snapshotId
    );
  }

  /** The organization in the filters or, without one, the user's own. */
  get organizationId() {
    const { filters, user, shown } = this.state;
    return filters.organizationId ?? (user ?? shown?.data)?.organizationId ?? null;
  }

  /** How many rows only the threshold leaves out; 0 as long as that is not known of the list on the screen. */
  get belowThreshold() {
    const { summary, listed } = this.state;
    return (summary && listed && isSameList(summary.filters, listed.filters) && summary.data.belowThresholdCount) || 0;
  }

  /** The query of the stream that reports what is new. `null` means that there is nothing to follow. */
  get streamQuery() {
    return this.#needsOrganization ? null : queryOf(this.#newest);
  }

  /**
   * The filters of the newest report. A pinned report never changes, so once it is on the screen the page asks whether
   * there is a newer snapshot instead. So it does while something is searched, because a search is never answered with
   * 304 and may not be sent as often.
   */
  get #newest() {
    const { filters, search } = this.state;
    return { ...filters, snapshot: null, ...(search !== null && { page: 1 }) };
  }

  /** Whether the user may change the settings. `null` means that it is not known yet. */
  get maySetThresholds() {
    const { user } = this.state;
    return user && SETTINGS_ROLES.includes(user.role);
  }

  /** Whether the user must choose an organization first. */
  get #needsOrganization() {
    return this.state.user?.role === 'SUPERADMIN' && this.organizationId === null;
  }

  /**
   * Changes filters and shows the first page of the newest snapshot. Another organization ends a search.
   *
   * @param {Partial<Filters>} changes
   */
  filter(changes) {
    const search = 'organizationId' in changes ? null : this.state.search;
    this.#go({ ...this.state.filters, ...changes, page: 1, snapshot: null }, { search });
  }

  /**
   * Shows only the rows in which a text is found, from the first page on.
   *
   * @param {string | null} search `null` ends the search.
   */
  search(search) {
    if (search !== this.state.search) this.#go({ ...this.state.filters, page: 1, snapshot: null }, { search });
  }

  /**
   * Turns to another page of the snapshot on the screen. The first page follows the newest snapshot again, unless a
   * newer one has been published meanwhile.
   *
   * @param {number} page
   */
  turnTo(page) {
    const pinned = page > 1 || this.isOutdated ? this.state.shown?.data.snapshotId : null;
    this.#go({ ...this.state.filters, page, snapshot: pinned ?? null });
  }

  /** Shows the same page of the newest snapshot. */
  showNewest() {
    this.#go({ ...this.state.filters, snapshot: null });
  }

  /** Shows the newest snapshot under settings that the user has just changed. */
  showNewSettings() {
    this.#requested.delete('summary');
    this.#requested.delete('maxAge');
    this.showNewest();
  }

  /** Shows what the address says after the user went back or forward. */
  followAddress() {
    const filters = this.#address.read();
    // A jump to a fragment changes nothing.
    if (queryOf(filters) !== queryOf(this.state.filters)) this.#go(filters, { push: false });
  }

  /**
   * Hides a row that the user has just taken off its list, until a newer snapshot says where it is.
   *
   * @param {{conversationId: string, category: string}} row
   * @param {number} at When it was taken off, in server time.
   */
  hide({ conversationId, category }, at) {
    this.#change({ hidden: new Map(this.state.hidden).set(conversationId, { category, at }) });
  }

  /**
   * Shows a row again that was hidden.
   *
   * @param {{conversationId: string}} row
   */
  unhide({ conversationId }) {
    const hidden = new Map(this.state.hidden);
    if (hidden.delete(conversationId)) this.#change({ hidden });
  }

  /**
   * Whether a row of the report on the screen has been taken off its list since the snapshot that it is of.
   *
   * @param {{conversationId: string, category: string}} row
   */
  isHidden({ conversationId, category }) {
    const hidden = this.state.hidden.get(conversationId);
    return hidden?.category === category && Date.parse(this.state.shown.data.generatedAt) <= hidden.at;
  }

  /** The query that names the organization of the page, where the token does not. */
  get organizationQuery() {
    return queryOf({ ...NO_FILTERS, organizationId: this.state.filters.organizationId });
  }

  /** Removes the notice that the pinned snapshot was gone. */
  dismissExpired() {
    this.#change({ snapshotExpired: false });
  }

  /** Aborts all requests. Nothing is drawn afterwards. */
  close() {
    this.#abort.abort();
    this.#onChange = () => {};
  }

  /**
   * @param {Filters} filters
   * @param {{ push?: boolean, search?: string | null }} [options]
   */
  #go(filters, { push = true, search = this.state.search } = {}) {
    if (push && queryOf(filters) !== queryOf(this.state.filters)) this.#address.push(filters);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#events.clear();
    this.#change({ filters, search, busy: true, problem: null, snapshotExpired: false });
  }

  /**
   * Requests whatever is due now. While the page is hidden that is the report, whose count is in the title.
   *
   * @param {{ isHidden?: boolean }} [options]
   * @returns {Promise<import('./poller.js').Outcome>}
   */
  async poll({ isHidden = false } = {}) {
    const { signal } = this.#abort;
    try {
      return this.#needsOrganization
        ? await this.#askForOrganization(signal)
        : await this.#requestReport(signal, isHidden);
    } catch (error) {
      if (!signal.aborted) throw error;
      // The user has changed the filters meanwhile; the next poll requests those.
      return { ok: true };
    }
  }

  /**
   * Opens the stream of what is new.
   *
   * @param {string} query
   * @param {AbortSignal} signal
   */
  openStream(query, signal) {
    return this.#client.stream(query, { signal });
  }

  /**
   * Takes what the stream says. Of events that come faster than they can be taken, the newest of each name is.
   *
   * @param {import('./events.js').StreamEvent} event
   * @returns {Promise<import('./poller.js').Outcome>}
   */
  async take(event) {
    this.#events.set(event.name, event);
    if (this.#isTaking) return { ok: true };
    this.#isTaking = true;
    const { signal } = this.#abort;
    /** @type {import('./poller.js').Outcome} */
    let outcome = { ok: true };
    try {
      for (const [name, newest] of this.#events) {
        this.#events.delete(name);
        if (name === 'report') outcome = await this.#takeReport(newest, signal);
        else if (name === 'summary') this.#takeSummary(newest);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#isTaking = false;
    }
    return outcome;
  }

  /** @param {AbortSignal} signal */
  async #askForOrganization(signal) {
    await this.#requestScopes(signal);
    this.#change({ shown: null, listed: null, busy: false, problem: { kind: 'organization_needed' } });
    return { rest: true };
  }

  /**
   * @param {AbortSignal} signal
   * @param {boolean} isHidden
   * @returns {Promise<import('./poller.js').Outcome>}
   */
  async #requestReport(signal, isHidden) {
    const isCurrent = this.isCurrent;
    if (!isCurrent) this.#change({ busy: true });
    const { filters } = this.state;
    const requested = isCurrent ? this.#newest : { ...this.#newest, snapshot: filters.snapshot };
    const reported = this.#client.get(PATHS.report, queryOf(requested), { signal });
    // What does not depend on the report does not wait for it.
    const scopes = isHidden ? null : this.#requestScopes(signal);
    const summarized = isHidden || !this.#isSummaryDue(filters) ? null : this.#getSummary(filters, signal);
    for (const other of [scopes, summarized]) other?.catch(() => {});

    const result = await reported;
    signal.throwIfAborted();
    const { pollAfterMs } = result;
    if (result.kind !== 'data') return this.#handleFailure(result, requested, signal, { isHidden, scopes });
    const failure = await this.#showReport(result.data, isCurrent, requested, signal, isHidden);
    if (failure) return failure;
    if (summarized) this.#showSummary(await summarized, filters);
    await scopes;
    if (!isHidden) await this.#requestMissing(signal);
    return { ok: true, pollAfterMs };
  }

  /**
   * @param {import('./events.js').StreamEvent} event
   * @param {AbortSignal} signal
   * @returns {Promise<import('./poller.js').Outcome>}
   */
  async #takeReport(event, signal) {
    const requested = this.#newest;
    const result = this.#client.receive(PATHS.report, queryOf(requested), event);
    if (!this.isCurrent) return { ok: true };
    if (result.kind !== 'data') return { ok: false };
    const failure = await this.#showReport(result.data, true, requested, signal, false);
    if (failure) return failure;
    await this.#requestScopes(signal);
    await this.#requestMaxAge(signal);
    return { ok: true };
  }

  /** @param {import('./events.js').StreamEvent} event */
  #takeSummary(event) {
    const { listed, filters } = this.state;
    const result = this.#client.receive(PATHS.summary, queryOf(withoutPage(filters, null)), event);
    // The summary of a pinned report does not change.
    if (filters.snapshot === null && listed && isSameList(listed.filters, filters)) this.#showSummary(result, filters);
  }

  /**
   * Shows what a report says. Returns what went wrong, or nothing.
   *
   * @param {any} data
   * @param {boolean} isCurrent Whether the report on the screen was the one that the filters ask for.
   * @param {Filters} requested
   * @param {AbortSignal} signal
   * @param {boolean} isHidden
   * @returns {Promise<import('./poller.js').Outcome | undefined>}
   */
  async #showReport(data, isCurrent, requested, signal, isHidden) {
    const { filters, search } = this.state;
    if (data.generatedAt) this.#clock.notBefore(Date.parse(data.generatedAt));
    const { snapshotId, generatedAt, stale = false, totalCount } = data;
    const newest = requested.snapshot === null ? { snapshotId, generatedAt, stale, totalCount } : this.state.newest;
    /** What to show, if it is not on the screen already. */
    let page = data;
    if (isCurrent && filters.snapshot !== null) page = null;
    else if (search !== null) {
      this.#change({ newest, listed: { data, filters } });
      const found = await this.#requestFound(data, isCurrent, signal);
      if (found && found.kind !== 'data') return this.#handleFailure(found, filters, signal, { isSearch: true });
      page = found?.data ?? null;
    }
    const lastPage = Math.max(1, page?.pagination.totalPages ?? 1);
    if (page !== null && filters.page > lastPage) return this.#turnBack(lastPage, signal, isHidden);
    const shown = page === null ? {} : this.#show(page, filters);
    this.#change({ ...shown, newest, problem: null, busy: false });
    return undefined;
  }

  /**
   * Searches the snapshot of a report that was requested without the search. Returns `null` if what was found in it is
   * on the screen.
   *
   * @param {any} data The data of that report.
   * @param {boolean} isCurrent
   * @param {AbortSignal} signal
   * @returns {Promise<Result | null>}
   */
  async #requestFound(data, isCurrent, signal) {
    const { filters, search, shown } = this.state;
    if (isCurrent && shown.data.snapshotId === data.snapshotId) return null;
    if (!data.snapshotId) return { kind: 'data', data };
    const body = { search, ...membersOf({ ...filters, snapshot: data.snapshotId }) };
    const result = await this.#client.post(PATHS.search, body, { signal });
    signal.throwIfAborted();
    return result;
  }

  /** Pins the snapshot from the second page on, so that paging neither skips nor repeats a row. */
  #show(data, filters) {
    const pinned = filters.page > 1 && data.snapshotId ? { ...filters, snapshot: data.snapshotId } : filters;
    if (pinned !== filters) this.#address.replace(pinned);
    const shown = { data, filters: pinned, search: this.state.search };
    return { shown, filters: pinned, ...(shown.search === null && { listed: shown }) };
  }

  /**
   * Shows the last page instead of one past the end.
   *
   * @param {number} page
   * @param {AbortSignal} signal
   * @param {boolean} isHidden
   */
  #turnBack(page, signal, isHidden) {
    const filters = { ...this.state.filters, page };
    this.#address.replace(filters);
    this.#change({ filters });
    return this.#requestReport(signal, isHidden);
  }

  /**
   * @param {Result} result
   * @param {Filters} requested
   * @param {AbortSignal} signal
   * @param {{ isSearch?: boolean, isHidden?: boolean, scopes?: Promise<void> | null }} [options] `scopes` is a
   *   request of them that is under way.
   * @returns {Promise<import('./poller.js').Outcome>}
   */
  async #handleFailure(result, requested, signal, { isSearch = false, isHidden = false, scopes = null } = {}) {
    const kind = isSearch && result.code === 'RATE_LIMITED' ? 'search_limited' : problemOf(result);
    if (kind === 'unauthenticated') {
      this.#onSessionEnd(result.message);
      return { rest: true };
    }
    if (kind === 'snapshot_expired' && requested.snapshot !== null) {
      const filters = { ...this.state.filters, snapshot: null };
      this.#address.replace(filters);
      this.#change({ filters, snapshotExpired: true });
      return this.#requestReport(signal, isHidden);
    }
    // What the user can do about these depends on the role.
    if (['invalid', 'forbidden', 'not_found'].includes(kind)) {
      await scopes;
      await this.#requestUser(signal);
    }
    if (kind === 'invalid' && this.#needsOrganization) return this.#askForOrganization(signal);
    const isFinal = FINAL.has(kind);
    if (isFinal || kind === 'not_found') {
      this.#requested.delete('summary');
      Object.assign(this.state, { shown: null, listed: null, summary: null, summaryMissing: false, newest: null });
    }
    this.#change({ busy: false, problem: { kind, message: result.message } });
    return isFinal ? { rest: true } : { ok: false, retryAfterMs: result.retryAfterMs };
  }

  /**
   * Requests what the report on the screen needs besides itself.
   *
   * @param {AbortSignal} signal
   */
  async #requestMissing(signal) {
    const { listed, summary } = this.state;
    const { filters, data } = listed;
    const isShown = summary !== null && hasSameCounts(summary.data, data);
    if (data.snapshotId && !isShown && data.snapshotId !== this.#summaryMissingOf) {
      // Of this very snapshot, so that it has the same counts.
      this.#showSummary(await this.#getSummary({ ...filters, snapshot: data.snapshotId }, signal), filters);
    }
    await this.#requestMaxAge(signal);
  }

  /**
   * Whether the summary is of other filters, or has been on the screen for a while. That of a pinned snapshot never
   * changes.
   *
   * @param {Filters} filters
   */
  #isSummaryDue(filters) {
    const maxAgeMs = filters.snapshot === null ? SUMMARY_MAX_AGE_MS : Number.POSITIVE_INFINITY;
    return this.#isDue('summary', queryOf(withoutPage(filters, null)), maxAgeMs);
  }

  /**
   * @param {Filters} filters
   * @param {AbortSignal} signal
   */
  async #getSummary(filters, signal) {
    const result = await this.#client.get(PATHS.summary, queryOf(withoutPage(filters, filters.snapshot)), { signal });
    signal.throwIfAborted();
    return result;
  }

  /**
   * @param {Result} result
   * @param {Filters} filters
   */
  #showSummary(result, filters) {
    this.#note('summary', queryOf(withoutPage(filters, null)));
    const { kind, data } = result;
    this.#summaryMissingOf = kind === 'data' ? null : this.state.listed.data.snapshotId;
    if (kind !== 'data') this.#change({ summary: null, summaryMissing: true });
    else this.#change({ summary: data.snapshotId ? { data, filters } : null, summaryMissing: false });
  }

  /**
   * Requests the age limit while rows are left out because of it.
   *
   * @param {AbortSignal} signal
   */
  async #requestMaxAge(signal) {
    const { data } = this.state.listed;
    if (!data.olderCount || !this.maySetThresholds) return;
    if (!this.#isDue('maxAge', data.organizationId, RARE_MAX_AGE_MS)) return;
    const result = await this.#client.get(PATHS.settings(data.organizationId), '', { signal });
    signal.throwIfAborted();
    this.#note('maxAge', data.organizationId);
    this.#change({ maxAgeDays: result.kind === 'data' ? result.data.maxAgeDays : null });
  }

  /**
   * Requests the scopes, unless they are known. After a failure the next poll tries again.
   *
   * @param {AbortSignal} signal
   */
  async #requestScopes(signal) {
    const of = JSON.stringify(this.state.filters.organizationId);
    if (!this.#isDue('scopes', of, RARE_MAX_AGE_MS)) return;
    const result = await this.scopes('', { signal });
    signal.throwIfAborted();
    if (result.kind !== 'data') return;
    this.#note('scopes', of);
    this.#change({ scopes: result.data, user: result.data.user });
  }

  /** Whether something was never requested, was last requested of something else, or at least this long ago. */
  #isDue(name, of, maxAgeMs) {
    const last = this.#requested.get(name);
    return last?.of !== of || Date.now() - last.at >= maxAgeMs;
  }

  #note(name, of) {
    this.#requested.set(name, { of, at: Date.now() });
  }

  /**
   * Requests who is signed in, if that is not known yet. It asks for no organization, because the one in the filters
   * may be the problem.
   *
   * @param {AbortSignal} signal
   */
  async #requestUser(signal) {
    if (this.state.user) return;
    const result = await this.#client.get(PATHS.scopes, '', { signal });
    signal.throwIfAborted();
    if (result.kind === 'data') this.state.user = result.data.user;
  }

  /**
   * The organizations and departments to choose from; `search` narrows the organizations.
   *
   * @param {string} search
   * @param {import('./client.js').Options} [options]
   */
  scopes(search, { signal } = {}) {
    const query = new URLSearchParams();
    const { organizationId } = this.state.filters;
    if (organizationId !== null) query.set('organizationId', organizationId);
    if (search !== '') query.set('search', search);
    return this.#client.get(PATHS.scopes, query.toString(), { signal });
  }

  /** @param {Partial<State>} changes */
  #change(changes) {
    Object.assign(this.state, changes);
    this.#onChange();
  }
}

/** Whether a summary counts what a report counts, both of the same filters. */
function hasSameCounts(summary, report) {
  return (
    summary.total === report.totalCount &&
    summary.olderCount === report.olderCount &&
    summary.thresholdMinutes === report.thresholdMinutes &&
    Object.entries(report.counts).every(([category, count]) => summary.byCategory[category] === count)
  );
}

/**
 * What went wrong, as a key of the words for problems.
 *
 * @param {Result} result
 */
function problemOf({ kind, status, code }) {
  if (kind !== 'refused') return status === 401 ? 'unauthenticated' : kind;
  if (status === 401) return 'unauthenticated';
  const byCode = {
    INVALID_REQUEST: 'invalid',
    FORBIDDEN: 'forbidden',
    NOT_FOUND: 'not_found',
    SNAPSHOT_EXPIRED: 'snapshot_expired',
    RATE_LIMITED: 'rate_limited',
    UNAVAILABLE: 'unavailable',
  };
  return byCode[code] ?? 'internal';
}
