// A supervisor's morning: somebody wrote after hours and nobody answered.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { REPORT, settingsOf } from '../workerd/harness.mjs';
import { describeInBrowser } from './environment.mjs';

const SETTINGS = { hasQueue: true, vars: { DASHBOARD_URL: 'https://monitor.example/' } };
const DAY_MINUTES = 24 * 60;
const OPENS = 8 * 60;
const CLOSES = 17 * 60;

/**
 * Business hours from 08:00 to 17:00 on all days, in a time zone in which it is past seven in the morning at an
 * instant.
 *
 * @param {number} now
 */
function daytimeHours(now) {
  const behind = new Date(now).getUTCHours() - 7;
  // It may be the same hour of another day: no zone is that far behind.
  const hours = behind > 12 ? behind - 24 : behind;
  // The names of these zones have the sign of the time in Greenwich.
  const timeZone = `Etc/GMT${hours < 0 ? '' : '+'}${hours}`;
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  return { timeZone, weekly: Object.fromEntries(days.map((day) => [day, [['08:00', '17:00']]])) };
}

describeInBrowser(
  'a supervisor',
  (env) => {
    test('comes in the morning, is told who waits, and sees to it', async (t) => {
      const organization = env.organization({ users: [{ userId: 'u-admin', fullName: 'Maud Ellery' }] });
      const { organizationId } = organization;
      const token = organization.adminToken();
      /** What came, and who waits for it. */
      const received = [];
      let notify = () => {};
      env.receive = async (request) => {
        received.push(JSON.parse(await request.text()));
        notify();
        return new Response('ok');
      };
      const put = async (target, body) => {
        const headers = { 'Content-Type': 'application/json' };
        const answer = await env.service.fetch(target, { method: 'PUT', token, headers, body: JSON.stringify(body) });
        assert.equal(answer.status, 200, await answer.text());
      };
      const alerts = `/api/organizations/${organizationId}/alerts`;
      /** The next message of an alert, once the service knows that it has arrived. */
      const alert = async () => {
        while (received.length === 0) {
          await new Promise((resolve) => {
            notify = () => resolve(undefined);
          });
        }
        for (;;) {
          const { data } = await (await env.service.fetch(alerts, { token })).json();
          if (data.destinations[0].delivery.waitingSince === null) break;
        }
        return received.shift();
      };
      const says = (direction, sender) => ({
        type: 'message',
        organizationId,
        updatedAt: new Date(env.now).toISOString(),
        messageId: `${direction} at ${env.now}`,
        conversationId: 'c-jane',
        at: new Date(env.now).toISOString(),
        direction,
        sender,
      });

      // It is past seven. Somebody wrote two minutes before the end of yesterday, and the autopilot has been silent
      // since.
      await env.publish(organization);
      const sincePastSeven = new Date(env.now).getUTCMinutes();
      await put(settingsOf(organizationId), { thresholdMinutes: 5, businessHours: daytimeHours(env.now) });
      await put(alerts, {
        destinations: [
          {
            id: 'desk',
            url: 'https://desk.brindlewick.co.uk/',
            format: 'slack',
            categories: ['ai_stuck', 'agent_abandoned'],
          },
        ],
      });
      await env.refresh();
      const sinceYesterday = DAY_MINUTES - (CLOSES - 2) + 7 * 60 + sincePastSeven + 1;
      await env.publish(organization.addWaiting('jane', sinceYesterday, { name: 'Jane Okafor' }));
      const listed = async () => (await (await env.service.fetch(REPORT, { token })).json()).data.totalCount;
      assert.equal(await listed(), 0);

      // Eight o'clock, and two minutes more: four of business hours are not five.
      await env.refresh(OPENS - 7 * 60 - sincePastSeven - 1 + 2);
      assert.equal(await listed(), 0);
      assert.deepEqual(received, []);
      await env.refresh();
      const first = await alert();
      assert.equal(first.text, '1 conversation waiting for an answer');
      assert.match(JSON.stringify(first.blocks), /Jane Okafor · 5 min · whatsapp/);

      // She looks: it is the row, and the row says why.
      const tab = await env.open(t, { token });
      await tab.waitUntilIdle();
      assert.deepEqual(await tab.contacts(), ['Jane Okafor']);
      await tab.page.getByRole('button', { name: 'Jane Okafor' }).click();
      await tab.waitForText('The customer wrote, and nobody has replied');
      await tab.screenshot('morning-evidence');

      // She takes it, and it is off everybody's list. Where the alerts go, it is over.
      await tab.page.locator('.story:visible').getByLabel('Note for colleagues').fill('Calling her back');
      await tab.page.getByRole('button', { name: 'Take off the list' }).click();
      await tab.waitForText('Jane Okafor is off the list.');
      await env.refresh();
      assert.equal((await alert()).text, '1 conversation cleared');
      await tab.nextPoll();
      assert.deepEqual(await tab.contacts(), []);

      // The customer writes again, before anybody has called.
      await env.service.post([says('inbound', 'contact')]);
      await env.refresh();
      await tab.nextPoll();
      assert.deepEqual(await tab.contacts(), ['Jane Okafor']);
      assert.equal((await alert()).text, '1 conversation waiting for an answer');

      // Now she answers, and all of it is over.
      await env.service.post([says('outbound', 'human')]);
      await env.refresh();
      assert.equal((await alert()).text, '1 conversation cleared');
      await tab.nextPoll();
      assert.deepEqual(await tab.contacts(), []);
      await env.refresh();
      assert.deepEqual(received, []);
    });
  },
  SETTINGS,
);
