// Rows that are new are marked until the user has looked, and told of by a sound and a notification if the user wants
// that.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './dashboard-tab.mjs';
import { describeInBrowser } from './environment.mjs';
import { errorResponse } from './responses.mjs';

const KEY = 'conversation-monitor.preferences';

/** Runs in the page: notifications and sounds that a test can look at. The user's answer is 'granted' unless it is given. */
function fakeSignals(answer = 'granted') {
  const told = { asked: 0, sounds: 0, shown: [], closed: 0 };
  class FakeNotification extends EventTarget {
    static permission = localStorage.getItem('test.permission') ?? 'default';
    static async requestPermission() {
      told.asked += 1;
      FakeNotification.permission = answer;
      localStorage.setItem('test.permission', answer);
      return answer;
    }
    constructor(title, options) {
      super();
      told.shown.push([title, options]);
      told.last = this;
    }
    close() {
      told.closed += 1;
    }
  }
  class FakeParameter {
    setValueAtTime() {}
    exponentialRampToValueAtTime() {}
  }
  class FakeNode {
    gain = new FakeParameter();
    connect = (next) => next;
    start() {
      told.sounds += 0.5;
    }
    stop() {}
  }
  class FakeAudio {
    currentTime = 0;
    destination = new FakeNode();
    async resume() {}
  }
  const activation = { hasBeenActive: false };
  for (const gesture of ['pointerdown', 'keydown'])
    addEventListener(gesture, () => Object.assign(activation, { hasBeenActive: true }), true);
  Object.defineProperty(navigator, 'userActivation', { value: activation, configurable: true });
  Object.assign(globalThis, {
    told,
    Notification: FakeNotification,
    AudioContext: FakeAudio,
    GainNode: FakeNode,
    OscillatorNode: FakeNode,
  });
}

describeInBrowser('new rows', (env) => {
  const marked = (tab) => tab.renderedTexts('#rows .row:has(.new-mark:not([hidden])) .control');
  const told = (tab) => tab.page.evaluate(() => globalThis.told);
  const open = async (t, organization, options) => {
    const tab = await env.open(t, { token: organization.adminToken(), ...options });
    await tab.waitUntilIdle();
    return tab;
  };
  const openWith = async (t, organization, answer) => {
    const tab = await open(t, organization);
    await tab.page.evaluate(fakeSignals, answer);
    return tab;
  };
  /** Publishes what was added to an organization, and lets the page ask for it. */
  const arrive = async (tab, organization) => {
    await env.refresh();
    await env.publish(organization);
    await tab.nextPoll();
  };
  const switchOn = (tab, name) => tab.page.getByRole('checkbox', { name }).check();

  test('are marked until the user has looked at them, and no row is at first or because of a filter', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30).addWaiting('b', 20));
    const tab = await open(t, organization);
    await tab.hide(true);
    assert.deepEqual(await marked(tab), []);
    await arrive(tab, organization.addWaiting('c', 10).addWaiting('late', 60));
    assert.deepEqual(await marked(tab), ['Customer late', 'Customer c']);
    await tab.screenshot('new-rows');
    // Nobody has looked yet.
    await arrive(tab, organization.addWaiting('d', 10));
    assert.deepEqual(await marked(tab), ['Customer late', 'Customer c', 'Customer d']);
    await tab.hide(false);
    await tab.advance(1);
    await tab.waitUntilIdle();
    // Four seconds are no look, if the page is then hidden again.
    await tab.advance(4_000);
    await tab.hide(true);
    await tab.advance(2_000);
    await tab.hide(false);
    await tab.advance(1);
    await arrive(tab, organization.addWaiting('e', 10));
    assert.deepEqual((await marked(tab)).at(-1), 'Customer e');
    await tab.advance(7_000);
    assert.deepEqual(await marked(tab), ['Customer e'], 'the page asked after more than five seconds of looking');
    await arrive(tab, organization.addReply('a'));
    assert.deepEqual(await marked(tab), []);
    await tab.page.getByLabel('Everyone waiting').check();
    await tab.waitUntilIdle();
    assert.deepEqual(await marked(tab), []);
  });

  test('are those that were not there, not those that move up from another page', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(30));
    const tab = await open(t, organization);
    await tab.hide(true);
    organization.addReply('001').addReply('002').addWaiting('late', 35.5);
    await arrive(tab, organization);
    assert.equal((await tab.contacts()).length, 25);
    assert.ok((await tab.contacts()).includes('Customer 026'));
    assert.deepEqual(await marked(tab), ['Customer late']);
  });

  test('are told of by a notification without a name, once, only if that is switched on, and also while hidden', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await openWith(t, organization);
    await arrive(tab, organization.addWaiting('b', 20));
    assert.deepEqual(await told(tab), { asked: 0, sounds: 0, shown: [], closed: 0 }, 'off at first');
    await switchOn(tab, 'Notification');
    await until(async () => (await told(tab)).asked === 1, 'the user is not asked');
    await tab.hide(true);
    await arrive(tab, organization.addWaiting('c', 10));
    await until(async () => (await told(tab)).shown.length === 1, 'no notification');
    await tab.nextPoll();
    await arrive(tab, organization.addWaiting('d', 10).addWaiting('e', 15).addReply('a'));
    await until(async () => (await told(tab)).shown.length === 2, 'no second notification');
    const { shown, sounds } = await told(tab);
    assert.equal(sounds, 0);
    const options = { tag: 'conversation-monitor', renotify: true, silent: true };
    assert.deepEqual(shown, [
      ['Conversation Monitor', { body: 'One more customer is waiting for a reply.', ...options }],
      ['Conversation Monitor', { body: '2 more customers are waiting for a reply.', ...options }],
    ]);
    await tab.hide(false);
    await tab.advance(1_000);
    assert.equal((await told(tab)).closed, 1, 'it goes when the user looks');
    await arrive(tab, organization.addWaiting('f', 10));
    assert.equal((await told(tab)).shown.length, 2, 'who looks at the page needs none');
    assert.ok(
      tab.responses.every(({ query }) => !query.includes('limit')),
      'a list that fits on a page costs nothing',
    );
  });

  test('at the end of a longer list are found by one request for each snapshot', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(130));
    const tab = await openWith(t, organization);
    await switchOn(tab, 'Notification');
    await tab.hide(true);
    const ends = () => tab.responses.filter(({ query }) => query.includes('limit=100'));
    await arrive(tab, organization);
    await until(() => ends().length === 1, 'the end of the list is not requested');
    assert.match(ends()[0].query, /^limit=100&page=2&snapshot=/);
    await arrive(tab, organization.addReply('001').addWaiting('x', 9));
    await until(async () => (await told(tab)).shown.length === 1, 'as many went as came, and nothing is told');
    assert.equal(ends().length, 2);
    await tab.nextPoll();
    assert.equal(ends().length, 2);
    // Without that request the totals still tell.
    tab.fault = ({ query }) => (query.includes('limit=100') ? errorResponse(503, 'UNAVAILABLE') : undefined);
    await arrive(tab, organization.addWaiting('y', 9));
    await until(async () => (await told(tab)).shown.length === 2, 'the list is longer, and nothing is told');
  });

  test('are told of once, although the page stays with an older snapshot and the service fails', async (t) => {
    const organization = await env.publish(env.organization().addManyWaiting(30));
    const tab = await openWith(t, organization);
    await switchOn(tab, 'Notification');
    await tab.page.getByRole('button', { name: 'Next' }).click();
    await tab.waitUntilIdle();
    await tab.hide(true);
    const ends = () => tab.responses.filter(({ query }) => query.includes('limit=100'));
    await arrive(tab, organization);
    await until(() => ends().length === 1, 'the end of the list is not requested');
    await arrive(tab, organization.addWaiting('x', 9));
    await until(async () => (await told(tab)).shown.length === 1, 'no notification');
    tab.fault = ({ query }) => (query.includes('limit=100') ? errorResponse(503, 'UNAVAILABLE') : undefined);
    await arrive(tab, organization);
    await until(() => ends().length === 3, 'the end of the list is not requested');
    tab.fault = () => undefined;
    await arrive(tab, organization.addWaiting('y', 9));
    await until(async () => (await told(tab)).shown.length > 1, 'no second notification');
    assert.equal((await told(tab)).shown.length, 2);
  });

  test('can be heard, and the choice is kept in this browser and nothing else is', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await openWith(t, organization);
    await tab.page.addInitScript(fakeSignals);
    await switchOn(tab, 'Sound');
    assert.equal((await told(tab)).sounds, 1, 'it is tried out');
    await switchOn(tab, 'Notification');
    await arrive(tab, organization.addWaiting('b', 20));
    await until(async () => (await told(tab)).sounds === 2, 'no sound');
    assert.equal(
      await tab.page.evaluate((key) => localStorage.getItem(key), KEY),
      '{"sound":true,"notification":true}',
    );
    await tab.page.reload();
    await tab.waitUntilReady();
    await tab.waitUntilIdle();
    assert.equal(await tab.page.getByRole('checkbox', { name: 'Sound' }).isChecked(), true);
    assert.equal(await tab.page.getByRole('checkbox', { name: 'Notification' }).isChecked(), true);
    // A browser makes no sound before the user has done something.
    await tab.waitForText('The browser lets the page make a sound once you have clicked');
    await arrive(tab, organization.addWaiting('c', 15));
    assert.equal((await told(tab)).sounds, 0);
    await tab.page.keyboard.press('Tab');
    await tab.waitForNoText('The browser lets the page make a sound');
    await arrive(tab, organization.addWaiting('d', 15));
    await until(async () => (await told(tab)).sounds === 1, 'no sound');
    await tab.page.getByRole('checkbox', { name: 'Sound' }).uncheck();
    await tab.page.getByRole('checkbox', { name: 'Notification' }).uncheck();
    await arrive(tab, organization.addWaiting('e', 15));
    assert.equal((await told(tab)).sounds, 1);
    assert.deepEqual(
      await tab.page.evaluate(() => Object.keys(localStorage).filter((key) => !key.startsWith('test.'))),
      [KEY],
    );
  });

  test('are not told of by a notification if the user does not want it', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await open(t, organization);
    for (const [answer, words] of /** @type {const} */ ([
      ['default', /^Notifications stay off/],
      ['denied', /^This browser does not let the page show notifications\./],
    ])) {
      await t.test(`the answer is ${answer}, which the page says`, async () => {
        await tab.hide(false);
        await tab.page.evaluate(fakeSignals, answer);
        await tab.page.getByRole('checkbox', { name: 'Notification' }).click();
        await tab.waitForText(words);
        assert.equal(await tab.page.getByRole('checkbox', { name: 'Notification' }).isChecked(), false);
        assert.equal(
          (await tab.page.evaluate((key) => localStorage.getItem(key), KEY)).includes('"notification":true'),
          false,
        );
        await tab.hide(true);
        await arrive(tab, organization.addWaiting(answer, 20));
        assert.deepEqual((await told(tab)).shown, []);
      });
    }
  });

  test('a browser without notifications says so, also one that has them for service workers only', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await openWith(t, organization);
    await switchOn(tab, 'Notification');
    await tab.page.evaluate(() => {
      const permission = 'granted';
      const refuse = () => {
        throw new TypeError('Illegal constructor');
      };
      Object.assign(globalThis, { Notification: Object.assign(refuse, { permission }) });
    });
    await tab.hide(true);
    await arrive(tab, organization.addWaiting('b', 20));
    await tab.waitForText('This browser cannot show notifications of web pages.');
    assert.equal(await tab.page.getByRole('checkbox', { name: 'Notification' }).isChecked(), false);
    await tab.page.evaluate(() => Reflect.deleteProperty(globalThis, 'Notification'));
    await tab.page.getByRole('checkbox', { name: 'Notification' }).click();
    await tab.waitForText('This browser cannot show notifications of web pages.');
  });

  test('of a session are forgotten when it ends', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await openWith(t, organization);
    await switchOn(tab, 'Notification');
    await tab.hide(true);
    await arrive(tab, organization.addWaiting('b', 20));
    await until(async () => (await told(tab)).shown.length === 1, 'no notification');
    await tab.page.getByRole('button', { name: 'Sign out' }).click();
    assert.equal((await told(tab)).closed, 1);
    await tab.signIn(organization.adminToken());
    await tab.waitForText('Customer b');
    assert.deepEqual(await marked(tab), []);
  });
});
