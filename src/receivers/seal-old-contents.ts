import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeMerchant, type OldContentPlace, OldContentRepository, type OldContentSlice } from '../bulks/index.js';
import { OriginRepository } from '../doors/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import { NIL_UUID } from '../platform/ids/index.js';
import { ReceiverRecords } from './receiver-records.js';

/** Sealed anew within one request, which takes a quarter of a second for them. */
const AT_ONCE_ROWS = 1_000;

/**
 * Seals what was written before receivers had keys under these, with what a door was sent of it, and says of users and payout
 * links of before whom they name. Processes of that time may add to it during an upgrade; once there is none, a look costs one
 * empty index.
 * Safe to crash here because a slice is one transaction, and what it has sealed is not found any more.
 */
@Injectable()
export class SealOldContents {
  private readonly logger = new Logger(SealOldContents.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly contents: OldContentRepository,
    private readonly origins: OriginRepository,
    private readonly records: ReceiverRecords,
  ) {}

  /** Of all merchants, with as much rest as work, because the payouts come first. */
  async execute(): Promise<void> {
    let [sealed, unreadable] = [0, 0];
    for (let place = beforeMerchant(NIL_UUID); ;) {
      const [began, behind] = [performance.now(), place];
      const slice = await this.transactions.asEngine((tx) => this.slice(tx, behind));
      if (slice === null) break;
      place = slice.last;
      sealed += slice.sealed;
      unreadable += slice.unreadable;
      await wait(performance.now() - began);
    }
    while ((await this.transactions.asEngine((tx) => this.records.nameOld(tx, null))) > 0);
    if (sealed > 0) this.logger.log(`sealed ${sealed} contents under keys of their receivers`);
    if (unreadable > 0) this.logger.error(`${unreadable} contents can not be opened, and are under no key of a receiver`);
  }

  /** Of this merchant. @returns whether all that can be opened is done; otherwise it is more than one request can do. */
  async ofMerchant(tx: Tx, merchantId: string): Promise<boolean> {
    let done = 0;
    for (let place = beforeMerchant(merchantId); done <= AT_ONCE_ROWS;) {
      const slice = await this.slice(tx, place, merchantId);
      if (slice === null) break;
      done += slice.sealed;
      place = slice.last;
    }
    for (let named = 1; named > 0 && done <= AT_ONCE_ROWS; done += named) named = await this.records.nameOld(tx, merchantId);
    return done <= AT_ONCE_ROWS;
  }

  /** @param of the merchant whose contents alone are meant; left out: whosever they are. */
  private async slice(tx: Tx, behind: OldContentPlace, of?: string): Promise<OldContentSlice | null> {
    const from = await this.contents.next(tx, behind);
    if (from === null || (of !== undefined && from.merchant_id !== of)) return null;
    const slice = await this.contents.seal(tx, from);
    await this.origins.moveUnder(tx, from.merchant_id, slice.firstKeys);
    return slice;
  }
}
