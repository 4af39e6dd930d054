import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { validItem, validItems } from '../support/items.js';
import type { Bulk } from '../support/merchant-client.js';

let app: TestApp;
beforeAll(async () => {
  app = await testApp({ rateLimitPerSecond: 5 });
});
afterAll(() => app.close());

it('health and readiness are told without a key', async () => {
  const client = app.client(null);
  expect((await client.get('/healthz')).status).toBe(200);
  expect((await client.get('/readyz')).status).toBe(200);
});

it('metrics name no merchant and no reference', async () => {
  const merchant = await app.merchant({ name: 'Lovelace Analytical' });
  const item = validItem();
  const bulk = await merchant.createBulk([item, ...validItems(3)]);
  const { status, text } = await app.client(null).get('/metrics');
  expect(status).toBe(200);
  expect(text).toContain('/v1/bulks');
  for (const word of [merchant.id, item.reference, bulk.id, 'Lovelace']) expect(text).not.toContain(word);
});

it('over the rate limit a key is told when to come again, and another key is not', async () => {
  const merchant = await app.merchant();
  const other = await app.merchant();
  const answers = await Promise.all(Array.from({ length: 80 }, () => merchant.get('/v1/bulks')));
  const limited = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(50);
  expect(limited.length).toBeGreaterThan(0);
  for (const { body, headers } of limited) {
    expect(body.code).toBe('rate_limited');
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  expect((await other.get('/v1/bulks')).status).toBe(200);
});

it('an unchanged bulk is answered in full: there is no 304', async () => {
  const merchant = await app.merchant();
  const bulk = await merchant.createBulk([validItem()]);
  for (const tag of ['"1"', '*', 'W/"1"']) {
    const answer = await merchant.get<Bulk>(`/v1/bulks/${bulk.id}`, { 'if-none-match': tag });
    expect([answer.status, answer.body.id]).toEqual([200, bulk.id]);
  }
});
