// A browser tab with the dashboard open on a real worker, and a clock that only the test moves.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

import { findBrowser } from '../../scripts/browser.mjs';
import { ROOT } from '../workerd/harness.mjs';

/** Where the tests leave pictures for somebody to look at, if the variable SCREENSHOTS is set: no test needs them. */
const SCREENSHOTS = process.env.SCREENSHOTS ? path.join(ROOT, 'tests/browser/screenshots') : undefined;
/** What answers instead of the stream. */
const NO_STREAM = { status: 404, contentType: 'text/html', body: '<h1>Not found</h1>' };
/** How long something that must happen may take on a busy machine. */
const PATIENCE_MS = 20_000;
/** How long after a look at something that must happen comes the next one: looking all the time would keep it from happening. */
const LOOK_AGAIN_MS = 5;

/** The system's browser. `null` means that there is none; the tests are then skipped. */
export async function launchBrowser() {
  const executablePath = await findBrowser();
  if (!executablePath) return null;
  // Root cannot have the sandbox, which is not needed here: only the tests' own worker is visited.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/**
 * A request to the API, as `fault` gets it.
 *
 * @typedef {{method: string, path: string, name: string, query: string, ifNoneMatch: string | null}} ApiRequest
 */

/**
 * What a test answers instead of the worker: `'cut'` aborts the connection; nothing lets the worker answer.
 *
 * @typedef {'cut' | {status: number, headers?: Record<string, string>, contentType?: string, body: string} | undefined} Fault
 */

/**
 * @typedef {object} TabOptions
 * @property {URL} url
 * @property {number} now The instant at which the clock stands until `advance` is called.
 * @property {string} [token]
 * @property {string} [query]
 * @property {number} [width] In CSS pixels, as `height`.
 * @property {number} [height]
 * @property {string} [locale]
 * @property {number} [scale] Device pixels per CSS pixel: 2 with half the width is a zoom of 200 %.
 * @property {'reduce' | 'no-preference'} [reducedMotion]
 * @property {'active' | 'none'} [forcedColors]
 * @property {(request: ApiRequest) => Fault | Promise<Fault>} [fault]
 * @property {string[]} [others] The origins of others that the test answers for.
 * @property {boolean} [isFollowing] Whether the stream can be reached. Without it the page polls, as most tests want.
 */

export class DashboardTab {
  /**
   * Every response of the API.
   * @type {{method: string, path: string, query: string, status: number | 'cut', ifNoneMatch: string | null}[]}
   */
  responses = [];
  /**
   * Errors and warnings of the page, and requests to other hosts.
   * @type {string[]}
   */
  problems = [];
  /**
   * The instant that the responses' Date header states. Without one there is no header, because the local worker sends
   * none.
   * @type {number | undefined}
   */
  date = undefined;
  /** The advice of the worker's last report, in seconds. */
  #pollAfter = '';
  /**
   * Every address that the tab has had.
   * @type {string[]}
   */
  addresses = [];
  /** @type {import('playwright-core').Download[]} */
  downloads = [];
  /**
   * Every response to a request for the stream.
   * @type {{query: string, status: number}[]}
   */
  streams = [];

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {TabOptions} options
   */
  static async open(
    browser,
    {
      url,
      now,
      token,
      query = '',
      width = 1280,
      height = 900,
      scale = 1,
      locale = 'en-GB',
      reducedMotion = 'reduce',
      forcedColors = 'none',
      fault = () => undefined,
      isFollowing = false,
      others = [],
    },
  ) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      colorScheme: 'light',
      locale,
      timezoneId: 'Europe/Berlin',
      reducedMotion,
      forcedColors,
    });
    const tab = new DashboardTab(context, await context.newPage(), { url, now, fault, isFollowing, others });
    await tab.#prepare();
    await tab.page.goto(new URL(`/${query}${token ? `#token=${token}` : ''}`, url).href);
    return tab;
  }

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {import('playwright-core').Page} page
   * @param {Required<Pick<TabOptions, 'url' | 'now' | 'fault' | 'isFollowing' | 'others'>>} settings
   */
  constructor(context, page, { url, now, fault, isFollowing, others }) {
    this.context = context;
    this.page = page;
    this.url = url;
    this.now = now;
    this.fault = fault;
    this.isFollowing = isFollowing;
    this.others = others;
    page.setDefaultTimeout(PATIENCE_MS);
  }

  async #prepare() {
    const { page } = this;
    page.on('console', (message) => {
      const isProblem = ['error', 'warning'].includes(message.type());
      // Chromium reports each failed request here; the tests cause those themselves.
      if (isProblem && !/^Failed to load resource/.test(message.text())) this.problems.push(message.text());
    });
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (![this.url.origin, ...this.others].includes(origin) && !['blob:', 'data:'].includes(protocol))
        this.problems.push(`requested another host: ${request.url()}`);
    });
    page.on('response', (response) => {
      const { pathname, search } = new URL(response.url());
      if (!pathname.endsWith('/stream') || response.fromServiceWorker()) return;
      this.streams.push({ query: search.slice(1), status: response.status() });
    });
    page.on('framenavigated', (frame) => this.addresses.push(frame.url()));
    page.on('download', (download) => this.downloads.push(download));
    await page.addInitScript(() => {
      // The page is told about policy violations even where the console is not.
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        console.error(`CSP: ${violatedDirective} ${blockedURI}`),
      );
    });
    // Time runs once the clock is installed, and the clock cannot be stopped in its past.
    await page.clock.install({ time: this.now - 60_000 });
    await page.clock.pauseAt(this.now);
    await page.addInitScript(watchPlans);
    await page.addInitScript(watchLayoutShifts);
    await page.route('**/api/**', (route) => this.#respond(route));
  }

  /** @param {import('playwright-core').Route} route */
  async #respond(route) {
    const request = route.request();
    const { pathname, search } = new URL(request.url());
    const noted = {
      method: request.method(),
      path: pathname,
      query: search.slice(1),
      ifNoneMatch: (await request.headerValue('if-none-match')) ?? null,
    };
    try {
      // A stream never ends, so it cannot be fetched first.
      if (noted.path.endsWith('/stream')) return await (this.isFollowing ? route.continue() : route.fulfill(NO_STREAM));
      const fault = await this.fault({ ...noted, name: pathname.split('/').at(-1) });
      if (fault === 'cut') {
        this.responses.push({ ...noted, status: 'cut' });
        return await route.abort('connectionfailed');
      }
      const date = this.date && { Date: new Date(this.date).toUTCString() };
      if (fault) {
        this.responses.push({ ...noted, status: fault.status });
        const headers = { ...fault.headers, ...date };
        return await route.fulfill({ contentType: 'application/json', ...fault, headers });
      }
      const response = await route.fetch();
      this.responses.push({ ...noted, status: response.status() });
      if (noted.path.endsWith('/report')) this.#pollAfter = response.headers()['x-poll-after'];
      return await route.fulfill({ response, headers: { ...response.headers(), ...date } });
    } catch (error) {
      // The tab was closed, or the page aborted the request.
      if (/closed|disposed|aborted|canceled|not found/i.test(error.message)) return undefined;
      this.problems.push(`${pathname}: ${error.stack}`);
      return route.abort();
    }
  }

  /** Advances the clock and runs every timer that comes due. */
  async advance(milliseconds) {
    this.now += milliseconds;
    await this.page.clock.runFor(milliseconds);
  }

  /**
   * Advances over the pause between polls, and waits until the report was requested again and the next poll is planned.
   * Unless a pause is given it is the one that the worker has advised last.
   *
   * @param {number} [milliseconds]
   */
  async nextPoll(milliseconds) {
    await this.waitUntilIdle();
    const before = this.reports().length;
    await this.advance(milliseconds ?? this.advisedPause());
    await until(() => this.reports().length > before, 'the report was not requested again');
    await this.waitUntilIdle();
  }

  /** How long the worker has advised to wait with the next poll, in milliseconds. */
  advisedPause() {
    return Number(this.#pollAfter) * 1_000;
  }

  /** Advances over this many polls, one at a time: time also runs for requests, so a longer step would time them out. */
  async nextPolls(count) {
    for (let poll = 0; poll < count; poll += 1) await this.nextPoll();
  }

  /** The responses to requests for the report, in order. */
  reports() {
    return this.responses.filter(({ path: requested }) => requested.endsWith('/report'));
  }

  /**
   * Waits until this text is visible.
   *
   * @param {string | RegExp} text
   */
  async waitForText(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /**
   * Waits until this text is not visible.
   *
   * @param {string | RegExp} text
   */
  async waitForNoText(text) {
    await this.page.getByText(text).first().waitFor({ state: 'hidden' });
  }

  /** Waits until every request is answered and the next poll is planned. Not for states without a next poll. */
  async waitUntilIdle() {
    await this.page.waitForFunction(
      () =>
        globalThis.planned.pollIfIdle.size > 0 && document.querySelector('.list').getAttribute('aria-busy') !== 'true',
    );
  }

  /** Waits until the list shows rows or a message, or the sign-in form is visible. */
  async waitUntilReady() {
    await this.page.waitForFunction(() => {
      const isVisible = (id) => document.getElementById(id)?.checkVisibility();
      const isLoading = document.getElementById('list-message').textContent.startsWith('Loading');
      const isListed = ['list', 'wall-rows'].some(isVisible);
      return isVisible('sign-in') || isListed || (['list-message', 'wall-message'].some(isVisible) && !isLoading);
    });
  }

  /**
   * The texts of a column, as they are rendered.
   *
   * @param {string} name
   */
  column(name) {
    return this.renderedTexts(`#rows .row .cell-${name}`);
  }

  /** The names of the contacts, in order. */
  async contacts() {
    return (await this.renderedTexts('#rows .row .control')).map((text) => text.trim());
  }

  /**
   * The rendered text of each element: hidden text is left out, and each line of the layout is a line.
   *
   * @param {string} selector
   */
  renderedTexts(selector) {
    return this.page.locator(selector).allInnerTexts();
  }

  /**
   * The rendered text of one element.
   *
   * @param {string} selector
   */
  async renderedText(selector) {
    const texts = await this.renderedTexts(selector);
    if (texts.length !== 1) throw new Error(`${selector} matches ${texts.length} elements`);
    return texts[0];
  }

  /** Waits until the browser has painted the page as it is now. */
  async waitForPaint() {
    await this.page.screenshot();
  }

  /** The layout shifts since the page was loaded that no input of the user caused: their sum, and what moved. */
  async layoutShifts() {
    await this.waitForPaint();
    return this.page.evaluate(() => globalThis.takeLayoutShifts());
  }

  /**
   * Clicks elements in one task of the page: what a click makes the browser say later, such as that a dialog was
   * closed, comes after all of them.
   *
   * @param {string[]} ids
   */
  clickInOneTask(...ids) {
    return this.page.evaluate((each) => {
      for (const id of each) document.getElementById(id).click();
    }, ids);
  }

  /** Puts a token into the fragment of the open page, which then takes over. */
  signIn(token) {
    return this.page.evaluate((fragment) => location.assign(fragment), `#token=${token}`);
  }

  /** Makes the page believe that it is hidden, or visible again. */
  hide(isHidden) {
    return this.page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  }

  /** Leaves a picture of the window, if pictures are asked for. */
  async screenshot(name) {
    if (!SCREENSHOTS) return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), animations: 'disabled' });
  }

  async close() {
    await this.context.close();
  }
}

/**
 * Runs in the page: records which polls and openings of streams are planned, and makes Math.random predictable.
 */
function watchPlans() {
  const planned = { pollIfIdle: new Set(), openStream: new Set() };
  const { setTimeout: originalSetTimeout, clearTimeout: originalClearTimeout } = window;
  Object.assign(globalThis, {
    planned,
    setTimeout: (act, pause, ...rest) => {
      const id = originalSetTimeout(() => {
        planned[act.name]?.delete(id);
        act(...rest);
      }, pause);
      planned[act.name]?.add(id);
      return id;
    },
    clearTimeout: (id) => {
      for (const ids of Object.values(planned)) ids.delete(id);
      originalClearTimeout(id);
    },
  });
  Math.random = () => 0;
}

/** Runs in the page: sums the layout shifts, as the Cumulative Layout Shift does within a second. */
function watchLayoutShifts() {
  const shifts = { sum: 0, moved: [] };
  const add = (entries) => {
    for (const { hadRecentInput, value, sources } of entries) {
      if (hadRecentInput) continue;
      shifts.sum += value;
      shifts.moved.push(...sources.map(({ node }) => node?.id || node?.className || node?.nodeName));
    }
  };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: 'layout-shift', buffered: true });
  Object.assign(globalThis, {
    takeLayoutShifts: () => {
      add(observer.takeRecords());
      return shifts;
    },
  });
}

/**
 * Waits for a condition that another process makes true.
 *
 * @param {() => boolean | Promise<boolean>} condition
 * @param {string} failure What to say if it does not come true.
 */
export async function until(condition, failure) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(failure);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
