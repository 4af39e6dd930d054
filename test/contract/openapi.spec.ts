import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import '../../src/app.module.js';
import { allProblems } from '../../src/platform/http/index.js';
import { allEvents } from '../../src/webhooks/index.js';
import { dotsDocument, openapiDocument, openapiValidator, paypalDocument } from '../support/openapi-answers.js';

type Json = Readonly<Record<string, unknown>>;

interface Media {
  readonly schema?: Json;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly Json[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Json>>;
}

const operations = Object.entries(openapiDocument.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    at: `/paths/${path.replaceAll('/', '~1')}/${method}`,
    operation: operation as unknown as Operation,
  })),
);

/** Everything below a value, with the JSON Pointer to it. */
function* walk(value: unknown, pointer = ''): Generator<[string, unknown]> {
  yield [pointer, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value))
    yield* walk(member, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

function at(pointer: string): unknown {
  let value: unknown = openapiDocument;
  for (const token of pointer.split('/').slice(1)) {
    value = (value as Json | undefined)?.[token.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value;
}

const resolved = (value: Json): Json => (typeof value['$ref'] === 'string' ? (at(value['$ref'].slice(1)) as Json) : value);

describe('the API document', () => {
  it.each([openapiDocument, paypalDocument, dotsDocument])('is valid OpenAPI 3.1, as is that of each door', async (document) => {
    const outcome = await new Validator().validate(structuredClone({ ...document }));
    expect(outcome).toMatchObject({ valid: true });
    expect(document['openapi']).toBe('3.1.0');
  });

  it('has no reference that leads nowhere', () => {
    const lost = [...walk(openapiDocument)].flatMap(([pointer, value]) =>
      pointer.endsWith('/$ref') && typeof value === 'string' && at(value.slice(1)) === undefined ? [`${pointer}: ${value}`] : [],
    );
    expect(lost).toEqual([]);
  });

  it('has nothing of the dialect of OpenAPI 3.0', () => {
    expect([...walk(openapiDocument)].filter(([pointer]) => pointer.endsWith('/nullable')).map(([pointer]) => pointer)).toEqual(
      [],
    );
  });

  it('has no component that nothing refers to', () => {
    const references = new Set(
      [...walk(openapiDocument)].flatMap(([pointer, value]) => (pointer.endsWith('/$ref') ? [String(value)] : [])),
    );
    const components = openapiDocument['components'] as Readonly<Record<string, Json>>;
    const unused = Object.entries(components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, members]) => Object.keys(members).map((name) => `#/components/${kind}/${name}`))
      // Refusals that no route of its own answers: those of paths and methods that no route has.
      .filter((name) => !references.has(name) && name !== '#/components/examples/method_not_allowed');
    expect(unused).toEqual([]);
  });

  it('calls every operation by one name of its own', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(names.filter((name) => !/^[a-z][A-Za-z]+$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(operations)('says of $name what it is for, who may call it and what it refuses', ({ operation }) => {
    expect(operation.summary).toMatch(/\.$/);
    expect(operation.tags).toHaveLength(1);
    expect((openapiDocument['tags'] as readonly Json[]).map(({ name }) => name)).toContain(operation.tags[0]);
    expect(Array.isArray(operation.security)).toBe(true);
    for (const [status, response] of Object.entries(operation.responses)) {
      const { description, headers } = resolved(response) as { description: string; headers: Json };
      expect(description).not.toBe('');
      expect(headers).toHaveProperty('Request-Id');
      const { content = {} } = resolved(response) as { content?: Json };
      if (Number(status) >= 400 && operation.operationId !== 'getReadiness')
        expect(Object.keys(content)).toEqual(['application/problem+json']);
    }
    expect(Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status))).toBe(true);
    expect(Object.keys(operation.responses).some((status) => /^[45]\d\d$/.test(status))).toBe(true);
  });

  it('describes every parameter', () => {
    const bare = operations.flatMap(({ name, operation }) =>
      operation.parameters
        .map(resolved)
        .filter((parameter) => typeof parameter['description'] !== 'string' || parameter['schema'] === undefined)
        .map((parameter) => `${name}: ${String(parameter['name'])}`),
    );
    expect(bare).toEqual([]);
  });
});

describe('examples', () => {
  const ajv = openapiValidator();
  const medias = [
    ...walk(openapiDocument.paths, '/paths'),
    ...walk(openapiDocument['webhooks'], '/webhooks'),
    ...walk(at('/components/responses'), '/components/responses'),
  ].filter(([pointer]) => /\/content\/[^/]+$/.test(pointer)) as [string, Media][];

  it('stand at every body', () => {
    expect(
      medias.filter(([, { example, examples }]) => example === undefined && examples === undefined).map(([pointer]) => pointer),
    ).toEqual([]);
  });

  it('are as their schemas say', () => {
    const faults = medias.flatMap(([pointer, { example, examples = {} }]) => {
      const validate = ajv.compile({ $ref: `openapi.json#${pointer}/schema` });
      const given = [
        ...(example === undefined ? [] : [example]),
        ...Object.values(examples).map((each) => (resolved(each as Json) as { value: unknown }).value),
      ];
      return given.flatMap((value) => (validate(value) ? [] : [`${pointer}: ${ajv.errorsText(validate.errors)}`]));
    });
    expect(faults).toEqual([]);
  });
});

describe('what the tables of the code say is in the document', () => {
  it('every refusal is told by some route, but for those of paths that no route has', () => {
    const told = new Set(
      operations.flatMap(({ operation }) =>
        Object.values(operation.responses).flatMap((response) =>
          Object.values(resolved(response)['content'] ?? {}).flatMap(({ examples = {} }: Media) => Object.keys(examples)),
        ),
      ),
    );
    const silent = allProblems().flatMap(([code]) => (told.has(code) ? [] : [code]));
    expect(silent).toEqual(['method_not_allowed']);
  });

  it('every type of event is a webhook', () => {
    expect(Object.keys(openapiDocument['webhooks'] as object).sort()).toEqual(
      allEvents()
        .map(([type]) => type)
        .sort(),
    );
  });
});
