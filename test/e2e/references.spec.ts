import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, invalidItem, newReference, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

describe('A reference', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  /** One payout of this reference in a bulk of its own, judged. */
  async function judged(reference: string, overrides: object = {}): Promise<Payout> {
    const bulk = await merchant.createValidated([validItem({ reference, scheduled_date: tomorrow(), ...overrides })]);
    return merchant.payoutOf(bulk.id);
  }

  const issuesOf = ({ issues }: Payout): object[] =>
    issues.map(({ code, pointer, existing_id }) => ({ code, pointer, existing_id }));
  const taken = (by: Payout): object[] => [{ code: 'duplicate_reference', pointer: '/reference', existing_id: by.id }];

  it('is held by the payout that was scheduled with it, against every other of its merchant', async () => {
    const reference = newReference();
    const holder = await judged(reference);
    const second = await judged(reference);
    expect([holder.status, second.status]).toEqual(['SCHEDULED', 'VALIDATION_FAILED']);
    expect(issuesOf(second)).toEqual(taken(holder));
    const undated = await judged(reference, { scheduled_date: undefined });
    expect([undated.status, undated.scheduled_at]).toEqual(['VALIDATION_FAILED', null]);

    const other = await app.merchant();
    const elsewhere = await other.createValidated([validItem({ reference, scheduled_date: tomorrow() })]);
    expect(elsewhere.counts).toEqual({ SCHEDULED: 1 });
  });

  it('is won by exactly one of many that race for it', async () => {
    const shared = Array.from({ length: 10 }, () => newReference());
    const bulks = await Promise.all(
      Array.from({ length: 10 }, () => merchant.createBulk(shared.map((reference) => validItem({ reference })))),
    );
    await Promise.all(
      bulks.map(({ id }) =>
        merchant.untilBulk(id, ({ counts }) => (counts['PROCESSED'] ?? 0) + (counts['VALIDATION_FAILED'] ?? 0) === 10),
      ),
    );
    for (const reference of shared) {
      const payouts = await merchant.all<Payout>(`/v1/payouts?reference=${reference}`);
      const winners = payouts.filter(({ status }) => status === 'PROCESSED');
      expect(winners).toHaveLength(1);
      for (const loser of payouts) if (loser !== winners[0]) expect(issuesOf(loser)).toEqual(taken(winners[0]!));
    }
    const paid = (await app.ledger()).filter((entry) => shared.includes(entry.reference));
    expect(paid).toHaveLength(shared.length);
    await expectSound(app, merchant);
  });

  it('is held for ever by what was paid', async () => {
    const reference = newReference();
    const bulk = await merchant.createBulk([validItem({ reference })]);
    const [paid] = await merchant.untilAtRest(bulk.id);
    expect(paid?.intent?.status).toBe('succeeded');
    expect(issuesOf(await judged(reference))).toEqual(taken(paid!));
  });

  it.each([
    ['a refusal', amountOf(9002), 'rejected'],
    ['a failure at the provider', amountOf(9004), 'failed'],
    ['a return', amountOf(9005), 'returned'],
  ])('is free again after %s', async (_, amount, status) => {
    const reference = newReference();
    const bulk = await merchant.createBulk([validItem({ reference, amount })]);
    const { id } = await merchant.payoutOf(bulk.id);
    await merchant.untilPayout(id, ({ intent }) => intent?.status === status);
    expect((await judged(reference)).status).toBe('SCHEDULED');
    await expectSound(app, merchant);
  });

  it.each([
    ['pending', amountOf(9011)],
    ['unclaimed', amountOf(9012)],
  ])('is held while its intent is %s', async (status, amount) => {
    const reference = newReference();
    const bulk = await merchant.createBulk([validItem({ reference, amount })]);
    const { id } = await merchant.payoutOf(bulk.id);
    const holder = await merchant.untilPayout(id, ({ intent }) => intent?.status === status);
    expect(issuesOf(await judged(reference))).toEqual(taken(holder));
  });

  it('is free again after a cancellation, and an edit with the reference alone takes it', async () => {
    const reference = newReference();
    const holder = await judged(reference);
    const second = await judged(reference);
    await merchant.post(`/v1/payouts/${holder.id}/cancel`);
    await merchant.patch(`/v1/bulks/${second.bulk_id}`, { items: [{ reference }] });
    expect((await merchant.untilPayout(second.id, ({ status }) => status === 'SCHEDULED')).issues).toEqual([]);
    expect(issuesOf(await judged(reference))).toEqual(taken(second));
  });

  it('is not held by what is invalid, and is lost by what becomes invalid', async () => {
    const reference = newReference();
    const invalid = await merchant.createValidated([invalidItem({ reference })]);
    const holder = await judged(reference);
    expect([invalid.status, holder.status]).toEqual(['VALIDATION_FAILED', 'SCHEDULED']);

    await merchant.patch(`/v1/payouts/${holder.id}`, { currency: 'XXX' });
    await merchant.untilPayout(holder.id, ({ status }) => status === 'VALIDATION_FAILED');
    const next = await judged(reference);
    expect(next.status).toBe('SCHEDULED');
    await merchant.patch(`/v1/payouts/${holder.id}`, { currency: 'EUR' });
    const late = await merchant.untilPayout(holder.id, ({ status, version }) => status === 'VALIDATION_FAILED' && version === 3);
    expect(issuesOf(late)).toEqual(taken(next));
  });

  it('is kept by what is being edited', async () => {
    const reference = newReference();
    const holder = await judged(reference);
    for (let turn = 0; turn < 5; turn += 1) {
      const [, second] = await Promise.all([
        merchant.patch(`/v1/payouts/${holder.id}`, { amount: `${String(turn + 1)}.00` }),
        judged(reference),
      ]);
      expect(issuesOf(second)).toEqual(taken(holder));
      await merchant.untilPayout(holder.id, ({ status }) => status === 'SCHEDULED');
    }
    await expectSound(app, merchant);
  });
});
