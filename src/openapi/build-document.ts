import type { INestApplication, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { JsonMembers } from '../platform/json/index.js';
import { describeOperation } from './describe-operation.js';
import { ANSWER_HEADERS, DESCRIPTION, REQUEST_HEADERS, SECURITY_SCHEMES, TAGS } from './document-frame.js';
import { describePaths, draftDocument } from './draft-document.js';
import { eventWebhooks, WEBHOOK_HEADERS } from './event-webhooks.js';
import { Examples } from './example-of.js';
import { sortedByKey } from './json.js';
import { problemExamples, problemSchemaWithCodes, sharedResponses } from './problem-responses.js';
import { factsOfRoutes } from './route-facts.js';

/**
 * The API document of the application, in OpenAPI 3.1. Signatures and comments come from what the compiler plugin of
 * @nestjs/swagger wrote into the build, so it is only whole there: see src/print-openapi.ts.
 * @param doors whose routes have documents of their own.
 */
export function buildDocument(app: INestApplication, version: string, doors: readonly Type[]): JsonMembers {
  const routes = factsOfRoutes(app);
  const own = [...app.get(ModulesContainer).values()].map(({ metatype }) => metatype).filter((each) => !doors.includes(each));
  const draft = draftDocument(app, own, routes);
  const schemas = sortedByKey(Object.entries({ ...draft.schemas, Problem: problemSchemaWithCodes() }));
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
    paths: sortedByKey(describePaths(draft.paths, routes, (operation, route) => describeOperation(operation, route, examples))),
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
