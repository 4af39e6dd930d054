import type { PayoutLinkStatus } from './payout-link.lifecycle.js';

/** What the link says to its receiver, and what its sender wants to be shown again: nothing, once the receiver was erased. */
export interface LinkDetails {
  readonly memo: string | null;
  readonly sent: Readonly<Record<string, unknown>>;
}

export interface PayoutLink {
  readonly id: string;
  readonly merchant_id: string;
  readonly merchant_name: string;
  readonly status: PayoutLinkStatus;
  /** Integer minor units, as text. */
  readonly amount_minor: string;
  readonly currency: string;
  readonly sender_key: string | null;
  readonly payout_id: string | null;
  readonly expires_at: Date;
  readonly created_at: Date;
  /** Whether it can be claimed now: an open one whose time is over can not, before anybody has written that down. */
  readonly claimable: boolean;
  readonly details: LinkDetails;
}
