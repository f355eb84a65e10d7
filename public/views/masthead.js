// The top of the page: whose list it is, how old it is, and who is signed in.

import { formatAge, formatExactTime, formatTime } from '../modules/clock.js';
import { byId, element, setAttributes, setClampedText, setText } from '../modules/dom.js';
import { roleName } from '../modules/words.js';

/** Up to this age the data counts as live. */
const LIVE_MAX_MS = 3 * 60_000;
/** A line without words. */
const NO_BREAK_SPACE = '\u00a0';

/** @param {{ signOut: () => void, changeOrganization: () => void, showConnections: () => void }} actions */
export function createMasthead(actions) {
  const bar = byId('masthead-session');
  const name = byId('organization-name');
  const change = byId('organization-change');
  const connections = byId('connections-show');
  const freshness = byId('freshness');
  const text = element('time', {});
  freshness.append(element('span', { class: 'pulse', 'aria-hidden': 'true' }), text);
  byId('sign-out').addEventListener('click', () => actions.signOut());
  change.addEventListener('click', () => actions.changeOrganization());
  connections.addEventListener('click', () => actions.showConnections());

  return {
    hide() {
      bar.hidden = true;
    },
    /** @param {import('../modules/monitor.js').Monitor} monitor */
    render({ state, organizationId, maySetThresholds }) {
      bar.hidden = false;
      setText(name, organizationName(state, organizationId));
      setAttributes(name, { title: organizationId && `${name.textContent} (${organizationId})` });
      setClampedText(byId('user-name'), state.user?.name ?? '');
      setText(byId('role'), state.user ? roleName(state.user.role) : '');
      change.hidden = state.user?.role !== 'SUPERADMIN';
      connections.hidden = !maySetThresholds || organizationId === null;
    },
    /**
     * Shows how old the list on the screen is. Until that is known the element is invisible but takes up its space.
     *
     * @param {import('../modules/monitor.js').Monitor} monitor
     * @param {number} now
     */
    tick({ state, isOutdated }, now) {
      const generatedAt = Date.parse(state.shown?.data.generatedAt ?? '');
      const isUnknown = Number.isNaN(generatedAt);
      freshness.classList.toggle('unknown', isUnknown);
      if (isUnknown) return setText(text, NO_BREAK_SPACE);
      const age = now - generatedAt;
      const isLive = !isOutdated && !state.problem && !state.newest?.stale && age < LIVE_MAX_MS;
      setText(text, `As of ${formatTime(generatedAt, now)}, ${formatAge(age)} ago`);
      setAttributes(text, { datetime: new Date(generatedAt).toISOString(), title: formatExactTime(generatedAt) });
      return setAttributes(freshness, { 'data-live': isLive });
    },
  };
}

/**
 * @param {import('../modules/monitor.js').State} state
 * @param {string | null} organizationId
 */
function organizationName({ scopes, user }, organizationId) {
  if (organizationId === null) return user ? 'No organization chosen' : NO_BREAK_SPACE;
  const known = scopes?.organizations?.find((each) => each.organizationId === organizationId);
  return known?.name ?? organizationId;
}
