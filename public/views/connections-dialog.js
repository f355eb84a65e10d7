// How the connections to help desks are doing, for those who may change settings.

import { PATHS } from '../modules/client.js';
import { formatAge, formatExactTime } from '../modules/clock.js';
import { byId, element, setText, whenClosed } from '../modules/dom.js';
import { formatNumber, problemWords } from '../modules/words.js';

const KINDS = { chatwoot: 'Chatwoot', zammad: 'Zammad', libredesk: 'LibreDesk' };
/** Clocks that differ by less do no harm. */
const SKEW_SHOWN_MS = 60_000;
const NONE = 'No help desk is connected to this organization.';
const COUNTED = {
  mapped: 'taken in',
  partly: 'in part',
  unknown: 'not needed',
  unmappable: 'not understood',
  refused: 'refused',
};

/**
 * @typedef {object} Connection
 * @property {string} connectionId
 * @property {string} kind
 * @property {string | null} lastReceivedAt
 * @property {boolean} isSilent
 * @property {boolean} isFailing
 * @property {number | null} clockSkewMs
 * @property {Record<string, number>} today
 * @property {string[]} neverSeen
 * @property {{at: string, webhook: string | null, path: string, found: string, expected: string} | null} lastProblem
 * @property {{at: string, cause: string} | null} lastRefusal
 */

export function createConnectionsDialog() {
  const dialog = byId('connections-dialog', HTMLDialogElement);
  const hint = byId('connections-hint');
  const list = byId('connections');
  let abort = new AbortController();

  byId('connections-close').addEventListener('click', () => dialog.close());
  whenClosed(dialog, () => abort.abort());

  /**
   * @param {import('../modules/client.js').Client} client
   * @param {string} organizationId
   * @param {() => number} now In server time.
   */
  async function load(client, organizationId, now) {
    const { signal } = abort;
    try {
      const result = await client.get(PATHS.connections(organizationId), '', { signal });
      if (signal.aborted) return;
      if (result.code === 'NOT_FOUND') {
        setText(hint, NONE);
        return;
      }
      if (result.kind !== 'data') {
        setText(hint, problemWords({ kind: result.kind === 'refused' ? 'unavailable' : result.kind }).text);
        return;
      }
      /** @type {Connection[]} */
      const connections = result.data.connections;
      setText(hint, connections.length === 0 ? NONE : '');
      list.replaceChildren(...connections.map((connection) => draw(connection, now())));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  return {
    /**
     * @param {import('../modules/client.js').Client} client
     * @param {{ organizationId: string, now: () => number }} of
     */
    open(client, { organizationId, now }) {
      abort.abort();
      abort = new AbortController();
      list.replaceChildren();
      setText(hint, 'Loading …');
      dialog.showModal();
      load(client, organizationId, now);
    },
    close: () => dialog.close(),
  };
}

/**
 * @param {Connection} connection
 * @param {number} now
 */
function draw(connection, now) {
  const { connectionId, kind, isSilent, isFailing } = connection;
  const state = isFailing ? 'failing' : isSilent ? 'silent' : 'ok';
  return element(
    'li',
    { class: 'connection', 'data-state': state },
    element('h3', {}, KINDS[kind] ?? kind, ' ', element('code', { class: 'second' }, connectionId)),
    element('ul', {}, ...sentences(connection, now).map((parts) => element('li', {}, ...parts))),
  );
}

/**
 * What there is to say, the worst first.
 *
 * @param {Connection} connection
 * @param {number} now
 * @returns {(string | HTMLElement)[][]}
 */
function sentences({ lastReceivedAt, clockSkewMs, isSilent, isFailing, ...rest }, now) {
  const { today, neverSeen, lastProblem, lastRefusal } = rest;
  const said = [];
  if (lastReceivedAt === null) said.push(['No webhook has come in the last 30 days.']);
  else said.push(['The last webhook came ', ...ago(lastReceivedAt, now), isSilent ? ': it is silent.' : '.']);
  if (lastRefusal && (isFailing || today.refused > 0))
    said.push(['Last refused ', ...ago(lastRefusal.at, now), `: ${lastRefusal.cause}.`]);
  if (neverSeen.length > 0) said.push(['Never came, so most likely not ticked: ', ...codes(neverSeen), '.']);
  if (lastProblem) {
    const { webhook, path, found, expected, at } = lastProblem;
    const place = path ? element('code', {}, path) : 'the body';
    const where = [...(webhook ? [element('code', {}, webhook), ' '] : []), place];
    said.push(['Not taken in ', ...ago(at, now), ': ', ...where, ` is ${found}, and should be ${expected}.`]);
  }
  if (clockSkewMs !== null && Math.abs(clockSkewMs) >= SKEW_SHOWN_MS) {
    const direction = clockSkewMs > 0 ? 'ahead' : 'behind';
    said.push([`Its clock is ${formatAge(Math.abs(clockSkewMs))} ${direction}.`]);
  }
  const counts = Object.entries(COUNTED).filter(([name]) => today[name] > 0);
  const words = counts.map(([name, text]) => `${formatNumber(today[name])} ${text}`).join(', ');
  said.push([`Today (UTC): ${words || 'nothing'}.`]);
  return said;
}

/**
 * @param {string} at
 * @param {number} now
 */
function ago(at, now) {
  const instant = Date.parse(at);
  const age = formatAge(Math.max(now - instant, 0));
  return [element('time', { datetime: at, title: formatExactTime(instant) }, `${age} ago`)];
}

/** @param {string[]} names */
function codes(names) {
  return names.flatMap((name, index) => [...(index > 0 ? [', '] : []), element('code', {}, name)]);
}
