// Who is told when somebody waits for too long: the destinations of alerts, for those who may change settings.

import { changeDestinations, DESTINATIONS_MAX, FORMATS } from '../modules/alerts.js';
import { PATHS } from '../modules/client.js';
import { formatAge, formatExactTime } from '../modules/clock.js';
import { byId, element, setAttributes, setEnabled, setText, whenClosed, whileEnabled } from '../modules/dom.js';
import { categoryName, formatNumber, minutes, problemWords } from '../modules/words.js';
import { createAlertForm } from './alert-form.js';

/**
 * @typedef {import('../modules/alerts.js').Destination} Destination
 * @typedef {import('../modules/alerts.js').DestinationRequest} DestinationRequest
 * @typedef {import('../modules/client.js').Client} Client
 * @typedef {import('../modules/client.js').Result} Result
 */
/**
 * The organization whose destinations are shown.
 *
 * @typedef {object} Target
 * @property {Client} client
 * @property {string} organizationId
 * @property {{departmentId: string, name: string | null}[]} departments
 * @property {() => number} now In server time.
 * @property {AbortController} abort
 */

export function createAlertsDialog() {
  const dialog = byId('alerts-dialog', HTMLDialogElement);
  const overview = byId('alerts-overview');
  const hint = byId('alerts-hint');
  const list = byId('alerts');
  const problem = byId('alerts-problem');
  const addButton = byId('alert-add');
  /** @type {Target | null} */
  let opened = null;
  /** @type {Destination[]} */
  let destinations = [];

  const form = createAlertForm({
    save: async (destination) => {
      const replace = (all) =>
        all.some(({ id }) => id === destination.id)
          ? all.map((each) => (each.id === destination.id ? destination : each))
          : [...all, destination];
      const { signal } = opened.abort;
      const refusal = await change(replace);
      if (refusal === null && !signal.aborted) showOverview(destination.id);
      return refusal;
    },
    cancel: () => showOverview(),
  });

  byId('alerts-close').addEventListener('click', () => dialog.close());
  whenClosed(dialog, () => {
    opened?.abort.abort();
    form.hide();
  });
  whileEnabled(addButton, () => showForm(null));

  /** @param {Destination | null} destination */
  function showForm(destination) {
    overview.hidden = true;
    form.show(destination, { taken: destinations.map(({ id }) => id), departments: opened.departments });
  }

  /** @param {string} [id] Whose button gets the focus. */
  function showOverview(id) {
    form.hide();
    overview.hidden = false;
    const item = [...list.children].find((each) => each instanceof HTMLElement && each.dataset.id === id);
    (item?.querySelector('button') ?? addButton).focus();
  }

  /**
   * Requests something for the dialog that is open. Returns `null` if it has been closed meanwhile.
   *
   * @param {(target: Target, signal: AbortSignal) => Promise<Result>} request
   */
  async function ask(request) {
    const { signal } = opened.abort;
    try {
      const result = await request(opened, signal);
      return signal.aborted ? null : result;
    } catch (error) {
      if (!signal.aborted) throw error;
      return null;
    }
  }

  /**
   * Changes the destinations. Resolves to why they were not.
   *
   * @param {(destinations: DestinationRequest[]) => DestinationRequest[]} how
   */
  async function change(how) {
    const result = await ask(({ client, organizationId }, signal) =>
      changeDestinations(client, organizationId, how, signal),
    );
    if (result === null) return null;
    if (result.kind !== 'data') return reasonOf(result);
    draw(result.data.destinations);
    return null;
  }

  /** @param {Destination[]} all */
  function draw(all) {
    destinations = all;
    setText(hint, all.length === 0 ? 'There is no destination yet.' : '');
    setText(problem, '');
    list.replaceChildren(...all.map(drawDestination));
    addButton.hidden = false;
    const isFull = all.length >= DESTINATIONS_MAX;
    setEnabled(addButton, !isFull);
    setAttributes(addButton, { title: isFull ? `There can be ${DESTINATIONS_MAX} destinations.` : null });
  }

  /** @param {Destination} destination */
  function drawDestination(destination) {
    const { id, host, urlEnd, format, enabled, delivery } = destination;
    const where = `${host}${urlEnd && ` … ${urlEnd}`}`;
    const status = element('p', { class: 'hint', role: 'status' });
    const button = (label, act) => {
      const made = element('button', { class: 'button quiet', type: 'button' }, label);
      // Screen readers read the buttons of several destinations one after the other.
      made.append(element('span', { class: 'unseen' }, ` ${id}`));
      whileEnabled(made, () => act(made));
      return made;
    };
    const attempt = async (made, how) => {
      setEnabled(made, false);
      const refusal = await change(how);
      setEnabled(made, true);
      if (refusal !== null) setText(problem, `Not saved. ${refusal}`);
    };
    const toggle = (all) => all.map((each) => (each.id === id ? { ...each, enabled: !enabled } : each));
    return element(
      'li',
      { class: 'connection', 'data-id': id, 'data-state': delivery?.attempts > 0 ? 'failing' : 'ok' },
      element('h3', {}, id, ' ', element('span', { class: 'second' }, FORMATS[format] ?? format)),
      element('p', {}, element('code', {}, where)),
      element('ul', {}, ...sentences(destination, opened).map((parts) => element('li', {}, ...parts))),
      element(
        'div',
        { class: 'alert-actions' },
        button('Change', () => showForm(destination)),
        button(enabled ? 'Switch off' : 'Switch on', async (made) => {
          await attempt(made, toggle);
          focusButton(id, 1);
        }),
        button('Send a sample', (made) => sendSample(destination, made, status)),
        removeButton(button, async (made) => {
          await attempt(made, (all) => all.filter((each) => each.id !== id));
          (list.querySelector('button') ?? addButton).focus();
        }),
      ),
      status,
    );
  }

  /** Gives a button the focus again, because the list was drawn since it was pressed. */
  function focusButton(id, index) {
    const item = [...list.children].find((each) => each instanceof HTMLElement && each.dataset.id === id);
    item?.querySelectorAll('button')[index]?.focus();
  }

  /**
   * @param {Destination} destination
   * @param {HTMLElement} button
   * @param {HTMLElement} status
   */
  async function sendSample({ id }, button, status) {
    setEnabled(button, false);
    setText(status, 'Sending …');
    const result = await ask(({ client, organizationId }, signal) =>
      client.post(PATHS.alertTest(organizationId, id), {}, { signal }),
    );
    setEnabled(button, true);
    if (result !== null) setText(status, outcomeOf(result));
  }

  return {
    /**
     * @param {Client} client
     * @param {Omit<Target, 'client' | 'abort'>} of
     */
    async open(client, of) {
      opened?.abort.abort();
      opened = { ...of, client, abort: new AbortController() };
      list.replaceChildren();
      addButton.hidden = true;
      setText(hint, 'Loading …');
      setText(problem, '');
      form.hide();
      overview.hidden = false;
      dialog.showModal();
      const result = await ask(({ organizationId }, signal) =>
        client.get(PATHS.alerts(organizationId), '', { signal }),
      );
      if (result === null) return;
      if (result.kind === 'data') draw(result.data.destinations);
      else setText(hint, reasonOf(result));
    },
    close: () => dialog.close(),
  };
}

/**
 * A button that removes something for good once it is pressed twice.
 *
 * @param {(label: string, act: (made: HTMLElement) => void) => HTMLElement} create
 * @param {(made: HTMLElement) => void} remove
 */
function removeButton(create, remove) {
  let isSure = false;
  const made = create('Remove', () => {
    if (isSure) remove(made);
    else ask(true);
  });
  const label = made.firstChild;
  const ask = (isAsking) => {
    isSure = isAsking;
    label.textContent = isAsking ? 'Remove for good' : 'Remove';
  };
  made.addEventListener('blur', () => ask(false));
  return made;
}

/**
 * What there is to say about a destination.
 *
 * @param {Destination} destination
 * @param {Target} target
 * @returns {(string | HTMLElement)[][]}
 */
function sentences({ categories, departmentIds, afterMinutes, enabled, delivery }, { departments, now }) {
  const nameOf = (id) => departments.find(({ departmentId }) => departmentId === id)?.name ?? id;
  const said = [];
  if (!enabled) said.push(['It is switched off.']);
  /** @type {(string | HTMLElement)[]} */
  const told = [`Told of: ${categories.map(categoryName).join(', ')}`];
  if (departmentIds) told.push('; only of ', ...listed(departmentIds.map(nameOf)));
  told.push(afterMinutes === null ? '.' : `; after ${minutes(afterMinutes)}, or the threshold if that is more.`);
  said.push(told);
  if (delivery) said.push(...deliverySentences(delivery, now()));
  return said;
}

/**
 * @param {import('../modules/alerts.js').Delivery} delivery
 * @param {number} now
 * @returns {(string | HTMLElement)[][]}
 */
function deliverySentences({ waitingSince, attempts, problem, sent, sentAt, givenUp }, now) {
  const said = [];
  if (waitingSince !== null) {
    const tries = attempts === 1 ? 'one attempt has failed' : `${formatNumber(attempts)} attempts have failed`;
    const failed = attempts > 0 ? `, and ${tries}` : '';
    said.push(['A message has been waiting for ', age(waitingSince, now), `${failed}.${problem ? ` ${problem}` : ''}`]);
  } else if (problem) said.push([`The last attempt failed. ${problem}`]);
  if (givenUp > 0) said.push([`${messages(givenUp)} given up after a day.`]);
  if (sentAt === null) said.push(['No message has been sent yet.']);
  else said.push([`${messages(sent)} sent, the last one `, age(sentAt, now), ' ago.']);
  return said;
}

/** @param {number} count */
function messages(count) {
  return count === 1 ? 'One message was' : `${formatNumber(count)} messages were`;
}

/**
 * @param {string} at
 * @param {number} now
 */
function age(at, now) {
  const instant = Date.parse(at);
  return element('time', { datetime: at, title: formatExactTime(instant) }, formatAge(now - instant));
}

/** @param {string[]} names */
function listed(names) {
  return names.flatMap((name, index) => [...(index > 0 ? [', '] : []), element('bdi', {}, name)]);
}

/** @param {Result} result */
function outcomeOf(result) {
  if (result.kind !== 'data') return `The sample was not sent. ${reasonOf(result)}`;
  const { isDelivered, problem } = result.data;
  return isDelivered ? 'The sample was delivered.' : `The sample was not delivered. ${problem ?? ''}`.trim();
}

/** @param {Result} result */
function reasonOf(result) {
  if (result.kind === 'refused' && result.status < 500) return result.message;
  return problemWords({ kind: result.kind === 'refused' ? 'unavailable' : result.kind }).text;
}
