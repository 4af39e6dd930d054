import { Injectable } from '@nestjs/common';
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
  constructor(
    private readonly intents: PayoutIntentRepository,
    private readonly settle: SettleIntents,
  ) {}

  async execute(tx: Tx, connectorId: string, notification: ProviderNotification): Promise<void> {
    const { providerReference, idempotencyKey, payment } = notification;
    const payoutId = await this.intents.payoutOf(tx, connectorId, { providerReference, idempotencyKey });
    if (payoutId === null) return;
    await this.settle.execute(tx, [
      { payoutId, claimNo: null, httpStatus: null, decide: (known) => decideFound(payment, known) },
    ]);
  }
}
