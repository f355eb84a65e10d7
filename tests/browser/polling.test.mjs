// How often the dashboard polls, what that costs, and what happens to the page on the screen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';
import { MINUTE } from './organization.mjs';
import { onReport, RATE_LIMITED, UNAVAILABLE } from './responses.mjs';

const statuses = (tab, name) =>
  tab.responses.filter(({ path }) => path.endsWith(`/${name}`)).map(({ status }) => status);

describeInBrowser('opening', (env) => {
  test('asks for the report, the summary and the scopes at once', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const asked = new Set();
    const fault = async ({ name }) => {
      asked.add(name);
      // None is answered before all are asked for.
      await until(() => ['report', 'summary', 'scopes'].every((each) => asked.has(each)), 'they wait for each other');
      return undefined;
    };
    const tab = await env.open(t, { token: organization.adminToken(), fault });
    await tab.waitForText('Customer a');
    await tab.waitForText('Hazelnut & Co');
    await tab.waitUntilIdle();
    assert.deepEqual(tab.responses.map(({ path }) => path.split('/').at(-1)).sort(), ['report', 'scopes', 'summary']);
  });

  test('so does a filter', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10, { channelType: 'email' }));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const asked = new Set();
    tab.fault = async ({ name, query }) => {
      asked.add(`${name}?${query}`);
      await until(() => asked.size === 2, 'they wait for each other');
      return undefined;
    };
    await tab.page.getByLabel('Everyone waiting').check();
    await until(() => asked.size === 2, 'the summary waits for the report');
    await tab.waitUntilIdle();
    assert.deepEqual([...asked].sort(), ['report?skipThreshold=true', 'summary?skipThreshold=true']);
  });
});

describeInBrowser('polling', (env) => {
  test('costs a 304 while nothing changes, and one 200 for each new snapshot', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.nextPolls(3);
    assert.deepEqual(statuses(tab, 'report'), [200, 304, 304, 304]);
    assert.ok(
      tab
        .reports()
        .slice(1)
        .every(({ ifNoneMatch }) => ifNoneMatch),
    );
    await env.refresh();
    await tab.nextPoll();
    assert.deepEqual(statuses(tab, 'report'), [200, 304, 304, 304, 200]);
    assert.equal(await tab.page.locator('#rows .row').count(), 1);
  });

  test('in one tab', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();

    await t.test('happens when the service advises it, and not before', async () => {
      for (let poll = 1; poll <= 3; poll += 1) {
        await tab.waitUntilIdle();
        const pause = tab.advisedPause();
        assert.ok(pause >= MINUTE && pause <= MINUTE + 21_000, `${pause} ms`);
        await tab.advance(pause - 1_000);
        assert.equal(tab.reports().length, poll, 'not before');
        await tab.nextPoll(1_000);
      }
    });

    await t.test('does not happen more often because the page is hidden and shown', async () => {
      await tab.waitUntilIdle();
      const before = tab.reports().length;
      for (let times = 0; times < 5; times += 1) {
        await tab.hide(true);
        await tab.hide(false);
      }
      await tab.advance(tab.advisedPause() - 1_000);
      assert.equal(tab.reports().length, before);
      await tab.nextPoll(1_000);
    });

    await t.test('backs off while it fails, and resumes at once when the user says so', async () => {
      tab.fault = onReport('cut');
      await tab.nextPoll();
      for (const pause of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
        const before = tab.reports().length;
        await tab.waitUntilIdle();
        await tab.advance(pause - 1_000);
        assert.equal(tab.reports().length, before, `not before ${pause} ms`);
        await tab.nextPoll(1_000);
      }
      const before = tab.reports().length;
      tab.fault = () => undefined;
      await tab.page.getByRole('button', { name: 'Try now' }).click();
      await until(() => tab.reports().length > before, 'the button does not poll');
      await tab.waitForNoText('No connection.');
      await tab.nextPoll();
    });

    await t.test('waits as long as Retry-After says', async () => {
      tab.fault = onReport(RATE_LIMITED);
      await tab.nextPoll();
      const before = statuses(tab, 'report');
      assert.equal(before.at(-1), 429);
      await tab.waitForText('Next try in 30 s.');
      await tab.advance(29_000);
      assert.deepEqual(statuses(tab, 'report'), before);
      await tab.nextPoll(1_000);
      assert.deepEqual(statuses(tab, 'report'), [...before, 429]);
    });

    await t.test('retries at once when the network is back', async () => {
      tab.fault = onReport(UNAVAILABLE);
      await tab.nextPoll(30_000);
      await tab.waitForText('Not available.');
      tab.fault = () => undefined;
      await tab.page.evaluate(() => dispatchEvent(new Event('online')));
      await tab.waitForNoText('Not available.');
    });
  });

  test('happens every 15 seconds without advice, and at least every five minutes with any', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const data = await env.service.report(organization.adminToken());
    const body = JSON.stringify({ success: true, data });
    const tab = await env.open(t, { token: organization.adminToken(), fault: onReport({ status: 200, body }) });
    await tab.waitUntilIdle();
    await tab.advance(14_000);
    assert.equal(tab.reports().length, 1);
    await tab.nextPoll(1_000);
    tab.fault = onReport({ status: 200, headers: { 'X-Poll-After': '86400' }, body });
    await tab.nextPoll(15_000);
    await tab.nextPoll(5 * MINUTE);
  });

  test('asks for the summary when the counts have changed, or after five minutes', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    const startedAt = tab.now;
    const summaries = () => statuses(tab, 'summary').length;
    await tab.nextPoll();
    await env.refresh();
    await tab.nextPoll();
    assert.equal(summaries(), 1, 'a new snapshot with the same counts');
    organization.addWaiting('b', 20);
    await env.send(organization);
    await env.refresh();
    await tab.nextPoll();
    assert.equal(await tab.renderedText('#total'), '2');
    assert.equal(summaries(), 2);
    assert.match(tab.responses.findLast(({ path }) => path.endsWith('/summary')).query, /^snapshot=/);
    const summarizedAt = tab.now;
    while (tab.now + tab.advisedPause() < summarizedAt + 5 * MINUTE) await tab.nextPoll();
    assert.equal(summaries(), 2);
    await tab.nextPoll();
    assert.equal(summaries(), 3);
    assert.ok(tab.now - startedAt < 15 * MINUTE);
    assert.equal(statuses(tab, 'scopes').length, 1);
  });

  test('asks for the scopes every hour', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    const startedAt = tab.now;
    // The service advises the longest pause that the page keeps to: so there are twelve polls in an hour, not fifty.
    const data = await env.service.report(organization.adminToken());
    const body = JSON.stringify({ success: true, data });
    tab.fault = onReport({ status: 200, headers: { 'X-Poll-After': '300' }, body });
    await tab.nextPoll();
    while (tab.now + 5 * MINUTE < startedAt + 60 * MINUTE) await tab.nextPoll(5 * MINUTE);
    assert.equal(statuses(tab, 'scopes').length, 1);
    await tab.nextPoll(5 * MINUTE);
    assert.equal(statuses(tab, 'scopes').length, 2);
  });

  test('asks once a minute for the count in the title while the page is hidden, and at once when it is visible', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await tab.hide(true);
    organization.addWaiting('b', 20);
    await env.send(organization);
    await env.refresh();
    // The service says a second: the publication is due.
    tab.fault = async ({ name }) => {
      if (name !== 'report') return undefined;
      const data = await env.service.report(organization.adminToken());
      return { status: 200, headers: { 'X-Poll-After': '1' }, body: JSON.stringify({ success: true, data }) };
    };
    await tab.nextPoll(tab.advisedPause());
    assert.equal(await tab.page.title(), '2 waiting – Conversation Monitor');
    for (let minute = 0; minute < 5; minute += 1) {
      const before = tab.reports().length;
      await tab.advance(MINUTE - 1_000);
      assert.equal(tab.reports().length, before);
      await tab.nextPoll(1_000);
    }
    assert.equal(statuses(tab, 'summary').length, 1, 'only the report');
    const before = tab.reports().length;
    await tab.hide(false);
    await tab.advance(1);
    await until(() => tab.reports().length > before, 'it does not ask although the page is visible again');
    await until(() => statuses(tab, 'summary').length === 2, 'the summary is not made up for');
  });
});

describeInBrowser('the first page', (env) => {
  test('follows the newest snapshot and keeps the focus and the unfolded rows', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('b', 30).addWaiting('c', 20));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.page.getByRole('button', { name: 'Customer c' }).click();
    await env.refresh();
    await env.publish(organization.addWaiting('a', 90));
    await tab.nextPoll();
    assert.deepEqual(await tab.contacts(), ['Customer a', 'Customer b', 'Customer c']);
    assert.equal(await tab.page.evaluate(() => document.activeElement.textContent), 'Customer c');
    assert.equal(await tab.page.locator('.details-row:visible').count(), 1);
    assert.equal(await tab.renderedText('#announcer'), '3 customers waiting 5 minutes or more.');
    assert.equal(await tab.page.title(), '3 waiting – Conversation Monitor');
  });

  test('moves the focus from a row that is gone to the one at its position', async (t) => {
    const organization = await env.publish(
      env.organization().addWaiting('a', 40).addWaiting('b', 30).addWaiting('c', 20),
    );
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.page.getByRole('button', { name: 'Customer b' }).focus();
    await env.refresh();
    await env.publish(organization.addReply('b'));
    await tab.nextPoll();
    assert.deepEqual(await tab.contacts(), ['Customer a', 'Customer c']);
    assert.equal(await tab.page.evaluate(() => document.activeElement.textContent), 'Customer c');
  });
});

describeInBrowser('paging', (env) => {
  const names = (first, last) =>
    Array.from({ length: last - first + 1 }, (_, index) => `Customer ${String(first + index).padStart(3, '0')}`);
  const turn = async (tab, button) => {
    await tab.page.getByRole('button', { name: button, exact: true }).click();
    await tab.waitUntilIdle();
  };

  test('shows every row exactly once, whatever happens meanwhile', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(60));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const seen = await tab.contacts();
    await turn(tab, 'Next');
    seen.push(...(await tab.contacts()));
    assert.match(tab.page.url(), /\?page=2&snapshot=/);
    // Five rows of the first page are answered, a new one comes, and all others move up.
    for (let number = 1; number <= 5; number += 1) organization.addReply(String(number).padStart(3, '0'));
    await env.refresh();
    await env.publish(organization.addWaiting('new', 400));
    await tab.nextPoll();
    await tab.waitForText('New data.');
    assert.deepEqual(await tab.contacts(), names(26, 50), 'the page on the screen does not change');
    await turn(tab, 'Next');
    seen.push(...(await tab.contacts()));
    assert.deepEqual(seen, names(1, 60));
    assert.equal(await tab.renderedText('#pager-range'), '51–60 of 60');
    assert.equal(await tab.page.getByRole('button', { name: 'Next' }).getAttribute('aria-disabled'), 'true');

    // The first page still shows the snapshot that is being paged through.
    await turn(tab, 'First');
    assert.deepEqual(await tab.contacts(), names(1, 25));
    await tab.page.getByRole('button', { name: 'Load', exact: true }).click();
    await tab.waitForText('Customer new');
    await tab.waitUntilIdle();
    assert.deepEqual(await tab.contacts(), ['Customer new', ...names(6, 29)]);
    await tab.waitForNoText('New data.');
    assert.equal(new URL(tab.page.url()).search, '');
  });

  test('polls for the newest snapshot, not for the pinned one, and costs a 304 too', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(30));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await turn(tab, 'Next');
    tab.responses.length = 0;
    await tab.nextPolls(4);
    assert.deepEqual(statuses(tab, 'report'), [200, 304, 304, 304]);
    assert.ok(tab.reports().every(({ query }) => !query.includes('snapshot')));
    assert.equal(await tab.page.getByText('New data.').isVisible(), false);
    await turn(tab, 'Previous');
    assert.equal(new URL(tab.page.url()).search, '', 'without a newer snapshot the first page is live again');

    await t.test('keeps the chosen number of rows per page', async () => {
      await tab.page.getByLabel('Rows per page').selectOption('50');
      await tab.waitUntilIdle();
      assert.equal((await tab.contacts()).length, 30);
      assert.match(tab.page.url(), /\?limit=50$/);
    });
  });

  test('keeps page and snapshot over a reload', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(30));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await turn(tab, 'Last');
    const before = await tab.contacts();
    await env.refresh();
    await env.publish(organization.addWaiting('new', 400));
    await tab.page.reload();
    await tab.waitUntilReady();
    await tab.waitUntilIdle();
    assert.deepEqual(await tab.contacts(), before);
    await tab.nextPoll();
    await tab.waitForText('New data.');
  });

  test('shows the newest list, and says so, when the pinned snapshot is gone', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(60));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await turn(tab, 'Next');
    await env.refresh();
    await env.publish(organization.addWaiting('new', 400));
    await env.refresh(12);
    await env.publish(organization.addWaiting('newer', 500));
    await env.refresh(12);
    await turn(tab, 'Next');
    await tab.waitForText('This is the newest list.');
    assert.ok(statuses(tab, 'report').includes(410));
    assert.equal(await tab.renderedText('#pager-range'), '51–62 of 62');
    await tab.page.getByRole('button', { name: 'OK' }).click();
    await tab.waitForNoText('This is the newest list.');
  });

  test('shows the last page for one past the end', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(30));
    const tab = await env.open(t, { token: organization.adminToken(), query: '?page=99' });
    await tab.waitUntilIdle();
    assert.deepEqual(await tab.contacts(), names(26, 30));
    assert.match(tab.page.url(), /page=2&/);
  });
});
