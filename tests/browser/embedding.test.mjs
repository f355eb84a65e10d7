// The dashboard in a frame of another page: which one may embed it, and what the two say to each other.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';

import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';
import { HOUR, MINUTE } from './organization.mjs';

/** What the servers below answer with at `/`. */
let around = '';

/**
 * The origin of another site than the service's, which is at 127.0.0.1. A browser lets a page embed this machine's only
 * if it is of this machine itself, so tests cannot answer for another host.
 */
async function startSite() {
  const server = createServer(({ url }, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(url === '/' ? around : '<!doctype html><title>Other</title>');
  });
  await new Promise((resolve) => {
    server.listen(0, 'localhost', () => resolve(undefined));
  });
  after(() => server.close());
  return `http://localhost:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
}

const CRM = await startSite();
const STRANGER = await startSite();
const ALSO_ALLOWED = 'https://crm.example';
const READY = 'conversation-monitor:ready';
const TOKEN = 'conversation-monitor:token';
const SETTINGS = { isPageServed: true, vars: { FRAME_ANCESTORS: `${ALSO_ALLOWED},${CRM}` } };

/** A page with the dashboard in a frame, which notes what it is told. */
const pageAround = (src) => `<!doctype html><title>CRM</title>
  <script>
    globalThis.told = [];
    addEventListener('message', ({ origin, data }) => told.push({ origin, data }));
  </script>
  <iframe id="dashboard" src="${src}" width="1200" height="800" title="Dashboard"></iframe>`;

/** Opens a page of `origin` around the dashboard at `src`. */
async function embed(env, t, { origin = CRM, src = '/', options = {} } = {}) {
  const tab = await env.beginToOpen(t, { others: [CRM, STRANGER], height: 900, ...options });
  around = pageAround(new URL(src, env.service.url).href);
  await tab.page.goto(`${origin}/`);
  const frame = await (await tab.page.locator('#dashboard').elementHandle()).contentFrame();
  return {
    tab,
    frame,
    /** What the page has been told so far. */
    told: () => tab.page.evaluate(() => globalThis.told),
    /** Posts a message to the dashboard. */
    send: (data) => tab.page.evaluate((message) => frames[0].postMessage(message, '*'), data),
    waitForText: (text) => frame.getByText(text).first().waitFor(),
    saved: () => frame.evaluate(() => sessionStorage.getItem('conversation-monitor.token')),
    /** Waits until messages that were sent before are taken, and answers on their account have come. */
    settle: async () => {
      await frame.evaluate(
        () =>
          new Promise((resolve) => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = resolve;
            port2.postMessage(null);
          }),
      );
      await tab.waitForPaint();
    },
  };
}

const ready = (tab) => ({ origin: tab.url.origin, data: { type: READY } });

/** A token of the same user that is another text. */
const tokenUntil = (organization, instant, more) =>
  organization.adminToken({
    exp: Math.floor(instant / 1000),
    iat: Math.floor((organization.now - 8 * HOUR) / 1000),
    ...more,
  });

describeInBrowser(
  'a page that may embed the dashboard',
  (env) => {
    test('is asked for a token, hands one over, and sees the list', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 10));
      const { tab, frame, told, send, waitForText } = await embed(env, t);
      await waitForText('The page that embeds this dashboard can sign you in.');
      await until(async () => (await told()).length > 0, 'the page is not asked for a token');
      assert.deepEqual(await told(), [ready(tab)]);
      assert.equal(await tab.page.evaluate(() => document.activeElement === document.body), true, 'it keeps the focus');
      await tab.screenshot('embedded-sign-in');
      await send({ type: TOKEN, token: organization.adminToken() });
      await waitForText('Customer a');
      assert.equal(new URL(frame.url()).hash, '');
      await tab.screenshot('embedded');
      // One that is handed over stays in the frame.
      assert.deepEqual(await told(), [ready(tab)]);
    });

    test('may also put a token into the address, and is asked all the same', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 10));
      const second = await env.publish(env.organization().addWaiting('b', 30, { name: 'Of the second' }));
      const token = organization.adminToken();
      const { tab, frame, told, send, waitForText, saved, settle } = await embed(env, t, { src: `/#token=${token}` });
      await waitForText('Customer a');
      await until(async () => (await told()).length > 0, 'the page is not asked for a token');
      assert.deepEqual(await told(), [ready(tab)]);

      await t.test('but cannot harm a session by a token that is not valid', async () => {
        const [header, claims] = organization.adminToken({ jti: 'forged' }).split('.');
        const before = tab.responses.length;
        await send({ type: TOKEN, token: `${header}.${claims}.${'A'.repeat(43)}` });
        await until(() => tab.responses.slice(before).some(({ status }) => status === 401), 'it was not tried');
        await send({ type: TOKEN, token: organization.adminToken({ exp: Math.floor(env.now / 1000) - 600 }) });
        await until(() => tab.responses.slice(before).filter(({ status }) => status === 401).length === 2, 'nor this');
        assert.equal(await saved(), token);
        assert.equal(await frame.getByText('Customer a').isVisible(), true);
      });

      await t.test('and may hand over one of somebody else, who sees their own list', async () => {
        const other = second.adminToken();
        await send({ type: TOKEN, token: other });
        await waitForText('Of the second');
        assert.equal(await frame.getByText('Customer a').count(), 0);
        assert.equal(await saved(), other);
      });

      await t.test('and is not asked, and signs nobody in, after the user has signed out', async () => {
        const before = (await told()).length;
        await frame.getByRole('button', { name: 'Sign out' }).click();
        await waitForText('Access token');
        for (let step = 0; step < 13; step += 1) await tab.advance(10_000);
        await send({ type: TOKEN, token });
        await settle();
        assert.equal((await told()).length, before);
        assert.equal(await frame.getByText('Customer a').count(), 0);
      });
    });

    test('renews the token, and the view stays', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30).addWaiting('b', 20));
      const first = tokenUntil(organization, env.now + 4 * MINUTE);
      const { tab, frame, told, send, waitForText, saved } = await embed(env, t, {
        src: `/?skipThreshold=true#token=${first}`,
      });
      await waitForText('You will be signed out soon.');
      assert.equal(await saved(), first);
      await frame.getByRole('searchbox').fill('customer a');
      await frame.getByRole('searchbox').press('Enter');
      await waitForText('Search:');
      await frame.getByRole('button', { name: 'Customer a', exact: true }).click();
      await waitForText('What happened');
      const used = new Set();
      const second = tokenUntil(organization, env.now + 10 * HOUR, { jti: 'second' });
      tab.page.on('request', (request) => {
        if (request.url().includes('/report')) used.add(request.headers().authorization);
      });
      await send({ type: TOKEN, token: `Bearer ${second}` });
      await frame.getByText('You will be signed out soon.').waitFor({ state: 'hidden' });
      assert.equal(await saved(), second);
      assert.equal(await frame.getByText('What happened').isVisible(), true, 'the row is still unfolded');
      assert.equal(await frame.getByRole('searchbox').inputValue(), 'customer a');
      const before = tab.reports().length;
      await tab.advance(tab.advisedPause());
      await until(() => tab.reports().length > before, 'the report was not requested again');
      assert.deepEqual([...used], [`Bearer ${second}`]);
      assert.deepEqual(await told(), [ready(tab)], 'it was asked once');
    });

    test('is asked again when the token is about to expire and after it has, once a minute', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30));
      const { tab, frame, told, waitForText, send } = await embed(env, t, {
        src: `/#token=${tokenUntil(organization, env.now + 10 * MINUTE + 2_000)}`,
      });
      await waitForText('Customer a');
      const times = async () => (await told()).length;
      await until(async () => (await times()) === 1, 'the page is not asked for a token');
      // Ten minutes before the end, which is before the user is warned, and not within a minute of the last time.
      for (const [seconds, expected] of [
        [2, 1],
        [57, 1],
        [1, 2],
        [59, 2],
        [1, 3],
      ]) {
        for (let left = seconds; left > 0; left -= 10) await tab.advance(Math.min(left, 10) * 1_000);
        await until(async () => (await times()) >= expected, `it was not asked ${expected} times`);
        assert.equal(await times(), expected);
      }
      // Whatever is requested next is refused.
      tab.fault = () => ({
        status: 401,
        body: '{"success":false,"error":"UNAUTHENTICATED","message":"It is over."}',
      });
      await frame.getByLabel('Everyone waiting').check();
      await waitForText('Your token was not accepted. It is over.');
      await tab.advance(60_000);
      await until(async () => (await times()) === 4, 'it was not asked after the end');
      tab.fault = () => undefined;
      await send({ type: TOKEN, token: organization.adminToken() });
      await waitForText('Customer a');
    });

    test('does not end the session if the old token is refused after the new one was taken', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30));
      const first = tokenUntil(organization, env.now + 4 * MINUTE);
      const second = tokenUntil(organization, env.now + 10 * HOUR);
      /** @type {PromiseWithResolvers<import('./dashboard-tab.mjs').Fault>} */
      const refused = Promise.withResolvers();
      const { tab, frame, send, waitForText, saved } = await embed(env, t, { src: `/#token=${first}` });
      await waitForText('Customer a');
      await frame.waitForFunction(() => globalThis.planned.pollIfIdle.size > 0);
      let isHeld = false;
      tab.fault = ({ name }) => {
        if (name !== 'report' || isHeld) return undefined;
        isHeld = true;
        return refused.promise;
      };
      await tab.advance(tab.advisedPause());
      await until(() => isHeld, 'the report was not requested again');
      await send({ type: TOKEN, token: second });
      await until(async () => (await saved()) === second, 'the token was not taken');
      const before = tab.reports().length;
      refused.resolve({
        status: 401,
        body: '{"success":false,"error":"UNAUTHENTICATED","message":"It is over."}',
      });
      await until(() => tab.reports().length >= before + 2, 'the report was not requested with the new token');
      assert.deepEqual(
        tab
          .reports()
          .slice(before)
          .map(({ status }) => status),
        [401, tab.reports().at(-1).status],
      );
      assert.ok([200, 304].includes(tab.reports().at(-1).status));
      assert.equal(await frame.getByText('Customer a').isVisible(), true);
    });

    test('is the only one who is listened to, and only if it says what it should', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30));
      const token = organization.adminToken();
      const { tab, frame, told, send, settle, waitForText } = await embed(env, t);
      await until(async () => (await told()).length === 1, 'the page is not asked for a token');
      const before = tab.responses.length;
      for (const data of [
        null,
        undefined,
        token,
        1,
        [],
        [{ type: TOKEN, token }],
        { token },
        { type: READY, token },
        { type: 'conversation-monitor:tokens', token },
        { type: [TOKEN], token },
        { type: TOKEN },
        { type: TOKEN, token: null },
        { type: TOKEN, token: [token] },
        { type: TOKEN, token: { toString: 1 } },
        { type: TOKEN, token: '' },
        { type: TOKEN, token: 'Bearer ' },
        { type: TOKEN, token: token.slice(0, token.lastIndexOf('.')) },
        { type: TOKEN, token: `${token}.x` },
        { type: TOKEN, token: `${token}<` },
        { type: TOKEN, token: `${'a'.repeat(8_192)}.b.c` },
        JSON.stringify({ type: TOKEN, token }),
      ])
        await send(data);
      // A frame of the same origin beside the dashboard, the dashboard itself, and a frame within it.
      await tab.page.evaluate(
        async ([type, text]) => {
          const beside = document.createElement('iframe');
          beside.src = '/beside';
          document.body.append(beside);
          await new Promise((resolve) => beside.addEventListener('load', resolve));
          /** @type {any} */ (beside.contentWindow).eval(
            `parent.frames[0].postMessage(${JSON.stringify({ type, token: text })}, '*')`,
          );
        },
        [TOKEN, token],
      );
      await frame.evaluate(([type, text]) => window.postMessage({ type, token: text }, '*'), [TOKEN, token]);
      await settle();
      await tab.advance(1_000);
      assert.equal(tab.responses.length, before, 'nothing is requested with what was not taken');
      assert.equal(await frame.getByText('Access token').isVisible(), true);
      assert.deepEqual(await told(), [ready(tab)]);
      await send({ type: TOKEN, token });
      await waitForText('Customer a');
    });
  },
  SETTINGS,
);

describeInBrowser(
  'no other page',
  (env) => {
    test('may embed it', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30));
      const { tab, told } = await embed(env, t, { origin: STRANGER, src: `/#token=${organization.adminToken()}` });
      await until(() => tab.problems.length > 0, 'the browser does not refuse it');
      assert.match(tab.problems.splice(0).join(), /frame-ancestors|violates the following Content Security Policy/);
      assert.deepEqual([await told(), tab.responses], [[], []]);
    });

    test('is told anything or listened to, even in a browser that does not obey the policy', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30));
      const tab = await env.beginToOpen(t, { others: [STRANGER] });
      await tab.page.route(`${env.service.url.origin}/`, async (route) => {
        const response = await route.fetch();
        const { 'content-security-policy': _, ...headers } = response.headers();
        await route.fulfill({ response, headers });
      });
      around = pageAround(env.service.url.href);
      await tab.page.goto(`${STRANGER}/`);
      const frame = await (await tab.page.locator('#dashboard').elementHandle()).contentFrame();
      await frame.getByText('Access token').waitFor();
      // The browser says so of each message that it does not deliver: one for each origin that is configured.
      const undelivered = () =>
        tab.problems.filter((text) => text.includes("Failed to execute 'postMessage' on 'DOMWindow'"));
      await until(() => undelivered().length === 2, 'it does not ask only those who are configured');
      const before = tab.responses.length;
      await tab.page.evaluate((message) => frames[0].postMessage(message, '*'), {
        type: TOKEN,
        token: organization.adminToken(),
      });
      await tab.advance(10_000);
      await tab.waitForPaint();
      assert.deepEqual(await tab.page.evaluate(() => globalThis.told), []);
      assert.equal(tab.responses.length, before);
      assert.equal(await frame.getByText('Access token').isVisible(), true);
      assert.equal(undelivered().length, 2);
      assert.equal(tab.problems.splice(0).length, 2);
    });

    test('is there: a dashboard in a tab of its own asks nobody and takes nothing', async (t) => {
      const organization = await env.publish(env.organization().addWaiting('a', 30));
      const tab = await env.open(t, {});
      await tab.page.evaluate(
        ([type, token]) => {
          globalThis.told = [];
          addEventListener('message', ({ data }) => globalThis.told.push(data.type));
          window.postMessage({ type, token }, '*');
        },
        [TOKEN, organization.adminToken()],
      );
      await until(async () => (await tab.page.evaluate(() => globalThis.told.length)) > 0, 'there is no message');
      await tab.advance(1_000);
      assert.deepEqual(await tab.page.evaluate(() => globalThis.told), [TOKEN]);
      assert.equal(tab.responses.length, 0);
      assert.equal(await tab.page.getByText('Access token').isVisible(), true);
    });
  },
  SETTINGS,
);
