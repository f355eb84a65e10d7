// Business hours in the dashboard: what rows and histogram show, and the fields that change them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatAge } from '../../public/modules/clock.js';
import {
  formatBusinessAge,
  formatExceptions,
  formatIntervals,
  parseExceptions,
  parseIntervals,
} from '../../public/modules/hours.js';
import { describeInBrowser } from './environment.mjs';
import { MINUTE, morningHours } from './organization.mjs';

describe('what people type', () => {
  test('hours of a day', () => {
    const check = (text, ...expected) => assert.deepEqual(parseIntervals(text), expected, text);
    check('');
    check('  ');
    check('08:00–17:00', ['08:00', '17:00']);
    check('8-12:30, 13.00 — 17', ['08:00', '12:30'], ['13:00', '17:00']);
    check('0-24', ['00:00', '24:00']);
    check('8-12; 12-13', ['08:00', '12:00'], ['12:00', '13:00']);
    for (const wrong of [
      'closed',
      '8',
      '8-',
      '-8',
      '17-8',
      '8-8',
      '8-12,',
      '13-17, 8-12',
      '8-12, 11-13',
      '8-24:01',
      '8:60-9',
      '8-9-10',
    ])
      assert.equal(parseIntervals(wrong), null, wrong);
    const many = (count) => Array.from({ length: count }, (_, hour) => `${hour}-${hour}:30`).join(',');
    assert.equal(parseIntervals(many(10)).length, 10);
    assert.equal(parseIntervals(many(11)), null);
    assert.equal(
      formatIntervals([
        ['08:00', '12:30'],
        ['13:00', '17:00'],
      ]),
      '08:00–12:30, 13:00–17:00',
    );
    assert.equal(formatIntervals(undefined), '');
  });

  test('exceptions', () => {
    const text = '2026-12-24: 08:00–12:00\n2026-12-25: closed\n2026-12-26: closed';
    const read = { closed: ['2026-12-25', '2026-12-26'], open: { '2026-12-24': [['08:00', '12:00']] } };
    assert.deepEqual(parseExceptions(text), read);
    assert.equal(formatExceptions(/** @type {any} */ (read)), text);
    assert.deepEqual(parseExceptions(' 2026-12-24 8-12 \n\n2026-12-25 Closed'), {
      closed: ['2026-12-25'],
      open: { '2026-12-24': [['08:00', '12:00']] },
    });
    assert.deepEqual(parseExceptions(''), { closed: [], open: {} });
    assert.equal(formatExceptions(/** @type {any} */ ({ closed: null })), '');
    for (const wrong of [
      '2026-02-30: closed',
      'Christmas: closed',
      '2026-12-25',
      '2026-12-25: 12-8',
      '25.12.2026: closed',
    ])
      assert.deepEqual(parseExceptions(`2026-12-24: closed\n${wrong}`), { wrong }, wrong);
    assert.deepEqual(parseExceptions('2026-12-24: closed\n2026-12-24: 8-12'), { wrong: '2026-12-24: 8-12' });
  });

  test('ages have no days', () => {
    assert.deepEqual([0, 59, 60, 1565].map(formatBusinessAge), ['0 min', '59 min', '1 h 00 min', '26 h 05 min']);
  });
});

describeInBrowser('business hours', (env) => {
  /** Customers who wait since 10:00, 11:40 and 11:57, where it is noon and some minutes. */
  const sample = () => {
    const sinceNoon = new Date(env.now).getUTCMinutes();
    const add = (organization, [key, minutes]) => organization.addWaiting(key, sinceNoon + minutes);
    return env.publish(Object.entries({ a: 120, b: 20, c: 3 }).reduce(add, env.organization()));
  };
  const open = async (tab) => {
    await tab.waitUntilIdle();
    await tab.page.getByRole('button', { name: 'Change threshold' }).click();
    await tab.page.getByLabel('Count waiting time only within business hours').waitFor();
  };
  const save = (tab) => tab.page.getByRole('button', { name: 'Save' }).click();
  const puts = (tab) => tab.responses.filter(({ method }) => method === 'PUT').length;

  test('rows show working time with the time by the clock, and the histogram says so', async (t) => {
    const organization = await sample();
    const sinceNoon = new Date(env.now).getUTCMinutes();
    await env.set(organization, { businessHours: morningHours(env.now) });
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const byTheClock = (minutes) => `${formatAge((sinceNoon + minutes) * MINUTE)} by the clock`;
    assert.deepEqual(await tab.column('wait'), [`2 h 00 min\n${byTheClock(120)}`, `20 min\n${byTheClock(20)}`]);
    assert.deepEqual(await tab.renderedTexts('#histogram-heading'), [
      'How long they have waited for a reply, in business hours',
    ]);
    await tab.waitForText('1 under the threshold');
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    await tab.waitForText('Business hours since then');
    const severities = await tab.page
      .locator('#rows .row')
      .evaluateAll((rows) => rows.map((row) => row.dataset.severity));
    assert.deepEqual(severities, ['1', '0']);

    // Working time stands still after noon; the other goes on.
    await env.refresh();
    await tab.nextPoll();
    await tab.waitForText(byTheClock(121));
    assert.deepEqual(
      (await tab.column('wait')).map((text) => text.split('\n')[0]),
      ['2 h 00 min', '20 min'],
    );
  });

  test('they can be set, changed and taken back in the dialog', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });

    await t.test('without hours the page says nothing of them', async () => {
      await tab.waitUntilIdle();
      assert.deepEqual(await tab.renderedTexts('#histogram-heading'), ['How long they have waited for a reply']);
      assert.ok(!(await tab.column('wait')).join().includes('clock'));
    });

    await open(tab);
    const { page } = tab;
    await page.getByLabel('Count waiting time only within business hours').check();
    assert.equal(await page.getByLabel('Monday').inputValue(), '09:00–17:00', 'the usual week is offered');
    assert.equal(await page.getByLabel('Sunday').inputValue(), '');
    await page.getByLabel('Time zone').fill('Europe/Berlin');
    await page.getByLabel('Monday').fill('8-12:30, 13-17');
    await page.getByLabel('Saturday').fill('22–24');
    await page.getByLabel('Sunday').fill('0–6');
    await page.getByLabel('Holidays').fill('2026-12-25: closed\n2026-12-24: 8-12');
    await save(tab);
    await tab.waitForText('The settings were saved.');
    const day = [['09:00', '17:00']];
    const expected = {
      timeZone: 'Europe/Berlin',
      weekly: {
        mon: [
          ['08:00', '12:30'],
          ['13:00', '17:00'],
        ],
        tue: day,
        wed: day,
        thu: day,
        fri: day,
        sat: [['22:00', '24:00']],
        sun: [['00:00', '06:00']],
      },
      closed: ['2026-12-25'],
      open: { '2026-12-24': [['08:00', '12:00']] },
    };
    assert.deepEqual((await env.settings(organization)).businessHours, expected);

    await open(tab);
    assert.equal(await page.getByLabel('Monday').inputValue(), '08:00–12:30, 13:00–17:00');
    assert.equal(await page.getByLabel('Holidays').inputValue(), '2026-12-24: 08:00–12:00\n2026-12-25: closed');
    await page.getByLabel('Holidays').fill('');
    await page.getByLabel('Saturday').fill('');
    await save(tab);
    await page.locator('#threshold-dialog').waitFor({ state: 'hidden' });
    const { closed: _, open: __, ...plain } = expected;
    const { sat: ___, ...weekly } = expected.weekly;
    assert.deepEqual((await env.settings(organization)).businessHours, { ...plain, weekly });

    await open(tab);
    await page.getByLabel('Count waiting time only within business hours').uncheck();
    await save(tab);
    await page.locator('#threshold-dialog').waitFor({ state: 'hidden' });
    assert.equal((await env.settings(organization)).businessHours, null);
  });

  test('what is wrong is said at its field and not sent, and what the service refuses is said, too', async (t) => {
    const organization = await sample();
    await env.set(organization, { businessHours: morningHours(env.now) });
    const tab = await env.open(t, { token: organization.adminToken() });
    const { page } = tab;
    await open(tab);
    const check = async (label, text, problem) => {
      const field = page.getByLabel(label);
      const before = await field.inputValue();
      await field.fill(text);
      await save(tab);
      await tab.waitForText(problem);
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      assert.ok(await field.evaluate((element) => element === document.activeElement));
      await field.fill(before);
    };
    await check('Time zone', ' ', 'Choose a time zone');
    await check('Friday', '22-6', 'The hours of Friday cannot be read.');
    await check('Holidays', '2026-12-25: closed\nBoxing Day', '“Boxing Day” cannot be read.');
    assert.equal(puts(tab), 0);
    await page.getByLabel('Time zone').fill('Europe/Atlantis');
    await save(tab);
    await tab.waitForText('Not saved. businessHours.timeZone is not a time zone that is known.');
    await page.getByLabel('Time zone').fill('Europe/Berlin');
    await page.getByRole('spinbutton', { name: 'Minutes, from 1' }).fill('10080');
    await save(tab);
    await tab.waitForText('Not saved. A threshold of 10080 minutes is too much for these business hours');
    assert.deepEqual((await env.settings(organization)).businessHours, morningHours(env.now));
  });

  test('hours that were not changed are not sent', async (t) => {
    const organization = await sample();
    await env.set(organization, { businessHours: { ...morningHours(env.now), closed: ['2026-12-25', '2025-12-25'] } });
    const tab = await env.open(t, { token: organization.adminToken() });
    await open(tab);
    await tab.page.getByRole('spinbutton', { name: 'Minutes, from 1' }).fill('6');
    await save(tab);
    await tab.waitForText('Threshold set to 6 minutes.');
  });
});
