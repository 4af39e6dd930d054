import { toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { EventDraft } from '../webhooks/index.js';
import type { Issue } from './payout-content.js';
import type { PayoutStatus } from './payout.lifecycle.js';

/** What an event shows of a payout, whether the row is new or loaded. */
export interface PayoutFacts {
  readonly id: string;
  readonly merchant_id: string;
  readonly bulk_id: string;
  readonly reference: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly bulk_reference: string | null;
  readonly bulk_endpoint_id: string | null;
}

export interface PayoutEvent {
  readonly type: string;
  readonly previous_status: PayoutStatus | null;
  readonly status: PayoutStatus;
  readonly final: boolean;
  readonly scheduled_at: Date | null;
  readonly issues: readonly Issue[];
  /** The intent as the API shows it, or null. */
  readonly intent: object | null;
  /** Further members of this type of event, such as the difference of an edit. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Where the event stands: its number in the payout's life, its place in the feed, its instant. */
export interface EventPlace {
  readonly sequence: number;
  readonly feed: string;
  readonly at: Date;
}

/** One step of a payout as an event (api.md section 4). No account number, name or address ever gets here. */
export function payoutEvent(payout: PayoutFacts, event: PayoutEvent, place: EventPlace): EventDraft {
  return {
    merchantId: payout.merchant_id,
    type: event.type,
    subjectId: payout.id,
    sequence: place.sequence,
    feed: place.feed,
    bulkId: payout.bulk_id,
    payoutId: payout.id,
    bulkEndpointId: payout.bulk_endpoint_id,
    at: place.at,
    data: {
      bulk_id: toTypeId('bulk', payout.bulk_id),
      bulk_reference: payout.bulk_reference,
      payout_id: toTypeId('payout', payout.id),
      reference: payout.reference,
      previous_status: event.previous_status,
      status: event.status,
      final: event.final,
      amount: payout.amount,
      currency: payout.currency,
      scheduled_at: event.scheduled_at === null ? null : formatInstant(event.scheduled_at),
      issues: event.issues,
      intent: event.intent,
      ...event.more,
    },
  };
}
