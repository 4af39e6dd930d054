import { Injectable } from '@nestjs/common';
import { differences } from '../platform/audit/index.js';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { MerchantRules, type MerchantWish } from './merchant-rules.js';
import type { Merchant } from './merchant.entity.js';
import { MerchantRepository } from './merchant.repository.js';

/** What is undefined stays as it is; null removes. */
export interface UpdateMerchantCommand extends MerchantWish {
  readonly merchantId: string;
  readonly name?: string | undefined;
}

/** Changes a merchant's settings. Payouts that were judged before keep their judgement: limits and route count at validation. */
@Injectable()
export class UpdateMerchant {
  constructor(
    private readonly merchants: MerchantRepository,
    private readonly rules: MerchantRules,
  ) {}

  async execute(tx: Tx, command: UpdateMerchantCommand): Promise<Merchant> {
    const before = await this.merchants.lock(tx, command.merchantId);
    if (before === null) throw notFound();
    const settings = await this.rules.settingsFor(tx, command, before);
    const after = await this.merchants.write(tx, before.id, { name: command.name ?? before.name, ...settings });
    if (after === null) throw new Error('the row that was locked is gone');
    tx.note({ changes: differences(['name', 'timezone', 'connector_id', 'limits'], after, before) });
    return after;
  }
}
