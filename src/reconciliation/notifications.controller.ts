import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiTags } from '@nestjs/swagger';
import {
  ConnectorRegistry,
  ConnectorUnavailableError,
  type Hint,
  type ReceivesNotifications,
  receivesNotifications,
} from '../connectors/index.js';
import { Transactions } from '../platform/database/index.js';
import { type HttpRequest, idOf, notFound, Operation, Public, unauthorized } from '../platform/http/index.js';
import { NotificationDto } from './dto/notification.dto.js';
import { HeedHint } from './heed-hint.js';
import { ReceiveNotification } from './receive-notification.js';
import { reconciliationProblem } from './reconciliation.problems.js';

/** A provider that sends again for days loses nothing by it. */
const RETRY_AFTER_S = 60;

/** Where providers report later changes of what they took. The signature is the credential. */
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
   * PayPal's, with PayPal's signature in its headers; it only says what is to be looked at.
   */
  @Operation('receiveNotification', { refuses: ['unauthorized', 'notification_unconfirmed', 'database_unavailable'] })
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
        return this.hear(id, reading);
    }
  }

  /** @throws `unauthorized`, `notification_unconfirmed` */
  private async hear(connectorId: string, hint: Hint): Promise<void> {
    switch (await this.heed.execute(connectorId, hint)) {
      case 'heeded':
        return;
      case 'forged':
        throw unauthorized();
      case 'unavailable':
        throw reconciliationProblem('notification_unconfirmed', 'The provider can not be asked at the moment. Send it again.', {
          headers: { 'Retry-After': String(RETRY_AFTER_S) },
        });
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
