// The panel that says who will cross the threshold within a quarter of an hour.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';
import { morningHours } from './organization.mjs';
import { errorResponse } from './responses.mjs';

describeInBrowser('due soon', (env) => {
  const open = async (t, organization, query = '') => {
    const tab = await env.open(t, { token: organization.adminToken(), query });
    await tab.waitUntilIdle();
    return tab;
  };
  const show = (tab) => tab.page.getByRole('button', { name: 'Due soon' }).click();
  const due = async (tab) =>
    (await tab.renderedTexts('#due-rows li')).map((text) => text.split('\n').slice(0, 2).join(' '));
  const isSaid = (tab, rows) =>
    until(async () => JSON.stringify(await due(tab)) === JSON.stringify(rows), `not ${rows}`).catch(async (error) => {
      throw new Error(`${error.message}, but ${await due(tab)}`);
    });
  const everyone = (tab) => tab.responses.filter(({ query }) => query.includes('limit=100'));

  test('is requested when it is opened, with each new snapshot while it can be seen, and else not', async (t) => {
    const organization = await env.publish(
      env
        .organization()
        .addWaiting('a', 60)
        .addWaiting('b', 25, { departmentId: 'd-sales', agent: 'u-bo' })
        .addWaiting('c', 20)
        .addWaiting('d', 3),
    );
    await env.set(organization, { thresholdMinutes: 30 });
    await env.refresh();
    const tab = await open(t, organization);
    await tab.nextPoll();
    assert.deepEqual(everyone(tab), []);
    await show(tab);
    await isSaid(tab, ['in 4 min Customer b', 'in 9 min Customer c']);
    assert.deepEqual((await tab.renderedText('#due-rows li:first-child')).split('\n').slice(2), [
      'No reply since taking over',
      'Sales & Orders, Bo Lindgren',
    ]);
    assert.equal(everyone(tab).length, 1);
    assert.match(everyone(tab)[0].query, /^skipThreshold=true&limit=100&snapshot=/);
    await tab.screenshot('due-soon');
    await tab.advance(1_000);
    assert.equal(everyone(tab).length, 1, 'a tick asks for nothing');
    await env.refresh(3);
    await tab.nextPoll();
    await until(() => everyone(tab).length === 2, 'the new snapshot is not asked for');
    await isSaid(tab, ['in 1 min Customer b', 'in 6 min Customer c']);
    await tab.advance(30_000);
    assert.deepEqual(await due(tab), ['in 30 s Customer b', 'in 6 min Customer c']);
    await tab.hide(true);
    await env.refresh();
    await tab.nextPoll();
    assert.equal(everyone(tab).length, 2, 'nobody sees it');
    await tab.hide(false);
    await tab.advance(1);
    await until(() => everyone(tab).length === 3, 'it is not made up for');
    await show(tab);
    await env.refresh();
    await tab.nextPoll();
    assert.equal(everyone(tab).length, 3, 'it is closed');
  });

  test('counts thresholds of channels and departments, and follows the filters', async (t) => {
    const organization = await env.publish(
      env
        .organization()
        .addManyWaiting(120, 40)
        .addWaiting('mail', 231, { channelType: 'email' })
        .addWaiting('letter', 100, { channelType: 'email' })
        .addWaiting('sales', 50, { departmentId: 'd-sales' })
        .addWaiting('new', 1),
    );
    await env.set(organization, {
      channelThresholdMinutes: { email: 240 },
      departmentThresholdMinutes: { 'd-sales': 60 },
    });
    await env.refresh();
    const tab = await open(t, organization);
    await show(tab);
    await isSaid(tab, ['in 3 min Customer new', 'in 8 min Customer mail', 'in 9 min Customer sales']);
    assert.equal(everyone(tab).length, 2, 'those before are looked for, too');
    await tab.page.getByLabel('Department', { exact: true }).selectOption({ label: 'Sales & Orders' });
    await isSaid(tab, ['in 9 min Customer sales']);
    await tab.page.getByLabel('Everyone waiting').check();
    await tab.waitUntilIdle();
    assert.deepEqual(await due(tab), ['in 9 min Customer sales'], 'the list without a threshold has the same ones');
  });

  test('counts business hours, as of the snapshot', async (t) => {
    // It is noon and some minutes: the hours have ended.
    const organization = await env.publish(env.organization().addWaiting('a', 70));
    // Those of the 70 minutes that were before noon.
    const openMinutes = 70 - new Date(env.now).getUTCMinutes();
    await env.set(organization, { thresholdMinutes: openMinutes + 7, businessHours: morningHours(env.now) });
    await env.refresh();
    const tab = await open(t, organization);
    await show(tab);
    await isSaid(tab, ['in 7 min of business hours Customer a']);
    await tab.advance(30_000);
    assert.deepEqual(await due(tab), ['in 7 min of business hours Customer a'], 'the hours do not pass by the clock');
  });

  test('says that there is nobody, that it failed, and that there are too many', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 60));
    const tab = await open(t, organization);
    await show(tab);
    await tab.waitForText('Nobody crosses the threshold within the next 15 minutes.');
    tab.fault = ({ query }) => (query.includes('limit=100') ? errorResponse(503, 'UNAVAILABLE') : undefined);
    await env.refresh();
    await tab.nextPoll();
    await tab.waitForText('A message of the service.');
    // Everything it is asked for is a page of people under the threshold.
    const rows = (page) =>
      Array.from({ length: 100 }, (_, index) => ({
        conversationId: `c-${page}-${index}`,
        contactName: `Someone ${page}-${index}`,
        category: 'ai_stuck',
        reason: 'no_reply',
        assigneeNames: [],
        departmentId: null,
        stalledSince: new Date(tab.now).toISOString(),
      }));
    tab.fault = ({ query }) => {
      if (!query.includes('limit=100')) return undefined;
      const page = Number(new URLSearchParams(query).get('page') ?? 1);
      const data = {
        totalCount: 5000,
        thresholdMinutes: 5,
        generatedAt: new Date(tab.now).toISOString(),
        pagination: { page, totalPages: 50 },
        rows: rows(page),
      };
      return { status: 200, body: JSON.stringify({ success: true, data }) };
    };
    const before = everyone(tab).length;
    await env.refresh();
    await tab.nextPoll();
    await tab.waitForText('And 450 more. There are too many under the threshold to look at all of them.');
    assert.equal(everyone(tab).length - before, 5);
    assert.equal(await tab.page.locator('#due-rows li').count(), 50);
  });

  test('by keyboard: the button opens and closes it', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 2));
    const tab = await open(t, organization);
    const button = tab.page.getByRole('button', { name: 'Due soon' });
    await button.focus();
    await tab.page.keyboard.press('Enter');
    await tab.waitForText('in 3 min');
    assert.equal(await button.getAttribute('aria-expanded'), 'true');
    await tab.page.keyboard.press('Space');
    assert.equal(await tab.page.locator('#due').isVisible(), false);
    assert.equal(await button.getAttribute('aria-expanded'), 'false');
    assert.equal(await tab.page.evaluate(() => document.activeElement.id), 'due-show');
  });
});
