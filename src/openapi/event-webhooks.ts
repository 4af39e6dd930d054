import type { JsonMembers } from '../platform/json/index.js';
import { allEvents, type EventTypeDefinition } from '../webhooks/index.js';

/** What an endpoint is sent, one entry for each type of event there is: `webhooks` of the document. */
export const eventWebhooks = (): JsonMembers =>
  Object.fromEntries(allEvents().map(([type, definition]) => [type, { post: deliveryOf(type, definition) }]));

/** JSON Schema of a whole webhook body. */
export const bodySchemaOf = (type: string, { schema }: EventTypeDefinition): JsonMembers => ({
  type: 'object',
  required: ['type', 'timestamp', 'data'],
  properties: {
    type: { const: type },
    timestamp: { type: 'string', format: 'date-time', description: 'When it happened; the same on every attempt.' },
    data: schema,
  },
});

const deliveryOf = (type: string, definition: EventTypeDefinition): JsonMembers => ({
  tags: ['Webhooks'],
  operationId: `on${pascal(type)}`,
  summary: definition.meaning,
  security: [],
  parameters: ['WebhookId', 'WebhookTimestamp', 'WebhookSignature'].map((name) => ({ $ref: `#/components/parameters/${name}` })),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: bodySchemaOf(type, definition),
        example: { type, timestamp: '2026-12-01T08:00:00.000Z', data: definition.example },
      },
    },
  },
  responses: {
    '2XX': { description: 'Taken. Answer before you act on it; what you answer besides the status is not read.' },
    '410': { description: 'Never again: the endpoint is disabled, and its events are held.' },
    default: {
      description: 'Not taken: it is sent again, later events of the same payout behind it. Redirects are not followed.',
    },
  },
});

const pascal = (type: string): string =>
  type
    .split(/[._]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** The headers of a delivery (Standard Webhooks): for `components.parameters`. */
export const WEBHOOK_HEADERS: Readonly<Record<string, JsonMembers>> = {
  WebhookId: {
    name: 'webhook-id',
    in: 'header',
    required: true,
    description: 'The id of the event, the same on every attempt: whoever has seen it may forget this one.',
    schema: { type: 'string' },
  },
  WebhookTimestamp: {
    name: 'webhook-timestamp',
    in: 'header',
    required: true,
    description: 'When this attempt was made, in Unix seconds. Refuse what is older than five minutes.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  WebhookSignature: {
    name: 'webhook-signature',
    in: 'header',
    required: true,
    description:
      'One or more of `v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`, with blanks between them: one for each secret that is valid now.',
    schema: { type: 'string' },
  },
};
