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

describe('a URL that is refused for its form', () => {
  it.each([
    { form: 'a control character', url: 'https://1.1.1.1/\u0007', code: 'invalid_url', codeOfText: 'invalid_field' },
    {
      form: 'a line end, which a parser would drop',
      url: 'https://1.1.1.1/ho\noks',
      code: 'invalid_url',
      codeOfText: 'invalid_field',
    },
    { form: 'white space', url: ' https://1.1.1.1/', code: 'invalid_url' },
    { form: 'a user name', url: 'https://ada@1.1.1.1/', code: 'invalid_url' },
    { form: 'a password', url: 'https://ada:secret@1.1.1.1/', code: 'invalid_url' },
    { form: 'another scheme', url: 'ftp://1.1.1.1/', code: 'invalid_url' },
    { form: 'http, which nobody has permitted', url: 'http://1.1.1.1/', code: 'forbidden_url' },
    { form: 'a port of something else', url: 'https://1.1.1.1:22/', code: 'forbidden_url' },
    { form: 'the port of http', url: 'https://1.1.1.1:80/', code: 'forbidden_url' },
  ])('has a code that says so: $form', async ({ url, code, codeOfText = code }) => {
    // The text of a bulk is judged as text before it is read as a URL.
    const bulk = { webhook_url: url, items: [validItem()] };
    const answers = [await merchant.post(ENDPOINTS, { url }), await merchant.post('/v1/bulks', bulk)];
    expect(answers.map(({ status, body }) => [status, body.errors?.[0]?.code])).toEqual([
      [422, code],
      [422, codeOfText],
    ]);
  });
});
