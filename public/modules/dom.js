// Building and changing elements. Text comes in as text and never as markup: there is no other way in here.

/** The element of the page with this id. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

/** A new element. An attribute that is true is set empty; one that is false, null or undefined is not set. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Sets or removes attributes, touching only what differs. */
export function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) target.removeAttribute(name);
    else if (target.getAttribute(name) !== String(value))
      target.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Sets the text unless it is the same: selections, and screen readers, are left alone. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Strokes on a 16 by 16 grid. Each stands beside words that say the same. */
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
};

/** An icon, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  setAttributes(svg, { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' });
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * Makes `container` hold one child for each item, in order. `draw(item, child)` changes a child that is there or makes
 * one; a child stays its item's as long as the key is there.
 */
export function drawList(container, items, keyOf, draw) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  const children = items.map((item) => {
    const key = keyOf(item);
    const child = draw(item, old.get(key));
    child.dataset.key = key;
    return child;
  });
  arrange(container, children);
}

/** Makes `container` hold just these children; those that are in their place already are not touched. */
export function arrange(container, children) {
  const wanted = new Set(children);
  for (const child of [...container.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, index) => {
    if (container.children[index] !== child) container.insertBefore(child, container.children[index] ?? null);
  });
}
