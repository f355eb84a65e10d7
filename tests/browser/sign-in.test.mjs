// Signing in through the CRM, the warning before a token expires, and the way to a conversation in the CRM.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { axe } from './axe.mjs';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';
import { HOUR, MINUTE, superadminToken } from './organization.mjs';

const CRM = 'https://crm.example';
const SETTINGS = {
  vars: {
    SIGN_IN_URL: `${CRM}/monitor?return={returnTo}&from=monitor`,
    CONVERSATION_URL: `${CRM}/{organizationId}/c/{conversationId}?contact={contactId}#tab`,
  },
};
const LINK = { name: 'Sign in through your CRM' };

/** A token that is valid for so long from now on, of which so much is over already. */
const tokenFor = (organization, leftMs, pastMs = 8 * HOUR) =>
  organization.adminToken({
    iat: (organization.now - pastMs) / 1000,
    exp: (organization.now + leftMs) / 1000,
  });

/** Opens a tab on whose requests for the CRM the test answers; they are noted. */
async function openWithCrm(env, t, options) {
  const tab = await env.open(t, { others: [CRM], ...options });
  const visits = [];
  await tab.page.route(`${CRM}/**`, (route) => {
    visits.push({ url: route.request().url(), referer: route.request().headers().referer });
    return route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><title>CRM</title><p>This is the CRM.</p>',
    });
  });
  return { tab, visits };
}

describeInBrowser(
  'signing in through the CRM',
  (env) => {
    test('comes back to what the address shows, by a link that has no token', async (t) => {
      const { tab, visits } = await openWithCrm(env, t, {
        query: '?assignee=A%26B+%3D+%23%7BreturnTo%7D&category=unassigned&token=aaa.bbb.ccc&view=wall&other=x',
      });
      const link = tab.page.getByRole('link', LINK);
      await link.waitFor();
      const { origin } = env.service.url;
      const back = new URL(`${origin}/?assignee=A%26B+%3D+%23%7BreturnTo%7D&category=unassigned&view=wall`);
      const href = await link.getAttribute('href');
      assert.equal(href, `${CRM}/monitor?return=${encodeURIComponent(back.href)}&from=monitor`);
      assert.equal(new URL(href).searchParams.get('return'), back.href);
      assert.deepEqual((await axe(tab)).violations, []);
      await tab.screenshot('sign-in-through-the-crm');
      await link.click();
      await tab.waitForText('This is the CRM.');
      assert.deepEqual(visits, [{ url: href, referer: undefined }]);
    });

    test('works by keyboard: the field has the focus, and the link is the stop before it', async (t) => {
      const { tab } = await openWithCrm(env, t, {});
      await tab.page.getByRole('link', LINK).waitFor();
      assert.equal(await tab.page.evaluate(() => document.activeElement.id), 'token');
      await tab.page.keyboard.press('Shift+Tab');
      assert.equal(await tab.page.evaluate(() => document.activeElement.id), 'sign-in-link');
      await tab.page.keyboard.press('Enter');
      await tab.waitForText('This is the CRM.');
    });

    test('is offered when a token has expired, and after signing out', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 10));
      const { tab } = await openWithCrm(env, t, { token: tokenFor(organization, -5 * MINUTE) });
      await tab.waitForText('Your token expired');
      await tab.page.getByRole('link', LINK).waitFor();
      await tab.signIn(organization.adminToken());
      await tab.waitForText('Customer a');
      assert.equal(await tab.page.getByRole('link', LINK).isVisible(), false);
      await tab.page.getByRole('button', { name: 'Sign out' }).click();
      await tab.page.getByRole('link', LINK).waitFor();
    });

    test('is not offered without an address that a browser should follow', async (t) => {
      const tab = await env.open(t, {});
      const answers = {
        none: { json: { success: true, data: { signInUrl: null, frameAncestors: [] } } },
        script: { json: { success: true, data: { signInUrl: 'javascript:alert(1)', frameAncestors: [] } } },
        'plain http': { json: { success: true, data: { signInUrl: 'http://crm.example/', frameAncestors: [] } } },
        relative: { json: { success: true, data: { signInUrl: '/monitor', frameAncestors: [] } } },
        misconfigured: { status: 503, json: { success: false, error: 'UNAVAILABLE', message: 'x' } },
        'a page of a proxy': { body: '<h1>x</h1>' },
      };
      for (const [name, answer] of Object.entries(answers)) {
        let isAsked = false;
        await tab.page.unroute('**/dashboard.json');
        await tab.page.route('**/dashboard.json', async (route) => {
          await route.fulfill(answer);
          isAsked = true;
        });
        await tab.page.reload();
        await until(() => isAsked, `${name}: the configuration is not asked for`);
        await tab.waitForText('Access token');
        await tab.waitForPaint();
        assert.equal(await tab.page.getByRole('link', LINK).isVisible(), false, name);
      }
    });

    test('costs who is signed in no request', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 10));
      const tab = await env.open(t, {});
      await tab.page.getByRole('link', LINK).waitFor();
      let count = 0;
      tab.page.on('request', (request) => {
        if (request.url().endsWith('/dashboard.json')) count += 1;
      });
      await tab.page.goto(`${env.service.url.href}?x#token=${organization.adminToken()}`);
      await tab.waitForText('Customer a');
      await tab.waitUntilIdle();
      assert.equal(count, 0);
    });
  },
  SETTINGS,
);

describeInBrowser(
  'the warning before a token expires',
  (env) => {
    const TITLE = 'You will be signed out soon.';

    test('comes five minutes before, is read out once, and leads to the CRM', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 10));
      const { tab, visits } = await openWithCrm(env, t, {
        token: tokenFor(organization, 5 * MINUTE + 3_000),
        query: '?skipThreshold=true',
      });
      await tab.waitUntilIdle();
      await tab.advance(2_000);
      assert.equal(await tab.page.getByText(TITLE).isVisible(), false);
      await tab.advance(1_000);
      await tab.waitForText(TITLE);
      await tab.waitForText(/Your token expires at \d\d:\d\d, in 5 min\./);
      assert.match(await tab.renderedText('#announcer'), /You will be signed out soon/);
      await tab.page.getByRole('button', { name: 'Sign in again' }).waitFor();
      await tab.page.evaluate(() => {
        document.getElementById('announcer').textContent = 'something else';
      });
      await tab.advance(1_000);
      await tab.waitForText('in 4 min.');
      assert.equal(await tab.renderedText('#announcer'), 'something else');
      assert.deepEqual((await axe(tab)).violations, []);
      await tab.screenshot('token-expires-soon');
      await tab.page.getByRole('button', { name: 'Sign in again' }).focus();
      await tab.page.keyboard.press('Enter');
      await tab.waitForText('This is the CRM.');
      const back = `${env.service.url.origin}/?skipThreshold=true`;
      assert.deepEqual(visits, [
        { url: `${CRM}/monitor?return=${encodeURIComponent(back)}&from=monitor`, referer: undefined },
      ]);
    });

    test('does not take more than a quarter of a short life', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 10));
      const tab = await env.open(t, { token: tokenFor(organization, 2 * MINUTE + 2_000, 6 * MINUTE - 2_000) });
      await tab.waitUntilIdle();
      await tab.advance(1_000);
      assert.equal(await tab.page.getByText(TITLE).isVisible(), false);
      await tab.advance(1_000);
      await tab.waitForText(TITLE);

      await t.test('is gone with another token', async () => {
        await tab.signIn(organization.adminToken());
        await tab.waitForNoText(TITLE);
        await tab.waitForText('Customer a');
      });
    });

    test('says what to do where the CRM has no address to sign in', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 10));
      const tab = await env.beginToOpen(t, {});
      await tab.page.route('**/dashboard.json', (route) =>
        route.fulfill({ json: { success: true, data: { signInUrl: null, frameAncestors: [] } } }),
      );
      await tab.page.goto(`${env.service.url.href}?x#token=${tokenFor(organization, MINUTE)}`);
      await tab.waitForText(TITLE);
      await tab.waitForText('Open this page from your CRM again, or sign in with a new token.');
      assert.equal(await tab.page.getByRole('button', { name: 'Sign in again' }).count(), 0);
    });
  },
  SETTINGS,
);

describeInBrowser(
  'a conversation opens in the CRM',
  (env) => {
    const LINK_OF_ROW = { name: 'Open in your CRM' };

    test('at an address with its ids, percent-encoded', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a/ü?#', 30));
      const { organizationId } = organization;
      const tab = await env.open(t, { query: `?organizationId=${organizationId}` });
      for (const token of [organization.adminToken(), superadminToken()]) {
        await tab.signIn(token);
        await tab.page.getByRole('button', { name: 'Customer a/ü?#' }).click();
        const link = tab.page.getByRole('link', LINK_OF_ROW);
        await link.waitFor();
        assert.equal(
          await link.getAttribute('href'),
          `${CRM}/${organizationId}/c/c-a%2F%C3%BC%3F%23?contact=p-a%2F%C3%BC%3F%23#tab`,
        );
        assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
        assert.equal(await link.getAttribute('target'), '_blank');
        await tab.page.getByRole('button', { name: 'Sign out' }).click();
        await tab.waitForText('Access token');
      }
    });

    test('nowhere if it is not configured, or if an id would lead elsewhere', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30));
      const scopes = await (
        await env.service.fetch('/api/conversation-monitor/scopes', { token: organization.adminToken() })
      ).json();
      const tab = await env.open(t, {});
      for (const conversationUrl of [
        null,
        'javascript:alert("{conversationId}")',
        'http://crm.example/{conversationId}',
      ]) {
        const data = { ...scopes.data, conversationUrl };
        const before = tab.responses.filter(({ path }) => path.endsWith('/scopes')).length;
        tab.fault = ({ name }) =>
          name === 'scopes' ? { status: 200, body: JSON.stringify({ success: true, data }) } : undefined;
        await tab.signIn(organization.adminToken());
        await tab.waitForText('Customer a');
        await tab.waitUntilIdle();
        assert.equal(tab.responses.filter(({ path }) => path.endsWith('/scopes')).length, before + 1);
        await tab.page.getByRole('button', { name: 'Customer a' }).click();
        await tab.waitForText('What happened');
        assert.equal(await tab.page.getByRole('link', LINK_OF_ROW).isVisible(), false);
        await tab.page.getByRole('button', { name: 'Sign out' }).click();
        await tab.waitForText('Access token');
      }
    });
  },
  SETTINGS,
);

test('an address is filled in as it should be', async () => {
  const { fillIn, returnTo } = await import('../../public/modules/addresses.js');
  const fill = (template, value) => fillIn(template, { id: value, other: 'x' });
  for (const [template, value, expected] of [
    [`${CRM}/{id}`, 'a b/c?d#e&f=%2F{other}', `${CRM}/a%20b%2Fc%3Fd%23e%26f%3D%252F%7Bother%7D`],
    [`${CRM}/?a={id}&b={id}&c={other}#{id}`, '1', `${CRM}/?a=1&b=1&c=x#1`],
    [`${CRM}/fixed`, '1', `${CRM}/fixed`],
    ['http://localhost:3000/{id}', '1', 'http://localhost:3000/1'],
    ['http://127.0.0.1/{id}', '1', 'http://127.0.0.1/1'],
    ['http://crm.example/{id}', '1', null],
    ['http://localhost.evil.example/{id}', '1', null],
    ['javascript:{id}', '1', null],
    ['data:text/html,{id}', '1', null],
    ['{id}', 'https://evil.example', null],
    ['/{id}', '1', null],
    ['', '1', null],
    [null, '1', null],
    [undefined, '1', null],
    [`${CRM}/{id}`, '..', null],
    [`${CRM}/{id}`, '.', null],
    [`${CRM}/{id}`, '', null],
    [`${CRM}/{id}`, null, null],
    [`${CRM}/{unknown}`, '1', null],
    [`${CRM}/{id}`, '...', `${CRM}/...`],
  ]) {
    assert.equal(fill(template, value), expected, `${template} ${value}`);
  }
  const back = (search) => returnTo({ origin: 'https://m.example', pathname: '/', search });
  assert.equal(back(''), 'https://m.example/');
  assert.equal(back('?token=a.b.c&id_token=x&page=2&assignee=%C3%BC'), 'https://m.example/?page=2&assignee=%C3%BC');
});
