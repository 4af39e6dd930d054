import { Injectable, Logger } from '@nestjs/common';
import { Sealer } from '../crypto/index.js';
import { Transactions, type Tx } from '../database/index.js';
import { toTypeId } from '../ids/index.js';
import { endOf, hashOf, NO_HASH } from './audit-entry.js';
import { lockChain, unsealed, unsealedChains, writeLinks } from './audit.repository.js';
import { isAsSealed } from './chain-end.js';

/** A slice of one chain: some 10 ms. */
const SLICE_ENTRIES = 500;
/** Chains that one look finds; the next look finds more. */
const CHAINS_MAX = 100;

/**
 * Puts committed entries behind the end of their chain. Writers of entries so never wait for each other; the price is that
 * an entry can be taken away unseen until it is sealed, a minute or so after it was written.
 * A chain whose end is not as it was sealed is left alone: to go on behind it would make a forgery ours. What is sealed is
 * logged, because logs that are kept elsewhere are what a chain can be held against even when all of it was written anew.
 * Safe to crash here because a slice and the new end of its chain are one transaction, under the lock of that end.
 */
@Injectable()
export class SealAudit {
  private readonly logger = new Logger(SealAudit.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly sealer: Sealer,
  ) {}

  /** @throws where a chain could not be sealed, once all have had their turn: so it stands at the job. */
  async execute(): Promise<void> {
    const left: string[] = [];
    let failed = 0;
    for (;;) {
      const chains = await this.transactions.asEngine((tx) => unsealedChains(tx, CHAINS_MAX, left));
      if (chains.length === 0) break;
      for (const chain of chains) {
        const merchant_id = toTypeId('merchant', chain);
        try {
          const end = await this.transactions.asEngine((tx) => this.sealSlice(tx, chain));
          if (end !== 'forged') {
            this.logger.log({ message: 'audit entries sealed', merchant_id, ...end });
            continue;
          }
          this.logger.error({ message: 'the end of an audit chain is not as it was sealed; it is left alone', merchant_id });
        } catch (error) {
          this.logger.error({ message: 'an audit chain could not be sealed', merchant_id, error });
          failed += 1;
        }
        left.push(chain);
      }
    }
    if (failed > 0) throw new Error(`${failed} audit chains could not be sealed; the log says why`);
  }

  private async sealSlice(tx: Tx, merchantId: string): Promise<{ entries_count: number; hash_id: string } | 'forged'> {
    const end = await lockChain(tx, merchantId);
    if (!isAsSealed(end, this.sealer)) return 'forged';
    const entries = await unsealed(tx, merchantId, SLICE_ENTRIES);
    let number = Number(end.number);
    let hash: Buffer = end.hash ?? NO_HASH;
    const links = entries.map((entry) => {
      number += 1;
      hash = hashOf(hash, number, entry);
      return { place: entry.place, number, hash: hash.toString('hex') };
    });
    const seal = this.sealer.fingerprint(endOf(merchantId, number, hash));
    if (links.length > 0) await writeLinks(tx, merchantId, { links, seal });
    return { entries_count: number, hash_id: hash.toString('hex') };
  }
}
