// Runs axe-core, which checks accessibility, on the page of a tab.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds with all of its rules. It runs in an isolated world, which the page's policy and the test's clock do not
 * affect.
 *
 * @param {import('./dashboard-tab.mjs').DashboardTab} tab
 * @returns {Promise<{violations: string[], passes: number}>}
 */
export async function axe(tab) {
  const session = await tab.context.newCDPSession(tab.page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
    worldName: 'axe',
  });
  await session.send('Runtime.evaluate', { expression: AXE, contextId });
  const run = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) =>
    ({ violations: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join(' | ')), passes: passes.length }))`;
  const { result } = await session.send('Runtime.evaluate', {
    expression: run,
    contextId,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return result.value;
}
