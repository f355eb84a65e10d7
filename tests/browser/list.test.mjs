// What the list shows, and what the user can do with it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeInBrowser } from './environment.mjs';
import { HOUR, MINUTE, superadminToken } from './organization.mjs';
import { errorResponse, INTERNAL } from './responses.mjs';

describeInBrowser('a row', (env) => {
  test('shows who is waiting, how long, why, where and who is responsible', async (t) => {
    const organization = env
      .organization()
      .addWaiting('a', 95, {
        name: 'Ada Byrne',
        phone: '+442079460307',
        channelType: 'webchat',
        departmentId: 'd-sales',
      })
      .addWaiting('b', 80, { name: 'Ben Oduya', departmentId: 'd-support', agent: 'u-alice', takeover: 45 })
      .addWaiting('c', 10, { name: 'Cleo Sato', channelType: 'pigeon_post' });
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    assert.deepEqual(await tab.contacts(), ['Ada Byrne', 'Ben Oduya', 'Cleo Sato']);
    assert.deepEqual(await tab.column('wait'), ['1 h 35 min', '45 min\n1 h 20 min in total', '10 min']);
    assert.deepEqual(await tab.column('contact'), ['Ada Byrne\n+442079460307', 'Ben Oduya', 'Cleo Sato']);
    assert.deepEqual(await tab.column('why'), [
      'Autopilot stuck\nIt has not replied',
      'Agent silent\nNo reply since taking over',
      'Autopilot stuck\nIt has not replied',
    ]);
    assert.deepEqual(await tab.column('channel'), ['Web chat', 'WhatsApp', 'pigeon post']);
    assert.deepEqual(await tab.column('department'), ['Sales & Orders', 'Support', 'No department']);
    assert.deepEqual(await tab.column('assignees'), ['Nobody', 'Alice Rivera', 'Nobody']);
    assert.equal(await tab.page.title(), '3 waiting – Conversation Monitor');
    assert.equal(await tab.renderedText('#organization-name'), 'Hazelnut & Co');
    const lines = async (list) => (await tab.renderedTexts(`${list} li`)).map((text) => text.replaceAll('\n', ' '));
    assert.deepEqual(await lines('#total-categories'), ['2 Autopilot stuck', '1 Agent silent']);
    assert.deepEqual(await lines('#histogram'), [
      '1 5–15 min',
      '0 15–30 min',
      '1 30–60 min',
      '1 1–4 h',
      '0 4–24 h',
      '0 24 h +',
    ]);
  });

  test('updates its age between responses, by the clock of the server', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 10));
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    assert.deepEqual(await tab.column('wait'), ['10 min']);
    await tab.advance(59_000);
    assert.deepEqual(await tab.column('wait'), ['10 min']);
    await tab.advance(1_000);
    assert.deepEqual(await tab.column('wait'), ['11 min']);
    // The browser's clock is an hour slow.
    tab.date = tab.now + HOUR;
    await tab.nextPoll(tab.advisedPause() - MINUTE);
    await tab.waitForText('1 h 11 min');
  });

  test('leads a department head to the conversation only where they have access', async (t) => {
    const organization = env
      .organization()
      .addWaiting('a', 30, { departmentId: 'd-sales', agent: 'u-alice' })
      .addWaiting('b', 20, { departmentId: 'd-sales', agent: 'u-bo' })
      .addWaiting('c', 15, { departmentId: 'd-support', agent: 'u-alice' });
    await env.publish(organization);
    const tab = await env.open(t, { token: organization.departmentHeadToken(['d-sales']) });
    await tab.waitUntilIdle();
    assert.deepEqual(await tab.contacts(), ['Customer a', 'Customer b']);
    assert.deepEqual(await tab.column('access'), ['Access', 'No access']);
    await tab.page.getByText('Customer b').click();
    await tab.waitForText('The customer wrote, and nobody has replied');
    assert.equal(await tab.page.locator('.details-row:visible').count(), 1);
    assert.equal(await tab.page.getByRole('link', { name: 'Open in your CRM' }).count(), 0);
    assert.equal(
      await tab.page.getByRole('button', { name: 'Change threshold' }).count(),
      0,
      'a department head may not set the threshold either',
    );
  });

  test('unfolds everything that is known, and folds again', async (t) => {
    const organization = await env.publish(env.organization().addWaiting('a', 30, { phone: '+447700900123' }));
    const tab = await env.open(t, { token: organization.adminToken() });
    const button = tab.page.getByRole('button', { name: 'Customer a' });
    await button.click();
    assert.equal(await button.getAttribute('aria-expanded'), 'true');
    const details = await tab.renderedText('.details');
    for (const text of ['30 min ago', '+447700900123', 'c-a', 'p-a', 'm-a', 'No department'])
      assert.ok(details.includes(text), text);
    await button.click();
    assert.equal(await tab.page.locator('.details-row:visible').count(), 0);
  });

  test('shows every name as text, never as markup', async (t) => {
    const payloads = [
      '<img src=x onerror="pwned=1">',
      '"><script>pwned=1</script>',
      "{{constructor.constructor('pwned=1')()}}",
      '<svg onload=pwned=1>',
      '&lt;b&gt;',
      'javascript:pwned=1',
    ];
    const [name, department, user, contact, phone, channel] = payloads;
    const organization = env.organization({
      name,
      departments: [{ departmentId: 'd', name: department }],
      users: [{ userId: 'u', fullName: user }],
    });
    await env.publish(
      organization.addWaiting('<b>x</b>', 30, {
        name: contact,
        phone,
        channelType: channel,
        departmentId: 'd',
        agent: 'u',
      }),
    );
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    assert.equal(await tab.renderedText('#organization-name'), name);
    assert.deepEqual(await tab.column('contact'), [`${contact}\n${phone}`]);
    assert.deepEqual(await tab.column('department'), [department]);
    assert.deepEqual(await tab.column('assignees'), [user]);
    assert.deepEqual(await tab.column('channel'), [channel]);
    await tab.page.locator('#rows .control').click();
    assert.ok((await tab.renderedText('.details')).includes('c-<b>x</b>'));
    assert.ok((await tab.renderedTexts('#department option')).includes(department));
    assert.equal(await tab.page.evaluate(() => 'pwned' in globalThis), false);
    assert.equal(await tab.page.locator('#rows :is(img, script, b)').count(), 0);
  });
});

describeInBrowser('the user can', (env) => {
  async function sample() {
    const organization = env
      .organization()
      .addWaiting('a', 60, { departmentId: 'd-sales' })
      .addWaiting('b', 50, { departmentId: 'd-support', agent: 'u-alice' })
      .addWaiting('c', 40, { departmentId: 'd-support' })
      .addWaiting('d', 2);
    return env.publish(organization);
  }

  test('filter by category, department and threshold, and the address says so', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    const seen = async () => {
      await tab.waitUntilIdle();
      return [(await tab.contacts()).map((name) => name.slice(-1)).join(''), new URL(tab.page.url()).search];
    };
    assert.deepEqual(await seen(), ['abc', '']);
    await tab.page.getByLabel('Agent silent').check();
    assert.deepEqual(await seen(), ['b', '?category=agent_abandoned']);
    await tab.page.getByLabel('All').first().check();
    await tab.page.getByLabel('Department', { exact: true }).selectOption({ label: 'Support' });
    assert.deepEqual(await seen(), ['bc', '?departmentId=d-support']);
    await tab.page.getByLabel('Department', { exact: true }).selectOption({ label: 'All departments' });
    await tab.page.getByLabel('Everyone waiting').check();
    assert.deepEqual(await seen(), ['abcd', '?skipThreshold=true']);
    await tab.page.reload();
    await tab.waitUntilReady();
    assert.deepEqual(await seen(), ['abcd', '?skipThreshold=true']);
    assert.equal(await tab.page.getByLabel('Everyone waiting').isChecked(), true);
    await tab.page.goBack();
    assert.deepEqual(await seen(), ['abc', '']);
    assert.equal(await tab.page.getByLabel('Everyone waiting').isChecked(), false);
  });

  test('open an address with invalid filters', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, {
      token: organization.adminToken(),
      query: '?page=zero&limit=7&category=both&skipThreshold=maybe&snapshot=&departmentId=',
    });
    await tab.waitUntilIdle();
    assert.equal((await tab.contacts()).length, 3);
  });

  test('see a filter by an unknown department, and clear it', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken(), query: '?departmentId=gone' });
    await tab.waitForText('Nobody is waiting here');
    assert.equal(await tab.page.getByLabel('Department', { exact: true }).inputValue(), 'gone');
    await tab.page.getByRole('button', { name: 'Clear the filters' }).click();
    await tab.waitForText('Customer a');
  });

  test('save the whole list as CSV, from exactly the snapshot on the screen', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken(), query: '?departmentId=d-support&limit=50' });
    await tab.waitUntilIdle();
    const [download] = await Promise.all([
      tab.page.waitForEvent('download'),
      tab.page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    assert.match(download.suggestedFilename(), new RegExp(`^waiting-${organization.organizationId}-[\\dT-]+\\.csv$`));
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    assert.match(lines[0], /^\uFEFF?conversationId/);
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',')[0]),
      ['c-b', 'c-c'],
    );
    await tab.waitForText('The CSV file was saved.');
    const query = new URLSearchParams(tab.responses.find(({ path }) => path.endsWith('.csv')).query);
    assert.deepEqual([...query.keys()].sort(), ['departmentId', 'snapshot']);

    await t.test('and rely on a truncated CSV not being saved', async () => {
      /** @type {{ fault: import('./dashboard-tab.mjs').Fault, text: string }[]} */
      const cases = [
        { fault: 'cut', text: 'Download failed; nothing was saved.' },
        { fault: INTERNAL, text: 'The CSV could not be created.' },
      ];
      const before = tab.downloads.length;
      for (const { fault, text } of cases) {
        tab.fault = ({ name }) => (name === 'report.csv' ? fault : undefined);
        await tab.page.getByRole('button', { name: 'Download CSV' }).click();
        await tab.waitForText(text);
        assert.equal(tab.downloads.length, before);
        assert.equal(await tab.page.getByRole('button', { name: 'Download CSV' }).getAttribute('aria-disabled'), null);
      }
    });
  });

  test('change the threshold within its bounds, if their role may', async (t) => {
    const organization = await sample();
    const tab = await env.open(t, { token: organization.adminToken() });
    await tab.waitUntilIdle();
    await tab.page.getByRole('button', { name: 'Change threshold' }).click();
    const field = tab.page.getByRole('spinbutton', { name: 'Minutes, from 1' });
    const puts = () => tab.responses.filter(({ method }) => method === 'PUT').length;
    for (const wrong of ['', '0', '10081', '1.5']) {
      await field.fill(wrong);
      await tab.page.getByRole('button', { name: 'Save' }).click();
      await tab.waitForText('Enter a whole number from 1 to 10,080.');
    }
    assert.equal(puts(), 0);
    await field.fill('45');
    await tab.page.getByRole('button', { name: 'Save' }).click();
    await tab.waitForText('Threshold set to 45 minutes.');
    assert.equal(puts(), 1);
    await tab.waitForText('Over 45 minutes');
    assert.deepEqual(await tab.contacts(), ['Customer a', 'Customer b'], 'the list follows at once');
    assert.equal(await tab.page.locator('#threshold-dialog').isVisible(), false);

    await t.test('and read why it was not changed', async () => {
      tab.fault = ({ method }) =>
        method === 'PUT' ? errorResponse(403, 'FORBIDDEN', 'Only administrators may.') : undefined;
      await tab.page.getByRole('button', { name: 'Change threshold' }).click();
      await tab.page.getByRole('button', { name: 'Save' }).click();
      await tab.waitForText('Not saved. Only administrators may.');
      await tab.page.keyboard.press('Escape');
      assert.equal(await tab.page.locator('#threshold-dialog').isVisible(), false);
    });
  });

  test('search for another organization and switch to it, as a superadmin', async (t) => {
    const first = await env.publish(env.organization({ name: 'Walnut Books' }).addWaiting('w', 10));
    const second = await env.publish(
      env.organization({ name: 'Chestnut Travel' }).addWaiting('t', 10, { departmentId: 'd-sales' }),
    );
    const tab = await env.open(t, {
      token: superadminToken(),
      query: `?organizationId=${first.organizationId}&departmentId=d-sales`,
    });
    await tab.waitForText('Nobody is waiting here');
    await tab.page.getByRole('button', { name: 'Change organization' }).click();
    await tab.waitForText('Chestnut Travel');
    await tab.page.getByLabel('Search by name or id').fill('chestn');
    await tab.advance(300);
    await tab.waitForNoText('Hazelnut & Co');
    await tab.page.getByRole('button', { name: 'Chestnut Travel' }).click();
    await tab.waitForText('Customer t');
    assert.equal(new URL(tab.page.url()).search, `?organizationId=${second.organizationId}`);
    await tab.waitUntilIdle();
    assert.equal(await tab.renderedText('#organization-name'), 'Chestnut Travel');

    await t.test('and see them again where the dialog is closed and opened at once', async () => {
      await tab.page.getByRole('button', { name: 'Change organization' }).click();
      await tab.page.locator('.choice').first().waitFor();
      await tab.clickInOneTask('organization-cancel', 'organization-change');
      await tab.page.locator('.choice').first().waitFor();
    });
  });
});
