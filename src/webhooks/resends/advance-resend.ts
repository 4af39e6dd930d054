import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { ResendRepository } from './resend.repository.js';

/**
 * One step of the resend that has waited longest, in one transaction: finding a part, or letting a few deliveries of each lane go;
 * while none is due, forgetting a part of what a cancelled one had found.
 * Safe to crash here because a step is whole or was never made, and whoever looks next goes on from its rows.
 */
@Injectable()
export class AdvanceResend {
  constructor(private readonly resends: ResendRepository) {}

  /** @returns milliseconds until a resend is due again; null: none is running. */
  async execute(tx: Tx): Promise<number | null> {
    const resend = await this.resends.claim(tx);
    if (resend === null) return (await this.resends.forgetCancelled(tx)) ? 0 : this.resends.nextLook(tx);
    if (resend.state === 'matching') await this.resends.match(tx, resend);
    else if ((await this.resends.release(tx, resend.id)) > 0) tx.wake('deliver');
    else await this.resends.finish(tx, resend.id);
    return 0;
  }
}
