// A browser with the dashboard open on a real worker, and a clock that only the test moves.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

import { findBrowser } from '../../scripts/browser.mjs';
import { ROOT } from '../workerd/harness.mjs';

/** Where the pictures of the tests go, for somebody to look at. */
export const SCREENSHOTS = path.join(ROOT, 'tests/browser/screenshots');
/** How long something that must happen may take on a machine that is busy. */
const PATIENCE_MS = 20_000;

/** The system's browser; null where there is none, and the tests skip. */
export async function launchBrowser() {
  const executablePath = await findBrowser();
  if (!executablePath) return null;
  // Nobody but the tests' own worker is visited: the sandbox, which root cannot have, protects from nothing here.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** One tab. `now` is the instant that browser and answers agree on; it stands still until `pass`. */
export class Scene {
  /** Every answer of the API: `{method, path, query, status, ifNoneMatch}`. */
  answers = [];
  /** What the page complained about, and what it asked of others. */
  complaints = [];
  /** What the answers' Date header says, if anything: the local worker sends none. */
  date = undefined;
  /** Every address that the tab has had. */
  addresses = [];
  downloads = [];

  static async open(
    browser,
    { url, now, token, query = '', width = 1280, height = 900, scheme = 'light', reducedMotion = 'reduce', fault },
  ) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion,
    });
    const scene = new Scene(context, await context.newPage(), { url, now, fault });
    await scene.#prepare();
    await scene.page.goto(new URL(`/${query}${token ? `#token=${token}` : ''}`, url).href);
    return scene;
  }

  constructor(context, page, { url, now, fault = () => undefined }) {
    // `fault` is called with each request to the API: returns 'cut', {status, headers, body}, or nothing.
    Object.assign(this, { context, page, url, now, fault });
    page.setDefaultTimeout(PATIENCE_MS);
  }

  async #prepare() {
    const { page } = this;
    page.on('console', (message) => {
      const isProblem = ['error', 'warning'].includes(message.type());
      // Chromium reports each refused or lost request here; those are the tests' own doing.
      if (isProblem && !/^Failed to load resource/.test(message.text())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.url.origin && !['blob:', 'data:'].includes(protocol))
        this.complaints.push(`asked a third party: ${request.url()}`);
    });
    page.on('framenavigated', (frame) => this.addresses.push(frame.url()));
    page.on('download', (download) => this.downloads.push(download));
    await page.addInitScript(() => {
      // A violation of the policy is told to the page even where the console is silent.
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        console.error(`CSP: ${violatedDirective} ${blockedURI}`),
      );
    });
    // Time runs from the installation on, and the clock cannot be stopped in its past.
    await page.clock.install({ time: this.now - 60_000 });
    await page.clock.pauseAt(this.now);
    await page.addInitScript(watchPolls);
    await page.route('**/api/**', (route) => this.#answer(route));
  }

  async #answer(route) {
    const request = route.request();
    const { pathname, search } = new URL(request.url());
    const noted = {
      method: request.method(),
      path: pathname,
      query: search.slice(1),
      ifNoneMatch: (await request.headerValue('if-none-match')) ?? null,
    };
    try {
      const fault = await this.fault({ ...noted, name: pathname.split('/').at(-1) });
      if (fault === 'cut') {
        this.answers.push({ ...noted, status: 'cut' });
        return await route.abort('connectionfailed');
      }
      const response = fault ? null : await route.fetch();
      const status = fault?.status ?? response.status();
      this.answers.push({ ...noted, status });
      const date = this.date && { Date: new Date(this.date).toUTCString() };
      if (fault)
        return await route.fulfill({
          contentType: 'application/json',
          ...fault,
          headers: { ...fault.headers, ...date },
        });
      return await route.fulfill({ response, headers: { ...response.headers(), ...date } });
    } catch (error) {
      // The tab was closed, or the page gave the request up.
      if (/closed|disposed|aborted|canceled|not found/i.test(error.message)) return undefined;
      this.complaints.push(`${pathname}: ${error.stack}`);
      return route.abort();
    }
  }

  /** Lets time pass, with every timer that comes due in it. */
  async pass(milliseconds) {
    this.now += milliseconds;
    await this.page.clock.runFor(milliseconds);
  }

  /** Passes a poll's pause, and waits until the report was answered once more and the next poll is planned. */
  async nextPoll(milliseconds = 5_000) {
    await this.settled();
    const before = this.reports().length;
    await this.pass(milliseconds);
    await until(() => this.reports().length > before, 'the report was not asked for again');
    await this.settled();
  }

  /** Passes so many of a poll's pauses, each with its poll. Time runs on for requests too: more at once would cut them off. */
  async nextPolls(count) {
    for (let poll = 0; poll < count; poll += 1) await this.nextPoll();
  }

  /** The answers to the report, in order. */
  reports() {
    return this.answers.filter(({ path: asked }) => asked.endsWith('/report'));
  }

  /** Waits until this text is to be seen. */
  async sees(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** Waits until this text is nowhere to be seen. */
  async seesNoMore(text) {
    await this.page.getByText(text).first().waitFor({ state: 'hidden' });
  }

  /** Waits until all is answered and the next poll is planned. Not for states in which none will be. */
  async settled() {
    await this.page.waitForFunction(
      () => globalThis.plannedPolls.size > 0 && document.querySelector('.list').getAttribute('aria-busy') !== 'true',
    );
  }

  /** Waits until the list shows rows, a message, or the sign-in. */
  async ready() {
    await this.page.waitForFunction(() => {
      const shown = (id) => document.getElementById(id)?.checkVisibility();
      return (
        shown('sign-in') ||
        shown('list') ||
        (shown('list-message') && !document.getElementById('list-message').textContent.startsWith('Loading'))
      );
    });
  }

  /** What stands in the rows: the texts of a column. */
  column(name) {
    return this.page.locator(`#rows .row .cell-${name}`).allInnerTexts();
  }

  /** The names of the contacts, in order. */
  async contacts() {
    return (await this.page.locator('#rows .row .control').allInnerTexts()).map((text) => text.trim());
  }

  async screenshot(name, options = {}) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({
      path: path.join(SCREENSHOTS, `${name}.png`),
      fullPage: true,
      animations: 'disabled',
      ...options,
    });
  }

  async close() {
    await this.context.close();
  }
}

/** In the page: keeps account of the polls that are planned, and leaves nothing to chance. */
function watchPolls() {
  const planned = new Set();
  globalThis.plannedPolls = planned;
  const { setTimeout: plan, clearTimeout: cancel } = globalThis;
  globalThis.setTimeout = (act, pause, ...rest) => {
    const id = plan(() => {
      planned.delete(id);
      act(...rest);
    }, pause);
    if (pause > 1_000) planned.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    planned.delete(id);
    cancel(id);
  };
  Math.random = () => 0;
}

/** Waits for what another process does; the condition must come true, however long the machine takes. */
export async function until(condition, what) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(what);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
