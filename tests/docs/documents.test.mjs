// The documents say what is there: their links lead somewhere, what they name exists, and figures are those measured.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { readCases, withCases } from '../../scripts/case-list.mjs';
import { inRoot, ROOT } from '../../scripts/project.mjs';
import { anchors, codeSpans, documents, fencedBlocks, localLinks, prose, readDocument } from './markdown.mjs';

const DOCUMENTS = documents().map((file) => [file, readDocument(file)]);
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  .toString()
  .split('\n')
  .filter((file) => file && existsSync(inRoot(file)));
const FOLDERS = 'src|tests|scripts|docs|public|migrations|bench|\\.github|\\.ci';
/** Made by tests or by `npm start`, and ignored by git; or what a file is called elsewhere. */
const NOT_TRACKED = ['tests/browser/screenshots/', '.dev.vars', 'report.csv'];
const PACKAGE = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));

/** The files below a folder that have this ending, each with its text. */
function textsIn(folder, ending) {
  return readdirSync(inRoot(folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => ({ file, text: readFileSync(inRoot(folder, file), 'utf8') }));
}

const MODULES = textsIn('src', '.rs').map(({ file, text }) => ({
  path: file.replace(/(?:\/mod)?\.rs$/, '').split('/'),
  text,
}));
const joined = (files) => files.map(({ text }) => text).join('\n');
const CODE = joined(MODULES);
const SCHEMA = joined(textsIn('migrations', '.sql'));

/** Whether a text of Rust defines a name: as an item, a field, a variant, or by passing it on. */
function isDefined(text, name) {
  const item = `\\b(?:fn|struct|enum|trait|const|static|type|mod)\\s+${name}\\b`;
  const member = `^\\s*(?:pub(?:\\([^)]*\\))? )?${name}(?:: |,$|\\(| \\{)`;
  return new RegExp(`${item}|${member}|\\bpub use [^;]*\\b${name}\\b`, 'm').test(text);
}

/**
 * Whether `a::b::item` is defined in a module a::b, or in one that ends so: a document may leave the beginning out. Of
 * `Type::member` one module may define the type and another the member.
 */
function isItem(code) {
  const segments = code.split('::');
  const item = segments.pop() ?? '';
  const types = segments.filter((segment) => /^[A-Z]/.test(segment));
  const folders = segments.filter((segment) => /^[a-z]/.test(segment) && segment !== 'crate').join('/');
  const isNamed = (path) => folders === '' || `/${path.join('/')}`.endsWith(`/${folders}`);
  const isIn = (name, modules) => modules.some(({ text }) => isDefined(text, name));
  const named = MODULES.filter(({ path }) => isNamed(path));
  return types.length > 0 ? types.every((type) => isIn(type, named)) && isIn(item, MODULES) : isIn(item, named);
}

/** `.editorconfig` says so; formatters do not wrap comments and prose. */
const LINE_CHARACTERS_MAX = 120;
/** A line that is nothing but a comment. A type of JSDoc cannot be wrapped. */
const COMMENT = /^\s*(?:\/\/[/!]?|\*|--|#)\s(?!.*@(?:param|property|typedef))/;

test('comments and prose have at most 120 characters a line', () => {
  const isTooLong = (line) => [...line].length > LINE_CHARACTERS_MAX;
  // Migrations are never changed, not even in their comments.
  const code = FILES.filter((file) => /\.(?:rs|sql|m?js|css|toml|yml)$/.test(file) && !file.startsWith('migrations/'));
  const comments = code.flatMap((file) => {
    const lines = readFileSync(inRoot(file), 'utf8').split('\n');
    return lines.filter((line) => COMMENT.test(line) && isTooLong(line)).map((line) => `${file}: ${line}`);
  });
  // Tables have to be on one line, and the benchmark and the list of cases write theirs.
  const written = DOCUMENTS.filter(([file]) => file !== 'bench/RESULTS.md').flatMap(([file, document]) => {
    const isFree = (line) => line.startsWith('|') || (file === 'docs/definition.md' && line.startsWith('- '));
    const lines = prose(document).split('\n');
    return lines.filter((line) => !isFree(line) && isTooLong(line)).map((line) => `${file}: ${line}`);
  });
  assert.deepEqual([...comments, ...written], []);
});

describe('every document', () => {
  for (const [file, document] of DOCUMENTS) {
    test(`${file}: links lead to a file and a heading that exist`, () => {
      const broken = localLinks(file, document).filter(({ file: linked, anchor }) => {
        if (!existsSync(inRoot(linked))) return true;
        return anchor !== undefined && !anchors(readDocument(linked)).includes(anchor);
      });
      assert.deepEqual(
        broken.map(({ target }) => target),
        [],
      );
    });

    test(`${file}: files and folders that it names exist`, () => {
      const isInFolder = new RegExp(`^(?:${FOLDERS})/[\\w./-]*$`);
      const hasEnding = /^[\w./-]+\.(?:rs|sql|mjs|js|json|toml|css|html|yml|md|png|svg)$/;
      const named = codeSpans(document).filter((code) => isInFolder.test(code) || hasEnding.test(code));
      // A file may be named by the end of its path, where the folder is clear.
      const exists = (name) =>
        FILES.some((known) => known === name || known.endsWith(`/${name}`) || known.startsWith(name));
      assert.deepEqual(
        named.filter((name) => !exists(name.replace(/^\//, '')) && !NOT_TRACKED.includes(name)),
        [],
      );
    });

    test(`${file}: items of the code that it names exist`, () => {
      const items = codeSpans(document).filter((code) => /^(?:[A-Za-z]\w*::)+[A-Za-z]\w*$/.test(code));
      const isForeign = (code) => /^(?:std|worker)::/.test(code);
      assert.deepEqual(
        items.filter((code) => !isForeign(code) && !isItem(code)),
        [],
      );
    });

    test(`${file}: npm scripts and programs that it names exist`, () => {
      const scripts = [...document.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name);
      const programs = [...document.matchAll(/\bnode (scripts\/[\w-]+\.mjs|bench\/[\w-]+\.mjs)/g)].map(
        ([, name]) => name,
      );
      assert.deepEqual(
        scripts.filter((name) => !(name in PACKAGE.scripts)),
        [],
      );
      assert.deepEqual(
        programs.filter((name) => !existsSync(inRoot(name))),
        [],
      );
    });
  }
});

test('the examples in the comments of wrangler.toml can be taken in as they are', () => {
  const lines = readFileSync(inRoot('wrangler.toml'), 'utf8').split('\n');
  const comments = lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2));
  assert.match(
    comments.join('\n'),
    /^\[\[d1_databases\]\]\nbinding = "DB_1"\ndatabase_name = "[^"]+"\ndatabase_id = "[^"]+"\nmigrations_dir = "migrations"$/m,
    'there is none of a second database',
  );
  const header = /\[\[?[\w.]+\]\]?/;
  assert.deepEqual(
    comments.filter((line) => header.test(line) && line.replace(header, '') !== ''),
    [],
    'the header of a table stands within prose',
  );
});

/** As README.md writes them. */
const NUMBERS = 'no one two three four five six seven eight nine ten eleven twelve'.split(' ');

describe('README.md', () => {
  const readme = readDocument('README.md');

  test('is short, and has its picture on the first screen', () => {
    const lines = readme.split('\n');
    assert.ok(lines.length <= 130, `${lines.length} lines`);
    const picture = lines.findIndex((line) => line.startsWith('!['));
    assert.ok(picture >= 0 && picture < 10, `the picture is in line ${picture + 1}`);
  });

  test('its ratios are those of the last benchmark', () => {
    const results = readDocument('bench/RESULTS.md');
    const section = readme.slice(readme.indexOf('## Benchmarks'), readme.indexOf('## Documentation'));
    const cellsOf = (line) => line.split('|').map((cell) => cell.trim());
    /** The cell of the first row of that name, in the column whose heading ends so. */
    const ratio = (name, heading) => {
      const lines = results.split('\n');
      const row = lines.findIndex((line) => cellsOf(line)[1] === name && line.includes(' 0.'));
      const before = lines.slice(0, row).map(cellsOf);
      const headings = before.findLast((cells) => cells.some((cell) => cell.endsWith(heading))) ?? [];
      return cellsOf(lines[row])[headings.findIndex((cell) => cell.endsWith(heading))];
    };
    const losses = [...results.matchAll(/^- (.+): (\d\.\d\d) × tuned$/gm)];
    const [, worst, byMost] = losses[0];
    assert.deepEqual(
      [...section.matchAll(/(\d\.\d\d) ×/g)].map(([, each]) => each),
      [
        ratio('memory, ADMIN, 25 rows', '÷ plain'),
        ratio('304, ADMIN', '÷ plain'),
        ratio('ours, stream', '÷ plain'),
        ratio('D1, ADMIN, 100 rows', '÷ tuned'),
        ratio('ours, stream', '÷ tuned'),
        byMost,
      ],
      'renew the section "Benchmarks"',
    );
    assert.equal(worst, '304, DEPARTMENT_HEAD');
    assert.match(section, new RegExp(`in ${NUMBERS[losses.length]} cases`));
  });
});

test('the manifests, the changelog and the API document name the same version', () => {
  const crate = /^version = "([^"]+)"$/m.exec(readFileSync(inRoot('Cargo.toml'), 'utf8'))?.[1];
  const changed = /^## (\d\S*) - \d{4}-\d{2}-\d{2}$/m.exec(readDocument('CHANGELOG.md'))?.[1];
  const api = JSON.parse(readFileSync(inRoot('public/openapi.json'), 'utf8')).info.version;
  assert.deepEqual([crate, changed, api], [PACKAGE.version, PACKAGE.version, PACKAGE.version]);
});

describe('docs/definition.md', () => {
  const definition = readDocument('docs/definition.md');
  const [rules] = definition.split('## The numbered cases');

  test('lists the numbered cases by their titles', () => {
    const hint = 'renew it: node scripts/case-list.mjs --write';
    assert.equal(withCases(definition, readCases()), definition, hint);
  });

  test('its rules cite every case, and no other', () => {
    // A table's last column may name cases, too.
    const cited = [...prose(rules).matchAll(/\((\d+(?:, \d+)*)\)|\| (\d+(?:, \d+)*) \|$/gm)];
    const numbers = cited.flatMap(([, inText, inTable]) => (inText ?? inTable).split(', ').map(Number));
    const all = readCases().map(({ number }) => number);
    assert.deepEqual(
      [...new Set(numbers)].sort((a, b) => a - b),
      [...new Set(all)],
    );
  });

  test('explains every reason, and no other', () => {
    const [, body] = /pub enum Reason \{([^}]+)\}/.exec(CODE) ?? [];
    const variants = [...body.matchAll(/^\s*([A-Z]\w+),/gm)].map(([, name]) => name);
    const reasons = variants.map((name) => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase());
    const explained = [...rules.matchAll(/^\| `([a-z]+(?:_[a-z]+)+)` \|/gm)].map(([, name]) => name);
    const categories = ['ai_stuck', 'agent_abandoned'];
    const names = explained.filter((name) => !categories.includes(name));
    assert.deepEqual([...new Set(names)].sort(), reasons.sort());
  });
});

describe('docs/glossary.md', () => {
  const rows = prose(readDocument('docs/glossary.md'))
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  test('has each word once', () => {
    const words = rows
      .flatMap(([, word]) => word.replace(/ \(.*\)$/, '').split(', '))
      .filter((word) => word !== 'word');
    assert.deepEqual(
      words.filter((word, index) => words.indexOf(word) !== index),
      [],
    );
  });

  test('names types and columns that exist', () => {
    const missing = rows
      .flatMap((row) => codeSpans(row.join(' ')))
      .filter((name) => {
        const item = /^[A-Z][A-Za-z]+$/.test(name);
        const column = /^([a-z_]+)\.([a-z_]+)$/.exec(name);
        if (column) return ![column[1], column[2]].every((word) => new RegExp(`\\b${word}\\b`).test(SCHEMA));
        return item && !new RegExp(`\\b${name}\\b`).test(CODE);
      });
    assert.deepEqual(missing, []);
  });
});

test('docs/operating.md lists the messages of the log, and no other', () => {
  const [, section] = readDocument('docs/operating.md').split('## Logs');
  const [table] = section.split('##');
  const listed = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, message]) => message);
  const code = readdirSync(inRoot('src/worker'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:rs|js)$/.test(file))
    .map((file) => readFileSync(inRoot('src/worker', file), 'utf8'))
    .join('\n');
  const logged = [...code.matchAll(/\b(?:message: "|message: '|log\(')([^"']+)["']/g)].map(([, message]) => message);
  assert.deepEqual(listed.filter((name) => name !== 'message').sort(), [...new Set(logged)].sort());
});

test('blocks of commands are marked as run (sh) or as not run (shell)', () => {
  const commands = /^(?:npm|npx|curl|TOKEN=|JWT_SECRET=|node|cargo) ?/m;
  const unmarked = DOCUMENTS.filter(([file]) => file === 'README.md' || file.startsWith('docs/')).flatMap(
    ([file, document]) =>
      fencedBlocks(document)
        .filter(({ language, text }) => !['sh', 'shell', 'js'].includes(language) && commands.test(text))
        .map(({ line }) => `${file}:${line}`),
  );
  assert.deepEqual(unmarked, []);
});
