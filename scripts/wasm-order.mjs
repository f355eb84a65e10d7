// Names the functions of a wasm so that wasm-opt's --reorder-functions-by-name puts those next to each other that resemble
// each other: gzip looks back 32 KB for what repeats. In the order of their real names the worker is 4 KB larger.

/** Bytes that are looked at together. */
const SHINGLE = 7;
/** Hashes that stand for a function (MinHash). How many two functions have in common is how much they resemble each other. */
const HASHES = 128;
/** How many of the last functions the next one may resemble. */
const LOOK_BACK = 3;

/** Kinds of imports. */
const FUNCTION = 0;
const TAG = 4;

const IMPORT_SECTION = 2;
const CODE_SECTION = 10;

/**
 * The wasm with a name for each of its functions. It must have no names.
 *
 * @param {Uint8Array} wasm
 */
export function nameByResemblance(wasm) {
  const { imported, bodies } = functionsOf(wasm);
  const names = [];
  for (const [place, index] of orderOf(bodies).entries()) names[index] = String(place).padStart(8, '0');
  const entries = names.map((name, index) => Buffer.concat([unsigned(imported + index), counted(Buffer.from(name))]));
  const functions = Buffer.concat([unsigned(entries.length), ...entries]);
  const content = Buffer.concat([counted(Buffer.from('name')), Buffer.from([1]), counted(functions)]);
  return Buffer.concat([wasm, Buffer.from([0]), counted(content)]);
}

/**
 * The order: after each function the one of the rest that resembles one of the last ones most.
 *
 * @param {Uint8Array[]} bodies
 */
function orderOf(bodies) {
  const hashes = bodies.map(hashesOf);
  const rest = new Set(bodies.keys());
  /** How much each function resembles the last one, the one before it, and so on. */
  let scores = Array.from({ length: LOOK_BACK }, () => new Float64Array(bodies.length));
  const order = [];
  for (let last = 0; rest.size > 0; ) {
    order.push(last);
    rest.delete(last);
    const newest = scores[LOOK_BACK - 1];
    scores = [newest, ...scores.slice(0, -1)];
    let best = { index: 0, score: -1 };
    for (const index of rest) {
      newest[index] = inCommon(hashes[index], hashes[last]);
      const score = Math.max(...scores.map((others, distance) => others[index] - distance / 2));
      if (score > best.score) best = { index, score };
    }
    last = best.index;
  }
  return order;
}

/** The smallest of each of many hashes over all shingles of a function. */
function hashesOf(body) {
  const smallest = new Uint32Array(HASHES).fill(0xffffffff);
  const seen = new Set();
  for (let start = 0; start + SHINGLE <= body.length; start++) {
    let shingle = 2166136261;
    for (let at = start; at < start + SHINGLE; at++) shingle = Math.imul(shingle ^ body[at], 16777619);
    if (seen.has(shingle)) continue;
    seen.add(shingle);
    for (let index = 0; index < HASHES; index++) {
      let hash = Math.imul(shingle ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;
      if (hash < smallest[index]) smallest[index] = hash;
    }
  }
  return smallest;
}

function inCommon(hashes, others) {
  let count = 0;
  for (let index = 0; index < HASHES; index++) if (hashes[index] === others[index]) count++;
  return count;
}

/**
 * How many functions a wasm imports, and the bodies of its own. Node's parser does not know all types yet that are in it.
 *
 * @param {Uint8Array} wasm
 */
function functionsOf(wasm) {
  let position = 8;
  const number = () => {
    for (let result = 0, factor = 1; ; factor *= 128) {
      const byte = wasm[position++];
      result += (byte & 127) * factor;
      if (byte < 128) return result;
    }
  };
  const take = (length) => {
    position += length;
    return wasm.subarray(position - length, position);
  };
  let imported = 0;
  while (position < wasm.length) {
    const id = wasm[position++];
    const end = number() + position;
    if (id === IMPORT_SECTION) imported = importsOf(number, take);
    if (id === CODE_SECTION) return { imported, bodies: Array.from({ length: number() }, () => take(number())) };
    position = end;
  }
  return { imported, bodies: [] };
}

/** How many functions are imported. wasm-bindgen imports nothing else but tags of exceptions. */
function importsOf(number, take) {
  let functions = 0;
  for (let rest = number(); rest > 0; rest--) {
    take(number());
    take(number());
    const [kind] = take(1);
    if (kind === FUNCTION) functions++;
    else if (kind === TAG) take(1);
    else throw new Error(`An import is of kind ${kind}.`);
    number();
  }
  return functions;
}

/** An unsigned LEB128 number. */
function unsigned(number) {
  const bytes = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** Bytes after their number. */
function counted(bytes) {
  return Buffer.concat([unsigned(bytes.length), bytes]);
}
