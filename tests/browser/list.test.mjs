// What the list shows, and what she can do with it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { INTERNAL, refusal } from './answers.mjs';
import { HOUR, superadmin } from './company.mjs';
import { onStage } from './stage.mjs';

onStage('a row', (stage) => {
  test('says who, how long, why, where and whose', async (t) => {
    const company = stage
      .company()
      .waits('a', 95, { name: 'Ada Byrne', phone: '+442079460307', channelType: 'webchat', departmentId: 'd-sales' })
      .waits('b', 80, { name: 'Ben Oduya', departmentId: 'd-support', agent: 'u-alice', takeover: 45 })
      .waits('c', 10, { name: 'Cleo Sato', channelType: 'pigeon_post' });
    await stage.publish(company);
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    assert.deepEqual(await scene.contacts(), ['Ada Byrne', 'Ben Oduya', 'Cleo Sato']);
    assert.deepEqual(await scene.column('wait'), ['1 h 35 min', '45 min\n1 h 20 min in all', '10 min']);
    assert.deepEqual(await scene.column('contact'), ['Ada Byrne\n+442079460307', 'Ben Oduya', 'Cleo Sato']);
    assert.deepEqual(await scene.column('why'), [
      'Autopilot stuck\nIt has not replied',
      'Agent silent\nNo reply since taking over',
      'Autopilot stuck\nIt has not replied',
    ]);
    assert.deepEqual(await scene.column('channel'), ['Web chat', 'WhatsApp', 'pigeon post']);
    assert.deepEqual(await scene.column('department'), ['Sales & Orders', 'Support', 'No department']);
    assert.deepEqual(await scene.column('assignees'), ['Nobody', 'Alice Rivera', 'Nobody']);
    assert.deepEqual(await scene.column('access'), ['Access', 'Access', 'Access']);
    assert.equal(await scene.page.title(), '3 waiting – Conversation Monitor');
    assert.equal(await scene.page.locator('#organization-name').innerText(), 'Hazelnut & Co');
    const lines = async (list) =>
      (await scene.page.locator(`${list} li`).allInnerTexts()).map((text) => text.replaceAll('\n', ' '));
    assert.deepEqual(await lines('#total-categories'), ['2 Autopilot stuck', '1 Agent silent']);
    assert.deepEqual(await lines('#histogram'), [
      '0 0–5 min',
      '1 5–15 min',
      '0 15–30 min',
      '1 30–60 min',
      '1 1–4 h',
      '0 4–24 h',
      '0 24 h +',
    ]);
  });

  test('counts on between two answers, by the clock of the server', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 10));
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    assert.deepEqual(await scene.column('wait'), ['10 min']);
    await scene.nextPolls(12);
    assert.deepEqual(await scene.column('wait'), ['11 min']);
    // This machine's clock is an hour slow.
    scene.date = scene.now + HOUR;
    await scene.nextPoll();
    await scene.sees('1 h 11 min');
  });

  test('of a department head is a link only where she has access', async (t) => {
    const company = stage
      .company()
      .waits('a', 30, { departmentId: 'd-sales', agent: 'u-alice' })
      .waits('b', 20, { departmentId: 'd-sales', agent: 'u-bo' })
      .waits('c', 15, { departmentId: 'd-support', agent: 'u-alice' });
    await stage.publish(company);
    const scene = await stage.open(t, { token: company.head(['d-sales']) });
    await scene.settled();
    assert.deepEqual(await scene.contacts(), ['Customer a', 'Customer b']);
    assert.deepEqual(await scene.column('access'), ['Access', 'No access']);
    assert.deepEqual(await scene.page.locator('#rows .row :is(a, button)').allInnerTexts(), ['Customer a']);
    await scene.page.getByText('Customer b').click();
    assert.equal(await scene.page.locator('.details-row:visible').count(), 0);
    assert.equal(
      await scene.page.getByRole('button', { name: 'Change threshold' }).count(),
      0,
      'nor may she set the threshold',
    );
  });

  test('unfolds all that is known, and folds again', async (t) => {
    const company = await stage.publish(stage.company().waits('a', 30, { phone: '+447700900123' }));
    const scene = await stage.open(t, { token: company.admin() });
    const button = scene.page.getByRole('button', { name: 'Customer a' });
    await button.click();
    assert.equal(await button.getAttribute('aria-expanded'), 'true');
    const details = await scene.page.locator('.details').innerText();
    for (const text of ['30 min ago', '+447700900123', 'c-a', 'p-a', 'm-a', 'No department'])
      assert.ok(details.includes(text), text);
    await button.click();
    assert.equal(await scene.page.locator('.details-row:visible').count(), 0);
  });

  test('leads to the conversation where the operator has said where that is', async (t) => {
    const company = await stage.publish(stage.company().waits('a/ü', 30));
    const scene = await stage.open(t, {});
    await scene.page.route(stage.service.url.href, async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(
        'name="conversation-url" content=""',
        'name="conversation-url" content="https://crm.example/c/{conversationId}?tab=1"',
      );
      await route.fulfill({ response, body });
    });
    await scene.page.goto(`${stage.service.url.href}?x#token=${company.admin()}`);
    await scene.page.goto(`${stage.service.url.href}`);
    const link = scene.page.getByRole('link', { name: 'Customer a/ü' });
    await link.waitFor();
    assert.equal(await link.getAttribute('href'), 'https://crm.example/c/c-a%2F%C3%BC?tab=1');
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
  });

  test('shows every name as the text that it is', async (t) => {
    const payloads = [
      '<img src=x onerror="pwned=1">',
      '"><script>pwned=1</script>',
      "{{constructor.constructor('pwned=1')()}}",
      '<svg onload=pwned=1>',
      '&lt;b&gt;',
      'javascript:pwned=1',
    ];
    const [organization, department, user, contact, phone, channel] = payloads;
    const company = stage.company({
      name: organization,
      departments: [{ departmentId: 'd', name: department }],
      users: [{ userId: 'u', fullName: user }],
    });
    await stage.publish(
      company.waits('<b>x</b>', 30, { name: contact, phone, channelType: channel, departmentId: 'd', agent: 'u' }),
    );
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    assert.equal(await scene.page.locator('#organization-name').innerText(), organization);
    assert.deepEqual(await scene.column('contact'), [`${contact}\n${phone}`]);
    assert.deepEqual(await scene.column('department'), [department]);
    assert.deepEqual(await scene.column('assignees'), [user]);
    assert.deepEqual(await scene.column('channel'), [channel]);
    await scene.page.locator('#rows button').click();
    assert.ok((await scene.page.locator('.details').innerText()).includes('c-<b>x</b>'));
    assert.ok((await scene.page.locator('#department option').allInnerTexts()).includes(department));
    assert.equal(await scene.page.evaluate(() => 'pwned' in globalThis), false);
    assert.equal(await scene.page.locator('#rows :is(img, script, b)').count(), 0);
  });
});

onStage('she can', (stage) => {
  async function sample() {
    const company = stage
      .company()
      .waits('a', 60, { departmentId: 'd-sales' })
      .waits('b', 50, { departmentId: 'd-support', agent: 'u-alice' })
      .waits('c', 40, { departmentId: 'd-support' })
      .waits('d', 2);
    return stage.publish(company);
  }

  test('filter by category, department and threshold, and find it in the address again', async (t) => {
    const company = await sample();
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    const seen = async () => {
      await scene.settled();
      return [(await scene.contacts()).map((name) => name.slice(-1)).join(''), new URL(scene.page.url()).search];
    };
    assert.deepEqual(await seen(), ['abc', '']);
    await scene.page.getByLabel('Agent silent').check();
    assert.deepEqual(await seen(), ['b', '?category=agent_abandoned']);
    await scene.page.getByLabel('All').first().check();
    await scene.page.getByLabel('Department').selectOption({ label: 'Support' });
    assert.deepEqual(await seen(), ['bc', '?departmentId=d-support']);
    await scene.page.getByLabel('Department').selectOption({ label: 'All departments' });
    await scene.page.getByLabel('Everyone waiting').check();
    assert.deepEqual(await seen(), ['abcd', '?skipThreshold=true']);
    await scene.page.reload();
    await scene.ready();
    assert.deepEqual(await seen(), ['abcd', '?skipThreshold=true']);
    assert.equal(await scene.page.getByLabel('Everyone waiting').isChecked(), true);
    await scene.page.goBack();
    assert.deepEqual(await seen(), ['abc', '']);
    assert.equal(await scene.page.getByLabel('Everyone waiting').isChecked(), false);
  });

  test('open an address that somebody mistyped', async (t) => {
    const company = await sample();
    const scene = await stage.open(t, {
      token: company.admin(),
      query: '?page=zero&limit=7&category=both&skipThreshold=maybe&snapshot=&departmentId=',
    });
    await scene.settled();
    assert.equal((await scene.contacts()).length, 3);
  });

  test('see a filter by a department that nobody knows, and take it away', async (t) => {
    const company = await sample();
    const scene = await stage.open(t, { token: company.admin(), query: '?departmentId=gone' });
    await scene.sees('Nobody is waiting here');
    assert.equal(await scene.page.getByLabel('Department').inputValue(), 'gone');
    await scene.page.getByRole('button', { name: 'Clear the filters' }).click();
    await scene.sees('Customer a');
  });

  test('save the list as CSV, all of it and of the very snapshot on the screen', async (t) => {
    const company = await sample();
    const scene = await stage.open(t, { token: company.admin(), query: '?departmentId=d-support&limit=50' });
    await scene.settled();
    const [download] = await Promise.all([
      scene.page.waitForEvent('download'),
      scene.page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    assert.match(download.suggestedFilename(), new RegExp(`^waiting-${company.organizationId}-[\\dT-]+\\.csv$`));
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    assert.match(lines[0], /^\uFEFF?conversationId/);
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',')[0]),
      ['c-b', 'c-c'],
    );
    await scene.sees('The CSV file is saved.');
    const query = new URLSearchParams(scene.answers.find(({ path }) => path.endsWith('.csv')).query);
    assert.deepEqual([...query.keys()].sort(), ['departmentId', 'snapshot']);
  });

  test('trust that half a CSV is none', async (t) => {
    const company = await sample();
    for (const [fault, text] of [
      ['cut', 'The download broke off, and nothing was saved.'],
      [INTERNAL, 'There is no CSV file.'],
    ]) {
      const scene = await stage.open(t, { token: company.admin() });
      await scene.settled();
      scene.fault = ({ name }) => (name === 'report.csv' ? fault : undefined);
      await scene.page.getByRole('button', { name: 'Download CSV' }).click();
      await scene.sees(text);
      assert.equal(scene.downloads.length, 0);
      assert.equal(await scene.page.getByRole('button', { name: 'Download CSV' }).getAttribute('aria-disabled'), null);
    }
  });

  test('change the threshold if she may, within its bounds', async (t) => {
    const company = await sample();
    const scene = await stage.open(t, { token: company.admin() });
    await scene.settled();
    await scene.page.getByRole('button', { name: 'Change threshold' }).click();
    const field = scene.page.getByRole('spinbutton', { name: 'Minutes' });
    const puts = () => scene.answers.filter(({ method }) => method === 'PUT').length;
    for (const wrong of ['', '0', '10081', '1.5']) {
      await field.fill(wrong);
      await scene.page.getByRole('button', { name: 'Save' }).click();
      await scene.sees('Enter a whole number from 1 to 10,080.');
    }
    assert.equal(puts(), 0);
    await field.fill('45');
    await scene.page.getByRole('button', { name: 'Save' }).click();
    await scene.sees('The threshold is 45 minutes now.');
    assert.equal(puts(), 1);
    await scene.sees('Over 45 minutes');
    assert.deepEqual(await scene.contacts(), ['Customer a', 'Customer b'], 'the list follows at once');
    assert.equal(await scene.page.locator('#threshold-dialog').isVisible(), false);
  });

  test('read why the threshold was not changed', async (t) => {
    const company = await sample();
    const scene = await stage.open(t, {
      token: company.admin(),
      fault: ({ method }) => (method === 'PUT' ? refusal(403, 'FORBIDDEN', 'Only administrators may.') : undefined),
    });
    await scene.settled();
    await scene.page.getByRole('button', { name: 'Change threshold' }).click();
    await scene.page.getByRole('button', { name: 'Save' }).click();
    await scene.sees('Not saved. Only administrators may.');
    await scene.page.keyboard.press('Escape');
    assert.equal(await scene.page.locator('#threshold-dialog').isVisible(), false);
  });

  test('as a superadmin go from one organization to another by searching for it', async (t) => {
    const first = await stage.publish(stage.company({ name: 'Walnut Books' }).waits('w', 10));
    const second = await stage.publish(
      stage.company({ name: 'Chestnut Travel' }).waits('t', 10, { departmentId: 'd-sales' }),
    );
    const scene = await stage.open(t, {
      token: superadmin(),
      query: `?organizationId=${first.organizationId}&departmentId=d-sales`,
    });
    await scene.sees('Nobody is waiting here');
    await scene.page.getByRole('button', { name: 'Change organization' }).click();
    await scene.sees('Chestnut Travel');
    await scene.page.getByLabel('Search by name or id').fill('chestn');
    await scene.pass(300);
    await scene.seesNoMore('Hazelnut & Co');
    await scene.page.getByRole('button', { name: 'Chestnut Travel' }).click();
    await scene.sees('Customer t');
    assert.equal(new URL(scene.page.url()).search, `?organizationId=${second.organizationId}`);
    await scene.settled();
    assert.equal(await scene.page.locator('#organization-name').innerText(), 'Chestnut Travel');
  });
});
