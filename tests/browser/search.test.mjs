// The search box: what it finds, what becomes of the rest of the page, and that what is typed stays in the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';
import { MINUTE } from './organization.mjs';
import { INTERNAL, RATE_LIMITED } from './responses.mjs';

const SECRET = 'Quillon';

describeInBrowser('a search', (env) => {
  const sample = () =>
    env.publish(
      env
        .organization()
        .addWaiting('a', 60, { name: 'Ada Quillon', phone: '+442079460307' })
        .addWaiting('b', 50, { name: 'Ben Oduya', agent: 'u-alice' })
        .addWaiting('c', 40, { name: 'Cleo Quillon', agent: 'u-bo', channelType: 'email' })
        .addWaiting('d', 3, { name: 'Dan Underhill' })
        .addWaiting('e', 30, { name: 'Eve Quillon', isUnassigned: true }),
    );
  const box = (tab) => tab.page.getByRole('searchbox', { name: 'Search by name, phone or id' });
  const searchFor = async (tab, text) => {
    await box(tab).fill(text);
    await tab.page.keyboard.press('Enter');
    await tab.waitUntilIdle();
  };
  const searches = (tab) => tab.responses.filter(({ path }) => path.endsWith('/search'));
  const onSearch =
    (fault) =>
    ({ name }) =>
      name === 'search' ? fault : undefined;

  test('in one tab', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();

    await t.test('needs two characters', async () => {
      for (const text of ['', ' ', 'q', ' q ']) {
        await box(tab).fill(text);
        await tab.page.getByRole('button', { name: 'Search', exact: true }).click();
        await tab.waitForText('Type at least 2 characters.');
        assert.equal(await box(tab).getAttribute('aria-invalid'), 'true');
      }
      assert.deepEqual(searches(tab), []);
      await box(tab).fill('qu');
      await tab.waitForNoText('Type at least 2 characters.');
      assert.equal(await box(tab).getAttribute('maxlength'), '64', 'nor more than the service takes');
    });

    await t.test('finds a part of a name, a phone number or an id', async () => {
      for (const [text, found] of /** @type {[string, string[]][]} */ ([
        ['quill', ['Ada Quillon', 'Cleo Quillon']],
        [' 460307 ', ['Ada Quillon']],
        ['c-b', ['Ben Oduya']],
      ])) {
        await searchFor(tab, text);
        assert.deepEqual(await tab.contacts(), found, text);
      }
      assert.equal(await tab.page.title(), '1 found – Conversation Monitor');
      assert.equal(await tab.renderedText('#announcer'), '1 found.');
    });

    await t.test('ends when the field is emptied, and by its chip', async () => {
      await searchFor(tab, SECRET);
      await tab.waitForNoText('Ben Oduya');
      await box(tab).fill('');
      await tab.waitForText('Ben Oduya');
      await searchFor(tab, SECRET);
      await tab.waitForNoText('Ben Oduya');
      await tab.page.getByRole('button', { name: `Remove the filter Search: ${SECRET}` }).click();
      await tab.waitForText('Ben Oduya');
      assert.equal(await box(tab).inputValue(), '');
    });

    await t.test('too many: the page says when it will search again, and does', async () => {
      await tab.waitUntilIdle();
      tab.fault = onSearch(RATE_LIMITED);
      const before = searches(tab).length;
      await searchFor(tab, SECRET);
      await tab.waitForText('Too many searches');
      await tab.waitForText(/We’ll search again shortly\. Next try in \d+ s\./);
      assert.equal(await tab.page.getByText('Ben Oduya').isVisible(), false, 'these are not what was searched');
      tab.fault = () => undefined;
      await tab.advance(20_000);
      assert.equal(searches(tab).length, before + 1);
      await tab.nextPoll(10_000);
      await tab.waitForText('Ada Quillon');
    });

    for (const [name, fault, title] of /** @type {const} */ ([
      ['no connection', 'cut', 'No connection'],
      ['an internal error', INTERNAL, 'Something went wrong'],
    ])) {
      await t.test(`fails, ${name}: the page says so, and tries again`, async () => {
        tab.fault = () => undefined;
        await box(tab).fill('');
        await tab.waitForText('Ben Oduya');
        await tab.waitUntilIdle();
        tab.fault = onSearch(fault);
        await searchFor(tab, SECRET);
        await tab.waitForText(title);
        tab.fault = () => undefined;
        await tab.page.getByRole('button', { name: 'Try now' }).click();
        await tab.waitForText('Ada Quillon');
        // What was found stays on the screen when it cannot be found again.
        tab.fault = onSearch(fault);
        await tab.waitUntilIdle();
        await env.refresh();
        await tab.nextPoll();
        await tab.waitForText(`${title}.`);
        assert.equal(await tab.page.getByText('Ada Quillon').isVisible(), true);
      });
    }
  });

  test('the filters apply to it, and the totals are of the list without it', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await searchFor(tab, SECRET);
    assert.equal(await tab.renderedText('#total'), '3');
    await tab.waitForText('1 under the threshold');
    assert.deepEqual(await tab.renderedTexts('.tabs .segment'), [
      'All 2',
      'Autopilot stuck 1',
      'Agent silent 1',
      'Nobody assigned 1',
      'Snoozed 0',
      'Acknowledged 0',
    ]);
    await tab.page.getByLabel('Nobody assigned').check();
    await tab.waitUntilIdle();
    assert.deepEqual(await tab.contacts(), ['Eve Quillon']);
    await tab.page.getByLabel('All').first().check();
    await tab.page.getByLabel('Count by').selectOption({ label: 'By channel' });
    await tab.page.getByRole('button', { name: /^Email/ }).click();
    await tab.waitForNoText('Ada Quillon');
    assert.deepEqual(await tab.contacts(), ['Cleo Quillon']);
    const download = tab.page.getByRole('button', { name: 'Download CSV' });
    assert.equal(await download.getAttribute('aria-disabled'), 'true');
  });

  test('finds nobody: it says so, and searches everyone who waits', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken(), query: '?category=agent_abandoned' });
    await tab.waitUntilIdle();
    await searchFor(tab, 'underhill');
    await tab.waitForText('Nobody found');
    await tab.waitForText('Nobody on this list has “underhill” in their name, phone number or ids.');
    assert.equal(await tab.renderedText('#announcer'), '0 found.');
    await tab.page.getByRole('button', { name: 'Search everyone waiting' }).click();
    await tab.waitForText('Dan Underhill');
    await searchFor(tab, 'nobody of this name');
    await tab.page.getByRole('button', { name: 'Clear the search' }).click();
    await tab.waitForText('Ben Oduya');
  });

  test('follows the newest snapshot, once for each', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await searchFor(tab, SECRET);
    await tab.nextPolls(3);
    assert.equal(searches(tab).length, 1);
    organization.addWaiting('f', 45, { name: 'Fay Quillon' });
    await env.send(organization);
    await env.refresh();
    await tab.nextPoll();
    await tab.waitForText('Fay Quillon');
    await tab.nextPolls(2);
    assert.equal(searches(tab).length, 2);
  });

  test('pages within one snapshot', async (t) => {
    const organization = env.organization();
    for (let number = 0; number < 60; number += 1)
      organization.addWaiting(`n${number}`, 100 - number, { name: number % 2 ? `Odd ${number}` : `Even ${number}` });
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await searchFor(tab, 'odd');
    await tab.waitForText('1–25 of 30');
    await tab.page.getByRole('button', { name: 'Next' }).click();
    await tab.waitForText('26–30 of 30');
    await tab.waitUntilIdle();
    await env.refresh();
    await tab.nextPoll();
    await tab.waitForText('New data.');
    await tab.page.getByRole('button', { name: 'Load', exact: true }).click();
    await tab.waitForNoText('New data.');
    await tab.waitForText('26–30 of 30');
    await tab.page.getByRole('button', { name: 'First' }).click();
    await tab.waitForText('Odd 1');
  });

  test('leaves nothing of what was typed in an address, a storage or the page of the next user', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    const urls = [];
    tab.page.on('request', (request) => urls.push(request.url()));
    const kept = () =>
      tab.page.evaluate(async () =>
        JSON.stringify([
          Object.values(sessionStorage),
          Object.values(localStorage),
          document.cookie,
          history.state,
          document.title,
          await caches.keys(),
          (await indexedDB.databases()).map(({ name }) => name),
        ]),
      );
    await tab.waitUntilIdle();
    await searchFor(tab, SECRET);
    const afterSearch = await kept();
    await tab.page.getByLabel('Everyone waiting').check();
    await tab.waitUntilIdle();
    await tab.nextPoll();
    assert.ok(searches(tab).length > 0);
    for (const text of [...urls, ...tab.addresses, tab.page.url(), afterSearch, await kept()])
      assert.ok(!text.toLowerCase().includes(SECRET.toLowerCase()), text);

    await tab.page.getByRole('button', { name: 'Sign out' }).click();
    await tab.waitForText('Access token');
    assert.equal(await tab.page.locator('#search').inputValue(), '');
    assert.ok(!(await tab.page.content()).includes(SECRET));
    await tab.advance(MINUTE);
  });
});
