/**
 * A strict validator for the part of OpenAPI 3.0's schema object that the contract and public/openapi.json use. An
 * unknown keyword is an error, so no rule is ever skipped silently.
 */

import { readFileSync } from 'node:fs';

export const CONTRACT = JSON.parse(readFileSync(new URL('../contract/report-openapi.json', import.meta.url), 'utf8'));

/** The check behind each keyword; null for keywords that constrain nothing by themselves. */
const KEYWORDS = {
  type: checkType,
  enum: checkEnum,
  format: checkFormat,
  pattern: checkPattern,
  properties: checkProperties,
  required: checkRequired,
  items: checkItems,
  additionalProperties: checkAdditionalProperties,
  minimum: bound('minimum', (value, bound) => !(value < bound)),
  maximum: bound('maximum', (value, bound) => !(value > bound)),
  minItems: bound('minItems', (value, bound) => !(value?.length < bound)),
  maxItems: bound('maxItems', (value, bound) => !(value?.length > bound)),
  uniqueItems: bound('uniqueItems', (value, bound) => !bound || !Array.isArray(value) || isUnique(value)),
  minLength: bound('minLength', (value, bound) => !(characters(value) < bound)),
  maxLength: bound('maxLength', (value, bound) => !(characters(value) > bound)),
  minProperties: bound('minProperties', (value, bound) => !TYPES.object(value) || Object.keys(value).length >= bound),
  maxProperties: bound('maxProperties', (value, bound) => !TYPES.object(value) || Object.keys(value).length <= bound),
  oneOf: checkOneOf,
  nullable: null,
  default: null,
  example: null,
  description: null,
};

const TYPES = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: Number.isFinite,
  integer: Number.isInteger,
};

/** The characters of a string, as JSON Schema counts them; NaN for anything else. */
const characters = (value) => (typeof value === 'string' ? [...value].length : Number.NaN);

const isUnique = (items) => new Set(items.map((item) => JSON.stringify(item))).size === items.length;

/** RFC 3339 section 5.6. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339's `full-date`. */
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** The errors of `value` under the contract's schema of this name; an empty array if it is valid. */
export function schemaErrors(name, value, contract = CONTRACT) {
  return errorsOf({ $ref: `#/components/schemas/${name}` }, value, { contract, path: '$' });
}

/**
 * The errors of `value` under a schema of `contract`. Members that the schema does not name are errors, too: clients
 * must accept them, but this service must not send anything that it does not document.
 */
export function documentErrors(schema, value, contract) {
  return errorsOf(schema, value, { contract, path: '$', isComplete: true });
}

function errorsOf(schema, value, at) {
  if (schema.$ref !== undefined) return errorsOf(resolve(schema.$ref, at.contract), value, at);
  for (const keyword of Object.keys(schema)) {
    if (!Object.hasOwn(KEYWORDS, keyword)) throw new Error(`unknown keyword "${keyword}" at ${at.path}`);
  }
  if (value === null && schema.nullable === true) return [];
  return Object.keys(schema).flatMap((keyword) => KEYWORDS[keyword]?.(schema, value, at) ?? []);
}

/** Follows a `$ref`. */
export function resolve(reference, contract) {
  const found = reference
    .replace(/^#\//, '')
    .split('/')
    .reduce((node, name) => node?.[name], contract);
  if (found === undefined) throw new Error(`no such schema: ${reference}`);
  return found;
}

function checkType({ type }, value, { path }) {
  if (!Object.hasOwn(TYPES, type)) throw new Error(`unknown type "${type}" at ${path}`);
  return TYPES[type](value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${type}`];
}

function checkEnum(schema, value, { path }) {
  return schema.enum.includes(value) ? [] : [`${path}: ${JSON.stringify(value)} is not one of ${schema.enum}`];
}

function checkFormat({ format }, value, { path }) {
  const forms = { date: DATE, 'date-time': DATE_TIME };
  if (!Object.hasOwn(forms, format)) throw new Error(`unknown format "${format}" at ${path}`);
  const isOne = typeof value === 'string' && forms[format].test(value) && !Number.isNaN(Date.parse(value));
  return isOne ? [] : [`${path}: ${JSON.stringify(value)} is no ${format}`];
}

function checkPattern({ pattern }, value, { path }) {
  const isMatch = typeof value !== 'string' || new RegExp(pattern, 'u').test(value);
  return isMatch ? [] : [`${path}: ${JSON.stringify(value)} does not match ${pattern}`];
}

function checkProperties({ properties, additionalProperties }, value, at) {
  if (!TYPES.object(value)) return [];
  const known = Object.entries(properties)
    .filter(([name]) => Object.hasOwn(value, name))
    .flatMap(([name, schema]) => errorsOf(schema, value[name], { ...at, path: `${at.path}.${name}` }));
  if (!at.isComplete || typeof additionalProperties === 'object') return known;
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
  return [...known, ...unknown.map((name) => `${at.path}.${name} is not documented`)];
}

function checkRequired({ required }, value, { path }) {
  if (!TYPES.object(value)) return [];
  return required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}.${name} is missing`);
}

function checkItems({ items }, value, at) {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, index) => errorsOf(items, item, { ...at, path: `${at.path}[${index}]` }));
}

function checkAdditionalProperties({ additionalProperties, properties = {} }, value, at) {
  if (additionalProperties === true || !TYPES.object(value)) return [];
  const additional = Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
  if (additionalProperties === false) return additional.map((name) => `${at.path}.${name} is not allowed`);
  return additional.flatMap((name) =>
    errorsOf(additionalProperties, value[name], { ...at, path: `${at.path}.${name}` }),
  );
}

function checkOneOf({ oneOf }, value, at) {
  const results = oneOf.map((schema) => errorsOf(schema, value, at));
  const valid = results.filter((errors) => errors.length === 0).length;
  if (valid === 1) return [];
  if (valid > 1) return [`${at.path}: ${JSON.stringify(value)} matches ${valid} schemas of oneOf`];
  // The closest schema is the one that the value was meant for.
  return results.reduce((fewest, errors) => (errors.length < fewest.length ? errors : fewest));
}

function bound(keyword, holds) {
  return (schema, value, { path }) =>
    holds(value, schema[keyword]) ? [] : [`${path}: ${JSON.stringify(value)} is beyond ${keyword} ${schema[keyword]}`];
}
