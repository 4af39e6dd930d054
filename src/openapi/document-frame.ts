import type { JsonMembers } from '../platform/json/index.js';

const text = (pattern?: string): JsonMembers => ({ type: 'string', ...(pattern === undefined ? {} : { pattern }) });

/** Headers of answers: `components.headers`. */
export const ANSWER_HEADERS: JsonMembers = {
  'Request-Id': { description: 'Names this request; the log of the engine knows it.', required: true, schema: text('^req_') },
  ETag: {
    description: 'The version, in quotes. Sent back as `If-Match`, the change is refused where somebody else was faster.',
    required: true,
    schema: text('^"[1-9][0-9]*"$'),
  },
  Location: { description: 'Path of what was made.', required: true, schema: text('^/v1/') },
  'Idempotent-Replayed': {
    description: 'The first answer to this `Idempotency-Key`, again; nothing was done twice.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Retry-After': { description: 'Seconds until it is worth another try.', required: true, schema: text('^[1-9][0-9]*$') },
  RateLimit: {
    description:
      'What is left of each limit that counted this request, by name: `r` requests at once, and `t` seconds until all of them are back (draft-ietf-httpapi-ratelimit-headers). Absent where the operator turned the limit off.',
    schema: text(),
    example: '"address";r=9999;t=1, "key";r=999;t=1',
  },
  'RateLimit-Policy': {
    description: 'Those limits: `q` requests within `w` seconds.',
    schema: text(),
    example: '"address";q=10000;w=10, "key";q=1000;w=10',
  },
  'WWW-Authenticate': { description: 'How to send a key.', required: true, schema: text() },
};

/** Headers of requests: `components.parameters`. */
export const REQUEST_HEADERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'One for each thing that is to happen once: 1 to 255 printable ASCII characters. The same key with the same body gets the first answer ' +
      'again, with another body 422. Kept for 24 hours at least.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
    example: 'payroll-2026-11/1',
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description:
      'The `ETag` of the version that the change was made from. Any other version is refused with `version_conflict`; `*` takes any.',
    schema: { type: 'string' },
    example: '"1"',
  },
} satisfies Readonly<Record<string, JsonMembers>>;

/** How a caller says who it is: `components.securitySchemes`. */
export const SECURITY_SCHEMES: JsonMembers = {
  merchant: {
    type: 'http',
    scheme: 'bearer',
    description: "A merchant's API key. A key may be narrowed to scopes; each operation lists those that it needs.",
  },
  operator: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The key of whoever runs this installation: `OPERATOR_KEY`, or one made of it that is narrowed to scopes; each operation lists those that it needs.',
  },
};

/** In the order in which a reader meets them. */
export const TAGS: readonly JsonMembers[] = [
  {
    name: 'Bulks',
    description: 'One request with up to a thousand payouts, accepted whole; afterwards each payout goes its own way.',
  },
  { name: 'Payouts', description: 'One payment to one receiver: what it is, where it stands, and why.' },
  { name: 'Events', description: 'Everything that happened, in one order that every reader sees alike.' },
  { name: 'Webhook endpoints', description: 'Where events are sent (Standard Webhooks).' },
  { name: 'Webhook deliveries', description: 'How each event fared on its way to each endpoint.' },
  { name: 'Webhooks', description: 'What your endpoint is sent.' },
  { name: 'Connectors', description: 'What providers call.' },
  { name: 'Audit', description: 'Who changed what of a merchant.' },
  { name: 'Operator: merchants', description: 'Merchants, their keys, and their brake.' },
  { name: 'Operator: keys', description: 'Keys of those who run this installation, each with its scopes.' },
  { name: 'Operator: connectors', description: 'The ways to providers, and their brakes.' },
  { name: 'Operator: intents', description: 'What only a person can decide.' },
  { name: 'Operator: audit', description: 'Who changed what, in chains that can be verified.' },
  { name: 'Operator: engine', description: 'The engine as a whole, and its brake.' },
  { name: 'Service', description: 'For supervisors, scrapers and readers of this document.' },
];

export const DESCRIPTION = `Scheduled bulk payouts: validated, scheduled, paid once, reported truly.

- JSON in UTF-8, names in snake_case. Money is a decimal string beside an ISO 4217 currency, never a number.
- Instants in answers are RFC 3339 in UTC with milliseconds.
- Ids tell what they name: \`bulk_…\`, \`payout_…\`. What does not exist and what belongs to somebody else get the same 404.
- Every refusal is \`application/problem+json\` with a \`code\` of one table. A path that is unknown is \`not_found\`; one that does not take the method is \`method_not_allowed\`, with \`Allow\`.
- Every answer has a \`Request-Id\`.
- Receivers of answers and webhooks have to bear members that they do not know: new ones may come at any time.`;
