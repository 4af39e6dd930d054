import type { NewRevision, PayoutContentRepository, ReceiverKeys } from '../../src/bulks/index.js';
import { Sealer } from '../../src/platform/crypto/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { TestApp } from './app.js';
import type { MerchantClient } from './merchant-client.js';
import { asAdmin } from './test-server.js';

interface Content {
  readonly payout_id: string;
  readonly revision: number;
  readonly payout_method: Buffer | null;
  readonly billing_data: Buffer | null;
  readonly key_id: string;
  readonly key: Buffer;
}

/** All of a merchant's payouts as they were written before receivers had keys: under the key of everybody, and there is no other. */
export async function inFirstFormat(app: TestApp, merchant: MerchantClient): Promise<void> {
  const [merchantId, sealer] = [String(fromTypeId('merchant', merchant.id)), app.part(Sealer)];
  const under = (key: Buffer, sealed: Buffer | null, place: string): Buffer | null =>
    sealed === null ? null : sealer.seal(sealer.openUnder(key, sealed, place), place);
  await asAdmin(app.databaseUrl, async (admin) => {
    const { rows } = await admin.query<Content>(
      `SELECT r.payout_id, r.revision, r.payout_method, r.billing_data, k.id AS key_id, k.sealed AS key
       FROM payout_revision r JOIN receiver_key k ON k.id = r.receiver_key_id WHERE r.merchant_id = $1`,
      [merchantId],
    );
    for (const { payout_id, revision, payout_method, billing_data, key_id, key } of rows) {
      const opened = sealer.openKey(key, `${merchantId}|${key_id}|receiver_key`);
      await admin.query(
        `UPDATE payout_revision SET receiver_key_id = NULL, payout_method = $3, billing_data = $4 WHERE payout_id = $1 AND revision = $2`,
        [
          ...[payout_id, revision],
          under(opened, payout_method, `${merchantId}|${payout_id}|payout_method`),
          under(opened, billing_data, `${merchantId}|${payout_id}|billing_data`),
        ],
      );
      const { rows: origins } = await admin.query<{ sent: Buffer }>(`SELECT sent FROM payout_origin WHERE payout_id = $1`, [
        payout_id,
      ]);
      for (const { sent } of revision === 1 ? origins : [])
        await admin.query(`UPDATE payout_origin SET sent = $2 WHERE payout_id = $1`, [
          ...[payout_id, under(opened, sent, `${merchantId}|${payout_id}|origin`)],
        ]);
    }
    await admin.query(`DELETE FROM receiver_key WHERE merchant_id = $1`, [merchantId]);
  });
}

interface Writing {
  toRow: (this: { readonly sealer: Sealer }, merchantId: string, revision: NewRevision, key: undefined) => object;
}

/** From now on these parts write as the version before receivers had keys did. They are those of one program, or all that there are. */
export function writeFirstFormat(contents: PayoutContentRepository, receivers: ReceiverKeys): void {
  receivers.take = () => Promise.resolve(new Map());
  const writing = contents as unknown as Writing;
  const { toRow } = writing;
  writing.toRow = function (merchantId, revision) {
    const sealed = (['payout_method', 'billing_data'] as const).map((field) => {
      const value = revision.content[field];
      const place = `${merchantId}|${revision.payoutId}|${field}`;
      return [field, value === null ? null : this.sealer.seal(JSON.stringify(value), place).toString('base64')];
    });
    return { ...toRow.call(this, merchantId, revision, undefined), ...(Object.fromEntries(sealed) as object) };
  };
}
