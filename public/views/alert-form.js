// The form of one destination of alerts: a new one, or one that is changed. What is wrong is said at the field that it
// is about.

import { complaintOf, DEPARTMENTS_MAX, isDestinationId, makeSecret, SIGNED_FORMAT } from '../modules/alerts.js';
import { byId, drawList, element, icon, setAttributes, setEnabled, setText } from '../modules/dom.js';
import { CATEGORIES } from '../modules/filters.js';
import { categoryName, isWholeNumber, MINUTES_MAX } from '../modules/words.js';

/**
 * @typedef {import('../modules/alerts.js').Destination} Destination
 * @typedef {import('../modules/alerts.js').DestinationRequest} DestinationRequest
 * @typedef {import('../modules/alerts.js').Member} Member
 * @typedef {{departmentId: string, name: string | null}} Department
 */

/** What a new one is told of, unless somebody chooses otherwise. */
const USUAL_CATEGORIES = ['ai_stuck', 'agent_abandoned'];

/**
 * @param {object} actions
 * @param {(destination: DestinationRequest) => Promise<string | null>} actions.save Resolves to why it was not saved.
 * @param {() => void} actions.cancel
 */
export function createAlertForm({ save, cancel }) {
  const form = byId('alert-form', HTMLFormElement);
  const heading = byId('alert-form-heading');
  const id = byId('alert-id', HTMLInputElement);
  const format = byId('alert-format', HTMLSelectElement);
  const url = byId('alert-url', HTMLInputElement);
  const secret = byId('alert-secret', HTMLInputElement);
  const oldSecret = byId('alert-old-secret', HTMLInputElement);
  const categories = CATEGORIES.map((category) => createCategory(category));
  const departmentList = byId('alert-departments');
  const newDepartment = byId('alert-new-department', HTMLSelectElement);
  const after = byId('alert-after', HTMLInputElement);
  const enabled = byId('alert-enabled', HTMLInputElement);
  const problem = byId('alert-problem');
  const saveButton = byId('alert-save');

  /** The field of a member, which gets the focus if something is wrong with it. */
  const fields = {
    id,
    format,
    url,
    secret,
    categories: categories[0],
    departmentIds: newDepartment,
    afterMinutes: after,
  };
  /**
   * The destination that is changed; `null` means that it is a new one.
   * @type {Destination | null}
   */
  let changed = null;
  /** @type {string[]} */
  let taken = [];
  /** @type {Department[]} */
  let departments = [];
  /** @type {string[]} */
  let chosen = [];

  /**
   * @param {Member | null} member `null` means none in particular.
   * @param {string} text An empty text removes all complaints.
   */
  const complain = (member, text) => {
    for (const [name, field] of Object.entries(fields)) {
      const isCulprit = name === member;
      setText(byId(`alert-${name}-problem`), isCulprit ? text : '');
      setAttributes(field, { 'aria-invalid': isCulprit ? 'true' : null });
    }
    const field = fields[member ?? ''];
    setText(problem, field ? '' : text);
    field?.focus();
  };

  const drawSecrets = () => {
    byId('alert-secrets').hidden = format.value !== SIGNED_FORMAT;
  };
  format.addEventListener('change', drawSecrets);
  byId('alert-secret-new').addEventListener('click', () => {
    secret.value = makeSecret();
    secret.focus();
    secret.select();
  });
  newDepartment.addEventListener('change', () => {
    if (newDepartment.value !== '') chosen = [...chosen, newDepartment.value];
    drawDepartments();
  });
  byId('alert-cancel').addEventListener('click', () => cancel());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (saveButton.getAttribute('aria-disabled') === 'true') return;
    complain(null, '');
    const destination = read();
    if (destination === null) return;
    setEnabled(saveButton, false);
    const refusal = await save(destination);
    setEnabled(saveButton, true);
    if (refusal === null) return;
    const { member, text } = complaintOf(refusal);
    complain(member, text);
  });

  function drawDepartments() {
    departmentList.hidden = chosen.length === 0;
    drawList(
      departmentList,
      chosen,
      (departmentId) => departmentId,
      (departmentId, child) => {
        if (child) return child;
        const name = departments.find((each) => each.departmentId === departmentId)?.name ?? departmentId;
        const button = element('button', { class: 'button quiet', type: 'button' }, icon('remove'));
        button.setAttribute('aria-label', `Remove the department ${name}`);
        button.addEventListener('click', () => {
          chosen = chosen.filter((each) => each !== departmentId);
          drawDepartments();
          newDepartment.focus();
        });
        return element('li', {}, element('bdi', {}, name), button);
      },
    );
    const options = departments.filter(({ departmentId }) => !chosen.includes(departmentId));
    const first = { departmentId: '', name: chosen.length === 0 ? 'All departments' : 'Add a department …' };
    newDepartment.replaceChildren(
      ...[first, ...options].map(({ departmentId, name }) =>
        element('option', { value: departmentId }, name ?? departmentId),
      ),
    );
  }

  /** What the fields say. `null` means that something is wrong, and the form shows what. */
  function read() {
    const wrong = (member, text) => {
      complain(member, text);
      return null;
    };
    const name = id.value.trim();
    if (changed === null && !isDestinationId(name))
      return wrong('id', 'Type a name of 1 to 64 letters, digits, - and _.');
    if (changed === null && taken.includes(name)) return wrong('id', 'There is already a destination with this name.');
    const address = url.value.trim();
    if (changed === null && address === '') return wrong('url', 'Paste the address of the webhook.');
    const isSigned = format.value === SIGNED_FORMAT;
    const secrets = isSigned
      ? [secret, oldSecret].map(({ value }) => value.trim()).filter((value) => value !== '')
      : [];
    const hasSecret = changed?.format === SIGNED_FORMAT;
    if (isSigned && secret.value.trim() === '' && (!hasSecret || secrets.length > 0))
      return wrong('secret', 'Messages of this kind are signed: paste the secret, or make one.');
    const told = categories.filter(({ checked }) => checked).map(({ value }) => value);
    if (told.length === 0) return wrong('categories', 'Choose at least one.');
    if (chosen.length > DEPARTMENTS_MAX) return wrong('departmentIds', 'Choose at most 100 departments, or all.');
    const minutes = after.value.trim();
    // A field for numbers has no value if what somebody has typed is none.
    if (after.validity.badInput || (minutes !== '' && !isWholeNumber(minutes, MINUTES_MAX)))
      return wrong('afterMinutes', 'Enter a whole number from 1 to 10,080, or nothing.');
    return {
      id: changed?.id ?? name,
      format: format.value,
      categories: told,
      departmentIds: chosen.length === 0 ? null : chosen,
      afterMinutes: minutes === '' ? null : Number(minutes),
      enabled: enabled.checked,
      ...(address !== '' && { url: address }),
      ...(secrets.length > 0 && { secret: secrets.length === 1 ? secrets[0] : secrets }),
    };
  }

  return {
    /**
     * @param {Destination | null} destination `null` means a new one.
     * @param {{taken: string[], departments: Department[]}} known
     */
    show(destination, known) {
      changed = destination;
      ({ taken, departments } = known);
      chosen = destination?.departmentIds ?? [];
      setText(heading, destination === null ? 'Add a destination' : `Change ${destination.id}`);
      byId('alert-name').hidden = destination !== null;
      byId('alert-url-hint').textContent =
        destination === null
          ? 'It begins with https, and is not shown again after you have saved it.'
          : 'The address stays if you leave this empty.';
      const hasSecret = destination?.format === SIGNED_FORMAT;
      byId('alert-old').hidden = !hasSecret;
      byId('alert-secret-hint').textContent = hasSecret
        ? 'The secret stays if you leave this empty. To replace it, enter the new one here and the old one below; once the receiver knows the new one, save that alone.'
        : 'The receiver verifies messages with it. It is not shown again after you have saved it.';
      id.value = destination?.id ?? '';
      format.value = destination?.format ?? 'slack';
      for (const each of categories) each.checked = (destination?.categories ?? USUAL_CATEGORIES).includes(each.value);
      after.value = destination?.afterMinutes ? String(destination.afterMinutes) : '';
      enabled.checked = destination?.enabled ?? true;
      for (const each of [url, secret, oldSecret]) each.value = '';
      departmentList.replaceChildren();
      drawDepartments();
      drawSecrets();
      complain(null, '');
      byId('alert-categories').replaceChildren(
        ...categories.map((each) => element('label', { class: 'switch' }, each, ` ${categoryName(each.value)}`)),
      );
      form.hidden = false;
      (destination === null ? id : format).focus();
    },
    /** Hides it, and forgets what was typed: addresses and secrets. */
    hide() {
      form.hidden = true;
      byId('alert-categories').replaceChildren();
      for (const each of [url, secret, oldSecret]) each.value = '';
    },
  };
}

/** @param {string} category */
function createCategory(category) {
  const attributes = { id: `alert-${category}`, type: 'checkbox', value: category };
  const problem = { 'aria-describedby': 'alert-categories-problem' };
  return /** @type {HTMLInputElement} */ (element('input', { ...attributes, ...problem }));
}
