// The filters. Each choice goes into the address at once, and the report is requested for what the address says.

import { byId, drawList, element, setAttributes, setEnabled, setText, whileEnabled } from '../modules/dom.js';
import { formatNumber, minutes, thresholdOf } from '../modules/words.js';

/** Which categories each tab counts. "All" has those that the list has unless one is chosen. */
const COUNTED = {
  all: ['ai_stuck', 'agent_abandoned'],
  ai_stuck: ['ai_stuck'],
  agent_abandoned: ['agent_abandoned'],
  unassigned: ['unassigned'],
  snoozed: ['snoozed'],
  acknowledged: ['acknowledged'],
};

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

  form.addEventListener('change', ({ target }) => {
    // The field of the search has a view of its own.
    if (target === byId('search')) return;
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
    render({ state, isCurrent, maySetThresholds }, { downloading }) {
      const { filters, shown, problem } = state;
      // There is nothing to filter before an organization is chosen.
      form.hidden = problem?.kind === 'organization_needed';
      check(form, 'category', filters.category ?? '');
      check(form, 'skipThreshold', filters.skipThreshold ? 'true' : '');
      drawDepartments(department, state.scopes?.departments ?? [], filters.departmentId);

      const counts = isCurrent ? shown.data.counts : undefined;
      for (const [name, categories] of Object.entries(COUNTED)) {
        const total = categories.reduce((sum, category) => sum + (counts?.[category] ?? 0), 0);
        setText(byId(`count-${name}`), counts ? formatNumber(total) : '');
      }

      setText(byId('threshold-words'), `Over ${shown ? thresholdWords(shown) : 'the threshold'}`);
      // Until the role is known the button is invisible but takes up its space.
      change.classList.toggle('unknown', maySetThresholds === null);
      change.hidden = maySetThresholds === false;
      setEnabled(change, shown !== null);
      setEnabled(download, isCurrent && Boolean(shown.data.snapshotId) && !downloading && state.search === null);
      setAttributes(download, { title: state.search === null ? null : 'What a search finds cannot be downloaded' });
      setText(download, downloading ? 'Preparing CSV …' : 'Download CSV');
    },
  };
}

/** @param {{data: any, filters: import('../modules/filters.js').Filters}} shown */
function thresholdWords({ data, filters }) {
  const threshold = thresholdOf({ data, filters: { ...filters, skipThreshold: false } });
  return threshold === 'several' ? 'the threshold' : minutes(threshold);
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
