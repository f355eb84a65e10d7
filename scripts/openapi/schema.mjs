// The building blocks of schemas.

/** A reference to a named schema. */
export const ref = (name) => ({ $ref: `#/components/schemas/${name}` });

/**
 * The same schema, where null is allowed. Not for references: OpenAPI 3.0 has no simple way to allow null beside one.
 * So enums that may be null stay inline.
 */
export const nullable = (schema) => ({ ...schema, nullable: true });

/**
 * An object. All of its properties are always there, except those named in `optional`. Clients must accept members that
 * they do not know: later versions of the service may send them.
 *
 * @param {Record<string, object>} properties
 * @param {{ optional?: string[], [keyword: string]: unknown }} [more]
 * @returns {Record<string, any>}
 */
export function object(properties, { optional = [], ...more } = {}) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: true, ...more };
}

/** A list. */
export const list = (items, more = {}) => ({ type: 'array', items, ...more });

/** One of a set of words. */
export const oneOfWords = (words, description) => ({
  type: 'string',
  enum: words,
  ...(description && { description }),
});

/** A number of things. */
export const count = (description) => ({ type: 'integer', minimum: 0, ...(description && { description }) });

/** A point in time. */
export const instant = (description) => ({ type: 'string', format: 'date-time', ...(description && { description }) });

export const text = (description) => ({ type: 'string', ...(description && { description }) });
export const flag = (description) => ({ type: 'boolean', ...(description && { description }) });
