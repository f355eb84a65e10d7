// Tells the user of new rows, by a sound and by a notification of the desktop, each if they have switched it on. A
// notification says how many, and nothing about anybody: it stays on screens and in lists of the system.

import { byId, setText } from '../modules/dom.js';
import { changePreferences, readPreferences } from '../modules/preferences.js';
import { formatNumber } from '../modules/words.js';

/** Two short notes, the second one higher: their pitches in hertz. */
const NOTES_HZ = [660, 880];
const NOTE_SECONDS = 0.18;
/** Loud enough to be heard in a room, and not to startle. */
const VOLUME = 0.25;
/** Another notification of this tag takes the place of the last one. */
const TAG = 'conversation-monitor';

const NO_NOTIFICATIONS = 'This browser cannot show notifications of web pages.';
const DENIED =
  'This browser does not let the page show notifications. Allow them for this site in the browser’s settings, then switch it on here.';
const NOT_ANSWERED = 'Notifications stay off, because you have not allowed them in the browser.';
const SILENT = 'The browser lets the page make a sound once you have clicked somewhere in it, or pressed a key.';

export function createAlarm() {
  const sound = byId('watch-sound', HTMLInputElement);
  const notification = byId('watch-notification', HTMLInputElement);
  const hint = byId('watch-hint');
  /** @type {AudioContext | null} */
  let audio = null;
  /** @type {Notification | null} */
  let shown = null;

  const preferences = readPreferences();
  sound.checked = preferences.sound;
  // The permission may have been taken back since.
  const refusal = preferences.notification ? refusalOf(permission()) : null;
  notification.checked = preferences.notification && refusal === null;
  if (refusal !== null) setText(hint, refusal);
  else if (sound.checked && !mayMakeSound()) {
    setText(hint, SILENT);
    for (const gesture of ['pointerdown', 'keydown'])
      addEventListener(gesture, () => hint.textContent === SILENT && setText(hint, ''), { once: true });
  }

  sound.addEventListener('change', () => {
    changePreferences({ sound: sound.checked });
    setText(hint, '');
    // Played at once, so that the user knows what it sounds like, and how loud it is.
    if (sound.checked) ring();
  });
  notification.addEventListener('change', async () => {
    setText(hint, '');
    const denial = notification.checked ? refusalOf(await askPermission()) : null;
    if (denial !== null) notification.checked = false;
    changePreferences({ notification: notification.checked });
    setText(hint, denial ?? '');
  });

  function ring() {
    if (!mayMakeSound()) return;
    audio ??= new AudioContext();
    audio.resume();
    NOTES_HZ.forEach((frequency, index) => {
      const from = audio.currentTime + index * NOTE_SECONDS;
      const gain = new GainNode(audio, { gain: 0 });
      gain.gain.setValueAtTime(VOLUME, from);
      gain.gain.exponentialRampToValueAtTime(0.001, from + NOTE_SECONDS);
      const note = new OscillatorNode(audio, { frequency });
      note.connect(gain).connect(audio.destination);
      note.start(from);
      note.stop(from + NOTE_SECONDS);
    });
  }

  /** @param {number} count */
  function show(count) {
    const more = count === 1 ? 'One more customer is' : `${formatNumber(count)} more customers are`;
    try {
      // TypeScript does not know `renotify` yet: the user is told again although the notification only changes.
      const options = /** @type {NotificationOptions} */ ({
        body: `${more} waiting for a reply.`,
        tag: TAG,
        renotify: true,
        silent: true,
      });
      shown = new Notification('Conversation Monitor', options);
      shown.addEventListener('click', () => {
        focus();
        shown?.close();
      });
    } catch {
      // Browsers of phones have the interface, and let only service workers use it.
      notification.checked = false;
      setText(hint, NO_NOTIFICATIONS);
    }
  }

  return {
    /** Whether the user wants to be told. */
    get isOn() {
      return sound.checked || notification.checked;
    },
    /**
     * Tells of so many new rows. Whoever has the page before them sees the rows, and needs no notification.
     *
     * @param {number} count
     * @param {{isLooking: boolean}} user
     */
    tell(count, { isLooking }) {
      if (sound.checked) ring();
      if (notification.checked && !isLooking) show(count);
    },
    /** Takes back what was told, because the user looks at the page or has signed out. */
    settle() {
      shown?.close();
      shown = null;
    },
  };
}

/** Whether the page may show notifications; `null` means that there are none. */
function permission() {
  return 'Notification' in globalThis ? Notification.permission : null;
}

/** Asks the user, and resolves to the permission. */
async function askPermission() {
  return permission() === null ? null : Notification.requestPermission();
}

/**
 * Why there are no notifications; `null` means that there are.
 *
 * @param {NotificationPermission | null} given
 */
function refusalOf(given) {
  if (given === null) return NO_NOTIFICATIONS;
  if (given === 'granted') return null;
  return given === 'denied' ? DENIED : NOT_ANSWERED;
}

/** Browsers let a page make a sound only after the user has done something in it. */
function mayMakeSound() {
  return navigator.userActivation?.hasBeenActive ?? true;
}
