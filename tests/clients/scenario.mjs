// The service that generated clients are used against.

import { adminToken, ingestToken, startService, tokenOf } from '../workerd/harness.mjs';

const HOUR = 3_600_000;

/** A running service, with scenarios for clients: see typescript/scenario.ts. */
export async function startScenarios() {
  const service = await startService();
  const at = new Date(Date.now() - HOUR);
  const url = new URL(service.url).origin;
  let organizations = 0;
  return {
    url,
    /** A new organization, as a client is given it. */
    create() {
      organizations += 1;
      const organizationId = `organization-${organizations}`;
      return {
        url,
        organizationId,
        at: at.toISOString(),
        ingestToken: ingestToken(),
        adminToken: adminToken(organizationId),
        operatorToken: tokenOf({ sub: 'operator', scope: 'conversation-monitor:operate' }),
      };
    },
    /** Publishes what clients have posted. */
    async publish() {
      await service.refresh(at.getTime() + 10 * 60_000 + organizations);
      // Health is about the newest.
      await service.refresh(Date.now());
    },
    close: () => service.close(),
  };
}
