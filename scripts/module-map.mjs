// The map of the modules: which file of src/ uses which other, drawn from the code. See USAGE.
//
// A `use` and a path in an expression both count, outside #[cfg(test)]. A `pub use` does not count for the file that it
// stands in: whoever uses the name depends on the file that defines it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, whenProgram } from './project.mjs';

/** The rooms of src/, by floor, from the ground up. A room may use rooms of the floors below, and no others. */
export const FLOORS = [
  ['base'],
  ['storage', 'http', 'hours', 'conversation'],
  ['snapshot', 'connector'],
  ['auth'],
  ['erasure', 'ingest', 'report'],
  ['refresh', 'directory', 'alert'],
  ['config', 'evidence', 'health'],
  ['api'],
  ['worker'],
];

const SOURCE_FOLDER = 'src';
const DOCUMENT = 'ARCHITECTURE.md';
const BEGIN = '<!-- module-map: written by `node scripts/module-map.mjs --write` -->';
const END = '<!-- /module-map -->';

const USAGE = `usage: node scripts/module-map.mjs [--write]

Prints the rooms of src/ and what each uses, and fails where an arrow goes up or files form a circle.
  --write   renews the drawing in ${DOCUMENT}`;

// -------------------------------------------------------------------------------------------------------------------
// Reading Rust
// -------------------------------------------------------------------------------------------------------------------

/** The Rust files below a folder: their path, with slashes, to their text. */
export function readSources(folder = inRoot(SOURCE_FOLDER)) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.rs'));
  return new Map(
    files.sort().map((file) => [file.split(path.sep).join('/'), readFileSync(path.join(folder, file), 'utf8')]),
  );
}

/** Rust without comments and without the contents of strings, which may hold anything. */
export function withoutCommentsAndStrings(text) {
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at, at + 64);
    const rawString = /^b?r(#*)"/.exec(rest);
    // A lifetime has no second quote.
    const character = /^'(?:\\.[^']*|[^\\'])'/u.exec(rest);
    const isAfterWord = /\w/.test(text[at - 1] ?? '');
    if (rest.startsWith('//')) {
      at = endOf(text, text.indexOf('\n', at));
    } else if (rest.startsWith('/*')) {
      at = endOfBlockComment(text, at);
    } else if (rawString && !isAfterWord) {
      const close = `"${rawString[1]}`;
      at = endOf(text, text.indexOf(close, at + rawString[0].length), close.length);
      plain += '""';
    } else if (rest[0] === '"') {
      at += 1;
      while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
      at += 1;
      plain += '""';
    } else if (character) {
      at += character[0].length;
      plain += "' '";
    } else {
      plain += text[at];
      at += 1;
    }
  }
  return plain;
}

function endOf(text, index, length = 0) {
  return index < 0 ? text.length : index + length;
}

/** Block comments nest. */
function endOfBlockComment(text, start) {
  let depth = 0;
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

/** The index just behind the bracket that closes the one at `open`. */
function closing(text, open) {
  const pairs = { '{': '}', '(': ')', '[': ']' };
  const closes = pairs[text[open]];
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === text[open]) depth += 1;
    if (text[at] === closes) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** Rust without the items that only a test build has. */
export function withoutTests(plain) {
  const attribute = /#\[cfg\((?:all\()?test\b/g;
  let kept = plain;
  for (let found = attribute.exec(kept); found; found = attribute.exec(kept)) {
    let end = closing(kept, found.index + 1);
    // Further attributes, and then the item: up to its semicolon, or to the end of its braces.
    while (end < kept.length && !';{'.includes(kept[end])) end = kept[end] === '[' ? closing(kept, end) : end + 1;
    end = kept[end] === '{' ? closing(kept, end) : end + 1;
    kept = kept.slice(0, found.index) + kept.slice(end);
    attribute.lastIndex = found.index;
  }
  return kept;
}

/** The paths that a `use` imports, each a list of names: `a::{b, c as d}` is [[a, b], [a, c]]. `alias` is the last name. */
function importsOf(tree) {
  const text = tree.trim();
  const brace = text.indexOf('{');
  if (brace < 0) {
    const [written, alias] = text.split(/\s+as\s+/);
    const names = written.split('::').map((name) => name.trim());
    // `{self, b}` imports the module that stands before the braces.
    if (names.at(-1) === 'self' && names.length === 1) names.pop();
    return [{ names: names.filter(Boolean), alias: alias ?? names.at(-1) }];
  }
  const before = text
    .slice(0, brace)
    .split('::')
    .map((name) => name.trim())
    .filter(Boolean);
  return splitAtCommas(text.slice(brace + 1, text.lastIndexOf('}'))).flatMap((branch) =>
    importsOf(branch).map(({ names, alias }) => ({ names: [...before, ...names], alias: alias ?? before.at(-1) })),
  );
}

function splitAtCommas(text) {
  const branches = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === ',' && depth === 0) branches.push('');
    else branches[branches.length - 1] += character;
  }
  return branches.filter((branch) => branch.trim());
}

/** What a file imports, re-exports and names in expressions, each path as a list of names from the crate's root. */
function readFile(file, text) {
  const module = moduleOf(file);
  const code = withoutTests(withoutCommentsAndStrings(text));
  const children = [...code.matchAll(/\bmod\s+(\w+)\s*;/g)].map(([, name]) => name);
  const inline = [...code.matchAll(/\bmod\s+(\w+)\s*\{/g)].map((found) => ({
    name: found[1],
    start: found.index,
    end: closing(code, found.index + found[0].length - 1),
  }));
  const scopeAt = (index) => [
    ...module,
    ...inline.filter(({ start, end }) => start < index && index < end).map(({ name }) => name),
  ];
  const absolute = (names, index) => fromRoot(names, scopeAt(index), children, module);

  const used = [];
  const reexported = new Map();
  const globs = [];
  const rest = code.replaceAll(/(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);/g, (statement, visibility, tree, index) => {
    for (const { names, alias } of importsOf(tree)) {
      const path = absolute(names, index);
      if (!path) continue;
      if (!visibility) used.push(path.at(-1) === '*' ? path.slice(0, -1) : path);
      else if (path.at(-1) === '*') globs.push(path.slice(0, -1));
      else reexported.set(alias, path);
    }
    return ' '.repeat(statement.length);
  });
  for (const found of rest.matchAll(/(?<![\w:$])\w+(?:::\w+)+/g)) {
    const path = absolute(found[0].split('::'), found.index);
    if (path) used.push(path);
  }
  const defined = new Set(
    [...code.matchAll(/\b(?:struct|enum|union|trait|type|fn|const|static|macro_rules!)\s+(\w+)/g)].map(
      ([, name]) => name,
    ),
  );
  return { file, module, used, reexported, globs, defined };
}

/** `a/b.rs` and `a/b/mod.rs` are module a::b. */
function moduleOf(file) {
  const names = file.replace(/\.rs$/, '').split('/');
  return ['mod', 'lib'].includes(names.at(-1)) ? names.slice(0, -1) : names;
}

/** A path from the crate's root; undefined where it begins with another crate or a local name. */
function fromRoot(names, scope, children, module) {
  const [first] = names;
  if (first === 'crate') return names.slice(1);
  if (first === 'self') return [...scope, ...names.slice(1)];
  if (first === 'super') {
    const ups = names.findIndex((name) => name !== 'super');
    const count = ups < 0 ? names.length : ups;
    return [...scope.slice(0, scope.length - count), ...names.slice(count)];
  }
  return children.includes(first) ? [...module, ...names] : undefined;
}

// -------------------------------------------------------------------------------------------------------------------
// The graph
// -------------------------------------------------------------------------------------------------------------------

/** Which file uses which: each path to the set of paths that it depends on. The crate's root is none of them. */
export function dependencies(sources) {
  const files = [...sources].map(([file, text]) => readFile(file, text));
  const byModule = new Map(files.map((file) => [file.module.join('::'), file]));

  /** The file that defines what a path names. */
  function definition(names, seen = new Set()) {
    let length = names.length;
    while (length > 0 && !byModule.has(names.slice(0, length).join('::'))) length -= 1;
    const file = byModule.get(names.slice(0, length).join('::'));
    const item = names[length];
    if (!file || item === undefined || seen.has(file.file + item)) return file;
    seen.add(file.file + item);
    const source = file.reexported.get(item);
    if (source) return definition(source, seen);
    if (file.defined.has(item)) return file;
    for (const glob of file.globs) {
      const found = definition([...glob, item], seen);
      if (found?.defined.has(item)) return found;
    }
    return file;
  }

  const graph = new Map();
  for (const { file, module, used } of files) {
    if (!module.length) continue;
    const targets = used.map((names) => definition(names)).filter((target) => target?.module.length);
    const others = targets.map((target) => target.file).filter((other) => other !== file);
    graph.set(file, new Set(others.sort()));
  }
  return graph;
}

/** The room that a file is in: a folder of src/, or a file of its own. */
export function roomOf(file) {
  return file.split('/')[0].replace(/\.rs$/, '');
}

/** Which room uses which. */
export function roomsOf(graph) {
  const rooms = new Map();
  for (const [file, targets] of graph) {
    const room = roomOf(file);
    const others = [...targets].map(roomOf).filter((other) => other !== room);
    rooms.set(room, new Set([...(rooms.get(room) ?? []), ...others].sort()));
  }
  return rooms;
}

/** Everything that is wrong with the graph, a sentence each. */
export function problems(graph, floors = FLOORS) {
  const floorOf = (room) => floors.findIndex((rooms) => rooms.includes(room));
  const rooms = roomsOf(graph);
  const homeless = [...rooms.keys()].filter((room) => floorOf(room) < 0);
  const upwards = [...graph].flatMap(([file, targets]) =>
    [...targets]
      .filter((target) => roomOf(file) !== roomOf(target) && floorOf(roomOf(file)) >= 0)
      .filter((target) => floorOf(roomOf(file)) <= floorOf(roomOf(target)))
      .map((target) => `src/${file} (floor ${floorOf(roomOf(file)) + 1}) uses src/${target}, which is not below it.`),
  );
  return [
    ...homeless.map((room) => `src/${room} is on no floor: add it to FLOORS in scripts/module-map.mjs.`),
    ...upwards,
    ...circles(graph).map((circle) => `Files form a circle: ${circle.map((file) => `src/${file}`).join(' → ')}.`),
  ];
}

/** One shortest circle for each file that is in any, without repeats; its first element is also its last. */
export function circles(graph) {
  const found = new Map();
  for (const start of graph.keys()) {
    const way = shortestWayBack(graph, start);
    const files = way?.toSorted().join();
    if (way && !found.has(files)) found.set(files, [...way, start]);
  }
  return [...found.values()];
}

function shortestWayBack(graph, start) {
  const ways = [[start]];
  const reached = new Set();
  for (const way of ways) {
    for (const next of graph.get(way.at(-1)) ?? []) {
      if (next === start) return way;
      if (reached.has(next)) continue;
      reached.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

// -------------------------------------------------------------------------------------------------------------------
// The drawing
// -------------------------------------------------------------------------------------------------------------------

/** The drawing, in Markdown: a picture of the arrows that no longer way implies, and a table of all of them. */
export function drawing(graph, floors = FLOORS) {
  const rooms = roomsOf(graph);
  const fromTheTop = floors
    .map((names, index) => ({ number: index + 1, names: names.filter((name) => rooms.has(name)) }))
    .filter(({ names }) => names.length)
    .reverse();
  const picture = fromTheTop.flatMap(({ number, names }) => [
    `  subgraph floor${number}["${number}"]`,
    `    ${names.join(' ~~~ ')}`,
    '  end',
  ]);
  const arrows = [...rooms].flatMap(([room, targets]) =>
    [...targets].filter((target) => !isImplied(rooms, room, target)).map((target) => `  ${room} --> ${target}`),
  );
  const table = fromTheTop.flatMap(({ number, names }) =>
    names.map((name) => {
      const used = [...rooms.get(name)].map((other) => `\`${other}\``).join(', ');
      return `| ${number} | \`${name}\` | ${used || 'nothing'} |`;
    }),
  );
  return [
    '```mermaid',
    'flowchart TD',
    ...picture,
    ...arrows,
    '```',
    '',
    '| floor | room | uses |',
    '|---|---|---|',
    ...table,
  ].join('\n');
}

/** Whether `target` is reached from `room` by way of another room, too. */
function isImplied(rooms, room, target) {
  const open = [...rooms.get(room)].filter((other) => other !== target);
  const seen = new Set(open);
  for (const other of open) {
    for (const next of rooms.get(other) ?? []) {
      if (next === target) return true;
      if (!seen.has(next)) {
        seen.add(next);
        open.push(next);
      }
    }
  }
  return false;
}

/** The document with `drawn` between its markers. */
export function withDrawing(document, drawn) {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Failure(`${DOCUMENT} lacks the lines ${BEGIN} and ${END}.`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${drawn}\n\n${document.slice(end)}`;
}

await whenProgram(import.meta.url, (args) => {
  const flags = parseFlags(args, USAGE, { write: { type: 'boolean' } });
  if (!flags) return 0;
  const graph = dependencies(readSources());
  if (flags.values.write) {
    const file = inRoot(DOCUMENT);
    writeFileSync(file, withDrawing(readFileSync(file, 'utf8'), drawing(graph)));
  } else {
    console.log(drawing(graph));
  }
  const found = problems(graph);
  if (found.length) throw new Failure(found.join('\n'));
  return 0;
});
