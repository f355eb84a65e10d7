// Every state that the dashboard can be in, each over the real worker; only what a healthy worker does not do is put on.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tokenOf } from '../workerd/harness.mjs';
import { INTERNAL, onReport, RATE_LIMITED, refusal, UNAVAILABLE } from './answers.mjs';
import { MINUTE, superadmin } from './company.mjs';
import { onStage } from './stage.mjs';

onStage('signing in and out', (stage) => {
  test('without a token she is asked for one, and a bad paste is refused on the spot', async (t) => {
    const scene = await stage.open(t, {});
    assert.equal(await scene.page.getByRole('heading', { name: 'Sign in' }).isVisible(), true);
    for (const [pasted, complaint] of [
      ['', 'Paste a token first.'],
      ['  ', 'Paste a token first.'],
      ['not a token', 'This is not a whole token'],
    ]) {
      await scene.page.getByLabel('Access token').fill(pasted);
      await scene.page.getByRole('button', { name: 'Sign in' }).click();
      await scene.sees(complaint);
    }
    assert.deepEqual(scene.answers, []);
  });

  test('a pasted token opens the list, with blanks, line breaks and "Bearer" around it', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, {});
    await scene.page.getByLabel('Access token').fill(`  Bearer ${company.admin()} `);
    await scene.page.keyboard.press('Enter');
    await scene.sees('Customer a');
    assert.equal(await scene.page.evaluate(() => document.activeElement.id), 'list-heading');
  });

  test('a token in the fragment leaves the address at once and is in sessionStorage alone', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const token = company.admin();
    const scene = await stage.open(t, { token, query: '?category=ai_stuck' });
    await scene.sees('Customer a');
    assert.equal(scene.page.url(), new URL('/?category=ai_stuck', stage.service.url).href);
    const places = await scene.page.evaluate(() => ({
      local: JSON.stringify(localStorage),
      session: Object.values(sessionStorage),
      cookies: document.cookie,
      page: document.documentElement.outerHTML,
    }));
    assert.deepEqual(places.session, [token]);
    assert.deepEqual([places.local, places.cookies], ['{}', '']);
    assert.ok(!places.page.includes(token));
    for (const { query, path } of scene.answers) assert.ok(!`${path}?${query}`.includes(token));
    // Every address after the first one that was typed, whatever she does.
    await scene.page.getByLabel('Everyone waiting').check();
    await scene.settled();
    for (const address of [scene.page.url(), ...scene.addresses.slice(1)]) assert.ok(!address.includes(token), address);
    await scene.page.goBack();
    assert.ok(!scene.page.url().includes(token));
  });

  test('another token in the fragment of an open tab takes over', async (t) => {
    const first = await stage.publish(stage.company().waits('a', 10, { name: 'Of the first' }));
    const second = await stage.publish(stage.company().waits('a', 10, { name: 'Of the second' }));
    const scene = await stage.open(t, { token: first.admin() });
    await scene.sees('Of the first');
    await scene.page.evaluate((token) => location.assign(`#token=${token}`), second.admin());
    await scene.sees('Of the second');
    assert.ok(!scene.page.url().includes('token'));
  });

  test('signing out forgets the token and everything on the screen', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    await scene.page.getByRole('button', { name: 'Sign out' }).click();
    await scene.sees('Access token');
    assert.equal(await scene.page.getByText('Customer a').isVisible(), false);
    assert.equal(await scene.page.evaluate(() => sessionStorage.length), 0);
    const asked = scene.answers.length;
    await scene.pass(MINUTE);
    assert.equal(scene.answers.length, asked, 'nothing is asked without a token');
    assert.equal(await scene.page.title(), 'Conversation Monitor');
  });

  test('a token that ran out says so, and when', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const token = company.admin({ exp: Math.floor((stage.now - 5 * MINUTE) / 1000) });
    const scene = await stage.open(t, { token });
    await scene.sees(/Your token ran out at \d\d:\d\d\. Sign in with a new one\./);
    assert.equal(await scene.page.evaluate(() => sessionStorage.length), 0);
  });

  test('a token that runs out while she looks takes the list off the screen', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.sees('Customer a');
    await scene.settled();
    scene.fault = onReport(refusal(401, 'UNAUTHENTICATED', 'The token has expired.'));
    await scene.pass(5_000);
    await scene.sees('Your token was not accepted. The token has expired.');
    assert.equal(await scene.page.getByText('Customer a').isVisible(), false);
  });

  test('a token of another key is not accepted', async (t) => {
    const [header, claims] = superadmin().split('.');
    const scene = await stage.open(t, { token: `${header}.${claims}.${'A'.repeat(43)}`, query: '?organizationId=x' });
    await scene.sees('Your token was not accepted.');
  });
});

onStage('the list has no rows', (stage) => {
  test('because there is no snapshot yet', async (t) => {
    const company = await stage.send(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.sees('No snapshot yet');
    assert.equal(await scene.page.title(), 'Conversation Monitor');
    // It comes by itself.
    await stage.publish(company);
    await scene.nextPoll();
    await scene.sees('Customer a');
  });

  test('because nobody waits', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10).answered('a'));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.sees('Nobody is waiting too long');
    await scene.page.getByRole('button', { name: 'Show everyone waiting' }).click();
    await scene.sees('Every customer has an answer, or somebody is on it.');
    assert.match(scene.page.url(), /\?skipThreshold=true$/);
  });

  test('because none is over the threshold', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 3));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.sees('No answer has been owed for 5 minutes or more.');
    await scene.page.getByRole('button', { name: 'Show everyone waiting' }).click();
    await scene.sees('Customer a');
  });

  test('because the filters leave none', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin(), query: '?category=agent_abandoned' });
    await scene.sees('Nobody is waiting here');
    await scene.page.getByRole('button', { name: 'Clear the filters' }).click();
    await scene.sees('Customer a');
    assert.equal(new URL(scene.page.url()).search, '');
  });

  test('because the token names no department', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.head([]) });
    await scene.sees('Your token names no department');
  });

  test('because her role may not see it', async (t) => {
    const scene = await stage.open(t, { token: tokenOf({ sub: 'x', role: 'AGENT', organizationId: 'any' }) });
    await scene.sees('Access denied');
    const asked = scene.answers.length;
    await scene.pass(5 * MINUTE);
    assert.equal(scene.answers.length, asked, 'a refusal for good is not asked again');
    await scene.page.getByRole('button', { name: 'Use another token' }).click();
    await scene.sees('Access token');
  });

  test('because the organization in the address is not hers, and the way back is one button', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin(), query: '?organizationId=another' });
    await scene.sees('Access denied');
    await scene.page.getByRole('button', { name: 'Show my organization' }).click();
    await scene.sees('Customer a');
  });

  test('because there is no such organization', async (t) => {
    const scene = await stage.open(t, { token: superadmin(), query: '?organizationId=nowhere' });
    await scene.sees('Organization not found');
    assert.equal(await scene.page.getByRole('button', { name: 'Choose another organization' }).isVisible(), true);
  });

  test('because a superadmin has not said whose list she wants', async (t) => {
    const scene = await stage.open(t, { token: superadmin() });
    await scene.sees('Choose an organization');
    assert.equal(scene.reports().length, 0);
  });
});

onStage('something is wrong', (stage) => {
  const cases = [
    ['the network is gone', 'cut', 'No connection.'],
    ['storage is out of reach', UNAVAILABLE, 'Not available.'],
    ['a fault of the service', INTERNAL, 'Something went wrong.'],
    ['too many requests', RATE_LIMITED, 'Too many requests.'],
    [
      'a proxy answers instead',
      { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' },
      'Unexpected answer.',
    ],
    [
      'a portal answers 200 instead',
      { status: 200, contentType: 'text/html', body: '<h1>Welcome</h1>' },
      'Unexpected answer.',
    ],
  ];
  for (const [name, fault, title] of cases) {
    test(`${name}: the rows stay, it is said, and it goes on by itself`, async (t) => {
      const company = await stage.publish(stage.company().waits('a', 10));
      const scene = await stage.open(t, { token: company.admin() });
      await scene.sees('Customer a');
      scene.fault = onReport(fault);
      await scene.nextPoll();
      await scene.sees(title);
      assert.equal(await scene.page.getByText('Customer a').isVisible(), true);
      await scene.sees(/Next try in \d+ s\./);
      assert.match(await scene.page.getByRole('status').first().innerText(), new RegExp(title));
      scene.fault = () => undefined;
      await scene.nextPoll(fault === RATE_LIMITED ? 30_000 : 5_000);
      await scene.seesNoMore(title);
      assert.match(await scene.page.locator('#announcer').innerText(), /^Connected again\./);
    });

    test(`${name} from the start: there is no list, and it comes when it can`, async (t) => {
      const company = await stage.publish(stage.company().waits('a', 10));
      const scene = await stage.open(t, { token: company.admin(), fault: onReport(fault) });
      await scene.sees(title.slice(0, -1));
      scene.fault = () => undefined;
      await scene.page.getByRole('button', { name: 'Try now' }).click();
      await scene.sees('Customer a');
    });
  }

  test('a list that is late says so', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.nextPolls(35);
    assert.equal(await scene.page.getByText('Late data.').isVisible(), false);
    await scene.nextPoll();
    await scene.sees('Late data.');
    await stage.refresh(3);
    await scene.nextPoll();
    await scene.seesNoMore('Late data.');
  });

  test('stale data says so', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const stale = async ({ name }) => {
      if (name !== 'report') return undefined;
      const data = await stage.service.report(company.admin());
      return { status: 200, body: JSON.stringify({ success: true, data: { ...data, stale: true } }) };
    };
    const scene = await stage.open(t, { token: company.admin(), fault: stale });
    await scene.sees('Stale data.');
    await scene.sees('Customer a');
    scene.fault = () => undefined;
    await scene.nextPoll();
    await scene.seesNoMore('Stale data.');
  });

  test('a summary that fails leaves the list as it is', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, {
      token: company.admin(),
      fault: ({ name }) => (name === 'report' ? undefined : INTERNAL),
    });
    await scene.sees('Customer a');
    await scene.sees('The histogram is not available at the moment.');
    assert.equal(await scene.page.locator('#total').innerText(), '1');
  });
});
