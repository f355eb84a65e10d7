// What the tests of these files say holds over three databases as it does over one.

import { describe } from 'node:test';

process.env.TEST_DATABASES = '3';

for (const file of ['scopes', 'settings', 'tenants', 'erasure']) {
  describe(`${file}, over three databases`, () => import(`./${file}.test.mjs`));
}
