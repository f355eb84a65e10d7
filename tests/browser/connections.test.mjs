// The dialog that says how the connections to help desks are doing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';
import { connectionStatus, connectionsAnswer, errorResponse, troubledConnection, UNAVAILABLE } from './responses.mjs';

describeInBrowser('the connections', (env) => {
  const sample = () => env.publish(env.organization().addWaiting('a', 60));
  const connection = (more) => connectionStatus(env.now, more);
  const openWith = async (t, fault, organization) => {
    organization ??= await sample();
    const tab = await env.open(t, {
      token: organization.adminToken(),
      fault: ({ name }) => (name === 'connections' ? fault : undefined),
    });
    await tab.waitUntilIdle();
    return tab;
  };
  const show = (tab) => tab.page.getByRole('button', { name: 'Help desks' }).click();
  const sentences = (tab) => tab.renderedTexts('.connection > ul > li');

  test('what is wrong comes with what to look at', async (t) => {
    const name = '<img src=x onerror="pwned=1">';
    const tab = await openWith(
      t,
      connectionsAnswer([
        connection({}),
        troubledConnection(env.now, { neverSeen: ['conversation_updated', name] }),
        connection({ connectionId: 'zammad-1', kind: 'zammad', lastReceivedAt: null, isSilent: true, today: {} }),
        connection({
          connectionId: 'libredesk-1',
          kind: 'libredesk',
          clockSkewMs: null,
          today: { mapped: 1, refused: 2 },
          lastRefusal: { at: new Date(env.now - 60_000).toISOString(), cause: 'signature: malformed' },
          lastProblem: {
            at: new Date(env.now - 60_000).toISOString(),
            webhook: null,
            path: '',
            found: 'refused',
            expected: 'JSON without repeated members',
          },
        }),
      ]),
    );
    await show(tab);
    await tab.waitForText('libredesk-1');
    assert.deepEqual(await sentences(tab), [
      'The last webhook came 2 min ago.',
      'Today (UTC): 4,120 taken in, 31 not needed.',
      'The last webhook came 2 min ago.',
      'Last refused 1 min ago: signature: not by a secret of the connection.',
      `Never came, so most likely not ticked: conversation_updated, ${name}.`,
      'Not taken in 1 h 00 min ago: message_created /conversation/meta is a number, and should be an object.',
      'Its clock is 4 min ahead.',
      'Today (UTC): 4,120 taken in, 3 in part, 31 not needed, 2 not understood, 7 refused.',
      'No webhook has come in the last 30 days.',
      'Today (UTC): nothing.',
      'The last webhook came 2 min ago.',
      'Last refused 1 min ago: signature: malformed.',
      'Not taken in 1 min ago: the body is refused, and should be JSON without repeated members.',
      'Today (UTC): 1 taken in, 2 refused.',
    ]);
    assert.equal(await tab.page.locator('#connections-dialog img').count(), 0);
    await tab.page.getByRole('button', { name: 'Close' }).click();
    assert.equal(await tab.page.locator('#connections-dialog').isVisible(), false);
  });

  test('there may be none, or no response', async (t) => {
    const tab = await openWith(t, undefined);
    await show(tab);
    await tab.waitForText('No help desk is connected to this organization.');
    for (const [fault, text] of /** @type {const} */ ([
      [UNAVAILABLE, 'The service is not available at the moment.'],
      [errorResponse(404, 'NOT_FOUND'), 'No help desk is connected to this organization.'],
    ])) {
      await tab.page.keyboard.press('Escape');
      tab.fault = ({ name }) => (name === 'connections' ? fault : undefined);
      await show(tab);
      await tab.waitForText(text);
    }
  });

  test('by keyboard: the button opens it, Escape and the button in it close it, and the focus returns', async (t) => {
    const organization = await sample();
    const tab = await openWith(t, connectionsAnswer([connection({})]), organization);
    const { keyboard } = tab.page;
    const focused = () => tab.page.evaluate(() => document.activeElement.id);
    await tab.page.getByRole('button', { name: 'Help desks' }).focus();
    for (const close of ['Escape', 'Enter']) {
      await keyboard.press('Enter');
      await tab.waitForText('chatwoot-1');
      assert.equal(await focused(), 'connections-close');
      await keyboard.press(close);
      assert.equal(await tab.page.locator('#connections-dialog').isVisible(), false, close);
      assert.equal(await focused(), 'connections-show', close);
    }

    await t.test('closed and opened again at once it is loaded again', async () => {
      await show(tab);
      await tab.waitForText('chatwoot-1');
      await tab.clickInOneTask('connections-close', 'connections-show');
      await tab.waitForText('chatwoot-1');
      await tab.page.keyboard.press('Escape');
    });

    await t.test('who may not change settings does not see the button', async () => {
      await tab.signIn(organization.departmentHeadToken(['d-sales']));
      await tab.page.getByRole('button', { name: 'Help desks' }).waitFor({ state: 'hidden' });
      await tab.waitForText('Nobody is waiting');
      await tab.waitUntilIdle();
      assert.equal(await tab.page.getByRole('button', { name: 'Help desks' }).count(), 0);
    });
  });
});
