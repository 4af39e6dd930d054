import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, invalidItem, tomorrow, validItem } from '../support/items.js';
import type { Explanation, MerchantClient } from '../support/merchant-client.js';
import { eventually } from '../support/until.js';

/** merchant_paused, connector_paused and needs_review stand in operator.spec.ts, where somebody brakes and decides. */
describe('An explanation', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  async function explained(body: object, cause: string): Promise<Explanation> {
    const bulk = await merchant.createBulk({ items: [validItem()], ...body });
    const [payout] = await merchant.payouts(bulk.id);
    return eventually(
      () => merchant.explanation(payout!.id),
      (explanation) => explanation.cause === cause,
    );
  }

  it('has a cause, a sentence and since when it is so', async () => {
    const explanation = await explained({ items: [invalidItem()] }, 'invalid');
    expect(explanation).toEqual({
      cause: 'invalid',
      detail: expect.stringMatching(/^[A-Z].*\.$/),
      expected_at: null,
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  it('says when a payout that waits for its date is expected', async () => {
    const date = tomorrow();
    expect((await explained({ items: [validItem({ scheduled_date: date })] }, 'waits_for_date')).expected_at).toBe(date);
  });

  it.each<[string, string, object]>([
    [
      'bulk_has_invalid',
      'its bulk rejects and another payout is invalid',
      { invalid_items: 'reject', items: [validItem(), invalidItem()] },
    ],
    ['being_sent', 'its provider takes its time', { items: [validItem({ amount: amountOf(9008) })] }],
    ['being_sent', 'its provider took it and has not said more', { items: [validItem({ amount: amountOf(9011) })] }],
    ['provider_busy', 'its provider is busy', { items: [validItem({ amount: amountOf(9009) })] }],
    [
      'outcome_unknown',
      'its provider answered nothing that can be relied on',
      { items: [validItem({ amount: amountOf(9007) })] },
    ],
    ['unclaimed', 'its receiver is unknown to the provider', { items: [validItem({ amount: amountOf(9012) })] }],
    ['at_rest', 'it is paid', {}],
    ['at_rest', 'it was refused', { items: [validItem({ amount: amountOf(9002) })] }],
    ['at_rest', 'it was returned', { items: [validItem({ amount: amountOf(9005) })] }],
    ['at_rest', 'it was dropped', { invalid_items: 'drop', items: [invalidItem()] }],
  ])('says %s where %s', async (cause, _, body) => {
    expect((await explained(body, cause)).detail).not.toBe('');
  });

  it('says bulk_paused before anything else that holds a payout', async () => {
    const bulk = await merchant.createValidated({ invalid_items: 'reject', items: [validItem(), invalidItem()] });
    await merchant.post(`/v1/bulks/${bulk.id}/pause`);
    const [payout] = await merchant.payouts(bulk.id);
    expect((await merchant.explanation(payout!.id)).cause).toBe('bulk_paused');
  });

  it('says not_validated while nobody has judged it', async () => {
    const idle = await testApp({ roles: new Set(['api']) });
    try {
      const client = await idle.merchant();
      const bulk = await client.createBulk([validItem()]);
      expect((await client.explanation((await client.payoutOf(bulk.id)).id)).cause).toBe('not_validated');
    } finally {
      await idle.close();
    }
  });
});
