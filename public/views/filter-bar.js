// The filters. Each choice goes into the address at once, and the report is requested for what the address says.

import { byId, drawList, element, setAttributes, setText } from '../modules/dom.js';
import { formatNumber, minutes } from '../modules/words.js';

/** Who may set the threshold. This only hides the button from others; the server decides. */
const THRESHOLD_ROLES = ['ADMIN', 'SUPERADMIN'];

/**
 * @param {object} actions
 * @param {(changes: Partial<import('../modules/filters.js').Filters>) => void} actions.filter
 * @param {() => void} actions.changeThreshold
 * @param {() => void} actions.download
 */
export function createFilterBar(actions) {
  const form = byId('filters', HTMLFormElement);
  const department = byId('department', HTMLSelectElement);
  const download = byId('download');
  const change = byId('threshold-change');

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', () => {
    const chosen = new FormData(form);
    const text = (name) => String(chosen.get(name) ?? '') || null;
    actions.filter({
      category: text('category'),
      skipThreshold: chosen.get('skipThreshold') === 'true',
      departmentId: text('departmentId'),
    });
  });
  whileEnabled(change, () => actions.changeThreshold());
  whileEnabled(download, () => actions.download());

  return {
    /**
     * @param {import('../modules/monitor.js').Monitor} monitor
     * @param {{ downloading: boolean }} progress
     */
    render({ state, isCurrent }, { downloading }) {
      const { filters, shown, user, problem } = state;
      // There is nothing to filter before an organization is chosen.
      form.hidden = problem?.kind === 'organization_needed';
      check(form, 'category', filters.category ?? '');
      check(form, 'skipThreshold', filters.skipThreshold ? 'true' : '');
      drawDepartments(department, state.scopes?.departments ?? [], filters.departmentId);

      const { ai_stuck: stuck = 0, agent_abandoned: abandoned = 0 } = shown?.data.counts ?? {};
      const isKnown = isCurrent && shown.data.counts !== undefined;
      setText(byId('count-all'), isKnown ? formatNumber(stuck + abandoned) : '');
      setText(byId('count-ai_stuck'), isKnown ? formatNumber(stuck) : '');
      setText(byId('count-agent_abandoned'), isKnown ? formatNumber(abandoned) : '');

      const threshold = shown?.data.thresholdMinutes;
      setText(byId('threshold-words'), threshold === undefined ? 'Over the threshold' : `Over ${minutes(threshold)}`);
      // Until the role is known the button is invisible but takes up its space.
      change.classList.toggle('unknown', user === null);
      change.hidden = user !== null && !THRESHOLD_ROLES.includes(user.role);
      setEnabled(change, threshold !== undefined);
      setEnabled(download, isCurrent && Boolean(shown.data.snapshotId) && !downloading);
      setText(download, downloading ? 'Preparing CSV …' : 'Download CSV');
    },
  };
}

/**
 * Acts on clicks unless `setEnabled` has disabled the button.
 *
 * @param {HTMLElement} button
 * @param {() => void} act
 */
function whileEnabled(button, act) {
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') act();
  });
}

/**
 * Sets `aria-disabled`, because `disabled` would take the focus from a button that was just pressed.
 *
 * @param {HTMLElement} button
 * @param {boolean} isEnabled
 */
function setEnabled(button, isEnabled) {
  setAttributes(button, { 'aria-disabled': isEnabled ? null : 'true' });
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {string} value
 */
function check(form, name, value) {
  const radios = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll(`input[name="${name}"]`));
  for (const radio of radios) radio.checked = radio.value === value;
}

/**
 * Lists the departments. If the filter names one that is not listed it is added by its id, because the filter applies.
 *
 * @param {HTMLSelectElement} select
 * @param {{departmentId: string, name: string | null}[]} departments
 * @param {string | null} chosen
 */
function drawDepartments(select, departments, chosen) {
  const options = [{ departmentId: '', name: 'All departments' }, ...departments];
  if (chosen && !departments.some(({ departmentId }) => departmentId === chosen))
    options.push({ departmentId: chosen, name: null });
  drawList(
    select,
    options,
    ({ departmentId }) => departmentId,
    ({ departmentId, name }, child) => {
      const option = child ?? element('option', { value: departmentId });
      setText(option, name ?? departmentId);
      return option;
    },
  );
  if (select.value !== (chosen ?? '')) select.value = chosen ?? '';
}
