import fc from 'fast-check';
import { type Json, resolved } from './operations.js';

/** Values by the name of a member, where the schema alone leaves too little chance of a meaningful one. */
export type Meanings = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Half of the time the example of the document: past the first check, where the deeper ones are. */
const EXAMPLE_WEIGHT = 2;

/** Values that a schema of the document allows. */
export function valueOf(written: unknown, meanings: Meanings, name = ''): fc.Arbitrary<unknown> {
  const schema = resolved<Json>(written as Json);
  const meant = meanings[name];
  const any = ofSchema(schema, meanings);
  if (meant !== undefined) return fc.oneof({ weight: EXAMPLE_WEIGHT, arbitrary: meant }, { weight: 1, arbitrary: any });
  const { examples } = schema;
  if (!Array.isArray(examples)) return any;
  return fc.oneof(
    { weight: EXAMPLE_WEIGHT, arbitrary: fc.constantFrom(...(examples as unknown[])) },
    { weight: 1, arbitrary: any },
  );
}

function ofSchema(schema: Json, meanings: Meanings): fc.Arbitrary<unknown> {
  const { anyOf, allOf, enum: values, type } = schema;
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]));
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((each) => valueOf(each, meanings)));
  if (Array.isArray(allOf))
    return fc.tuple(...allOf.map((each) => valueOf(each, meanings))).map((parts) => Object.assign({}, ...parts) as object);
  const types = (Array.isArray(type) ? type : [type]) as unknown[];
  return fc.oneof(...types.map((each) => ofType(String(each), schema, meanings)));
}

function ofType(type: string, schema: Json, meanings: Meanings): fc.Arbitrary<unknown> {
  const limit = (key: string, usual: number): number => (typeof schema[key] === 'number' ? schema[key] : usual);
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: limit('minimum', -1_000_000), max: limit('maximum', 1_000_000) });
    case 'number':
      return fc.double({ min: limit('minimum', -1e6), max: limit('maximum', 1e6), noNaN: true });
    case 'string':
      return textOf(schema);
    case 'array': {
      const element = valueOf(schema['items'] ?? {}, meanings);
      const lengths = { minLength: limit('minItems', 0), maxLength: Math.min(limit('maxItems', 4), 4) };
      return schema['uniqueItems'] === true
        ? fc.uniqueArray(element, { ...lengths, selector: (value) => JSON.stringify(value) })
        : fc.array(element, lengths);
    }
    case 'object':
      return objectOf(schema, meanings);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function textOf({ pattern, format, minLength, maxLength }: Json): fc.Arbitrary<string> {
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2040-01-01') })
      .map((date) => date.toISOString());
  return fc.string({ unit: 'grapheme', minLength: Number(minLength ?? 0), maxLength: Number(maxLength ?? 60) });
}

function objectOf({ properties, required = [], additionalProperties }: Json, meanings: Meanings): fc.Arbitrary<object> {
  if (properties === undefined) {
    const value =
      typeof additionalProperties === 'object' ? valueOf(additionalProperties, meanings) : fc.jsonValue({ maxDepth: 1 });
    return fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), value, { maxKeys: 3 });
  }
  const members = Object.entries(properties as Json).map(([name, schema]) => [name, valueOf(schema, meanings, name)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: required as string[] });
}
