import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, newReference, validItem, validItems } from '../support/items.js';
import type { Bulk, FeedEvent, MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

interface Fate {
  readonly digits: number;
  readonly intent: string;
  /** What is told after payout.processing_in_progress, without the prefix. */
  readonly told: readonly string[];
  readonly status?: string;
  readonly failure?: readonly [code: string, retryable: boolean];
  /** Nothing more comes by itself. */
  readonly final: boolean;
  readonly sends: number;
}

type Told = Pick<Fate, 'intent' | 'told'> & Partial<Fate>;

const fate = (digits: number, rest: Told): Fate => ({ digits, final: true, sends: 1, ...rest });
const refused = (digits: number, code: string, retryable: boolean): Fate =>
  fate(digits, {
    intent: 'rejected',
    told: ['intent_creation_failed'],
    status: 'INTENT_CREATION_FAILED',
    failure: [code, retryable],
  });

/** api.md section 8, line by line. */
const FATES: readonly Fate[] = [
  fate(1234, { intent: 'succeeded', told: ['processed', 'intent_succeeded'] }),
  fate(9001, { intent: 'succeeded', told: ['processed', 'intent_pending', 'intent_succeeded'] }),
  refused(9002, 'account_closed', false),
  refused(9003, 'limit_exceeded', true),
  fate(9004, { intent: 'failed', told: ['processed', 'intent_pending', 'intent_failed'], failure: ['receiver_blocked', false] }),
  fate(9005, { intent: 'returned', told: ['processed', 'intent_succeeded', 'intent_returned'] }),
  fate(9006, { intent: 'succeeded', told: ['intent_unknown', 'processed', 'intent_succeeded'] }),
  fate(9007, { intent: 'succeeded', told: ['intent_unknown', 'processed', 'intent_succeeded'] }),
  fate(9008, { intent: 'succeeded', told: ['processed', 'intent_succeeded'] }),
  fate(9009, { intent: 'succeeded', told: ['processed', 'intent_succeeded'], sends: 3 }),
  refused(9010, 'user_action_required', false),
  fate(9011, { intent: 'pending', told: ['processed', 'intent_pending'], final: false }),
  fate(9012, { intent: 'unclaimed', told: ['processed', 'intent_unclaimed'], final: false }),
];

describe('Execution', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await testApp();
  });
  afterAll(() => app.close());

  describe('of every fate of the sandbox', () => {
    let merchant: MerchantClient;
    let bulk: Bulk;
    let payouts: Payout[];
    let events: Map<string, FeedEvent[]>;
    beforeAll(async () => {
      merchant = await app.merchant();
      bulk = await merchant.createBulk(FATES.map(({ digits }) => validItem({ amount: amountOf(10_000 + digits) })));
      for (const [position, { id }] of (await merchant.payouts(bulk.id)).entries()) {
        await merchant.untilPayout(id, ({ intent }) => intent?.status === FATES[position]!.intent);
      }
      payouts = await merchant.payouts(bulk.id);
      events = new Map(payouts.map(({ id }) => [id, []]));
      for (const event of await merchant.events(`/v1/bulks/${bulk.id}/events`))
        events.get(event.data.payout_id ?? '')?.push(event);
    });

    it('comes to the state of the contract', () => {
      expect(payouts.map(({ status, final }, position) => [FATES[position]?.digits, status, final])).toEqual(
        FATES.map(({ digits, status = 'PROCESSED', final }) => [digits, status, final]),
      );
    });

    it('shows the intent with the provider’s word', () => {
      const shown = payouts.map(({ intent }) => [
        intent?.status,
        intent?.failure?.code ?? null,
        intent?.failure?.retryable ?? null,
      ]);
      const expected = FATES.map(({ intent, failure }) => [intent, failure?.[0] ?? null, failure?.[1] ?? null]);
      // A return has a reason of its own, which the contract does not name.
      expect(
        shown.map(([status, code, retryable]) => (status === 'returned' ? [status, null, null] : [status, code, retryable])),
      ).toEqual(expected);
      for (const { intent } of payouts) {
        expect(intent?.id).toMatch(/^intent_/);
        expect(intent?.connector).toMatch(/^connector_/);
        expect(typeof intent?.provider_reference === 'string').toBe(intent?.status !== 'rejected');
      }
    });

    it.each(FATES.map(({ digits, told }, position) => [digits, told, position] as const))(
      'tells of %i: %j',
      (_, told, position) => {
        const types = events.get(payouts[position]!.id)!.map(({ type }) => type.replace('payout.', ''));
        expect(types).toEqual(['created', 'validation_in_progress', 'scheduled', 'processing_in_progress', ...told]);
      },
    );

    it('sends each attempt once, under one key, and again only what was not taken', async () => {
      const attempts = await Promise.all(payouts.map(({ id }) => merchant.attempts(id)));
      expect(attempts.map((made) => made.map(({ number }) => number))).toEqual(FATES.map(() => [1]));
      const sends = attempts.map(([attempt], position) => [FATES[position]?.digits, (attempt as { sends?: number }).sends]);
      expect(sends).toEqual(FATES.map((each) => [each.digits, each.sends]));
      expect(new Set(attempts.map(([attempt]) => attempt?.idempotency_key)).size).toBe(FATES.length);
    });

    it('counts the bulk and its outcome', async () => {
      const now = await merchant.bulk(bulk.id);
      expect(now.status).toBe('PROCESSED');
      expect(now.counts).toEqual({ PROCESSED: 10, INTENT_CREATION_FAILED: 3 });
      expect(now.outcome).toEqual({ succeeded: 6, failed: 4, pending: 2, returned: 1 });
      await expectSound(app, merchant);
    });

    it('tells the milestones of the bulk once, in their order', async () => {
      const told = (await merchant.events(`/v1/bulks/${bulk.id}/events`)).filter(({ type }) => type.startsWith('bulk.'));
      expect(told.map(({ type }) => type)).toEqual(['bulk.created', 'bulk.validated', 'bulk.completed']);
      expect(told.map(({ data }) => data.sequence)).toEqual([1, 2, 3]);
      expect(told[2]?.data).toMatchObject({
        bulk_id: bulk.id,
        status: 'PROCESSED',
        counts: { PROCESSED: 10, INTENT_CREATION_FAILED: 3 },
        totals: bulk.totals,
      });
    });
  });

  it('pays known PayPal receivers and leaves the money of unknown ones unclaimed', async () => {
    const merchant = await app.merchant();
    const receivers: [object, string][] = [
      [{ email: 'ada@example.com' }, 'succeeded'],
      [{ email: 'ada@example.net' }, 'succeeded'],
      [{ email: 'ada@EXAMPLE.org' }, 'succeeded'],
      [{ phone_number: '+12125550123' }, 'succeeded'],
      [{ paypal_id: 'KNOWN12345678' }, 'succeeded'],
      [{ email: 'ada@lovelace.dev' }, 'unclaimed'],
      [{ email: 'ada@sub.example.com' }, 'unclaimed'],
      [{ paypal_id: 'ABCDEFGH12345' }, 'unclaimed'],
    ];
    const bulk = await merchant.createBulk(
      receivers.map(([receiver]) => validItem({ payout_method: { type: 'paypal', ...receiver } })),
    );
    for (const [position, { id }] of (await merchant.payouts(bulk.id)).entries()) {
      const paid = await merchant.untilPayout(id, ({ intent }) => intent?.status === receivers[position]?.[1]);
      expect(paid.status).toBe('PROCESSED');
    }
  });

  it('chooses the fate by the minor units, in every currency', async () => {
    const merchant = await app.merchant();
    const amounts = [
      { amount: '19002', currency: 'JPY' },
      { amount: '9.002', currency: 'TND' },
      { amount: '90.02', currency: 'USD' },
      { amount: '590.02', currency: 'GBP' },
    ];
    const bulk = await merchant.createBulk(amounts.map((amount) => validItem(amount)));
    const payouts = await merchant.untilAtRest(bulk.id);
    expect(payouts.map(({ intent }) => intent?.failure?.code)).toEqual(amounts.map(() => 'account_closed'));
    const after = await merchant.bulk(bulk.id);
    expect([after.status, after.outcome.failed]).toEqual(['INTENT_CREATION_FAILED', 4]);
  });

  it('pays a thousand payouts of one bulk, each once', async () => {
    const merchant = await app.merchant();
    const bulk = await merchant.createBulk({ reference: newReference('payroll'), items: validItems(1000) });
    await merchant.untilBulk(bulk.id, ({ outcome }) => outcome.succeeded === 1000);
    await expectSound(app, merchant);
    const told = (await merchant.events(`/v1/bulks/${bulk.id}/events`)).filter(({ type }) => type.startsWith('bulk.'));
    expect(told.map(({ type }) => type)).toEqual(['bulk.created', 'bulk.validated', 'bulk.completed']);
  });
});
