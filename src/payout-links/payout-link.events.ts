import { amountSchema, currencySchema } from '../bulks/index.js';
import { defineEvents, eventDataSchema, type EventTypeDefinition, idSchema, instantSchema } from '../webhooks/index.js';
import { payoutLinkLifecycle, type PayoutLinkStatus } from './payout-link.lifecycle.js';

const link_id = 'link_01kb4n3w2ze3rbz4jrd9qk6v1x';
const claimed = { bulk_id: 'bulk_01kb4n3w2ze3rbz4jrd9qk6v1y', payout_id: 'payout_01kb4n3w2ze3rbz4jrd9qk6v1z' };

/** What a step tells: nobody but the claim knows a payout. */
function stepOf(meaning: string, status: PayoutLinkStatus): EventTypeDefinition {
  const previous_status = status === 'open' ? null : 'open';
  const isClaimed = status === 'claimed';
  const madeOfIt = (kind: 'bulk' | 'payout') => (isClaimed ? idSchema(kind) : { type: 'null' });
  return {
    meaning,
    schema: eventDataSchema({
      link_id: idSchema('link'),
      previous_status: { const: previous_status },
      status: { const: status },
      amount: amountSchema,
      currency: currencySchema,
      expires_at: instantSchema,
      bulk_id: madeOfIt('bulk'),
      payout_id: madeOfIt('payout'),
    }),
    example: {
      event_id: 'event_01kb4n3w2ze3rbz4jrd9qk6v22',
      sequence: status === 'open' ? 1 : 2,
      ...{ link_id, previous_status, status, amount: '120.50', currency: 'USD', expires_at: '2026-12-21T12:00:00.000Z' },
      ...(isClaimed ? claimed : { bulk_id: null, payout_id: null }),
    },
  };
}

/** Every step of a payout link. */
defineEvents({
  'payout_link.created': stepOf(
    'A payout link was made; whoever has it may claim the amount.',
    payoutLinkLifecycle.transitions.create.to,
  ),
  'payout_link.claimed': stepOf(
    'A receiver has said how to be paid; the payout is under way.',
    payoutLinkLifecycle.transitions.claim.to,
  ),
  'payout_link.cancelled': stepOf('The merchant took the link back.', payoutLinkLifecycle.transitions.cancel.to),
  'payout_link.expired': stepOf('Nobody claimed the link in time.', payoutLinkLifecycle.transitions.expire.to),
});
