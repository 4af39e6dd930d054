import { WEBHOOK_HEADS, type WebhookHead } from './paypal-webhooks.js';

/** `onPaymentPayoutsItemFailed` */
const operationOf = (eventType: string): string =>
  `on${eventType
    .split(/[.-]/)
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('')}`;

/** The bodies that an endpoint of the format `paypal` is sent, one entry for each `event_type`: `webhooks` of the document. */
export const paypalWebhooksDocument = Object.fromEntries(
  WEBHOOK_HEADS.map(({ event_type, resource_type, summary }) => [
    event_type,
    {
      post: {
        tags: ['Webhooks'],
        operationId: operationOf(event_type),
        summary: `${summary}.`,
        security: [],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: schemaOf({ event_type, resource_type, summary }) } },
        },
        responses: { '2XX': { description: 'Taken. Whatever else is answered, it is sent again.' } },
      },
    },
  ]),
);

function schemaOf({ event_type, resource_type, summary }: WebhookHead) {
  const batch = {
    type: 'object',
    required: ['batch_header'],
    properties: { batch_header: { $ref: '#/components/schemas/BatchHeader' } },
  };
  return {
    type: 'object',
    required: ['id', 'event_version', 'create_time', 'resource_type', 'event_type', 'summary', 'resource', 'links'],
    properties: {
      id: {
        type: 'string',
        pattern: '^WH-[0-9A-Z]{26}$',
        description: 'The same on every attempt; `webhook-id` is the id of the event.',
      },
      event_version: { const: '1.0' },
      create_time: { type: 'string', format: 'date-time' },
      resource_type: { const: resource_type },
      event_type: { const: event_type },
      summary: { const: summary },
      resource: resource_type === 'payouts' ? batch : { $ref: '#/components/schemas/Item' },
      links: { type: 'array', maxItems: 0, items: { type: 'object' } },
    },
  };
}
