import { Injectable } from '@nestjs/common';
import { PAYOUT_STATUSES, type PayoutStatus } from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { ExplanationDto } from './dto/payout-response.dto.js';
import type { IntentStatus } from './payout-intent.lifecycle.js';

interface Circumstances {
  readonly [column: string]: unknown;
  readonly status: PayoutStatus;
  readonly held: boolean;
  readonly bulk_paused_at: Date | null;
  readonly due: boolean;
  readonly scheduled_at: Date | null;
  readonly updated_at: Date;
  readonly stopped_at: Date | null;
  readonly stop_reason: string | null;
  readonly quarantined_at: Date | null;
  readonly breaker_opened_at: Date | null;
  readonly breaker_until: Date | null;
  readonly connector_paused_at: Date | null;
  readonly intent_status: IntentStatus | null;
  readonly intent_updated_at: Date | null;
  readonly next_check_at: Date | null;
  readonly may_have_been_taken: boolean | null;
  readonly attempt_detail: string | null;
}

type Explanation = [cause: ExplanationDto['cause'], detail: string, since: Date, expectedAt?: Date | null];

/**
 * The reason stays with the operator: a connector serves many merchants, and its reason may tell of another's payouts (a payment
 * that contradicts our books is named) or of the provider's and our credentials.
 */
const CONNECTOR_PAUSED = 'Its connector is paused by the operator or after a fault.';

/** Says why a payout is not paid yet, from what the engine itself would look at before it moved it on. */
@Injectable()
export class ExplainPayout {
  async execute(tx: Tx, merchantId: string, payoutId: string): Promise<ExplanationDto | null> {
    const found = await tx.one<Circumstances>(
      `SELECT p.status, p.held, p.scheduled_at, p.scheduled_at <= tranche_now() AS due, p.updated_at, b.paused_at AS bulk_paused_at,
         coalesce(e.paused_at, m.paused_at) AS stopped_at, coalesce(e.pause_reason, m.pause_reason) AS stop_reason, e.quarantined_at, c.breaker_opened_at, c.breaker_until,
         c.paused_at AS connector_paused_at,
         i.status AS intent_status, i.updated_at AS intent_updated_at, i.next_check_at, a.may_have_been_taken, a.detail AS attempt_detail
       FROM payout p
       JOIN bulk b ON b.id = p.bulk_id
       JOIN merchant m ON m.id = p.merchant_id
       CROSS JOIN engine e
       LEFT JOIN connector c ON c.id = p.connector_id
       LEFT JOIN payout_intent i ON i.payout_id = p.id
       LEFT JOIN attempt a ON a.payout_id = p.id AND a.number = p.attempt_no
       WHERE p.merchant_id = $1 AND p.id = $2`,
      [merchantId, payoutId],
    );
    if (found === null) return null;
    const known = PAYOUT_STATUSES.includes(found.status);
    const [cause, detail, since, expectedAt] = known ? explain(found) : ofNewerVersion(found);
    return { cause, detail, expected_at: expectedAt == null ? null : formatInstant(expectedAt), since: formatInstant(since) };
  }
}

/** During an upgrade a status may be one that only the next version knows; it goes on with it. */
const ofNewerVersion = ({ updated_at }: Circumstances): Explanation => [
  'outcome_unknown',
  'The engine is being upgraded, and the newer version is at work on it. Ask again in a moment.',
  updated_at,
];

function explain(payout: Circumstances): Explanation {
  switch (payout.status) {
    case 'VALIDATION_PENDING':
    case 'VALIDATION_IN_PROGRESS':
      return ['not_validated', 'It waits to be validated; that takes seconds.', payout.updated_at];
    case 'VALIDATION_FAILED':
      return ['invalid', 'Validation found issues; mend them with an edit.', payout.updated_at];
    case 'SCHEDULED':
      return explainScheduled(payout);
    case 'PROCESSING_IN_PROGRESS':
      return explainSending(payout);
    case 'PROCESSED':
      return explainIntent(payout);
    case 'INTENT_CREATION_FAILED':
      return [
        'at_rest',
        'The provider refused it; nothing was paid. Where the failure is retryable it can be retried.',
        payout.updated_at,
      ];
    case 'CANCELLED':
      return ['at_rest', 'It was cancelled and will not be paid.', payout.updated_at];
  }
}

function explainScheduled(payout: Circumstances): Explanation {
  const { scheduled_at, updated_at } = payout;
  if (payout.bulk_paused_at !== null) return ['bulk_paused', 'Its bulk is paused; resume the bulk.', payout.bulk_paused_at];
  if (payout.held)
    return [
      'bulk_has_invalid',
      'Its bulk rejects while any of its payouts is invalid or not validated; mend or cancel those.',
      updated_at,
    ];
  if (!payout.due) return ['waits_for_date', 'It runs at its date.', updated_at, scheduled_at];
  if (payout.stopped_at !== null)
    return ['merchant_paused', `The operator has paused payouts: ${payout.stop_reason}`, payout.stopped_at];
  if (payout.connector_paused_at !== null) {
    return ['connector_paused', CONNECTOR_PAUSED, payout.connector_paused_at];
  }
  return (
    explainBusy(payout) ?? ['provider_busy', 'It is due and waits for its turn at the provider.', scheduled_at ?? updated_at]
  );
}

/** Why nothing is sent to the provider, whatever the payout; null: something is. */
function explainBusy({ quarantined_at, breaker_opened_at, breaker_until }: Circumstances): Explanation | null {
  if (quarantined_at !== null)
    return ['provider_busy', 'Nothing is sent until our books have been compared with the providers.', quarantined_at];
  if (breaker_opened_at !== null)
    return [
      'provider_busy',
      'The provider does not answer; it is tried again from time to time.',
      breaker_opened_at,
      breaker_until,
    ];
  return null;
}

function explainSending(payout: Circumstances): Explanation {
  const since = payout.intent_updated_at ?? payout.updated_at;
  if (payout.intent_status === 'needs_review')
    return ['needs_review', 'The outcome can not be found out by machine; the operator decides.', since];
  if (payout.connector_paused_at !== null && payout.may_have_been_taken === false) {
    return ['connector_paused', CONNECTOR_PAUSED, payout.connector_paused_at];
  }
  if (payout.intent_status === 'unknown') {
    const detail =
      'The provider gave no clear answer; it is asked until that is known. It is never sent under another key meanwhile.';
    return ['outcome_unknown', detail, since, payout.next_check_at];
  }
  if (payout.may_have_been_taken === false) {
    const busy = explainBusy(payout);
    if (busy !== null) return busy;
    return [
      'provider_busy',
      `The provider did not take it yet (${payout.attempt_detail ?? 'no answer'}); it is sent again.`,
      since,
      payout.next_check_at,
    ];
  }
  return ['being_sent', 'It is being sent to the provider.', since];
}

function explainIntent(payout: Circumstances): Explanation {
  const since = payout.intent_updated_at ?? payout.updated_at;
  switch (payout.intent_status) {
    case 'unclaimed':
      return ['unclaimed', 'The provider holds it for a receiver it does not know yet.', since, payout.next_check_at];
    case 'pending':
      return ['being_sent', 'The provider took it and has not reported the outcome yet.', since, payout.next_check_at];
    case 'needs_review':
      return ['needs_review', 'The provider contradicts itself; the operator decides.', since];
    default:
      return ['at_rest', `Its intent is ${payout.intent_status ?? 'gone'}.`, since];
  }
}
