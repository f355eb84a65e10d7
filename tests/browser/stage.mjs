// What every file of browser tests needs: a worker, a browser, a clock, and tabs that are closed at the end.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';

import { findBrowser, missingBrowser } from '../../scripts/browser.mjs';
import { startService } from '../workerd/harness.mjs';
import { Company, MINUTE } from './company.mjs';
import { launchBrowser, Scene } from './scene.mjs';

const hasBrowser = (await findBrowser()) !== undefined;
if (!hasBrowser) console.error(missingBrowser('There is none on the PATH.'));

/** `describe` for tests in a browser; skipped where there is none. `tell` gets the stage. */
export function onStage(name, tell) {
  describe(name, { skip: hasBrowser ? false : 'there is no browser' }, () => {
    const stage = new Stage();
    before(() => stage.build());
    after(() => stage.strike());
    tell(stage);
  });
}

class Stage {
  /** The clock of refreshes and tabs. Well in the past, so that no event is ever ahead of the service's clock. */
  now = Math.floor(Date.now() / MINUTE) * MINUTE - 48 * 60 * MINUTE;
  #companies = [];

  async build() {
    this.service = await startService();
    this.browser = await launchBrowser();
  }

  async strike() {
    await this.browser?.close();
    await this.service?.close();
  }

  /** A new organization; nothing of it is sent yet. */
  company(options) {
    const company = new Company(this.now, options);
    this.#companies.push(company);
    return company;
  }

  /** Sends what is new of a company. */
  async send(company) {
    await this.service.post(company.take());
    return company;
  }

  /** A minute passes, and the refresh runs. */
  async refresh(minutes = 1) {
    this.now += minutes * MINUTE;
    for (const company of this.#companies) company.now = this.now;
    await this.service.refresh(this.now);
  }

  /** Sends, and publishes at the instant that the company's own are counted from. */
  async publish(company) {
    await this.send(company);
    await this.service.refresh(this.now);
    return company;
  }

  /** A tab, closed when the test ends. Whatever the page complains about fails the test. */
  async open(t, options) {
    const scene = await Scene.open(this.browser, { url: this.service.url, now: this.now, ...options });
    t.after(async () => {
      await scene.close();
      assert.deepEqual(scene.complaints, []);
    });
    await scene.ready();
    return scene;
  }
}
