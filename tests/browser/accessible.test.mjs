// Everyone can use it: by keyboard, with a screen reader, in light and dark, on a telephone and on a wall.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { tokenOf } from '../workerd/harness.mjs';
import { onReport, RATE_LIMITED } from './answers.mjs';
import { MINUTE, superadmin } from './company.mjs';
import { onStage } from './stage.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, all of its rules. In a world of its own, where the page's policy and the test's clock do not reach. */
async function axe(scene) {
  const session = await scene.context.newCDPSession(scene.page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
    worldName: 'axe',
  });
  await session.send('Runtime.evaluate', { expression: AXE, contextId });
  const run = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) =>
    ({ violations: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join(' | ')), passes: passes.length }))`;
  const { result } = await session.send('Runtime.evaluate', {
    expression: run,
    contextId,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return result.value;
}

/** A company with something of everything. */
function lively(stage) {
  const company = stage.company({ name: 'Hazelnut & Company Home Deliveries' }).waitMany(26, 30);
  return company
    .waits('x1', 1700, {
      name: 'Maximiliana Featherstonehaugh-Wolfeschlegelstein',
      phone: '+442079460307',
      departmentId: 'd-sales',
      channelType: 'webchat',
    })
    .waits('x2', 300, { name: 'Ada Byrne', departmentId: 'd-support', agent: 'u-alice', takeover: 290 })
    .waits('x3', 90, { name: 'Ben Oduya', departmentId: 'd-sales', agent: 'u-bo', channelType: 'email' })
    .waits('x4', 8, { name: '美玲 Tanaka' });
}

/** Each state: who opens it, and what she does until it shows. */
const STATES = {
  'sign-in': {
    async act(scene) {
      await scene.page.getByRole('button', { name: 'Sign in' }).click();
    },
  },
  'token-ran-out': {
    token: (company) => company.admin({ exp: Math.floor(company.now / 1000) - 300 }),
    sees: 'Your token ran out',
  },
  list: { sees: 'Ada Byrne' },
  'list-of-a-department-head': { token: (company) => company.head(['d-sales', 'd-support']), sees: 'No access' },
  details: {
    async act(scene) {
      await scene.page.getByRole('button', { name: 'Ada Byrne' }).click();
    },
  },
  'second-page-with-news': {
    async act(scene, stage) {
      await scene.settled();
      await scene.page.getByRole('button', { name: 'Next' }).click();
      await stage.refresh();
      await scene.nextPoll();
      await scene.sees('New data.');
    },
  },
  'no-snapshot': { company: (stage) => stage.send(stage.company()), sees: 'No snapshot yet' },
  'nobody-waits': { company: (stage) => stage.publish(stage.company()), sees: 'Nobody is waiting too long' },
  'nothing-matches': { query: '?departmentId=d-none', sees: 'Nobody is waiting here' },
  late: {
    async act(scene) {
      await scene.settled();
      await scene.pass(19_000);
      for (let step = 0; step < 10; step += 1) await scene.nextPoll(5_000);
      scene.now += 4 * MINUTE;
      scene.date = scene.now;
      await scene.nextPoll(5_000);
      await scene.sees('Late data.');
    },
  },
  'no-connection': {
    async act(scene) {
      await scene.settled();
      scene.fault = onReport('cut');
      await scene.nextPoll();
      await scene.sees('No connection.');
    },
  },
  'no-connection-from-the-start': { fault: onReport('cut'), sees: 'No connection' },
  'too-many-requests': { fault: onReport(RATE_LIMITED), sees: 'Too many requests' },
  'access-denied': { token: () => tokenOf({ sub: 'x', role: 'AGENT', organizationId: 'x' }), sees: 'Access denied' },
  'choose-an-organization': {
    token: () => superadmin(),
    async act(scene) {
      await scene.page.getByRole('button', { name: 'Choose …' }).click();
      await scene.sees('Search by name or id');
      await scene.page.locator('.choice').first().waitFor();
    },
  },
  'threshold-dialog': {
    async act(scene) {
      await scene.settled();
      await scene.page.getByRole('button', { name: 'Change threshold' }).click();
      await scene.page.getByRole('spinbutton').fill('0');
      await scene.page.getByRole('button', { name: 'Save' }).click();
    },
  },
};
const WIDTHS = [
  [360, 740],
  [768, 1024],
  [1920, 1080],
];

onStage('each state', (stage) => {
  for (const [
    name,
    {
      company: tell = (on) => on.publish(lively(on)),
      token = (company) => company.admin(),
      query,
      fault,
      sees,
      act = () => {},
    },
  ] of Object.entries(STATES)) {
    test(`${name}: axe finds nothing, it fits at each width, in light and dark`, async (t) => {
      for (const scheme of ['light', 'dark']) {
        const company = await tell(stage);
        const scene = await stage.open(t, {
          token: name === 'sign-in' ? undefined : token(company),
          query,
          fault,
          scheme,
          width: 1280,
        });
        if (sees) await scene.sees(sees);
        await act(scene, stage);
        for (const [width, height] of WIDTHS) {
          await scene.page.setViewportSize({ width, height });
          const { violations, passes } = await axe(scene);
          assert.deepEqual(violations, [], `${scheme}, ${width} px`);
          assert.ok(passes > 10, 'axe has looked');
          assert.ok(
            await scene.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
            `${name} is wider than ${width} px`,
          );
          await scene.screenshot(`${name}-${width}-${scheme}`, { fullPage: false });
        }
        await scene.close();
      }
    });
  }
});

onStage('by keyboard alone', (stage) => {
  const focus = (scene) =>
    scene.page.evaluate(() => {
      const { id, name, value, textContent } = document.activeElement;
      return id || (name ? `${name}=${value}` : textContent.trim());
    });

  test('she signs in, filters, pages, unfolds a row, changes the threshold and signs out', async (t) => {
    const company = await stage.publish(stage.company().waitMany(30));
    const scene = await stage.open(t, {});
    const press = async (...keys) => {
      for (const key of keys) await scene.page.keyboard.press(key);
    };
    /** Tabs on until this has the focus; each stop on the way must show that it has it. */
    const tabTo = async (target, key = 'Tab') => {
      for (let stops = 0; (await focus(scene)) !== target; stops += 1) {
        assert.ok(stops < 60, `${target} is not reached`);
        await press(key);
        const isShown = await scene.page.evaluate(() => {
          const { activeElement } = document;
          const ringed = activeElement.matches('[type="radio"]') ? activeElement.nextElementSibling : activeElement;
          return activeElement === document.body || getComputedStyle(ringed).outlineStyle !== 'none';
        });
        assert.ok(isShown, `the focus on ${await focus(scene)} is not to be seen`);
      }
    };

    assert.equal(await focus(scene), 'token');
    await scene.page.keyboard.insertText(company.admin());
    await press('Enter');
    await scene.sees('Customer 001');
    assert.equal(await focus(scene), 'list-heading');
    await tabTo('Customer 001');
    await press('Enter');
    assert.equal(await scene.page.locator('.details-row:visible').count(), 1);
    await press('Space');
    assert.equal(await scene.page.locator('.details-row:visible').count(), 0);

    await scene.settled();
    await tabTo('page-next');
    await press('Enter');
    await scene.sees('26–30 of 30');
    assert.equal(await focus(scene), 'list-heading');
    assert.equal(await scene.page.locator('#announcer').innerText(), 'Page 2 of 2.');

    await scene.settled();
    await tabTo('department', 'Shift+Tab');
    await tabTo('category=', 'Shift+Tab');
    await press('ArrowRight', 'ArrowRight');
    await scene.sees('Nobody is waiting here');
    assert.match(scene.page.url(), /category=agent_abandoned/);
    await press('ArrowLeft', 'ArrowLeft');
    await scene.sees('Customer 001');

    await tabTo('threshold-change');
    await press('Enter');
    assert.equal(await focus(scene), 'threshold-minutes');
    await press('Escape');
    assert.equal(await focus(scene), 'threshold-change', 'the focus is where it was');

    await tabTo('sign-out', 'Shift+Tab');
    await press('Enter');
    await scene.sees('Access token');
    assert.equal(await focus(scene), 'token');
  });

  test('the first stop leads past everything to the list', async (t) => {
    const company = await stage.publish(stage.company().waitMany(3));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    await scene.page.keyboard.press('Tab');
    assert.equal(await focus(scene), 'Skip to the list');
    assert.ok(await scene.page.locator('.skip').evaluate((link) => getComputedStyle(link).clipPath === 'none'));
    await scene.page.keyboard.press('Enter');
    await scene.page.keyboard.press('Tab');
    assert.equal(await focus(scene), 'Customer 001');
    await scene.nextPoll();
    assert.equal(await focus(scene), 'Customer 001', 'a poll takes nothing from her');
  });

  test('an organization is found and chosen', async (t) => {
    await stage.publish(stage.company({ name: 'Almond Insurance' }).waits('almond', 10));
    await stage.publish(stage.company({ name: 'Pecan Bank' }).waits('pecan', 10));
    const scene = await stage.open(t, { token: superadmin() });
    await scene.sees('Choose …');
    await scene.page.getByRole('button', { name: 'Choose …' }).focus();
    await scene.page.keyboard.press('Enter');
    await scene.sees('Pecan Bank');
    assert.equal(await focus(scene), 'organization-search');
    await scene.page.keyboard.insertText('pecan');
    await scene.pass(300);
    await scene.seesNoMore('Almond Insurance');
    await scene.page.keyboard.press('ArrowDown');
    await scene.page.keyboard.press('Enter');
    await scene.sees('Customer pecan');
  });
});

onStage('the table', (stage) => {
  test('is a table to a screen reader, also where it looks like cards', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 30, { departmentId: 'd-sales' }));
    for (const width of [360, 1920]) {
      const scene = await stage.open(t, { token: company.admin(), width });
      await scene.settled();
      const { page } = scene;
      assert.equal(await page.getByRole('table', { name: 'Who is waiting, longest first' }).count(), 1);
      assert.deepEqual(await page.getByRole('columnheader').allTextContents(), [
        'Owed for',
        'Contact',
        'Why',
        'Channel',
        'Department',
        'Assigned to',
        'Access',
      ]);
      assert.equal(await page.getByRole('rowheader', { name: 'Customer a' }).count(), 1);
      assert.equal(await page.getByRole('row').last().getByRole('cell').count(), 6);
    }
  });

  test('moves nothing for those who asked for less motion', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 30));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    const moving = await scene.page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((each) => {
          const { transitionDuration, animationName } = getComputedStyle(each);
          return transitionDuration !== '0s' || animationName !== 'none';
        })
        .map(({ className }) => String(className)),
    );
    assert.deepEqual(moving, []);
  });
});
