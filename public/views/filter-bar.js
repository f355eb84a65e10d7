// The filters. Each choice goes into the address at once, and from there into the question.

import { byId, drawList, element, setAttributes, setText } from '../modules/dom.js';
import { formatNumber, minutes } from '../modules/words.js';

/** Who may set the threshold; the server has the last word. */
const THRESHOLD_ROLES = ['ADMIN', 'SUPERADMIN'];

/** `actions`: filter(changes), changeThreshold, download. */
export function createFilterBar(actions) {
  const form = byId('filters');
  const department = byId('department');
  const download = byId('download');
  const change = byId('threshold-change');

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', () => {
    const chosen = new FormData(form);
    actions.filter({
      category: chosen.get('category') || null,
      skipThreshold: chosen.get('skipThreshold') === 'true',
      departmentId: chosen.get('departmentId') || null,
    });
  });
  change.addEventListener('click', actions.changeThreshold);
  // Not `disabled`, which would take the focus away from under her fingers.
  download.addEventListener('click', () => {
    if (download.getAttribute('aria-disabled') !== 'true') actions.download();
  });

  return {
    render({ state, isCurrent }, session, { downloading }) {
      const { filters, shown, problem } = state;
      // Nothing is to be filtered before there is an organization.
      form.hidden = problem?.kind === 'organization_needed';
      check(form.elements.category, filters.category ?? '');
      check(form.elements.skipThreshold, filters.skipThreshold ? 'true' : '');
      drawDepartments(department, state.scopes?.departments ?? [], filters.departmentId);

      const { ai_stuck: stuck = 0, agent_abandoned: abandoned = 0 } = shown?.data.counts ?? {};
      const known = isCurrent && shown.data.counts !== undefined;
      setText(byId('count-all'), known ? formatNumber(stuck + abandoned) : '');
      setText(byId('count-ai_stuck'), known ? formatNumber(stuck) : '');
      setText(byId('count-agent_abandoned'), known ? formatNumber(abandoned) : '');

      const threshold = shown?.data.thresholdMinutes;
      setText(byId('threshold-words'), threshold === undefined ? 'Over the threshold' : `Over ${minutes(threshold)}`);
      change.hidden = !THRESHOLD_ROLES.includes(session.role) || threshold === undefined;
      const idle = isCurrent && Boolean(shown.data.snapshotId) && !downloading;
      setAttributes(download, { 'aria-disabled': idle ? null : 'true' });
      setText(download, downloading ? 'Preparing CSV …' : 'Download CSV');
    },
  };
}

function check(radios, value) {
  for (const radio of radios) radio.checked = radio.value === value;
}

/** A department of the address that is not among those known here is in the list by its id: it is in force. */
function drawDepartments(select, departments, chosen) {
  const options = [{ departmentId: '', name: 'All departments' }, ...departments];
  if (chosen && !departments.some(({ departmentId }) => departmentId === chosen))
    options.push({ departmentId: chosen, name: null });
  drawList(
    select,
    options,
    ({ departmentId }) => departmentId,
    ({ departmentId, name }, old) => {
      const option = old ?? element('option', { value: departmentId });
      setText(option, name ?? departmentId);
      return option;
    },
  );
  if (select.value !== (chosen ?? '')) select.value = chosen ?? '';
}
