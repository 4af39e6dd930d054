import { dotsDocument, openapiDocument, paypalDocument } from '../support/openapi-answers.js';

export type Json = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Json;
}

/** Whose words a route speaks. The page of a payout link has no API document: nobody but a browser asks for it. */
export type Contract = 'native' | 'paypal' | 'dots' | 'page';

/** One route, as the API document describes it: what this folder attacks is generated from these. */
export interface Operation {
  /** `GET /v1/bulks/{id}` */
  readonly name: string;
  readonly contract: Contract;
  readonly method: string;
  readonly path: string;
  readonly caller: 'nobody' | 'merchant' | 'operator';
  readonly scopes: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Its answer has no end of its own. */
  readonly streams: boolean;
  /** Undefined where it reads none. */
  readonly body: Body | undefined;
}

interface Body {
  /** Of the media. */
  readonly type: string;
  readonly schema: Json;
  readonly example: unknown;
}

interface Written {
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Omit<Body, 'type'>>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

interface Reference {
  readonly $ref: string;
}

/** A document whose references say which document they lead into. */
const known = (contract: Contract, document: typeof openapiDocument): typeof openapiDocument =>
  JSON.parse(JSON.stringify(document).replaceAll('"$ref":"#/', `"$ref":"${contract}#/`)) as typeof openapiDocument;
const documents: Readonly<Record<string, typeof openapiDocument>> = {
  native: known('native', openapiDocument),
  paypal: known('paypal', paypalDocument),
  dots: known('dots', dotsDocument),
};

/** What a `$ref` of a document names; any other value as it is. */
export function resolved<Value>(value: Value | Reference): Value {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
  const [contract = '', pointer = ''] = value.$ref.split('#');
  let found: unknown = documents[contract];
  for (const token of pointer.split('/').slice(1)) found = (found as Json)[token.replaceAll('~1', '/').replaceAll('~0', '~')];
  return found as Value;
}

const operationsOf = (contract: Contract): Operation[] =>
  Object.entries(documents[contract]?.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      const { security, parameters = [], requestBody, responses } = operation as unknown as Written;
      const [scheme, scopes = []] = Object.entries(security[0] ?? {})[0] ?? [];
      const [type, body] = Object.entries(requestBody?.content ?? {})[0] ?? [];
      return {
        name: `${method.toUpperCase()} ${path}`,
        contract,
        method: method.toUpperCase(),
        path,
        // What shows its credentials to get others of them asks for no scope: to the kernel it is public.
        caller: scheme === 'operator' ? 'operator' : scheme === 'merchant' || scopes.length > 0 ? 'merchant' : 'nobody',
        scopes,
        parameters: parameters.map((parameter) => resolved<Parameter>(parameter)),
        streams: responses['200']?.content?.['text/event-stream'] !== undefined,
        body: type === undefined || body === undefined ? undefined : { type, ...body },
      };
    }),
  );

export const operations: readonly Operation[] = operationsOf('native');
/** The routes of the doors, by their own documents. */
export const doorOperations: readonly Operation[] = [...operationsOf('paypal'), ...operationsOf('dots')];

const FORM_FIELDS = ['first_name', 'last_name', 'method', 'email', 'routing_number', 'account_number', 'account_type', 'iban'];
const onPage = { contract: 'page', path: '/pay/{token}', caller: 'nobody', scopes: [], streams: false } as const;
const parameters: readonly Parameter[] = [{ name: 'token', in: 'path', schema: { type: 'string' } }];
/** The page of a payout link, as its form is written. */
export const pageOperations: readonly Operation[] = [
  { ...onPage, name: 'GET /pay/{token}', method: 'GET', parameters, body: undefined },
  {
    ...onPage,
    name: 'POST /pay/{token}',
    method: 'POST',
    parameters,
    body: {
      type: 'application/x-www-form-urlencoded',
      schema: {
        type: 'object',
        properties: Object.fromEntries(FORM_FIELDS.map((name) => [name, { type: 'string' }])),
        required: ['first_name', 'last_name', 'method'],
      },
      example: { first_name: 'Ada', last_name: 'Lovelace', method: 'paypal', email: 'ada@example.com' },
    },
  },
];

/** The kinds of the ids in a path, in their order: as the patterns of the native document say, elsewhere what stands before them. */
export const idKindsOf = ({ contract, path, parameters }: Operation): string[] =>
  contract === 'native'
    ? parameters.filter((parameter) => parameter.in === 'path').map(({ schema }) => kindOf(schema))
    : [...path.matchAll(/([\w-]+)\/\{/g)].map(([, kind = '']) => kind);

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
