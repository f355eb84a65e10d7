// The headers of the dashboard's files, its content security policy, and its imports.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ROOT } from '../workerd/harness.mjs';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';

const PUBLIC = path.join(ROOT, 'public');

function files(folder = PUBLIC) {
  return readdirSync(folder).flatMap((name) => {
    const full = path.join(folder, name);
    return statSync(full).isDirectory() ? files(full) : [full];
  });
}

describeInBrowser('the files', (env) => {
  test('have the security headers', async () => {
    for (const target of ['/', '/main.js', '/main.css', '/icon.svg']) {
      const { status, headers } = await env.service.fetch(target);
      assert.equal(status, 200, target);
      const policy = headers.get('content-security-policy').split('; ').sort();
      assert.deepEqual(policy, [
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "require-trusted-types-for 'script'",
        "script-src 'self'",
        "style-src 'self'",
        "trusted-types 'none'",
      ]);
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
      assert.match(headers.get('permissions-policy'), /camera=\(\)/);
    }
  });

  test('leave the API and every 404 to the worker', async () => {
    for (const target of ['/nothing', '/_headers', '/modules/session.js', '/styles/base.css', '/api/nothing']) {
      const response = await env.service.fetch(target);
      assert.equal(response.status, 404, target);
      const { error } = /** @type {{ error?: string }} */ (await response.json());
      assert.equal(error, 'NOT_FOUND', target);
    }
    assert.match((await env.service.fetch('/health')).headers.get('content-type'), /json/);
  });

  test('change only colours with the colour scheme', () => {
    for (const file of files().filter((each) => /\.(js|css|html)$/.test(each)))
      assert.ok(!readFileSync(file, 'utf8').includes('prefers-color-scheme'), file);
  });

  test('keep nothing in localStorage but what the user prefers', () => {
    const users = files()
      .filter((each) => each.endsWith('.js') && /localStorage\.\w/.test(readFileSync(each, 'utf8')))
      .map((each) => path.relative(PUBLIC, each));
    assert.deepEqual(users, ['modules/preferences.js']);
  });

  test('name no other host and set no markup', () => {
    for (const file of files().filter((each) => /\.(js|css|html)$/.test(each))) {
      const text = readFileSync(file, 'utf8')
        .replaceAll('http://www.w3.org/2000/svg', '')
        .replace(/<!--.*?-->/g, '');
      assert.doesNotMatch(text, /https?:\/\//, file);
      assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file);
      assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|<script(?! type="module" src=)/, file);
    }
  });

  test('are few: the page loads one script and one stylesheet, and every style is in it', async () => {
    const page = await (await env.service.fetch('/')).text();
    const named = [...page.matchAll(/ (?:src|href)="(\/[^"]*)"/g)].map(([, target]) => target);
    assert.deepEqual([...new Set(named)].sort(), ['/icon.svg', '/main.css', '/main.js']);
    const imported = [...readFileSync(path.join(PUBLIC, 'main.css'), 'utf8').matchAll(/@import "\.\/([^"]+)";/g)];
    const styles = files().filter((each) => each.endsWith('.css') && path.dirname(each) !== PUBLIC);
    assert.deepEqual(imported.map(([, name]) => name).sort(), styles.map((each) => path.relative(PUBLIC, each)).sort());
  });

  test('import downwards only: main.js and dashboard.js, then views, then modules', () => {
    const FLOORS = ['modules', 'views', '.'];
    const floorOf = (file) => FLOORS.indexOf(path.relative(PUBLIC, path.dirname(file)) || '.');
    for (const file of files().filter((each) => each.endsWith('.js'))) {
      const imported = [...readFileSync(file, 'utf8').matchAll(/(?:from |import |import\()'(\.[^']+)'/g)].map(
        ([, target]) => path.resolve(path.dirname(file), target),
      );
      for (const target of imported)
        assert.ok(
          floorOf(target) <= floorOf(file),
          `${path.relative(PUBLIC, file)} imports ${path.relative(PUBLIC, target)}`,
        );
    }
  });
});

describeInBrowser('the policy', (env) => {
  test('is in force', async (t) => {
    const tab = await env.open(t, {});
    const tried = await tab.page.evaluate(async () => {
      const script = document.createElement('script');
      /** @type {Record<string, () => unknown>} */
      const attempts = {
        markup: () => {
          document.body.innerHTML = '<b>x</b>';
        },
        script: () => {
          script.textContent = 'globalThis.ran = true';
          document.head.append(script);
        },
        elsewhere: () => fetch('https://example.com/'),
      };
      const outcomes = {};
      for (const [name, attempt] of Object.entries(attempts))
        outcomes[name] = await Promise.resolve()
          .then(attempt)
          .then(
            () => 'done',
            ({ name: error }) => error,
          );
      return { ...outcomes, ran: 'ran' in globalThis };
    });
    assert.deepEqual(tried, { markup: 'TypeError', script: 'TypeError', elsewhere: 'TypeError', ran: false });
    const violations = () => tab.problems.filter((text) => text.startsWith('CSP: '));
    await until(() => violations().length === 3, 'not every attempt violates the policy');
    assert.deepEqual(
      violations().map((text) => text.split(' ')[1]),
      ['require-trusted-types-for', 'require-trusted-types-for', 'connect-src'],
    );
    tab.problems.length = 0;
  });
});
