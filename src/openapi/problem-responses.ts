import { allProblems, answerOfProblem, Problem, type ProblemDefinition } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import type { JsonMembers } from '../platform/json/index.js';
import { EXAMPLE_UUID } from './example-uuid.js';
import { sortedByKey } from './json.js';

/** Answers that an idempotency key keeps, and so repeats. */
const KEPT = new Set([400, 404, 409, 412, 422]);
const SAYS_WHEN_AGAIN = new Set([429, 503]);

const table = (): Map<string, ProblemDefinition> => new Map(allProblems());

/** The shape of every refusal (RFC 9457). */
export const problemSchema: JsonMembers = {
  type: 'object',
  description:
    'A refusal, as RFC 9457 shapes it. `code` is for programs and never changes its meaning; `detail` says how to mend it.',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'One per code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What is wrong with this request, and how to mend it.' },
    code: { type: 'string', enum: [] },
    request_id: { type: 'string', description: 'Also in the header `Request-Id`; the operator finds it in the log.' },
    errors: {
      type: 'array',
      description: 'Every single finding.',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON Pointer into the request body.' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
    existing_id: { type: ['string', 'null'], description: 'What is in the way, where something is.' },
    limit: { type: 'string', description: 'Which limit of the merchant is in the way, where one is.' },
    max: { type: 'integer', description: 'What that limit allows.' },
    used: { type: 'integer', description: 'How much of it is used.' },
    requested: { type: 'integer', description: 'How much more was asked for.' },
    parameters: {
      type: 'array',
      description: 'With `invalid_query`: each parameter that is wrong.',
      items: {
        type: 'object',
        required: ['name', 'detail'],
        properties: { name: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
};

/** `components.schemas.Problem` with every code there is. */
export const problemSchemaWithCodes = (): JsonMembers => ({
  ...problemSchema,
  properties: {
    ...(problemSchema['properties'] as JsonMembers),
    code: { type: 'string', enum: [...table().keys()].sort() },
  },
});

/** `components.examples`: one for each code, as the kernel itself writes it. */
export const problemExamples = (): JsonMembers =>
  sortedByKey(
    [...table()].map(([code, definition]) => {
      const answer = answerOfProblem(new Problem(code, definition, definition.meaning), toTypeId('req', EXAMPLE_UUID));
      return [code, { summary: definition.title, value: JSON.parse(answer.body ?? 'null') as unknown }] as const;
    }),
  );

/** The responses of a route's refusals, one for each status. @throws where a code is in no table. */
export function problemResponses(codes: readonly string[], keeps: boolean): JsonMembers {
  const known = table();
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const definition = known.get(code);
    if (definition === undefined) throw new Error(`@Operation refuses ${code}, which no table of problems has`);
    byStatus.set(definition.status, [...(byStatus.get(definition.status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, ofStatus]) => [String(status), SHARED.get(ofStatus.join()) ?? responseOf(status, ofStatus, keeps)]),
  );
}

/** Refusals that stand alone under their status, and are told by nearly every route. */
const SHARED: ReadonlyMap<string, JsonMembers> = new Map(
  [
    'unauthorized',
    'forbidden',
    'payload_too_large',
    'unsupported_media_type',
    'rate_limited',
    'request_timeout',
    'headers_too_large',
    'internal_error',
    'database_unavailable',
  ].map((code) => [code, { $ref: `#/components/responses/${code}` }]),
);

/** `components.responses` */
export const sharedResponses = (): JsonMembers =>
  Object.fromEntries([...SHARED.keys()].map((code) => [code, responseOf(table().get(code)?.status ?? 0, [code], false)]));

function responseOf(status: number, codes: readonly string[], keeps: boolean): JsonMembers {
  const known = table();
  return {
    description: codes.map((code) => `\`${code}\`: ${known.get(code)?.meaning ?? ''}`).join('\n\n'),
    headers: headersOf(status, keeps),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { status: { const: status }, code: { enum: codes } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

function headersOf(status: number, keeps: boolean): JsonMembers {
  return headerReferences([
    ...EVERY_ANSWER,
    ...(keeps && KEPT.has(status) ? ['Idempotent-Replayed'] : []),
    ...(SAYS_WHEN_AGAIN.has(status) ? ['Retry-After'] : []),
    ...(status === 401 ? ['WWW-Authenticate'] : []),
  ]);
}

/** Headers that every answer has. */
export const EVERY_ANSWER = ['Request-Id', 'RateLimit', 'RateLimit-Policy'] as const;

export const headerReferences = (names: readonly string[]): JsonMembers =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
