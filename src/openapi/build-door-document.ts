import type { INestApplication, Type } from '@nestjs/common';
import { isObject, type JsonMembers } from '../platform/json/index.js';
import { describePaths, draftDocument } from './draft-document.js';
import { Examples } from './example-of.js';
import { sortedByKey } from './json.js';
import { takesIdempotencyKey } from './kernel-refusals.js';
import { factsOfRoutes, type RouteFacts } from './route-facts.js';

/** What the document of a door has that can not be read off its routes. */
export interface DoorFrame {
  readonly module: Type;
  readonly title: string;
  readonly description: string;
  /** How its callers say who they are. */
  readonly securitySchemes: { readonly client: JsonMembers } & Readonly<Record<string, JsonMembers>>;
  /** The one of these that opens its routes; who comes for what it takes is a client. */
  readonly callersScheme: string;
  /** The header that stands for `Idempotency-Key`, where there is one. */
  readonly requestHeader: JsonMembers | null;
  /** Refusals by name; `Error` is their schema, and this is its member that has the name. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly refusalMember: string;
  /** What every route may answer that asks for a key. */
  readonly commonRefusals: readonly string[];
  /** What endpoints are sent in the words of the door, where it has any. */
  readonly webhooks?: JsonMembers;
}

/** The API document of one door, in OpenAPI 3.1: a foreign contract, as far as it is kept here. */
export function buildDoorDocument(app: INestApplication, version: string, frame: DoorFrame): JsonMembers {
  const routes = factsOfRoutes(app);
  const { paths, schemas } = draftDocument(app, [frame.module], routes);
  const examples = new Examples(schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: frame.title,
      version,
      description: frame.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Wherever this document was read.' }],
    paths: sortedByKey(describePaths(paths, routes, (operation, route) => describe(operation, route, { frame, examples }))),
    ...(frame.webhooks === undefined ? {} : { webhooks: frame.webhooks }),
    components: {
      schemas: sortedByKey(Object.entries(schemas)),
      securitySchemes: frame.securitySchemes,
      ...(frame.requestHeader === null ? {} : { parameters: { RequestId: frame.requestHeader } }),
    },
  };
}

function describe(
  operation: JsonMembers,
  route: RouteFacts,
  { frame, examples }: { frame: DoorFrame; examples: Examples },
): JsonMembers {
  const { tags, summary, parameters, requestBody, responses } = operation;
  const withExample = (part: unknown): unknown => exampled(part, examples, route.notes.id);
  return {
    tags,
    summary,
    operationId: route.notes.id,
    security: [route.caller === 'nobody' ? { client: [] } : { [frame.callersScheme]: route.scopes }],
    parameters: [
      ...(Array.isArray(parameters) ? (parameters as unknown[]) : []),
      ...(frame.requestHeader !== null && takesIdempotencyKey(route) ? [{ $ref: '#/components/parameters/RequestId' }] : []),
    ],
    ...(isObject(requestBody) ? { requestBody: withExample(requestBody) } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(isObject(responses) ? responses : {}).map(([status, each]) => [status, withExample(each)]),
      ),
      ...(route.caller === 'nobody' ? {} : refusals([...route.notes.refuses, ...frame.commonRefusals], frame)),
    },
  };
}

/** A body or an answer with an example for each type of it. */
function exampled(part: unknown, examples: Examples, id: string): JsonMembers {
  const { description, content, required } = isObject(part) ? part : {};
  const media = Object.entries((content ?? {}) as Readonly<Record<string, JsonMembers>>).map(([type, { schema }]) => [
    type,
    { schema, example: examples.of(schema, id) },
  ]);
  return {
    ...(required === true ? { required } : { description: description === '' ? 'Done.' : description }),
    content: Object.fromEntries(media),
  };
}

/** By status, with the names that come with it. */
function refusals(names: readonly string[], { statuses, refusalMember }: DoorFrame): JsonMembers {
  const known = [...new Set(names)].sort().map((name) => ({ name, status: statuses[name] }));
  return Object.fromEntries(
    [...new Set(known.map(({ status }) => status))].map((status) => {
      const here = known.filter((each) => each.status === status).map(({ name }) => name);
      const narrowed = { type: 'object', properties: { [refusalMember]: { enum: here } } };
      const schema = { allOf: [{ $ref: '#/components/schemas/Error' }, narrowed] };
      return [
        String(status),
        { description: here.map((name) => `\`${name}\``).join(', '), content: { 'application/json': { schema } } },
      ];
    }),
  );
}
