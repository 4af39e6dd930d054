import type { Tx } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { formatAmount } from '../platform/money/index.js';
import { formatInstant } from '../platform/time/index.js';
import { recordEvents } from '../webhooks/index.js';
import { payoutLinkLifecycle, type PayoutLinkTransition } from './payout-link.lifecycle.js';
import type { SteppedLink } from './payout-link.repository.js';

/** Tells a step of these links, in the transaction of the step. */
export async function tellPayoutLinks(tx: Tx, transition: PayoutLinkTransition, links: readonly SteppedLink[]): Promise<void> {
  const { from, to, emits } = payoutLinkLifecycle.transitions[transition];
  await recordEvents(
    tx,
    links.map((link) => ({
      merchantId: link.merchant_id,
      type: emits ?? '',
      subjectId: link.id,
      sequence: link.last_sequence,
      feed: link.feed,
      // The payout has a sequence of its own, which this does not stand in.
      bulkId: null,
      payoutId: null,
      bulkEndpointId: null,
      at: link.at,
      data: {
        link_id: toTypeId('link', link.id),
        previous_status: from[0] ?? null,
        status: to,
        amount: formatAmount(BigInt(link.amount_minor), link.currency),
        currency: link.currency,
        expires_at: formatInstant(link.expires_at),
        bulk_id: link.bulk_id === null ? null : toTypeId('bulk', link.bulk_id),
        payout_id: link.payout_id === null ? null : toTypeId('payout', link.payout_id),
      },
    })),
  );
}
