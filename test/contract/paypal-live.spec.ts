import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BatchDto } from '../../src/doors/paypal/batch.dto.js';
import type { ErrorDto } from '../../src/doors/paypal/error.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import type { Bulk, MerchantClient } from '../support/merchant-client.js';
import { assertAnswer, paypalDocument } from '../support/openapi-answers.js';
import { paypalToken } from '../support/paypal-token.js';

const ITEMS_MAX = 15_000;
const PAGE_SIZE = 1_000;

describe('The PayPal door outside the sandbox mode, where the operator allows 15,000 payouts', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let authorization: string;
  beforeAll(async () => {
    // The API alone: nothing changes by itself.
    app = await testApp({ sandbox: false, maxBulkItems: ITEMS_MAX, roles: new Set(['api']) });
    merchant = await app.merchant();
    const { api_key_id: id, api_key: secret } = merchant.created;
    authorization = `Bearer ${String(await paypalToken(app.url, { id, secret }))}`;
  });
  afterAll(() => app.close());

  const batchOf = (count: number, note = 'Thank you'): object => ({
    sender_batch_header: { sender_batch_id: `batch-of-${count}`, recipient_type: 'EMAIL' },
    items: Array.from({ length: count }, (_, place) => ({
      sender_item_id: `item-${place}`,
      note,
      receiver: `receiver-${place}@example.com`,
      amount: { currency: 'USD', value: '1.00' },
    })),
  });
  async function ask<Body>(method: string, path: string, body?: object): Promise<{ status: number; body: Body }> {
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(app.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const parsed = (await answer.json()) as Body;
    assertAnswer(method, path, { status: answer.status, body: parsed, document: paypalDocument });
    return { status: answer.status, body: parsed };
  }

  it('takes the largest batch whole, counts it, and shows its first page and its last', async () => {
    const created = await ask<BatchDto>('POST', '/v1/payments/payouts', batchOf(ITEMS_MAX));
    expect(created.status).toBe(201);
    const id = created.body.batch_header.payout_batch_id;
    const page = async (number: number): Promise<BatchDto> => {
      const query = `page=${number}&page_size=${PAGE_SIZE}&total_required=true`;
      return (await ask<BatchDto>('GET', `/v1/payments/payouts/${id}?${query}`)).body;
    };
    const total_pages = ITEMS_MAX / PAGE_SIZE;
    for (const number of [1, total_pages, total_pages + 1]) {
      const { items = [], ...shown } = await page(number);
      expect(shown).toMatchObject({
        ...{ total_items: ITEMS_MAX, total_pages },
        batch_header: { batch_status: 'PENDING', amount: { currency: 'USD', value: '15000.00' } },
      });
      const before = (number - 1) * PAGE_SIZE;
      const wanted = Array.from({ length: number > total_pages ? 0 : PAGE_SIZE }, (_, place) => `item-${before + place}`);
      expect(items.map(({ payout_item }) => payout_item['sender_item_id'])).toEqual(wanted);
    }
    expect((await merchant.get<Bulk>(`/v1/bulks/bulk_${id}`)).body).toMatchObject({
      item_count: ITEMS_MAX,
      counts: { VALIDATION_PENDING: ITEMS_MAX },
    });
  });

  it('refuses one of one item more whole', async () => {
    const refused = await ask<ErrorDto>('POST', '/v1/payments/payouts', batchOf(ITEMS_MAX + 1));
    expect([refused.status, refused.body.name]).toEqual([400, 'VALIDATION_ERROR']);
    expect(refused.body.details).toMatchObject([{ field: 'items', issue: 'INVALID_ARRAY_MAX_ITEMS' }]);
    expect(await merchant.all<Bulk>('/v1/bulks')).toHaveLength(1);
  });

  it('does nothing that PayPal’s sandbox values ask for', async () => {
    expect((await ask('POST', '/v1/payments/payouts', batchOf(1, 'ERRPYO005'))).status).toBe(201);
    expect((await ask('GET', '/v1/payments/payouts/ERRPYOB001')).status).toBe(404);
    expect((await ask('POST', '/v1/payments/payouts-item/POSPOI002/cancel')).status).toBe(404);
  });
});
