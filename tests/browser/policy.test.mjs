// What the files are served with, that the policy is in force, and that nothing else of the service is in their way.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ROOT } from '../workerd/harness.mjs';
import { until } from './scene.mjs';
import { onStage } from './stage.mjs';

const PUBLIC = path.join(ROOT, 'public');

function files(folder = PUBLIC) {
  return readdirSync(folder).flatMap((name) => {
    const full = path.join(folder, name);
    return statSync(full).isDirectory() ? files(full) : [full];
  });
}

onStage('the files', (stage) => {
  test('have the headers that keep others out', async () => {
    for (const target of ['/', '/main.js', '/styles/base.css', '/icon.svg']) {
      const { status, headers } = await stage.service.fetch(target);
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

  test('leave the API and the 404 to the worker', async () => {
    for (const target of ['/nothing', '/_headers', '/modules/nothing.js', '/api/nothing']) {
      const response = await stage.service.fetch(target);
      assert.equal(response.status, 404, target);
      assert.deepEqual((await response.json()).error, 'NOT_FOUND', target);
    }
    assert.match((await stage.service.fetch('/health')).headers.get('content-type'), /json/);
  });

  test('name no other host and write no markup', () => {
    for (const file of files().filter((each) => /\.(js|css|html)$/.test(each))) {
      const text = readFileSync(file, 'utf8')
        .replaceAll('http://www.w3.org/2000/svg', '')
        .replace(/<!--.*?-->/g, '');
      assert.doesNotMatch(text, /https?:\/\//, file);
      assert.doesNotMatch(
        text,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|localStorage\.\w|\beval\(|new Function/,
        file,
      );
      assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|<script(?! type="module" src=)/, file);
    }
  });

  test('are loaded side by side: index.html names every module', () => {
    const page = readFileSync(path.join(PUBLIC, 'index.html'), 'utf8');
    const named = [...page.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, href]) => href);
    const modules = files()
      .filter((each) => each.endsWith('.js'))
      .map((each) => `/${path.relative(PUBLIC, each)}`);
    assert.deepEqual(named.sort(), modules.filter((each) => each !== '/main.js').sort());
  });

  test('import downwards only: main.js and dashboard.js, then views, then modules', () => {
    const floorOf = (file) => ['modules', 'views'].indexOf(path.relative(PUBLIC, file).split(path.sep)[0]);
    const floors = (file) => (floorOf(file) === -1 ? 2 : floorOf(file));
    for (const file of files().filter((each) => each.endsWith('.js'))) {
      const imported = [...readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, target]) =>
        path.resolve(path.dirname(file), target),
      );
      for (const target of imported)
        assert.ok(
          floors(target) <= floors(file),
          `${path.relative(PUBLIC, file)} imports ${path.relative(PUBLIC, target)}`,
        );
    }
  });
});

onStage('the policy', (stage) => {
  test('is in force', async (t) => {
    const scene = await stage.open(t, {});
    const tried = await scene.page.evaluate(async () => {
      const script = document.createElement('script');
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
    const violations = () => scene.complaints.filter((text) => text.startsWith('CSP: '));
    await until(() => violations().length === 3, 'not every attempt violates the policy');
    assert.deepEqual(
      violations().map((text) => text.split(' ')[1]),
      ['require-trusted-types-for', 'require-trusted-types-for', 'connect-src'],
    );
    scene.complaints.length = 0;
  });
});
