// Which rows of a list have come in since the user last looked. The page sees only some rows of a list at a time, so a
// row is new if it was not in the previous snapshot and would have been seen there: it is between the first and the
// last row that were seen, or beyond them at an end of the list that was seen, too.

/** How long somebody must look at the page without a break before what is on it counts as seen. */
const LOOK_MS = 5_000;
/** The most rows that are marked as new. If there are more, those that came first lose the mark. */
const MARKED_MAX = 1_000;
/** How many parts of a snapshot are remembered: pages that the user has turned to, and the end of the list. */
const PARTS_MAX = 4;

/**
 * Some rows of a list that follow each other.
 *
 * @typedef {object} Part
 * @property {number} start How many rows of the list are before it.
 * @property {Set<string>} ids Of their conversations.
 * @property {number} from `stalledSince` of the first one; endless if the list begins with it.
 * @property {number} to `stalledSince` of the last one; endless if the list ends with it.
 */

export class Arrivals {
  /**
   * The list and its snapshot.
   * @type {{list: string, snapshotId: string, at: number, total: number} | null}
   */
  #current = null;
  /** @type {Part[]} */
  #parts = [];
  /** @type {Part[]} */
  #previousParts = [];
  /** How many rows there were before; `null` means that it is not known. */
  #previousTotal = null;
  /**
   * The new rows, by conversation, and whether they have been looked at.
   * @type {Map<string, {isSeen: boolean}>}
   */
  #marked = new Map();
  /** Since when the user has been looking; `null` means that they are not. */
  #lookingSince = null;
  /** How many new rows of this snapshot have been found. */
  #found = 0;

  /**
   * Learns some rows of a snapshot. Rows of an older one are ignored; another list is not compared with the one before.
   *
   * @param {string} list Identifies the list.
   * @param {{snapshotId: string, generatedAt: string, totalCount: number, pagination: {page: number, limit: number}, rows: any[]}} report
   */
  observe(list, { snapshotId, generatedAt, totalCount, pagination, rows }) {
    const at = Date.parse(generatedAt ?? '');
    if (Number.isNaN(at)) return;
    if (this.#current?.list !== list) this.reset();
    else if (at < this.#current.at) return;
    if (this.#current?.snapshotId !== snapshotId) {
      this.#previousParts = this.#parts;
      this.#previousTotal = this.#current?.total ?? null;
      this.#parts = [];
      this.#found = 0;
      this.#current = { list, snapshotId, at, total: totalCount };
      for (const [id, { isSeen }] of this.#marked) if (isSeen) this.#marked.delete(id);
    }
    const start = (pagination.page - 1) * pagination.limit;
    if (this.#parts.some((part) => part.start === start && part.ids.size === rows.length)) return;
    this.#parts = [...this.#parts, partOf(rows, start, totalCount)].slice(-PARTS_MAX);
    for (const { conversationId, stalledSince } of rows) {
      if (this.#marked.has(conversationId) || !this.#isNew(conversationId, Date.parse(stalledSince))) continue;
      this.#found += 1;
      this.#marked.set(conversationId, { isSeen: false });
    }
    const surplus = Math.max(0, this.#marked.size - MARKED_MAX);
    for (const id of [...this.#marked.keys()].slice(0, surplus)) this.#marked.delete(id);
  }

  /**
   * How many rows a snapshot has that the one before it had not, as far as the page can know; 0 if nothing is known of
   * it.
   *
   * @param {string} snapshotId
   */
  countOf(snapshotId) {
    if (this.#current?.snapshotId !== snapshotId || this.#previousTotal === null) return 0;
    return Math.max(this.#found, this.#current.total - this.#previousTotal);
  }

  /**
   * Whether a row has come in since the user last looked.
   *
   * @param {string} conversationId
   */
  has(conversationId) {
    return this.#marked.has(conversationId);
  }

  /**
   * To be called regularly. A row that somebody has looked at for a while loses its mark at the next snapshot.
   *
   * @param {boolean} isLooking
   * @param {number} now By the local clock.
   */
  look(isLooking, now) {
    if (!isLooking) this.#lookingSince = null;
    else this.#lookingSince ??= now;
    if (this.#lookingSince === null || now - this.#lookingSince < LOOK_MS) return;
    for (const mark of this.#marked.values()) mark.isSeen = true;
  }

  /** Forgets everything: the next rows are compared with nothing. */
  reset() {
    this.#current = null;
    this.#parts = [];
    this.#marked.clear();
    this.#lookingSince = null;
  }

  #isNew(id, stalledSince) {
    return (
      !this.#previousParts.some(({ ids }) => ids.has(id)) &&
      this.#previousParts.some(({ from, to }) => from < stalledSince && stalledSince < to)
    );
  }
}

/**
 * @param {any[]} rows
 * @param {number} start
 * @param {number} total
 * @returns {Part}
 */
function partOf(rows, start, total) {
  const since = (row) => Date.parse(row?.stalledSince ?? '');
  return {
    start,
    ids: new Set(rows.map(({ conversationId }) => conversationId)),
    from: start === 0 ? Number.NEGATIVE_INFINITY : since(rows[0]),
    to: start + rows.length >= total ? Number.POSITIVE_INFINITY : since(rows.at(-1)),
  };
}
