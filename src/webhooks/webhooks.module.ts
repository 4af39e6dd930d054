import { Module } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { BacklogRepository } from './backlog.repository.js';
import { CancelResend } from './cancel-resend.js';
import { CreateEndpoint } from './create-endpoint.js';
import { CreateResend } from './create-resend.js';
import { DeleteEndpoint } from './delete-endpoint.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveryQueries } from './delivery.queries.js';
import { DeliveryRepository } from './delivery.repository.js';
import { DisableEndpoint } from './disable-endpoint.js';
import { Egress } from './egress.js';
import { EnableEndpoint } from './enable-endpoint.js';
import { EndpointNotices } from './endpoint-notices.js';
import { EndpointSettingsRepository } from './endpoint-settings.repository.js';
import { EndpointQueries } from './endpoint.queries.js';
import { EndpointRepository } from './endpoint.repository.js';
import { EndpointsController } from './endpoints.controller.js';
import { EventFeedQueries } from './event-feed.queries.js';
import { EventStreams } from './event-streams.js';
import { EventsController } from './events.controller.js';
import { LaneRepository } from './lane.repository.js';
import { PingEndpoint } from './ping-endpoint.js';
import { ResendDelivery } from './resend-delivery.js';
import { ResendQueries } from './resend.queries.js';
import { ResendRepository } from './resend.repository.js';
import { ResendsController } from './resends.controller.js';
import { RotateEndpointSecret } from './rotate-endpoint-secret.js';
import { UpdateEndpoint } from './update-endpoint.js';
import { VetWebhookUrl } from './vet-webhook-url.js';
import { WebhookKeysController } from './webhook-keys.controller.js';

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
