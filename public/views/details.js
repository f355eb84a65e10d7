// What a row unfolds: everything that the report says about the conversation.

import { formatAge, formatExactTime, formatTime } from '../modules/clock.js';
import { drawList, element, setAttributes, setNames, setText } from '../modules/dom.js';
import { formatBusinessAge } from '../modules/hours.js';
import { categoryName, channelName, minutes, reasonWords } from '../modules/words.js';
import { createStory } from './story.js';

/**
 * A table row with a description list and a story; hidden until it is unfolded.
 *
 * @param {string} id
 * @param {import('./story.js').Actions} actions
 */
export function createDetails(id, actions) {
  const list = element('dl', { class: 'details' });
  const story = createStory(actions);
  const cell = element('td', { role: 'cell' }, list, story.element);
  const row = element('tr', { role: 'row', class: 'details-row', id, hidden: true }, cell);
  let facts = [];

  return {
    element: row,
    /**
     * @param {any} data The report's row.
     * @param {string} department
     * @param {number} columns How many columns the table has.
     */
    update(data, department, columns) {
      facts = factsOf(data, department);
      setAttributes(cell, { colspan: columns });
      story.update(data);
    },
    /** @param {boolean} isOpen */
    unfold(isOpen) {
      row.hidden = !isOpen;
      story.unfold(isOpen);
    },
    /** @param {number} now */
    tick(now) {
      drawList(
        list,
        facts,
        ({ term }) => term,
        (fact, child) => drawFact(fact, child, now),
      );
      story.tick(now);
    },
  };
}

/** Each has a term and one of `instant`, `text`, `names` and `id`. */
function factsOf(data, department) {
  const instants = [
    { term: 'Customer waiting since', instant: data.waitingSince },
    { term: 'Waiting for reply since', instant: data.stalledSince },
    { term: 'Customer’s last message', instant: data.latestInboundAt },
    { term: 'Acknowledged', instant: data.acknowledgedAt },
    { term: 'Until', instant: data.acknowledgedUntil },
  ];
  const { stalledBusinessMinutes: open } = data;
  const texts = [
    { term: 'Business hours since then', text: open === undefined ? '' : formatBusinessAge(open) },
    { term: 'Contact', names: [data.contactName || 'Unknown contact'] },
    { term: 'Phone', names: [data.contactPhone ?? 'Unknown'] },
    { term: 'Channel', text: channelName(data.channelType) },
    { term: 'Why', text: `${categoryName(data.category)}: ${reasonWords(data.reason, data.category)}` },
    { term: 'Department', names: [department] },
    { term: 'Assigned to', names: data.assigneeNames },
    { term: 'Acknowledged by', names: data.acknowledgedBy === undefined ? null : [data.acknowledgedBy] },
    { term: 'Note', names: data.note === undefined ? null : [data.note] },
    { term: 'Threshold', text: data.thresholdMinutes === undefined ? '' : minutes(data.thresholdMinutes) },
  ];
  const ids = [
    { term: 'Conversation id', id: data.conversationId },
    { term: 'Contact id', id: data.contactId },
    { term: 'Last message’s id', id: data.latestInboundMessageId },
  ];
  return [
    ...instants.filter(({ instant }) => instant),
    ...texts.filter(({ text, names }) => text !== '' && names !== null),
    ...ids.filter((each) => each.id),
  ];
}

function drawFact({ term, instant, text, names, id }, child, now) {
  const valueElement = instant ? 'time' : id ? 'code' : 'span';
  const fact = child ?? element('div', {}, element('dt', {}, term), element('dd', {}, element(valueElement)));
  const value = fact.lastElementChild.firstElementChild;
  if (names) setNames(value, names, 'Nobody');
  else if (!instant) setText(value, text ?? id);
  else {
    const at = Date.parse(instant);
    setText(value, at > now ? formatTime(at, now) : `${formatTime(at, now)}, ${formatAge(now - at)} ago`);
    setAttributes(value, { datetime: instant, title: formatExactTime(at) });
  }
  return fact;
}
