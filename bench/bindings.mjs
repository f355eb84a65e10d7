// D1, KV and the cron of workers, as what runs them in Node uses them.
//
// Miniflare has proxies for these. One of a statement asks workerd to prepare it, to bind its parameters and to run it,
// one after the other, and holds up the whole process at the first two: half of the time of a test that looks at rows.
// Here a worker with the same bindings is asked once.

/** The name of the worker. */
export const BINDINGS_WORKER = 'bindings';
/** That of wrangler.toml. */
const CRON = '* * * * *';

const MAIN_MODULE = `
  const actions = {
    batch: (database, statements) =>
      database.batch(statements.map(([sql, ...parameters]) => database.prepare(sql).bind(...parameters))),
    exec: (database, sql) => database.exec(sql),
    get: (namespace, key) => namespace.get(key),
    put: (namespace, key, base64) => namespace.put(key, Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))),
    delete: (namespace, key) => namespace.delete(key),
    list: (namespace, options) => namespace.list(options),
    scheduled: (worker, scheduledTime, cron) => worker.scheduled({ scheduledTime: new Date(scheduledTime), cron }),
  };

  export default {
    async fetch(request, env) {
      const [binding, action, ...args] = await request.json();
      try {
        return Response.json({ result: await actions[action](env[binding], ...args) });
      } catch (error) {
        return Response.json({ error: error.message });
      }
    },
  };
`;

/**
 * Miniflare's options of the worker, which has the bindings of `worker` and can run the cron of the `workers` with
 * these names.
 *
 * @param {{ compatibilityDate: string, d1Databases: object, kvNamespaces: object }} worker
 * @param {string[]} workers
 */
export const bindingsWorker = ({ compatibilityDate, d1Databases, kvNamespaces }, workers) => ({
  name: BINDINGS_WORKER,
  compatibilityDate,
  // So that a worker can send another one the event of a cron.
  compatibilityFlags: ['service_binding_extra_handlers'],
  modules: [{ type: 'ESModule', path: 'bindings.js', contents: MAIN_MODULE }],
  d1Databases,
  kvNamespaces,
  serviceBindings: Object.fromEntries(workers.map((name) => [name, name])),
  unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
});

/** The bindings, by way of the worker at `url`. */
export class Bindings {
  /** @param {URL} url */
  constructor(url) {
    const ask = async (...question) => {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(question) });
      const { result, error } = /** @type {any} */ (await response.json());
      if (error !== undefined) throw new Error(error);
      return result;
    };
    /** @param {string} binding */
    this.database = (binding) => new Database((...question) => ask(binding, ...question));
    /** @param {string} binding */
    this.namespace = (binding) => ({
      /** @param {string} key @returns {Promise<string | null>} */
      get: (key) => ask(binding, 'get', key),
      /** @param {string} key @param {string | Uint8Array} value */
      put: (key, value) => ask(binding, 'put', key, Buffer.from(value).toString('base64')),
      /** @param {string} key */
      delete: (key) => ask(binding, 'delete', key),
      /** @param {{ prefix?: string, cursor?: string }} [options] */
      list: (options) => ask(binding, 'list', options),
    });
    /** Runs the refresh of a worker that is scheduled for `at`, epoch milliseconds. */
    this.refresh = async (worker, at) => {
      const { outcome } = await ask(worker, 'scheduled', at, CRON);
      if (outcome !== 'ok') throw new Error(`refresh: ${outcome}`);
    };
  }
}

/** What is used of D1's interface. */
class Database {
  constructor(ask) {
    /** @param {string} sql @returns {Promise<any>} */
    this.exec = (sql) => ask('exec', sql);
    /** @param {Statement[]} statements @returns {Promise<any[]>} */
    this.batch = (statements) =>
      ask(
        'batch',
        statements.map(({ sql, parameters }) => [sql, ...parameters]),
      );
  }

  prepare(sql) {
    return new Statement(this, sql);
  }
}

class Statement {
  constructor(database, sql, parameters = []) {
    this.database = database;
    this.sql = sql;
    this.parameters = parameters;
  }

  bind(...parameters) {
    return new Statement(this.database, this.sql, parameters);
  }

  /** @returns {Promise<any>} */
  async all() {
    const [result] = await this.database.batch([this]);
    return result;
  }

  run() {
    return this.all();
  }

  /**
   * The first row or its column of this name; `null` if there is none.
   *
   * @param {string} [column]
   * @returns {Promise<any>}
   */
  async first(column) {
    const { results } = await this.all();
    const [row = null] = results;
    return row && column ? row[column] : row;
  }
}
