// Destinations of alerts: who may see and set them, what is kept of their addresses and secrets, and what a sample is.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Clock, checkCommonHeaders, ERROR_CODES, hoursAgo, newOrganizationId, organizationOf } from './fixtures.mjs';
import { adminToken, startService, tokenOf } from './harness.mjs';

const clock = new Clock(hoursAgo(1));
const ADDRESS = 'https://hooks.brindlewick.co.uk/services/T0000/B0000/a-secret-path';
const DASHBOARD = 'https://monitor.brindlewick.co.uk/';
const newKey = (id) => `${id}:${randomBytes(32).toString('base64url')}`;
const newSecret = (bytes = 32) => `whsec_${randomBytes(bytes).toString('base64')}`;
const [OLD_KEY, NEW_KEY] = [newKey('2025'), newKey('2026')];
const SLACK = { id: 'desk', url: ADDRESS, format: 'slack', categories: ['ai_stuck'] };

/** @type {{ url: string, headers: Headers, body: string }[]} */
const received = [];
/** What the receiver answers. */
let answer = () => new Response('ok');

let service;
before(async () => {
  const vars = { DASHBOARD_URL: DASHBOARD };
  service = await startService({
    vars,
    secrets: { SETTINGS_KEY: OLD_KEY },
    siblings: {
      rotated: { vars, secrets: { SETTINGS_KEY: `${NEW_KEY},${OLD_KEY}` } },
      forgetful: { vars, secrets: { SETTINGS_KEY: NEW_KEY } },
      keyless: { vars },
    },
    outbound: async (request) => {
      received.push({ url: request.url, headers: request.headers, body: await request.text() });
      return answer();
    },
  });
});
after(() => service?.close());

const alertsOf = (organizationId) => `/api/organizations/${encodeURIComponent(organizationId)}/alerts`;

async function newOrganization() {
  const organizationId = newOrganizationId('an organization/');
  await service.post([organizationOf(organizationId, clock.iso())]);
  return { organizationId, token: adminToken(organizationId) };
}

async function check(status, target, init, at = service) {
  const response = await at.fetch(target, init);
  const text = await response.text();
  assert.equal(response.status, status, `${init.method ?? 'GET'} ${target} ${init.body}: ${text}`);
  checkCommonHeaders(response);
  const body = JSON.parse(text);
  if (status >= 400) assert.deepEqual([body.success, body.error], [false, ERROR_CODES[status]]);
  return body;
}

const get = (organizationId, token, status = 200) => check(status, alertsOf(organizationId), { token });

function put(status, { organizationId, token }, body, at = service) {
  const init = { method: 'PUT', token, headers: { 'Content-Type': 'application/json' } };
  return check(status, alertsOf(organizationId), { ...init, body: JSON.stringify(body) }, at);
}

const putOne = (status, of, destination, at) => put(status, of, { destinations: [destination] }, at);

/** Sends a sample and returns what became of it, and what was received. */
async function sample(of, id = 'desk', at = service) {
  received.length = 0;
  const target = `${alertsOf(of.organizationId)}/${id}/test`;
  const { data } = await check(200, target, { method: 'POST', token: of.token }, at);
  return { data, requests: [...received] };
}

const stored = async (organizationId) =>
  JSON.stringify(
    (await service.database.prepare('SELECT * FROM alert WHERE organization_id = ?1').bind(organizationId).all())
      .results,
  );

test('there are none until they are set, and then those that were set, in their order', async () => {
  const of = await newOrganization();
  assert.deepEqual((await get(of.organizationId, of.token)).data, {
    organizationId: of.organizationId,
    destinations: [],
  });
  const destinations = ['b', 'a', 'c'].map((id) => ({ ...SLACK, id }));
  const { data } = await put(200, of, { destinations });
  assert.deepEqual(
    data.destinations.map(({ id }) => id),
    ['b', 'a', 'c'],
  );
  assert.deepEqual((await get(of.organizationId, of.token)).data, data);
  await put(200, of, { destinations: [destinations[2]] });
  const left = (await get(of.organizationId, of.token)).data.destinations;
  assert.deepEqual(left, [
    {
      id: 'c',
      host: 'hooks.brindlewick.co.uk',
      urlEnd: 'path',
      format: 'slack',
      categories: ['ai_stuck'],
      departmentIds: null,
      afterMinutes: null,
      enabled: true,
      delivery: { waitingSince: null, attempts: 0, problem: null, sent: 0, sentAt: null, givenUp: 0 },
    },
  ]);
  await put(200, of, { destinations: [] });
  assert.deepEqual((await get(of.organizationId, of.token)).data.destinations, []);
});

test('only administrators of the organization and superadministrators see and set them', async () => {
  const of = await newOrganization();
  const { organizationId } = of;
  const head = tokenOf({ sub: 'h', role: 'DEPARTMENT_HEAD', organizationId, departmentIds: ['d'] });
  const other = adminToken('another');
  const superadmin = tokenOf({ sub: 's', role: 'SUPERADMIN' });
  await putOne(200, { organizationId, token: superadmin }, SLACK);
  for (const token of [head, other]) {
    await get(organizationId, token, 403);
    await putOne(403, { organizationId, token }, SLACK);
    await check(403, `${alertsOf(organizationId)}/desk/test`, { method: 'POST', token });
  }
  await get('nowhere', superadmin, 404);
  await putOne(404, { organizationId: 'nowhere', token: superadmin }, SLACK);
  await check(404, `${alertsOf(organizationId)}/other/test`, { method: 'POST', token: superadmin });
});

test('neither a response nor the database has an address or a secret', async () => {
  const of = await newOrganization();
  const secret = newSecret();
  const destination = { ...SLACK, format: 'standard-webhooks', secret };
  const answers = [await putOne(200, of, destination), await get(of.organizationId, of.token)];
  for (const text of [JSON.stringify(answers), await stored(of.organizationId)]) {
    assert.ok(!text.includes('a-secret'), text);
    assert.ok(!text.includes(secret.slice(6, 20)), text);
  }
});

test('an address and a secret stay until others are set', async () => {
  const of = await newOrganization();
  const secret = newSecret();
  await putOne(200, of, { ...SLACK, format: 'standard-webhooks', secret });
  const { url, ...kept } = { ...SLACK, format: 'standard-webhooks', afterMinutes: 30 };
  const { data } = await putOne(200, of, kept);
  assert.equal(data.destinations[0].afterMinutes, 30);
  const { requests } = await sample(of);
  assert.equal(requests[0].url, url);
  new Webhook(secret).verify(requests[0].body, Object.fromEntries(requests[0].headers));
  // Another format takes no secret, and forgets it.
  await putOne(200, of, { ...kept, format: 'slack' });
  const refused = await putOne(400, of, kept);
  assert.equal(refused.message, 'destinations[0].secret is required for the format standard-webhooks.');
});

test('what is wrong with a body is said', async () => {
  const of = await newOrganization();
  const only = 'The body must be a JSON object whose only member destinations is an array of at most 10.';
  for (const body of [
    {},
    [],
    null,
    { destinations: {} },
    { destinations: [], more: 1 },
    { destinations: Array(11).fill(SLACK) },
  ])
    assert.equal((await put(400, of, body)).message, only);
  const list = 'ai_stuck, agent_abandoned, unassigned, snoozed, acknowledged';
  const secret = 'must be a secret, or an array of at most 2: whsec_ and 24 to 64 bytes in base64.';
  const webhooks = { ...SLACK, format: 'standard-webhooks' };
  const wrong = [
    [
      1,
      ' must be an object with no other members than id, url, secret, format, categories, departmentIds, afterMinutes, enabled.',
    ],
    [
      { ...SLACK, host: 'x' },
      ' must be an object with no other members than id, url, secret, format, categories, departmentIds, afterMinutes, enabled.',
    ],
    ...[undefined, 1, '', 'a b', 'ä', 'x'.repeat(65)].map((id) => [
      { ...SLACK, id },
      '.id must be a text of 1 to 64 letters, digits, - and _.',
    ]),
    ...[undefined, 'discord', 1].map((format) => [
      { ...SLACK, format },
      '.format must be standard-webhooks, slack or teams.',
    ]),
    ...[undefined, [], ['x'], 'ai_stuck', ['ai_stuck', 'ai_stuck']].map((categories) => [
      { ...SLACK, categories },
      `.categories must be an array of some of ${list}, each once.`,
    ]),
    ...[[], [''], ['d', 'd'], 'd', Array.from({ length: 101 }, (_, index) => `d${index}`)].map((departmentIds) => [
      { ...SLACK, departmentIds },
      '.departmentIds must be null, or an array of 1 to 100 ids, each once.',
    ]),
    ...[0, 10_081, 1.5, '5'].map((afterMinutes) => [
      { ...SLACK, afterMinutes },
      '.afterMinutes must be null, or an integer from 1 to 10080.',
    ]),
    [{ ...SLACK, enabled: 1 }, '.enabled must be true or false.'],
    [{ ...SLACK, url: 1 }, '.url must be a text.'],
    [{ ...SLACK, url: undefined }, '.url is required, because the destination is new.'],
    [
      { ...SLACK, url: 'https://169.254.169.254/latest' },
      '.url must be on a public host: no private address, and no name of a local network.',
    ],
    [{ ...SLACK, secret: newSecret() }, '.secret is only for the format standard-webhooks.'],
    [webhooks, '.secret is required for the format standard-webhooks.'],
    ...[
      'x',
      'whsec_',
      'whsec_!',
      newSecret(23),
      newSecret(65),
      [],
      [newSecret(), newSecret(), newSecret()],
      [newSecret(), 1],
      {},
      ` ${newSecret()}`,
      `${newSecret()} `,
      newSecret().replace('_', '_ '),
      newSecret().replace(/.{8}$/, ' $&'),
      newSecret().replace(/.{8}$/, '\n$&'),
    ].map((bad) => [{ ...webhooks, secret: bad }, `.secret ${secret}`]),
  ];
  for (const [destination, problem] of wrong)
    assert.equal(
      (await putOne(400, of, destination)).message,
      `destinations[0]${problem}`,
      JSON.stringify(destination),
    );
  const twice = await put(400, of, { destinations: [SLACK, SLACK] });
  assert.equal(twice.message, 'destinations[1].id is that of another destination.');
  assert.deepEqual((await get(of.organizationId, of.token)).data.destinations, []);
});

test('a sample is signed as Standard Webhooks says, by two secrets while one is replaced', async () => {
  const of = await newOrganization();
  const [old, next] = [newSecret(24), newSecret(64)];
  for (const [secret, signers] of /** @type {[string | string[], string[]][]} */ ([
    [old, [old]],
    [
      [next, old],
      [old, next],
    ],
    [next, [next]],
  ])) {
    await putOne(200, of, { ...SLACK, format: 'standard-webhooks', secret });
    const { data, requests } = await sample(of);
    assert.deepEqual(data, { isDelivered: true, status: 200, problem: null });
    const [{ url, headers, body }] = requests;
    assert.equal(url, ADDRESS);
    for (const each of [old, next]) {
      const verify = () => new Webhook(each).verify(body, Object.fromEntries(headers));
      if (signers.includes(each)) verify();
      else assert.throws(verify, /No matching signature/);
    }
    const message = JSON.parse(body);
    assert.equal(message.type, 'conversation.stalled');
    assert.deepEqual([message.data.isSample, message.data.organizationId], [true, of.organizationId]);
    assert.equal(
      message.data.dashboardUrl,
      `${DASHBOARD}?organizationId=${encodeURIComponent(of.organizationId).replaceAll('%20', '+')}`,
    );
  }
});

test('a sample for Slack and Teams is what their webhooks take, and is not signed', async () => {
  const of = await newOrganization();
  await put(200, of, { destinations: [SLACK, { ...SLACK, id: 'room', format: 'teams' }] });
  const slack = await sample(of);
  assert.equal(slack.requests[0].headers.get('webhook-signature'), null);
  const { text, blocks } = JSON.parse(slack.requests[0].body);
  assert.equal(text, 'Sample: 1 conversation waiting for an answer');
  assert.deepEqual(
    blocks.slice(0, 2).map((block) => [block.type, block.text.type]),
    [
      ['section', 'plain_text'],
      ['section', 'plain_text'],
    ],
  );
  const teams = await sample(of, 'room');
  const [{ contentType, content }] = JSON.parse(teams.requests[0].body).attachments;
  assert.equal(contentType, 'application/vnd.microsoft.card.adaptive');
  assert.ok(content.body.every(({ type }) => type === 'RichTextBlock'));
});

test('a redirect is not followed, and a refusal is told', async () => {
  const of = await newOrganization();
  await putOne(200, of, SLACK);
  for (const status of [301, 302, 307, 308, 400, 404, 410, 429, 500, 503]) {
    answer = () => new Response(null, { status, headers: { Location: 'https://elsewhere.brindlewick.co.uk/' } });
    const { data, requests } = await sample(of);
    assert.deepEqual(data, { isDelivered: false, status, problem: `The receiver answered ${status}.` });
    assert.equal(requests.length, 1);
  }
  answer = () => new Response('ok');
});

test('a key is replaced by another while both are known, and without it nothing can be opened', async () => {
  const of = await newOrganization();
  await putOne(200, of, SLACK);
  const [rotated, forgetful, keyless] = ['rotated', 'forgetful', 'keyless'].map((name) => service.sibling(name));
  assert.equal((await sample(of, 'desk', rotated)).data.isDelivered, true);
  await check(500, `${alertsOf(of.organizationId)}/desk/test`, { method: 'POST', token: of.token }, forgetful);
  // What is set now is sealed by the new one.
  await putOne(200, of, SLACK, rotated);
  assert.equal((await sample(of, 'desk', forgetful)).data.isDelivered, true);
  await putOne(503, of, SLACK, keyless);
});

test('what was sealed for one destination cannot be opened for another', async () => {
  const [one, other] = [await newOrganization(), await newOrganization()];
  await putOne(200, one, SLACK);
  await putOne(200, other, { ...SLACK, url: 'https://hooks.brindlewick.co.uk/services/other/other' });
  await service.database
    .prepare(
      'UPDATE alert SET sealed_url = (SELECT sealed_url FROM alert WHERE organization_id = ?1) WHERE organization_id = ?2',
    )
    .bind(one.organizationId, other.organizationId)
    .run();
  await check(500, `${alertsOf(other.organizationId)}/desk/test`, { method: 'POST', token: other.token });
});
