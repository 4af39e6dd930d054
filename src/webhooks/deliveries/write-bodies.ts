import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { newUuid } from '../../platform/ids/index.js';
import { inItsFormat } from '../events/body-format.js';
import { type ClaimedDelivery, DeliveryRepository } from './delivery.repository.js';
import { DispatcherMetrics } from './dispatcher-metrics.js';
import type { AttemptFault } from './judge-answer.js';
import { LaneRepository } from './lane.repository.js';

/**
 * Puts what was claimed into the words of its endpoints, in the transaction of the claim. What can not be written is exhausted at
 * once: a format is pure, so every further attempt would end alike, and the next event of the payout would wait for nothing. Nothing
 * of it is charged to the endpoint, and whoever asks for it again gets it by a version that can write it.
 */
@Injectable()
export class WriteBodies {
  constructor(
    private readonly deliveries: DeliveryRepository,
    private readonly lanes: LaneRepository,
    private readonly metrics: DispatcherMetrics,
  ) {}

  /** @returns what can be sent. */
  async execute(tx: Tx, claimed: readonly ClaimedDelivery[]): Promise<ClaimedDelivery[]> {
    const { told, unwritable } = await inItsFormat(tx, claimed);
    if (unwritable.length > 0) await this.exhaust(tx, unwritable);
    return told;
  }

  private async exhaust(tx: Tx, unwritable: readonly ClaimedDelivery[]): Promise<void> {
    await this.deliveries.settle(tx, unwritable.map(attemptThatWasNotMade));
    await this.lanes.wake(tx, [...new Set(unwritable.map(({ endpoint_id }) => endpoint_id))]);
    tx.afterCommit(() => this.metrics.countUnwritable(unwritable.length));
  }
}

const attemptThatWasNotMade = ({ id, claim_no }: ClaimedDelivery) => ({
  ...{ id: newUuid(), delivery_id: id, claim_no, state: 'exhausted' as const, error_class: 'unwritable' satisfies AttemptFault },
  ...{ delay_s: null, since_ms: 0, duration_ms: 0, http_status: null, address: null, snippet: null },
});
