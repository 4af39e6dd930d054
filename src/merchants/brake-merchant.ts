import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { type Brake, brakeChanges } from './brake.js';
import type { Merchant } from './merchant.entity.js';
import { MerchantRepository } from './merchant.repository.js';

export interface BrakeMerchantCommand {
  readonly merchantId: string;
  readonly brake: Brake;
}

/**
 * Stops one merchant, or lets it go on: no payout of a paused merchant is claimed. What was claimed before goes on; overdue
 * payouts run at once after the resume. Repeating is harmless.
 */
@Injectable()
export class BrakeMerchant {
  constructor(private readonly merchants: MerchantRepository) {}

  async execute(tx: Tx, { merchantId, brake }: BrakeMerchantCommand): Promise<Merchant> {
    const { paused, reason } = brake;
    const before = await this.merchants.lock(tx, merchantId);
    const merchant = await (paused
      ? this.merchants.pause(tx, merchantId, reason)
      : this.merchants.resume(tx, merchantId, reason));
    if (before === null || merchant === null) throw notFound();
    tx.note({ changes: brakeChanges(before, brake) });
    if (!paused) tx.wake('execute');
    return merchant;
  }
}
