import { Inject, Injectable, Logger } from '@nestjs/common';
import { type SealedTable, Sealer } from '../platform/crypto/index.js';
import { anyOf, Records, type Tx } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { parseAmount } from '../platform/money/index.js';
import type { FieldChange, Issue, JsonObject, PayoutContent } from './payout-content.js';
import {
  isErased,
  JOIN_RECEIVER,
  type OfReceiver,
  RECEIVER_COLUMNS,
  type ReceiverKey,
  ReceiverKeys,
} from './receiver-key.repository.js';

/** A payout that is about to exist. */
export interface NewPayout {
  readonly id: string;
  readonly position: number;
  readonly reference: string;
}

const PAYOUTS = new Records({ id: 'uuid', position: 'integer', reference: 'text' });

/** The content of one revision on its way into the database. */
export interface NewRevision {
  readonly payoutId: string;
  readonly revision: number;
  readonly content: PayoutContent;
  readonly intakeIssues: readonly Issue[];
  readonly changed: readonly FieldChange[] | null;
}

const REVISIONS = new Records({
  payout_id: 'uuid',
  revision: 'integer',
  amount: 'text',
  amount_minor: 'bigint',
  currency: 'text',
  scheduled_date: 'text',
  timezone: 'text',
  receiver_key_id: 'uuid',
  payout_method: 'text',
  billing_data: 'text',
  metadata: 'json',
  intake_issues: 'json',
  changed: 'json',
});

/** The content that counts for a payout, opened. */
export interface StoredContent {
  readonly payoutId: string;
  readonly content: PayoutContent;
  readonly amountMinor: bigint | null;
  readonly intakeIssues: readonly Issue[];
  /** When the create or the edit was accepted. */
  readonly acceptedAt: Date;
  /** The receiver was forgotten: method and billing data are null, whatever they were. */
  readonly erased: boolean;
}

interface ContentRow extends OfReceiver {
  readonly [column: string]: unknown;
  readonly payout_id: string;
  readonly amount: string | null;
  readonly amount_minor: string | null;
  readonly currency: string | null;
  readonly scheduled_date: string | null;
  readonly timezone: string | null;
  readonly payout_method: Buffer | null;
  readonly billing_data: Buffer | null;
  readonly metadata: Record<string, string> | null;
  readonly intake_issues: Issue[] | null;
  readonly accepted_at: Date;
}

export type SealedField = 'payout_method' | 'billing_data';

/** What merchants wrote: insert-only revisions, account data sealed under the key of its receiver, to its merchant, payout and field. */
@Injectable()
export class PayoutContentRepository {
  private readonly logger = new Logger(PayoutContentRepository.name);

  constructor(
    @Inject(Sealer) private readonly sealer: Sealer,
    private readonly receivers: ReceiverKeys,
  ) {}

  /** The hot rows of a new bulk, in one statement. Held from the start where the bulk is rejected by an invalid item. */
  async insertPayouts(
    tx: Tx,
    bulk: { id: string; merchantId: string; held: boolean },
    payouts: readonly NewPayout[],
  ): Promise<void> {
    await tx.query(
      `INSERT INTO payout (id, merchant_id, bulk_id, position, reference, status, held, last_sequence, feed)
       SELECT v.id, $1, $2, v.position, v.reference, 'VALIDATION_PENDING', $3, 1, f.now
       FROM (SELECT feed_now() AS now) f, ${PAYOUTS.as('v', 4)}`,
      [bulk.merchantId, bulk.id, bulk.held, ...PAYOUTS.of(payouts)],
    );
  }

  async insertRevisions(tx: Tx, merchantId: string, revisions: readonly NewRevision[]): Promise<void> {
    const receivers = revisions.map(({ payoutId, content }) => this.receivers.receiverOf(merchantId, payoutId, content));
    const keys = await this.receivers.take(
      tx,
      merchantId,
      receivers.filter((receiver) => receiver !== null),
    );
    const rows = revisions.map((revision, index) => this.toRow(merchantId, revision, keys.get(receivers[index] ?? '')));
    await tx.query(
      `INSERT INTO payout_revision (payout_id, revision, merchant_id, amount, amount_minor, currency, scheduled_date, timezone,
         receiver_key_id, payout_method, billing_data, metadata, intake_issues, changed)
       SELECT v.payout_id, v.revision, $1, v.amount, v.amount_minor, v.currency, v.scheduled_date, v.timezone,
         v.receiver_key_id, decode(v.payout_method, 'base64'), decode(v.billing_data, 'base64'), v.metadata, v.intake_issues, v.changed
       FROM ${REVISIONS.as('v', 2)}`,
      [merchantId, ...REVISIONS.of(rows)],
    );
  }

  /**
   * The content that counts for each of these payouts. One that can not be opened (its encryption key is gone, its bytes were
   * changed) is left out and reported: it waits for a person, and nobody else waits for it.
   */
  async current(tx: Tx, payoutIds: readonly string[]): Promise<Map<string, StoredContent>> {
    if (payoutIds.length === 0) return new Map();
    const rows = await tx.query<ContentRow>(
      `SELECT r.payout_id, r.merchant_id, r.amount, r.amount_minor, r.currency, r.scheduled_date, r.timezone, r.payout_method,
         r.billing_data, r.metadata, r.intake_issues, r.accepted_at, ${RECEIVER_COLUMNS}
       FROM payout p JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision ${JOIN_RECEIVER}
       WHERE p.id = ${anyOf('$1')}`,
      [payoutIds],
    );
    return new Map(rows.flatMap((row) => this.readable(row)).map((content) => [content.payoutId, content]));
  }

  /** Opens one sealed field of a row that a screen has read; null where its receiver was forgotten. */
  open(row: OfReceiver & { readonly id: string }, field: SealedField, sealed: Buffer | null): JsonObject | null {
    if (sealed === null || isErased(row)) return null;
    return this.openUnder(this.receivers.keyOf(row), sealed, placeOfContent(row.merchant_id, row.id, field));
  }

  private openUnder(key: Buffer | null, sealed: Buffer, place: string): JsonObject {
    return JSON.parse(this.sealer.openUnder(key, sealed, place)) as JsonObject;
  }

  private toRow(
    merchantId: string,
    { payoutId, revision, content, intakeIssues, changed }: NewRevision,
    key: ReceiverKey | undefined,
  ) {
    const amount = readableAmount(content);
    const seal = (field: SealedField): string | null => {
      const value = content[field];
      return value === null || key === undefined
        ? null
        : this.sealer.sealUnder(key.bytes, JSON.stringify(value), placeOfContent(merchantId, payoutId, field)).toString('base64');
    };
    return {
      payout_id: payoutId,
      revision,
      amount: amount?.canonical ?? content.amount,
      amount_minor: amount?.minor ?? null,
      currency: content.currency,
      scheduled_date: content.scheduled_date,
      timezone: content.timezone,
      receiver_key_id: key?.id ?? null,
      payout_method: seal('payout_method'),
      billing_data: seal('billing_data'),
      metadata: content.metadata,
      intake_issues: intakeIssues.length === 0 ? null : intakeIssues,
      changed,
    };
  }

  private readable(row: ContentRow): StoredContent[] {
    try {
      return [this.fromRow(row)];
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.logger.error(`the content of ${toTypeId('payout', row.payout_id)} can not be opened: ${cause}`);
      return [];
    }
  }

  private fromRow(row: ContentRow): StoredContent {
    const erased = isErased(row);
    const key = this.receivers.keyOf(row);
    const open = (field: SealedField): JsonObject | null => {
      const sealed = row[field];
      return sealed === null || erased
        ? null
        : this.openUnder(key, sealed, placeOfContent(row.merchant_id, row.payout_id, field));
    };
    return {
      payoutId: row.payout_id,
      content: {
        amount: row.amount,
        currency: row.currency,
        scheduled_date: row.scheduled_date,
        timezone: row.timezone,
        payout_method: open('payout_method'),
        billing_data: open('billing_data'),
        metadata: row.metadata,
      },
      amountMinor: row.amount_minor === null ? null : BigInt(row.amount_minor),
      intakeIssues: row.intake_issues ?? [],
      acceptedAt: row.accepted_at,
      erased,
    };
  }
}

export const placeOfContent = (merchantId: string, payoutId: string, field: SealedField): string =>
  `${merchantId}|${payoutId}|${field}`;

const placeOf =
  (field: SealedField): SealedTable['columns'][string] =>
  ({ merchant_id = '', payout_id = '' }) =>
    placeOfContent(merchant_id, payout_id, field);

/** Those of the time before receivers had keys, as long as they are not sealed anew; all others lie under those. */
export const sealedPayoutRevisions: SealedTable = {
  table: 'payout_revision',
  key: { payout_id: 'uuid', revision: 'integer' },
  placedBy: ['merchant_id'],
  columns: { payout_method: placeOf('payout_method'), billing_data: placeOf('billing_data') },
};

/** The amount in minor units where it can be read; whether it is allowed is validation's to say. */
export function readableAmount(content: Pick<PayoutContent, 'amount' | 'currency'>): { minor: bigint; canonical: string } | null {
  if (content.amount === null || content.currency === null) return null;
  const parsed = parseAmount(content.amount, content.currency);
  return 'minor' in parsed ? parsed : null;
}
