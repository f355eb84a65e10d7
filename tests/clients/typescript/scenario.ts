/** What a client is given: a running service, and an organization of which nothing is stored yet. */
export interface Scenario {
  url: string;
  organizationId: string;
  /** An hour ago. */
  at: string;
  /** May post events of any organization. */
  ingestToken: string;
  /** An ADMIN of the organization. */
  adminToken: string;
  /** May see the numbers of the service. */
  operatorToken: string;
}
