// Names the functions of a wasm so that wasm-opt's --reorder-functions-by-name puts those next to each other that
// resemble each other: gzip looks back 32 KB for what repeats. In the order of their real names the worker is 9 KB
// larger.

/** Bytes that are compared together: a sequence. */
const SEQUENCE = 5;
/** How far back gzip looks, in bytes. */
const WINDOW = 32 * 1024;
/** A sequence that is in more functions than this is near anyway. */
const FUNCTIONS_MAX = 80;
/**
 * Functions are compared by the sequences that gzip would find, divided by the size to this power: by their number
 * alone the largest would always be the next, and by their share the smallest.
 */
const SIZE_POWER = 0.75;
/** Added to the size, so that the tiniest functions do not come first. */
const SIZE_MORE = 4;

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
 * The order: the next function is the one of the rest of which gzip finds most among the last ones.
 *
 * @param {Uint8Array[]} bodies
 */
function orderOf(bodies) {
  const functions = sequencesOf(bodies);
  /** @type {number[][]} */
  const functionsWith = [];
  for (const [index, sequences] of functions.entries()) {
    for (const sequence of sequences) {
      functionsWith[sequence] ??= [];
      functionsWith[sequence].push(index);
    }
  }
  const count = new Int32Array(functionsWith.length);
  const found = new Float64Array(bodies.length);
  /** A function comes into the window (1) or leaves it (-1). */
  const move = (index, step) => {
    for (const sequence of functions[index]) {
      const before = count[sequence];
      count[sequence] += step;
      const isNews = before === 0 || count[sequence] === 0;
      if (!isNews || functionsWith[sequence].length > FUNCTIONS_MAX) continue;
      // What is in few functions is rarely in the window.
      const weight = step / Math.sqrt(functionsWith[sequence].length);
      for (const other of functionsWith[sequence]) found[other] += weight;
    }
  };
  const sizes = functions.map(({ length }) => (length + SIZE_MORE) ** SIZE_POWER);
  const rest = new Set(bodies.keys());
  const order = [];
  let bytes = 0;
  let first = 0;
  for (let next = 0; rest.size > 0; ) {
    order.push(next);
    rest.delete(next);
    move(next, 1);
    bytes += bodies[next].length;
    while (bytes - bodies[order[first]].length >= WINDOW) {
      bytes -= bodies[order[first]].length;
      move(order[first++], -1);
    }
    let best = -1;
    for (const index of rest) {
      const score = found[index] / sizes[index];
      if (score > best) [best, next] = [score, index];
    }
  }
  return order;
}

/** The different sequences of each function, as numbers from 0 on. */
function sequencesOf(bodies) {
  const numbers = new Map();
  return bodies.map((body) => {
    const text = Buffer.from(body).toString('latin1');
    const own = new Set();
    for (let start = 0; start + SEQUENCE <= text.length; start++) {
      const sequence = text.slice(start, start + SEQUENCE);
      if (!numbers.has(sequence)) numbers.set(sequence, numbers.size);
      own.add(numbers.get(sequence));
    }
    return [...own];
  });
}

/**
 * How many functions a wasm imports, and the bodies of its own. Node's parser does not know all types yet that are in
 * it.
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
