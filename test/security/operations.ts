import { openapiDocument } from '../support/openapi-answers.js';

export type Json = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Json;
}

/** One route, as the API document describes it: what this folder attacks is generated from these. */
export interface Operation {
  /** `GET /v1/bulks/{id}` */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly caller: 'nobody' | 'merchant' | 'operator';
  readonly scopes: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Its answer has no end of its own. */
  readonly streams: boolean;
  /** Undefined where it reads none. */
  readonly body: { readonly schema: Json; readonly example: unknown } | undefined;
}

interface Written {
  readonly security: readonly Readonly<Record<'merchant' | 'operator', readonly string[]>>[];
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Json; readonly example: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

interface Reference {
  readonly $ref: string;
}

/** What a `$ref` of the document names; any other value as it is. */
export function resolved<Value>(value: Value | Reference): Value {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
  let found: unknown = openapiDocument;
  for (const token of value.$ref.split('/').slice(1)) found = (found as Json)[token.replaceAll('~1', '/').replaceAll('~0', '~')];
  return found as Value;
}

export const operations: readonly Operation[] = Object.entries(openapiDocument.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => {
    const { security, parameters = [], requestBody, responses } = operation as unknown as Written;
    const [asked] = security;
    return {
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      caller: asked === undefined ? 'nobody' : 'merchant' in asked ? 'merchant' : 'operator',
      scopes: asked?.merchant ?? asked?.operator ?? [],
      parameters: parameters.map((parameter) => resolved<Parameter>(parameter)),
      streams: responses['200']?.content?.['text/event-stream'] !== undefined,
      body: requestBody?.content['application/json'],
    };
  }),
);

/** The kinds of the ids in a path, in their order, as the patterns of the document say. */
export const idKindsOf = ({ parameters }: Operation): string[] =>
  parameters.filter((parameter) => parameter.in === 'path').map(({ schema }) => kindOf(schema));

export function kindOf({ pattern }: Json): string {
  const kind = /^\^([a-z]+)_/.exec(String(pattern))?.[1];
  if (kind === undefined) throw new Error(`no kind of id has the pattern ${String(pattern)}`);
  return kind;
}

/** The path with these in the places of its parameters. */
export function pathWith(path: string, ids: readonly string[]): string {
  let place = 0;
  return path.replace(/\{\w+\}/g, () => ids[place++] ?? '');
}
