import { Sealer } from '../../src/platform/crypto/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { TestApp } from './app.js';
import type { MerchantClient } from './merchant-client.js';
import { asAdmin } from './test-server.js';

/** As a payout's content was written before receivers had keys: under the key of everybody. */
export async function sealUnderKeyOfEverybody(
  app: TestApp,
  payout: { readonly merchant: MerchantClient; readonly id: string },
  content: { readonly payout_method: object; readonly billing_data: object },
): Promise<void> {
  const [merchantId, id] = [fromTypeId('merchant', payout.merchant.id), fromTypeId('payout', payout.id)];
  const sealed = (field: keyof typeof content): Buffer =>
    app.part(Sealer).seal(JSON.stringify(content[field]), `${String(merchantId)}|${String(id)}|${field}`);
  const columns = 'payout_method = $2, billing_data = $3, receiver_key_id = NULL';
  await asAdmin(app.databaseUrl, (admin) =>
    admin.query(`UPDATE payout_revision SET ${columns} WHERE payout_id = $1`, [
      ...[id, sealed('payout_method'), sealed('billing_data')],
    ]),
  );
}
