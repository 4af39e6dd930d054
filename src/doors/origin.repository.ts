import { Inject, Injectable } from '@nestjs/common';
import { isErased, JOIN_RECEIVER, type OfReceiver, RECEIVER_COLUMNS, type ReceiverKey, ReceiverKeys } from '../bulks/index.js';
import { type SealedTable, Sealer } from '../platform/crypto/index.js';
import { Records, type Tx } from '../platform/database/index.js';

/** The door that a bulk came through. */
export type Door = 'paypal' | 'dots';

export type Sent = Readonly<Record<string, unknown>>;

export interface BulkOrigin {
  readonly door: Door;
  /** The sender's own key of the batch; null: none was given. */
  readonly batchKey: string | null;
  /** The head of the batch as it was sent. */
  readonly sent: Sent;
}

interface StoredOrigin {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly sent: Buffer;
}

/**
 * What came through a door and has no place in the native contract: the sender's own keys and words, to be shown to it again.
 * Sealed, because names and addresses stand in it; what was sent of a payout under the key of whom it was sent for.
 */
@Injectable()
export class OriginRepository {
  constructor(
    @Inject(Sealer) private readonly sealer: Sealer,
    private readonly receivers: ReceiverKeys,
  ) {}

  async insertBulk(tx: Tx, merchantId: string, { bulkId, door, batchKey, sent }: BulkOrigin & { bulkId: string }): Promise<void> {
    await tx.query(`INSERT INTO bulk_origin (bulk_id, merchant_id, door, batch_key, sent) VALUES ($1, $2, $3, $4, $5)`, [
      ...[bulkId, merchantId, door, batchKey],
      this.sealer.seal(JSON.stringify(sent), placeOf(merchantId, bulkId)),
    ]);
  }

  async insertPayouts(
    tx: Tx,
    merchantId: string,
    origins: readonly { readonly payoutId: string; readonly itemKey: string | null; readonly sent: Sent }[],
  ): Promise<void> {
    const ids = origins.map(({ payoutId }) => payoutId);
    const keys = await this.receivers.ofPayouts(tx, ids);
    const sealed = origins.map(({ payoutId, sent }) => {
      const key = keys.get(payoutId);
      const [text, place] = [JSON.stringify(sent), placeOf(merchantId, payoutId)];
      // For nobody whom we know: there is nobody to be forgotten with it.
      return key === undefined ? this.sealer.seal(text, place) : this.sealer.sealUnder(key.bytes, text, place);
    });
    await tx.query(
      `INSERT INTO payout_origin (payout_id, merchant_id, item_key, sent)
       SELECT v.payout_id, $1, v.item_key, v.sent FROM unnest($2::uuid[], $3::text[], $4::bytea[]) AS v (payout_id, item_key, sent)`,
      [merchantId, ids, origins.map(({ itemKey }) => itemKey), sealed],
    );
  }

  /** Moves what was sent of these payouts under the keys that their first contents lie under now. */
  async moveUnder(tx: Tx, merchantId: string, keys: ReadonlyMap<string, ReceiverKey>): Promise<void> {
    const rows = await tx.query<StoredOrigin>(
      `SELECT payout_id AS id, sent FROM payout_origin WHERE merchant_id = $1 AND payout_id = ANY ($2::uuid[]) ORDER BY payout_id FOR UPDATE`,
      [merchantId, [...keys.keys()]],
    );
    const moved = rows.flatMap(({ id, sent }) => {
      const key = keys.get(id);
      const anew = key === undefined ? null : this.sealer.movedUnder(key.bytes, sent, placeOf(merchantId, id));
      return anew === null ? [] : [{ id, anew }];
    });
    await tx.query(
      `UPDATE payout_origin o SET sent = v.sent FROM unnest($1::uuid[], $2::bytea[]) AS v (payout_id, sent) WHERE o.payout_id = v.payout_id`,
      [moved.map(({ id }) => id), moved.map(({ anew }) => anew)],
    );
  }

  /** Null where the bulk came in natively, or through another door, whose words this one does not know. */
  async ofBulk(tx: Tx, merchantId: string, { bulkId, door }: { bulkId: string; door: Door }): Promise<BulkOrigin | null> {
    return (await this.ofBulks(tx, merchantId, { bulkIds: [bulkId], door })).get(bulkId) ?? null;
  }

  /** By the bulk: those of these that came through this door. */
  async ofBulks(
    tx: Tx,
    merchantId: string,
    { bulkIds, door }: { bulkIds: readonly string[]; door: Door },
  ): Promise<Map<string, BulkOrigin>> {
    const rows = await tx.query<StoredOrigin & { batch_key: string | null }>(
      `SELECT o.bulk_id AS id, o.batch_key, o.sent
       FROM unnest($2::uuid[]) AS wanted (bulk_id)
       JOIN bulk_origin o ON o.bulk_id = wanted.bulk_id
       WHERE o.merchant_id = $1 AND o.door = $3`,
      [merchantId, bulkIds, door],
    );
    return new Map(rows.map((row) => [row.id, { door, batchKey: row.batch_key, sent: this.open(merchantId, row) }]));
  }

  /** What was sent of those of these payouts that came through a door, by the payout; without those whose receiver was erased. */
  async ofPayouts(tx: Tx, merchantId: string, payoutIds: readonly string[]): Promise<Map<string, Sent>> {
    const rows = await tx.query<StoredOrigin & OfReceiver>(
      `SELECT o.payout_id AS id, o.merchant_id, o.sent, ${RECEIVER_COLUMNS}
       FROM unnest($2::uuid[]) AS wanted (payout_id)
       JOIN payout_origin o ON o.payout_id = wanted.payout_id
       JOIN payout_revision r ON r.payout_id = o.payout_id AND r.revision = 1
       ${JOIN_RECEIVER}
       WHERE o.merchant_id = $1`,
      [merchantId, payoutIds],
    );
    return new Map(
      rows
        .filter((row) => !isErased(row))
        .map((row) => [
          row.id,
          JSON.parse(this.sealer.openUnder(this.receivers.keyOf(row), row.sent, placeOf(merchantId, row.id))) as Sent,
        ]),
    );
  }

  /** Lets one request at a time ask for this key and take it. Waits for the other; ends with the transaction. */
  async lockBatchKey(tx: Tx, merchantId: string, { door, batchKey }: { door: Door; batchKey: string }): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`${door} batch ${merchantId} ${batchKey}`]);
  }

  /**
   * The newest bulk under this key, or null. A statement of its own after the lock, to see what was committed.
   * @param days for so many days a key is taken; null: for ever.
   */
  async bulkByKey(
    tx: Tx,
    merchantId: string,
    { door, batchKey, days }: { door: Door; batchKey: string; days: number | null },
  ): Promise<string | null> {
    const row = await tx.one<{ bulk_id: string }>(
      `SELECT bulk_id FROM bulk_origin
       WHERE merchant_id = $1 AND door = $2 AND batch_key = $3
         AND ($4::integer IS NULL OR created_at > tranche_now() - make_interval(days => $4))
       ORDER BY created_at DESC LIMIT 1`,
      [merchantId, door, batchKey, days],
    );
    return row?.bulk_id ?? null;
  }

  private open(merchantId: string, { id, sent }: StoredOrigin): Sent {
    return JSON.parse(this.sealer.open(sent, placeOf(merchantId, id))) as Sent;
  }
}

/** The sender's own keys of what events tell of; null where there are none. They are kept in clear and never changed. */
export interface OriginKeys {
  readonly event_id: string;
  readonly batch_key: string | null;
  readonly item_key: string | null;
}

const EVENTS = new Records({ event_id: 'uuid', bulk_id: 'uuid', payout_id: 'uuid' });

export const originKeysOf = (
  tx: Tx,
  door: Door,
  events: readonly { readonly event_id: string; readonly bulk_id: string | null; readonly payout_id: string | null }[],
): Promise<OriginKeys[]> =>
  tx.query<OriginKeys & Record<string, unknown>>(
    `SELECT v.event_id, b.batch_key, p.item_key
     FROM ${EVENTS.as('v', 2)}
     LEFT JOIN bulk_origin b ON b.bulk_id = v.bulk_id AND b.door = $1
     LEFT JOIN payout_origin p ON p.payout_id = v.payout_id AND b.bulk_id IS NOT NULL`,
    [door, ...EVENTS.of(events)],
  );

const placeOf = (merchantId: string, id: string): string => `${merchantId}|${id}|origin`;

const sealedOrigins = (table: string, id: string): SealedTable => ({
  table,
  key: { [id]: 'uuid' },
  placedBy: ['merchant_id'],
  columns: { sent: (row) => placeOf(row['merchant_id'] ?? '', row[id] ?? '') },
});

export const sealedBulkOrigins = sealedOrigins('bulk_origin', 'bulk_id');
export const sealedPayoutOrigins = sealedOrigins('payout_origin', 'payout_id');
