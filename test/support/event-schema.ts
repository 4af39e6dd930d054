import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { isDeepStrictEqual } from 'node:util';
import '../../src/app.module.js';
import { allEvents, type JsonSchema } from '../../src/webhooks/index.js';

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);

const validators = new Map<string, ValidateFunction>();

/**
 * JSON Schema of a whole webhook body of this type, closed: a published schema bears members that it does not know, and a
 * test has to notice one that nobody has declared.
 */
export function eventSchema(type: string): JsonSchema {
  const definition = new Map(allEvents()).get(type);
  if (definition === undefined) throw new Error(`no feature declares the event type ${type}`);
  return closed({
    type: 'object',
    required: ['type', 'timestamp', 'data'],
    properties: { type: { const: type }, timestamp: { type: 'string', format: 'date-time' }, data: definition.schema },
  }) as JsonSchema;
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in inner ? { additionalProperties: false, ...inner } : inner;
}

interface SeenEvent {
  readonly type: string;
  readonly id?: string;
  readonly data?: object;
}

/** All that `Subject` says, which makes events up for tests of how they travel: of no other event is anything passed over. */
const MADE_UP = ['event_id', 'sequence', 'subject'];

/**
 * Holds a webhook body, or an element of the feed, to the catalogue. Every test client and receiver calls it for all that it gets.
 * @throws naming every member that is not as declared.
 */
export function assertEvent(event: SeenEvent): void {
  if (isDeepStrictEqual(Object.keys(event.data ?? {}), MADE_UP)) return;
  const { id: _id, ...body } = event;
  const validate = validators.get(event.type) ?? ajv.compile(eventSchema(event.type));
  validators.set(event.type, validate);
  if (validate(body)) return;
  const faults = validate.errors?.map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
  throw new Error(`${event.type} is not as the catalogue says:\n${faults?.join('\n') ?? ''}\n${JSON.stringify(body)}`);
}
