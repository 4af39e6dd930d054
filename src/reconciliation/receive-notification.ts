import { Injectable } from '@nestjs/common';
import type { ProviderNotification } from '../connectors/index.js';
import { ProviderNotificationRepository } from '../payouts/index.js';
import type { Tx } from '../platform/database/index.js';
import { MatchPayments } from './match-payments.js';

/**
 * A provider tells of a change by itself. One that comes before the answer to the send settles the intent, and the answer that
 * comes after it finds the fence raised; one that names nothing of ours is kept until its intent appears.
 */
@Injectable()
export class ReceiveNotification {
  constructor(
    private readonly match: MatchPayments,
    private readonly notifications: ProviderNotificationRepository,
  ) {}

  async execute(tx: Tx, connectorId: string, notification: ProviderNotification): Promise<void> {
    const telling = { connectorId, source: 'notification', inHandToo: true } as const;
    const unnamed = await this.match.execute(tx, telling, [notification]);
    if (unnamed.length > 0) await this.notifications.keep(tx, connectorId, notification);
  }
}
