import { Inject, Injectable } from '@nestjs/common';
import { type SealedTable, Sealer } from '../platform/crypto/index.js';
import { anyOf, type Tx } from '../platform/database/index.js';
import { newUuid, uuidOfHash } from '../platform/ids/index.js';
import type { JsonObject, PayoutContent } from './payout-content.js';
import { accountOf, phoneTextOf, receiverTextOf } from './receiver.js';

/** What a revision says of its receiver, read together with the key. */
export interface OfReceiver {
  readonly merchant_id: string;
  /** Null: nothing personal, or of the time before receivers had keys, and not sealed anew yet. */
  readonly receiver_key_id: string | null;
  /** Null where the receiver was erased, too. */
  readonly receiver_key: Buffer | null;
}

/** What reads `OfReceiver` of a revision `r`. */
export const RECEIVER_COLUMNS = 'r.receiver_key_id, k.sealed AS receiver_key';
export const JOIN_RECEIVER = 'LEFT JOIN receiver_key k ON k.id = r.receiver_key_id';

export const isErased = ({ receiver_key_id, receiver_key }: OfReceiver): boolean =>
  receiver_key_id !== null && receiver_key === null;

/** The key of one receiver, opened. */
export interface ReceiverKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * One key for each receiver of a merchant, under which all is sealed that is known of him: with its row goes all of it, and
 * whoever orders for him again gets another. Who seals shares a lock on the merchant's keys until the end of his transaction,
 * who erases has it alone: so nobody seals under a key that is gone, and nobody erases what he has not seen.
 */
@Injectable()
export class ReceiverKeys {
  constructor(@Inject(Sealer) private readonly sealer: Sealer) {}

  /** Who is paid, as a keyed hash; null where the content says nothing personal. */
  receiverOf(
    merchantId: string,
    payoutId: string,
    content: Pick<PayoutContent, 'payout_method' | 'billing_data'>,
  ): string | null {
    return this.hashOf(merchantId, receiverTextOf(payoutId, content));
  }

  /** The same by an account alone; null where the method names none. */
  receiverOfAccount(merchantId: string, method: JsonObject): string | null {
    return this.hashOf(merchantId, accountOf(method));
  }

  /** The same by a phone number, of who is known by it alone. */
  receiverOfPhone(merchantId: string, phone: string): string {
    return this.hash(merchantId, phoneTextOf(phone));
  }

  /** The keys of these receivers, made where there are none; they stay until the end of the transaction. */
  async take(tx: Tx, merchantId: string, receivers: readonly string[]): Promise<ReadonlyMap<string, ReceiverKey>> {
    const wanted = [...new Set(receivers)].sort();
    if (wanted.length === 0) return new Map();
    await this.hold(tx, merchantId);
    const known = await this.read(tx, merchantId, wanted);
    const unknown = wanted.filter((receiver) => !known.has(receiver));
    if (unknown.length === 0) return known;
    await this.insert(tx, merchantId, unknown);
    // Read, because somebody else may have made some of them in the meantime.
    return new Map([...known, ...(await this.read(tx, merchantId, unknown))]);
  }

  /** The keys that the first contents of these payouts lie under, by payout. */
  async ofPayouts(tx: Tx, payoutIds: readonly string[]): Promise<ReadonlyMap<string, ReceiverKey>> {
    const rows = await tx.query<{ payout_id: string; id: string; merchant_id: string; sealed: Buffer }>(
      `SELECT r.payout_id, k.id, k.merchant_id, k.sealed
       FROM payout_revision r JOIN receiver_key k ON k.id = r.receiver_key_id
       WHERE r.payout_id = ANY ($1::uuid[]) AND r.revision = 1`,
      [payoutIds],
    );
    return new Map(
      rows.map(({ payout_id, id, merchant_id, sealed }) => [
        payout_id,
        { id, bytes: this.sealer.openKey(sealed, placeOf(merchant_id, id)) },
      ]),
    );
  }

  /** Nobody of this merchant's is erased until the end of this transaction. A statement of its own: the next one sees who was before. */
  async hold(tx: Tx, merchantId: string): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))`, [lockOf(merchantId)]);
  }

  /** Nothing is sealed for this merchant until the end of this transaction; otherwise as above. @returns false where there is none. */
  async stop(tx: Tx, merchantId: string): Promise<boolean> {
    const values = [merchantId, lockOf(merchantId)];
    return (await tx.one(`SELECT pg_advisory_xact_lock(hashtextextended($2, 0)) FROM merchant WHERE id = $1`, values)) !== null;
  }

  /** The key that a row names, opened: once for all that lies under it. Null where there is none, or none any more. */
  keyOf({ merchant_id, receiver_key_id: id, receiver_key }: OfReceiver): Buffer | null {
    return id === null || receiver_key === null ? null : this.sealer.openKey(receiver_key, placeOf(merchant_id, id));
  }

  private hashOf(merchantId: string, text: string | null): string | null {
    return text === null ? null : this.hash(merchantId, text);
  }

  private hash(merchantId: string, text: string): string {
    return uuidOfHash(this.sealer.fingerprint(`receiver|${merchantId}|${text}`));
  }

  private async read(tx: Tx, merchantId: string, receivers: readonly string[]): Promise<Map<string, ReceiverKey>> {
    const rows = await tx.query<{ id: string; receiver: string; sealed: Buffer }>(
      `SELECT id, receiver, sealed FROM receiver_key WHERE merchant_id = $1 AND receiver = ${anyOf('$2')}`,
      [merchantId, receivers],
    );
    return new Map(
      rows.map(({ id, receiver, sealed }) => [receiver, { id, bytes: this.sealer.openKey(sealed, placeOf(merchantId, id)) }]),
    );
  }

  /** In one order, as everybody does: whoever makes some of the same keys waits for us, and never in a circle. */
  private async insert(tx: Tx, merchantId: string, receivers: readonly string[]): Promise<void> {
    const ids = receivers.map(() => newUuid());
    await tx.query(
      `INSERT INTO receiver_key (id, merchant_id, receiver, sealed)
       SELECT v.id, $1, v.receiver, v.sealed FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS v (id, receiver, sealed)
       ORDER BY v.receiver
       ON CONFLICT (merchant_id, receiver) DO NOTHING`,
      [merchantId, ids, receivers, ids.map((id) => this.sealer.newKey(placeOf(merchantId, id)))],
    );
  }
}

const lockOf = (merchantId: string): string => `receivers of ${merchantId}`;

const placeOf = (merchantId: string, id: string): string => `${merchantId}|${id}|receiver_key`;

export const sealedReceiverKeys: SealedTable = {
  table: 'receiver_key',
  key: { id: 'uuid' },
  placedBy: ['merchant_id'],
  columns: { sealed: ({ merchant_id = '', id = '' }) => placeOf(merchant_id, id) },
};
