import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/index.js';
import { Transactions } from '../database/index.js';
import { type AuditRow, ENGINE_ID, hashOf, NO_HASH } from './audit-entry.js';
import { chainEnd, type ChainEnd, countUnsealed, linksBehind } from './audit.repository.js';
import { isAsSealed } from './chain-end.js';

const PAGE_ENTRIES = 1_000;

export interface AuditVerdict {
  /** Entries of the chain that are as they were sealed, in order from the first. */
  readonly entries: number;
  /** The hash of the last of them; whoever keeps it elsewhere can tell later that nothing before it was changed. */
  readonly hash: Buffer | null;
  /** Entries that are written and not sealed yet. */
  readonly waiting: number;
  /** Null: the chain is whole. */
  readonly broken: { readonly number: number; readonly detail: string } | null;
}

interface Walked {
  readonly number: number;
  readonly hash: Buffer;
  readonly broken: AuditVerdict['broken'];
}

/** Computes a chain anew from its first entry to its end, and names the first link that is not as it was sealed. */
@Injectable()
export class VerifyAudit {
  constructor(
    private readonly transactions: Transactions,
    private readonly sealer: Sealer,
  ) {}

  /** @param merchantId null: the engine's own chain. */
  async execute(merchantId: string | null): Promise<AuditVerdict> {
    const chain = merchantId ?? ENGINE_ID;
    // The end first: what is sealed meanwhile lies behind it.
    const { end, waiting } = await this.transactions.asEngine(async (tx) => ({
      end: await chainEnd(tx, chain),
      waiting: await countUnsealed(tx, chain),
    }));
    const { number, hash, broken } = await this.walk(chain, Number(end?.number ?? 0));
    return {
      entries: number,
      hash: number === 0 ? null : hash,
      waiting,
      broken: broken ?? this.faultOfEnd(end, { number, hash }),
    };
  }

  private async walk(chain: string, last: number): Promise<Walked> {
    let number = 0;
    let hash: Buffer = NO_HASH;
    for (;;) {
      const page = await this.transactions.asEngine((tx) => linksBehind(tx, chain, { number, limit: PAGE_ENTRIES }));
      for (const entry of page) {
        const detail = faultOf(entry, number + 1, hash);
        if (detail !== null) return { number, hash, broken: { number: number + 1, detail } };
        number += 1;
        hash = entry.hash ?? NO_HASH;
        if (number === last) return { number, hash, broken: null };
      }
      if (page.length < PAGE_ENTRIES) return { number, hash, broken: null };
    }
  }

  private faultOfEnd(end: ChainEnd | null, last: Pick<Walked, 'number' | 'hash'>): AuditVerdict['broken'] {
    const at = (detail: string): AuditVerdict['broken'] => ({ number: last.number + 1, detail });
    if (end === null || Number(end.number) === 0) return last.number === 0 ? null : at('the end of the chain is gone');
    if (Number(end.number) > last.number) return at(`entries up to ${end.number} were sealed and are gone`);
    if (end.hash?.equals(last.hash) === true && isAsSealed(end, this.sealer)) return null;
    return { number: last.number, detail: 'the chain was written anew: its end is not as it was sealed' };
  }
}

function faultOf(entry: AuditRow, expected: number, before: Buffer): string | null {
  if (Number(entry.number) !== expected) return 'an entry is gone';
  if (entry.hash?.equals(hashOf(before, expected, entry)) === true) return null;
  return 'an entry was changed, put in or moved here';
}
