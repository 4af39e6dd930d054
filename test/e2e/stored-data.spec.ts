import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, METHODS, newReference, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';

let app: TestApp;
let merchant: MerchantClient;
beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
});
afterAll(() => app.close());

/** What belongs to a receiver. Each of these stands in an item below, and in no row of any table. */
const OF_THE_RECEIVER = [
  'DE89370400440532013000',
  '370400440532013000',
  'Hopper',
  'grace@example.com',
  '+4930',
  'Invalidenstr',
  'tok_secret',
  '55779911',
];

it('no account, name or address of a receiver lies anywhere in clear, whatever was done with the payout', async () => {
  const billing = {
    first_name: 'Grace',
    last_name: 'Hopper',
    email: 'grace@example.com',
    phone_number: '+493012345678',
    address: { line1: 'Invalidenstr. 1' },
  };
  const items = [
    validItem({ payout_method: { ...METHODS.iban, account_holder: 'Grace Hopper' }, billing_data: billing }),
    validItem({ payout_method: { type: 'card', token: 'tok_secret' }, billing_data: billing, amount: amountOf(9003) }),
    validItem({ payout_method: METHODS.gb, billing_data: billing, scheduled_date: tomorrow() }),
    validItem({
      payout_method: { type: 'pigeon', account_holder: 'Grace Hopper', iban: METHODS.iban.iban },
      billing_data: billing,
    }),
  ];
  const key = (): { 'idempotency-key': string } => ({ 'idempotency-key': newReference('key') });
  const created = await merchant.post<{ id: string }>('/v1/bulks', { items }, key());
  await merchant.untilBulk(created.body.id, ({ counts }) => counts['PROCESSED'] === 1 && counts['INTENT_CREATION_FAILED'] === 1);
  const [, refused, waiting, invalid] = await merchant.payouts(created.body.id);
  const edits = [
    await merchant.patch(
      `/v1/payouts/${waiting!.id}`,
      { billing_data: { last_name: 'Hopper-Lovelace' }, payout_method: { account_holder: 'G. Hopper' } },
      key(),
    ),
    await merchant.patch(`/v1/payouts/${invalid!.id}`, { payout_method: { ...METHODS.iban, account_holder: 'Hopper' } }, key()),
    await merchant.post(`/v1/payouts/${refused!.id}/retry`, undefined, key()),
  ];
  expect(edits.map(({ status }) => status)).toEqual([200, 200, 200]);
  await merchant.untilValidated(created.body.id);

  const stored = await app.stored();
  expect(stored).toContain(items[0]!.reference);
  expect(OF_THE_RECEIVER.filter((value) => stored.includes(value))).toEqual([]);
});

it('no key or secret lies anywhere in clear', async () => {
  const endpoint = await merchant.post<{ secret: string }>(
    '/v1/webhook-endpoints',
    { url: 'http://127.0.0.1:9/hooks' },
    { 'idempotency-key': newReference() },
  );
  expect(endpoint.status).toBe(201);
  const made = await app.operator.post<{ api_key: string; webhook_signing_secret: string }>(
    '/v1/operator/merchants',
    { name: 'Another' },
    { 'idempotency-key': newReference() },
  );
  const secrets = [
    merchant.key!,
    merchant.webhookSecret,
    endpoint.body.secret,
    made.body.api_key,
    made.body.webhook_signing_secret,
  ];
  const stored = await app.stored();
  expect(secrets.every((secret) => secret.length > 20)).toBe(true);
  expect(secrets.filter((secret) => stored.includes(secret))).toEqual([]);
});
