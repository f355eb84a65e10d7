// What narrows the list: tabs, and what the summary counts. And what the list leaves out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';

const DAY_MINUTES = 24 * 60;

/** The keys of the customers in the list, in order. */
const keys = async (tab) => {
  await tab.waitUntilIdle();
  return (await tab.contacts()).map((name) => name.replace('Customer ', '')).join(' ');
};
const search = (tab) => new URL(tab.page.url()).search;
const chips = async (tab) => (await tab.renderedTexts('#chips li')).map((text) => text.replaceAll(/\s+/g, ' ').trim());
const lines = async (tab) =>
  (await tab.renderedTexts('#breakdown li')).map((text) => text.replaceAll(/\s+/g, ' ').trim());

describeInBrowser('the tabs', (env) => {
  const sample = () =>
    env.publish(
      env
        .organization()
        .addWaiting('a', 60)
        .addWaiting('b', 50, { agent: 'u-alice' })
        .addWaiting('c', 40, { isUnassigned: true })
        .addWaiting('d', 30, { isUnassigned: true })
        .addWaiting('e', 20, { snoozed: 10 }),
    );

  test('lead to the lists of the contract and, apart from them, to what nobody has and what is put off', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    const counts = () => tab.renderedTexts('.tabs .segment');
    assert.equal(await keys(tab), 'a b');
    assert.deepEqual(await counts(), [
      'All 2',
      'Autopilot stuck 1',
      'Agent silent 1',
      'Nobody assigned 2',
      'Snoozed 1',
      'Acknowledged 0',
    ]);
    assert.deepEqual(await tab.renderedTexts('.tabs fieldset legend'), ['Category', 'Other lists']);

    await tab.page.getByLabel('Nobody assigned').check();
    assert.equal(await keys(tab), 'c d');
    assert.equal(search(tab), '?category=unassigned');
    assert.deepEqual(await tab.column('why'), Array(2).fill('Nobody assigned\nNobody is responsible for it'));
    assert.equal(
      (await tab.renderedText('.total-line')).replaceAll(/\s+/g, ' '),
      '2 customers waiting 5 minutes or more',
    );
    assert.deepEqual(await tab.renderedTexts('#total-categories li'), ['2\nNobody assigned']);
    assert.deepEqual(await lines(tab), ['Nobody is responsible for it 2']);
    assert.deepEqual(
      (await counts()).slice(0, 2),
      ['All 2', 'Autopilot stuck 1'],
      'the counts do not depend on the tab',
    );

    await tab.page.getByLabel('Snoozed').check();
    assert.equal(await keys(tab), 'e');
    assert.deepEqual(await tab.column('why'), ['Snoozed\nAutopilot has not replied']);
    await tab.page.reload();
    await tab.waitUntilReady();
    assert.equal(await keys(tab), 'e');
    assert.equal(await tab.page.getByLabel('Snoozed').isChecked(), true);
    await tab.page.getByLabel('All').first().check();
    assert.equal(await keys(tab), 'a b');
  });
});

describeInBrowser('what the summary counts', (env) => {
  const sample = () =>
    env.publish(
      env
        .organization()
        .addWaiting('a', 300, { channelType: 'email', departmentId: 'd-sales' })
        .addWaiting('b', 80, { agent: 'u-alice', departmentId: 'd-support' })
        .addWaiting('c', 70, { agent: 'u-bo', departmentId: 'd-support', channelType: 'email' })
        .addWaiting('d', 20),
    );
  /** Chooses what is counted. */
  const countBy = (tab, label) => tab.page.getByLabel('Count by').selectOption({ label });

  /** @type {[kind: string, heading: string, lines: string[], press: RegExp, list: string, query: string, chip: string][]} */
  const cases = [
    [
      'By reason',
      'Why nobody has replied',
      ['Autopilot has not replied 2', 'No reply since taking over 2'],
      /^No reply since/,
      'b c',
      '?reason=no_reply_since_takeover',
      'Remove the filter Why: No reply since taking over',
    ],
    [
      'By channel',
      'Where they are waiting',
      ['Email 2', 'WhatsApp 2'],
      /^Email/,
      'a c',
      '?channelType=email',
      'Remove the filter Channel: Email',
    ],
    [
      'By department',
      'Which department they belong to',
      ['Support 2', 'Sales & Orders 1', 'No department 1'],
      /^Support/,
      'b c',
      '?departmentId=d-support',
      'Remove the filter Department: Support',
    ],
    [
      'By assignee',
      'Who they are assigned to',
      ['Nobody 2', 'Alice Rivera 1', 'Bo Lindgren 1'],
      /^Bo/,
      'c',
      '?assignee=Bo+Lindgren',
      'Remove the filter Assigned to: Bo Lindgren',
    ],
  ];
  test('filters the list', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    for (const [kind, heading, counted, press, list, query, chip] of cases) {
      await t.test(kind.toLowerCase(), async () => {
        await tab.waitUntilIdle();
        await countBy(tab, kind);
        assert.equal(await tab.renderedText('#breakdown-heading'), heading);
        assert.deepEqual((await lines(tab)).sort(), counted.sort());

        const line = tab.page.locator('#breakdown').getByRole('button', { name: press });
        await line.click();
        assert.equal(await keys(tab), list);
        assert.equal(search(tab), query);
        assert.deepEqual(await chips(tab), [chip]);
        assert.equal(await line.getAttribute('aria-pressed'), 'true');
        assert.equal(await line.evaluate((each) => each === document.activeElement), true, 'the focus stays');

        // By its line, by its chip, and by going back.
        await line.click();
        assert.equal(await keys(tab), 'a b c d');
        await tab.page.goBack();
        assert.equal(await keys(tab), list);
        await tab.page.reload();
        await tab.waitUntilReady();
        assert.equal(await keys(tab), list);
        assert.deepEqual(await chips(tab), [chip]);
        await tab.page.getByRole('button', { name: chip }).click();
        assert.equal(await keys(tab), 'a b c d');
        assert.equal(search(tab), '');
        assert.equal(await tab.page.locator('#chips').isVisible(), false);
        assert.equal(await tab.page.evaluate(() => document.activeElement.id), 'list-heading');
      });
    }
  });

  test('has nothing to press where no filter would find it', async (t) => {
    const users = [{ userId: 'u-unnamed', fullName: '' }];
    const organization = await env.publish(
      env.organization({ users }).addWaiting('a', 80, { agent: 'u-unnamed' }).addWaiting('b', 20),
    );
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    for (const [kind, name] of [
      ['By department', 'No department'],
      ['By assignee', 'Nobody'],
      ['By assignee', 'Somebody without a name'],
    ]) {
      await countBy(tab, kind);
      assert.equal(await tab.page.locator('#breakdown').getByText(name).count(), 1);
      assert.equal(await tab.page.locator('#breakdown').getByRole('button', { name }).count(), 0);
    }
  });

  test('unfolds what is summed as others, up to fifty of them', async (t) => {
    const users = Array.from({ length: 60 }, (_, index) => ({
      userId: `u-${index}`,
      fullName: `Agent ${String(index).padStart(2, '0')}`,
    }));
    const organization = env.organization({ users });
    for (const [index, { userId }] of users.entries()) organization.addWaiting(`x${index}`, 10, { agent: userId });
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await countBy(tab, 'By assignee');
    assert.equal((await lines(tab)).length, 6);
    const others = tab.page.locator('#breakdown').getByRole('button', { name: /^Others/ });
    assert.equal((await lines(tab))[5], 'Others 55');
    await others.click();
    assert.equal(await tab.page.evaluate(() => document.activeElement.textContent.includes('Agent')), true);
    const unfolded = await lines(tab);
    assert.deepEqual([unfolded.length, ...unfolded.slice(50)], [52, 'Others 10', 'Show fewer']);
    assert.equal(await others.count(), 0, 'there are no more to show');
    assert.ok((await tab.page.locator('#breakdown').boundingBox()).height < 350);
    await tab.page.locator('#breakdown button').nth(40).click();
    await tab.waitForText('1–1 of 1');
    await tab.page.locator('#chips button').click();
    await tab.waitForText('1–25 of 60');
    await tab.waitUntilIdle();
    await tab.page.getByRole('button', { name: 'Show fewer' }).click();
    assert.equal((await lines(tab)).length, 6);
    assert.equal(await tab.page.evaluate(() => document.activeElement.textContent.includes('Others')), true);
  });

  test('filters add up, and the CSV has them too', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken(), query: '?channelType=email' });
    await tab.waitUntilIdle();
    await countBy(tab, 'By assignee');
    await tab.page.getByRole('button', { name: /^Bo Lindgren/ }).click();
    assert.equal(await keys(tab), 'c');
    assert.deepEqual(await chips(tab), [
      'Remove the filter Channel: Email',
      'Remove the filter Assigned to: Bo Lindgren',
    ]);
    await Promise.all([
      tab.page.waitForEvent('download'),
      tab.page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    const query = new URLSearchParams(tab.responses.find(({ path }) => path.endsWith('.csv')).query);
    assert.deepEqual([query.get('channelType'), query.get('assignee')], ['email', 'Bo Lindgren']);
    await tab.page.getByRole('button', { name: 'Remove the filter Channel: Email' }).click();
    await tab.waitUntilIdle();
    const focused = await tab.page.evaluate(() => document.activeElement.textContent);
    assert.match(focused, /Assigned to/, 'the next chip has the focus');
  });

  test('a filter that matches nothing can be cleared', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken(), query: '?assignee=Gone&reason=no_reply' });
    await tab.waitForText('Nobody is waiting here');
    assert.deepEqual(await chips(tab), [
      'Remove the filter Why: Autopilot has not replied',
      'Remove the filter Assigned to: Gone',
    ]);
    await tab.page.getByRole('button', { name: 'Clear the filters' }).click();
    assert.equal(await keys(tab), 'a b c d');
    assert.equal(search(tab), '');
  });

  test('a reason that the service does not know is said by the service', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken(), query: '?reason=because' });
    await tab.waitForText(/reason must be/);
    await tab.page.getByRole('button', { name: 'Clear the filters' }).click();
    assert.equal(await keys(tab), 'a b c d');
  });

  test('names are text, and stay within their line', async (t) => {
    const name = '<b>عبد</b> '.repeat(40).trim();
    const organization = env.organization({
      departments: [{ departmentId: 'd', name }],
      users: [{ userId: 'u', fullName: name }],
    });
    await env.publish(organization.addWaiting('a', 30, { agent: 'u', departmentId: 'd' }));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    for (const kind of ['By department', 'By assignee']) {
      await countBy(tab, kind);
      const line = tab.page.locator('#breakdown button');
      assert.equal(await line.locator('bdi').textContent(), name);
      assert.equal(await line.locator('bdi').getAttribute('title'), name);
      assert.ok((await line.boundingBox()).height < 40);
      await line.click();
      await tab.waitUntilIdle();
    }
    assert.deepEqual(await tab.page.locator('#chips bdi').allTextContents(), [name, name]);
    assert.equal(await tab.page.locator('#chips :is(b)').count(), 0);
  });
});

describeInBrowser('a bar of the histogram', (env) => {
  test('leads to its customers, on whatever page they are', async (t) => {
    const organization = env.organization().addManyWaiting(40, 70);
    for (let number = 0; number < 5; number += 1) organization.addWaiting(`young-${number}`, 20 - number);
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.adminToken(), height: 500 });
    await tab.waitUntilIdle();
    await tab.page.getByRole('button', { name: '5 15–30 min' }).click();
    await tab.waitForText('26–45 of 45');
    await tab.waitUntilIdle();
    const focused = () => tab.page.evaluate(() => document.activeElement.textContent);
    assert.equal(await focused(), 'Customer young-0');
    const { y, height } = await tab.page.getByRole('button', { name: 'Customer young-0' }).boundingBox();
    assert.ok(y > 0 && y + height < 500, `the row is at ${y} px`);
    await tab.page.getByRole('button', { name: '40 1–4 h' }).click();
    await tab.waitForText('1–25 of 45');
    await tab.waitUntilIdle();
    assert.equal(await focused(), 'Customer 001');
    const none = tab.page.getByRole('button', { name: '0 24 h +' });
    assert.equal(await none.getAttribute('aria-disabled'), 'true');
    const requests = tab.reports().length;
    await none.click({ force: true });
    assert.equal(tab.reports().length, requests);
  });
});

describeInBrowser('what the list leaves out', (env) => {
  const sample = () =>
    env.publish(
      env
        .organization()
        .addWaiting('old', 31 * DAY_MINUTES)
        .addWaiting('a', 60)
        .addWaiting('b', 4)
        .addWaiting('c', 3)
        .addWaiting('d', 2, { agent: 'u-alice' }),
    );

  test('is said next to the total, and can be shown, and is of the filters', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    assert.equal(await keys(tab), 'a');
    await tab.waitForText('3 under the threshold');
    await tab.waitForText('1 waiting for more than 30 days');
    await tab.page.getByRole('button', { name: '1 waiting for more than 30 days' }).click();
    assert.equal(await keys(tab), 'old a b c d');
    assert.equal(search(tab), '?skipThreshold=true');
    assert.equal(await tab.page.getByText('under the threshold').isVisible(), false);
    assert.equal(await tab.page.getByText('for more than 30 days').isVisible(), false);
    await tab.page.goBack();
    await tab.page.getByRole('button', { name: '3 under the threshold' }).click();
    assert.equal(await keys(tab), 'old a b c d');
    await tab.page.goBack();
    await tab.waitForText('1 waiting for more than 30 days');
    await tab.page.getByLabel('Agent silent').check();
    await tab.waitForText('1 under the threshold');
    assert.equal(await tab.page.locator('#total-older').isVisible(), false);
  });

  test('has no number of days for users who may not know the settings', async (t) => {
    const organization = await env.publish(
      env.organization().addWaiting('old', 31 * DAY_MINUTES, { departmentId: 'd-sales' }),
    );
    const tab = await env.open(t, { token: organization.departmentHeadToken(['d-sales']) });
    await tab.waitForText('1 waiting too long to be listed');
    assert.deepEqual(
      tab.responses.filter(({ path }) => path.endsWith('settings')),
      [],
    );
  });
});

describeInBrowser('several thresholds', (env) => {
  test('a row says the one that applies to it, and nothing claims that there is only one', async (t) => {
    const organization = env
      .organization()
      .addWaiting('a', 300, { channelType: 'email' })
      .addWaiting('b', 60)
      .addWaiting('c', 30, { channelType: 'email' })
      .addWaiting('d', 3, { departmentId: 'd-sales' });
    await env.publish(organization);
    await env.set(organization, {
      thresholdMinutes: 5,
      channelThresholdMinutes: { email: 240 },
      departmentThresholdMinutes: { 'd-sales': 1 },
    });
    await env.refresh();
    const tab = await env.open(t, { token: organization.adminToken() });
    assert.equal(await keys(tab), 'a b d');
    assert.deepEqual(await tab.column('wait'), [
      '5 h 01 min\nthreshold 240 minutes',
      '1 h 01 min',
      '4 min\nthreshold 1 minute',
    ]);
    assert.equal(
      (await tab.renderedText('.total-line')).replaceAll(/\s+/g, ' '),
      '3 customers waiting at least as long as their threshold',
    );
    assert.equal(await tab.renderedText('#threshold-words'), 'Over the threshold');
    assert.equal((await tab.renderedTexts('#histogram li'))[0].replaceAll(/\s+/g, ' '), '1 0–5 min');
    await tab.waitForText('1 under the threshold');
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    assert.match(await tab.renderedText('.details:visible'), /Threshold\s+240 minutes/);
  });
});
