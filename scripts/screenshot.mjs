// The picture of the dashboard in README.md: the demo data in the built worker, in the system's Chromium. See USAGE.

import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { build } from './build.mjs';
import { DEMO_ORGANIZATIONS, demoEvents } from './demo.mjs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, whenProgram } from './project.mjs';

const MINUTE_MS = 60_000;
const PICTURE = inRoot('docs', 'dashboard.png');

const USAGE = `usage: npm run screenshot

Takes docs/dashboard.png anew: the dashboard with the demo data.`;

await whenProgram(import.meta.url, async (args) => {
  if (!parseFlags(args, USAGE, {})) return;
  if (!(await ensureBrowser())) throw new Failure('Without a browser there is no picture.');
  await build();
  await takePicture();
  console.log(path.relative(inRoot(), PICTURE));
});

async function takePicture() {
  // Loaded here, because wrangler needs a newer Node than the one that may run this with --help.
  const { adminToken, startService } = await import('../tests/workerd/harness.mjs');
  const { launchBrowser, Scene, SCREENSHOTS } = await import('../tests/browser/scene.mjs');
  const [{ organizationId }] = DEMO_ORGANIZATIONS;
  const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const service = await startService();
  const browser = await launchBrowser();
  try {
    await service.post(demoEvents(now));
    await service.refresh(now);
    const options = {
      url: service.url,
      now: now + 12_000,
      token: adminToken(organizationId),
      width: 1440,
      height: 900,
    };
    const scene = await Scene.open(browser, options);
    await scene.ready();
    await scene.settled();
    await scene.screenshot('dashboard', { fullPage: false });
    mkdirSync(path.dirname(PICTURE), { recursive: true });
    copyFileSync(path.join(SCREENSHOTS, 'dashboard.png'), PICTURE);
  } finally {
    await browser.close();
    await service.close();
  }
}
