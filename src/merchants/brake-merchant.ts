import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import type { Merchant } from './merchant.entity.js';
import { MerchantRepository } from './merchant.repository.js';

export interface BrakeMerchantCommand {
  readonly merchantId: string;
  /** Why it is paused; null resumes. */
  readonly reason: string | null;
}

/**
 * Stops one merchant, or lets it go on: no payout of a paused merchant is claimed. What was claimed before goes on; overdue
 * payouts run at once after the resume. Repeating is harmless.
 */
@Injectable()
export class BrakeMerchant {
  constructor(private readonly merchants: MerchantRepository) {}

  async execute(tx: Tx, { merchantId, reason }: BrakeMerchantCommand): Promise<Merchant> {
    const merchant = await (reason === null
      ? this.merchants.resume(tx, merchantId)
      : this.merchants.pause(tx, merchantId, reason));
    if (merchant === null) throw notFound();
    if (reason === null) tx.wake('execute');
    return merchant;
  }
}
