// The course of the day as the chart and its table have it: by hour for a day, by day for more. There is no DOM here.

const HOUR_MS = 3_600_000;

/**
 * An hour or a day of the viewer's.
 *
 * @typedef {object} Slot
 * @property {string} key
 * @property {number} startsAt Epoch milliseconds.
 * @property {boolean} isKnown Whether anything is known of it. Then the others are numbers.
 * @property {number} crossed
 * @property {number} cleared
 * @property {number | null} median In minutes. `null` means that nothing was cleared, or that it is not known of a day.
 * @property {number | null} worst In minutes.
 * @property {number} most
 */

/**
 * The slots of the last `days`, the earliest first.
 *
 * @param {{generatedAt: string | null, days: number, hours: any[]}} data
 * @returns {Slot[]}
 */
export function slotsOf({ generatedAt, days, hours }) {
  if (generatedAt === null) return [];
  const last = Math.floor(Date.parse(generatedAt) / HOUR_MS) * HOUR_MS;
  const count = 24 * days;
  /** @type {Map<string, Slot>} */
  const slots = new Map();
  for (let number = count - 1; number >= 0; number -= 1) {
    const startsAt = last - number * HOUR_MS;
    const key = keyOf(startsAt, days);
    if (!slots.has(key)) slots.set(key, emptySlot(key, startsAt));
  }
  for (const hour of hours) {
    const slot = slots.get(keyOf(Date.parse(hour.startsAt), days));
    if (slot) add(slot, hour, days);
  }
  return [...slots.values()];
}

/** Hours by their instant; days by the viewer's calendar. */
function keyOf(startsAt, days) {
  return days === 1 ? String(startsAt) : new Date(startsAt).toDateString();
}

/**
 * @param {string} key
 * @param {number} startsAt
 * @returns {Slot}
 */
function emptySlot(key, startsAt) {
  return { key, startsAt, isKnown: false, crossed: 0, cleared: 0, median: null, worst: null, most: 0 };
}

/**
 * @param {Slot} slot
 * @param {any} hour
 * @param {number} days
 */
function add(slot, { crossed, cleared, medianMinutesToClear, worstMinutesToClear, mostAtOnce }, days) {
  slot.isKnown = true;
  slot.crossed += crossed;
  slot.cleared += cleared;
  slot.most = Math.max(slot.most, mostAtOnce);
  if (worstMinutesToClear !== null) slot.worst = Math.max(slot.worst ?? 0, worstMinutesToClear);
  // There is no median of medians.
  if (days === 1) slot.median = medianMinutesToClear;
}

/**
 * The totals of all slots.
 *
 * @param {Slot[]} slots
 */
export function totalsOf(slots) {
  const sum = (/** @type {(slot: Slot) => number} */ of) => slots.reduce((total, slot) => total + of(slot), 0);
  return {
    isKnown: slots.some(({ isKnown }) => isKnown),
    crossed: sum(({ crossed }) => crossed),
    cleared: sum(({ cleared }) => cleared),
    most: Math.max(0, ...slots.map(({ most }) => most)),
  };
}
