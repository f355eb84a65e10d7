// One row: a customer who is waiting for a reply. It unfolds its details and its story.

import { formatAge, formatExactTime, isoDuration, severityOf } from '../modules/clock.js';
import { categoryIcon, element, icon, setAttributes, setClampedText, setNames, setText } from '../modules/dom.js';
import { formatBusinessAge } from '../modules/hours.js';
import { categoryName, channelName, minutes, reasonWords } from '../modules/words.js';
import { createDetails } from './details.js';

const MINUTE_MS = 60_000;

let rowsCreated = 0;

/**
 * `elements` go into the list; `update` draws a row of the report, `tick` the ages at an instant.
 *
 * @param {import('./story.js').Actions} actions
 */
export function createRow(actions) {
  rowsCreated += 1;
  const detailsId = `row-${rowsCreated}-details`;
  const age = element('time', { class: 'age' });
  const byTheClock = element('span', { class: 'second' });
  const total = element('span', { class: 'second' });
  const threshold = element('span', { class: 'second' });
  const contact = element('bdi', { class: 'clamped' });
  const control = element(
    'button',
    { class: 'control', type: 'button', 'aria-expanded': 'false', 'aria-controls': detailsId },
    contact,
  );
  const mark = element('span', { class: 'new-mark', hidden: true }, 'New');
  const name = element('span', { class: 'name' }, icon('open'), control, ' ', mark);
  const phone = element('bdi');
  const category = element('span', { class: 'category' });
  const reason = element('span', { class: 'second' });
  const channel = element('bdi', { class: 'clamped' });
  const department = element('bdi', { class: 'clamped' });
  const assignees = element('span', { class: 'clamped' });
  const access = element('span', { class: 'access' });

  const cell = (kind, ...children) => element('td', { role: 'cell', class: `cell-${kind}` }, ...children);
  const contactCell = element(
    'th',
    { role: 'rowheader', scope: 'row', class: 'cell-contact' },
    name,
    element('span', { class: 'second phone' }, phone),
  );
  const row = element(
    'tr',
    { role: 'row', class: 'row' },
    cell('wait', age, byTheClock, total, threshold),
    contactCell,
    cell('why', category, reason),
    cell('channel', channel),
    cell('department', department),
    cell('assignees', assignees),
    cell('access', access),
  );
  const details = createDetails(detailsId, actions);

  let data = null;
  let lastTick = 0;

  const unfold = (isOpen) => {
    details.unfold(isOpen);
    if (isOpen) details.tick(lastTick);
    row.classList.toggle('open', isOpen);
    setAttributes(control, { 'aria-expanded': String(isOpen) });
  };
  row.addEventListener('click', ({ target }) => {
    const isControl = target instanceof Element && target.closest('a, button');
    if (!isControl && getSelection().isCollapsed) control.click();
  });
  control.addEventListener('click', () => unfold(details.element.hidden));

  return {
    elements: [row, details.element],
    control: () => control,
    /**
     * @param {any} newData The report's row.
     * @param {Map<string, string | null>} departments Names by id.
     * @param {number} columns How many columns the table has.
     */
    update(newData, departments, columns) {
      data = newData;
      setText(access, data.hasAccess ? 'Access' : 'No access');
      setClampedText(contact, data.contactName || 'Unknown contact');
      setText(phone, data.contactPhone ?? '');
      if (category.dataset.category !== data.category) {
        category.dataset.category = data.category;
        category.replaceChildren(categoryIcon(data.category), element('span', {}, categoryName(data.category)));
      }
      setText(reason, reasonWords(data.reason, data.category));
      // Only if it is another one than the organization's.
      setText(threshold, data.thresholdMinutes === undefined ? '' : `threshold ${minutes(data.thresholdMinutes)}`);
      setClampedText(channel, channelName(data.channelType));
      const { departmentId, assigneeNames } = data;
      setClampedText(department, departmentId ? (departments.get(departmentId) ?? departmentId) : 'No department');
      department.classList.toggle('none', !departmentId);
      setNames(assignees, assigneeNames, 'Nobody');
      setAttributes(assignees, { title: assignees.textContent });
      assignees.classList.toggle('none', assigneeNames.length === 0);
      details.update(data, department.textContent, columns);
    },
    /** @param {boolean} isNew Whether the row has come in since the user last looked. */
    mark(isNew) {
      mark.hidden = !isNew;
    },
    /** @param {number} now */
    tick(now) {
      lastTick = now;
      const stalledSince = Date.parse(data.stalledSince);
      const waited = now - Date.parse(data.waitingSince);
      const stalled = now - stalledSince;
      // The service alone knows the business hours, so their age is as of the snapshot.
      const openMinutes = data.stalledBusinessMinutes;
      const hasHours = openMinutes !== undefined;
      const counted = hasHours ? openMinutes * MINUTE_MS : stalled;
      setText(age, hasHours ? formatBusinessAge(openMinutes) : formatAge(stalled));
      const since = `since ${formatExactTime(stalledSince)}`;
      setAttributes(age, {
        datetime: isoDuration(counted),
        title: hasHours ? `of business hours, ${since}` : since,
      });
      setText(byTheClock, hasHours ? `${formatAge(stalled)} by the clock` : '');
      // The customer may have begun to wait before the reply was due from the one who owes it now.
      const isLonger = waited > stalled && formatAge(waited) !== formatAge(stalled);
      setText(total, isLonger ? `${formatAge(waited)} in total` : '');
      setAttributes(row, { 'data-severity': severityOf(counted) });
      if (!details.element.hidden) details.tick(now);
    },
  };
}
