// Runs axe-core, which checks accessibility, on the page of a tab.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules about colours: what another colour scheme can break. They take more than half of the time of all rules. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];
/** By what a test asks for, the rules that run. */
const RULES = {
  all: {},
  colours: { runOnly: COLOUR_RULES },
  others: { rules: Object.fromEntries(COLOUR_RULES.map((rule) => [rule, { enabled: false }])) },
};

/**
 * What axe finds, with all of its rules, with those about colours only, or with the others only. It runs in an isolated
 * world, which the page's policy and the test's clock do not affect.
 *
 * @param {import('./dashboard-tab.mjs').DashboardTab} tab
 * @param {{ rules?: keyof typeof RULES }} [options]
 * @returns {Promise<{violations: string[], passes: number}>}
 */
export async function axe(tab, { rules = 'all' } = {}) {
  const { session, contextId } = await worldOf(tab);
  // Nothing that is loaded ahead is asked about: sounds, and styles for one orientation of a phone.
  const options = { resultTypes: ['violations'], preload: false, ...RULES[rules] };
  const run = `axe.run(document, ${JSON.stringify(options)}).then(({ violations, passes }) =>
    ({ violations: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join(' | ')), passes: passes.length }))`;
  const { result } = await session.send('Runtime.evaluate', {
    expression: run,
    contextId,
    awaitPromise: true,
    returnByValue: true,
  });
  return result.value;
}

/** The isolated world of a tab, which must not be loaded again. */
const worlds = new WeakMap();

/** The tab's isolated world with axe in it. */
async function worldOf(tab) {
  const known = worlds.get(tab);
  if (known) return known;
  const session = await tab.context.newCDPSession(tab.page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
    worldName: 'axe',
  });
  await session.send('Runtime.evaluate', { expression: AXE, contextId });
  const world = { session, contextId };
  worlds.set(tab, world);
  return world;
}
