import { defineEvents } from '../events/event-catalogue.js';
import { eventDataSchema, idSchema, orNull } from '../events/event-schema.js';

const example = {
  event_id: 'event_01h455vb4pex5vsknk084sn02q',
  sequence: 1,
  endpoint_id: 'endpoint_01h455vb4pex5vsknk084sn02r',
  url: 'https://merchant.example/hooks',
};

const STATUSES = ['active', 'paused', 'disabled'] as const;
type EndpointStatus = (typeof STATUSES)[number];

const noticeOf = (
  meaning: string,
  statuses: readonly EndpointStatus[],
  shown: { status: EndpointStatus; reason: string | null },
) => ({
  meaning,
  example: { ...example, ...shown },
  schema: eventDataSchema({
    endpoint_id: idSchema('endpoint'),
    url: { type: 'string', format: 'uri' },
    status: { enum: statuses },
    reason: orNull({ enum: ['failing', 'gone', 'by_hand'] }),
  }),
});

/** What is told about endpoints themselves. A notice goes to the merchant's other endpoints, a ping to the pinged one alone. */
export const endpointEvents = defineEvents({
  'webhook.ping': noticeOf('Somebody asked to test this endpoint.', STATUSES, { status: 'active', reason: null }),
  'webhook_endpoint.failing': noticeOf(
    'Several deliveries to an endpoint failed in a row: it is paused, and tried again after a while.',
    ['paused'],
    { status: 'paused', reason: 'failing' },
  ),
  'webhook_endpoint.disabled': noticeOf(
    'Nothing is sent to the endpoint any more until it is enabled; its events are held.',
    ['disabled'],
    { status: 'disabled', reason: 'gone' },
  ),
  'webhook_endpoint.recovered': noticeOf('An endpoint that was failing or disabled is active again.', ['active'], {
    status: 'active',
    reason: null,
  }),
});

export type EndpointEventType = keyof typeof endpointEvents;
