import { type IdKind, typeIdPattern } from '../platform/ids/index.js';
import { isObject, type JsonMembers } from '../platform/json/index.js';
import { mapObjects } from './json.js';

/**
 * The schemas that @nestjs/swagger writes are those of OpenAPI 3.0. In 3.1 they are JSON Schema 2020-12: null is a type,
 * examples are a list, and a reference may have words beside it.
 */
export const toDialect31 = (schema: unknown): unknown => mapObjects(schema, toSchema31);

function toSchema31(object: JsonMembers): JsonMembers {
  // What has a schema is none: parameters and bodies have one example in 3.1 too.
  if ('schema' in object) return object;
  const { nullable, example, ...schema } = object;
  const bare = withFormats(unwrapped(schema), example);
  const full = nullable === true ? orNull(bare) : bare;
  return example === undefined ? full : { ...full, examples: [example] };
}

const TYPE_ID = /^([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/**
 * What the contract says of every member of a kind, so that no DTO has to repeat it: no number has a fraction (money is a
 * string), what is called an instant is one, and an id looks like its example.
 */
function withFormats(schema: JsonMembers, example: unknown): JsonMembers {
  const { type, properties } = schema;
  if (type === 'number') return { ...schema, type: 'integer' };
  const [, kind] = (typeof example === 'string' && type === 'string' && TYPE_ID.exec(example)) || [];
  if (kind !== undefined) return { ...schema, pattern: typeIdPattern(kind as IdKind) };
  return isObject(properties) ? { ...schema, properties: withInstants(properties) } : schema;
}

const withInstants = (properties: JsonMembers): JsonMembers =>
  Object.fromEntries(
    Object.entries(properties).map(([name, schema]) =>
      /(_at|_until|^since|^timestamp)$/.test(name) && isObject(schema)
        ? [name, { ...schema, format: 'date-time' }]
        : [name, schema],
    ),
  );

/** `{allOf: [{$ref}], description}` was the only way to say something beside a reference. */
function unwrapped(schema: JsonMembers): JsonMembers {
  const { allOf, ...beside } = schema;
  if (!Array.isArray(allOf) || allOf.length !== 1) return schema;
  const only: unknown = allOf[0];
  return isObject(only) && '$ref' in only ? { ...only, ...beside } : schema;
}

function orNull(schema: JsonMembers): JsonMembers {
  const { $ref, description, ...rest } = schema;
  const words = description === undefined ? {} : { description };
  if ($ref !== undefined) return { anyOf: [{ $ref }, { type: 'null' }], ...words };
  if (Array.isArray(rest['enum']))
    return { ...rest, ...typeOrNull(rest), enum: [...(rest['enum'] as unknown[]), null], ...words };
  return { ...rest, ...typeOrNull(rest), ...words };
}

const typeOrNull = ({ type }: JsonMembers): JsonMembers => (typeof type === 'string' ? { type: [type, 'null'] } : {});
