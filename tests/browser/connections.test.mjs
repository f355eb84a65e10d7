// The dialog that says how the connections to help desks are doing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';
import { UNAVAILABLE } from './responses.mjs';

describeInBrowser('the connections', (env) => {
  const sample = () => env.publish(env.organization().addWaiting('a', 60));
  const connection = (more) => ({
    connectionId: 'chatwoot-1',
    kind: 'chatwoot',
    lastReceivedAt: new Date(env.now - 120_000).toISOString(),
    lastMappedAt: null,
    isSilent: false,
    isFailing: false,
    clockSkewMs: -200,
    today: { mapped: 4120, partly: 0, unknown: 31, unmappable: 0, refused: 0 },
    neverSeen: [],
    lastProblem: null,
    lastRefusal: null,
    ...more,
  });
  const answer = (connections) => ({
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ success: true, data: { organizationId: 'o', connections } }),
  });
  const openWith = async (t, fault, token) => {
    const organization = await sample();
    const tab = await env.open(t, {
      token: token ? token(organization) : organization.adminToken(),
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
      answer([
        connection({}),
        connection({
          connectionId: 'chatwoot-2',
          isFailing: true,
          clockSkewMs: 240_000,
          neverSeen: ['conversation_updated', name],
          lastProblem: {
            at: new Date(env.now - 3_600_000).toISOString(),
            webhook: 'message_created',
            path: '/conversation/meta',
            found: 'a number',
            expected: 'an object',
          },
          lastRefusal: {
            at: new Date(env.now - 60_000).toISOString(),
            cause: 'signature: not by a secret of the connection',
          },
        }),
        connection({ connectionId: 'zammad-1', kind: 'zammad', lastReceivedAt: null, isSilent: true, today: {} }),
      ]),
    );
    await show(tab);
    await tab.waitForText('zammad-1');
    assert.deepEqual(await sentences(tab), [
      'The last webhook came 2 min ago.',
      'Today (UTC): 4,120 taken in, 31 not needed.',
      'The last webhook came 2 min ago.',
      'The last one was refused 1 min ago: signature: not by a secret of the connection.',
      `Never came, so most likely not ticked: conversation_updated, ${name}.`,
      'Not taken in 1 h 00 min ago: message_created /conversation/meta is a number, and should be an object.',
      'Its clock is 4 min ahead.',
      'Today (UTC): 4,120 taken in, 31 not needed.',
      'No webhook has come in the last 30 days.',
      'Today (UTC): nothing.',
    ]);
    assert.equal(await tab.page.locator('#connections-dialog img').count(), 0);
    await tab.screenshot('connections');
    await tab.page.getByRole('button', { name: 'Close' }).click();
    assert.equal(await tab.page.locator('#connections-dialog').isVisible(), false);
  });

  test('there may be none, or no answer', async (t) => {
    const tab = await openWith(t, undefined);
    await show(tab);
    await tab.waitForText('No help desk is connected to this organization.');
    const unavailable = await openWith(t, UNAVAILABLE);
    await show(unavailable);
    await unavailable.waitForText('The service is not available at the moment.');
  });

  test('who may not change settings does not see the button', async (t) => {
    const tab = await openWith(t, undefined, (organization) => organization.departmentHeadToken(['d-sales']));
    assert.equal(await tab.page.getByRole('button', { name: 'Help desks' }).count(), 0);
  });
});
