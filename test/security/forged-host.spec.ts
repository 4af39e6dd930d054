import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PayoutLinkDto } from '../../src/doors/dots/payout-link.dto.js';
import type { BatchDto } from '../../src/doors/paypal/batch.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { assertAnswer, dotsDocument, paypalDocument } from '../support/openapi-answers.js';
import { paypalToken } from '../support/paypal-token.js';
import { Wire, type WireAnswer } from './wire.js';

type Headers = Readonly<Record<string, string>>;

const FORGED: Headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', 'x-original-host': 'evil.example' };

/** Links lead where whoever asked for them has asked, or to PUBLIC_URL; nobody else has a say. */
describe('Links of the doors', () => {
  let app: TestApp;
  /** On the same database, with a PUBLIC_URL. */
  let named: TestApp;
  let merchant: MerchantClient;
  let bearer: string;
  let basic: string;

  beforeAll(async () => {
    const trustedProxies = ['127.0.0.0/8'];
    app = await testApp({ trustedProxies });
    const { databaseUrl } = app;
    named = await testApp({ databaseUrl, trustedProxies, publicUrl: 'https://payouts.example.com', roles: new Set(['api']) });
    merchant = await app.merchant();
    const { api_key_id: id, api_key: secret } = merchant.created;
    bearer = `Bearer ${String(await paypalToken(app.url, { id, secret }))}`;
    basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  });
  afterAll(async () => {
    await named.close();
    await app.close();
  });

  async function ask(at: TestApp, path: string, { headers, body }: { headers: Headers; body?: object }): Promise<WireAnswer> {
    const authorization = path.startsWith('/v1') ? bearer : basic;
    const method = body === undefined ? 'GET' : 'POST';
    const wire = new Wire(at.url);
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const all = { authorization, 'content-type': 'application/json', ...headers };
    const answer = await wire.send({ method, path, headers: all, body: sent });
    wire.close();
    assertAnswer(method, path, { ...answer, document: path.startsWith('/v1') ? paypalDocument : dotsDocument });
    return answer;
  }
  const batchAt = (at: TestApp, headers: Headers): Promise<WireAnswer> =>
    ask(at, '/v1/payments/payouts', {
      headers,
      body: {
        sender_batch_header: { recipient_type: 'EMAIL' },
        items: [{ receiver: 'ada@example.com', amount: { currency: 'USD', value: '1.00' } }],
      },
    });
  const linkAt = (at: TestApp, headers: Headers): Promise<WireAnswer> =>
    ask(at, '/api/v2/payouts/send-payout', {
      headers,
      body: { amount: 100, payee: { country_code: '1', phone_number: '4154332334' } },
    });
  /** Every link that an answer has, and of those of a batch too what its page shows. */
  async function linksBy(at: TestApp, headers: Headers): Promise<string[]> {
    const created = (await batchAt(at, headers)).body as BatchDto;
    const shown = (await ask(at, `/v1/payments/payouts/${created.batch_header.payout_batch_id}`, { headers })).body as BatchDto;
    const item = shown.items?.[0];
    const single = (await ask(at, `/v1/payments/payouts-item/${String(item?.payout_item_id)}`, { headers })).body as typeof item;
    const { id, link } = (await linkAt(at, headers)).body as PayoutLinkDto;
    const again = (await ask(at, `/api/v2/payout-links/${id}`, { headers })).body as PayoutLinkDto;
    expect(again.link).toBe(link);
    const hrefs = [created.links, shown.links, item?.links ?? [], single?.links ?? []].flat().map(({ href }) => href);
    expect(hrefs).toHaveLength(5);
    return [...hrefs, link];
  }
  const origins = (links: readonly string[]): string[] => [...new Set(links.map((link) => new URL(link).origin))];

  it('begin with the host that was asked, and with what a trusted proxy says of the scheme, whatever else is forged', async () => {
    expect(origins(await linksBy(app, FORGED))).toEqual([app.url]);
    const host = 'payouts.example.com:8443';
    expect(origins(await linksBy(app, { ...FORGED, host }))).toEqual([`http://${host}`]);
    expect(origins(await linksBy(app, { host, 'x-forwarded-proto': 'https' }))).toEqual([`https://${host}`]);
    expect(origins(await linksBy(app, { host, 'x-forwarded-proto': 'javascript' }))).toEqual([`http://${host}`]);
    expect(origins(await linksBy(app, { host: '[::1]:3000' }))).toEqual(['http://[::1]:3000']);
  });

  it('begin with PUBLIC_URL where there is one, whoever asks for them how', async () => {
    const forgeries: Headers[] = [{}, { ...FORGED, host: 'evil.example' }, { host: 'a"><script>', 'x-forwarded-proto': 'http' }];
    for (const headers of forgeries) expect(origins(await linksBy(named, headers))).toEqual(['https://payouts.example.com']);
  });

  it.each([
    'a b',
    'evil.example/path',
    'evil.example?',
    'evil.example#',
    'me@evil.example',
    'a"><script>',
    'a:b',
    'a:123456',
    '..',
    '[::1',
    'a,b',
  ])('are refused to whoever names the host %j, and nothing is made', async (host) => {
    const bulks = async (): Promise<number> => (await merchant.all('/v1/bulks')).length;
    const before = await bulks();
    const [batch, link] = [await batchAt(app, { host }), await linkAt(app, { host })];
    expect([batch.status, (batch.body as { name: string }).name]).toEqual([400, 'VALIDATION_ERROR']);
    expect([link.status, (link.body as { error_code: string }).error_code]).toEqual([400, 'invalid-input']);
    expect(await bulks()).toBe(before);
  });
});
