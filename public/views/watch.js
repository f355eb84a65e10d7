// What helps to keep an eye on the list: marks on rows that are new, being told of them, who is due soon, and the way
// to the wall view.

import { Arrivals } from '../modules/arrivals.js';
import { PATHS } from '../modules/client.js';
import { byId, setAttributes } from '../modules/dom.js';
import { queryOf, withoutPage } from '../modules/filters.js';
import { wallQuery } from '../modules/wall-address.js';
import { createAlarm } from './alarm.js';
import { createDueSoon } from './due-soon.js';

/** How many rows of the end of a longer list are requested to see what is new there. */
const END_LIMIT = 100;

/**
 * @typedef {import('../modules/monitor.js').Monitor} Monitor
 * @typedef {import('../modules/client.js').Client} Client
 */

/** @param {{showAlerts: () => void}} actions */
export function createWatch(actions) {
  const arrivals = new Arrivals();
  const alarm = createAlarm();
  const dueSoon = createDueSoon();
  const wallLink = byId('wall-link');
  const alerts = byId('alerts-show');
  alerts.addEventListener('click', () => actions.showAlerts());
  /** The newest snapshot that the user was told of, or is about to be. */
  let toldOf = null;
  let abort = new AbortController();

  /**
   * Learns the report that the page has.
   *
   * @param {Monitor} monitor
   * @param {Client} client
   */
  function observe(monitor, client) {
    const { state } = monitor;
    if (!monitor.isListedCurrent || state.problem) return;
    const { listed, newest } = state;
    const list = listOf(listed);
    arrivals.observe(list, listed.data);
    if (!newest?.snapshotId || newest.snapshotId === toldOf) return;
    toldOf = newest.snapshotId;
    abort.abort();
    if (!alarm.isOn) return;
    abort = new AbortController();
    tell(monitor, client, list, abort.signal);
  }

  /**
   * Tells of the new rows of the newest snapshot, once.
   *
   * @param {Monitor} monitor
   * @param {Client} client
   * @param {string} list
   * @param {AbortSignal} signal
   */
  async function tell({ state }, client, list, signal) {
    const { listed, newest, filters } = state;
    const isWhole = listed.data.snapshotId === newest.snapshotId && listed.data.rows.length === newest.totalCount;
    // New rows mostly come last, so those on the screen do not tell of them in a longer list.
    if (!isWhole && newest.totalCount > 0) {
      const page = Math.ceil(newest.totalCount / END_LIMIT);
      const query = queryOf({ ...withoutPage(filters, newest.snapshotId), page, limit: END_LIMIT });
      try {
        const result = await client.get(PATHS.report, query, { signal });
        if (signal.aborted) return;
        if (result.kind === 'data') arrivals.observe(list, result.data);
      } catch (error) {
        if (!signal.aborted) throw error;
        return;
      }
    }
    const count = arrivals.countOf(newest.snapshotId);
    if (count > 0) alarm.tell(count, { isLooking: isLooking() });
  }

  return {
    /**
     * Whether a row has come in since the user last looked.
     *
     * @param {string} conversationId
     */
    isNew: (conversationId) => arrivals.has(conversationId),
    /**
     * Call it before the rows are drawn.
     *
     * @param {Monitor} monitor
     * @param {Client} client
     */
    render(monitor, client) {
      observe(monitor, client);
      dueSoon.render(monitor, client);
      alerts.hidden = !monitor.maySetThresholds || monitor.organizationId === null;
      setAttributes(wallLink, { href: `?${wallQuery(monitor.state.filters)}` });
    },
    /** @param {number} now */
    tick(now) {
      arrivals.look(isLooking(), Date.now());
      if (isLooking()) alarm.settle();
      dueSoon.tick(now);
    },
    /** Removes everything that belongs to the session. */
    reset() {
      abort.abort();
      toldOf = null;
      arrivals.reset();
      alarm.settle();
      dueSoon.reset();
    },
  };
}

/** Whether the user has the page before them. */
function isLooking() {
  return !document.hidden && document.hasFocus();
}

/**
 * Identifies a list. One with another threshold is another one: whoever it lists more has not just come.
 *
 * @param {{data: any, filters: import('../modules/filters.js').Filters}} report
 */
function listOf({ data, filters }) {
  return JSON.stringify([data.organizationId, data.thresholdMinutes, queryOf(withoutPage(filters, null))]);
}
