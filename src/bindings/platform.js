// What is said in JavaScript because it costs less so: one call from the wasm instead of many.

/** A response. `headers` are names and values by turns, a line each: a header has no line breaks. */
export function respond(status, body, headers) {
  const lines = headers.split('\n');
  const init = {};
  for (let index = 1; index < lines.length; index += 2) init[lines[index - 1]] = lines[index];
  return new Response(body, { status, headers: init });
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
