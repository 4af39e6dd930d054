import { Injectable } from '@nestjs/common';
import {
  isErased,
  isFinal,
  type Issue,
  JOIN_RECEIVER,
  maskPayoutMethod,
  type OfReceiver,
  PayoutContentRepository,
  type PayoutStatus,
  RECEIVER_COLUMNS,
} from '../bulks/index.js';
import type { Failure } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { AttemptDto, PayoutDto } from './dto/payout-response.dto.js';
import { type IntentFacts, toIntentResponse } from './intent-response.js';
import type { IntentStatus } from './payout-intent.lifecycle.js';
import { isSettled } from './settle-intents.js';

export interface PayoutView extends OfReceiver {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly bulk_id: string;
  readonly position: number;
  readonly reference: string;
  readonly status: PayoutStatus;
  readonly version: number;
  readonly scheduled_at: Date | null;
  readonly issues: Issue[] | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly scheduled_date: string | null;
  readonly timezone: string | null;
  readonly payout_method: Buffer | null;
  readonly billing_data: Buffer | null;
  readonly metadata: Record<string, string> | null;
  readonly intent_id: string | null;
  readonly intent_status: IntentStatus | null;
  readonly intent_connector_id: string | null;
  readonly provider_reference: string | null;
  readonly failure: Failure | null;
  readonly next_check_at: Date | null;
  readonly intent_created_at: Date | null;
  readonly intent_updated_at: Date | null;
}

const SELECT = `
  SELECT p.id, p.merchant_id, p.bulk_id, p.position, p.reference, p.status, p.version, p.scheduled_at, p.issues, p.created_at, p.updated_at,
    r.amount, r.currency, r.scheduled_date, r.timezone, r.payout_method, r.billing_data, r.metadata, ${RECEIVER_COLUMNS},
    i.id AS intent_id, i.status AS intent_status, i.connector_id AS intent_connector_id, i.provider_reference, i.failure, i.next_check_at,
    i.created_at AS intent_created_at, i.updated_at AS intent_updated_at
  FROM payout p
  JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision
  ${JOIN_RECEIVER}
  LEFT JOIN payout_intent i
    ON i.payout_id = p.id AND p.status IN ('PROCESSING_IN_PROGRESS', 'PROCESSED', 'INTENT_CREATION_FAILED')`;
const VIEW = `${SELECT} WHERE p.merchant_id = $1`;

export interface PayoutFilter {
  readonly merchantId: string;
  readonly status: string | null;
  readonly reference: string | null;
}

const FILTER = `($2::text IS NULL OR p.status = $2) AND ($3::text IS NULL OR p.reference = $3)`;

const ofMerchant = new KeysetList<PayoutView>({
  kind: 'payout',
  key: 'p.id',
  type: 'uuid',
  order: 'descending',
  cursor: `SELECT id AS key FROM payout WHERE id = $1 AND merchant_id = $2`,
  values: 3,
  select: (condition) => `${VIEW} AND ${FILTER} AND ${condition}`,
});

const ofBulk = new KeysetList<PayoutView>({
  kind: 'payout',
  key: 'p.position',
  type: 'integer',
  order: 'ascending',
  cursor: `SELECT position AS key FROM payout WHERE id = $1 AND merchant_id = $2 AND bulk_id = $3`,
  values: 4,
  select: (condition) => `${VIEW} AND ${FILTER} AND p.bulk_id = $4 AND ${condition}`,
});

interface AttemptView {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly number: number;
  readonly idempotency_key: string;
  readonly connector_id: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly sends: number;
  readonly outcome: string | null;
  readonly http_status: number | null;
  readonly provider_reference: string | null;
  readonly detail: string | null;
  readonly steps: readonly AttemptStepView[];
}

interface AttemptStepView {
  /** As PostgreSQL writes it into JSON. */
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly http_status: number | null;
  readonly detail: string | null;
}

const ofPayout = new KeysetList<AttemptView>({
  kind: 'attempt',
  key: 'number',
  type: 'integer',
  order: 'ascending',
  cursor: `SELECT number AS key FROM attempt WHERE id = $1 AND merchant_id = $2 AND payout_id = $3`,
  values: 2,
  select: (condition) =>
    `SELECT id, number, idempotency_key, connector_id, started_at, ended_at, sends, outcome, http_status, provider_reference, detail,
       coalesce((SELECT json_agg(json_build_object('at', s.at, 'action', s.action, 'outcome', s.outcome,
           'http_status', s.http_status, 'detail', s.detail) ORDER BY s.place)
         FROM attempt_step s WHERE s.attempt_id = attempt.id), '[]') AS steps
     FROM attempt WHERE merchant_id = $1 AND payout_id = $2 AND ${condition}`,
});

/** Reads for screens: a payout with its content and its intent, as its merchant sees it. */
@Injectable()
export class PayoutQueries {
  constructor(private readonly contents: PayoutContentRepository) {}

  find(tx: Tx, merchantId: string, payoutId: string): Promise<PayoutView | null> {
    return tx.one<PayoutView>(`${VIEW} AND p.id = $2`, [merchantId, payoutId]);
  }

  /** The payout of any merchant. */
  findForOperator(tx: Tx, payoutId: string): Promise<PayoutView | null> {
    return tx.one<PayoutView>(`${SELECT} WHERE p.id = $1`, [payoutId]);
  }

  /** All payouts of the merchant, newest first. */
  list(tx: Tx, { merchantId, ...filter }: PayoutFilter, page: PageQuery): Promise<KeysetPage<PayoutView>> {
    return ofMerchant.read(tx, page, { values: [merchantId, filter.status, filter.reference], cursorValues: [merchantId] });
  }

  /** The payouts of one bulk, in the order in which they were sent. */
  listOfBulk(
    tx: Tx,
    { merchantId, bulkId, ...filter }: PayoutFilter & { readonly bulkId: string },
    page: PageQuery,
  ): Promise<KeysetPage<PayoutView>> {
    return ofBulk.read(tx, page, {
      values: [merchantId, filter.status, filter.reference, bulkId],
      cursorValues: [merchantId, bulkId],
    });
  }

  /** A stretch of one bulk by position, for contracts that number their pages. Positions have no gaps. */
  stretchOfBulk(
    tx: Tx,
    { merchantId, bulkId }: { readonly merchantId: string; readonly bulkId: string },
    { from, count }: { readonly from: number; readonly count: number },
  ): Promise<PayoutView[]> {
    return tx.query<PayoutView>(`${VIEW} AND p.bulk_id = $2 AND p.position >= $3 AND p.position < $4 ORDER BY p.position`, [
      ...[merchantId, bulkId, from],
      from + count,
    ]);
  }

  /** The attempts at one payout, oldest first. */
  attempts(
    tx: Tx,
    { merchantId, payoutId }: { readonly merchantId: string; readonly payoutId: string },
    page: PageQuery,
  ): Promise<KeysetPage<AttemptView>> {
    return ofPayout.read(tx, page, { values: [merchantId, payoutId], cursorValues: [merchantId, payoutId] });
  }

  toResponse(payout: PayoutView): PayoutDto {
    const intent = intentOf(payout);
    const method = this.contents.open(payout, 'payout_method', payout.payout_method);
    return {
      id: toTypeId('payout', payout.id),
      object: 'payout',
      bulk_id: toTypeId('bulk', payout.bulk_id),
      position: payout.position,
      reference: payout.reference,
      amount: payout.amount,
      currency: payout.currency,
      scheduled_date: payout.scheduled_date,
      timezone: payout.timezone,
      scheduled_at: payout.scheduled_at === null ? null : formatInstant(payout.scheduled_at),
      status: payout.status,
      final: isFinal(payout.status, intent === null ? undefined : { settled: isSettled(intent.status) }),
      version: payout.version,
      issues: payout.issues ?? [],
      payout_method: method === null ? null : maskPayoutMethod(method),
      billing_data: this.contents.open(payout, 'billing_data', payout.billing_data),
      erased: isErased(payout),
      metadata: payout.metadata,
      intent: intent === null ? null : toIntentResponse(intent),
      created_at: formatInstant(payout.created_at),
      updated_at: formatInstant(payout.updated_at),
    };
  }
}

function intentOf(payout: PayoutView): IntentFacts | null {
  const { intent_id, intent_status, intent_connector_id, intent_created_at, intent_updated_at } = payout;
  if (intent_id === null || intent_status === null || intent_connector_id === null || intent_created_at === null) return null;
  return {
    id: intent_id,
    connector_id: intent_connector_id,
    status: intent_status,
    provider_reference: payout.provider_reference,
    failure: payout.failure,
    next_check_at: payout.next_check_at,
    created_at: intent_created_at,
    updated_at: intent_updated_at ?? intent_created_at,
  };
}

export const toAttemptResponse = (attempt: AttemptView): AttemptDto => ({
  id: toTypeId('attempt', attempt.id),
  number: attempt.number,
  idempotency_key: attempt.idempotency_key,
  connector: toTypeId('connector', attempt.connector_id),
  started_at: formatInstant(attempt.started_at),
  ended_at: attempt.ended_at === null ? null : formatInstant(attempt.ended_at),
  sends: attempt.sends,
  outcome: attempt.outcome,
  http_status: attempt.http_status,
  provider_reference: attempt.provider_reference,
  detail: attempt.detail,
  steps: attempt.steps.map((step) => ({ ...step, at: formatInstant(new Date(step.at)) })),
});
