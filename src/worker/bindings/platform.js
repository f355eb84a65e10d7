// What is said in JavaScript because it costs less so: one call from the wasm instead of many.

/**
 * What every answer depends on, a line each: the method, the URL, and the values of three headers, each behind a `=`
 * where it is there. None of them has line breaks.
 */
export function read(request) {
  const { method, url, headers } = request;
  const value = (name) => {
    const text = headers.get(name);
    return text === null ? '\n' : `\n=${text}`;
  };
  return `${method}\n${url}${value('Authorization')}${value('If-None-Match')}${value('Origin')}`;
}

/** The names of lists of headers by their text: there are few, and cutting one up costs more than all its values. */
const lists = new Map();

/**
 * A response. `names` and `values` are those of its headers, a line each: a header has no line breaks. A body of bytes is a
 * view of the wasm's memory: the response copies it, as the Fetch standard demands (section 5.2, "extract a body").
 */
export function respond(status, body, names, values) {
  let list = lists.get(names);
  if (list === undefined) lists.set(names, (list = names.split('\n')));
  const lines = values.split('\n');
  const headers = {};
  for (let index = 0; index < list.length; index += 1) headers[list[index]] = lines[index];
  return new Response(body, { status, headers });
}

/** The bytes of a key's value in KV, null where there is none; fails if that takes longer than `milliseconds`. */
export function getWithin(namespace, key, milliseconds) {
  const late = wait(milliseconds).then(() => Promise.reject(new Error('no answer in time')));
  return Promise.race([namespace.get(key, 'arrayBuffer'), late]);
}

/** Resolves after so many milliseconds. */
export function wait(milliseconds) {
  return scheduler.wait(milliseconds);
}
