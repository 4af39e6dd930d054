import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { LockedBulks } from './locked-bulks.js';

export interface PauseBulkCommand {
  readonly merchantId: string;
  readonly bulkId: string;
  readonly ifMatch: number | null;
  readonly pause: boolean;
}

/**
 * Stops a bulk, or lets it go on: no payout of a paused bulk is claimed. What was claimed before goes on; overdue payouts
 * run at once after the resume. Repeating is harmless and raises no version.
 */
@Injectable()
export class PauseBulk {
  constructor(private readonly locked: LockedBulks) {}

  async execute(tx: Tx, command: PauseBulkCommand): Promise<void> {
    const { row, payouts } = await this.locked.open(tx, { ...command, references: null });
    if (row.paused === command.pause) return;
    tx.note({ changes: [{ field: 'paused', before: row.paused, after: command.pause }] });
    await this.locked.close(
      tx,
      { row: { ...row, paused: command.pause }, payouts },
      command.pause ? 'bulk.paused' : 'bulk.resumed',
    );
  }
}
