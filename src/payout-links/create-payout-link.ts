import { Inject, Injectable } from '@nestjs/common';
import { ReceiverKeys } from '../bulks/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import type { Tx } from '../platform/database/index.js';
import { newUuid, toTypeId } from '../platform/ids/index.js';
import { LinkTokens } from './link-tokens.js';
import type { LinkDetails } from './payout-link.js';
import { PayoutLinkRepository } from './payout-link.repository.js';
import { tellPayoutLinks } from './tell-payout-links.js';

export interface CreatePayoutLinkCommand {
  readonly merchantId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** The sender's own: no second link comes under it. */
  readonly senderKey: string | null;
  /** Of whom it is for, with the country's; null: it is not known. */
  readonly phone: string | null;
  readonly details: LinkDetails;
}

/** Makes a link by which somebody whose account is not known can be paid. Nothing is paid, and nothing set aside, until it is claimed. */
@Injectable()
export class CreatePayoutLink {
  constructor(
    private readonly links: PayoutLinkRepository,
    private readonly tokens: LinkTokens,
    private readonly receivers: ReceiverKeys,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** @returns the uuid of the link. */
  async execute(tx: Tx, command: CreatePayoutLinkCommand): Promise<string> {
    const id = newUuid();
    const tokenHash = this.tokens.hashOf(this.tokens.tokenOf(id));
    if (tokenHash === null) throw new Error('a token of ours has not the form of one');
    const { merchantId, phone } = command;
    const receivers = phone === null ? [] : [this.receivers.receiverOfPhone(merchantId, phone)];
    // Whoever erases him waits for us, or we for him.
    await this.receivers.hold(tx, merchantId);
    const made = await this.links.insert(tx, { ...command, id, tokenHash, receivers, days: this.configuration.payoutLink_days });
    await tellPayoutLinks(tx, 'create', [made]);
    tx.note({ changes: [{ field: 'status', before: null, after: 'open' }], subject: toTypeId('link', id) });
    return id;
  }
}
