// Changing the organization's thresholds, its business hours, and after how many days a conversation is no longer
// listed.

import { PATHS } from '../modules/client.js';
import { byId, drawList, element, setText, whenClosed } from '../modules/dom.js';
import { CHANNEL_NAMES, channelName, isWholeNumber, MINUTES_MAX, minutes, problemWords } from '../modules/words.js';
import { createHoursFields } from './hours-fields.js';
import { createThresholdList } from './threshold-list.js';

const DAYS_MAX = 3_650;
/** The most channels that can have a threshold of their own. */
const CHANNELS_MAX = 50;
/** The most departments that can have a threshold of their own. */
const DEPARTMENTS_MAX = 1_000;

/** @typedef {import('../modules/client.js').Client} Client */
/**
 * @typedef {object} Settings
 * @property {number} thresholdMinutes
 * @property {import('./threshold-list.js').Thresholds} channelThresholdMinutes
 * @property {import('./threshold-list.js').Thresholds} departmentThresholdMinutes
 * @property {number} maxAgeDays
 * @property {import('../modules/hours.js').BusinessHours | null} businessHours
 */
/**
 * The organization whose settings are changed. `loaded` is `null` until they are known.
 *
 * @typedef {{client: Client, organizationId: string, abort: AbortController, loaded: Settings | null, saving: boolean}} Target
 */

/** @param {{ onSaved: (text: string) => void }} callbacks `onSaved` gets a sentence for the user. */
export function createThresholdDialog({ onSaved }) {
  const dialog = byId('threshold-dialog', HTMLDialogElement);
  const field = byId('threshold-minutes', HTMLInputElement);
  const ageField = byId('max-age-days', HTMLInputElement);
  const newChannel = byId('new-channel', HTMLInputElement);
  const newDepartment = byId('new-department', HTMLSelectElement);
  const others = byId('threshold-others');
  const othersHint = byId('threshold-others-hint');
  const problem = byId('threshold-problem');
  const saveButton = byId('threshold-save');
  /** @type {Target | null} */
  let opened = null;
  /** @type {{departmentId: string, name: string | null}[]} */
  let departments = [];

  const departmentName = (id) => departments.find(({ departmentId }) => departmentId === id)?.name ?? id;
  const channelList = createThresholdList({
    listId: 'channel-thresholds',
    nameOf: channelName,
    identityOf: (channel) => channel.toLowerCase(),
    onRemoved: () => newChannel.focus(),
  });
  const hoursFields = createHoursFields();
  const departmentList = createThresholdList({
    listId: 'department-thresholds',
    nameOf: departmentName,
    onRemoved: () => newDepartment.focus(),
  });

  /**
   * @param {string} text An empty text removes the complaint.
   * @param {HTMLElement | null} [culprit] The field that it is about.
   */
  const complain = (text, culprit = null) => {
    setText(problem, text);
    for (const each of [field, ageField, newChannel]) each.setAttribute('aria-invalid', String(each === culprit));
    hoursFields.mark(culprit);
    culprit?.focus();
  };

  byId('threshold-cancel').addEventListener('click', () => dialog.close());
  whenClosed(dialog, () => opened?.abort.abort());
  byId('new-channel-add').addEventListener('click', () => {
    const channel = channelOf(newChannel.value.trim());
    if (channel === '') complain('Type the name of a channel.', newChannel);
    else if (channelList.has(channel)) complain('This channel has a threshold already.', newChannel);
    else if (channelList.size >= CHANNELS_MAX) complain('At most 50 channels can have a threshold.', newChannel);
    else {
      complain('');
      newChannel.value = '';
      channelList.add(channel);
    }
  });
  newChannel.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    // It adds the channel and does not save.
    event.preventDefault();
    byId('new-channel-add').click();
  });
  newDepartment.addEventListener('change', () => {
    const departmentId = newDepartment.value;
    if (departmentId !== '' && departmentList.size < DEPARTMENTS_MAX) departmentList.add(departmentId);
    drawNewDepartments();
  });
  byId('threshold-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = read();
    if (body === null || opened.saving) return;
    opened.saving = true;
    saveButton.setAttribute('aria-disabled', 'true');
    await save(opened, body);
    saveButton.removeAttribute('aria-disabled');
  });

  /** The departments that have no threshold of their own yet. */
  function drawNewDepartments() {
    const options = departments.filter(({ departmentId }) => !departmentList.has(departmentId));
    drawList(
      newDepartment,
      [{ departmentId: '', name: 'Add a department …' }, ...options],
      ({ departmentId }) => departmentId,
      ({ departmentId, name }, child) => {
        const option = child ?? element('option', { value: departmentId });
        setText(option, name ?? departmentId);
        return option;
      },
    );
    newDepartment.value = '';
  }

  /**
   * What is to be saved, or `null` if a field is wrong. What was not loaded or not changed is left out and stays as it
   * is, except the threshold.
   */
  function read() {
    const channels = channelList.read();
    const ofDepartments = departmentList.read();
    const wrong = 'Enter a whole number from 1 to 10,080.';
    if (!isWholeNumber(field.value, MINUTES_MAX)) return refuse(wrong, field);
    const invalid = channels.invalid ?? ofDepartments.invalid;
    if (invalid) return refuse(wrong, invalid);
    const thresholdMinutes = Number(field.value);
    const { loaded } = opened;
    if (!loaded) return { thresholdMinutes };
    if (!isWholeNumber(ageField.value, DAYS_MAX)) return refuse('Enter a whole number from 1 to 3,650.', ageField);
    const hours = hoursFields.read();
    if ('problem' in hours) return refuse(hours.problem, hours.culprit);
    const given = {
      channelThresholdMinutes: channels.thresholds,
      departmentThresholdMinutes: ofDepartments.thresholds,
      maxAgeDays: Number(ageField.value),
      businessHours: hours.hours,
    };
    const changed = Object.entries(given).filter(([name, value]) => !isSame(value, loaded[name]));
    return { thresholdMinutes, ...Object.fromEntries(changed) };
  }

  /**
   * @param {string} text
   * @param {HTMLElement} culprit
   */
  function refuse(text, culprit) {
    complain(text, culprit);
    return null;
  }

  /**
   * @param {Target} target
   * @param {{thresholdMinutes: number}} body
   */
  async function save(target, body) {
    complain('');
    const { signal } = target.abort;
    try {
      const result = await target.client.put(PATHS.settings(target.organizationId), body, { signal });
      if (result.kind !== 'data') complain(refusal(result));
      else {
        dialog.close();
        const isThresholdOnly = Object.keys(body).length === 1;
        onSaved(
          isThresholdOnly ? `Threshold set to ${minutes(result.data.thresholdMinutes)}.` : 'The settings were saved.',
        );
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      target.saving = false;
    }
  }

  /**
   * Shows the settings that were loaded, or why they were not.
   *
   * @param {import('../modules/client.js').Result | null} result `null` means that they are not here yet.
   */
  function drawOthers(result) {
    others.hidden = result?.kind !== 'data';
    othersHint.hidden = !others.hidden;
    setText(othersHint, result === null ? 'Loading …' : `The other settings could not be loaded. ${reasonOf(result)}`);
    if (result?.kind !== 'data') return;
    channelList.set(result.data.channelThresholdMinutes);
    departmentList.set(result.data.departmentThresholdMinutes);
    drawNewDepartments();
    hoursFields.set(result.data.businessHours);
    ageField.value = String(result.data.maxAgeDays);
  }

  return {
    /**
     * Shows the dialog.
     *
     * @param {Client} client
     * @param {object} known What the page knows already.
     * @param {string} known.organizationId
     * @param {number} known.thresholdMinutes What the report on the screen says.
     * @param {{departmentId: string, name: string | null}[]} known.departments
     * @param {string[]} known.channels Those of the list.
     */
    async open(client, { organizationId, thresholdMinutes, departments: named, channels }) {
      const target = { client, organizationId, abort: new AbortController(), loaded: null, saving: false };
      opened?.abort.abort();
      opened = target;
      departments = named;
      const choices = new Set([...channels, ...Object.keys(CHANNEL_NAMES)]);
      byId('channels').replaceChildren(
        ...[...choices].map((channel) => element('option', { value: channelName(channel) })),
      );
      channelList.set({});
      departmentList.set({});
      newChannel.value = '';
      drawOthers(null);
      complain('');
      field.value = String(thresholdMinutes);
      dialog.showModal();
      field.select();
      // The threshold may have been changed since the snapshot on the screen.
      const result = await client
        .get(PATHS.settings(organizationId), '', { signal: target.abort.signal })
        .catch(() => null);
      if (opened !== target || result === null) return;
      const isUntouched = field.value === String(thresholdMinutes);
      drawOthers(result);
      if (result.kind !== 'data') return;
      target.loaded = result.data;
      if (!isUntouched) return;
      field.value = String(result.data.thresholdMinutes);
      field.select();
    },
    close: () => dialog.close(),
  };

  /**
   * The channel that a name stands for: people choose names, the service knows channels.
   *
   * @param {string} name
   */
  function channelOf(name) {
    const known = Object.entries(CHANNEL_NAMES).find(([, words]) => words.toLowerCase() === name.toLowerCase());
    return known ? known[0] : name;
  }
}

/**
 * Whether two settings are the same, in whatever order their members are.
 *
 * @param {unknown} a
 * @param {unknown} b
 */
function isSame(a, b) {
  const sorted = (_, value) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
      : value;
  return JSON.stringify(a, sorted) === JSON.stringify(b, sorted);
}

/** @param {import('../modules/client.js').Result} result */
function refusal(result) {
  return `Not saved. ${reasonOf(result)}`;
}

/** @param {import('../modules/client.js').Result} result */
function reasonOf(result) {
  if (result.kind === 'refused' && result.status < 500) return result.message;
  return problemWords({ kind: result.kind === 'refused' ? 'unavailable' : result.kind }).text;
}
