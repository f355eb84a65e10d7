// The card with the course of the day.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { slotsOf, totalsOf } from '../../public/modules/trend.js';
import { axe } from './axe.mjs';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';
import { HOUR, MINUTE, superadminToken } from './organization.mjs';
import { UNAVAILABLE } from './responses.mjs';

const iso = (milliseconds) => new Date(milliseconds).toISOString();

/** Hours before an instant, the earliest first, as the service tells them. */
function hoursBefore(now, count, hourOf) {
  const last = Math.floor(now / HOUR) * HOUR;
  return Array.from({ length: count }, (_, index) => {
    const number = count - 1 - index;
    return {
      startsAt: iso(last - number * HOUR),
      crossed: 0,
      cleared: 0,
      medianMinutesToClear: null,
      worstMinutesToClear: null,
      mostAtOnce: 0,
      ...hourOf(number),
    };
  });
}

describe('slots', () => {
  const now = Date.UTC(2026, 5, 10, 12, 30);

  test('a day has 24 hours, of which some may be unknown', () => {
    const hours = hoursBefore(now, 3, (number) => ({ crossed: number + 1, mostAtOnce: 7, medianMinutesToClear: 4 }));
    const slots = slotsOf({ generatedAt: iso(now), days: 1, hours });
    assert.equal(slots.length, 24);
    assert.deepEqual(
      slots.map(({ isKnown }) => isKnown),
      [...Array(21).fill(false), true, true, true],
    );
    assert.deepEqual(slots.at(-1), {
      key: String(Date.UTC(2026, 5, 10, 12)),
      startsAt: Date.UTC(2026, 5, 10, 12),
      isKnown: true,
      crossed: 1,
      cleared: 0,
      median: 4,
      worst: null,
      most: 7,
    });
    assert.deepEqual(totalsOf(slots), { isKnown: true, crossed: 6, cleared: 0, most: 7 });
  });

  test('days sum their hours, and have no median', () => {
    const hours = hoursBefore(now, 7 * 24, (number) => ({
      crossed: 2,
      cleared: 1,
      mostAtOnce: number % 24,
      medianMinutesToClear: 3,
      worstMinutesToClear: number === 5 ? 90 : 10,
    }));
    const slots = slotsOf({ generatedAt: iso(now), days: 7, hours });
    assert.ok(slots.length === 7 || slots.length === 8, `${slots.length}`);
    assert.equal(totalsOf(slots).crossed, 2 * 7 * 24);
    assert.equal(totalsOf(slots).most, 23);
    assert.ok(slots.every(({ median }) => median === null));
    assert.equal(Math.max(...slots.map(({ worst }) => worst ?? 0)), 90);
  });

  test('without a snapshot there are none', () => {
    const slots = slotsOf({ generatedAt: null, days: 1, hours: [] });
    assert.deepEqual([slots, totalsOf(slots)], [[], { isKnown: false, crossed: 0, cleared: 0, most: 0 }]);
  });
});

describeInBrowser('the course of the day', (env) => {
  const answer = (hours, days = 1) => ({
    status: 200,
    body: JSON.stringify({
      success: true,
      data: { organizationId: 'o', generatedAt: iso(env.now), snapshotMissing: false, stale: false, days, hours },
    }),
  });
  /** A day like others: quiet at night, and worst at noon. */
  const usualDay = (days) =>
    hoursBefore(env.now, 24 * days, (number) => {
      const crossed = Math.max(0, 14 - 2 * Math.abs((number % 24) - 8));
      const cleared = Math.max(0, 12 - 2 * Math.abs((number % 24) - 6));
      const times = cleared > 0 && { medianMinutesToClear: 6 + (number % 5), worstMinutesToClear: 75 + number };
      return { crossed, cleared, mostAtOnce: crossed + 3, ...times };
    });
  const openWith = async (t, fault, options = {}) => {
    const organization = await env.publish(env.organization().addWaiting('a', 60));
    const tab = await env.open(t, {
      token: organization.adminToken(),
      fault: (request) => (request.name === 'trend' ? fault?.(request) : undefined),
      ...options,
    });
    await tab.waitUntilIdle();
    return tab;
  };
  const unfold = (tab) => tab.page.locator('#trend > summary').click();
  const requests = (tab) => tab.responses.filter(({ path }) => path.endsWith('/trend'));
  const table = (tab) => tab.renderedTexts('#trend-rows tr');

  test('comes from the service, when it is unfolded', async (t) => {
    // To ten past the next hour, so that all of it happens in one.
    await env.refresh(70 - new Date(env.now).getUTCMinutes());
    const organization = await env.publish(env.organization().addWaiting('a', 60));
    await env.refresh();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    assert.deepEqual(requests(tab), []);
    await unfold(tab);
    await tab.waitForText('1 came over the threshold, 0 were cleared, 1 at once at most.');
    assert.deepEqual(
      requests(tab).map(({ query, status }) => [query, status]),
      [['days=1', 200]],
    );
    const rows = await table(tab);
    assert.equal(rows.length, 24);
    assert.deepEqual(rows[0].split('\t').slice(1), ['1', '0', '–', '–', '1']);
    assert.deepEqual(rows[23].split('\t').slice(1), ['–', '–', '–', '–', '–']);
    assert.deepEqual((await axe(tab)).violations, []);
  });

  test('by hour and by day, in a chart and in a table, in every width and colour', async (t) => {
    const tab = await openWith(t, ({ query }) => {
      const days = Number(new URLSearchParams(query).get('days'));
      return answer(usualDay(days), days);
    });
    await unfold(tab);
    await tab.waitForText(/came over the threshold, .* were cleared/);
    assert.equal(await tab.page.locator('#trend-chart > li').count(), 24);
    assert.equal(await tab.renderedText('#trend-scale'), '14');
    assert.deepEqual((await axe(tab)).violations, []);
    await tab.page.locator('#trend').scrollIntoViewIfNeeded();
    await tab.screenshot('trend-day');
    await tab.page.getByLabel('Show').selectOption('7');
    await tab.waitForText('Day');
    await tab.page.waitForFunction(() => document.querySelectorAll('#trend-chart > li').length < 10);
    assert.equal(await tab.page.locator('#trend-median-heading').isVisible(), false);
    await tab.screenshot('trend-week');
    await tab.page.getByLabel('Show').selectOption('30');
    await tab.page.waitForFunction(() => document.querySelectorAll('#trend-chart > li').length > 29);
    for (const [name, width, scheme] of /** @type {[string, number, 'light' | 'dark'][]} */ ([
      ['wide', 1280, 'dark'],
      ['phone', 360, 'light'],
    ])) {
      await tab.page.setViewportSize({ width, height: 900 });
      await tab.page.emulateMedia({ colorScheme: scheme });
      await tab.page.locator('#trend').scrollIntoViewIfNeeded();
      await tab.screenshot(`trend-month-${name}-${scheme}`);
      assert.deepEqual((await axe(tab)).violations, [], `${name} ${scheme}`);
      const right = await tab.page.evaluate(() => {
        const edges = [...document.querySelectorAll('#trend-chart *')].map(
          (part) => part.getBoundingClientRect().right,
        );
        return Math.max(...edges) - document.querySelector('#trend-chart').getBoundingClientRect().right;
      });
      assert.ok(right <= 1, `${name}: the chart is ${right} pixels too wide`);
    }
  });

  test('says the hours on a phone without one over the other, on a clock of twelve hours too', async (t) => {
    const respond = ({ query }) => {
      const days = Number(new URLSearchParams(query).get('days'));
      return answer(usualDay(days), days);
    };
    for (const locale of ['en-US', 'de-DE']) {
      const tab = await openWith(t, respond, { locale, width: 320 });
      await unfold(tab);
      await tab.waitForText(/came over the threshold, .* were cleared/);
      for (const [days, count] of Object.entries({ 1: 24, 30: 30 })) {
        await tab.page.getByLabel('Show').selectOption(days);
        await tab.page.waitForFunction(
          (least) => document.querySelectorAll('#trend-chart > li').length >= least,
          count,
        );
        for (const width of [320, 375, 414, 600, 1280]) {
          await tab.page.setViewportSize({ width, height: 900 });
          const labels = await tab.page.evaluate(() =>
            [...document.querySelectorAll('#trend-chart .bar-label')]
              .filter((label) => label.textContent !== '' && getComputedStyle(label).visibility === 'visible')
              .map((label) => label.getBoundingClientRect())
              .map(({ left, right }) => ({ left, right })),
          );
          assert.ok(labels.length >= 3, `${labels.length} labels`);
          const gaps = labels.slice(1).map(({ left }, index) => left - labels[index].right);
          assert.ok(Math.min(...gaps) >= 0, `${locale}, ${days} days, ${width}: ${gaps.map(Math.round)}`);
        }
      }
    }
  });

  test('by keyboard: it unfolds, the days are chosen, and the table scrolls', async (t) => {
    const tab = await openWith(t, () => answer(usualDay(1)));
    const { keyboard } = tab.page;
    await tab.page.locator('#trend > summary').focus();
    await keyboard.press('Enter');
    await tab.waitForText(/came over the threshold, .* were cleared/);
    const focused = () => tab.page.evaluate(() => document.activeElement?.id);
    for (const id of ['trend-days', 'trend-download', 'trend-table']) {
      await keyboard.press('Tab');
      assert.equal(await focused(), id);
    }
    await keyboard.press('End');
    await tab.page.waitForFunction(() => document.getElementById('trend-table').scrollTop > 0);
  });

  test('is asked for again after a while, and only while it is unfolded', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 60));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await unfold(tab);
    await tab.waitForText('1 at once at most');
    const pass = async (minutes) => {
      await env.refresh(minutes);
      await tab.nextPoll(minutes * MINUTE + 20_000);
    };
    await pass(1);
    assert.equal(requests(tab).length, 1);
    await pass(5);
    await until(() => requests(tab).length === 2, 'the hours were not requested again');
    await unfold(tab);
    await pass(6);
    assert.equal(requests(tab).length, 2);
  });

  test('says what is wrong, and saves the hours as a file', async (t) => {
    const tab = await openWith(t, () => UNAVAILABLE);
    await unfold(tab);
    await tab.waitForText('A message of the service.');
    assert.equal(await tab.page.locator('#trend-figure').isVisible(), false);
    await tab.page.getByRole('button', { name: 'Download hours as CSV' }).click();
    await until(() => tab.downloads.length > 0, 'nothing was saved');
    const [download] = tab.downloads;
    assert.match(download.suggestedFilename(), /^course-of-the-day-\d{4}-\d\d-\d\d\.csv$/);
  });

  test('is of the departments that the user sees, or of the one that is chosen', async (t) => {
    const organization = env.organization();
    for (const [key, departmentId] of [
      ['a', 'd-sales'],
      ['b', 'd-sales'],
      ['c', 'd-support'],
      ['d', 'd-returns'],
    ])
      organization.addWaiting(key, 60, { departmentId });
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.departmentHeadToken(['d-sales', 'd-support']) });
    await tab.waitUntilIdle();
    await unfold(tab);
    await tab.waitForText('3 came over the threshold, 0 were cleared, 3 at once at most.');
    await tab.page.getByLabel('Department', { exact: true }).selectOption('d-sales');
    await tab.waitForText(/: 2 came over the threshold, 0 were cleared, 2 at once at most\./);
    await tab.page.locator('#trend').scrollIntoViewIfNeeded();
    await tab.screenshot('trend-department');
    assert.deepEqual((await axe(tab)).violations, []);
    assert.deepEqual(
      requests(tab).map(({ query, status }) => [query, status]),
      [
        ['days=1', 200],
        ['departmentId=d-sales&days=1', 200],
      ],
    );
    await tab.page.getByLabel('Department', { exact: true }).selectOption('');
    await tab.waitForText(/^3 came over the threshold/);
  });

  test('a SUPERADMIN asks for the organization that is chosen', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 60));
    const tab = await env.open(t, {
      token: superadminToken(),
      query: `?organizationId=${organization.organizationId}`,
    });
    await tab.waitUntilIdle();
    await unfold(tab);
    await tab.waitForText('1 at once at most');
    assert.deepEqual(
      requests(tab).map(({ query }) => query),
      [`organizationId=${organization.organizationId}&days=1`],
    );
  });
});
