// The wall view: it can be read across a room, stays live by itself, and says what is wrong.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe } from './axe.mjs';
import { describeInBrowser } from './environment.mjs';
import { onReport, UNAVAILABLE } from './responses.mjs';

const WALL = { width: 1920, height: 1080, query: '?view=wall' };
/** Letters of this size are read from three metres on a screen of 43 inches: a capital has 15 mm. */
const LETTERS_MIN_PX = 42;

describeInBrowser('the wall view', (env) => {
  /** Waits until the wall says this; the board is hidden, and says it too. */
  const isSaid = (tab, text) => tab.page.locator('#wall').getByText(text).first().waitFor();
  const names = (tab) => tab.renderedTexts('.wall-name');
  const crowd = () =>
    env
      .organization({ name: 'Hazelnut & Company Home Deliveries' })
      .addManyWaiting(12, 20)
      .addWaiting('x', 1700, { name: 'Maximiliana Featherstonehaugh-Wolfeschlegelstein', departmentId: 'd-sales' })
      .addWaiting('y', 200, { name: 'Ada Byrne', agent: 'u-alice', departmentId: 'd-support' });

  test('shows the total and the ten who have waited longest, large and without scrolling', async (t) => {
    const organization = await env.publish(crowd());
    const tab = await env.open(t, { token: organization.adminToken(), ...WALL });
    await isSaid(tab, 'Hazelnut & Company Home Deliveries');
    await tab.waitUntilIdle();
    assert.equal(await tab.renderedText('#wall-total'), '14');
    assert.equal(await tab.renderedText('#wall-words'), 'customers waiting 5 minutes or more');
    assert.deepEqual((await names(tab)).slice(0, 3), [
      'Maximiliana Featherstonehaugh-Wolfeschlegelstein',
      'Ada Byrne',
      'Customer 001',
    ]);
    assert.equal((await names(tab)).length, 10);
    const seen = await tab.page.evaluate(() => {
      const texts = [...document.querySelectorAll('#wall :is(h1, p, time, bdi, span, strong)')].filter((each) =>
        each.checkVisibility(),
      );
      return {
        smallest: Math.min(...texts.map((each) => Number.parseFloat(getComputedStyle(each).fontSize))),
        bottom: document.querySelector('#wall-rows').getBoundingClientRect().bottom,
        page: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
      };
    });
    assert.ok(seen.smallest >= LETTERS_MIN_PX, `${seen.smallest} px`);
    assert.ok(seen.bottom <= 1080, `the last row ends at ${seen.bottom} px`);
    assert.deepEqual(seen.page, [1920, 1080]);
    assert.equal(
      await tab.page.locator('button:visible, a:visible, input:visible').count(),
      0,
      'nobody needs to touch it',
    );
    assert.deepEqual((await axe(tab)).violations, []);
    await tab.screenshot('wall-of-1920');
    await tab.page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual((await axe(tab, { rules: 'colours' })).violations, []);
    await tab.screenshot('wall-of-1920-dark');

    // As if it were the reason with the longest words: they are said whole, for nobody can unfold them.
    await tab.page.evaluate(() => {
      document.querySelector('.wall-why span').textContent = 'Handed off, nobody took over';
    });
    for (const [width, height] of [
      [320, 568],
      [390, 844],
      [1024, 768],
      [1440, 900],
    ]) {
      await t.test(`fits ${width} × ${height}`, async () => {
        await tab.page.setViewportSize({ width, height });
        await tab.page.emulateMedia({ colorScheme: 'light' });
        assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
        const cutBy = await tab.page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.querySelector('.wall-why');
          return scrollWidth - clientWidth;
        });
        assert.equal(cutBy, 0, 'of the reason nothing is cut off');
        assert.deepEqual((await axe(tab)).violations, []);
        await tab.screenshot(`wall-${width}`);
      });
    }
  });

  test('shows no phone number and is text', async (t) => {
    const name = '<img src=x onerror="pwned=1">';
    const organization = await env.publish(
      env.organization({ name }).addWaiting('a', 60, { name, phone: '+442079460307' }),
    );
    const tab = await env.open(t, { token: organization.adminToken(), ...WALL });
    await isSaid(tab, name);
    assert.equal(await tab.page.locator('#wall img').count(), 0);
    assert.equal(await tab.page.locator('#wall').getByText('2079460307').count(), 0);
  });

  test('stays live, and keeps its address', async (t) => {
    const organization = await env.publish(
      env.organization().addWaiting('a', 30, { departmentId: 'd-sales' }).addWaiting('b', 20),
    );
    const query = '?view=wall&departmentId=d-sales&page=3&limit=50';
    const tab = await env.open(t, { token: organization.adminToken(), ...WALL, query });
    await isSaid(tab, 'Sales & Orders');
    await tab.waitUntilIdle();
    assert.deepEqual(await names(tab), ['Customer a']);
    organization.addWaiting('c', 90, { departmentId: 'd-sales' });
    await env.send(organization);
    await env.refresh();
    await tab.nextPoll();
    assert.deepEqual(await names(tab), ['Customer c', 'Customer a']);
    assert.equal(await tab.renderedText('#wall-total'), '2');
    assert.equal(new URL(tab.page.url()).search, query);
    await env.refresh();
    await env.publish(organization.addReply('a').addReply('c'));
    await tab.nextPoll();
    await isSaid(tab, 'Nobody is waiting here');
    assert.equal(await tab.page.locator('button:visible').count(), 0);
    assert.deepEqual((await axe(tab)).violations, []);
    await tab.screenshot('wall-nobody');
  });

  test('says that it is not live any more, with the last list that it had', async (t) => {
    const organization = await env.publish(crowd());
    const tab = await env.open(t, { token: organization.adminToken(), ...WALL });
    await tab.waitUntilIdle();
    tab.fault = onReport(UNAVAILABLE);
    await tab.nextPoll();
    await isSaid(tab, /^Not available\. The service is not available at the moment\. Showing data from/);
    assert.equal((await names(tab)).length, 10);
    assert.equal(await tab.page.evaluate(() => document.documentElement.scrollHeight), 1080, 'they have room below it');
    assert.deepEqual((await axe(tab)).violations, []);
    await tab.screenshot('wall-not-available');
    tab.fault = () => undefined;
    await tab.nextPoll(10_000);
    await tab.page.locator('#wall-notice').waitFor({ state: 'hidden' });
  });

  test('says so when its token has expired, shows nobody then, and goes on with a new one', async (t) => {
    const organization = await env.publish(crowd());
    const tab = await env.open(t, { token: organization.adminToken(), ...WALL });
    await tab.waitUntilIdle();
    tab.fault = onReport({
      status: 401,
      body: '{"success":false,"error":"UNAUTHENTICATED","message":"The token has expired."}',
    });
    await tab.advance(tab.advisedPause());
    await tab.waitForText('The token has expired.');
    const size = await tab.page
      .locator('#sign-in-reason')
      .evaluate((each) => Number.parseFloat(getComputedStyle(each).fontSize));
    assert.ok(size >= LETTERS_MIN_PX, `${size} px`);
    assert.deepEqual(await names(tab), []);
    assert.equal(await tab.page.locator('#wall').isVisible(), false);
    assert.deepEqual((await axe(tab)).violations, []);
    await tab.screenshot('wall-token-expired');
    tab.fault = () => undefined;
    await tab.signIn(organization.adminToken());
    await isSaid(tab, 'Ada Byrne');
    assert.equal(await tab.page.locator('#board').isVisible(), false);
  });

  test('is where the link of the dashboard leads, with the filters of the list', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30, { departmentId: 'd-sales' }));
    const tab = await env.open(t, { token: organization.adminToken(), query: '?departmentId=d-sales&limit=50' });
    await tab.waitUntilIdle();
    await tab.page.getByRole('link', { name: 'Wall view' }).focus();
    await tab.page.keyboard.press('Enter');
    await tab.page.locator('.wall-name').waitFor();
    assert.equal(new URL(tab.page.url()).search, '?view=wall&departmentId=d-sales');
  });
});
