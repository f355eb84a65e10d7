// Every state of the dashboard, over the real worker. Only what a healthy worker does not do is simulated.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tokenOf } from '../workerd/harness.mjs';
import { describeInBrowser } from './environment.mjs';
import { MINUTE, superadminToken } from './organization.mjs';
import { errorResponse, INTERNAL, onReport, RATE_LIMITED, UNAVAILABLE } from './responses.mjs';

describeInBrowser('signing in and out', (env) => {
  test('in one tab', async (t) => {
    const tab = await env.open(t, {});
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const second = await env.publish(env.organization().addWaiting('a', 10, { name: 'Of the second' }));

    await t.test('without a token the page asks for one, and refuses other text at once', async () => {
      assert.equal(await tab.page.getByRole('heading', { name: 'Sign in' }).isVisible(), true);
      for (const [pasted, complaint] of [
        ['', 'Paste a token first.'],
        ['not a token', 'This token is incomplete'],
        ['  ', 'Paste a token first.'],
      ]) {
        await tab.page.getByLabel('Access token').fill(pasted);
        await tab.page.getByRole('button', { name: 'Sign in' }).click();
        await tab.waitForText(complaint);
      }
      assert.deepEqual(tab.responses, []);
    });

    await t.test('a pasted token opens the list, even with blanks and "Bearer" around it', async () => {
      await tab.page.getByLabel('Access token').fill(`  Bearer ${organization.adminToken()} `);
      await tab.page.keyboard.press('Enter');
      await tab.waitForText('Customer a');
      assert.equal(await tab.page.evaluate(() => document.activeElement.id), 'list-heading');
    });

    await t.test('another token in the fragment of an open tab takes over', async () => {
      await tab.signIn(second.adminToken());
      await tab.waitForText('Of the second');
      assert.equal(await tab.page.getByText('Customer a').count(), 0);
      assert.ok(!tab.page.url().includes('token'));
    });

    await t.test('signing out forgets the token and everything on the screen', async () => {
      await tab.waitUntilIdle();
      await tab.page.getByRole('button', { name: 'Sign out' }).click();
      await tab.waitForText('Access token');
      assert.equal(await tab.page.getByText('Of the second').count(), 0, 'nor is it hidden in the page');
      assert.equal(await tab.page.evaluate(() => sessionStorage.length), 0);
      const count = tab.responses.length;
      await tab.advance(MINUTE);
      assert.equal(tab.responses.length, count, 'nothing is requested without a token');
      assert.equal(await tab.page.title(), 'Conversation Monitor');
    });

    await t.test('a token that expires meanwhile removes the list from the screen', async () => {
      await tab.signIn(organization.adminToken());
      await tab.waitForText('Customer a');
      await tab.waitUntilIdle();
      tab.fault = onReport(errorResponse(401, 'UNAUTHENTICATED', 'The token has expired.'));
      await tab.advance(tab.advisedPause());
      await tab.waitForText('Your token was not accepted. The token has expired.');
      assert.equal(await tab.page.getByText('Customer a').isVisible(), false);
      tab.fault = () => undefined;
    });

    await t.test('an expired token is reported, with the time', async () => {
      await tab.signIn(organization.adminToken({ exp: Math.floor((env.now - 5 * MINUTE) / 1000) }));
      await tab.waitForText(/Your token expired at \d\d:\d\d\. Sign in with a new one\./);
      assert.equal(await tab.page.evaluate(() => sessionStorage.length), 0);
    });

    await t.test('a token of another key is not accepted', async () => {
      const [header, claims] = superadminToken().split('.');
      await tab.signIn(`${header}.${claims}.${'A'.repeat(43)}`);
      await tab.waitForText('Your token was not accepted. The token');
    });

    await t.test('a link whose token is incomplete says so, and does not leave another user signed in', async () => {
      await tab.signIn(organization.adminToken());
      await tab.waitForText('Customer a');
      for (const incomplete of ['abc', superadminToken().split('.').slice(0, 2).join('.'), '']) {
        await tab.signIn(incomplete);
        await tab.waitForText('The token in this link is incomplete');
        assert.equal(await tab.page.getByText('Customer a').count(), 0);
        assert.equal(await tab.page.evaluate(() => sessionStorage.length), 0);
        assert.ok(!tab.page.url().includes('token'));
        await tab.page.reload();
        await tab.page.getByRole('heading', { name: 'Sign in' }).waitFor();
        assert.equal(await tab.page.getByText('The token in this link is incomplete').count(), 0);
      }
    });
  });

  test('a token in the fragment is removed from the address at once and saved in sessionStorage only', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const token = organization.adminToken();
    const tab = await env.open(t, { token, query: '?category=ai_stuck' });
    await tab.waitForText('Customer a');
    assert.equal(tab.page.url(), new URL('/?category=ai_stuck', env.service.url).href);
    const places = await tab.page.evaluate(() => ({
      local: JSON.stringify(localStorage),
      session: Object.values(sessionStorage),
      cookies: document.cookie,
      page: document.documentElement.outerHTML,
    }));
    assert.deepEqual(places.session, [token]);
    assert.deepEqual([places.local, places.cookies], ['{}', '']);
    assert.ok(!places.page.includes(token));
    for (const { query, path } of tab.responses) assert.ok(!`${path}?${query}`.includes(token));
    // All addresses after the first one, whatever the user does.
    await tab.page.getByLabel('Everyone waiting').check();
    await tab.waitUntilIdle();
    for (const address of [tab.page.url(), ...tab.addresses.slice(1)]) assert.ok(!address.includes(token), address);
    await tab.page.goBack();
    assert.ok(!tab.page.url().includes(token));
  });
});

describeInBrowser('the list has no rows', (env) => {
  test('because there is no snapshot yet', async (t) => {
    const organization = await env.send(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitForText('No snapshot yet');
    assert.equal(await tab.page.title(), 'Conversation Monitor');
    // The first snapshot appears without a reload.
    await env.publish(organization);
    await tab.nextPoll();
    await tab.waitForText('Customer a');
  });

  test('because nobody waits', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10).addReply('a'));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitForText('Nobody is waiting too long');
    await tab.page.getByRole('button', { name: 'Show everyone waiting' }).click();
    await tab.waitForText('No customer is waiting for a reply at the moment.');
    assert.match(tab.page.url(), /\?skipThreshold=true$/);
  });

  test('because nobody is over the threshold', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 3));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitForText('Nobody has waited 5 minutes or longer.');
    await tab.page.getByRole('button', { name: 'Show everyone waiting' }).click();
    await tab.waitForText('Customer a');
  });

  test('because nothing matches the filters', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken(), query: '?category=agent_abandoned' });
    await tab.waitForText('Nobody is waiting here');
    await tab.page.getByRole('button', { name: 'Clear the filters' }).click();
    await tab.waitForText('Customer a');
    assert.equal(new URL(tab.page.url()).search, '');
  });

  test('because of the token, in one tab', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.departmentHeadToken([]) });

    await t.test('which names no department', async () => {
      await tab.waitForText('Your token names no department');
    });

    await t.test('whose role may not see it', async () => {
      await tab.signIn(tokenOf({ sub: 'x', role: 'AGENT', organizationId: 'any' }));
      await tab.waitForText('Access denied');
      const count = tab.responses.length;
      await tab.advance(5 * MINUTE);
      assert.equal(tab.responses.length, count, 'a final refusal is not retried');
      await tab.page.getByRole('button', { name: 'Use another token' }).click();
      await tab.waitForText('Access token');
    });

    await t.test('whose superadmin has not chosen an organization', async () => {
      const before = tab.reports().length;
      await tab.signIn(superadminToken());
      await tab.waitForText('Choose an organization');
      // The page learns only from the responses that the user has no organization. Then it asks no more.
      assert.equal(tab.reports().length, before + 1);
      await tab.advance(60_000);
      assert.equal(tab.reports().length, before + 1);
      assert.equal(await tab.page.getByText('These filters can’t be applied').count(), 0);
    });
  });

  test('because the organization in the address is another one, with a button to go back', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken(), query: '?organizationId=another' });
    await tab.waitForText('Access denied');
    await tab.page.getByRole('button', { name: 'Show my organization' }).click();
    await tab.waitForText('Customer a');
  });

  test('because a superadmin has chosen an organization that does not exist', async (t) => {
    const tab = await env.open(t, { token: superadminToken(), query: '?organizationId=nowhere' });
    await tab.waitForText('Organization not found');
    assert.equal(await tab.page.getByRole('button', { name: 'Choose another organization' }).isVisible(), true);
  });
});

describeInBrowser('something is wrong', (env) => {
  /** @type {{ name: string, fault: import('./dashboard-tab.mjs').Fault, title: string }[]} */
  const cases = [
    { name: 'the network is gone', fault: 'cut', title: 'No connection.' },
    { name: 'the storage cannot be reached', fault: UNAVAILABLE, title: 'Not available.' },
    { name: 'an internal error', fault: INTERNAL, title: 'Something went wrong.' },
    { name: 'too many requests', fault: RATE_LIMITED, title: 'Too many requests.' },
    {
      name: 'a proxy responds instead',
      fault: { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' },
      title: 'Unexpected response.',
    },
    {
      name: 'a portal responds 200 instead',
      fault: { status: 200, contentType: 'text/html', body: '<h1>Welcome</h1>' },
      title: 'Unexpected response.',
    },
  ];
  test('while the list is shown', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitForText('Customer a');
    for (const { name, fault, title } of cases) {
      await t.test(`${name}: the rows stay, a notice says so, and polling recovers`, async () => {
        await tab.page.evaluate(() => document.getElementById('announcer').replaceChildren());
        tab.fault = onReport(fault);
        await tab.nextPoll();
        await tab.waitForText(title);
        assert.equal(await tab.page.getByText('Customer a').isVisible(), true);
        await tab.waitForText(/Next try in \d+ s\./);
        assert.match(await tab.page.getByRole('status').first().textContent(), new RegExp(title));
        tab.fault = () => undefined;
        await tab.nextPoll(fault === RATE_LIMITED ? 30_000 : 5_000);
        await tab.waitForNoText(title);
        assert.match(await tab.renderedText('#announcer'), /^Connected again\./);
      });
    }
  });

  test('from the start', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, {});
    for (const { name, fault, title } of cases) {
      await t.test(`${name} from the start: a message says so, and a retry brings the list`, async () => {
        tab.fault = onReport(fault);
        await tab.signIn(organization.adminToken());
        await tab.waitForText(title.slice(0, -1));
        tab.fault = () => undefined;
        await tab.page.getByRole('button', { name: 'Try now' }).click();
        await tab.waitForText('Customer a');
        await tab.waitUntilIdle();
        await tab.page.getByRole('button', { name: 'Sign out' }).click();
        await tab.waitForText('Access token');
      });
    }
  });

  test('a late list is reported', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.nextPolls(2);
    await tab.advance(env.now + 3 * MINUTE - tab.now - 1_000);
    assert.equal(await tab.page.getByText('Late data.').isVisible(), false);
    await tab.advance(1_000);
    await tab.waitForText('Late data.');
    await env.refresh(3);
    await tab.nextPoll();
    await tab.waitForNoText('Late data.');
  });

  test('stale data is reported', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const stale = async ({ name }) => {
      if (name !== 'report') return undefined;
      const data = await env.service.report(organization.adminToken());
      return { status: 200, body: JSON.stringify({ success: true, data: { ...data, stale: true } }) };
    };
    const tab = await env.open(t, { token: organization.adminToken(), fault: stale });
    await tab.waitForText('Stale data.');
    await tab.waitForText('Customer a');
    tab.fault = () => undefined;
    // This response has not said when to ask again.
    await tab.nextPoll(15_000);
    await tab.waitForNoText('Stale data.');
  });

  test('a summary that fails does not affect the list', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, {
      token: organization.adminToken(),
      fault: ({ name }) => (name === 'report' ? undefined : INTERNAL),
    });
    await tab.waitForText('Customer a');
    await tab.waitForText('The histogram is not available at the moment.');
    assert.equal(await tab.renderedText('#total'), '1');
  });
});
