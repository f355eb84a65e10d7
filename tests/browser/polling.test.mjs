// How often it asks, what that costs, and what becomes of the page that she is on.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { onReport, RATE_LIMITED, UNAVAILABLE } from './answers.mjs';
import { MINUTE } from './company.mjs';
import { until } from './scene.mjs';
import { onStage } from './stage.mjs';

const statuses = (scene, name) =>
  scene.answers.filter(({ path }) => path.endsWith(`/${name}`)).map(({ status }) => status);

onStage('polling', (stage) => {
  test('costs a 304 while nothing changes, and one 200 for each new snapshot', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.nextPolls(3);
    assert.deepEqual(statuses(scene, 'report'), [200, 304, 304, 304]);
    assert.ok(
      scene
        .reports()
        .slice(1)
        .every(({ ifNoneMatch }) => ifNoneMatch),
    );
    await stage.refresh();
    await scene.nextPolls(3);
    assert.deepEqual(statuses(scene, 'report'), [200, 304, 304, 304, 200, 304, 304]);
    assert.deepEqual(statuses(scene, 'summary'), [200, 200], 'once for each snapshot');
    assert.equal(await scene.page.locator('#rows .row').count(), 1);
  });

  test('stops while the page is hidden and goes on when it is seen', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    const hide = (isHidden) =>
      scene.page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, isHidden);
    await hide(true);
    await scene.pass(10 * MINUTE);
    assert.equal(scene.reports().length, 1);
    await hide(false);
    await scene.pass(1);
    await until(() => scene.reports().length === 2, 'it does not ask although it is seen again');
    await scene.settled();
    // Coming and going is no reason to ask more often.
    for (let times = 0; times < 5; times += 1) {
      await hide(true);
      await hide(false);
    }
    await scene.pass(4_000);
    assert.equal(scene.reports().length, 2);
    await scene.nextPoll(1_000);
  });

  test('comes less and less often while it fails, and at once when she asks', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    scene.fault = onReport('cut');
    await scene.nextPoll(5_000);
    for (const pause of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      const before = scene.reports().length;
      await scene.settled();
      await scene.pass(pause - 1_000);
      assert.equal(scene.reports().length, before, `not before ${pause} ms`);
      await scene.nextPoll(1_000);
    }
    const before = scene.reports().length;
    scene.fault = () => undefined;
    await scene.page.getByRole('button', { name: 'Try now' }).click();
    await until(() => scene.reports().length > before, 'the button does not ask');
    await scene.seesNoMore('No connection.');
    await scene.nextPoll(5_000);
  });

  test('waits as long as Retry-After says', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    scene.fault = onReport(RATE_LIMITED);
    await scene.nextPoll();
    await scene.sees('Next try in 30 s.');
    await scene.pass(29_000);
    assert.deepEqual(statuses(scene, 'report'), [200, 429]);
    await scene.nextPoll(1_000);
    assert.deepEqual(statuses(scene, 'report'), [200, 429, 429]);
  });

  test('tries at once when the network is back', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    scene.fault = onReport(UNAVAILABLE);
    await scene.nextPoll();
    scene.fault = () => undefined;
    await scene.page.evaluate(() => dispatchEvent(new Event('online')));
    await scene.seesNoMore('Not available.');
  });
});

onStage('the first page', (stage) => {
  test('follows the newest snapshot, and leaves focus and unfolded rows where they are', async (t) => {
    const company = await stage.publish(stage.company().waits('b', 30).waits('c', 20));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.page.getByRole('button', { name: 'Customer c' }).click();
    await stage.refresh();
    await stage.publish(company.waits('a', 90));
    await scene.nextPoll();
    assert.deepEqual(await scene.contacts(), ['Customer a', 'Customer b', 'Customer c']);
    assert.equal(await scene.page.evaluate(() => document.activeElement.textContent), 'Customer c');
    assert.equal(await scene.page.locator('.details-row:visible').count(), 1);
    assert.equal(await scene.page.locator('#announcer').innerText(), '3 customers are waiting.');
    assert.equal(await scene.page.title(), '3 waiting – Conversation Monitor');
  });

  test('hands the focus of a row that is gone to the one in its place', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 40).waits('b', 30).waits('c', 20));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.page.getByRole('button', { name: 'Customer b' }).focus();
    await stage.refresh();
    await stage.publish(company.answered('b'));
    await scene.nextPoll();
    assert.deepEqual(await scene.contacts(), ['Customer a', 'Customer c']);
    assert.equal(await scene.page.evaluate(() => document.activeElement.textContent), 'Customer c');
  });
});

onStage('paging', (stage) => {
  const names = (first, last) =>
    Array.from({ length: last - first + 1 }, (_, index) => `Customer ${String(first + index).padStart(3, '0')}`);
  const turn = async (scene, button) => {
    await scene.page.getByRole('button', { name: button, exact: true }).click();
    await scene.settled();
  };

  test('meets every row once, whatever happens meanwhile', async (t) => {
    const company = await stage.publish(stage.company().waitMany(60));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    const met = await scene.contacts();
    await turn(scene, 'Next');
    met.push(...(await scene.contacts()));
    assert.match(scene.page.url(), /\?page=2&snapshot=/);
    // Five of the first page are answered, others are new, and all of them move.
    for (let number = 1; number <= 5; number += 1) company.answered(String(number).padStart(3, '0'));
    await stage.refresh();
    await stage.publish(company.waits('new', 400));
    await scene.nextPoll();
    await scene.sees('New data.');
    assert.deepEqual(await scene.contacts(), names(26, 50), 'nothing moves under her');
    await turn(scene, 'Next');
    met.push(...(await scene.contacts()));
    assert.deepEqual(met, names(1, 60));
    assert.equal(await scene.page.locator('#pager-range').innerText(), '51–60 of 60');
    assert.equal(await scene.page.getByRole('button', { name: 'Next' }).getAttribute('aria-disabled'), 'true');

    // Back on the first page it is still the snapshot that she pages through.
    await turn(scene, 'First');
    assert.deepEqual(await scene.contacts(), names(1, 25));
    await scene.page.getByRole('button', { name: 'Show', exact: true }).click();
    await scene.sees('Customer new');
    await scene.settled();
    assert.deepEqual(await scene.contacts(), ['Customer new', ...names(6, 29)]);
    await scene.seesNoMore('New data.');
    assert.equal(new URL(scene.page.url()).search, '');
  });

  test('polls at the cost of a 304 too, and never for what is pinned', async (t) => {
    const company = await stage.publish(stage.company().waitMany(30));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    await turn(scene, 'Next');
    scene.answers.length = 0;
    await scene.nextPolls(4);
    assert.deepEqual(statuses(scene, 'report'), [200, 304, 304, 304]);
    assert.ok(scene.reports().every(({ query }) => !query.includes('snapshot')));
    assert.equal(await scene.page.getByText('New data.').isVisible(), false);
    await turn(scene, 'Previous');
    assert.equal(new URL(scene.page.url()).search, '', 'with nothing newer the first page is live again');
  });

  test('survives a reload on the same page of the same snapshot', async (t) => {
    const company = await stage.publish(stage.company().waitMany(30));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    await turn(scene, 'Last');
    const before = await scene.contacts();
    await stage.refresh();
    await stage.publish(company.waits('new', 400));
    await scene.page.reload();
    await scene.ready();
    await scene.settled();
    assert.deepEqual(await scene.contacts(), before);
    await scene.nextPoll();
    await scene.sees('New data.');
  });

  test('falls to the newest, and says so, when its snapshot is no longer kept', async (t) => {
    const company = await stage.publish(stage.company().waitMany(60));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    await turn(scene, 'Next');
    await stage.refresh();
    await stage.publish(company.waits('new', 400));
    await stage.refresh(12);
    await stage.publish(company.waits('newer', 500));
    await stage.refresh(12);
    await turn(scene, 'Next');
    await scene.sees('This is the newest list.');
    assert.ok(statuses(scene, 'report').includes(410));
    assert.equal(await scene.page.locator('#pager-range').innerText(), '51–62 of 62');
    await scene.page.getByRole('button', { name: 'OK' }).click();
    await scene.seesNoMore('This is the newest list.');
  });

  test('past the end shows the last page', async (t) => {
    const company = await stage.publish(stage.company().waitMany(30));
    const scene = await stage.open(t, { token: company.admin(), query: '?page=99' });
    await scene.settled();
    assert.deepEqual(await scene.contacts(), names(26, 30));
    assert.match(scene.page.url(), /page=2&/);
  });

  test('keeps the rows per page that she chooses', async (t) => {
    const company = await stage.publish(stage.company().waitMany(60));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    await scene.page.getByLabel('Rows per page').selectOption('50');
    await scene.settled();
    assert.equal((await scene.contacts()).length, 50);
    assert.match(scene.page.url(), /\?limit=50$/);
  });
});
