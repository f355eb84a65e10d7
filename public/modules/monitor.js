// What the dashboard knows and how it comes to know it. No DOM here; the views draw `state` whenever it changes.

import { PATHS } from './client.js';
import { NO_FILTERS, queryOf, withoutPage } from './filters.js';

/** Problems that asking again cannot solve: only the token or the filters can. */
const FINAL = new Set(['forbidden', 'invalid', 'organization_needed']);

/** One session's view of the report. */
export class Monitor {
  #client;
  #clock;
  #address;
  #session;
  #onChange;
  #onSessionEnd;
  #abort = new AbortController();
  #summaryAsked = null;
  #scopesAsked = null;

  state = {
    filters: NO_FILTERS,
    /** The answer on the screen, and what it was asked with: `{data, filters}`. */
    shown: null,
    /** `{snapshotId, generatedAt, stale}` of the newest answer heard of, shown or not. */
    newest: null,
    /** Totals and histogram, perhaps of an earlier snapshot; null: not known. */
    summary: null,
    /** Organizations and departments by name; null: not known. */
    scopes: null,
    /** What went wrong with the last question: `{kind, message}`. */
    problem: null,
    /** The pinned snapshot was gone, and the newest is shown in its place. */
    snapshotExpired: false,
    /** An answer to the filters is awaited. */
    busy: false,
  };

  constructor({ client, clock, address, session, onChange, onSessionEnd }) {
    this.#client = client;
    this.#clock = clock;
    this.#address = address;
    this.#session = session;
    this.#onChange = onChange;
    this.#onSessionEnd = onSessionEnd;
    this.state.filters = address.read();
  }

  /** Whether what is on the screen is what the filters ask for. */
  get isCurrent() {
    const { shown, filters } = this.state;
    return shown !== null && queryOf(shown.filters) === queryOf(filters);
  }

  /** Whether there is a newer snapshot than the one on the screen. */
  get isOutdated() {
    const { shown, newest, filters } = this.state;
    return (
      this.isCurrent && filters.snapshot !== null && newest !== null && newest.snapshotId !== shown.data.snapshotId
    );
  }

  /** The organization on the screen, or the one asked for. */
  get organizationId() {
    return this.state.filters.organizationId ?? this.#session.organizationId;
  }

  /** Other filters: the first page of the newest snapshot. */
  filter(changes) {
    this.#go({ ...this.state.filters, ...changes, page: 1, snapshot: null });
  }

  /** Another page of the snapshot on the screen; back on the first page it follows the newest again, if that is it. */
  turnTo(page) {
    const pin = page > 1 || this.isOutdated ? this.state.shown?.data.snapshotId : null;
    this.#go({ ...this.state.filters, page, snapshot: pin ?? null });
  }

  /** The newest snapshot, on the page that she is on. */
  showNewest() {
    this.#go({ ...this.state.filters, snapshot: null });
  }

  /** What the address says: she went back or forward. */
  followAddress() {
    const filters = this.#address.read();
    // A jump within the page is no journey.
    if (queryOf(filters) !== queryOf(this.state.filters)) this.#go(filters, { push: false });
  }

  /** Takes the word away that the pinned snapshot was gone. */
  dismissExpired() {
    this.#change({ snapshotExpired: false });
  }

  /** Ends whatever is under way. */
  close() {
    this.#abort.abort();
    this.#onChange = () => {};
  }

  #go(filters, { push = true } = {}) {
    if (push && queryOf(filters) !== queryOf(this.state.filters)) this.#address.push(filters);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#change({ filters, busy: true, problem: null, snapshotExpired: false });
  }

  /** Asks what there is to ask now. Its outcome is for the Poller. */
  async poll() {
    const { signal } = this.#abort;
    try {
      if (this.#session.role === 'SUPERADMIN' && !this.organizationId) {
        await this.#askForScopes(signal);
        this.#change({ shown: null, busy: false, problem: { kind: 'organization_needed' } });
        return { rest: true };
      }
      return await this.#askForReport(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      // She has gone elsewhere meanwhile, and that is asked for next.
      return { ok: true };
    }
  }

  async #askForReport(signal) {
    const isCurrent = this.isCurrent;
    if (!isCurrent) this.#change({ busy: true });
    const { filters } = this.state;
    // A pinned answer never changes: what there is to ask is whether there is a newer one.
    const asked = isCurrent ? { ...filters, snapshot: null } : filters;
    const answer = await this.#client.get(PATHS.report, queryOf(asked), { signal });
    signal.throwIfAborted();
    if (answer.kind !== 'data') return this.#refused(answer, asked);

    const { data } = answer;
    if (data.generatedAt) this.#clock.notBefore(Date.parse(data.generatedAt));
    const { snapshotId, generatedAt, stale = false } = data;
    const newest = asked.snapshot === null ? { snapshotId, generatedAt, stale } : this.state.newest;
    const changes = { newest, problem: null, busy: false };
    const lastPage = Math.max(1, data.pagination.totalPages);
    if (isCurrent && filters.snapshot !== null) this.#change(changes);
    else if (filters.page > lastPage) return this.#turnBack(lastPage, signal);
    else this.#change({ ...changes, ...this.#shown(data, filters) });

    await this.#askForSummary(signal);
    await this.#askForScopes(signal);
    return { ok: true };
  }

  /** From the second page on the snapshot is pinned, so that no row is missed or met twice on the way. */
  #shown(data, filters) {
    const pinned = filters.page > 1 && data.snapshotId ? { ...filters, snapshot: data.snapshotId } : filters;
    if (pinned !== filters) this.#address.replace(pinned);
    return { shown: { data, filters: pinned }, filters: pinned };
  }

  #turnBack(page, signal) {
    const filters = { ...this.state.filters, page };
    this.#address.replace(filters);
    this.#change({ filters });
    return this.#askForReport(signal);
  }

  #refused(answer, asked) {
    const kind = problemOf(answer);
    if (kind === 'unauthenticated') {
      this.#onSessionEnd(answer.message);
      return { rest: true };
    }
    if (kind === 'snapshot_expired' && asked.snapshot !== null) {
      const filters = { ...this.state.filters, snapshot: null };
      this.#address.replace(filters);
      this.#change({ filters, snapshotExpired: true });
      return this.#askForReport(this.#abort.signal);
    }
    const lost = FINAL.has(kind) || kind === 'not_found' ? { shown: null, summary: null, newest: null } : {};
    if (lost.shown === null) this.#summaryAsked = null;
    this.#change({ ...lost, busy: false, problem: { kind, message: answer.message } });
    return FINAL.has(kind) ? { rest: true } : { ok: false, retryAfterMs: answer.retryAfterMs };
  }

  /** Once for each snapshot and filters, of the very snapshot that is on the screen. */
  async #askForSummary(signal) {
    const { shown } = this.state;
    if (!shown.data.snapshotId) return this.#change({ summary: null });
    const query = queryOf(withoutPage(shown.filters, shown.data.snapshotId));
    if (query === this.#summaryAsked) return undefined;
    const answer = await this.#client.get(PATHS.summary, query, { signal });
    signal.throwIfAborted();
    this.#summaryAsked = query;
    return this.#change({ summary: answer.kind === 'data' ? answer.data : null });
  }

  /** Once for each snapshot: names change seldom, and a failure is made good with the next one. */
  async #askForScopes(signal) {
    const asked = JSON.stringify([this.organizationId, this.state.newest?.snapshotId]);
    if (asked === this.#scopesAsked) return;
    const answer = await this.scopes('', { signal });
    signal.throwIfAborted();
    this.#scopesAsked = asked;
    if (answer.kind === 'data') this.#change({ scopes: answer.data });
  }

  /** The organizations and departments to choose from; `search` narrows the organizations. */
  scopes(search, { signal } = {}) {
    const query = new URLSearchParams();
    const { organizationId } = this.state.filters;
    if (organizationId !== null) query.set('organizationId', organizationId);
    if (search !== '') query.set('search', search);
    return this.#client.get(PATHS.scopes, query.toString(), { signal });
  }

  #change(changes) {
    Object.assign(this.state, changes);
    this.#onChange();
  }
}

/** One word for what went wrong. */
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
