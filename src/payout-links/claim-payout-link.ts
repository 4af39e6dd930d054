import { Injectable } from '@nestjs/common';
import { CreateBulk, type CreateBulkCommand, type IssueDto, type JsonObject, PLAIN_BULK } from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import { newUuid, toTypeId } from '../platform/ids/index.js';
import { formatAmount } from '../platform/money/index.js';
import { DryRunBulk } from '../validation/index.js';
import type { PayoutLink } from './payout-link.js';
import { PayoutLinkRepository } from './payout-link.repository.js';
import { tellPayoutLinks } from './tell-payout-links.js';

/** Who is paid, and how: as an item of a bulk says it. */
export interface Receiver {
  readonly payout_method: JsonObject | null;
  readonly billing_data: JsonObject | null;
}

export interface ClaimPayoutLinkCommand {
  readonly merchantId: string;
  readonly linkId: string;
  readonly receiver: Receiver;
}

/** `refused`: by what validation would find, and the link is as it was. */
export type Claim =
  | { readonly outcome: 'claimed' }
  | { readonly outcome: 'refused'; readonly issues: readonly IssueDto[] }
  | { readonly outcome: 'not_open' };

/**
 * Uses a link up and makes a bulk of one payout of it, by the same use case as any bulk. The receiver is judged before, because
 * a link that is used up by a slip of the pen would have to be sent again.
 * Safe to crash here because the step of the link and the bulk are one commit, under the lock of the link's row: of two
 * claims at once the second finds it claimed.
 */
@Injectable()
export class ClaimPayoutLink {
  constructor(
    private readonly links: PayoutLinkRepository,
    private readonly bulks: CreateBulk,
    private readonly dryRun: DryRunBulk,
  ) {}

  async execute(tx: Tx, { merchantId, linkId, receiver }: ClaimPayoutLinkCommand): Promise<Claim> {
    await this.links.lock(tx, merchantId, linkId);
    const link = await this.links.find(tx, merchantId, linkId);
    if (link?.claimable !== true) return { outcome: 'not_open' };
    const payoutId = newUuid();
    const bulk = bulkOf(link, receiver, payoutId);
    const issues = (await this.dryRun.execute(tx, bulk)).items.flatMap((item) => item.issues);
    if (issues.length > 0) return { outcome: 'refused', issues };
    const bulkId = await this.bulks.execute(tx, bulk);
    const claimed = await this.links.step(tx, { merchantId, id: linkId }, { transition: 'claim', bulkId, payoutId });
    if (claimed === null) throw new Error('a locked link has changed');
    await tellPayoutLinks(tx, 'claim', [claimed]);
    tx.note({ changes: [{ field: 'status', before: 'open', after: 'claimed' }], subject: toTypeId('link', linkId) });
    return { outcome: 'claimed' };
  }
}

/** The link's own name is the reference, so that the same link is not paid twice whatever becomes of its row. */
function bulkOf(link: PayoutLink, receiver: Receiver, payoutId: string): CreateBulkCommand {
  const reference = toTypeId('link', link.id);
  const amount = formatAmount(BigInt(link.amount_minor), link.currency);
  return {
    ...PLAIN_BULK,
    merchantId: link.merchant_id,
    invalidItems: 'hold',
    payoutIds: [payoutId],
    items: [{ reference, amount, currency: link.currency, ...receiver }],
  };
}
