// What an unfolded row tells, and taking it off the list.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';
import { superadminToken } from './organization.mjs';
import { errorResponse } from './responses.mjs';

/** The requests about conversations, without those of the report. */
const asked = (tab) => tab.responses.filter(({ path }) => path.includes('/conversations/'));

describeInBrowser('an unfolded row', (env) => {
  test('tells what happened, and what each of it meant', async (t) => {
    const organization = env.organization().addWaiting('a', 30).addReply('a', 20, 'failed');
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    assert.equal(asked(tab).length, 0, 'a row that is folded asks for nothing');
    const button = tab.page.getByRole('button', { name: 'Customer a' });
    await button.click();
    await tab.waitForText('A reply of the autopilot failed to send');
    assert.deepEqual(await tab.renderedTexts('.story-items li span'), [
      'The customer wrote, and nobody has replied',
      'A reply of the autopilot failed to send',
    ]);
    await button.click();
    await button.click();
    assert.equal(asked(tab).length, 1, 'the row has not changed');
  });

  test('says when somebody will be listed who is below the threshold, and who has waited for too long', async (t) => {
    const organization = env
      .organization()
      .addWaiting('a', 30)
      .addWaiting('b', 3 * 24 * 60);
    await env.publish(organization);
    await env.set(organization, { thresholdMinutes: 45, maxAgeDays: 2 });
    const tab = await env.open(t, { token: organization.adminToken(), query: '?skipThreshold=true' });
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    await tab.waitForText('This is below its threshold of 45 minutes, and will be listed at ');
    await tab.page.getByRole('button', { name: 'Customer b' }).click();
    await tab.waitForText('This has waited for longer than the list goes back.');
  });

  test('tells the last items first, and all if somebody asks', async (t) => {
    const organization = env.organization().addWaiting('a', 30);
    const at = (minutes) => new Date(env.now - minutes * 60_000).toISOString();
    await env.publish(organization);
    await env.service.post(
      Array.from({ length: 25 }, (_, number) => ({
        type: 'message',
        organizationId: organization.organizationId,
        updatedAt: at(20),
        messageId: `again-${number}`,
        conversationId: 'c-a',
        at: at(20 - number / 10),
        direction: 'inbound',
        sender: 'contact',
      })),
    );
    await env.service.refresh(env.now);
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    await tab.page.getByRole('button', { name: 'Show all 26' }).click();
    assert.equal((await tab.renderedTexts('.story-items li')).length, 26);
  });

  test('says why there is no story, and asks again when it is unfolded again', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await env.open(t, {
      token: organization.adminToken(),
      fault: ({ path }) =>
        path.includes('/conversations/') ? errorResponse(503, 'UNAVAILABLE', 'Not right now.') : undefined,
    });
    const button = tab.page.getByRole('button', { name: 'Customer a' });
    await button.click();
    await tab.waitForText('The story is not available. Not right now.');
    tab.fault = () => undefined;
    await button.click();
    await button.click();
    await tab.waitForText('The customer wrote, and nobody has replied');
  });
});

describeInBrowser('a supervisor', (env) => {
  test('takes a row off the list, and colleagues see who has it after the next refresh', async (t) => {
    const organization = env.organization({
      users: [{ userId: 'u-admin', fullName: 'Maud Ellery' }],
    });
    await env.publish(organization.addWaiting('a', 30).addWaiting('b', 20));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    await tab.page.locator('.story:visible').getByLabel('Note for colleagues').fill('Called back');
    await tab.page.getByRole('button', { name: 'Take off the list' }).click();
    await tab.waitForText('Customer a is off the list.');
    assert.deepEqual(await tab.contacts(), ['Customer b']);
    const [put] = asked(tab).filter(({ method }) => method === 'PUT');
    assert.equal(put.status, 200);

    await env.refresh();
    const colleague = await env.open(t, { token: organization.adminToken({ sub: 'u-other' }) });
    await colleague.waitUntilIdle();
    assert.deepEqual(await colleague.contacts(), ['Customer b']);
    await colleague.page.getByLabel('Acknowledged').check();
    await colleague.page.getByRole('button', { name: 'Customer a' }).click();
    const details = await colleague.renderedText('.details:visible');
    for (const text of ['Maud Ellery', 'Called back']) assert.ok(details.includes(text), details);
    await colleague.page.getByRole('button', { name: 'Put back on the list' }).click();
    await colleague.waitForText('Customer a will be back on the list after the next refresh.');
    assert.deepEqual(await colleague.contacts(), []);

    await env.refresh();
    await tab.nextPoll();
    assert.deepEqual(await tab.contacts(), ['Customer a', 'Customer b']);
  });

  test('takes it back at once', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30).addWaiting('b', 20));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    await tab.page.getByRole('button', { name: 'Take off the list' }).click();
    await tab.waitForText('Customer a is off the list.');
    await tab.page.getByRole('button', { name: 'Undo' }).click();
    await tab.waitForText('Customer a will be back on the list');
    assert.deepEqual(await tab.contacts(), ['Customer a', 'Customer b']);
    await env.refresh();
    await tab.nextPoll();
    assert.deepEqual(await tab.contacts(), ['Customer a', 'Customer b']);
  });

  test('reads why it was not taken off', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    await env.send(organization.addReply('a', 0));
    await tab.page.getByRole('button', { name: 'Take off the list' }).click();
    await tab.waitForText('Nobody waits in this conversation any more');
    assert.deepEqual(await tab.contacts(), ['Customer a']);
  });

  test('does so in the organization that the page is about', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30));
    const query = `?organizationId=${organization.organizationId}`;
    const tab = await env.open(t, { token: superadminToken(), query });
    await tab.page.getByRole('button', { name: 'Customer a' }).click();
    await tab.waitForText('The customer wrote, and nobody has replied');
    await tab.page.getByRole('button', { name: 'Take off the list' }).click();
    await tab.waitForText('Customer a is off the list.');
    assert.deepEqual(
      asked(tab).map((request) => [request.method, `?${request.query}`]),
      [
        ['GET', query],
        ['PUT', query],
      ],
    );
  });
});
