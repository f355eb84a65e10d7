// What the user prefers in this browser. It is the only thing that the page keeps in localStorage, and nothing of it
// says who they are or what they see.

const STORAGE_KEY = 'conversation-monitor.preferences';

/** @typedef {{sound: boolean, notification: boolean}} Preferences How to be told of new rows. */

/** Where localStorage is forbidden: they last until the page is reloaded. */
let inMemory = '{}';

/** @returns {Preferences} Everything is off until the user switches it on. */
export function readPreferences() {
  const saved = parse(savedText());
  return { sound: saved?.sound === true, notification: saved?.notification === true };
}

/** @param {Partial<Preferences>} changes */
export function changePreferences(changes) {
  inMemory = JSON.stringify({ ...readPreferences(), ...changes });
  try {
    localStorage.setItem(STORAGE_KEY, inMemory);
  } catch {
    // Storage is forbidden; they are in memory.
  }
}

function savedText() {
  try {
    return localStorage.getItem(STORAGE_KEY) ?? inMemory;
  } catch {
    return inMemory;
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
