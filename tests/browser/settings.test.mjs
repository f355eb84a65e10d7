// The dialog with the thresholds and the age limit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';
import { UNAVAILABLE } from './responses.mjs';

describeInBrowser('the settings', (env) => {
  const sample = () =>
    env.publish(
      env
        .organization()
        .addWaiting('a', 60, { channelType: 'email', departmentId: 'd-sales' })
        .addWaiting('b', 50, { channelType: 'pigeon_post' }),
    );
  const open = async (tab) => {
    await tab.waitUntilIdle();
    await tab.page.getByRole('button', { name: 'Change threshold' }).click();
  };
  const save = (tab) => tab.page.getByRole('button', { name: 'Save' }).click();
  const addChannel = async (tab, name) => {
    await tab.page.getByLabel('Channel to add').fill(name);
    await tab.page.keyboard.press('Enter');
  };
  const minutesFor = (tab, name) => tab.page.getByRole('spinbutton', { name: `Minutes for ${name}` });
  const puts = (tab) => tab.responses.filter(({ method }) => method === 'PUT').length;

  test('thresholds by channel and department, and the age limit, can be set, changed and removed', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    await open(tab);
    await addChannel(tab, 'email');
    assert.equal(await tab.page.evaluate(() => document.activeElement.ariaLabel), 'Minutes for Email');
    await tab.page.keyboard.type('240');
    await addChannel(tab, 'pigeon_post');
    await tab.page.keyboard.type('30');
    await tab.page.getByLabel('Department to add').selectOption({ label: 'Sales & Orders' });
    await tab.page.keyboard.type('90');
    await tab.page.getByRole('spinbutton', { name: 'Days' }).fill('14');
    await save(tab);
    await tab.waitForText('The settings were saved.');
    const expected = {
      organizationId: organization.organizationId,
      thresholdMinutes: 5,
      channelThresholdMinutes: { email: 240, pigeon_post: 30 },
      departmentThresholdMinutes: { 'd-sales': 90 },
      maxAgeDays: 14,
      businessHours: null,
    };
    assert.deepEqual(await env.settings(organization), expected);
    await tab.waitForNoText('Customer a');
    assert.deepEqual(await tab.column('wait'), ['50 min\nthreshold 30 minutes'], 'the list follows at once');

    await open(tab);
    await minutesFor(tab, 'Email').fill('20');
    await tab.page.getByRole('button', { name: 'Remove the threshold of pigeon post' }).click();
    assert.equal(await minutesFor(tab, 'pigeon post').count(), 0);
    await tab.page.getByRole('button', { name: 'Remove the threshold of Sales & Orders' }).click();
    assert.equal(await tab.page.evaluate(() => document.activeElement.id), 'new-department');
    await save(tab);
    await tab.waitForText('Customer a');
    assert.deepEqual(await env.settings(organization), {
      ...expected,
      channelThresholdMinutes: { email: 20 },
      departmentThresholdMinutes: {},
    });
  });

  test('what is wrong is said and not sent', async (t) => {
    const organization = await sample();
    await env.set(organization, { channelThresholdMinutes: { email: 240 } });
    const tab = await env.open(t, { token: organization.adminToken() });
    await open(tab);
    await minutesFor(tab, 'Email').waitFor();
    await addChannel(tab, 'EMAIL');
    await tab.waitForText('This channel has a threshold already.');
    await addChannel(tab, ' ');
    await tab.waitForText('Type the name of a channel.');
    for (const wrong of ['', '0', '10081', '1.5', '-1']) {
      await minutesFor(tab, 'Email').fill(wrong);
      await save(tab);
      await tab.waitForText('Enter a whole number from 1 to 10,080.');
      assert.equal(await minutesFor(tab, 'Email').getAttribute('aria-invalid'), 'true');
      assert.equal(await tab.page.evaluate(() => document.activeElement.ariaLabel), 'Minutes for Email');
    }
    await minutesFor(tab, 'Email').fill('10080');
    for (const wrong of ['', '0', '3651']) {
      await tab.page.getByRole('spinbutton', { name: 'Days' }).fill(wrong);
      await save(tab);
      await tab.waitForText('Enter a whole number from 1 to 3,650.');
    }
    assert.equal(puts(tab), 0);
    await tab.page.getByRole('spinbutton', { name: 'Days' }).fill('3650');
    await save(tab);
    await tab.waitForText('The settings were saved.');
    const { channelThresholdMinutes, maxAgeDays } = await env.settings(organization);
    assert.deepEqual([channelThresholdMinutes, maxAgeDays], [{ email: 10_080 }, 3650]);
  });

  test('what was not changed is not sent, so that nobody else’s change is lost', async (t) => {
    const organization = await sample();
    await env.set(organization, { channelThresholdMinutes: { email: 240 } });
    const tab = await env.open(t, { token: organization.adminToken() });
    await open(tab);
    await minutesFor(tab, 'Email').waitFor();
    await env.set(organization, { channelThresholdMinutes: { sms: 7 } });
    await tab.page.getByRole('spinbutton', { name: 'Days' }).fill('60');
    await save(tab);
    await tab.waitForText('The settings were saved.');
    const { channelThresholdMinutes, maxAgeDays } = await env.settings(organization);
    assert.deepEqual([channelThresholdMinutes, maxAgeDays], [{ sms: 7 }, 60]);

    await t.test('closed and opened again at once they are loaded again', async () => {
      await tab.page.locator('#threshold-dialog').waitFor({ state: 'hidden' });
      await open(tab);
      await tab.clickInOneTask('threshold-cancel', 'threshold-change');
      await tab.page.waitForFunction(() => [...document.querySelectorAll('input')].some(({ value }) => value === '60'));
    });
  });

  test('the threshold can be set even if the others cannot be loaded', async (t) => {
    const organization = await sample();
    await env.set(organization, { channelThresholdMinutes: { email: 240 } });
    const tab = await env.open(t, {
      token: organization.adminToken(),
      fault: ({ method, name }) =>
        method === 'GET' && name === 'autopilot-monitor-settings' ? UNAVAILABLE : undefined,
    });
    await open(tab);
    await tab.waitForText('The other settings could not be loaded. The service is not available at the moment.');
    await tab.page.getByRole('spinbutton', { name: 'Minutes, from 1' }).fill('45');
    await save(tab);
    await tab.waitForText('Threshold set to 45 minutes.');
    const { thresholdMinutes, channelThresholdMinutes } = await env.settings(organization);
    assert.deepEqual([thresholdMinutes, channelThresholdMinutes], [45, { email: 240 }]);
  });

  test('names are text', async (t) => {
    const name = '<img src=x onerror="pwned=1">';
    const organization = await env.publish(
      env.organization({ departments: [{ departmentId: 'd', name }] }).addWaiting('a', 60, { channelType: name }),
    );
    await env.set(organization, {
      channelThresholdMinutes: { [name]: 6 },
      departmentThresholdMinutes: { d: 7, 'd-gone': 8 },
    });
    const tab = await env.open(t, { token: organization.adminToken() });
    await open(tab);
    await minutesFor(tab, 'd-gone').waitFor();
    assert.deepEqual(await tab.renderedTexts('.thresholds li bdi'), [name, name, 'd-gone']);
    assert.equal(await tab.page.locator('#threshold-dialog img').count(), 0);
  });
});
