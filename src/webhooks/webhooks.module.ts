import { Module } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { BacklogRepository } from './deliveries/backlog.repository.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { DeliveryQueries } from './deliveries/delivery.queries.js';
import { DeliveryRepository } from './deliveries/delivery.repository.js';
import { LaneRepository } from './deliveries/lane.repository.js';
import { Egress } from './egress/egress.js';
import { VetWebhookUrl } from './egress/vet-webhook-url.js';
import { CreateEndpoint } from './endpoints/create-endpoint.js';
import { DeleteEndpoint } from './endpoints/delete-endpoint.js';
import { DisableEndpoint } from './endpoints/disable-endpoint.js';
import { EnableEndpoint } from './endpoints/enable-endpoint.js';
import { EndpointNotices } from './endpoints/endpoint-notices.js';
import { EndpointSettingsRepository } from './endpoints/endpoint-settings.repository.js';
import { EndpointQueries } from './endpoints/endpoint.queries.js';
import { EndpointRepository } from './endpoints/endpoint.repository.js';
import { EndpointsController } from './endpoints/endpoints.controller.js';
import { PingEndpoint } from './endpoints/ping-endpoint.js';
import { RotateEndpointSecret } from './endpoints/rotate-endpoint-secret.js';
import { UpdateEndpoint } from './endpoints/update-endpoint.js';
import { WebhookKeysController } from './endpoints/webhook-keys.controller.js';
import { EventFeedQueries } from './events/event-feed.queries.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events/events.controller.js';
import { ReadFeed } from './events/read-feed.js';
import { CancelResend } from './resends/cancel-resend.js';
import { CreateResend } from './resends/create-resend.js';
import { ResendDelivery } from './resends/resend-delivery.js';
import { ResendQueries } from './resends/resend.queries.js';
import { ResendRepository } from './resends/resend.repository.js';
import { ResendsController } from './resends/resends.controller.js';

/**
 * Events, endpoints and deliveries as merchants see them. Needs `CONFIGURATION`, `CREDENTIALS`, `Metrics`, `Sealer`,
 * `Transactions` and `WakeListener` from global modules.
 */
@Module({
  controllers: [DeliveriesController, EndpointsController, EventsController, ResendsController, WebhookKeysController],
  providers: [
    BacklogRepository,
    CancelResend,
    CreateEndpoint,
    CreateResend,
    DeleteEndpoint,
    DeliveryQueries,
    DeliveryRepository,
    DisableEndpoint,
    EnableEndpoint,
    EndpointNotices,
    EndpointQueries,
    EndpointSettingsRepository,
    EndpointRepository,
    EventFeedQueries,
    EventStreams,
    LaneRepository,
    PingEndpoint,
    ReadFeed,
    ResendDelivery,
    ResendQueries,
    ResendRepository,
    RotateEndpointSecret,
    UpdateEndpoint,
    VetWebhookUrl,
    {
      provide: Egress,
      inject: [CONFIGURATION],
      useFactory: ({ webhookAllowCidrs, webhookProxyUrl }: Configuration) =>
        new Egress({ allowCidrs: webhookAllowCidrs, proxyUrl: webhookProxyUrl }),
    },
  ],
  exports: [
    BacklogRepository,
    DeliveryRepository,
    Egress,
    EndpointNotices,
    EndpointRepository,
    EventStreams,
    LaneRepository,
    ResendRepository,
    VetWebhookUrl,
  ],
})
export class WebhooksModule {}
