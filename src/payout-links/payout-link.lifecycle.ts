import { defineLifecycle, type StateOf, type TransitionOf } from '../platform/lifecycle/index.js';

/** The life of a payout link: an amount for whoever has the link, until it is claimed or ends. */
export const payoutLinkLifecycle = defineLifecycle({
  aggregate: 'payout_link',
  stored: { table: 'payout_link', column: 'status' },
  states: {
    open: { meaning: 'Waits for somebody who says how the amount is to be paid.' },
    claimed: {
      meaning: 'Used up: a bulk of one payout was made of it, whose life tells what became of the money.',
      terminal: true,
    },
    cancelled: { meaning: 'Taken back by the merchant; nothing was paid.', terminal: true },
    expired: { meaning: 'Nobody claimed it in time; nothing was paid.', terminal: true },
  },
  transitions: {
    create: { from: [null], to: 'open', emits: 'payout_link.created', meaning: 'The merchant asked for it.' },
    claim: {
      from: ['open'],
      to: 'claimed',
      emits: 'payout_link.claimed',
      meaning: 'A receiver gave a name and a payout method that are valid.',
    },
    cancel: { from: ['open'], to: 'cancelled', emits: 'payout_link.cancelled', meaning: 'The merchant took it back.' },
    expire: { from: ['open'], to: 'expired', emits: 'payout_link.expired', meaning: 'PAYOUT_LINK_DAYS are over.' },
  },
});

export type PayoutLinkStatus = StateOf<typeof payoutLinkLifecycle>;
export type PayoutLinkTransition = TransitionOf<typeof payoutLinkLifecycle>;
