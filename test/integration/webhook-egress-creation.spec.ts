import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isIP, isIPv6 } from 'node:net';
import { testApp, type TestApp } from '../support/app.js';
import { FORBIDDEN, TRICKS } from '../support/hostile-addresses.js';
import { validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';

const ENDPOINTS = '/v1/webhook-endpoints';
/** Every address as the host of a URL that has nothing else against it, and every trick. */
const URLS = [
  ...FORBIDDEN.filter((address) => isIP(address) !== 0).map(
    (address) => `https://${isIPv6(address) ? `[${address}]` : address}/hooks`,
  ),
  ...TRICKS,
];

let app: TestApp;
let merchant: MerchantClient;
beforeAll(async () => {
  app = await testApp({ webhookAllowCidrs: [] });
  merchant = await app.merchant();
});
afterAll(() => app.close());

describe('a URL that leads inside', () => {
  it('is refused by every door that takes one, and nothing of it is kept', async () => {
    const { body: endpoint } = await merchant.post<{ id: string }>(ENDPOINTS, { url: 'https://1.1.1.1/hooks' });
    const { body: bulk } = await merchant.post<{ id: string }>('/v1/bulks', { items: [validItem()] });
    for (const url of URLS) {
      const refused = (pointer: string) => [
        ...[url, 422],
        [expect.objectContaining({ pointer, code: expect.stringMatching(/^(invalid|forbidden)_(url|field)$/) })],
      ];
      for (const [pointer, answer] of [
        ['/url', await merchant.post(ENDPOINTS, { url })],
        ['/url', await merchant.patch(`${ENDPOINTS}/${endpoint.id}`, { url })],
        ['/webhook_url', await merchant.post('/v1/bulks', { webhook_url: url, items: [validItem()] })],
        ['/webhook_url', await merchant.patch(`/v1/bulks/${bulk.id}`, { webhook_url: url })],
      ] as const) {
        expect([url, answer.status, answer.body.errors]).toEqual(refused(pointer));
      }
    }
    const kept = await merchant.get<{ data: { url: string }[] }>(ENDPOINTS);
    expect(kept.body.data.map(({ url }) => url)).toEqual(['https://1.1.1.1/hooks']);
    expect((await merchant.get<{ data: unknown[] }>('/v1/bulks')).body.data).toHaveLength(1);
  });
});
