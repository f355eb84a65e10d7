// The dashboard follows the service's stream where it works, and polls where it does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';
import { MINUTE } from './organization.mjs';
import { UNAVAILABLE } from './responses.mjs';

const SECOND = 1_000;
/** How long a list is looked at before its stream is opened. */
const OPEN_AFTER = 5 * SECOND;
/** Several who look at once. What a hundred of them cost the service is a matter of its own tests. */
const SUBJECTS = Array.from({ length: 4 }, (_, number) => `supervisor-${number}`);

const namesOf = ({ responses }) => responses.map(({ path }) => path.split('/').at(-1)).sort();
const titled = (tab, title) => until(async () => (await tab.page.title()).startsWith(title), `never ${title}`);

const isPlanned = (tab, name, count) =>
  tab.page.waitForFunction(([kind, size]) => globalThis.planned[kind].size === size, [name, count]);

describeInBrowser('the stream', (env) => {
  /** Lets the service's clock be so long after the newest snapshot, a minute after which the next one is due. */
  const setAge = (milliseconds) => env.service.setClock(env.now + milliseconds);

  /** Opens a tab and waits until it follows the stream, which finds the next publication due and looks for it every second. */
  const follow = async (t, options) => {
    await env.service.setClock(env.now);
    const tab = await env.open(t, { isFollowing: true, ...options });
    await tab.waitUntilIdle();
    return tab;
  };
  const open = async (tab) => {
    await setAge(MINUTE + 2 * SECOND);
    await tab.advance(OPEN_AFTER);
    // It plans no poll once it has heard something.
    await isPlanned(tab, 'pollIfIdle', 0);
  };
  const followed = async (t, options) => {
    const tab = await follow(t, options);
    await open(tab);
    return tab;
  };
  /**
   * Publishes the organization's events; the streams tell of it within two seconds of the service's clock. If the next
   * publication is due at once, they go on looking every second.
   */
  const publish = async (organization, { isNextDue = false } = {}) => {
    await env.service.post(organization.takeEvents());
    await env.service.refresh(env.now + MINUTE);
    env.now += MINUTE;
    organization.now = env.now;
    await setAge(isNextDue ? MINUTE + 2 * SECOND : 4 * SECOND);
  };

  test('tells several dashboards of a change within two seconds, for one request each', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tokens = SUBJECTS.map((sub) => organization.adminToken({ sub }));
    const tabs = [];
    for (const token of tokens) tabs.push(await follow(t, { token }));
    for (const tab of tabs) await open(tab);
    // Until all show it, the service's clock stands two seconds after the publication, and those of the pages do not
    // move.
    await publish(organization.addWaiting('b', 20));
    for (const tab of tabs) {
      await titled(tab, '2 waiting');
      assert.deepEqual(await tab.contacts(), ['Customer b', 'Customer a']);
      await until(async () => (await tab.renderedText('#total')) === '2', 'the total is not the new one');
      assert.deepEqual(namesOf(tab), ['report', 'scopes', 'summary'], 'what opening the page has asked for');
      assert.deepEqual(tab.streams, [{ query: '', status: 200 }]);
    }
  });

  test('without it several dashboards show a change within their advice', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tokens = SUBJECTS.map((sub) => organization.adminToken({ sub }));
    const tabs = [];
    for (const token of tokens) tabs.push(await env.open(t, { token }));
    for (const tab of tabs) await tab.waitUntilIdle();
    organization.addWaiting('b', 20);
    await env.send(organization);
    await env.refresh();
    const pauses = new Set();
    for (const tab of tabs) {
      // The publication comes a minute after the last one; up to 20 seconds more keep them from asking all at once.
      const pause = tab.advisedPause();
      assert.ok(pause >= MINUTE && pause <= MINUTE + 21 * SECOND, `${pause} ms`);
      pauses.add(pause);
      await tab.nextPoll(pause);
      await titled(tab, '2 waiting');
      await until(() => namesOf(tab).length === 5, 'the summary is not requested');
      assert.deepEqual(namesOf(tab), ['report', 'report', 'scopes', 'summary', 'summary']);
    }
    assert.ok(pauses.size > 1, [...pauses].join());
  });

  test('is given up after 30 seconds of silence, and tried again less and less often', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await follow(t, { token: organization.adminToken() });
    // Nothing is due, so the service says nothing for twenty seconds of its own.
    await tab.advance(OPEN_AFTER);
    await isPlanned(tab, 'pollIfIdle', 0);
    tab.isFollowing = false;
    await tab.advance(29 * SECOND);
    assert.equal(tab.reports().length, 1);
    await tab.advance(SECOND);
    await isPlanned(tab, 'openStream', 1);
    await tab.nextPoll(1);
    for (const [index, pause] of [15 * SECOND, MINUTE, 4 * MINUTE].entries()) {
      await isPlanned(tab, 'openStream', 1);
      assert.equal(tab.streams.length, index + 1);
      const opensAt = tab.now + pause - (index === 0 ? 1 : 0);
      while (tab.now + tab.advisedPause() < opensAt) await tab.nextPoll();
      await tab.advance(opensAt - 1 - tab.now);
      assert.equal(tab.streams.length, index + 1, `not before ${pause} ms`);
      await tab.advance(1);
      await until(() => tab.streams.length === index + 2, `it does not try again after ${pause} ms`);
    }
  });

  test('of one list ends when another one is shown, and opens when the user has settled', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(60));
    const tab = await followed(t, { token: organization.adminToken() });
    for (const name of ['Next', 'Next', 'Previous']) {
      await tab.page.getByRole('button', { name, exact: true }).click();
      await tab.waitUntilIdle();
      await tab.advance(SECOND);
    }
    assert.equal(tab.streams.length, 1);
    await open(tab);
    assert.deepEqual(
      tab.streams.map(({ query }) => query),
      ['', 'page=2'],
    );
    const before = tab.responses.length;
    await publish(organization.addWaiting('new', 400));
    await tab.waitForText('New data.');
    assert.equal(tab.responses.length, before, 'the pinned page costs nothing');
    assert.equal(await tab.renderedText('#total'), '60');
    await tab.page.getByRole('button', { name: 'Load', exact: true }).click();
    await until(async () => (await tab.renderedText('#total')) === '61', 'the newest list is not shown');
  });

  test('makes a search follow the newest snapshot', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10).addWaiting('b', 20));
    const tab = await followed(t, { token: organization.adminToken() });
    await tab.page.getByRole('searchbox').fill('customer');
    await tab.page.keyboard.press('Enter');
    await titled(tab, '2 found');
    await publish(organization.addWaiting('c', 30));
    await titled(tab, '3 found');
    assert.equal(namesOf(tab).filter((name) => name === 'search').length, 2);
    assert.deepEqual(tab.streams, [{ query: '', status: 200 }]);
  });

  test('leaves it to polls to repeat a search that fails', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await followed(t, { token: organization.adminToken() });
    await tab.page.getByRole('searchbox').fill('customer');
    await tab.page.keyboard.press('Enter');
    await titled(tab, '1 found');
    tab.fault = ({ name }) => (name === 'search' ? UNAVAILABLE : undefined);
    await publish(organization.addWaiting('b', 20));
    await tab.waitForText('Not available.');
    await tab.waitForText(/Next try in \d+ s\./);
    assert.deepEqual(await tab.contacts(), ['Customer a']);
    tab.fault = () => undefined;
    await tab.advance(5 * SECOND);
    await titled(tab, '2 found');
    await isPlanned(tab, 'pollIfIdle', 0);
    assert.equal(tab.streams.length, 1);
  });

  test('ends with the token, and the page says so', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const exp = Math.floor((env.now + 5 * MINUTE) / SECOND);
    const tab = await followed(t, { token: organization.adminToken({ exp }) });
    tab.date = exp * SECOND + MINUTE;
    await env.service.setClock(exp * SECOND + MINUTE);
    await tab.waitForText(/Your token expired at \d\d:\d\d\. Sign in with a new one\./);
    assert.equal(await tab.page.getByText('Customer a').count(), 0);
    const { length } = tab.streams;
    await tab.advance(5 * MINUTE);
    assert.equal(tab.streams.length, length, 'nothing is followed without a token');
  });

  test('of another user follows when their token takes over', async (t) => {
    const first = await env.publish(env.organization().addWaiting('a', 10, { name: 'Of the first' }));
    const second = await env.publish(env.organization().addWaiting('a', 10, { name: 'Of the second' }));
    const tab = await followed(t, { token: first.adminToken() });
    await tab.signIn(second.adminToken());
    await tab.waitForText('Of the second');
    await tab.waitUntilIdle();
    await open(tab);
    await env.service.post(first.addWaiting('b', 30, { name: 'Another of the first' }).takeEvents());
    await publish(second.addWaiting('b', 20, { name: 'Another of the second' }));
    await tab.waitForText('Another of the second');
    assert.equal(await tab.page.getByText('of the first').count(), 0);
    assert.equal(tab.streams.length, 2);
  });

  test('is closed when the page has been hidden for a minute, which then polls once a minute', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await followed(t, { token: organization.adminToken() });
    await tab.hide(true);
    await tab.advance(10 * SECOND);
    await tab.hide(false);
    await tab.hide(true);
    for (const [id, title] of Object.entries({ b: '2 waiting', c: '3 waiting' })) {
      await publish(organization.addWaiting(id, 20), { isNextDue: true });
      await titled(tab, title);
      await tab.advance(20 * SECOND);
    }
    await publish(organization.addWaiting('d', 20));
    await titled(tab, '4 waiting');
    assert.equal(tab.reports().length, 1, 'it still follows the stream');
    await tab.advance(20 * SECOND);
    await isPlanned(tab, 'pollIfIdle', 1);
    await env.service.setClock(env.now);
    await tab.nextPoll(20 * SECOND);
    for (let minute = 0; minute < 3; minute += 1) {
      const before = tab.reports().length;
      await tab.advance(tab.advisedPause() - SECOND);
      assert.equal(tab.reports().length, before);
      await tab.nextPoll(SECOND);
    }
    assert.equal(tab.streams.length, 1);
    const before = tab.reports().length;
    await tab.hide(false);
    await tab.advance(1);
    await until(() => tab.reports().length > before, 'it does not ask although the page is visible again');
    await tab.waitUntilIdle();
    await open(tab);
    assert.equal(tab.streams.length, 2);
  });
});
