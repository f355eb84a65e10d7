// Connects the parts: the session, the monitor that loads its data, the views that draw it, and the timers.

import { fillIn, returnTo } from './modules/addresses.js';
import { Client, PATHS } from './modules/client.js';
import { formatTime, ServerClock } from './modules/clock.js';
import { configuration } from './modules/configuration.js';
import { byId } from './modules/dom.js';
import { Embedding, isEmbedded } from './modules/embedding.js';
import { queryOf, readFilters } from './modules/filters.js';
import { Monitor } from './modules/monitor.js';
import {
  currentSession,
  looksLikeToken,
  readSession,
  saveToken,
  TOKEN_PARTS,
  takeTokenFromFragment,
} from './modules/session.js';
import { Updates } from './modules/updates.js';
import { isWall, readWallFilters, wallQuery } from './modules/wall-address.js';
import { formatNumber, refusalWords } from './modules/words.js';
import { createAlertsDialog } from './views/alerts-dialog.js';
import { createAnnouncer } from './views/announcer.js';
import { createBreakdown } from './views/breakdown.js';
import { createChips } from './views/chips.js';
import { createConnectionsDialog } from './views/connections-dialog.js';
import { downloadCsv } from './views/download.js';
import { ENDING_WORDS } from './views/ending.js';
import { createFilterBar } from './views/filter-bar.js';
import { createList } from './views/list.js';
import { createMasthead } from './views/masthead.js';
import { createNotices } from './views/notices.js';
import { createOrganizationDialog } from './views/organization-dialog.js';
import { createPager } from './views/pager.js';
import { createSearch } from './views/search.js';
import { createSignIn } from './views/sign-in.js';
import { createSummary } from './views/summary.js';
import { createThresholdDialog } from './views/threshold-dialog.js';
import { createTrend } from './views/trend.js';
import { createWall } from './views/wall.js';
import { createWatch } from './views/watch.js';

const TITLE = 'Conversation Monitor';
const TICK_MS = 1_000;

/** @typedef {import('./modules/filters.js').Filters} Filters */

/** Whether the page is a wall view: that does not change until it is loaded again. */
const isOnWall = isWall(location.search);

/** The filters in the address. */
const address = {
  read: () => (isOnWall ? readWallFilters : readFilters)(location.search),
  /** @param {Filters} filters */
  push: (filters) => history.pushState(null, '', targetOf(filters)),
  /** @param {Filters} filters */
  replace: (filters) => history.replaceState(null, '', targetOf(filters)),
};

/** @param {Filters} filters */
function targetOf(filters) {
  const query = isOnWall ? wallQuery(filters) : queryOf(filters);
  return query ? `?${query}` : location.pathname;
}

/** Shows the dashboard, or the sign-in form if there is no session. */
export function startDashboard() {
  const clock = new ServerClock();
  /**
   * `null` means that nobody is signed in.
   * @type {{session: import('./modules/session.js').Session, client: Client, monitor: Monitor} | null}
   */
  let signedIn = null;
  let downloading = false;
  /**
   * How the user's last action went, until it is dismissed, and how to take it back.
   * @type {{ok: boolean, text: string, undo?: () => void} | null}
   */
  let outcome = null;
  /**
   * The warning of the session, once it is due.
   * @type {import('./views/ending.js').Ending | null}
   */
  let ending = null;
  /** Whether the page around this one may sign the user in: not after they have signed out. */
  let mayBeSignedIn = true;
  /**
   * The newest token that the page around this one has handed over while one of its tokens is being tried.
   * @type {string | null}
   */
  let offered = null;

  /** @param {(monitor: Monitor) => void} change */
  const go = (change) => {
    if (!signedIn) return;
    change(signedIn.monitor);
    updates.now();
  };
  const actions = {
    /** @param {Partial<Filters>} changes */
    filter: (changes) => go((monitor) => monitor.filter(changes)),
    /** @param {number} page */
    turnTo: (page) => {
      go((monitor) => monitor.turnTo(page));
      list.showTop();
    },
    /** @param {number} before How many rows of the list are before the one to show. */
    showRow: (before) => {
      const { limit } = signedIn.monitor.state.filters;
      list.showRowWhenLoaded(before % limit);
      go((monitor) => {
        monitor.search(null);
        monitor.turnTo(Math.floor(before / limit) + 1);
      });
    },
    /** @param {string} text */
    search: (text) => go((monitor) => monitor.search(text)),
    endSearch: () => go((monitor) => monitor.search(null)),
    showNewest: () => go((monitor) => monitor.showNewest()),
    dismissExpired: () => signedIn?.monitor.dismissExpired(),
    retry: () => updates.now(),
    signOut: () => signOut(),
    dismissOutcome: () => report(null),
    undo: () => outcome?.undo?.(),
    signInAgain: async () => {
      const link = await signInLink();
      if (link !== null) location.assign(link);
    },
    /** @param {any} row */
    conversationLink: ({ conversationId, contactId }) => {
      if (!signedIn) return null;
      const { state, organizationId } = signedIn.monitor;
      return fillIn(state.scopes?.conversationUrl, { organizationId, contactId, conversationId });
    },
    explain,
    acknowledge,
    withdraw,
    changeOrganization: () => signedIn && organizationDialog.open(signedIn.monitor),
    showConnections: () => {
      if (!signedIn) return;
      const { organizationId } = signedIn.monitor;
      connectionsDialog.open(signedIn.client, { organizationId, now: () => clock.now() });
    },
    showAlerts: () => {
      const { client, monitor } = signedIn;
      const departments = monitor.state.scopes?.departments ?? [];
      alertsDialog.open(client, { organizationId: monitor.organizationId, departments, now: () => clock.now() });
    },
    changeThreshold: () => {
      const { client, monitor } = signedIn;
      const { shown, scopes, summary } = monitor.state;
      thresholdDialog.open(client, {
        organizationId: shown.data.organizationId,
        thresholdMinutes: shown.data.thresholdMinutes,
        departments: scopes?.departments ?? [],
        channels: Object.keys(summary?.data.byChannel ?? {}),
      });
    },
    download,
  };

  const announcer = createAnnouncer();
  const embedding = new Embedding({ configuration, onToken: takeOver });
  const signIn = createSignIn({
    link: signInLink,
    onToken: (token) => {
      begin(token);
      // The field that had the focus is gone.
      byId('list-heading').focus({ preventScroll: true });
    },
  });
  const masthead = createMasthead(actions);
  const notices = createNotices(actions);
  const summary = createSummary(actions);
  const breakdown = createBreakdown(actions);
  const filterBar = createFilterBar(actions);
  const search = createSearch(actions);
  const chips = createChips(actions);
  const watch = createWatch(actions);
  const wall = createWall(actions);
  const list = createList({ ...actions, isNew: watch.isNew });
  const pager = createPager(actions);
  const trend = createTrend({ ask: (request) => ask(({ client, query }) => request(client, query)) });
  const organizationDialog = createOrganizationDialog({
    onChosen: (organizationId) => actions.filter({ organizationId, departmentId: null }),
  });
  const connectionsDialog = createConnectionsDialog();
  const alertsDialog = createAlertsDialog();
  const thresholdDialog = createThresholdDialog({
    onSaved: (text) => {
      go((monitor) => monitor.showNewSettings());
      report({ ok: true, text });
    },
  });
  const updates = new Updates({ monitor: () => signedIn?.monitor ?? null, onPlanned: tick });

  /** What the views need besides the monitor. Instants are in server time. */
  const context = () => {
    const now = clock.now();
    const nextAt = updates.nextAt === null ? null : now + updates.nextAt - Date.now();
    return { now, nextAt, outcome, ending };
  };

  function render() {
    if (!signedIn) return;
    const { client, monitor } = signedIn;
    watch.render(monitor, client);
    masthead.render(monitor);
    summary.render(monitor);
    breakdown.render(monitor.state);
    filterBar.render(monitor, { downloading });
    search.render(monitor);
    chips.render(monitor);
    list.render(monitor, context());
    pager.render(monitor);
    trend.render(monitor);
    announcer.watch(monitor);
    if (isOnWall) wall.render(monitor, context());
    const total =
      monitor.isCurrent && monitor.state.shown.data.generatedAt
        ? `${formatNumber(monitor.state.shown.data.totalCount)} ${monitor.state.search === null ? 'waiting' : 'found'} – `
        : '';
    document.title = total + TITLE;
    tick();
  }

  function tick() {
    if (!signedIn) {
      if (mayBeSignedIn) embedding.ask();
      return;
    }
    const { monitor } = signedIn;
    warn();
    const current = context();
    masthead.tick(monitor, current.now);
    notices.render(monitor, current);
    list.tick(current.now);
    watch.tick(current.now);
    if (isOnWall) wall.tick(monitor, current);
    if (monitor.state.problem) list.render(monitor, current);
  }

  /** Where the CRM signs the user in, who then comes back to what is on the screen. */
  async function signInLink() {
    const { signInUrl } = await configuration();
    return fillIn(signInUrl, { returnTo: returnTo(location) });
  }

  /** Warns of the end of the session when it is near. A page around this one is asked for a token before that. */
  function warn() {
    const { session, monitor } = signedIn;
    if (session.expiresAt === null) return;
    const leftMs = session.expiresAt - clock.now();
    if (leftMs <= 2 * session.warnBeforeMs) embedding.ask();
    if (leftMs > session.warnBeforeMs || leftMs <= 0 || ending !== null) return;
    ending = { at: session.expiresAt, link: null };
    announcer.say(ENDING_WORDS);
    signInLink().then((link) => {
      if (signedIn?.monitor === monitor && ending !== null) ending = { ...ending, link };
      tick();
    });
  }

  /**
   * Goes on with a token that the page around this one has handed over.
   *
   * @param {string} token
   */
  async function takeOver(token) {
    const isTrying = offered !== null;
    offered = token;
    if (isTrying) return;
    let tried = null;
    while (offered !== tried) {
      tried = offered;
      await tryToken(tried);
    }
    offered = null;
  }

  /**
   * Goes on with a token once the service has accepted it. The view stays if it is the same user's.
   *
   * @param {string} token
   */
  async function tryToken(token) {
    if (!signedIn) {
      if (mayBeSignedIn) begin(token);
      return;
    }
    const { client, monitor, session } = signedIn;
    if (token === session.token) return;
    const fresh = readSession(token);
    const result = await new Client({ token, clock }).get(PATHS.scopes, monitor.organizationQuery);
    if (result.kind !== 'data' || signedIn?.monitor !== monitor) return;
    const { scopes } = monitor.state;
    const is = (name) => JSON.stringify(result.data[name]) === JSON.stringify(scopes?.[name]);
    if (fresh.subject !== session.subject || !is('user') || !is('departments')) {
      begin(token);
      return;
    }
    saveToken(token);
    client.renew(token);
    signedIn = { session: fresh, client, monitor };
    ending = null;
    tick();
  }

  /** @param {typeof outcome} newOutcome */
  function report(newOutcome) {
    outcome = newOutcome;
    if (outcome) announcer.say(outcome.text);
    tick();
  }

  /**
   * Does something, unless the user has signed out meanwhile: then there is no result.
   *
   * @param {(signedIn: {client: Client, query: string}) => Promise<import('./modules/client.js').Result>} request
   */
  async function ask(request) {
    if (!signedIn) return null;
    const { client, monitor } = signedIn;
    const result = await request({ client, query: monitor.organizationQuery });
    return signedIn?.monitor === monitor ? result : null;
  }

  /** @param {any} row */
  function explain(row) {
    return ask(({ client, query }) => client.get(PATHS.conversation(row.conversationId), query));
  }

  /** @param {string} query */
  const asked = (query) => (query ? `?${query}` : '');

  /**
   * Takes a row off its list. Resolves to what went wrong.
   *
   * @param {any} row
   * @param {{lastsMs: number | null, note: string}} how
   */
  async function acknowledge(row, { lastsMs, note }) {
    const body = {
      latestInboundMessageId: row.latestInboundMessageId,
      ...(note !== '' && { note }),
      ...(lastsMs !== null && { until: new Date(clock.now() + lastsMs).toISOString() }),
    };
    const result = await ask(({ client, query }) =>
      client.put(`${PATHS.acknowledgement(row.conversationId)}${asked(query)}`, body),
    );
    if (result === null) return null;
    if (result.kind !== 'data') return refusalWords(result);
    signedIn.monitor.hide(row, Date.parse(result.data.acknowledgedAt));
    const undo = async () => {
      const problem = await withdraw(row);
      if (problem !== null) report({ ok: false, text: problem });
    };
    report({ ok: true, text: `${row.contactName || 'The conversation'} is off the list.`, undo });
    return null;
  }

  /**
   * Puts a row back on its list. Resolves to what went wrong.
   *
   * @param {any} row As it is on the screen, or as it was before it was acknowledged.
   */
  async function withdraw(row) {
    const result = await ask(({ client, query }) =>
      client.delete(`${PATHS.acknowledgement(row.conversationId)}${asked(query)}`),
    );
    if (result === null) return null;
    if (result.kind !== 'data') return refusalWords(result);
    if (row.category === 'acknowledged') signedIn.monitor.hide(row, clock.now());
    else signedIn.monitor.unhide(row);
    report({
      ok: true,
      text: `${row.contactName || 'The conversation'} will be back on the list after the next refresh.`,
    });
    return null;
  }

  async function download() {
    const { client, monitor } = signedIn;
    downloading = true;
    render();
    const result = await downloadCsv(client, monitor.state.shown);
    downloading = false;
    if (signedIn?.monitor !== monitor) return;
    render();
    report(result);
  }

  /**
   * Signs in with a new token or, without one, with the saved token.
   *
   * @param {string | null} token
   */
  function begin(token = null) {
    close();
    if (token !== null) saveToken(token);
    const session = currentSession();
    if (!session) {
      if (isEmbedded()) signIn.show('The page that embeds this dashboard can sign you in.', { takesFocus: false });
      else signIn.show();
      return;
    }
    if (!looksLikeToken(session.token)) {
      signOut(`The token in this link is incomplete: ${TOKEN_PARTS}.`);
      return;
    }
    mayBeSignedIn = true;
    signIn.hide();
    if (isOnWall) wall.show();
    else byId('board').hidden = false;
    const client = new Client({ token: session.token, clock });
    const monitor = new Monitor({ client, clock, address, onChange: render, onSessionEnd: endSession });
    signedIn = { session, client, monitor };
    render();
    updates.now();
  }

  /** Removes everything from the page that belongs to the session. */
  function close() {
    signedIn?.monitor.close();
    signedIn = null;
    outcome = null;
    ending = null;
    updates.rest();
    thresholdDialog.close();
    connectionsDialog.close();
    alertsDialog.close();
    organizationDialog.close();
    announcer.reset();
    watch.reset();
    wall.hide();
    for (const view of [search, chips, list, trend]) view.reset();
    byId('board').hidden = true;
    masthead.hide();
    document.title = TITLE;
  }

  /**
   * The server no longer accepts the token, or never did.
   *
   * @param {string} [message]
   */
  function endSession(message) {
    const { expiresAt } = signedIn.session;
    const now = clock.now();
    const isExpired = expiresAt !== null && expiresAt <= now;
    signOut(
      isExpired
        ? `Your token expired at ${formatTime(expiresAt, now)}. Sign in with a new one.`
        : `Your token was not accepted. ${message ?? ''}`,
    );
  }

  /** @param {string} [reason] Without one, the user wants it. */
  function signOut(reason) {
    mayBeSignedIn = reason !== undefined;
    saveToken(null);
    close();
    signIn.show(reason);
  }

  addEventListener('hashchange', () => {
    if (takeTokenFromFragment()) begin();
  });
  addEventListener('popstate', () => go((monitor) => monitor.followAddress()));
  setInterval(tick, TICK_MS);
  begin();
  embedding.ask();
}
