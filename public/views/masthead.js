// The top of the page: whose list it is, how old it is, who is looking.

import { formatAge, formatExactTime, formatTime, isoDuration } from '../modules/clock.js';
import { byId, element, setAttributes, setText } from '../modules/dom.js';
import { roleName } from '../modules/words.js';

/** `actions`: signOut, changeOrganization. */
export function createMasthead(actions) {
  const bar = byId('masthead-session');
  const name = byId('organization-name');
  const change = byId('organization-change');
  const freshness = byId('freshness');
  const text = element('time', {});
  freshness.append(element('span', { class: 'pulse', 'aria-hidden': 'true' }), text);
  byId('sign-out').addEventListener('click', actions.signOut);
  change.addEventListener('click', actions.changeOrganization);

  return {
    hide() {
      bar.hidden = true;
    },
    render({ state, organizationId }, session) {
      bar.hidden = false;
      setText(name, organizationName(state.scopes, organizationId));
      setAttributes(name, { title: organizationId });
      setText(byId('role'), roleName(session.role));
      change.hidden = session.role !== 'SUPERADMIN';
    },
    /** How old the list on the screen is. */
    tick({ state, isOutdated }, now) {
      const generatedAt = Date.parse(state.shown?.data.generatedAt ?? '');
      freshness.hidden = Number.isNaN(generatedAt);
      if (freshness.hidden) return;
      const age = now - generatedAt;
      setText(text, `As of ${formatTime(generatedAt, now)}, ${formatAge(age)} ago`);
      setAttributes(text, { datetime: new Date(generatedAt).toISOString(), title: formatExactTime(generatedAt) });
      setAttributes(freshness, {
        'data-live': !isOutdated && !state.problem && !state.newest?.stale && age < 3 * 60_000,
      });
    },
  };
}

function organizationName(scopes, organizationId) {
  if (!organizationId) return 'No organization chosen';
  const known = scopes?.organizations?.find((each) => each.organizationId === organizationId);
  return known?.name ?? organizationId;
}
