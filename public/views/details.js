// What a row unfolds: all that the report says of the conversation.

import { formatAge, formatExactTime, formatTime } from '../modules/clock.js';
import { drawList, element, setAttributes, setText } from '../modules/dom.js';
import { categoryName, channelName, reasonWords } from '../modules/words.js';

/** A table row with a list of terms; hidden until it is unfolded. */
export function createDetails(id) {
  const list = element('dl', { class: 'details' });
  const row = element(
    'tr',
    { role: 'row', class: 'details-row', id, hidden: true },
    element('td', { role: 'cell', colspan: '7' }, list),
  );
  let facts = [];

  const tick = (now) =>
    drawList(
      list,
      facts,
      ({ term }) => term,
      (fact, old) => drawFact(fact, old, now),
    );
  return {
    element: row,
    update(data, department) {
      facts = factsOf(data, department);
    },
    tick,
  };
}

function factsOf(data, department) {
  const instants = [
    { term: 'Customer waiting since', instant: data.waitingSince },
    { term: 'Answer owed since', instant: data.stalledSince },
    { term: 'Last message of the customer', instant: data.latestInboundAt },
  ];
  const texts = [
    { term: 'Phone', text: data.contactPhone ?? 'Not known' },
    { term: 'Channel', text: channelName(data.channelType) },
    { term: 'Why', text: `${categoryName(data.category)}: ${reasonWords(data.reason, data.category)}` },
    { term: 'Department', text: department },
    { term: 'Assigned to', text: data.assigneeNames.join(', ') || 'Nobody' },
  ];
  const ids = [
    { term: 'Conversation', id: data.conversationId },
    { term: 'Contact', id: data.contactId },
    { term: 'Last message', id: data.latestInboundMessageId },
  ];
  return [...instants.filter(({ instant }) => instant), ...texts, ...ids.filter((each) => each.id)];
}

function drawFact({ term, instant, text, id }, old, now) {
  const fact =
    old ??
    element('div', {}, element('dt', {}, term), element('dd', {}, element(instant ? 'time' : id ? 'code' : 'span')));
  const value = fact.lastElementChild.firstElementChild;
  if (!instant) {
    setText(value, text ?? id);
    return fact;
  }
  const at = Date.parse(instant);
  setText(value, `${formatTime(at, now)}, ${formatAge(now - at)} ago`);
  setAttributes(value, { datetime: instant, title: formatExactTime(at) });
  return fact;
}
