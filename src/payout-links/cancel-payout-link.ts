import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { PayoutLinkRepository } from './payout-link.repository.js';
import { tellPayoutLinks } from './tell-payout-links.js';

/** Takes a link back that nobody has claimed. Of any other nothing changes: how it stands is for the caller to read. */
@Injectable()
export class CancelPayoutLink {
  constructor(private readonly links: PayoutLinkRepository) {}

  async execute(tx: Tx, merchantId: string, linkId: string): Promise<void> {
    const cancelled = await this.links.step(
      tx,
      { merchantId, id: linkId },
      { transition: 'cancel', bulkId: null, payoutId: null },
    );
    tx.note({ changes: [], subject: toTypeId('link', linkId) });
    if (cancelled === null) return;
    await tellPayoutLinks(tx, 'cancel', [cancelled]);
    tx.note({ changes: [{ field: 'status', before: 'open', after: 'cancelled' }] });
  }
}
