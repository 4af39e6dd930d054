import { Injectable, Logger } from '@nestjs/common';
import type { ProviderNotification } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { decideFound } from './decide-outcome.js';
import { PayoutIntentRepository } from './payout-intent.repository.js';
import { SettleIntents } from './settle-intents.js';

/**
 * A provider tells of a change by itself. Doubled, old and out-of-order ones say nothing new and change nothing; one that
 * comes before the answer to the send settles the intent, and the answer that comes after it finds the fence raised.
 */
@Injectable()
export class ReceiveNotification {
  private readonly logger = new Logger(ReceiveNotification.name);

  constructor(
    private readonly intents: PayoutIntentRepository,
    private readonly settle: SettleIntents,
  ) {}

  async execute(tx: Tx, connectorId: string, notification: ProviderNotification): Promise<void> {
    const { providerReference, idempotencyKey, payment } = notification;
    const named = await this.intents.payoutOf(tx, connectorId, { providerReference, idempotencyKey });
    if (named === null) return;
    const payoutId = named.payout_id;
    if (named.superseded) {
      // It refused that attempt, or a person said so, and another attempt was opened on the strength of it.
      if (payment.status !== 'failed')
        this.logger.error(
          `the provider says ${payment.status} of an earlier attempt at payout ${payoutId}: compare its books by hand`,
        );
      return;
    }
    await this.settle.execute(tx, [
      { payoutId, claimNo: null, httpStatus: null, source: 'notification', decide: (known) => decideFound(payment, known) },
    ]);
  }
}
