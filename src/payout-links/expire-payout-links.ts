import { Injectable } from '@nestjs/common';
import { Transactions } from '../platform/database/index.js';
import { PayoutLinkRepository } from './payout-link.repository.js';
import { tellPayoutLinks } from './tell-payout-links.js';

/** Some 50 ms with their events, so that nobody waits for a backlog. */
const ROWS_PER_SLICE = 500;

/**
 * Writes down of links whose time is over that they have expired; claimed they could not be since then.
 * Safe to crash anywhere, and to run twice at once, because each slice is one commit with its events and skips what others hold.
 */
@Injectable()
export class ExpirePayoutLinks {
  constructor(
    private readonly transactions: Transactions,
    private readonly links: PayoutLinkRepository,
  ) {}

  async execute(): Promise<void> {
    while ((await this.transactions.asEngine((tx) => this.slice(tx))) === ROWS_PER_SLICE);
  }

  private async slice(tx: Parameters<PayoutLinkRepository['expire']>[0]): Promise<number> {
    const expired = await this.links.expire(tx, ROWS_PER_SLICE);
    await tellPayoutLinks(tx, 'expire', expired);
    return expired.length;
  }
}
