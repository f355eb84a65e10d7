// How the dashboard is laid out: readable at every width and zoom, true to scale, and without jumps.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settingsOf } from '../workerd/harness.mjs';
import { axe } from './axe.mjs';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';

/** In CSS pixels: phones, tablets, laptops and wall displays, and both sides of where the table becomes cards. */
const WIDTHS = [320, 390, 768, 960, 1024, 1100, 1151, 1152, 1280, 1440, 1920, 2560];
/** From this width on the list is a table. */
const TABLE_MIN_WIDTH = 1152;
const LONG_NAME =
  'Maximiliana Featherstonehaugh-Wolfeschlegelsteinhausenbergerdorff of the Northern Territories and Adjacent Islands';
const NAMES = [
  'Ada Byrne',
  LONG_NAME,
  'محمد عبد الله بن عبد العزيز آل سعود',
  '株式会社さくらコミュニケーションズ東京本社カスタマーサポート部',
  'Pneumonoultramicroscopicsilicovolcanoconiosis'.repeat(11),
  'שרה כהן-לוי',
  'X',
];

/** An organization with a full page of short, long, right-to-left and Chinese names, and without any. */
function withManyNames(env) {
  const departments = NAMES.map((name, index) => ({ departmentId: `d-${index}`, name }));
  const users = [
    { userId: 'u-alice', fullName: LONG_NAME },
    ...NAMES.map((fullName, index) => ({ userId: `u-${index}`, fullName })),
  ];
  const organization = env.organization({ name: LONG_NAME, departments, users });
  const channels = ['whatsapp', 'twitter', 'pigeon_post_of_the_old_kind'];
  for (let number = 0; number < 30; number += 1) {
    const minutes = 6 + number * number * 2;
    organization.addWaiting(String(number), minutes, {
      name: NAMES[number % NAMES.length],
      phone: number % 3 === 0 ? undefined : `+44207946${1000 + number}`,
      channelType: channels[number % channels.length],
      departmentId: number % 5 === 0 ? undefined : `d-${number % NAMES.length}`,
      agent: [undefined, 'u-alice', `u-${number % NAMES.length}`][number % 3],
      takeover: Math.max(5, minutes - 70),
    });
  }
  return organization;
}

/** In the page: everything that makes the list hard to read. */
function findLayoutProblems() {
  const problems = [];
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const overlap = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  if (document.documentElement.scrollWidth > innerWidth)
    problems.push(`the page is ${document.documentElement.scrollWidth} px wide`);

  for (const row of document.querySelectorAll('#rows .row')) {
    const outer = row.getBoundingClientRect();
    const cells = [...row.children].filter((cell) => cell.checkVisibility());
    const boxes = cells.map((cell) => cell.getBoundingClientRect());
    // On a phone at a zoom of 200 % a row is a column.
    if (outer.height > (innerWidth < 320 ? 22 : 14) * rem) problems.push(`a row is ${outer.height} px high`);
    cells.forEach((cell, index) => {
      const box = boxes[index];
      const where = `${cell.className} of row ${outer.top}`;
      if (box.left < outer.left - 1 || box.right > outer.right + 1) problems.push(`${where} leaves its row`);
      if (cell.scrollWidth > cell.clientWidth + 1) problems.push(`${where} is cut off`);
      for (const [other, otherBox] of boxes.entries())
        if (other > index && overlap(box, otherBox)) problems.push(`${where} overlaps ${cells[other].className}`);
    });
    // A name needs room for some eleven characters.
    for (const name of ['contact', 'assignees']) {
      const cell = row.querySelector(`.cell-${name}`);
      const isCard = getComputedStyle(row).display === 'grid';
      const { width } = cell.getBoundingClientRect();
      if (width < (isCard ? 5.5 : 8) * rem) problems.push(`${name} is ${width} px wide`);
    }
  }
  for (const clamped of document.querySelectorAll('.row .clamped, .masthead .clamped')) {
    const lineHeight = Number.parseFloat(getComputedStyle(clamped).lineHeight);
    const lines = clamped.getBoundingClientRect().height / lineHeight;
    if (lines > 2.1) problems.push(`"${clamped.textContent.slice(0, 20)}" takes ${lines} lines`);
  }
  const end = document.querySelector('#sign-out').getBoundingClientRect().right;
  const edge = document.querySelector('.list').getBoundingClientRect().right;
  if (Math.abs(edge - end) > 1) problems.push(`"Sign out" ends at ${end} px, the list at ${edge} px`);
  // Whatever stands in a line of controls must not be cut off or covered.
  for (const group of document.querySelectorAll(
    '.masthead, .filters, .tabs, .search, .chips, .pager, .segments, .total-line, .summary .card',
  )) {
    if (group.scrollWidth > group.clientWidth + 1) problems.push(`${group.className} is wider than its place`);
    const boxes = [...group.querySelectorAll('button, select, .segment, p, li')]
      .filter((each) => each.checkVisibility())
      .map((control) => ({ control, box: control.getBoundingClientRect() }));
    boxes.forEach(({ control, box }, index) => {
      for (const other of boxes.slice(index + 1))
        if (!control.contains(other.control) && overlap(box, other.box))
          problems.push(`"${control.textContent.trim()}" overlaps "${other.control.textContent.trim()}"`);
    });
  }
  return problems;
}

describeInBrowser('the layout', (env) => {
  /** Checks the page at each width, of which it may leave a picture. */
  async function assertReadable(tab, widths, name, { height = 1000, schemes = ['light'] } = {}) {
    for (const width of widths) {
      await tab.page.setViewportSize({ width, height: width < 600 ? Math.min(height, 844) : height });
      assert.deepEqual(await tab.page.evaluate(findLayoutProblems), [], `${name}, ${width} px`);
      for (const colorScheme of schemes) {
        await tab.page.emulateMedia({ colorScheme });
        await tab.screenshot(`${name}-${width}-${colorScheme}`);
      }
    }
  }

  test('is readable for an admin at every width', async (t) => {
    const organization = await env.publish(withManyNames(env));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await assertReadable(tab, WIDTHS, 'names', { schemes: ['light', 'dark'] });

    await t.test('is a table if there is room for one', async () => {
      for (const width of WIDTHS) {
        await tab.page.setViewportSize({ width, height: 900 });
        const isTable = await tab.page.locator('#list thead').evaluate((head) => head.clientHeight > 1);
        assert.equal(isTable, width >= TABLE_MIN_WIDTH, `${width} px`);
      }
    });

    await t.test('is readable with letters twice as large', async () => {
      const session = await tab.context.newCDPSession(tab.page);
      await session.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
      assert.equal(await tab.page.evaluate(() => getComputedStyle(document.body).fontSize), '30px');
      await assertReadable(
        tab,
        WIDTHS.filter((width) => width >= 640),
        'large-letters',
      );
    });
  });

  test('is readable for a department head, who has no access to some rows, at every width', async (t) => {
    const organization = await env.publish(withManyNames(env));
    const departmentIds = NAMES.map((_, index) => `d-${index}`);
    const tab = await env.open(t, { token: organization.departmentHeadToken(departmentIds) });
    await tab.waitUntilIdle();
    await assertReadable(tab, WIDTHS, 'names-with-access');
  });

  /** Half of each width is what a zoom of 200 % leaves. */
  const zoomedWidths = WIDTHS.map((width) => Math.round(width / 2));

  test('is readable at 200 % zoom', async (t) => {
    const organization = await env.publish(withManyNames(env));
    const tab = await env.open(t, { token: organization.adminToken(), scale: 2 });
    await tab.waitUntilIdle();
    await assertReadable(tab, zoomedWidths, 'zoomed', { height: 500 });
  });

  test('clamps names to two lines, and unfolds them with their row', async (t) => {
    const name = 'Ann '.repeat(128).trim();
    const organization = await env.publish(env.organization().addWaiting('a', 30, { name }));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const contact = tab.page.locator('#rows .control bdi');
    const lines = () =>
      contact.evaluate((each) => each.clientHeight / Number.parseFloat(getComputedStyle(each).lineHeight));
    assert.equal(Math.round(await lines()), 2);
    assert.equal(await contact.getAttribute('title'), name);
    await tab.page.getByRole('button', { name: 'Ann' }).click();
    assert.ok((await lines()) > 5);
  });

  test('isolates names and phone numbers, so that none reorders its neighbours', async (t) => {
    const arabic = 'عبد الرحمن (2)';
    const organization = env.organization({
      name: arabic,
      departments: [{ departmentId: 'd', name: arabic }],
      users: [{ userId: 'u-1', fullName: arabic }],
    });
    organization.addWaiting('a', 30, { name: arabic, phone: '+442079460307', departmentId: 'd', agent: 'u-1' });
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await tab.page.locator('#rows .control').click();
    for (const width of [360, 800, 1280]) {
      await tab.page.setViewportSize({ width, height: 900 });
      const exposed = await tab.page.evaluate(
        (names) => {
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = { isolated: 0, exposed: [] };
          while (texts.nextNode()) {
            const { parentElement, textContent } = texts.currentNode;
            // The browser draws the choices of a select by itself, each on a line of its own.
            if (!names.some((name) => textContent.includes(name)) || parentElement.closest('option')) continue;
            if (parentElement.closest('bdi')?.textContent === textContent) found.isolated += 1;
            else found.exposed.push(`${parentElement.outerHTML}`);
          }
          return found;
        },
        [arabic, '+442079460307'],
      );
      assert.deepEqual(exposed, { isolated: 9, exposed: [] });
    }
  });
});

describeInBrowser('the bars', (env) => {
  /** In the page: each bar's count and its size in CSS pixels. */
  const measure = (tab, list, side) =>
    tab.page.locator(`${list} li`).evaluateAll(
      (items, dimension) =>
        items.map((item) => ({
          count: Number(item.querySelector('b').textContent),
          size: item.querySelector('.bar').getBoundingClientRect()[dimension],
        })),
      side,
    );
  const assertTrueToScale = (bars, minimum, message) => {
    const highest = bars.reduce((a, b) => (b.count > a.count ? b : a));
    assert.ok(highest.size >= minimum, `${message}: the largest bar has ${highest.size} px`);
    for (const { count, size } of bars) {
      const expected = (highest.size * count) / highest.count;
      assert.ok(Math.abs(size - expected) < 0.1, `${message}: ${count} has ${size} px instead of ${expected}`);
    }
  };
  /** The age groups' counts; 12, 14 and 16 must differ as 1 and 7 do. */
  const AGES = new Map([
    [2, 3],
    [8, 14],
    [20, 16],
    [40, 12],
    [100, 7],
    [400, 6],
    [2000, 1],
  ]);

  function withAllAges() {
    const organization = env.organization();
    for (const [minutes, count] of AGES)
      for (let number = 0; number < count; number += 1) organization.addWaiting(`${minutes}-${number}`, minutes);
    return organization;
  }

  test('of the histogram are true to scale at every size', async (t) => {
    const organization = await env.publish(withAllAges());
    const tab = await env.open(t, { token: organization.adminToken() });
    for (const everyone of [false, true]) {
      if (everyone) await tab.page.getByLabel('Everyone waiting').check();
      await tab.waitUntilIdle();
      for (const width of WIDTHS) {
        await tab.page.setViewportSize({ width, height: 900 });
        const bars = await measure(tab, '#histogram', 'height');
        assert.deepEqual(
          bars.map(({ count }) => count),
          [...AGES.values()].slice(everyone ? 0 : 1),
        );
        assertTrueToScale(bars, 40, `${width} px${everyone ? ', everyone' : ''}`);
      }
    }
  });

  test('of the reasons are true to scale at every size, and the last one sums the reasons that are not named', async (t) => {
    const organization = await env.publish(withAllAges());
    const byReason = {
      no_reply: 16,
      reply_failed: 14,
      only_private_note: 12,
      reply_queued: 7,
      handoff_not_completed: 3,
      assignee_missing: 2,
      no_reply_since_takeover: 1,
      a_new_reason: 1,
    };
    const fault = async ({ name }) => {
      if (name !== 'summary') return undefined;
      const response = await env.service.fetch('/api/conversation-monitor/summary', {
        token: organization.adminToken(),
      });
      const { data } = /** @type {{ data: any }} */ (await response.json());
      return { status: 200, body: JSON.stringify({ success: true, data: { ...data, byReason } }) };
    };
    const tab = await env.open(t, { token: organization.adminToken(), fault });
    await tab.waitUntilIdle();
    for (const width of WIDTHS) {
      await tab.page.setViewportSize({ width, height: 900 });
      const bars = await measure(tab, '#breakdown', 'width');
      assert.deepEqual(
        bars.map(({ count }) => count),
        [16, 14, 12, 7, 3, 4],
      );
      assertTrueToScale(bars, 48, `${width} px`);
    }
    assert.equal(await tab.page.locator('#breakdown li').last().locator('.line-name').textContent(), 'Others');
  });
});

describeInBrowser('the page', (env) => {
  const SIZES = [
    [1280, 900],
    [900, 1000],
    [390, 844],
  ];

  test('shows the top of the list after paging', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(80));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    for (const [width, height] of SIZES) {
      await t.test(`${width} × ${height}`, async () => {
        await tab.page.setViewportSize({ width, height });
        for (const [button, first] of [
          ['Next', 'Customer 026'],
          ['Last', 'Customer 076'],
          ['Previous', 'Customer 051'],
          ['First', 'Customer 001'],
        ]) {
          await tab.page.getByRole('button', { name: button, exact: true }).scrollIntoViewIfNeeded();
          await tab.page.getByRole('button', { name: button, exact: true }).click();
          await tab.waitForText(first);
          await tab.waitUntilIdle();
          const row = await tab.page.locator('#rows .row').first().boundingBox();
          const head = await tab.page.locator('#list thead').boundingBox();
          const covered = head.height > 1 ? head.y + head.height : 0;
          assert.ok(row.y >= covered - 1, `${button}: the first row is at ${row.y} px, above ${covered} px`);
          assert.ok(row.y + row.height <= height, `${button}: the first row is at ${row.y} px, below the window`);
        }
      });
    }
  });

  for (const [width, height] of SIZES) {
    test(`does not move while the first data arrives, ${width} × ${height}`, async (t) => {
      // With rows that the list leaves out, which is said on top.
      const organization = withManyNames(env)
        .addWaiting('new', 3)
        .addWaiting('old', 40 * 24 * 60);
      await env.publish(organization);
      const pending = [];
      const fault = () => new Promise((resolve) => pending.push(() => resolve(undefined)));
      const tab = await env.beginToOpen(t, { token: organization.adminToken(), width, height, fault });
      const positions = () =>
        tab.page.evaluate(() =>
          ['.summary .total', '.summary .histogram', '.filters', '.list', '#sign-out'].map((selector) => {
            const { left, top } = document.querySelector(selector).getBoundingClientRect();
            return `${selector} at ${left}, ${top}`;
          }),
        );
      let atFirst;
      // Each one's response is painted before the next one comes.
      for (const _ of ['report', 'summary', 'scopes', 'settings']) {
        await until(() => pending.length > 0, 'nothing is requested');
        await tab.waitForPaint();
        atFirst ??= await positions();
        pending.shift()();
      }
      await tab.waitUntilIdle();
      const { sum, moved } = await tab.layoutShifts();
      assert.ok(sum < 0.05, `the layout shift is ${sum}: ${moved}`);
      assert.deepEqual(await positions(), atFirst);
    });
  }
});

describeInBrowser('the numbers on top', (env) => {
  const withAges = (...ages) =>
    ages.reduce((all, minutes) => all.addWaiting(String(minutes), minutes), env.organization());
  const total = async (tab) => (await tab.renderedText('.total-line')).replace(/\s+/g, ' ');
  const buckets = async (tab) => (await tab.renderedTexts('#histogram li')).map((text) => text.replace(/\s+/g, ' '));

  test('say what they count', async (t) => {
    const organization = await env.publish(withAges(3, 8, 100));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    assert.equal(await total(tab), '2 customers waiting 5 minutes or more');
    await tab.page.getByLabel('Everyone waiting').check();
    await tab.waitUntilIdle();
    assert.equal(await total(tab), '3 customers waiting');
    assert.equal((await buckets(tab))[0], '1 0–5 min');

    await t.test('use the singular for one customer', async () => {
      await env.refresh();
      await env.publish(organization.addReply('8').addReply('3'));
      await tab.page.getByRole('radio', { name: 'Over 5 minutes' }).check();
      await tab.waitUntilIdle();
      assert.equal(await total(tab), '1 customer waiting 5 minutes or more');
    });
  });

  test('leave out what is below the threshold, and count the rest from the threshold on', async (t) => {
    const organization = await env.publish(withAges(3, 8, 16, 50, 70, 300));
    await env.service.fetch(settingsOf(organization.organizationId), {
      method: 'PUT',
      token: organization.adminToken(),
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ thresholdMinutes: 45 }),
    });
    await env.refresh();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    assert.equal(await total(tab), '3 customers waiting 45 minutes or more');
    assert.deepEqual(await buckets(tab), ['1 45–60 min', '1 1–4 h', '1 4–24 h', '0 24 h +']);
  });
});

describeInBrowser('forced colours', (env) => {
  test('show what is chosen, what is disabled and what is live', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(30));
    const tab = await env.open(t, { token: organization.adminToken(), forcedColors: 'active' });
    await tab.waitUntilIdle();
    for (const [colorScheme, rules] of /** @type {const} */ ([
      ['light', 'all'],
      ['dark', 'colours'],
    ])) {
      await tab.page.emulateMedia({ colorScheme });
      const colour = (selector, property = 'backgroundColor') =>
        tab.page
          .locator(selector)
          .first()
          .evaluate((each, name) => getComputedStyle(each)[name], property);
      const chosen = await colour('.segment input:checked + span');
      assert.notEqual(chosen, await colour('.segment input:not(:checked) + span'));
      assert.notEqual(chosen, await colour('.segment input:checked + span', 'color'));
      assert.notEqual(await colour('#page-previous', 'color'), await colour('#page-next', 'color'));
      assert.notEqual(await colour('.pulse'), await colour('.masthead'));
      assert.notEqual(await colour('#histogram .bar'), await colour('.card'));
      assert.notEqual(await colour('#breakdown .bar'), await colour('.card'));
      const { violations } = await axe(tab, { rules });
      assert.deepEqual(violations, []);
      await tab.screenshot(`forced-colours-${colorScheme}`);
    }
  });
});
