import { Injectable } from '@nestjs/common';
import {
  AdvancePayouts,
  LockedBulks,
  PayoutContentRepository,
  ReceiverKeys,
  ReferenceHoldRepository,
  refuseStaleVersion,
} from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { PayoutIntentRepository } from './payout-intent.repository.js';
import { payoutProblem } from './payout.problems.js';
import { outcomeOf } from './settle-intents.js';

export interface RetryPayoutCommand {
  readonly merchantId: string;
  readonly bulkId: string;
  readonly payoutId: string;
  readonly reference: string;
  readonly ifMatch: number | null;
}

/**
 * Opens a new attempt at a payout that its provider refused for good: a new attempt number and with it a new key, validated
 * again. The only way to a second attempt, because only a definite refusal says that the first one paid nothing.
 */
@Injectable()
export class RetryPayout {
  constructor(
    private readonly locked: LockedBulks,
    private readonly intents: PayoutIntentRepository,
    private readonly holds: ReferenceHoldRepository,
    private readonly contents: PayoutContentRepository,
    private readonly receivers: ReceiverKeys,
    private readonly advance: AdvancePayouts,
  ) {}

  async execute(tx: Tx, command: RetryPayoutCommand): Promise<void> {
    const bulk = await this.locked.open(tx, {
      merchantId: command.merchantId,
      bulkId: command.bulkId,
      ifMatch: null,
      references: [command.reference],
    });
    const payout = bulk.payouts.find(({ id }) => id === command.payoutId);
    const [intent] = await this.intents.of(tx, [command.payoutId]);
    if (payout === undefined) throw notFound();
    refuseStaleVersion(command.ifMatch, payout.version);
    const retryable =
      payout.status === 'INTENT_CREATION_FAILED' && intent?.status === 'rejected' && intent.failure?.retryable === true;
    if (!retryable) {
      throw payoutProblem('payout_not_retryable', `This payout is ${payout.status}, without a failure that a retry could mend.`);
    }
    const { merchant_id, reference, id } = payout;
    await this.refuseErased(tx, merchant_id, id);
    const holder = (await this.holds.take(tx, [{ merchant_id, reference, payout_id: id }])).get(id);
    if (holder !== undefined) {
      throw payoutProblem('duplicate_reference', 'Another payout of yours holds this reference by now.', {
        members: { existing_id: toTypeId('payout', holder) },
      });
    }
    await this.advance.execute(tx, [
      {
        payout,
        transitions: ['retry'],
        changes: { version: payout.version + 1, attempt_no: payout.attempt_no + 1, scheduled_at: null },
        // The refused intent is history now: its attempt stays readable, and the new one has no intent yet.
        intent: { shown: () => null, events: [], outcome: { from: outcomeOf(intent.status), to: null }, settled: false },
      },
    ]);
    await this.locked.close(tx, bulk, null);
    tx.note({ changes: [{ field: 'attempt', before: payout.attempt_no, after: payout.attempt_no + 1 }] });
    tx.wake('validate');
  }

  private async refuseErased(tx: Tx, merchantId: string, payoutId: string): Promise<void> {
    await this.receivers.hold(tx, merchantId);
    const stored = (await this.contents.current(tx, [payoutId])).get(payoutId);
    if (stored?.erased) throw payoutProblem('receiver_erased', 'Nobody knows any more where the money was to go.');
  }
}
