import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { ResendRepository } from './resend.repository.js';

/** Ends a resend: nothing more is let go; what has been is still sent. One that has ended stays as it is. */
@Injectable()
export class CancelResend {
  constructor(private readonly resends: ResendRepository) {}

  async execute(tx: Tx, { merchantId, resendId }: { merchantId: string; resendId: string }): Promise<void> {
    const before = await this.resends.cancel(tx, merchantId, resendId);
    if (before === null) throw notFound();
    if (before === 'matching' || before === 'sending') tx.note({ changes: [{ field: 'state', before, after: 'cancelled' }] });
  }
}
