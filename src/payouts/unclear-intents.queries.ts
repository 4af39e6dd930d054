import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { UnclearIntentDto } from './dto/unclear-intent.dto.js';
import type { UnclearStatus } from './payout-intent.lifecycle.js';

interface StepView {
  /** As PostgreSQL writes it into JSON. */
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly http_status: number | null;
  readonly detail: string | null;
}

export interface UnclearIntentView {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly status: UnclearStatus;
  readonly connector_id: string;
  readonly merchant_id: string;
  readonly bulk_id: string;
  readonly payout_id: string;
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly idempotency_key: string;
  readonly provider_reference: string | null;
  readonly detail: string | null;
  readonly since: Date;
  readonly next_check_at: Date | null;
  readonly steps: readonly StepView[];
}

/** Enough to see how it came to this; all of them stand at the attempts of the payout. */
const STEPS_SHOWN_MAX = 10;

/** Statuses as in the index `payout_intent_unclear`, which holds these rows alone: there are few, however many payouts there were. */
const newestFirst = new KeysetList<UnclearIntentView>({
  kind: 'intent',
  key: 'i.id',
  type: 'uuid',
  order: 'descending',
  cursor: `SELECT id AS key FROM payout_intent WHERE id = $1`,
  values: 3,
  select: (condition) => `
    SELECT i.id, i.status, i.connector_id, i.merchant_id, p.bulk_id, i.payout_id, p.reference, r.amount, r.currency,
      a.idempotency_key, i.provider_reference, a.detail, i.updated_at AS since, i.next_check_at,
      coalesce((
        SELECT json_agg(json_build_object('at', s.at, 'action', s.action, 'outcome', s.outcome, 'http_status', s.http_status,
          'detail', s.detail) ORDER BY s.place)
        FROM (SELECT * FROM attempt_step WHERE attempt_id = a.id ORDER BY place DESC LIMIT $3) s), '[]') AS steps
    FROM payout_intent i
    JOIN payout p ON p.id = i.payout_id
    JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision
    JOIN attempt a ON a.payout_id = p.id AND a.number = p.attempt_no
    WHERE i.status IN ('unknown', 'needs_review') AND ($1::text IS NULL OR i.status = $1)
      AND ($2::uuid IS NULL OR i.connector_id = $2) AND ${condition}`,
});

/** What an operator has to look at, over all merchants. No account data. */
@Injectable()
export class UnclearIntentQueries {
  list(
    tx: Tx,
    { status, connectorId }: { status: UnclearStatus | null; connectorId: string | null },
    page: PageQuery,
  ): Promise<KeysetPage<UnclearIntentView>> {
    return newestFirst.read(tx, page, { values: [status, connectorId, STEPS_SHOWN_MAX], cursorValues: [] });
  }
}

export const toUnclearIntentResponse = (intent: UnclearIntentView): UnclearIntentDto => ({
  id: toTypeId('intent', intent.id),
  object: 'payout_intent',
  status: intent.status,
  connector: toTypeId('connector', intent.connector_id),
  merchant_id: toTypeId('merchant', intent.merchant_id),
  bulk_id: toTypeId('bulk', intent.bulk_id),
  payout_id: toTypeId('payout', intent.payout_id),
  reference: intent.reference,
  amount: intent.amount,
  currency: intent.currency,
  idempotency_key: intent.idempotency_key,
  provider_reference: intent.provider_reference,
  detail: intent.detail,
  since: formatInstant(intent.since),
  next_check_at: intent.next_check_at === null ? null : formatInstant(intent.next_check_at),
  steps: intent.steps.map((step) => ({ ...step, at: formatInstant(new Date(step.at)) })),
});
