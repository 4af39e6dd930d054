import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DryRunDto } from '../../src/validation/dto/dry-run.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import { inSeconds, newReference, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { WRONG_ITEMS } from '../support/wrong-items.js';

describe('A dry run', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant({ timezone: 'Asia/Kolkata', limits: { max_amount: { EUR: '1000.00' } } });
  });
  afterAll(() => app.close());

  const dryRun = async (body: object): Promise<DryRunDto> => {
    const answer = await merchant.post<DryRunDto>('/v1/bulks/validate', body);
    expect(answer.status).toBe(200);
    return answer.body;
  };

  it('finds what the real validation finds, item by item, word by word', async () => {
    const holder = validItem({ scheduled_date: tomorrow() });
    await merchant.createValidated([holder]);
    const items = [
      ...WRONG_ITEMS.filter(({ code }) => code !== 'no_route').map(({ overrides }) => validItem(overrides)),
      validItem({ reference: holder.reference }),
      validItem({ reference: holder.reference + '-2', scheduled_date: inSeconds(100_000) }),
      validItem({ scheduled_date: inSeconds(200_000).slice(0, 10) }),
      validItem({ scheduled_date: inSeconds(200_000).slice(0, 19), timezone: 'America/New_York' }),
      validItem(),
    ];
    const body = { scheduled_date: inSeconds(300_000), timezone: 'Europe/Berlin', items };
    const foretold = await dryRun(body);
    const bulk = await merchant.createValidated(body);
    const payouts = await merchant.payouts(bulk.id);

    expect(foretold.items.map(({ reference, issues }) => ({ reference, issues }))).toEqual(
      payouts.map(({ reference, issues }) => ({ reference, issues })),
    );
    expect(foretold.items.map(({ valid }) => valid)).toEqual(payouts.map(({ status }) => status === 'SCHEDULED'));
    expect(foretold.items.map(({ scheduled_at }) => scheduled_at)).toEqual(payouts.map(({ scheduled_at }) => scheduled_at));
    expect(foretold.valid).toBe(false);
    expect(foretold.counts).toEqual({ valid: 4, invalid: items.length - 4 });
    expect(foretold.totals).toEqual(bulk.totals);
  });

  it('stores nothing', async () => {
    const other = await app.merchant();
    const reference = newReference('payroll');
    for (let run = 0; run < 2; run += 1) {
      const answer = await other.post<DryRunDto>('/v1/bulks/validate', { reference, items: [validItem({ reference: 'same' })] });
      expect([answer.status, answer.body.valid]).toEqual([200, true]);
    }
    expect(await other.all('/v1/bulks')).toEqual([]);
    expect(await other.all('/v1/payouts')).toEqual([]);
    expect(await other.events()).toEqual([]);
    // Neither reference is taken.
    expect((await other.post('/v1/bulks', { reference, items: [validItem({ reference: 'same' })] })).status).toBe(201);
  });

  it('refuses a reference that a bulk has taken, as a creation does', async () => {
    const other = await app.merchant();
    const body = { reference: newReference('payroll'), items: [validItem()] };
    await other.post('/v1/bulks', body);
    const [foretold, told] = [await other.post('/v1/bulks/validate', body), await other.post('/v1/bulks', body)];
    expect([foretold.status, foretold.body.code]).toEqual([409, 'bulk_reference_taken']);
    expect({ ...foretold.body, request_id: '' }).toEqual({ ...told.body, request_id: '' });
  });

  it('refuses what a creation refuses', async () => {
    const item = validItem();
    const bodies = [
      { items: [] },
      { items: Array.from({ length: 1001 }, (_, index) => validItem({ reference: String(index) })) },
      { items: [item, item] },
      { items: [{ amount: '1.00' }] },
      { items: [item], control_totals: { count: 2 } },
      { items: [item], colour: 'blue' },
      { items: [item], webhook_url: 'ftp://example.com' },
      { items: [item], timezone: 'Mars/Olympus' },
      { items: 'none' },
    ];
    for (const body of bodies) {
      const dry = await merchant.post('/v1/bulks/validate', body);
      const real = await merchant.post('/v1/bulks', body);
      expect(dry.status).toBe(422);
      expect({ ...dry.body, request_id: '' }).toEqual({ ...real.body, request_id: '' });
    }
  });

  it('says when a valid item would run', async () => {
    const { items } = await dryRun({ items: [validItem({ scheduled_date: inSeconds(86_400 * 3).slice(0, 10) }), validItem()] });
    // 09:00 in the merchant's zone, which is five and a half hours ahead all year.
    expect(items[0]?.scheduled_at).toBe(`${inSeconds(86_400 * 3).slice(0, 10)}T03:30:00.000Z`);
    expect(Math.abs(Date.parse(items[1]?.scheduled_at ?? '') - Date.now())).toBeLessThan(60_000);
  });
});
