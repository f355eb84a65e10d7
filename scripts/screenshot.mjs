// Takes the documentation's picture of the dashboard: the demo data in the built worker, in the system's Chromium.

import path from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { build } from './build.mjs';
import { DEMO_ORGANIZATIONS, demoEvents } from './demo.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, whenProgram } from './project.mjs';

const MINUTE_MS = 60_000;
const PICTURE = inRoot('docs', 'dashboard.png');

const USAGE = `usage: npm run screenshot

Takes docs/dashboard.png again: the dashboard with the demo data.`;

await whenProgram(import.meta.url, async (args) => {
  if (!parseFlags(args, USAGE, {})) return;
  if (!(await ensureBrowser())) throw new Failure('A browser is needed to take the picture.');
  await build();
  await takePicture();
  console.log(path.relative(inRoot(), PICTURE));
});

async function takePicture() {
  // Imported here because wrangler needs a newer Node than --help does.
  const { adminToken, startService } = await import('../tests/workerd/harness.mjs');
  const { DashboardTab, launchBrowser } = await import('../tests/browser/dashboard-tab.mjs');
  const [{ organizationId }] = DEMO_ORGANIZATIONS;
  const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const service = await startService();
  const browser = await launchBrowser();
  try {
    await service.post(demoEvents(now));
    await service.refresh(now);
    const tab = await DashboardTab.open(browser, {
      url: service.url,
      now: now + 12_000,
      token: adminToken(organizationId),
      width: 1440,
      height: 900,
    });
    await tab.waitUntilReady();
    await tab.waitUntilIdle();
    await tab.page.screenshot({ path: PICTURE, animations: 'disabled' });
  } finally {
    await browser.close();
    await service.close();
  }
}
