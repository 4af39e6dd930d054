import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PayoutContentRepository, ReceiverKeys } from '../../src/bulks/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { ErasedReceiverDto } from '../../src/receivers/dto/erase-receiver.dto.js';
import { SealOldContents } from '../../src/receivers/index.js';
import type { Answer } from '../support/api-client.js';
import { type TestApp, testApp } from '../support/app.js';
import { inFirstFormat, writeFirstFormat } from '../support/first-format.js';
import { tomorrow, validItem, validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { askPaypal } from '../support/paypal-token.js';
import { expectSound } from '../support/soundness.js';
import { asAdmin } from '../support/test-server.js';
import { until, WHO_WAITS } from '../support/until.js';
import { readable } from './readable.js';

const HOPPER = { payout_method: { type: 'wallet', account_id: 'wallet-of-grace' }, billing_data: { last_name: 'Hopper' } };
const ACCOUNT = { payout_method: HOPPER.payout_method };
const LATER = { scheduled_date: tomorrow() };

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});
afterAll(() => app.close());

const query = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> =>
  app.part(Transactions).asEngine((tx) => tx.query<Row>(text, values));

const erase = ({ id }: MerchantClient, body: object): Promise<Answer<ErasedReceiverDto & { code: string }>> =>
  app.operator.post(`/v1/operator/merchants/${id}/erase-receiver`, body);

/** Revisions with something personal that are under no key of a receiver. */
const oldOnes = async ({ id }: MerchantClient): Promise<number> =>
  (
    await query(
      `SELECT FROM payout_revision WHERE merchant_id = $1 AND receiver_key_id IS NULL AND num_nonnulls(payout_method, billing_data) > 0`,
      [fromTypeId('merchant', id)],
    )
  ).length;

/** As they lie there: a row that was written again has another place. */
const places = ({ id }: MerchantClient): Promise<object[]> =>
  query(`SELECT ctid::text, xmin::text FROM payout_revision WHERE merchant_id = $1 ORDER BY payout_id, revision`, [
    fromTypeId('merchant', id),
  ]);

/** Payouts of the time before, one of them edited and one through a door. */
async function oldLife(note = 'For the compiler'): Promise<MerchantClient> {
  const merchant = await app.merchant();
  const edited = await merchant.createValidated([validItem({ ...HOPPER, ...LATER }), ...validItems(8)]);
  const [first] = await merchant.payouts(edited.id);
  await merchant.patch(`/v1/payouts/${first!.id}`, { billing_data: { first_name: 'Grace' } });
  const items = [{ receiver: 'grace@example.com', amount: { currency: 'USD', value: '1.00' }, note }];
  await askPaypal(app.url, merchant.created, { body: { sender_batch_header: { recipient_type: 'EMAIL' }, items } });
  for (const { id } of await merchant.all<{ id: string }>('/v1/bulks')) await merchant.untilValidated(id);
  await until(async () => (await merchant.all<{ intent: object | null }>('/v1/payouts?status=PROCESSED')).length === 9);
  await inFirstFormat(app, merchant);
  return merchant;
}

describe('Account data of the time before receivers had keys', () => {
  it('is read, and paid, as ever', async () => {
    const merchant = await app.merchant();
    const bulk = await merchant.createValidated([validItem({ ...HOPPER, ...LATER })]);
    const payout = await merchant.payoutOf(bulk.id);
    await inFirstFormat(app, merchant);
    expect(await merchant.payout(payout.id)).toEqual(payout);
    await merchant.patch(`/v1/payouts/${payout.id}`, { scheduled_date: null });
    const [done] = await merchant.untilAtRest(bulk.id);
    expect(done).toMatchObject({ status: 'PROCESSED', billing_data: HOPPER.billing_data, erased: false });
    await expectSound(app, merchant);
  });

  it('is sealed under these while a process of that time still writes beside; nothing changes for anybody, and then it costs nothing', async () => {
    const merchant = await oldLife();
    const before = await merchant.all('/v1/payouts');
    const old = await testApp({ databaseUrl: app.databaseUrl });
    writeFirstFormat(old.part(PayoutContentRepository), old.part(ReceiverKeys));
    const asOld = old.known(merchant);
    const ordered = async (by: MerchantClient): Promise<void> => {
      for (let turn = 0; turn < 4; turn += 1) {
        const { id } = await by.createValidated([validItem(HOPPER), validItem({ ...HOPPER, ...LATER })]);
        const [, waiting] = await by.payouts(id);
        expect((await by.patch(`/v1/payouts/${waiting!.id}`, { amount: '7.00' })).status).toBe(200);
        await by.untilBulk(id, ({ counts }) => counts['PROCESSED'] === 1 && counts['SCHEDULED'] === 1);
      }
    };
    let ordering = true;
    const sealing = async (): Promise<void> => {
      while (ordering) await Promise.all([app, old].map((each) => each.part(SealOldContents).execute()));
    };
    const running = sealing();
    await Promise.all([ordered(merchant), ordered(asOld)]);
    ordering = false;
    await running;
    await old.close();

    await app.part(SealOldContents).execute();
    expect(await oldOnes(merchant)).toBe(0);
    const after = await merchant.all<{ id: string }>('/v1/payouts');
    expect(after.filter(({ id }) => before.some((each) => (each as { id: string }).id === id))).toEqual(before);
    expect(after.length).toBe(before.length + 16);
    const lie = await places(merchant);
    await app.part(SealOldContents).execute();
    expect(await places(merchant)).toEqual(lie);
    await expectSound(app, merchant);
  });

  it('goes on to be sealed where it was when its connection died', async () => {
    const merchant = await app.merchant();
    const bulk = await merchant.createBulk(Array.from({ length: 700 }, () => validItem(LATER)));
    await merchant.untilValidated(bulk.id);
    await inFirstFormat(app, merchant);
    await asAdmin(app.databaseUrl, async (admin) => {
      await admin.query('BEGIN');
      // Of the second slice: the first is written by then.
      await admin.query(`SELECT FROM payout_revision WHERE merchant_id = $1 ORDER BY payout_id DESC LIMIT 1 FOR UPDATE`, [
        fromTypeId('merchant', merchant.id),
      ]);
      const sealing = app.part(SealOldContents).execute();
      await until(async () => (await query(WHO_WAITS)).length > 0);
      expect(await oldOnes(merchant)).toBe(200);
      const { rowCount } = await admin.query(`SELECT pg_terminate_backend(pid) FROM (${WHO_WAITS}) waiting`);
      expect(rowCount).toBe(1);
      await admin.query('ROLLBACK');
      await sealing;
    });
    expect(await oldOnes(merchant)).toBe(0);
    expect(new Set((await merchant.payouts(bulk.id)).map(({ billing_data }) => billing_data?.['last_name']))).toEqual(
      new Set(['Lovelace']),
    );
  });

  it('is forgotten with its receiver before anything has sealed it anew, wherever it lies', async () => {
    const merchant = await oldLife('For the nanoseconds');
    expect(await readable(app)).toContain('nanoseconds');
    expect((await erase(merchant, ACCOUNT)).status).toBe(409);
    for (const { id } of await merchant.all<{ id: string }>('/v1/payouts?status=SCHEDULED'))
      await merchant.post(`/v1/payouts/${id}/cancel`);
    expect((await erase(merchant, ACCOUNT)).body.payouts).toBe(1);
    expect((await erase(merchant, { payout_method: { type: 'paypal', email: 'grace@example.com' } })).body.payouts).toBe(1);
    expect(await oldOnes(merchant)).toBe(0);
    expect((await merchant.all<{ erased: boolean }>('/v1/payouts')).filter(({ erased }) => erased).length).toBe(2);
    expect(await readable(app)).not.toContain('nanoseconds');
  });

  it('that nobody can open stands in the way of no erasure, and is left as it is', async () => {
    const merchant = await oldLife();
    await asAdmin(app.databaseUrl, (admin) =>
      admin.query(
        `UPDATE payout_revision SET payout_method = '\\x010000', billing_data = '\\x010000'
         WHERE (payout_id, revision) IN (SELECT payout_id, revision FROM payout_revision WHERE merchant_id = $1 ORDER BY payout_id LIMIT 1 OFFSET 5)`,
        [fromTypeId('merchant', merchant.id)],
      ),
    );
    expect((await erase(merchant, { payout_method: { type: 'paypal', email: 'grace@example.com' } })).body.payouts).toBe(1);
    await app.part(SealOldContents).execute();
    expect(await oldOnes(merchant)).toBe(1);
  });

  it('of more payouts than a request can seal anew refuses to erase anybody, until the job has', async () => {
    const merchant = await app.merchant();
    const bulks = [
      await merchant.createBulk(Array.from({ length: 1000 }, () => validItem())),
      await merchant.createBulk([validItem(HOPPER)]),
    ];
    for (const { id } of bulks) await merchant.untilBulk(id, ({ counts, item_count }) => counts['PROCESSED'] === item_count);
    await inFirstFormat(app, merchant);
    const refused = await erase(merchant, ACCOUNT);
    expect([refused.status, refused.body.code]).toEqual([409, 'receivers_not_ready']);
    expect(await oldOnes(merchant)).toBe(1001);
    await app.part(SealOldContents).execute();
    expect((await erase(merchant, ACCOUNT)).body.payouts).toBe(1);
  });
});
