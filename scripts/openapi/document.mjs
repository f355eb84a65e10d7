// The OpenAPI document. It contains the published contract of the report (tests/contract/) word for word.

import { readFileSync } from 'node:fs';
import { inRoot } from '../project.mjs';
import { EVENTS } from './events.mjs';
import { PARAMETER_SCHEMAS, PARAMETERS } from './parameters.mjs';
import { PATHS, TAGS } from './paths.mjs';
import { prose } from './prose.mjs';
import { RESPONSE_SCHEMAS } from './response-schemas.mjs';
import { HEADERS, RESPONSES } from './responses.mjs';

const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));

const DESCRIPTION = prose`
  Shows which customers are waiting for an answer that nobody is giving.

  Every JSON body is \`{"success":true,"data":…}\` or \`{"success":false,"message":"…","error":"CODE"}\`. \`error\` is
  stable; \`message\` is for people.

  Parameters that are out of range, empty or repeated get 400. Unknown parameters are ignored.

  If several things are wrong with a request, the first of these is answered: 401, 429, 400 (or 413, 415), 403, 404, 409, 410.
  Webhooks have another order, which their route names.

  Any other path gets 404 \`NOT_FOUND\`. A method that a path does not support gets 405 \`METHOD_NOT_ALLOWED\`, with
  \`Allow\`.

  Web pages of the configured origins may call this API; a CORS preflight is answered with 204.`;

export const DOCUMENT = {
  openapi: '3.0.3',
  info: {
    title: 'Conversation Monitor',
    version,
    description: DESCRIPTION,
    contact: { name: 'The Conversation Monitor authors' },
    license: { name: 'MIT OR Apache-2.0', url: 'https://spdx.org/licenses/' },
  },
  servers: [{ url: '/' }],
  security: [],
  tags: TAGS,
  paths: PATHS,
  components: {
    schemas: { ...RESPONSE_SCHEMAS, ...EVENTS, ...PARAMETER_SCHEMAS },
    responses: RESPONSES,
    parameters: PARAMETERS,
    headers: HEADERS,
    securitySchemes: {
      bearerAuth: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description:
          'Signed with HS256, RS256, ES256 or EdDSA. Claims: `exp` (required), `sub`, `role`, `organizationId`, ' +
          '`departmentIds`, `scope`, `name`, `nbf`, `iat`, `iss`, `aud`. The service can be configured to look for ' +
          'role, organization, departments and scope elsewhere.',
      },
      webhookSignature: {
        type: 'apiKey',
        in: 'header',
        name: 'X-Chatwoot-Signature',
        description:
          'The signature of a webhook, an HMAC of its bytes by a secret that the help desk and the connection share. ' +
          'Chatwoot: `sha256=` and hexadecimal digits, over the text of `X-Chatwoot-Timestamp`, a dot and the body. ' +
          'LibreDesk: the same in `X-Libredesk-Signature`, over the body. Zammad: `sha1=` in `X-Hub-Signature`, over ' +
          'the body.',
      },
    },
  },
};
