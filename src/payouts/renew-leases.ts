import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions } from '../platform/database/index.js';
import { MONOTONIC_CLOCK, type MonotonicClock } from '../platform/time/index.js';
import type { Claimed } from './claim-payouts.js';
import { PayoutIntentRepository } from './payout-intent.repository.js';

export type HeldClaim = Pick<Claimed, 'payoutId' | 'claimNo'>;

export interface Renewal {
  /** Those that are still this process's. Not by the payout: it may hold a later claim of the same one, too. */
  readonly kept: ReadonlySet<HeldClaim>;
  /** On this process's monotonic clock, measured from before the statement was sent. */
  readonly leaseEnds: number;
}

/**
 * Keeps what is queued and in flight in this process's hands, one statement for all of a connector. Safe to crash here
 * because a lease that is not renewed ends, and whoever takes the payout over looks before it sends.
 */
@Injectable()
export class RenewLeases {
  constructor(
    private readonly transactions: Transactions,
    private readonly intents: PayoutIntentRepository,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(MONOTONIC_CLOCK) private readonly clock: MonotonicClock,
  ) {}

  /** A third: two renewals can be lost before a lease is. */
  get every_ms(): number {
    return (this.configuration.lease_s * 1000) / 3;
  }

  async execute(held: readonly HeldClaim[]): Promise<Renewal> {
    const leaseEnds = this.clock.now_ms() + this.configuration.lease_s * 1000;
    const kept = await this.transactions.asEngine((tx) => this.intents.renewLeases(tx, held, this.configuration.lease_s));
    return { kept: new Set(held.filter(({ payoutId, claimNo }) => kept.get(payoutId) === claimNo)), leaseEnds };
  }
}
