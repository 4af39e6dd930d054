import { Inject, Injectable } from '@nestjs/common';
import { Sealer } from '../platform/crypto/index.js';
import type { Tx } from '../platform/database/index.js';
import { NIL_UUID } from '../platform/ids/index.js';
import { shownDifference } from './merge-item.js';
import type { FieldChange, JsonObject } from './payout-content.js';
import { placeOfContent, type SealedField } from './payout-content.repository.js';
import { type ReceiverKey, ReceiverKeys } from './receiver-key.repository.js';

/** Some 15 ms of ciphering and 50 ms of writing, so that nobody notices a slice. */
const SLICE_ROWS = 500;
const FIELDS = ['payout_method', 'billing_data'] as const satisfies readonly SealedField[];

/** A content, and where a walk over those of all merchants has come to. */
export interface OldContentPlace {
  readonly [column: string]: unknown;
  readonly merchant_id: string;
  readonly payout_id: string;
  readonly revision: number;
}

/** Before every content of this merchant, and of those whose ids are higher. */
export const beforeMerchant = (merchantId: string): OldContentPlace => ({
  ...{ merchant_id: merchantId, payout_id: NIL_UUID, revision: 0 },
});

export interface OldContentSlice {
  readonly last: OldContentPlace;
  readonly sealed: number;
  /** They can not be opened, by nobody: they stay as they are. */
  readonly unreadable: number;
  /** By the payout: under what its first content lies now, and with it what a door was sent. */
  readonly firstKeys: ReadonlyMap<string, ReceiverKey>;
}

interface OldRow {
  readonly [column: string]: unknown;
  readonly payout_id: string;
  readonly revision: number;
  readonly payout_method: Buffer | null;
  readonly billing_data: Buffer | null;
  readonly changed: FieldChange[] | null;
}

interface Opened {
  readonly row: OldRow;
  readonly content: Readonly<Record<SealedField, JsonObject | null>>;
  readonly receiver: string;
}

/** As the index `payout_revision_of_everybody` has it, which is empty once all are sealed anew. */
const OLD = 'receiver_key_id IS NULL AND (payout_method IS NOT NULL OR billing_data IS NOT NULL)';

/**
 * Contents that were written before receivers had keys, under the key of everybody. Sealed anew under the key of their receiver
 * they can be forgotten as all others.
 */
@Injectable()
export class OldContentRepository {
  constructor(
    @Inject(Sealer) private readonly sealer: Sealer,
    private readonly receivers: ReceiverKeys,
  ) {}

  /** The first one behind the place. */
  next(tx: Tx, { merchant_id, payout_id, revision }: OldContentPlace): Promise<OldContentPlace | null> {
    return tx.one<OldContentPlace>(
      `SELECT merchant_id, payout_id, revision FROM payout_revision
       WHERE ${OLD} AND (merchant_id, payout_id, revision) > ($1, $2, $3) ORDER BY merchant_id, payout_id, revision LIMIT 1`,
      [merchant_id, payout_id, revision],
    );
  }

  /** Seals a few of one merchant anew, from this one on. Nobody of his is erased meanwhile. */
  async seal(tx: Tx, from: OldContentPlace): Promise<OldContentSlice> {
    const { merchant_id: merchantId, payout_id, revision } = from;
    await this.receivers.hold(tx, merchantId);
    const rows = await tx.query<OldRow>(
      `SELECT payout_id, revision, payout_method, billing_data, changed FROM payout_revision
       WHERE ${OLD} AND merchant_id = $1 AND (payout_id, revision) >= ($2, $3) ORDER BY payout_id, revision LIMIT ${SLICE_ROWS} FOR UPDATE`,
      [merchantId, payout_id, revision],
    );
    const opened = rows.flatMap((row) => this.opened(merchantId, row));
    const keys = await this.receivers.take(
      tx,
      merchantId,
      opened.map(({ receiver }) => receiver),
    );
    await this.write(tx, merchantId, { opened, keys });
    const last = rows.at(-1) ?? from;
    return {
      last: { merchant_id: merchantId, payout_id: last.payout_id, revision: last.revision },
      sealed: opened.length,
      unreadable: rows.length - opened.length,
      firstKeys: new Map(
        opened.flatMap(({ row, receiver }) => {
          const key = keys.get(receiver);
          return row.revision === 1 && key !== undefined ? [[row.payout_id, key]] : [];
        }),
      ),
    };
  }

  private opened(merchantId: string, row: OldRow): Opened[] {
    const open = (field: SealedField): JsonObject | null => {
      const sealed = row[field];
      return sealed === null
        ? null
        : (JSON.parse(this.sealer.open(sealed, placeOfContent(merchantId, row.payout_id, field))) as JsonObject);
    };
    try {
      const content = { payout_method: open('payout_method'), billing_data: open('billing_data') };
      const receiver = this.receivers.receiverOf(merchantId, row.payout_id, content);
      return receiver === null ? [] : [{ row, content, receiver }];
    } catch {
      return [];
    }
  }

  private async write(
    tx: Tx,
    merchantId: string,
    { opened, keys }: { opened: readonly Opened[]; keys: ReadonlyMap<string, ReceiverKey> },
  ): Promise<void> {
    const rows = opened.flatMap(({ row, content, receiver }) => {
      const key = keys.get(receiver);
      if (key === undefined) return [];
      const sealed = FIELDS.map((field) => {
        const value = content[field];
        const place = placeOfContent(merchantId, row.payout_id, field);
        return [field, value === null ? null : this.sealer.sealUnder(key.bytes, JSON.stringify(value), place).toString('base64')];
      });
      const { payout_id, revision, changed } = row;
      const anew = { ...Object.fromEntries(sealed), changed: changed?.map(shownDifference) ?? null } as object;
      return [{ payout_id, revision, receiver_key_id: key.id, ...anew }];
    });
    await tx.query(
      `UPDATE payout_revision r SET receiver_key_id = v.receiver_key_id, payout_method = decode(v.payout_method, 'base64'),
         billing_data = decode(v.billing_data, 'base64'), changed = v.changed
       FROM json_to_recordset($1::json) AS v (payout_id uuid, revision integer, receiver_key_id uuid, payout_method text,
         billing_data text, changed json)
       WHERE r.payout_id = v.payout_id AND r.revision = v.revision`,
      [JSON.stringify(rows)],
    );
  }
}
