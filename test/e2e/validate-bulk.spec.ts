import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ISSUE_CODES } from '../../src/bulks/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { inSeconds, invalidItem, METHODS, newReference, tomorrow, validItem, validItems } from '../support/items.js';
import { type FeedEvent, type MerchantClient, type Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { WRONG_ITEMS } from '../support/wrong-items.js';

describe('Validation', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await testApp();
  });
  afterAll(() => app.close());

  /** A merchant with a limit of 1000.00 EUR, and a connector of its own that pays everything in most currencies. */
  async function strictMerchant(): Promise<MerchantClient> {
    const connector = await app.operator.post<{ id: string }>('/v1/operator/connectors', {
      name: newReference('sandbox'),
      type: 'sandbox',
      currencies: ['EUR', 'USD', 'JPY', 'TND', 'GBP'],
    });
    expect(connector.status).toBe(201);
    return app.merchant({ connector_id: connector.body.id, limits: { max_amount: { EUR: '1000.00' } } });
  }

  describe('of a bulk with every fault there is', () => {
    let merchant: MerchantClient;
    let payouts: Payout[];
    let good: Payout;
    beforeAll(async () => {
      merchant = await strictMerchant();
      const items = [...WRONG_ITEMS.map(({ overrides }) => validItem({ ...overrides })), validItem({ amount: '1000.00' })];
      const bulk = await merchant.createValidated(items);
      payouts = await merchant.payouts(bulk.id);
      good = payouts.pop()!;
    });

    it('finds in each item what is wrong there and nothing else', () => {
      const found = payouts.map(({ status, issues }) => [status, issues.map(({ code, pointer }) => `${code} ${pointer}`)]);
      expect(found).toEqual(WRONG_ITEMS.map(({ code, pointer }) => ['VALIDATION_FAILED', [`${code} ${pointer}`]]));
    });

    it('says in a sentence how to mend it', () => {
      for (const { issues } of payouts) for (const { detail } of issues) expect(detail).toMatch(/^.{15,}[.!]$/s);
    });

    it('lets the one good item go on', async () => {
      const paid = await merchant.untilPayout(good.id, ({ final }) => final);
      expect([paid.status, paid.intent?.status]).toEqual(['PROCESSED', 'succeeded']);
      expect((await merchant.bulk(good.bulk_id)).status).toBe('VALIDATION_FAILED');
    });

    it('never repeats or keeps a card number or an account', async () => {
      const events = JSON.stringify(await merchant.events(`/v1/bulks/${good.bulk_id}/events`));
      const told = JSON.stringify(payouts.map(({ issues }) => issues)) + events;
      for (const value of ['4242', 'DE8937', 'Lovelace', 'ada at example', '030 12345678', 'Unter den Linden'])
        expect(told).not.toContain(value);
      expect(JSON.stringify(payouts)).not.toMatch(/4242 ?4242/);
    });

    it('covers every code of the contract that a creation can meet', () => {
      const covered = new Set<string>(WRONG_ITEMS.map(({ code }) => code));
      // These have rules of their own in edit-bulk, references and merchant-limits.spec.ts.
      const elsewhere = ['bulk_amount_over_limit', 'daily_amount_over_limit', 'duplicate_reference', 'masked_value'];
      expect(ISSUE_CODES.filter((code) => !covered.has(code)).sort()).toEqual(elsewhere);
    });
  });

  it('finds everything that is wrong about an item at once', async () => {
    const merchant = await app.merchant();
    const bulk = await merchant.createValidated([
      {
        reference: newReference(),
        amount: 12.5,
        currency: 'ZZZ',
        scheduled_date: '2027-13-01',
        timezone: 'Mars/Olympus',
        payout_method: { type: 'bank_account', iban: 'DE00', bic: 'X' },
        billing_data: { email: 'no', phone_number: '1', address: { country: 'XX' } },
        metadata: { a: false },
        extra: 1,
      },
    ]);
    const { issues } = await merchant.payoutOf(bulk.id);
    expect(issues.map(({ code, pointer }) => `${pointer} ${code}`).sort()).toEqual([
      '/amount amount_not_a_string',
      '/billing_data/address/country invalid_country',
      '/billing_data/email invalid_email',
      '/billing_data/phone_number invalid_phone_number',
      '/currency unknown_currency',
      '/extra unknown_field',
      '/metadata/a invalid_field',
      '/payout_method/account_holder missing_field',
      '/payout_method/bic invalid_bic',
      '/payout_method/iban invalid_iban',
      '/scheduled_date invalid_date',
      '/timezone unknown_timezone',
    ]);
  });

  it('takes every way to name a receiver', async () => {
    const merchant = await app.merchant();
    const bulk = await merchant.createBulk(validItems(16));
    const payouts = await merchant.untilAtRest(bulk.id);
    expect(payouts.map(({ status, intent }) => [status, intent?.status])).toEqual(payouts.map(() => ['PROCESSED', 'succeeded']));
    await expectSound(app, merchant);
  });

  describe('of a bulk that holds', () => {
    it('pays the valid items and lets the invalid ones wait to be mended', async () => {
      const merchant = await app.merchant();
      const bad = invalidItem();
      const bulk = await merchant.createBulk([validItem(), bad, validItem()]);
      await merchant.untilBulk(bulk.id, ({ counts }) => counts['PROCESSED'] === 2 && counts['VALIDATION_FAILED'] === 1);

      await merchant.patch(`/v1/bulks/${bulk.id}`, { items: [{ reference: bad.reference, currency: 'EUR' }] });
      const payouts = await merchant.untilAtRest(bulk.id);
      expect(payouts.map(({ status }) => status)).toEqual(['PROCESSED', 'PROCESSED', 'PROCESSED']);
      await expectSound(app, merchant);
    });
  });

  describe('of a bulk that rejects', () => {
    it('lets nothing be claimed while an item is invalid, and everything at once when it is mended', async () => {
      const merchant = await app.merchant();
      const bad = invalidItem();
      const bulk = await merchant.createValidated({ invalid_items: 'reject', items: [validItem(), bad, ...validItems(3)] });
      expect(bulk.counts).toEqual({ SCHEDULED: 4, VALIDATION_FAILED: 1 });
      const waiting = (await merchant.payouts(bulk.id))[0]!;
      expect((await merchant.explanation(waiting.id)).cause).toBe('bulk_has_invalid');

      // A bulk of the same merchant that comes later is paid meanwhile: what is held was not merely slow.
      await merchant.untilAtRest((await merchant.createBulk(validItems(1))).id);
      expect((await merchant.bulk(bulk.id)).counts).toEqual({ SCHEDULED: 4, VALIDATION_FAILED: 1 });

      await merchant.patch(`/v1/bulks/${bulk.id}`, { items: [{ reference: bad.reference, currency: 'EUR' }] });
      const payouts = await merchant.untilAtRest(bulk.id);
      expect(payouts.every(({ status }) => status === 'PROCESSED')).toBe(true);
      await expectSound(app, merchant);
    });

    it('lets the valid ones go when the invalid ones are cancelled', async () => {
      const merchant = await app.merchant();
      const bad = invalidItem();
      const bulk = await merchant.createValidated({ invalid_items: 'reject', items: [validItem(), bad] });
      expect(bulk.counts).toEqual({ SCHEDULED: 1, VALIDATION_FAILED: 1 });
      await merchant.post(`/v1/bulks/${bulk.id}/cancel`, { references: [bad.reference] });
      const payouts = await merchant.untilAtRest(bulk.id);
      expect(payouts.map(({ status }) => status)).toEqual(['PROCESSED', 'CANCELLED']);
      await expectSound(app, merchant);
    });

    it('holds again while an edited item is not judged, or is judged invalid', async () => {
      const merchant = await app.merchant();
      const items = validItems(2, { scheduled_date: tomorrow() });
      const bulk = await merchant.createValidated({ invalid_items: 'reject', items });
      expect(bulk.counts).toEqual({ SCHEDULED: 2 });
      await merchant.patch(`/v1/bulks/${bulk.id}`, {
        items: [
          { reference: items[0]!.reference, scheduled_date: null },
          { reference: items[1]!.reference, currency: 'XXX' },
        ],
      });
      const after = await merchant.untilValidated(bulk.id);
      expect(after.counts).toEqual({ SCHEDULED: 1, VALIDATION_FAILED: 1 });
      expect((await merchant.explanation((await merchant.payoutOf(bulk.id, items[0]!.reference)).id)).cause).toBe(
        'bulk_has_invalid',
      );
      await expectSound(app, merchant);
    });
  });

  describe('of a bulk that drops', () => {
    it('cancels what the first validation finds invalid, with its issues kept', async () => {
      const merchant = await app.merchant();
      const bulk = await merchant.createBulk({ invalid_items: 'drop', items: [validItem(), invalidItem()] });
      const [paid, dropped] = await merchant.untilAtRest(bulk.id);
      expect([paid?.status, dropped?.status]).toEqual(['PROCESSED', 'CANCELLED']);
      expect(dropped?.issues.map(({ code }) => code)).toEqual(['unknown_currency']);
      const events = await merchant.events(`/v1/payouts/${dropped!.id}/events`);
      expect(events.map(({ type }) => type)).toEqual([
        'payout.created',
        'payout.validation_in_progress',
        'payout.validation_failed',
        'payout.cancelled',
      ]);
      expect((await merchant.bulk(bulk.id)).status).toBe('PROCESSED');
      await expectSound(app, merchant);
    });

    it('drops nothing after a later edit', async () => {
      const merchant = await app.merchant();
      const item = validItem({ scheduled_date: tomorrow() });
      const bulk = await merchant.createValidated({ invalid_items: 'drop', items: [item] });
      await merchant.patch(`/v1/bulks/${bulk.id}`, { items: [{ reference: item.reference, currency: 'XXX' }] });
      expect((await merchant.untilValidated(bulk.id)).counts).toEqual({ VALIDATION_FAILED: 1 });
      await expectSound(app, merchant);
    });

    it('drops at the first validation also what was given another date before it', async () => {
      const databaseUrl = await createDatabase(TEMPLATE_DATABASE);
      const accepting = await testApp({ databaseUrl, roles: new Set(['api']) });
      const merchant = await accepting.merchant();
      const bulk = await merchant.createBulk({ invalid_items: 'drop', items: [validItem(), invalidItem()] });
      const edited = await merchant.patch(`/v1/bulks/${bulk.id}`, { scheduled_date: tomorrow() });
      expect(edited.status).toBe(200);
      const judging = await testApp({ databaseUrl });
      try {
        expect((await merchant.untilValidated(bulk.id)).counts).toEqual({ SCHEDULED: 1, CANCELLED: 1 });
        await expectSound(judging, merchant);
      } finally {
        await judging.close();
        await accepting.close();
        await dropDatabase(databaseUrl);
      }
    });

    it('is CANCELLED where every item is invalid', async () => {
      const merchant = await app.merchant();
      const bulk = await merchant.createBulk({ invalid_items: 'drop', items: [invalidItem(), invalidItem()] });
      expect((await merchant.untilBulk(bulk.id, ({ status }) => status === 'CANCELLED')).counts).toEqual({ CANCELLED: 2 });
      const types = (await merchant.events(`/v1/bulks/${bulk.id}/events`)).filter(ofTheBulk).map(({ type }) => type);
      expect(types).toEqual(['bulk.created', 'bulk.validated', 'bulk.cancelled', 'bulk.completed']);
    });
  });

  it('tells that the bulk is validated, once, and again after each edit', async () => {
    const merchant = await app.merchant();
    const items = validItems(600, { scheduled_date: tomorrow() });
    const bulk = await merchant.createValidated(items);
    const validated = async (): Promise<FeedEvent[]> =>
      (await merchant.events(`/v1/bulks/${bulk.id}/events`)).filter(({ type }) => type === 'bulk.validated');
    expect(await validated()).toHaveLength(1);

    await merchant.patch(`/v1/bulks/${bulk.id}`, {
      items: [{ reference: items[0]!.reference, amount: '1.00', currency: 'EUR' }],
    });
    await merchant.untilValidated(bulk.id);
    expect(await validated()).toHaveLength(2);
    expect((await validated())[1]?.data).toMatchObject({ status: 'SCHEDULED', counts: { SCHEDULED: 600 } });
  });

  it('finds no route where the merchant has no connector and there is no sandbox', async () => {
    const real = await testApp({ sandbox: false });
    try {
      const merchant = await real.merchant();
      const bulk = await merchant.createValidated([validItem()]);
      const { issues } = await merchant.payoutOf(bulk.id);
      expect(issues.map(({ code, pointer }) => [code, pointer])).toEqual([['no_route', '/payout_method/type']]);
    } finally {
      await real.close();
    }
  });

  it('sums up the instants of all its payouts, whatever was found about them, and in whichever order', async () => {
    const merchant = await app.merchant();
    const [early, late] = [inSeconds(86_400), inSeconds(2 * 86_400)];
    const invalid = invalidItem({ scheduled_date: early });
    const alone = await merchant.createValidated([invalidItem({ scheduled_date: early })]);
    expect([alone.first_scheduled_at, alone.last_scheduled_at]).toEqual([early, early]);

    const bulk = await merchant.createValidated([validItem({ scheduled_date: late }), invalid]);
    expect([bulk.first_scheduled_at, bulk.last_scheduled_at]).toEqual([early, late]);
    await merchant.patch(`/v1/bulks/${bulk.id}`, { items: [{ reference: invalid.reference }] });
    const again = await merchant.untilValidated(bulk.id);
    expect([again.first_scheduled_at, again.last_scheduled_at, again.counts]).toEqual([early, late, bulk.counts]);
  });

  it('takes an IBAN as any of its countries has it', async () => {
    const merchant = await app.merchant();
    const ibans = [
      'GB82WEST12345698765432',
      'FR1420041010050500013M02606',
      'NO9386011117947',
      'TN5910006035183598478831',
      'MT84MALT011000012345MTLCAST001S',
    ];
    const bulk = await merchant.createValidated(
      ibans.map((iban) => validItem({ scheduled_date: tomorrow(), payout_method: { ...METHODS.iban, iban, bic: undefined } })),
    );
    expect(bulk.counts).toEqual({ SCHEDULED: ibans.length });
  });
});

const ofTheBulk = ({ type }: FeedEvent): boolean => type.startsWith('bulk.');
