// The dialog of the destinations of alerts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';
import { alertDestination, alertsAnswer, errorResponse, RATE_LIMITED, UNAVAILABLE } from './responses.mjs';

const ADDRESS = 'https://hooks.brindlewick.co.uk/services/T0000/B0000/a-secret-path';
const SECRET = `whsec_${'c3'.repeat(22)}`;

describeInBrowser('the alerts', (env) => {
  const sample = (options) => env.publish(env.organization(options).addWaiting('a', 60, { departmentId: 'd-sales' }));
  const open = async (t, organization, options) => {
    const tab = await env.open(t, { token: organization.adminToken(), ...options });
    await tab.waitUntilIdle();
    const bodies = [];
    tab.page.on('request', (request) => {
      if (request.method() === 'PUT') bodies.push(JSON.parse(request.postData()));
    });
    await tab.page.getByRole('button', { name: 'Alerts' }).click();
    return { tab, dialog: tab.page.locator('#alerts-dialog'), bodies };
  };
  const openWith = (t, organization, fault) =>
    open(t, organization, { fault: ({ name }) => (name === 'alerts' ? fault : undefined) });
  const press = (dialog, name) => dialog.getByRole('button', { name, exact: true }).click();
  const focused = (tab) => tab.page.evaluate(() => document.activeElement.id);
  const lines = (tab) => tab.renderedTexts('#alerts > li > ul > li');
  const add = async (dialog, { id = 'desk', url = ADDRESS, format = 'Slack' }) => {
    await press(dialog, 'Add a destination');
    await dialog.getByLabel('Name', { exact: true }).fill(id);
    await dialog.getByLabel('Kind').selectOption({ label: format });
    await dialog.getByLabel('Address', { exact: true }).fill(url);
  };
  const stored = async (organization) => {
    const response = await env.service.fetch(`/api/organizations/${organization.organizationId}/alerts`, {
      token: organization.adminToken(),
    });
    return (await response.json()).data.destinations.map(({ delivery, ...rest }) => rest);
  };

  test('a destination can be added, tried out, switched off and on, changed and removed', async (t) => {
    const organization = await sample();
    const { tab, dialog } = await open(t, organization);
    await tab.waitForText('There is no destination yet.');

    await t.test('closed and opened again at once they are loaded again', async () => {
      await tab.clickInOneTask('alerts-close', 'alerts-show');
      await tab.waitForText('There is no destination yet.');
    });

    await add(dialog, {});
    await dialog.getByLabel('Departments').selectOption({ label: 'Sales & Orders' });
    await dialog.getByLabel('Minutes after which').fill('15');
    await dialog.getByLabel('Nobody assigned').check();
    await press(dialog, 'Save');
    await tab.waitForText('Told of: Autopilot stuck');
    const expected = {
      id: 'desk',
      host: 'hooks.brindlewick.co.uk',
      urlEnd: 'path',
      format: 'slack',
      categories: ['ai_stuck', 'agent_abandoned', 'unassigned'],
      departmentIds: ['d-sales'],
      afterMinutes: 15,
      enabled: true,
    };
    assert.deepEqual(await stored(organization), [expected]);
    assert.equal(await tab.renderedText('#alerts code'), 'hooks.brindlewick.co.uk … path');
    assert.equal(
      (await lines(tab))[0],
      'Told of: Autopilot stuck, Agent silent, Nobody assigned; only of Sales & Orders; after 15 minutes, or the threshold if that is more.',
    );
    assert.equal(await dialog.getByText('a-secret-path').count(), 0);

    env.receive = () => new Response('no', { status: 404 });
    await press(dialog, 'Send a sample desk');
    await tab.waitForText('The sample was not delivered. The receiver answered 404.');
    env.receive = () => new Response('ok');
    await press(dialog, 'Send a sample desk');
    await tab.waitForText('The sample was delivered.');

    await press(dialog, 'Switch off desk');
    await tab.waitForText('It is switched off.');
    assert.deepEqual(await stored(organization), [{ ...expected, enabled: false }]);
    assert.equal(await tab.page.evaluate(() => document.activeElement.textContent), 'Switch on desk');
    await press(dialog, 'Switch on desk');
    await tab.waitForNoText('It is switched off.');

    await press(dialog, 'Change desk');
    await dialog.getByRole('button', { name: 'Remove the department Sales & Orders' }).click();
    await dialog.getByLabel('Minutes after which').fill('');
    await dialog.getByLabel('Autopilot stuck').uncheck();
    await press(dialog, 'Save');
    await tab.waitForText('Told of: Agent silent, Nobody assigned.');
    const changed = {
      ...expected,
      categories: ['agent_abandoned', 'unassigned'],
      departmentIds: null,
      afterMinutes: null,
    };
    assert.deepEqual(await stored(organization), [changed], 'its address stays');

    await press(dialog, 'Remove desk');
    await tab.page.keyboard.press('Tab');
    await press(dialog, 'Remove desk');
    await press(dialog, 'Remove for good desk');
    await tab.waitForText('There is no destination yet.');
    assert.deepEqual(await stored(organization), []);
    assert.equal(await focused(tab), 'alert-add');
  });

  test('what is wrong is said at its field, by the page or by the service', async (t) => {
    const organization = await sample();
    const { tab, dialog, bodies } = await open(t, organization);
    await add(dialog, { id: 'the desk', url: '' });
    const refused = async (member, text, focusedId = `alert-${member}`) => {
      await press(dialog, 'Save');
      await dialog.locator(`#alert-${member}-problem`).getByText(text).waitFor();
      assert.equal(await focused(tab), focusedId);
      assert.equal(await tab.page.evaluate(() => document.activeElement.ariaInvalid), 'true');
      assert.equal(await dialog.locator('.field-problem:not(:empty)').count(), 1);
    };
    await refused('id', 'Type a name of 1 to 64 letters, digits, - and _.');
    await dialog.getByLabel('Name', { exact: true }).fill('desk');
    await refused('url', 'Paste the address of the webhook.');
    await dialog.getByLabel('Address', { exact: true }).fill(ADDRESS);
    await dialog.getByLabel('Minutes after which').fill('0');
    await refused('afterMinutes', 'Enter a whole number from 1 to 10,080, or nothing.', 'alert-after');
    await dialog.getByLabel('Minutes after which').fill('10080');
    for (const name of ['Autopilot stuck', 'Agent silent']) await dialog.getByLabel(name).uncheck();
    await refused('categories', 'Choose at least one.', 'alert-ai_stuck');
    await dialog.getByLabel('Snoozed').check();
    await dialog.getByLabel('Kind').selectOption({ label: 'Signed webhooks' });
    await refused('secret', 'Messages of this kind are signed: paste the secret, or make one.');
    assert.equal(bodies.length, 0);

    for (const [url, text] of [
      ['http://hooks.brindlewick.co.uk/', 'The address must be an https URL.'],
      ['https://localhost/hook', 'The address must be on a public host: no private address'],
      ['https://hooks.brindlewick.co.uk:8443/', 'The address must not name another port than 443.'],
    ]) {
      await dialog.getByLabel('Secret', { exact: true }).fill(SECRET);
      await dialog.getByLabel('Address', { exact: true }).fill(url);
      await refused('url', text);
    }
    await dialog.getByLabel('Address', { exact: true }).fill(ADDRESS);
    await dialog.getByLabel('Secret', { exact: true }).fill('whsec_c2hvcnQ=');
    await refused('secret', /^The secret must /);
    await dialog.getByRole('button', { name: 'Make a new one' }).click();
    const made = await dialog.getByLabel('Secret', { exact: true }).inputValue();
    assert.match(made, /^whsec_[A-Za-z0-9+/]{43}=$/);
    await press(dialog, 'Save');
    await tab.waitForText('Told of: Snoozed; after 10,080 minutes');
    await add(dialog, { id: 'desk' });
    await refused('id', 'There is already a destination with this name.');
    await press(dialog, 'Cancel');
    assert.equal((await stored(organization)).length, 1);
  });

  test('a secret is replaced by two of them first, stays if it is left out, and is kept nowhere', async (t) => {
    const organization = await sample();
    const { tab, dialog, bodies } = await open(t, organization);
    await add(dialog, { format: 'Signed webhooks' });
    await dialog.getByLabel('Secret', { exact: true }).fill(SECRET);
    await press(dialog, 'Save');
    await dialog.getByRole('button', { name: 'Change desk' }).click();
    assert.equal(await dialog.getByLabel('Secret', { exact: true }).inputValue(), '');
    await dialog.getByLabel('Old secret').fill(SECRET);
    await press(dialog, 'Save');
    await tab.waitForText('Messages of this kind are signed');
    await dialog.getByRole('button', { name: 'Make a new one' }).click();
    const made = await dialog.getByLabel('Secret', { exact: true }).inputValue();
    await press(dialog, 'Save');
    await dialog.getByRole('button', { name: 'Change desk' }).click();
    await dialog.getByLabel('Minutes after which').fill('7');
    await press(dialog, 'Save');
    await tab.waitForText('after 7 minutes');
    assert.deepEqual(
      bodies.map(({ destinations: [{ secret, url }] }) => [secret, url]),
      [
        [SECRET, ADDRESS],
        [[made, SECRET], undefined],
        [undefined, undefined],
      ],
    );
    await dialog.getByRole('button', { name: 'Change desk' }).click();
    await dialog.getByLabel('Secret', { exact: true }).fill(SECRET);
    await tab.page.keyboard.press('Escape');
    // The event that says that the dialog has closed comes a moment later.
    await tab.page.waitForFunction(() =>
      [...document.querySelectorAll('input')].every(({ value }) => value.length < 30),
    );
    const kept = await tab.page.evaluate(() => [
      ...[...document.querySelectorAll('input')].map(({ value }) => value),
      JSON.stringify(localStorage),
      ...Object.entries(sessionStorage).flat(),
    ]);
    assert.ok(kept.every((each) => !each.includes('whsec_') && !each.includes('a-secret-path')));
    assert.ok(tab.addresses.every((each) => !each.includes('whsec_')));
  });

  test('what somebody else has changed meanwhile is not lost', async (t) => {
    const organization = await sample();
    const { tab, dialog } = await open(t, organization);
    await add(dialog, { id: 'one' });
    await press(dialog, 'Save');
    await tab.waitForText('Told of:');
    const { tab: other, dialog: theirs } = await open(t, organization);
    await add(theirs, { id: 'two' });
    await press(theirs, 'Save');
    await theirs.getByRole('button', { name: 'Change two' }).waitFor();
    await press(dialog, 'Switch off one');
    await dialog.getByRole('button', { name: 'Change two' }).waitFor();
    assert.deepEqual(
      (await stored(organization)).map(({ id, enabled }) => [id, enabled]),
      [
        ['one', false],
        ['two', true],
      ],
    );
    await other.close();
  });

  test('what became of messages is said if the service says it', async (t) => {
    const name = '<img src=x onerror="pwned=1">';
    const organization = await sample({ departments: [{ departmentId: 'd-sales', name }] });
    const at = (minutes) => new Date(env.now - minutes * 60_000).toISOString();
    const destinations = [
      alertDestination({ id: 'silent' }),
      alertDestination({ id: 'new', delivery: {} }),
      alertDestination({ id: 'sound', delivery: { sent: 1204, sentAt: at(3) } }),
      alertDestination({
        id: 'troubled',
        delivery: {
          waitingSince: at(12),
          attempts: 3,
          problem: 'The receiver answered 404.',
          sent: 1,
          sentAt: at(90),
          givenUp: 2,
        },
      }),
    ];
    const { tab, dialog } = await openWith(t, organization, alertsAnswer(destinations));
    await tab.waitForText('troubled');
    assert.deepEqual(
      (await lines(tab)).filter((line) => !line.startsWith('Told of')),
      [
        'No message has been sent yet.',
        '1,204 messages were sent, the last one 3 min ago.',
        'A message has been waiting for 12 min, and 3 attempts have failed. The receiver answered 404.',
        '2 messages were given up after a day.',
        'One message was sent, the last one 1 h 30 min ago.',
      ],
    );
    assert.equal(await tab.page.locator('#alerts [data-state="failing"]').count(), 1);

    await t.test('names are text', async () => {
      const named = alertDestination({ id: 'desk', departmentIds: ['d-sales', name], delivery: { problem: name } });
      await tab.page.keyboard.press('Escape');
      tab.fault = ({ name: requested }) => (requested === 'alerts' ? alertsAnswer([named]) : undefined);
      await tab.page.getByRole('button', { name: 'Alerts' }).click();
      await tab.waitForText('The last attempt failed.');
      await press(dialog, 'Change desk');
      assert.deepEqual(await tab.renderedTexts('#alert-departments bdi'), [name, name]);
      assert.equal(await dialog.locator('img').count(), 0);
    });
  });

  test('there are at most ten, and there may be no response', async (t) => {
    const organization = await sample();
    const many = Array.from({ length: 10 }, (_, index) => alertDestination({ id: `desk-${index}` }));
    const { dialog, tab } = await openWith(t, organization, alertsAnswer(many));
    await dialog.getByRole('button', { name: 'Change desk-9' }).waitFor();
    const button = dialog.getByRole('button', { name: 'Add a destination' });
    assert.equal(await button.getAttribute('aria-disabled'), 'true');
    await button.click({ force: true });
    assert.equal(await dialog.locator('#alert-form').isVisible(), false);
    tab.fault = ({ name, method }) =>
      name === 'test' || method === 'PUT' ? RATE_LIMITED : name === 'alerts' ? alertsAnswer(many) : undefined;
    await press(dialog, 'Send a sample desk-0');
    await tab.waitForText('The sample was not sent. A message of the service.');
    await press(dialog, 'Switch off desk-0');
    await tab.waitForText('Not saved. A message of the service.');
    for (const [fault, text] of /** @type {const} */ ([
      [UNAVAILABLE, 'The service is not available at the moment.'],
      [errorResponse(403, 'FORBIDDEN'), 'A message of the service.'],
    ])) {
      await tab.page.keyboard.press('Escape');
      tab.fault = ({ name }) => (name === 'alerts' ? fault : undefined);
      await tab.page.getByRole('button', { name: 'Alerts' }).click();
      await tab.waitForText(text);
      assert.equal(await dialog.getByRole('button', { name: 'Change desk-9' }).count(), 0);
    }
  });

  test('by keyboard: it opens, is filled in, and closes, and the focus returns', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const { keyboard } = tab.page;
    await tab.page.getByRole('button', { name: 'Alerts' }).focus();
    await keyboard.press('Enter');
    await tab.waitForText('There is no destination yet.');
    assert.equal(await focused(tab), 'alerts-close');
    await keyboard.press('Tab');
    assert.equal(await focused(tab), 'alert-add');
    await keyboard.press('Enter');
    assert.equal(await focused(tab), 'alert-id');
    await keyboard.type('desk');
    await keyboard.press('Tab');
    assert.equal(await focused(tab), 'alert-format');
    await keyboard.press('Tab');
    await keyboard.type(ADDRESS);
    await keyboard.press('Enter');
    await tab.waitForText('Told of:');
    assert.equal(await tab.page.evaluate(() => document.activeElement.textContent), 'Change desk');
    await keyboard.press('Escape');
    assert.equal(await tab.page.locator('#alerts-dialog').isVisible(), false);
    assert.equal(await focused(tab), 'alerts-show');

    await t.test('who may not change settings does not see the button', async () => {
      await tab.signIn(organization.departmentHeadToken(['d-sales']));
      await tab.page.getByRole('button', { name: 'Alerts' }).waitFor({ state: 'hidden' });
      await tab.waitForText('Customer a');
      await tab.waitUntilIdle();
      assert.equal(await tab.page.getByRole('button', { name: 'Alerts' }).count(), 0);
    });
  });
});
