import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { declaredOrder } from './declared-order.js';
import { describeOperation } from './describe-operation.js';
import { ANSWER_HEADERS, DESCRIPTION, REQUEST_HEADERS, SECURITY_SCHEMES, TAGS } from './document-frame.js';
import { eventWebhooks, WEBHOOK_HEADERS } from './event-webhooks.js';
import { Examples } from './example-of.js';
import { isObject, type JsonObject, sortedByKey } from './json.js';
import { problemExamples, problemSchemaWithCodes, sharedResponses } from './problem-responses.js';
import { factsOfRoutes, type RouteFacts, routeKey } from './route-facts.js';
import { toDialect31 } from './schema-dialect.js';

/**
 * The API document of the application, in OpenAPI 3.1. Signatures and comments come from what the compiler plugin of
 * @nestjs/swagger wrote into the build, so it is only whole there: see src/print-openapi.ts.
 */
export function buildDocument(app: INestApplication, version: string): JsonObject {
  const drafted = SwaggerModule.createDocument(app, new DocumentBuilder().build(), { operationIdFactory: routeKey });
  const { paths, components } = toDialect31(JSON.parse(withoutSuffix(JSON.stringify(drafted)))) as {
    paths: JsonObject;
    components: { schemas?: JsonObject };
  };
  const routes = factsOfRoutes(app);
  const order = declaredOrder([...routes.values()].flatMap(({ shapes }) => shapes));
  const schemas = sortedByKey(
    Object.entries({ ...inDeclaredOrder(components.schemas ?? {}, order), Problem: problemSchemaWithCodes() }),
  );
  const examples = new Examples(schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tranche',
      version,
      summary: 'Self-hosted engine for scheduled bulk payouts.',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Wherever this document was read.' }],
    tags: TAGS,
    paths: sortedByKey(Object.entries(paths).map(([path, item]) => [path, describePath(item, routes, examples)] as const)),
    webhooks: eventWebhooks(),
    components: {
      schemas,
      responses: sharedResponses(),
      examples: problemExamples(),
      parameters: { ...REQUEST_HEADERS, ...WEBHOOK_HEADERS },
      headers: ANSWER_HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function inDeclaredOrder(schemas: JsonObject, order: ReadonlyMap<string, readonly string[]>): JsonObject {
  const ofSchema = new Map([...order].map(([name, members]) => [name.replace(/Dto$/, ''), members]));
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};
      const declared = (ofSchema.get(name) ?? []).filter((member) => Object.hasOwn(properties, member));
      const sorted: JsonObject = Object.fromEntries(declared.map((member) => [member, properties[member]]));
      return [name, { ...(schema as JsonObject), properties: { ...sorted, ...properties } }];
    }),
  );
}

/** In the code a DTO is told from the row that it shows; to a client it is the thing itself. */
const withoutSuffix = (document: string): string =>
  document.replace(/"#\/components\/schemas\/(\w+)Dto"/g, '"#/components/schemas/$1"').replace(/"(\w+)Dto":\{/g, '"$1":{');

function describePath(item: unknown, routes: ReadonlyMap<string, RouteFacts>, examples: Examples): JsonObject {
  const operations = isObject(item) ? Object.entries(item) : [];
  return Object.fromEntries(
    operations.map(([method, operation]) => {
      const key = isObject(operation) ? String(operation['operationId']) : '';
      const facts = routes.get(key);
      if (facts === undefined || !isObject(operation)) throw new Error(`${key} is in the document and in no module`);
      return [method, describeOperation(operation, facts, examples)];
    }),
  );
}
