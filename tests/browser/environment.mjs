// What every file of browser tests needs: a worker, a browser, a clock, and tabs that are closed at the end.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe } from 'node:test';

import { findBrowser, missingBrowser } from '../../scripts/browser.mjs';
import { settingsOf, startService } from '../workerd/harness.mjs';
import { DashboardTab, launchBrowser } from './dashboard-tab.mjs';
import { MINUTE, TestOrganization } from './organization.mjs';

const hasBrowser = (await findBrowser()) !== undefined;
if (!hasBrowser) console.error(missingBrowser('There is none on the PATH.'));

/**
 * `describe` for tests in a browser; skipped if there is none. `defineTests` gets the environment. All tests with the
 * same `settings` of the worker share one, because a worker takes seconds to start, so each test looks at organizations
 * of its own.
 *
 * @param {string} name
 * @param {(env: Environment) => void} defineTests
 * @param {import('../workerd/harness.mjs').Settings} [settings]
 */
export function describeInBrowser(name, defineTests, settings) {
  const environment = environments.get(settings) ?? new Environment(settings);
  environments.set(settings, environment);
  describe(name, { skip: hasBrowser ? false : 'there is no browser' }, () => {
    before(() => environment.start());
    defineTests(environment);
  });
}

/** @type {Promise<any> | undefined} The running browser. */
let browser;

class Environment {
  /**
   * The clock of the service, of refreshes and of tabs. It is in the past, because tokens are of today. It begins at
   * noon: all tests together move it by about three hours, and no day ends meanwhile, because a time of another day is
   * shown with its day.
   */
  now = Date.parse('2026-03-04T12:00Z');
  /** @type {any} The running worker; see tests/workerd/harness.mjs. */
  service;
  /**
   * What answers the alerts that the worker sends.
   * @type {(request: any) => Response | Promise<Response>}
   */
  receive = () => new Response('ok');
  /** @type {any} The running browser. */
  browser;
  /** @type {import('../workerd/harness.mjs').Settings | undefined} */
  #settings;
  /** @type {TestOrganization[]} */
  #organizations = [];

  /** @param {import('../workerd/harness.mjs').Settings} [settings] */
  constructor(settings) {
    this.#settings = settings;
  }

  /** Starts worker and browser, if they do not run yet. */
  async start() {
    this.service ??= await startService({
      hasClock: true,
      secrets: { SETTINGS_KEY: `test:${randomBytes(32).toString('base64url')}` },
      outbound: async (request) => this.receive(request),
      ...this.#settings,
    });
    browser ??= launchBrowser();
    this.browser = await browser;
  }

  async stop() {
    await this.service?.close();
  }

  /**
   * A new organization, of which nothing is sent yet.
   *
   * @param {ConstructorParameters<typeof TestOrganization>[1]} [options]
   */
  organization(options) {
    const organization = new TestOrganization(this.now, options);
    this.#organizations.push(organization);
    return organization;
  }

  /**
   * Sends the events that have not been sent yet.
   *
   * @param {TestOrganization} organization
   */
  async send(organization) {
    await this.service.setClock(this.now);
    await this.service.post(organization.takeEvents());
    return organization;
  }

  /** Lets minutes pass and runs the refresh once. */
  async refresh(minutes = 1) {
    this.now += minutes * MINUTE;
    for (const organization of this.#organizations) organization.now = this.now;
    await this.service.setClock(this.now);
    await this.service.refresh(this.now);
  }

  /**
   * Sends the organization's events and publishes them without letting time pass.
   *
   * @param {TestOrganization} organization
   */
  async publish(organization) {
    await this.send(organization);
    await this.service.refresh(this.now);
    return organization;
  }

  /**
   * Changes the organization's settings.
   *
   * @param {TestOrganization} organization
   * @param {Record<string, unknown>} settings
   */
  async set(organization, settings) {
    const { status } = await this.service.fetch(settingsOf(organization.organizationId), {
      method: 'PUT',
      token: organization.adminToken(),
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(settings),
    });
    assert.equal(status, 200);
  }

  /** The organization's settings. */
  async settings(organization) {
    const response = await this.service.fetch(settingsOf(organization.organizationId), {
      token: organization.adminToken(),
    });
    return (await response.json()).data;
  }

  /**
   * Opens a tab and waits until it is ready. It is closed when the test ends. Whatever the page reports as a problem
   * fails the test.
   *
   * @param {import('node:test').TestContext} t
   * @param {Partial<import('./dashboard-tab.mjs').TabOptions>} [options]
   */
  async open(t, options) {
    const tab = await this.beginToOpen(t, options);
    await tab.waitUntilReady();
    return tab;
  }

  /**
   * As `open`, but does not wait for data.
   *
   * @param {import('node:test').TestContext} t
   * @param {Partial<import('./dashboard-tab.mjs').TabOptions>} [options]
   */
  async beginToOpen(t, options) {
    const tab = await DashboardTab.open(this.browser, { url: this.service.url, now: this.now, ...options });
    t.after(async () => {
      await tab.close();
      assert.deepEqual(tab.problems, []);
    });
    return tab;
  }
}

/** By the settings of the worker. */
const environments = new Map();
after(async () => {
  await (await browser)?.close();
  for (const environment of environments.values()) await environment.stop();
});
