// Reads what to generate from the environment: orval takes no paths on the command line.

const { DOCUMENT: input, FOLDER: folder, SERVICE_URL: baseUrl } = process.env;

export default {
  fetch: { input, output: { target: `${folder}/fetch.ts`, client: 'fetch', baseUrl } },
  zod: {
    input,
    output: {
      target: `${folder}/zod.ts`,
      client: 'zod',
      override: { zod: { generate: { body: true, response: true } } },
    },
  },
};
