import { type IdKind, toTypeId, typeIdPattern } from '../platform/ids/index.js';
import { isObject, type JsonMembers } from '../platform/json/index.js';
import type { Examples } from './example-of.js';
import { EXAMPLE_UUID } from './example-uuid.js';
import { refusalsOf, takesIdempotencyKey } from './kernel-refusals.js';
import { EVERY_ANSWER, headerReferences, problemResponses } from './problem-responses.js';
import type { RouteFacts } from './route-facts.js';

const JSON_TYPE = 'application/json';
/** What a success says by its status alone. */
const DONE: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made.',
  202: 'Taken; it happens soon.',
  204: 'Done; there is nothing to tell.',
};
const MERGE_PATCH_TYPE = 'application/merge-patch+json';

/** The operation as @nestjs/swagger made it of signature and comments, completed by what the kernel does around every handler. */
export function describeOperation(operation: JsonMembers, route: RouteFacts, examples: Examples): JsonMembers {
  const { tags, summary, parameters, requestBody, responses } = operation;
  const { id } = route.notes;
  return {
    tags,
    summary,
    operationId: id,
    ...(route.caller === 'nobody' ? { security: [] } : { security: [{ [route.caller]: route.scopes }] }),
    parameters: [...parametersOf(parameters, route), ...headersOf(route)],
    ...(isObject(requestBody) ? { requestBody: describeBody(requestBody, route, examples) } : refusedBody(route)),
    responses: {
      ...describeAnswers(responses, route, examples),
      ...problemResponses(refusalsOf(route), takesIdempotencyKey(route)),
    },
  };
}

const parametersOf = (parameters: unknown, { ids }: RouteFacts): JsonMembers[] =>
  (Array.isArray(parameters) ? (parameters as JsonMembers[]) : []).map((parameter) => {
    const { name, schema } = parameter;
    const kind = parameter['in'] === 'path' ? ids.get(String(name)) : undefined;
    if (kind !== undefined) return { ...parameter, ...describeId(kind) };
    // What has a value without being sent need not be sent; the plugin reads `limit: number = 100` as needed.
    return isObject(schema) && 'default' in schema ? { ...parameter, required: false } : parameter;
  });

const describeId = (kind: IdKind): JsonMembers => ({
  description: `The id of the ${kind}.`,
  schema: { type: 'string', pattern: typeIdPattern(kind) },
  example: toTypeId(kind, EXAMPLE_UUID),
});

const headersOf = (route: RouteFacts): JsonMembers[] => [
  ...(takesIdempotencyKey(route) ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ...(route.readsIfMatch ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
];

/** A body may be left out where each of its members may. PATCH is a merge patch, whichever of its names it is sent under. */
function describeBody(body: JsonMembers, route: RouteFacts, examples: Examples): JsonMembers {
  const { schema } = contentOf(body);
  const example = examples.of(schema, `the body of ${route.notes.id}`);
  const media = { schema, example };
  return {
    required: route.method === 'PATCH' || examples.needs(schema),
    content: { [JSON_TYPE]: media, ...(route.method === 'PATCH' ? { [MERGE_PATCH_TYPE]: media } : {}) },
  };
}

/** A write that declares no body takes none that says anything. Of DELETE there is nothing to tell: HTTP gives its body no meaning. */
const refusedBody = (route: RouteFacts): JsonMembers =>
  takesIdempotencyKey(route) && route.method !== 'DELETE'
    ? {
        requestBody: { required: false, content: { [JSON_TYPE]: { schema: { type: 'object', maxProperties: 0 }, example: {} } } },
      }
    : {};

function contentOf(part: JsonMembers): JsonMembers {
  const { content } = part;
  const media = isObject(content) ? content[JSON_TYPE] : undefined;
  return isObject(media) ? media : {};
}

/** The answers that are no refusals. */
function describeAnswers(responses: unknown, route: RouteFacts, examples: Examples): JsonMembers {
  if (!isObject(responses)) return {};
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      describeAnswer(isObject(response) ? response : {}, { status, route, examples }),
    ]),
  );
}

function describeAnswer(
  response: JsonMembers,
  { status, route, examples }: { status: string; route: RouteFacts; examples: Examples },
): JsonMembers {
  const { description, content } = response;
  return {
    description: typeof description === 'string' && description !== '' ? description : (DONE[status] ?? 'Answered.'),
    headers: headerReferences([
      ...EVERY_ANSWER,
      ...route.notes.sets,
      ...(takesIdempotencyKey(route) ? ['Idempotent-Replayed'] : []),
    ]),
    ...(isObject(content) ? { content: describeContent(content, route, examples) } : {}),
  };
}

/** With an example for each type that has none yet. */
const describeContent = (content: JsonMembers, route: RouteFacts, examples: Examples): JsonMembers =>
  Object.fromEntries(
    Object.entries(content).map(([type, media]) => {
      const { schema, example } = isObject(media) ? media : {};
      return [type, { schema, example: example ?? examples.of(schema, `the answer of ${route.notes.id}`) }];
    }),
  );
