import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiTags } from '@nestjs/swagger';
import {
  ConnectorRegistry,
  ConnectorUnavailableError,
  type ReceivesNotifications,
  receivesNotifications,
} from '../connectors/index.js';
import { Transactions } from '../platform/database/index.js';
import { type HttpRequest, idOf, notFound, Operation, Public, unauthorized } from '../platform/http/index.js';
import { NotificationDto } from './dto/notification.dto.js';
import { HeedHint } from './heed-hint.js';
import { ReceiveNotification } from './receive-notification.js';

/** Where providers report later changes of what they took. The signature is the credential; what has none is a hint at most. */
@ApiTags('Connectors')
@Controller('v1/connectors')
export class NotificationsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly registry: ConnectorRegistry,
    private readonly receive: ReceiveNotification,
    private readonly heed: HeedHint,
  ) {}

  /**
   * Of a connector of type `http`: signed as Standard Webhooks with its `notification_secret`. Of type `paypal`: a webhook of
   * PayPal's, which only says what is to be looked at.
   */
  @Operation('receiveNotification', { refuses: ['unauthorized', 'database_unavailable'] })
  @Post(':id/notifications')
  @HttpCode(204)
  @Public()
  @ApiBody({ type: NotificationDto })
  @ApiHeader({ name: 'webhook-id', required: false, description: 'One for each notification, the same when it is sent again.' })
  @ApiHeader({ name: 'webhook-timestamp', required: false, description: 'Unix seconds; at most five minutes old.' })
  @ApiHeader({ name: 'webhook-signature', required: false, description: '`v1,` and the base64 of the HMAC-SHA256.' })
  async notify(@Param('id', idOf('connector')) id: string, @Req() request: HttpRequest): Promise<void> {
    const connector = await this.receiver(id);
    const reading = connector.readNotification(headersOf(request), request.rawBody ?? Buffer.alloc(0));
    switch (reading.kind) {
      case 'refused':
        throw unauthorized();
      case 'irrelevant':
        return;
      case 'update':
        return this.transactions.asEngine((tx) => this.receive.execute(tx, id, reading.notification));
      case 'hint':
        return this.transactions.asEngine((tx) => this.heed.execute(tx, id, reading.providerReference));
    }
  }

  /** @throws `not_found` for an unknown connector, and for one that can not receive or has no secret. */
  private async receiver(id: string): Promise<ReceivesNotifications> {
    try {
      const { connector } = await this.registry.get(id);
      if (receivesNotifications(connector)) return connector;
    } catch (error) {
      if (!(error instanceof ConnectorUnavailableError)) throw error;
    }
    throw notFound();
  }
}

const headersOf = (request: HttpRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
