// One row: a customer who is owed an answer. With access it leads to the conversation, or unfolds what is known of it.

import { formatAge, formatExactTime, formatTime, isoDuration, severityOf } from '../modules/clock.js';
import { conversationLink } from '../modules/conversation-link.js';
import { element, icon, setAttributes, setText } from '../modules/dom.js';
import { categoryName, channelName, reasonWords } from '../modules/words.js';
import { createDetails } from './details.js';

/** A wait that began so much before the clock of the one who owes the answer is told beside it. */
const LONGER_IN_ALL_MS = 60_000;

let rows = 0;

/** `elements` belong into the list; `update` draws another answer's row, `tick` the ages at an instant. */
export function createRow() {
  const detailsId = `row-${(rows += 1)}-details`;
  const age = element('time', { class: 'age' });
  const inAll = element('span', { class: 'second' });
  const name = element('span', { class: 'name' });
  const phone = element('span', { class: 'second phone' });
  const category = element('span', { class: 'category' });
  const reason = element('span', { class: 'second' });
  const channel = element('span');
  const department = element('span');
  const assignees = element('span');
  const access = element('span', { class: 'access' });

  const cell = (kind, ...children) => element('td', { role: 'cell', class: `cell-${kind}` }, ...children);
  const row = element(
    'tr',
    { role: 'row', class: 'row' },
    cell('wait', age, inAll),
    element('th', { role: 'rowheader', scope: 'row', class: 'cell-contact' }, name, phone),
    cell('why', category, reason),
    cell('channel', channel),
    cell('department', department),
    cell('assignees', assignees),
    cell('access', access),
  );
  const details = createDetails(detailsId);

  let data = null;
  let control = null;
  let lastTick = 0;

  const unfold = (isOpen) => {
    details.element.hidden = !isOpen;
    if (isOpen) details.tick(lastTick);
    row.classList.toggle('open', isOpen);
    setAttributes(control, { 'aria-expanded': String(isOpen) });
  };
  row.addEventListener('click', (event) => {
    const isElsewhere = event.target.closest('a, button') || !getSelection().isCollapsed;
    if (control && !isElsewhere) control.click();
  });

  /** A link or a button around the name, as far as there is access; the same as long as nothing about that changes. */
  const drawControl = (target) => {
    const kind = !data.hasAccess ? 'none' : target ? 'link' : 'button';
    if (row.dataset.kind === kind) return;
    row.dataset.kind = kind;
    details.element.hidden = true;
    row.classList.remove('open');
    if (kind === 'none') control = null;
    else if (kind === 'link')
      control = element('a', { class: 'control', target: '_blank', rel: 'noopener noreferrer' });
    else {
      control = element('button', {
        class: 'control',
        type: 'button',
        'aria-expanded': 'false',
        'aria-controls': detailsId,
      });
      control.addEventListener('click', () => unfold(details.element.hidden));
    }
    const label = control ?? element('span', { class: 'control' });
    name.replaceChildren(label);
    access.replaceChildren(
      icon(kind === 'none' ? 'lock' : 'open'),
      element('span', {}, kind === 'none' ? 'No access' : 'Access'),
    );
  };

  return {
    elements: [row, details.element],
    control: () => control,
    update(newData, departments) {
      data = newData;
      const target = conversationLink(data.conversationId);
      drawControl(target);
      if (target && control) control.href = target;
      setText(name.firstElementChild, data.contactName || 'Unknown contact');
      setText(phone, data.contactPhone ?? '');
      if (category.dataset.category !== data.category) {
        category.dataset.category = data.category;
        category.replaceChildren(
          icon(data.category === 'ai_stuck' ? 'autopilot' : 'agent'),
          element('span', {}, categoryName(data.category)),
        );
      }
      setText(reason, reasonWords(data.reason, data.category));
      setText(channel, channelName(data.channelType));
      setText(
        department,
        data.departmentId ? (departments.get(data.departmentId) ?? data.departmentId) : 'No department',
      );
      setText(assignees, data.assigneeNames.join(', ') || 'Nobody');
      department.classList.toggle('none', !data.departmentId);
      assignees.classList.toggle('none', data.assigneeNames.length === 0);
      details.update(data, department.textContent);
    },
    tick(now) {
      lastTick = now;
      const stalledSince = Date.parse(data.stalledSince);
      const waited = now - Date.parse(data.waitingSince);
      const owed = now - stalledSince;
      setText(age, formatAge(owed));
      setAttributes(age, { datetime: isoDuration(owed), title: `since ${formatExactTime(stalledSince)}` });
      setText(inAll, waited - owed >= LONGER_IN_ALL_MS ? `${formatAge(waited)} in all` : '');
      setAttributes(row, { 'data-severity': severityOf(owed) });
      if (!details.element.hidden) details.tick(now);
    },
  };
}
