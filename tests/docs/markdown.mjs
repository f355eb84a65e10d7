// The project's documents, and what a test wants to know of them.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot, ROOT } from '../../scripts/project.mjs';

/** The paths of all documents, relative to the repository. */
export function documents() {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: ROOT });
  return listed.toString().split('\n').filter(Boolean);
}

export function readDocument(file) {
  return readFileSync(inRoot(file), 'utf8');
}

/** The fenced blocks of a document, in order: `{language, text, line}`. */
export function fencedBlocks(document) {
  /** @type {{language: string, text: string, line: number}[]} */
  const blocks = [];
  let open;
  for (const [index, line] of document.split('\n').entries()) {
    const fence = /^```(\S*)$/.exec(line);
    if (!fence) open?.lines.push(line);
    else if (open) {
      blocks.push({ language: open.language, text: open.lines.join('\n'), line: open.line });
      open = undefined;
    } else open = { language: fence[1], lines: /** @type {string[]} */ ([]), line: index + 1 };
  }
  return blocks;
}

/** A document without its fenced blocks. */
export function prose(document) {
  return document.replaceAll(/^```[^\n]*\n[\s\S]*?^```$/gm, '');
}

/** What stands between backticks in the prose. */
export function codeSpans(document) {
  return [...prose(document).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchors(document) {
  const headings = [...prose(document).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
  return headings.map((heading) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

/** The links of a document that stay within the repository: `{target, file, anchor}`, `file` relative to the repository. */
export function localLinks(file, document) {
  const targets = [...prose(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/i.test(target))
    .map((target) => {
      const [name, anchor] = target.split('#');
      return { target, anchor, file: name ? path.posix.join(path.posix.dirname(file), name) : file };
    });
}
