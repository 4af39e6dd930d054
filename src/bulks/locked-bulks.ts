import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { notFound, versionConflict } from '../platform/http/index.js';
import { recordEvents } from '../webhooks/index.js';
import { BulkProgress } from './bulk-progress.js';
import { BulkRepository, type BulkRow } from './bulk.repository.js';
import { PayoutRepository, type PayoutRow } from './payout.repository.js';

/** A merchant's bulk with its payouts, or those that are asked for, locked: they do not move until the transaction ends. */
export interface LockedBulk {
  readonly row: BulkRow;
  /** In the order of the bulk. */
  readonly payouts: readonly PayoutRow[];
}

export interface WantedBulk {
  readonly merchantId: string;
  readonly bulkId: string;
  readonly ifMatch: number | null;
  readonly references: readonly string[] | null;
}

/** Opens a bulk for a change by its merchant and closes it after: lock, compare the version; raise the version, hold, tell. */
@Injectable()
export class LockedBulks {
  constructor(
    private readonly bulks: BulkRepository,
    private readonly payouts: PayoutRepository,
    private readonly progress: BulkProgress,
  ) {}

  /**
   * Locks the payouts of these references (null: all of them), and the bulk's row after. A claim leaves out what is locked, so
   * no more is than has to be; of a bulk that rejects, all is, because a change of one payout holds or lets go every other.
   * @throws `not_found` for an unknown or foreign bulk, `version_conflict` for a stale version.
   */
  async open(tx: Tx, wanted: WantedBulk): Promise<LockedBulk> {
    const found = await this.bulks.find(tx, wanted.merchantId, wanted.bulkId);
    if (found === null) throw notFound();
    const whole = wanted.references === null || found.invalid_items === 'reject';
    const payouts = await this.payouts.lockBulk(tx, found.id, whole ? null : wanted.references);
    const row = await this.bulks.lock(tx, found.id);
    refuseStaleVersion(wanted.ifMatch, row.version);
    return { row, payouts: payouts.toSorted((a, b) => a.position - b.position) };
  }

  /** After the payouts were advanced: writes the bulk's row under a new version and tells, where there is something to tell. */
  async close(tx: Tx, bulk: LockedBulk, event: 'bulk.edited' | 'bulk.paused' | 'bulk.resumed' | null): Promise<void> {
    await this.bulks.write(tx, bulk.row);
    await this.progress.updateHolds(tx, bulk.payouts);
    if (event !== null) await recordEvents(tx, await this.progress.tell(tx, [{ id: bulk.row.id, types: [event] }]));
  }
}

/** @throws `version_conflict` where the caller has not seen the newest version. */
export function refuseStaleVersion(ifMatch: number | null, version: number): void {
  if (ifMatch !== null && ifMatch !== version) throw versionConflict();
}
