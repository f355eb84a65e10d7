// Building and changing elements. Text is only ever set as text, never as markup.

/**
 * The element of the page with this id, which must be of this type.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new (...unused: never[]) => T} [type]
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof (type ?? HTMLElement))) throw new Error(`index.html has no #${id} of the expected type`);
  return /** @type {T} */ (found);
}

/**
 * Creates an element. `true` sets an empty attribute; `false`, `null` and `undefined` set none.
 *
 * @param {string} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * Sets or removes attributes, touching only those that differ.
 *
 * @param {Element} target
 * @param {Record<string, unknown>} attributes
 */
export function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) target.removeAttribute(name);
    else if (target.getAttribute(name) !== String(value))
      target.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * Sets the text unless it is the same already, so that selections and screen readers are not disturbed.
 *
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Sets text that is clamped to two lines; the tooltip has all of it.
 *
 * @param {Element} target
 * @param {string} text
 */
export function setClampedText(target, text) {
  setText(target, text);
  setAttributes(target, { title: text });
}

/**
 * Lists names, each isolated so that a right-to-left name cannot reorder its neighbours. Without names it says
 * `nobody`.
 *
 * @param {Element} target
 * @param {string[]} names
 * @param {string} nobody
 */
export function setNames(target, names, nobody) {
  const shown = names.length > 0 ? names : [nobody];
  const isolated = [...target.children].map(({ textContent }) => textContent);
  if (JSON.stringify(isolated) === JSON.stringify(shown)) return;
  target.replaceChildren(...shown.flatMap((name, index) => [index > 0 ? ', ' : '', element('bdi', {}, name)]));
}

const SVG = 'http://www.w3.org/2000/svg';

/** Strokes on a 16 by 16 grid. Each icon stands next to words that say the same. */
const ICONS = {
  autopilot:
    'M8 1.5v2M3.5 6a2 2 0 0 1 2-2h5a2 2 0 0 1 2 2v4.5a2 2 0 0 1-2 2h-5a2 2 0 0 1-2-2zM1.5 7.5v2M14.5 7.5v2M6.25 7.25v1.5M9.75 7.25v1.5M6 14.5h4',
  agent: 'M8 7.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5zM2.5 14c.4-2.7 2.6-4.25 5.5-4.25s5.1 1.55 5.5 4.25',
  lock: 'M4 7.25h8v6.25H4zM5.75 7.25V5a2.25 2.25 0 0 1 4.5 0v2.25',
  open: 'M6 3.5 10.5 8 6 12.5',
  warning: 'M8 2.25 14.5 13.5h-13zM8 6.5v3.25M8 11.6v.1',
  information: 'M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5zM8 7.25v3.75M8 5v.1',
  offline:
    'M2 2l12 12M4.5 8.5a5 5 0 0 1 2.2-1.25M11.5 8.5a5 5 0 0 0-1.1-.75M2 5.75A8.7 8.7 0 0 1 4.6 4.2M14 5.75A8.7 8.7 0 0 0 7.5 3.4M6.6 11a2 2 0 0 1 2.8 0M8 13.1v.1',
  done: 'M3 8.5 6.5 12 13 4.5',
  nobody:
    'M6.5 7.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5zM1 14c.4-2.7 2.6-4.25 5.5-4.25 1 0 2 .2 2.8.6M11 10.5l4 4M15 10.5l-4 4',
  snoozed: 'M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5zM8 4.5V8l2.5 1.75',
  remove: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM10.75 10.75 14 14',
};

const CATEGORY_ICONS = {
  ai_stuck: 'autopilot',
  agent_abandoned: 'agent',
  unassigned: 'nobody',
  snoozed: 'snoozed',
  acknowledged: 'done',
};

/**
 * An icon, hidden from screen readers.
 *
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  setAttributes(svg, { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' });
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * The icon of a category.
 *
 * @param {string} category
 */
export function categoryIcon(category) {
  return icon(CATEGORY_ICONS[category] ?? 'information');
}

/**
 * Acts on clicks unless `setEnabled` has disabled the button.
 *
 * @param {HTMLElement} button
 * @param {() => void} act
 */
export function whileEnabled(button, act) {
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') act();
  });
}

/**
 * Sets `aria-disabled`, because `disabled` would take the focus from a button that was just pressed.
 *
 * @param {HTMLElement} button
 * @param {boolean} isEnabled
 */
export function setEnabled(button, isEnabled) {
  setAttributes(button, { 'aria-disabled': isEnabled ? null : 'true' });
}

/**
 * Calls `act` when a dialog has been closed, whichever way. The browser tells it later: if the dialog has been opened
 * again by then, it is not called.
 *
 * @param {HTMLDialogElement} dialog
 * @param {() => void} act
 */
export function whenClosed(dialog, act) {
  dialog.addEventListener('close', () => {
    if (!dialog.open) act();
  });
}

/**
 * Makes `container` hold one child per item, in order. An item keeps its child for as long as its key is listed: `draw`
 * gets that child, or undefined if it must create one, and returns it.
 *
 * @template T
 * @param {HTMLElement} container
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T, child: HTMLElement | undefined) => HTMLElement} draw
 */
export function drawList(container, items, keyOf, draw) {
  const existing = new Map(childrenOf(container).map((child) => [child.dataset.key, child]));
  const children = items.map((item) => {
    const key = keyOf(item);
    const child = draw(item, existing.get(key));
    child.dataset.key = key;
    return child;
  });
  arrange(container, children);
}

/**
 * Makes `container` hold exactly these children; those that are in place already are not touched.
 *
 * @param {HTMLElement} container
 * @param {HTMLElement[]} children
 */
export function arrange(container, children) {
  const wanted = new Set(children);
  for (const child of childrenOf(container)) if (!wanted.has(child)) child.remove();
  children.forEach((child, index) => {
    if (container.children[index] !== child) container.insertBefore(child, container.children[index] ?? null);
  });
}

/** @param {Element} container */
function childrenOf(container) {
  return /** @type {HTMLElement[]} */ ([...container.children]);
}
