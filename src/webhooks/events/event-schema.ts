import { type IdKind, typeIdPattern } from '../../platform/ids/index.js';

/** A schema, or part of one, in JSON Schema 2020-12: what OpenAPI 3.1 takes as it is. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const idSchema = (kind: IdKind): JsonSchema => ({ type: 'string', pattern: typeIdPattern(kind) });

/** An RFC 3339 instant in UTC with milliseconds. */
export const instantSchema: JsonSchema = {
  type: 'string',
  format: 'date-time',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
};

export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

/**
 * An object with all of these members, but for the optional ones. Left open, because receivers have to bear members that a
 * later version adds.
 */
export const objectSchema = (properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

/** Of an event's `data`: what every event has, and what its own has beside. */
export const eventDataSchema = (properties: Readonly<Record<string, JsonSchema>>, optional?: readonly string[]): JsonSchema =>
  objectSchema({ event_id: idSchema('event'), sequence: { type: 'integer', minimum: 1 }, ...properties }, optional);
