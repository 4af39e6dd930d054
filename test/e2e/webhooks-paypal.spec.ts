import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { BatchDto } from '../../src/doors/paypal/batch.dto.js';
import type { EndpointDto } from '../../src/webhooks/endpoints/endpoint-response.dto.js';
import { ApiClient } from '../support/api-client.js';
import { testApp, type TestApp } from '../support/app.js';
import { DotsClient } from '../support/dots-client.js';
import { assertEvent } from '../support/event-schema.js';
import { amountOf, invalidItem, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { assertWebhook, paypalDocument } from '../support/openapi-answers.js';
import { paypalToken } from '../support/paypal-token.js';
import { type Received, type Receiver, startReceiver } from '../support/receiver-server.js';
import { eventually } from '../support/until.js';

interface Told {
  readonly id: string;
  readonly event_type: string;
  readonly create_time: string;
  readonly resource: Readonly<Record<string, unknown>>;
}
const told = ({ body }: Received): Told => JSON.parse(body.toString('utf8')) as Told;
/** Everything that comes is held to the document of the door; but what a bulk tells that names the URL, to the catalogue. */
const assertTold = (body: Received['event']): void => {
  if ('event_type' in body) assertWebhook((body as unknown as Told).event_type, body, paypalDocument);
  else assertEvent(body);
};
const typesOf = (received: readonly Received[]): string[] => received.map((one) => told(one).event_type.replace('PAYMENT.', ''));

describe('An endpoint that is told in the words of PayPal', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let receiver: Receiver;
  let endpoint: EndpointDto;
  let door: ApiClient;
  beforeAll(async () => {
    app = await testApp({ webhookRetrySchedule_s: [0.2, 0.2] });
    merchant = await app.merchant();
    receiver = await startReceiver({ assert: assertTold });
    const created = await merchant.registerEndpoint(receiver.url, { format: 'paypal' });
    receiver.secrets.push(created.secret);
    endpoint = created;
    const { api_key_id: id, api_key: secret } = merchant.created;
    door = new ApiClient(app.url, (await paypalToken(app.url, { id, secret })) ?? '');
  });
  afterAll(async () => {
    await app.close();
    await receiver.close();
  });

  const item = (place: number, more: object = {}): object => ({
    recipient_type: 'EMAIL',
    receiver: `receiver-${place}@example.com`,
    amount: { currency: 'USD', value: '10.00' },
    sender_item_id: `item-${place}`,
    ...more,
  });
  async function batch(sender_batch_id: string, items: readonly object[]): Promise<string> {
    receiver.received.length = 0;
    const created = await door.post<BatchDto>('/v1/payments/payouts', { sender_batch_header: { sender_batch_id }, items });
    expect(created.status).toBe(201);
    return created.body.batch_header.payout_batch_id;
  }
  const comes = (count: number): Promise<void> => receiver.until(({ length }) => length >= count);

  it('is told of a batch that came through another door without its key there, as this door shows it', async () => {
    receiver.received.length = 0;
    const client = new DotsClient(app.url, merchant.created.api_key_id, merchant.created.api_key);
    const person = {
      first_name: 'Bob',
      last_name: 'Loblaw',
      email: 'bob@example.com',
      country_code: '1',
      phone_number: '4154332334',
    };
    const { id: user_id } = await client.ok<{ id: string }>('POST', '/users', person);
    await client.ok('PUT', `/users/${user_id}/payout-methods`, { platform: 'paypal', email: 'bob@example.com' });
    const key = randomUUID();
    const items = [{ user_id, amount: 100, platform: 'paypal', fund: true, idempotency_key: key }];
    await client.ok('POST', '/payout-batches', { idempotency_key: randomUUID(), items });
    await comes(3);
    for (const { resource } of receiver.received.map(told)) {
      const { batch_header: head = { sender_batch_header: {} } } = resource as { batch_header?: object };
      expect(resource).not.toHaveProperty('sender_batch_id');
      expect(head).toMatchObject({ sender_batch_header: {} });
      expect(JSON.stringify(head)).not.toContain('sender_batch_id');
    }
    const [paid] = receiver.received.map(told).filter(({ event_type }) => event_type.includes('ITEM'));
    expect(paid!.resource).toMatchObject({ payout_item: { sender_item_id: key } });
  });

  it('is told of items and their batch as PayPal tells, with the sender’s own keys and no receiver, signed as ever', async () => {
    const id = await batch('told', [
      item(1),
      item(2, { receiver: 'nobody@nowhere.test' }),
      item(3, { amount: { currency: 'USD', value: amountOf(9002) } }),
    ]);
    await comes(5);
    expect(typesOf(receiver.received).toSorted()).toEqual([
      'PAYOUTS-ITEM.FAILED',
      'PAYOUTS-ITEM.SUCCEEDED',
      'PAYOUTS-ITEM.UNCLAIMED',
      'PAYOUTSBATCH.PROCESSING',
      'PAYOUTSBATCH.SUCCESS',
    ]);
    const bodyOf = (type: string) => told(receiver.received.find((one) => told(one).event_type === `PAYMENT.${type}`)!);
    expect(bodyOf('PAYOUTS-ITEM.SUCCEEDED')).toEqual({
      id: expect.stringMatching(/^WH-[0-9A-Z]{26}$/),
      event_version: '1.0',
      create_time: expect.any(String),
      resource_type: 'payouts_item',
      event_type: 'PAYMENT.PAYOUTS-ITEM.SUCCEEDED',
      summary: 'A payouts item was successful',
      resource: {
        payout_item_id: expect.any(String),
        transaction_id: expect.any(String),
        activity_id: expect.any(String),
        transaction_status: 'SUCCESS',
        payout_item_fee: { currency: 'USD', value: '0.00' },
        payout_batch_id: id,
        payout_item: { sender_item_id: 'item-1', amount: { currency: 'USD', value: '10.00' } },
        time_processed: expect.any(String),
        sender_batch_id: 'told',
        links: [],
      },
      links: [],
    });
    expect(bodyOf('PAYOUTS-ITEM.FAILED').resource).toMatchObject({
      transaction_status: 'FAILED',
      payout_item: { sender_item_id: 'item-3' },
      errors: { name: 'ACCOUNT_CLOSED' },
    });
    expect(bodyOf('PAYOUTS-ITEM.UNCLAIMED').resource).toMatchObject({ transaction_status: 'UNCLAIMED' });
    expect(bodyOf('PAYOUTSBATCH.SUCCESS').resource).toMatchObject({
      batch_header: {
        payout_batch_id: id,
        batch_status: 'SUCCESS',
        sender_batch_header: { sender_batch_id: 'told' },
      },
    });
    // What the door shows and what is told say the same of each item.
    const shown = (await door.get<BatchDto>(`/v1/payments/payouts/${id}`)).body.items ?? [];
    for (const one of receiver.received.map(told).filter(({ event_type }) => event_type.includes('ITEM')))
      expect(shown.find(({ payout_item_id }) => payout_item_id === one.resource['payout_item_id'])).toMatchObject({
        transaction_status: one.resource['transaction_status'],
      });
    expect(
      receiver.received.every(
        ({ verifiedBy, headers }) => verifiedBy.length === 1 && headers['webhook-id']?.startsWith('event_'),
      ),
    ).toBe(true);
    expect(receiver.received.map(({ body }) => body.toString('utf8')).join()).not.toMatch(/example\.com|nowhere/);
  });

  it('gets equal bytes under one id on every attempt, and when it is sent again later', async () => {
    receiver.answer = ({ times }) => ({ status: times === 1 ? 500 : 204 });
    const id = await batch('again', [item(1)]);
    await comes(6);
    receiver.answer = () => ({ status: 204 });
    await eventually(
      () => merchant.all<{ status: string }>(`/v1/webhook-deliveries?bulk_id=bulk_${id}&status=delivered`),
      ({ length }) => length === 3,
    );
    const resend = await merchant.post<{ id: string }>('/v1/webhook-deliveries/resend', { bulk_id: `bulk_${id}` });
    await eventually(
      async () => (await merchant.get<{ status: string }>(`/v1/webhook-resends/${resend.body.id}`)).body.status,
      (status) => status === 'finished',
    );
    const bodies = new Map<string, string[]>();
    for (const { id: event, body } of receiver.received)
      bodies.set(event, [...(bodies.get(event) ?? []), body.toString('base64')]);
    expect([...bodies.values()].map(({ length }) => length)).toEqual([3, 3, 3]);
    expect([...bodies.values()].every((each) => new Set(each).size === 1)).toBe(true);
  });

  it('is told of native payouts by their references, and of what was cancelled or is invalid by PayPal’s words', async () => {
    receiver.received.length = 0;
    const cancelled = validItem({ scheduled_date: tomorrow() });
    const invalid = invalidItem();
    const bulk = await merchant.createBulk({ reference: 'native-1', invalid_items: 'drop', items: [cancelled, invalid] });
    await merchant.untilValidated(bulk.id);
    await merchant.post(`/v1/bulks/${bulk.id}/cancel`, { references: [cancelled.reference] });
    await comes(4);
    const items = receiver.received.map(told).filter(({ event_type }) => event_type.includes('ITEM'));
    expect(
      new Map(
        items.map(({ resource, event_type }) => [
          (resource['payout_item'] as { sender_item_id: string }).sender_item_id,
          event_type,
        ]),
      ),
    ).toEqual(
      new Map([
        [cancelled.reference, 'PAYMENT.PAYOUTS-ITEM.CANCELED'],
        [invalid.reference, 'PAYMENT.PAYOUTS-ITEM.FAILED'],
      ]),
    );
    expect(items.every(({ resource }) => resource['sender_batch_id'] === 'native-1')).toBe(true);
    expect(typesOf(receiver.received)).toContain('PAYOUTSBATCH.DENIED');
    // A currency that is none has no decimals to show a fee with.
    const shown = await door.get<BatchDto>(`/v1/payments/payouts/${bulk.id.slice('bulk_'.length)}`);
    expect(shown.body.items?.map(({ transaction_status }) => transaction_status)).toEqual(['RETURNED', 'FAILED']);
  });

  it('leaves an endpoint beside it as it is', async () => {
    const beside = await startReceiver();
    const native = await merchant.registerEndpoint(beside.url);
    beside.secrets.push(native.secret);
    const id = await batch('beside', [item(1)]);
    await comes(3);
    const last = ['bulk.completed', 'payout.intent_succeeded'];
    await beside.until((received) => last.every((type) => received.some(({ event }) => event.type === type)));
    const sequences = beside.received
      .filter(({ event }) => event.data['payout_id'] !== undefined)
      .map(({ event }) => event.data['sequence']);
    expect(sequences).toEqual(sequences.map((_, place) => place + 1));
    const shared = receiver.received.filter(({ id: event }) => beside.received.some((one) => one.id === event));
    expect(shared).toHaveLength(3);
    expect(native).toMatchObject({ format: 'native', event_types: null });
    await merchant.delete(`/v1/webhook-endpoints/${native.id}`);
    await beside.close();
    expect(id).not.toBe('');
  });

  it('says which types those are, and takes no others', async () => {
    expect(endpoint).toMatchObject({ format: 'paypal' });
    expect(endpoint.event_types).toContain('payout.intent_succeeded');
    const path = `/v1/webhook-endpoints/${endpoint.id}`;
    const refused = await merchant.patch(path, { event_types: ['payout.scheduled'] });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_field', errors: [{ pointer: '/event_types/0' }] } });
    const fewer = await merchant.patch<EndpointDto>(path, { event_types: ['bulk.completed'] });
    expect(fewer.body.event_types).toEqual(['bulk.completed']);
    const all = await merchant.patch<EndpointDto>(path, { event_types: null });
    expect(all.body.event_types).toEqual(endpoint.event_types);
  });

  it('can not be told in others later, nor in words that nobody knows', async () => {
    const path = `/v1/webhook-endpoints/${endpoint.id}`;
    expect(await merchant.patch(path, { format: 'native' })).toMatchObject({ status: 422 });
    const unknown = await merchant.post('/v1/webhook-endpoints', { url: `${receiver.url}/x`, format: 'klingon' });
    expect(unknown).toMatchObject({ status: 422, body: { errors: [{ pointer: '/format' }] } });
    // Bulks have had it told natively: what is still to be sent there again would come in other words.
    const url = `${receiver.url}/named`;
    await merchant.createBulk({ webhook_url: url, items: [validItem({ scheduled_date: tomorrow() })] });
    expect(await merchant.post('/v1/webhook-endpoints', { url, format: 'paypal' })).toMatchObject({
      status: 409,
      body: { code: 'endpoint_url_taken' },
    });
  });
});
