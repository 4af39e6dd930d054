import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { linkPath, LinkTokens } from './link-tokens.js';
import type { PayoutLink } from './payout-link.js';
import { PayoutLinkRepository } from './payout-link.repository.js';

/** Reads of payout links for those who show them. */
@Injectable()
export class PayoutLinkQueries {
  constructor(
    private readonly links: PayoutLinkRepository,
    private readonly tokens: LinkTokens,
  ) {}

  find(tx: Tx, merchantId: string, id: string): Promise<PayoutLink | null> {
    return this.links.find(tx, merchantId, id);
  }

  /** The link that has this key of its sender's. Until the transaction ends, nobody else can look for the same key. */
  async findByKey(tx: Tx, merchantId: string, senderKey: string): Promise<PayoutLink | null> {
    await this.links.lockSenderKey(tx, merchantId, senderKey);
    return this.links.findByKey(tx, merchantId, senderKey);
  }

  /** Where the link leads on this server. */
  pathOf({ id }: PayoutLink): string {
    return linkPath(this.tokens.tokenOf(id));
  }
}
