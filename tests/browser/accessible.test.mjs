// The dashboard is accessible: by keyboard, with a screen reader, in light and dark, on a phone and on a wall display.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tokenOf } from '../workerd/harness.mjs';
import { axe } from './axe.mjs';
import { describeInBrowser } from './environment.mjs';
import { MINUTE, morningHours, superadminToken } from './organization.mjs';
import {
  alertDestination,
  alertsAnswer,
  connectionStatus,
  connectionsAnswer,
  onReport,
  RATE_LIMITED,
  troubledConnection,
} from './responses.mjs';

/** An organization with a variety of rows, and this many more. */
function lively(env, more = 4) {
  const organization = env.organization({ name: 'Hazelnut & Company Home Deliveries' }).addManyWaiting(more, 30);
  return organization
    .addWaiting('x1', 1700, {
      name: 'Maximiliana Featherstonehaugh-Wolfeschlegelstein',
      phone: '+442079460307',
      departmentId: 'd-sales',
      channelType: 'webchat',
    })
    .addWaiting('x2', 300, { name: 'Ada Byrne', departmentId: 'd-support', agent: 'u-alice', takeover: 290 })
    .addWaiting('x3', 90, { name: 'Ben Oduya', departmentId: 'd-sales', agent: 'u-bo', channelType: 'email' })
    .addWaiting('x4', 8, { name: '美玲 Tanaka' })
    .addWaiting('x5', 50, { name: 'Nora Queue', isUnassigned: true, departmentId: 'd-support' })
    .addWaiting('x6', 70, { name: 'Sam Later', snoozed: 20, agent: 'u-bo' })
    .addWaiting('x7', 3, { name: 'Una New' })
    .addWaiting('x8', 40 * 24 * 60, { name: 'Olga Forgotten' });
}

const twoPages = (env) => env.publish(lively(env, 26));

/** Presses Enter in the search box with this text in it. */
async function searchFor(tab, text) {
  await tab.page.getByRole('searchbox').fill(text);
  await tab.page.keyboard.press('Enter');
}

/** Closes the dialog that is open and opens another one. */
async function openDialog(tab, name) {
  await tab.page.keyboard.press('Escape');
  await tab.page.getByRole('button', { name }).click();
}

/**
 * Each state: who sees it, what the user does, and which text then appears. `next` are the states that follow in the
 * same tab, because a tab takes as long to open as axe takes to look at it: each starts with what ends the one before.
 */
const STATES = {
  'sign-in': {
    token: () => undefined,
    async act(tab) {
      await tab.page.getByRole('button', { name: 'Sign in' }).click();
    },
    next: {
      'token-expired': {
        token: (organization) => organization.adminToken({ exp: Math.floor(organization.now / 1000) - 300 }),
        text: 'Your token expired',
      },
      'access-denied': {
        token: () => tokenOf({ sub: 'x', role: 'AGENT', organizationId: 'x' }),
        text: 'Access denied',
      },
      'list-of-a-department-head': {
        token: (organization) => organization.departmentHeadToken(['d-sales', 'd-support']),
        text: 'No access',
      },
      'choose-an-organization': {
        token: () => superadminToken(),
        async act(tab) {
          await tab.page.getByRole('button', { name: 'Choose …' }).click();
          await tab.waitForText('Search by name or id');
          await tab.page.locator('.choice').first().waitFor();
        },
      },
    },
  },
  list: {
    organization: twoPages,
    text: 'Ada Byrne',
    next: {
      'second-page-with-news': {
        async act(tab, env) {
          await tab.waitUntilIdle();
          await tab.page.getByRole('button', { name: 'Next' }).click();
          await env.refresh();
          await tab.nextPoll();
          await tab.waitForText('New data.');
        },
      },
    },
  },
  details: {
    async act(tab) {
      await tab.page.getByRole('button', { name: 'Ada Byrne' }).click();
    },
    next: {
      found: {
        async act(tab) {
          await tab.page.getByRole('button', { name: 'Ada Byrne' }).click();
          await tab.waitUntilIdle();
          await searchFor(tab, 'byrne');
          await tab.waitForText('Search:');
          await tab.waitUntilIdle();
        },
      },
      'nobody-found': {
        async act(tab) {
          await searchFor(tab, 'nobody of this name');
          await tab.waitForText('Nobody found');
        },
      },
      'too-short-to-search': {
        async act(tab) {
          await tab.page.getByRole('searchbox').fill('');
          await tab.waitForText('Ada Byrne');
          await tab.page.getByRole('button', { name: 'Search', exact: true }).click();
          await tab.waitForText('Type at least 2 characters.');
        },
      },
      'too-many-searches': {
        async act(tab) {
          tab.fault = ({ name }) => (name === 'search' ? RATE_LIMITED : undefined);
          await tab.waitUntilIdle();
          await searchFor(tab, 'byrne');
          await tab.waitForText('Too many searches');
        },
      },
      'no-connection': {
        async act(tab) {
          await tab.page.getByRole('searchbox').fill('');
          await tab.waitForText('Ada Byrne');
          await tab.waitUntilIdle();
          tab.fault = onReport('cut');
          await tab.nextPoll();
          await tab.waitForText('No connection.');
        },
      },
      late: {
        async act(tab) {
          tab.fault = () => undefined;
          await tab.nextPoll(5_000);
          await tab.waitForNoText('No connection.');
          tab.date = tab.now + 4 * MINUTE;
          await tab.nextPoll();
          await tab.waitForText('Late data.');
        },
      },
      'no-notifications': {
        async act(tab, env) {
          await env.refresh(4);
          await tab.nextPoll();
          await tab.waitForNoText('Late data.');
          await tab.page.evaluate(() => {
            const requestPermission = async () => 'denied';
            Object.assign(globalThis, { Notification: { permission: 'denied', requestPermission } });
          });
          await tab.page.getByRole('checkbox', { name: 'Notification' }).click();
          await tab.waitForText('This browser does not let the page show notifications.');
        },
      },
    },
  },
  'no-snapshot': {
    organization: (env) => env.send(env.organization()),
    text: 'No snapshot yet',
    next: {
      'nobody-waits': {
        async act(tab, env, organization) {
          await env.publish(organization);
          await tab.nextPoll();
        },
        text: 'Nobody is waiting too long',
      },
    },
  },
  'nobody-assigned': {
    query: '?category=unassigned',
    text: 'Nora Queue',
    next: {
      snoozed: {
        async act(tab) {
          await tab.page.getByLabel('Snoozed').check();
        },
        text: 'Sam Later',
      },
      acknowledged: {
        async act(tab, env) {
          await tab.page.getByLabel('All').first().check();
          await tab.page.getByRole('button', { name: 'Ada Byrne' }).click();
          await tab.page
            .locator('.story:visible')
            .getByLabel('Note for colleagues')
            .fill('She is called back this afternoon.');
          await tab.page.getByRole('button', { name: 'Take off the list' }).click();
          await tab.waitForText('Ada Byrne is off the list.');
          await env.refresh();
          await tab.page.getByLabel('Acknowledged').check();
          await tab.page.getByRole('button', { name: 'Ada Byrne' }).click();
          await tab.waitForText('She is called back this afternoon.');
        },
      },
    },
  },
  filters: {
    query: '?reason=no_reply_since_takeover&channelType=email&departmentId=d-sales&assignee=Bo+Lindgren',
    async act(tab) {
      await tab.waitUntilIdle();
      await tab.page.getByLabel('Count by').selectOption({ label: 'By assignee' });
    },
  },
  'nothing-matches': { query: '?departmentId=d-none', text: 'Nobody is waiting here' },
  'several-thresholds': {
    async organization(env) {
      const organization = await env.publish(lively(env));
      await env.set(organization, {
        channelThresholdMinutes: {
          email: 60,
          webchat: 1440,
          pigeon_post_of_the_old_kind_that_hardly_anybody_knows: 30,
        },
        departmentThresholdMinutes: { 'd-support': 15 },
      });
      return organization;
    },
    text: 'threshold 60 minutes',
    next: {
      'threshold-dialog': {
        async act(tab) {
          await tab.waitUntilIdle();
          await tab.page.getByRole('button', { name: 'Change threshold' }).click();
          await tab.page.getByRole('spinbutton', { name: 'Minutes for Email' }).waitFor();
          await tab.page.getByRole('spinbutton', { name: 'Minutes, from 1' }).fill('0');
          await tab.page.getByRole('button', { name: 'Save' }).click();
        },
      },
    },
  },
  'business-hours': {
    async organization(env) {
      const organization = await env.publish(lively(env));
      const exceptions = { closed: ['2026-12-25', '2026-12-26'], open: { '2026-12-24': [['08:00', '12:00']] } };
      await env.set(organization, { businessHours: { ...morningHours(env.now), ...exceptions } });
      return organization;
    },
    text: 'by the clock',
    next: {
      'hours-dialog': {
        async act(tab) {
          await tab.waitUntilIdle();
          await tab.page.getByRole('button', { name: 'Change threshold' }).click();
          await tab.page.getByLabel('Tuesday').fill('at eight');
          await tab.page.getByRole('button', { name: 'Save' }).click();
          await tab.waitForText('The hours of Tuesday cannot be read.');
        },
      },
    },
  },
  'new-rows': {
    async act(tab, env) {
      await tab.waitUntilIdle();
      await tab.hide(true);
      // Una crosses the threshold.
      await env.refresh(2);
      await tab.nextPoll();
      await tab.page.locator('.new-mark:not([hidden])').first().waitFor();
    },
  },
  'due-soon': {
    async organization(env) {
      const organization = await env.publish(lively(env));
      await env.set(organization, { thresholdMinutes: 59, departmentThresholdMinutes: { 'd-sales': 100 } });
      return organization;
    },
    async act(tab) {
      await tab.waitUntilIdle();
      await tab.page.getByRole('button', { name: 'Due soon' }).click();
      await tab.waitForText('in 10 min');
    },
  },
  wall: {
    query: '?view=wall',
    async act(tab) {
      await tab.waitUntilIdle();
    },
  },
  'no-connection-from-the-start': {
    fault: onReport('cut'),
    text: 'No connection',
    next: {
      'too-many-requests': {
        async act(tab) {
          tab.fault = onReport(RATE_LIMITED);
          await tab.page.getByRole('button', { name: 'Try now' }).click();
        },
        text: 'Too many requests',
      },
    },
  },
  'no-alerts': {
    async act(tab) {
      await tab.waitUntilIdle();
      await openDialog(tab, 'Alerts');
      await tab.waitForText('There is no destination yet.');
    },
    next: {
      'alert-form': {
        async act(tab) {
          await tab.page.getByRole('button', { name: 'Add a destination' }).click();
          await tab.page.getByLabel('Kind').selectOption({ label: 'Signed webhooks' });
          await tab.page.getByLabel('Departments').selectOption({ label: 'Sales & Orders' });
          await tab.page.getByLabel('Name', { exact: true }).fill('desk');
          await tab.page.getByLabel('Address', { exact: true }).fill('https://localhost/');
          await tab.page.getByRole('button', { name: 'Make a new one' }).click();
          await tab.page.getByRole('button', { name: 'Save' }).click();
          await tab.waitForText('The address must be on a public host');
        },
      },
      alerts: {
        async act(tab) {
          const at = (minutes) => new Date(tab.now - minutes * MINUTE).toISOString();
          const destinations = [
            alertDestination({
              id: 'desk',
              departmentIds: ['d-sales', 'd-support'],
              afterMinutes: 15,
              delivery: {},
            }),
            alertDestination({
              id: 'x'.repeat(64),
              host: `${'hooks-of-a-long-name.'.repeat(4)}brindlewick.co.uk`,
              format: 'standard-webhooks',
              delivery: {
                waitingSince: at(12),
                attempts: 3,
                problem: 'The receiver answered 404.',
                givenUp: 2,
                sent: 9,
                sentAt: at(90),
              },
            }),
            alertDestination({ id: 'lobby', format: 'teams', enabled: false }),
          ];
          tab.fault = ({ name }) => (name === 'alerts' ? alertsAnswer(destinations) : undefined);
          await openDialog(tab, 'Alerts');
          await tab.page.getByRole('button', { name: 'Send a sample desk' }).click();
          await tab.waitForText('The sample was not sent.');
        },
      },
      'no-help-desks': {
        async act(tab) {
          await openDialog(tab, 'Help desks');
          await tab.waitForText('No help desk is connected');
        },
      },
      'help-desks': {
        async act(tab) {
          const connections = [
            troubledConnection(tab.now, { neverSeen: ['conversation_updated', 'conversation_status_changed'] }),
            connectionStatus(tab.now, { connectionId: 'x'.repeat(64), kind: 'zammad', isSilent: true }),
            connectionStatus(tab.now, { connectionId: 'libredesk-1', kind: 'libredesk' }),
          ];
          tab.fault = ({ name }) => (name === 'connections' ? connectionsAnswer(connections) : undefined);
          await openDialog(tab, 'Help desks');
          await tab.waitForText('LibreDesk');
        },
      },
    },
  },
};

/**
 * What axe looks at. A width hides things, moves them and changes the size of some letters, and shows none of other
 * colours: so colours are looked at where everything is shown, in both schemes, and the rest also where the list is
 * cards. At 768 px it is the cards of a phone, placed otherwise.
 */
const LOOKS = /** @type {const} */ ([
  { width: 1920, height: 1080, colorScheme: 'light', rules: 'all', minimum: 11 },
  { width: 1920, height: 1080, colorScheme: 'dark', rules: 'colours', minimum: 1 },
  { width: 768, height: 1024, colorScheme: 'dark', rules: undefined, minimum: 0 },
  { width: 360, height: 740, colorScheme: 'dark', rules: 'others', minimum: 10 },
]);

describeInBrowser('each state', (env) => {
  const isFine = (name) => `${name}: axe finds nothing, it fits at each width, in light and dark`;
  const assertFine = async (tab, name) => {
    for (const { width, height, colorScheme, rules, minimum } of LOOKS) {
      await tab.page.setViewportSize({ width, height });
      await tab.page.emulateMedia({ colorScheme });
      assert.ok(
        await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        `${name} is wider than ${width} px`,
      );
      await tab.screenshot(`${name}-${width}-${colorScheme}`);
      if (!rules) continue;
      const { violations, passes } = await axe(tab, { rules });
      assert.deepEqual(violations, [], `${colorScheme}, ${width} px`);
      assert.ok(passes >= minimum, 'axe has run');
    }
  };

  for (const [
    name,
    {
      organization: prepare = (on) => on.publish(lively(on)),
      token = (organization) => organization.adminToken(),
      query,
      fault,
      text,
      act = () => {},
      next = {},
    },
  ] of Object.entries(STATES)) {
    test(isFine(name), async (t) => {
      const organization = await prepare(env);
      const tab = await env.open(t, { token: token(organization), query, fault, width: 1280 });
      if (text) await tab.waitForText(text);
      await act(tab, env);
      await assertFine(tab, name);
      for (const [following, state] of Object.entries(next)) {
        await t.test(isFine(following), async () => {
          await tab.page.setViewportSize({ width: 1280, height: 900 });
          if (state.token) await tab.signIn(state.token(organization));
          await state.act?.(tab, env, organization);
          if (state.text) await tab.waitForText(state.text);
          await assertFine(tab, following);
        });
      }
    });
  }
});

describeInBrowser('by keyboard alone', (env) => {
  const focus = (tab) =>
    tab.page.evaluate(() => {
      const { activeElement } = document;
      if (activeElement.id) return activeElement.id;
      const { name, value } = /** @type {HTMLInputElement} */ (activeElement);
      return name ? `${name}=${value}` : activeElement.textContent.trim();
    });

  test('the user can sign in, filter, page, unfold a row, change the threshold and sign out', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(30));
    const tab = await env.open(t, {});
    const press = async (...keys) => {
      for (const key of keys) await tab.page.keyboard.press(key);
    };
    /** Presses the key until this has the focus; every stop on the way must show its focus. */
    const tabTo = async (target, key = 'Tab') => {
      for (let stops = 0; (await focus(tab)) !== target; stops += 1) {
        assert.ok(stops < 60, `${target} is never reached`);
        await press(key);
        const isShown = await tab.page.evaluate(() => {
          const { activeElement } = document;
          const ringed = activeElement.matches('[type="radio"]') ? activeElement.nextElementSibling : activeElement;
          return activeElement === document.body || getComputedStyle(ringed).outlineStyle !== 'none';
        });
        assert.ok(isShown, `the focus on ${await focus(tab)} is invisible`);
      }
    };

    assert.equal(await focus(tab), 'token');
    await tab.page.keyboard.insertText(organization.adminToken());
    await press('Enter');
    await tab.waitForText('Customer 001');
    assert.equal(await focus(tab), 'list-heading');
    await tabTo('Customer 001');
    await press('Enter');
    assert.equal(await tab.page.locator('.details-row:visible').count(), 1);
    await press('Space');
    assert.equal(await tab.page.locator('.details-row:visible').count(), 0);

    await tab.waitUntilIdle();
    await tabTo('page-next');
    await press('Enter');
    await tab.waitForText('26–30 of 30');
    assert.equal(await focus(tab), 'list-heading');
    assert.equal(await tab.renderedText('#announcer'), 'Page 2 of 2.');

    await tab.waitUntilIdle();
    await tabTo('department', 'Shift+Tab');
    await tabTo('category=', 'Shift+Tab');
    await press('ArrowRight', 'ArrowRight');
    await tab.waitForText('Nobody is waiting here');
    assert.match(tab.page.url(), /category=agent_abandoned/);
    await press('ArrowLeft', 'ArrowLeft');
    await tab.waitForText('Customer 001');

    await tabTo('threshold-change');
    await press('Enter');
    assert.equal(await focus(tab), 'threshold-minutes');
    await press('Escape');
    assert.equal(await focus(tab), 'threshold-change', 'the focus returns');

    await tabTo('sign-out', 'Shift+Tab');
    await press('Enter');
    await tab.waitForText('Access token');
    assert.equal(await focus(tab), 'token');
  });

  test('the first stop skips to the list', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(3));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await tab.page.keyboard.press('Tab');
    assert.equal(await focus(tab), 'Skip to the list');
    assert.ok(await tab.page.locator('.skip').evaluate((link) => getComputedStyle(link).clipPath === 'none'));
    await tab.page.keyboard.press('Enter');
    await tab.page.keyboard.press('Tab');
    assert.equal(await focus(tab), 'Customer 001');
    await tab.nextPoll();
    assert.equal(await focus(tab), 'Customer 001', 'a poll does not take the focus');
  });

  test('the user can search for an organization and choose it', async (t) => {
    await env.publish(env.organization({ name: 'Almond Insurance' }).addWaiting('almond', 10));
    await env.publish(env.organization({ name: 'Pecan Bank' }).addWaiting('pecan', 10));
    const tab = await env.open(t, { token: superadminToken() });
    await tab.waitForText('Choose …');
    await tab.page.getByRole('button', { name: 'Choose …' }).focus();
    await tab.page.keyboard.press('Enter');
    await tab.waitForText('Pecan Bank');
    assert.equal(await focus(tab), 'organization-search');
    await tab.page.keyboard.insertText('pecan');
    await tab.advance(300);
    await tab.waitForNoText('Almond Insurance');
    await tab.page.keyboard.press('ArrowDown');
    await tab.page.keyboard.press('Enter');
    await tab.waitForText('Customer pecan');
  });
});

describeInBrowser('the table', (env) => {
  test('is a table to a screen reader, even where it looks like cards', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30, { departmentId: 'd-sales' }));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const { page } = tab;
    for (const width of [360, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await page.getByRole('table', { name: 'Who is waiting, longest first' }).count(), 1);
      const headers = ['Waiting for reply', 'Contact', 'Why', 'Channel', 'Department', 'Assigned to'];
      assert.deepEqual(await page.getByRole('columnheader').allTextContents(), headers);
      assert.equal(await page.getByRole('rowheader', { name: 'Customer a' }).count(), 1);
      assert.equal(await page.getByRole('row').last().getByRole('cell').count(), 5);
      await page.getByRole('button', { name: 'Customer a' }).click();
      assert.equal(await page.locator('.details-row:visible td').getAttribute('colspan'), '6');
      await page.getByRole('button', { name: 'Customer a' }).click();
    }
  });

  test('says in a column of its own what the user has access to, if that differs', async (t) => {
    const organization = env.organization();
    organization.addWaiting('a', 30, { departmentId: 'd-sales', agent: 'u-alice' });
    organization.addWaiting('b', 20, { departmentId: 'd-sales', agent: 'u-bo' });
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.departmentHeadToken(['d-sales']) });
    await tab.waitUntilIdle();
    for (const width of [360, 768, 1920]) {
      await tab.page.setViewportSize({ width, height: 900 });
      const headers = await tab.page.getByRole('columnheader').allTextContents();
      assert.deepEqual([headers.length, headers.at(-1)], [7, 'Access']);
      assert.deepEqual(await tab.column('access'), ['Access', 'No access']);
      await tab.page.getByRole('button', { name: 'Customer a' }).click();
      assert.equal(await tab.page.locator('.details-row:visible td').getAttribute('colspan'), '7');
      await tab.page.getByRole('button', { name: 'Customer a' }).click();
    }
  });

  test('moves nothing if the user prefers reduced motion', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const moving = await tab.page.evaluate(() =>
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
