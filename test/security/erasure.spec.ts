import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditVerificationDto } from '../../src/merchants/dto/audit.dto.js';
import { decideFound, SettleIntents } from '../../src/payouts/index.js';
import { SealAudit } from '../../src/platform/audit/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { ErasedReceiverDto } from '../../src/receivers/dto/erase-receiver.dto.js';
import { EraseRestingReceivers } from '../../src/receivers/index.js';
import type { Answer } from '../support/api-client.js';
import { type TestApp, testApp } from '../support/app.js';
import { amountOf, newReference, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { askPaypal } from '../support/paypal-token.js';
import { eventually } from '../support/until.js';
import { readable } from './readable.js';

const IBAN = 'GB33BUKB20201555555555';
const ERASED = 'Hopper';
const OTHER = 'Lovelace';
const methodOf = (account_holder: string, iban = IBAN) => ({ type: 'bank_account', iban, account_holder });
const HERS = { payout_method: methodOf(`Grace ${ERASED}`), billing_data: { last_name: ERASED, email: 'grace@navy.example' } };
/** Of other tests: nobody looks for this one. */
const HIS = { payout_method: { type: 'wallet', account_id: 'wallet-of-alan' }, billing_data: { last_name: 'Turing' } };
const HIS_ACCOUNT = { payout_method: HIS.payout_method };
const NOBODY = { object: 'erased_receiver', receiver: null, payouts: 0, payout_links: 0, users: 0 };

let app: TestApp;
beforeAll(async () => {
  app = await testApp({ receiversRetention_days: 30 });
});
afterAll(() => app.close());

const query = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> =>
  app.part(Transactions).asEngine((tx) => tx.query<Row>(text, values));

const erase = ({ id }: MerchantClient, body: object): Promise<Answer<ErasedReceiverDto>> =>
  app.operator.post<ErasedReceiverDto>(`/v1/operator/merchants/${id}/erase-receiver`, body);

/** A payout of these fields once it is at rest. */
async function paid(merchant: MerchantClient, fields: object): Promise<Payout> {
  const bulk = await merchant.createBulk([validItem({ ...fields })]);
  const [payout] = await merchant.untilAtRest(bulk.id);
  return payout!;
}

const auditOf = async ({ id }: MerchantClient): Promise<AuditVerificationDto> => {
  await app.part(SealAudit).execute();
  return (await app.operator.get<AuditVerificationDto>(`/v1/operator/merchants/${id}/audit/verification`)).body;
};

describe('An erased receiver', () => {
  it('is nowhere any more, whoever has all keys; what was paid, told and audited stays whole', async () => {
    const merchant = await app.merchant();
    const first = await paid(merchant, HERS);
    const other = await paid(merchant, {});
    // Mistyped at first, with all of her data beside it, and mended.
    const wrong = { ...HERS, payout_method: methodOf(`Grace ${ERASED}`, 'GB33BUKB20201555555556') };
    const bulk = await merchant.createValidated([validItem(wrong)]);
    const mended = await merchant.payoutOf(bulk.id);
    const edit = { payout_method: { iban: IBAN } };
    expect((await merchant.patch(`/v1/payouts/${mended.id}`, edit, { 'idempotency-key': newReference() })).status).toBe(200);
    await merchant.untilAtRest(bulk.id);
    const events = await merchant.events();
    expect(await readable(app)).toMatch(new RegExp(`${ERASED}.*${IBAN}|${IBAN}.*${ERASED}`, 's'));

    const answer = await erase(merchant, { payout_method: { type: 'bank_account', iban: 'GB33 BUKB 2020 1555 5555 55' } });
    expect([answer.status, answer.body.payouts]).toEqual([200, 2]);
    const left = await readable(app);
    for (const word of [ERASED, 'navy.example', '5555555', 'uKb2020155'])
      expect(left.toLowerCase()).not.toContain(word.toLowerCase());
    expect(left).toContain(OTHER);
    expect(await merchant.payout(first.id)).toEqual({ ...first, payout_method: null, billing_data: null, erased: true });
    expect(await merchant.payout(mended.id)).toMatchObject({ erased: true, status: 'PROCESSED', amount: '120.50' });
    expect(await merchant.payout(other.id)).toEqual(other);
    expect(await merchant.events()).toEqual(events);
    expect(await auditOf(merchant)).toMatchObject({ whole: true });
    const [entry] = await merchant.all<{ action: string; changes: object[] }>('/v1/audit');
    expect(entry).toMatchObject({
      action: 'eraseReceiver',
      changes: [
        { field: 'receiver', before: answer.body.receiver, after: null },
        { field: 'payouts', before: null, after: 2 },
      ],
    });
    for (const body of [{ payout_method: HERS.payout_method }, { payout_id: first.id }, { receiver: answer.body.receiver }])
      expect((await erase(merchant, body)).body).toEqual(NOBODY);
  });

  it('who is ordered for again gets another key, and what was forgotten stays so', async () => {
    const merchant = await app.merchant();
    const before = await paid(merchant, HIS);
    expect((await erase(merchant, HIS_ACCOUNT)).body.payouts).toBe(1);
    const after = await paid(merchant, HIS);
    expect(await merchant.payout(before.id)).toMatchObject({ erased: true, payout_method: null });
    expect(await merchant.payout(after.id)).toMatchObject({ erased: false, billing_data: HIS.billing_data });
  });

  it('of one merchant is still known to another', async () => {
    const [one, other] = [await app.merchant(), await app.merchant()];
    const [, theirs] = [await paid(one, HIS), await paid(other, HIS)];
    expect((await erase(one, HIS_ACCOUNT)).body.payouts).toBe(1);
    expect(await other.payout(theirs.id)).toMatchObject({ erased: false, billing_data: HIS.billing_data });
    expect((await erase(one, { payout_id: theirs.id })).status).toBe(422);
  });

  it('is refused while a payout of his is not at rest, which is named', async () => {
    const merchant = await app.merchant();
    await paid(merchant, HIS);
    const waiting = await merchant.createValidated([validItem({ ...HIS, scheduled_date: tomorrow() })]);
    const { id } = await merchant.payoutOf(waiting.id);
    const refused = await erase(merchant, HIS_ACCOUNT);
    expect([refused.status, refused.body]).toEqual([409, expect.objectContaining({ code: 'receiver_in_use' })]);
    expect(refused.text).toContain(id);
    await merchant.post(`/v1/payouts/${id}/cancel`);
    expect((await erase(merchant, { payout_id: id })).body.payouts).toBe(2);
  });

  it('can not be paid by a retry', async () => {
    const merchant = await app.merchant();
    const bulk = await merchant.createBulk([validItem({ ...HIS, amount: amountOf(9003) })]);
    const refused = await merchant.untilPayout((await merchant.payoutOf(bulk.id)).id, ({ final }) => final);
    expect((await erase(merchant, { payout_id: refused.id })).status).toBe(200);
    const answer = await merchant.post<{ code: string }>(`/v1/payouts/${refused.id}/retry`);
    expect([answer.status, answer.body.code]).toEqual([409, 'receiver_erased']);
  });

  it('is forgotten at the door that he came through, too', async () => {
    const merchant = await app.merchant();
    const items = [{ receiver: 'grace@example.com', amount: { currency: 'USD', value: '1.00' }, note: 'For the nanoseconds' }];
    const body = { sender_batch_header: { recipient_type: 'EMAIL' }, items };
    const made = await askPaypal(app.url, merchant.created, { body });
    const { payout_batch_id: id } = made['batch_header'] as { payout_batch_id: string };
    await merchant.untilAtRest(`bulk_${id}`);
    expect((await erase(merchant, { payout_method: { type: 'paypal', email: 'Grace@example.com' } })).body.payouts).toBe(1);
    const batch = await askPaypal(app.url, merchant.created, { path: `/${id}` });
    expect(batch).toMatchObject({ items: [{ payout_item: { amount: { value: '1.00' } } }] });
    expect(JSON.stringify(batch)).not.toMatch(/grace|nanoseconds/);
    expect(await readable(app)).not.toContain('nanoseconds');
  });

  it('is not told of by his provider any more: of its words nobody knows what to take out', async () => {
    const merchant = await app.merchant();
    const { id, intent } = await paid(merchant, HIS);
    await erase(merchant, { payout_id: id });
    const failure = { code: 'of_turing', message: 'Mr Turing has moved.', retryable: false };
    const payment = { providerReference: intent!.provider_reference!, status: 'returned', amount: null, currency: null } as const;
    await app.part(Transactions).asEngine((tx) =>
      app.part(SettleIntents).execute(tx, [
        {
          ...{ payoutId: fromTypeId('payout', id)!, claimNo: null, httpStatus: null, source: 'notification' },
          decide: (known) => decideFound({ ...payment, failure, checkAfter_ms: null }, known),
        },
      ]),
    );
    const returned = await merchant.payout(id);
    expect(returned.intent).toMatchObject({ status: 'returned', failure: { code: 'unspecified', message: '' } });
    expect(JSON.stringify([returned, await merchant.attempts(id), await merchant.events()])).not.toMatch(/turing/i);
  });

  it('keeps nobody waiting where his provider is asked once more', async () => {
    const merchant = await app.merchant();
    const { id } = await paid(merchant, HIS);
    await erase(merchant, { payout_id: id });
    const payoutId = fromTypeId('payout', id);
    await query(`UPDATE payout_intent SET next_check_at = tranche_now() WHERE payout_id = $1`, [payoutId]);
    await paid(merchant, {});
    await eventually(
      () => query(`SELECT FROM payout_intent WHERE payout_id = $1 AND next_check_at IS NULL`, [payoutId]),
      (looked) => looked.length === 1,
    );
    expect((await merchant.payout(id)).intent).toMatchObject({ status: 'succeeded' });
  });

  it('has to be named, whole and by one of the ways', async () => {
    const merchant = await app.merchant();
    for (const body of [{}, { ...HIS_ACCOUNT, receiver: 'x' }, { payout_id: 'payout_x' }, { payout_method: { type: 'wallet' } }])
      expect((await erase(merchant, body)).status).toBe(422);
    expect((await erase(merchant, { payout_method: methodOf('Grace', '••••5555') })).status).toBe(422);
    expect((await erase(merchant, HIS_ACCOUNT)).body).toEqual(NOBODY);
  });
});

describe('beside an erasure', () => {
  it('another of the same receiver finds nobody', async () => {
    const merchant = await app.merchant();
    await paid(merchant, HIS);
    const answers = await Promise.all([1, 2, 3].map(() => erase(merchant, HIS_ACCOUNT)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ body }) => body.payouts).sort()).toEqual([0, 0, 1]);
  });

  it('whoever is being paid is refused or forgotten, never half: no payout loses its receiver before its end', async () => {
    const merchant = await app.merchant();
    const orders = new AbortController();
    const bulks: string[] = [];
    const order = async (): Promise<void> => {
      for (let turn = 0; turn < 6; turn += 1)
        bulks.push((await merchant.createBulk(Array.from({ length: 5 }, () => validItem(HIS)))).id);
    };
    const statuses = new Set<number>();
    const erasing = (async () => {
      while (!orders.signal.aborted) statuses.add((await erase(merchant, HIS_ACCOUNT)).status);
    })();
    await Promise.all([order(), order(), order()]);
    for (const id of bulks) await merchant.untilAtRest(id);
    orders.abort();
    await erasing;
    for (const payout of (await Promise.all(bulks.map((id) => merchant.payouts(id)))).flat())
      expect([payout.status, payout.intent?.status, payout.erased === (payout.payout_method === null)]).toEqual([
        'PROCESSED',
        'succeeded',
        true,
      ]);
    expect([...statuses].every((status) => status === 200 || status === 409)).toBe(true);
    expect((await erase(merchant, HIS_ACCOUNT)).status).toBe(200);
    expect(await app.differences()).toEqual([]);
  });
});

describe('Account data', () => {
  it('goes by age, where all of the receiver is at rest for so long', async () => {
    const merchant = await app.merchant();
    const old = await paid(merchant, HIS);
    const young = await paid(merchant, {});
    const open = await merchant.createValidated([validItem({ amount: '0', payout_method: methodOf('Ada', 'DE89') })]);
    const merchantId = fromTypeId('merchant', merchant.id);
    await query(`UPDATE payout SET updated_at = updated_at - interval '31 days' WHERE merchant_id = $1 AND id <> $2`, [
      ...[merchantId, fromTypeId('payout', young.id)],
    ]);
    await app.part(EraseRestingReceivers).execute();
    await app.part(EraseRestingReceivers).execute();
    expect(await merchant.payout(old.id)).toMatchObject({ erased: true });
    expect(await merchant.payout(young.id)).toEqual(young);
    expect(await merchant.payoutOf(open.id)).toMatchObject({ erased: false, status: 'VALIDATION_FAILED' });
    const audit = await merchant.all<{ action: string; changes: object[] }>('/v1/audit');
    expect(audit.filter(({ action }) => action === 'eraseReceivers').map(({ changes }) => changes)).toEqual([
      [{ field: 'receivers', before: 1, after: 0 }],
    ]);
  });
});
