import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import paypal from '@paypal/payouts-sdk';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { BatchHeaderDto as BatchHeader, ItemDto as Item } from '../../src/doors/paypal/batch.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import { tomorrow } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { assertAnswer, paypalDocument } from '../support/openapi-answers.js';
import { paypalToken } from '../support/paypal-token.js';
import { eventually } from '../support/until.js';
import { injectTime } from '../support/webhook-clock.js';

interface Batch {
  readonly total_items?: number;
  readonly total_pages?: number;
  readonly batch_header: BatchHeader;
  readonly items: readonly Item[];
  readonly links: readonly { readonly href: string }[];
}

interface Refused {
  readonly statusCode: number;
  readonly name: string;
  readonly details: readonly { readonly field: string; readonly issue: string; readonly link?: readonly { href: string }[] }[];
}

type Client = InstanceType<typeof paypal.core.PayPalHttpClient>;
type Call = Parameters<Client['execute']>[0];

/** PayPal's official client, unmodified. */
describe('PayPal’s own client at the PayPal door', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let client: Client;

  const clientOf = (id: string, secret: string): Client =>
    new paypal.core.PayPalHttpClient(new paypal.core.PayPalEnvironment(id, secret, app.url, app.url));
  const clientFor = ({ created }: MerchantClient): Client => clientOf(created.api_key_id, created.api_key);

  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
    client = clientFor(merchant);
  });
  afterAll(() => app.close());

  /** Holds every answer to the document of the door. */
  const judged = (call: Call, status: number, body: unknown): void =>
    assertAnswer(call.verb, call.path, { status, body, document: paypalDocument });

  async function answer<Result>(call: Call, by = client): Promise<Result> {
    const { statusCode, result } = await by.execute(call);
    judged(call, statusCode, result);
    return result;
  }

  async function refusal(call: Call, by = client): Promise<Refused> {
    try {
      await by.execute(call);
    } catch (error) {
      const { statusCode, message } = error as { statusCode: number; message: string };
      const body = JSON.parse(message) as Omit<Refused, 'statusCode'>;
      judged(call, statusCode, body);
      return { statusCode, ...body };
    }
    throw new Error('it should have been refused');
  }

  const item = (place: number, overrides: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
    amount: { currency: 'USD', value: '1.00' },
    receiver: `receiver-${place}@example.com`,
    sender_item_id: `item-${place}`,
    note: `note ${place}`,
    ...overrides,
  });
  const bodyOf = (items: readonly unknown[], header: Readonly<Record<string, unknown>> = {}): object => ({
    sender_batch_header: { recipient_type: 'EMAIL', email_subject: 'You are paid', ...header },
    items,
  });
  const post = (body: object): Call => new paypal.payouts.PayoutsPostRequest().requestBody(body);
  const show = (id: string) => new paypal.payouts.PayoutsGetRequest(id);
  const batch = (id: string): Promise<Batch> => answer<Batch>(show(id));
  const create = async (items: readonly unknown[], header = {}, by = client): Promise<string> =>
    (await answer<Batch>(post(bodyOf(items, header)), by)).batch_header.payout_batch_id;
  const ended = (id: string): Promise<Batch> =>
    eventually(
      () => batch(id),
      ({ batch_header }) => batch_header.batch_status === 'SUCCESS' || batch_header.batch_status === 'DENIED',
    );

  it('pays a batch of five, and shows each item as it was sent', async () => {
    const sent = [1, 2, 3, 4, 5].map((place) => item(place));
    const created = await answer<Batch>(post(bodyOf(sent, { sender_batch_id: 'five' })));
    expect(created.batch_header).toEqual({
      payout_batch_id: expect.stringMatching(/^[0-9a-z]{26}$/),
      batch_status: 'PENDING',
      sender_batch_header: { sender_batch_id: 'five', email_subject: 'You are paid', recipient_type: 'EMAIL' },
    });
    expect(created.links[0]?.href).toBe(`${app.url}/v1/payments/payouts/${created.batch_header.payout_batch_id}`);
    const shown = await ended(created.batch_header.payout_batch_id);
    expect(shown.batch_header).toMatchObject({ batch_status: 'SUCCESS', amount: { currency: 'USD', value: '5.00' } });
    expect(shown.items.map(({ payout_item }) => payout_item)).toEqual(sent);
    expect(shown.items.map(({ transaction_status }) => transaction_status)).toEqual(Array(5).fill('SUCCESS'));
    const one = await answer<Item>(new paypal.payouts.PayoutsItemGetRequest(shown.items[2]!.payout_item_id));
    expect(one).toMatchObject({ sender_batch_id: 'five', transaction_status: 'SUCCESS', payout_item: sent[2] });
  });

  it('pays every kind of receiver, and shows again what it does nothing with', async () => {
    const items = [
      item(1, { recipient_type: 'PHONE', receiver: '(212) 555-0100' }),
      item(2, { recipient_type: 'PHONE', receiver: '+1 212 555 0101', recipient_wallet: 'VENMO' }),
      item(3, { recipient_type: 'PAYPAL_ID', receiver: 'KNOWN123', notification_language: 'de-DE' }),
      item(4, { recipient_type: 'USER_HANDLE', receiver: '@KNOWN-ada', application_context: { holler_url: 'x' } }),
    ];
    const shown = (await ended(await create(items))).items;
    expect(shown.map(({ payout_item, transaction_status }) => ({ payout_item, transaction_status }))).toEqual(
      items.map((payout_item) => ({ payout_item, transaction_status: 'SUCCESS' })),
    );
  });

  it('pages through a thousand without gap or repeat, in the order sent, to a page past the end', async () => {
    const id = await create(Array.from({ length: 1000 }, (_, place) => item(place)));
    const pages = await Promise.all(
      [1, 2, 3, 4, 5].map((page) => answer<Batch>(show(id).page(page).pageSize(300).totalRequired(true))),
    );
    expect(pages.map(({ items }) => items.length)).toEqual([300, 300, 300, 100, 0]);
    expect(pages[0]).toMatchObject({ total_items: 1000, total_pages: 4 });
    expect(pages.flatMap(({ items }) => items.map(({ payout_item }) => payout_item['sender_item_id']))).toEqual(
      Array.from({ length: 1000 }, (_, place) => `item-${place}`),
    );
    expect(await answer<object>(show(id).fields('batch_header'))).not.toHaveProperty('items');
  });

  it('gives back an item that nobody claims, once, and no item that was paid', async () => {
    const id = await create([item(1, { receiver: 'nobody@unknown.example.org.test' }), item(2)]);
    const [unclaimed, paid] = (await ended(id)).items;
    expect(unclaimed).toMatchObject({ transaction_status: 'UNCLAIMED', errors: { name: 'RECEIVER_UNREGISTERED' } });
    const cancel = (one: Item): Call => new paypal.payouts.PayoutsItemCancelRequest(one.payout_item_id);
    expect(await answer<Item>(cancel(unclaimed!))).toMatchObject({ transaction_status: 'RETURNED' });
    expect(await refusal(cancel(unclaimed!))).toMatchObject({ statusCode: 400, name: 'ITEM_ALREADY_CANCELLED' });
    expect(await refusal(cancel(paid!))).toMatchObject({ statusCode: 400, name: 'ITEM_INCORRECT_STATUS' });
    const native = await merchant.payout(`payout_${unclaimed!.payout_item_id}`);
    expect(native).toMatchObject({ status: 'PROCESSED', intent: { status: 'returned' } });
    expect((await merchant.events(`/v1/payouts/${native.id}/events`)).map(({ type }) => type)).toEqual([
      ...['payout.created', 'payout.validation_in_progress', 'payout.scheduled', 'payout.processing_in_progress'],
      ...['payout.processed', 'payout.intent_unclaimed', 'payout.intent_returned'],
    ]);
  });

  it('refuses to give back what is still under way', async () => {
    const id = await create([item(1, { amount: { currency: 'USD', value: '90.11' } })]);
    const [one] = (await batch(id)).items;
    expect(await refusal(new paypal.payouts.PayoutsItemCancelRequest(one!.payout_item_id))).toMatchObject({
      statusCode: 400,
      name: 'BATCH_NOT_COMPLETED',
    });
  });

  it('takes a sender_batch_id once, also of ten at once, and again after the first was denied', async () => {
    const body = bodyOf([item(1)], { sender_batch_id: 'once' });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => client.execute(post(body))));
    const taken = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(taken).toHaveLength(1);
    const [first] = await merchant.all<{ id: string }>('/v1/bulks');
    expect(await refusal(post(body))).toMatchObject({
      statusCode: 400,
      name: 'USER_BUSINESS_ERROR',
      details: [
        {
          field: 'SENDER_BATCH_ID',
          issue: 'Batch with given sender_batch_id already exists',
          link: [{ href: `${app.url}/v1/payments/payouts/${first!.id.slice('bulk_'.length)}` }],
        },
      ],
    });

    const refused = [item(1, { amount: { currency: 'USD', value: '90.02' } })];
    const denied = await create(refused, { sender_batch_id: 'denied' });
    expect((await ended(denied)).batch_header.batch_status).toBe('DENIED');
    expect(await create(refused, { sender_batch_id: 'denied' })).not.toBe(denied);
  });

  it('answers a repeated PayPal-Request-Id with the first answer', async () => {
    const call = (): Call => new paypal.payouts.PayoutsPostRequest().payPalRequestId('again').requestBody(bodyOf([item(1)]));
    expect(await answer(call())).toEqual(await answer(call()));
  });

  it('refuses a faulty batch whole, with one detail for each fault, and keeps nothing', async () => {
    const other = await app.merchant();
    const faults: [Readonly<Record<string, unknown>>, string, string][] = [
      [{ amount: { currency: 'USD', value: 'ten' } }, 'items[1].amount.value', 'CURRENCY_FORMAT'],
      [{ amount: { currency: 'USD', value: '1.001' } }, 'items[1].amount.value', 'DECIMAL_PRECISION'],
      [{ amount: { currency: 'USD', value: '0.00' } }, 'items[1].amount.value', 'ZERO_AMOUNT'],
      [{ amount: { currency: 'EUR', value: '1.00' } }, 'items[1].amount.currency', 'MULTIPLE_CURRENCIES'],
      [{ receiver: undefined }, 'items[1].receiver', 'MISSING_REQUIRED_PARAMETER'],
      [{ receiver: 'a'.repeat(128) }, 'items[1].receiver', 'INVALID_STRING_MAX_LENGTH'],
      [{ recipient_type: 'PIGEON' }, 'items[1].recipient_type', 'INVALID_PARAMETER_VALUE'],
      [{ note: 'n'.repeat(4001) }, 'items[1].note', 'INVALID_STRING_MAX_LENGTH'],
      [{ sender_item_id: 'item-0' }, 'items[1].sender_item_id', 'DUPLICATE_ITEM'],
    ];
    const by = clientFor(other);
    for (const [overrides, field, issue] of faults) {
      const refused = await refusal(post(bodyOf([item(0), item(1, overrides)])), by);
      expect(refused).toMatchObject({ statusCode: 400, name: 'VALIDATION_ERROR' });
      expect(refused.details.map((detail) => [detail.field, detail.issue])).toEqual([[field, issue]]);
    }
    const all = await refusal(post(bodyOf(faults.map(([overrides], place) => item(place, overrides)))), by);
    expect(all.details.length).toBeGreaterThanOrEqual(faults.length - 1);
    expect((await refusal(post(bodyOf([])), by)).details[0]).toMatchObject({ field: 'items' });
    const yen = item(0, { amount: { currency: 'JPY', value: '100.5' } });
    expect((await refusal(post(bodyOf([yen])), by)).details[0]).toMatchObject({ issue: 'DECIMAL_PRECISION' });
    const many = Array.from({ length: 1001 }, (_, place) => item(place));
    expect((await refusal(post(bodyOf(many)), by)).details[0]).toMatchObject({ issue: 'INVALID_ARRAY_MAX_ITEMS' });
    expect(await other.all('/v1/bulks')).toEqual([]);
  });

  it('lets nobody in with a wrong secret, a token of a revoked key, or one that was changed', async () => {
    const other = await app.merchant();
    const { api_key_id, api_key } = other.created;
    await expect(clientOf(api_key_id, `${api_key}x`).execute(show('x'))).rejects.toMatchObject({ statusCode: 401 });
    expect(await paypalToken(app.url, { id: merchant.created.api_key_id, secret: api_key })).toBeUndefined();
    const token = (await paypalToken(app.url, { id: api_key_id, secret: api_key })) ?? '';
    const get = (bearer: string) =>
      fetch(`${app.url}/v1/payments/payouts/unknown`, { headers: { authorization: `Bearer ${bearer}` } });
    expect((await get(token)).status).toBe(404);
    const last = token.at(-2) === 'A' ? 'B' : 'A';
    expect((await get(token.slice(0, -2) + last + token.at(-1)!)).status).toBe(401);
    const native = await fetch(`${app.url}/v1/bulks`, { headers: { authorization: `Bearer ${token}` } });
    expect(native.status).toBe(401);
    await app.operator.delete(`/v1/operator/merchants/${other.id}/api-keys/${api_key_id}`);
    expect((await get(token)).status).toBe(401);
  });

  it('lets nobody in with a token that has ended; the client fetches another by itself', async () => {
    const other = await app.merchant();
    const by = clientFor(other);
    const now = Date.now.bind(Date);
    const earlier = jest.spyOn(Date, 'now').mockImplementation(() => now() - 10 * 3_600_000);
    const old = await paypalToken(app.url, { id: other.created.api_key_id, secret: other.created.api_key });
    const id = await create([item(1)], {}, by).finally(() => earlier.mockRestore());
    const { status } = await fetch(`${app.url}/v1/payments/payouts/${id}`, {
      headers: { authorization: `Bearer ${String(old)}` },
    });
    expect(status).toBe(401);
    expect((await answer<Batch>(show(id), by)).batch_header.payout_batch_id).toBe(id);
  });

  it('shows an item that validation refuses as failed, and a batch of nothing else as denied', async () => {
    const wrong = item(1, { receiver: 'no address' });
    const mixed = await ended(await create([wrong, item(2)]));
    expect(mixed.batch_header.batch_status).toBe('SUCCESS');
    expect(mixed.items.map(({ transaction_status, errors }) => [transaction_status, errors?.name])).toEqual([
      ['FAILED', 'INVALID_EMAIL'],
      ['SUCCESS', undefined],
    ]);
    expect((await ended(await create([wrong]))).batch_header.batch_status).toBe('DENIED');
  });

  it('shows unknown ids and those of others as one', async () => {
    const other = clientFor(await app.merchant());
    const id = await create([item(1)]);
    for (const call of [show(id), show('unknown'), show(randomUUID())]) {
      expect(await refusal(call, other)).toMatchObject({ statusCode: 404, name: 'INVALID_RESOURCE_ID' });
    }
  });

  it('shows a bulk of the native contract, and what is cancelled there as returned', async () => {
    const method = { type: 'paypal', email: 'ada@example.com' };
    const bulk = await merchant.createValidated([
      {
        reference: `NATIVE-${randomUUID()}`,
        amount: '2.00',
        currency: 'USD',
        payout_method: method,
        scheduled_date: tomorrow(),
      },
    ]);
    const id = bulk.id.slice('bulk_'.length);
    expect(await batch(id)).toMatchObject({
      batch_header: { batch_status: 'PENDING' },
      items: [{ transaction_status: 'PENDING', payout_item: { recipient_type: 'EMAIL' } }],
    });
    await merchant.post(`/v1/bulks/${bulk.id}/cancel`, {});
    expect(await batch(id)).toMatchObject({ items: [{ transaction_status: 'RETURNED' }] });
  });

  it('takes a sender_batch_id once in 30 days', async () => {
    const owner = new pg.Client({ connectionString: app.databaseUrl });
    await owner.connect();
    try {
      const again = (): Call => post(bodyOf([item(1)], { sender_batch_id: 'a month' }));
      await answer(again());
      await injectTime(owner, { ahead_s: 29 * 86_400 });
      expect(await refusal(again())).toMatchObject({ name: 'USER_BUSINESS_ERROR' });
      await injectTime(owner, { ahead_s: 30 * 86_400 + 60 });
      await answer(again());
    } finally {
      await injectTime(owner, {});
      await owner.end();
    }
  });

  it('answers what the sandbox values of PayPal ask for', async () => {
    const cancel = (id: string): Call => new paypal.payouts.PayoutsItemCancelRequest(id);
    const create = (note: string): Call => post(bodyOf([item(1, { note })]));
    for (const [asked, statusCode, name] of [
      [create('ERRPYO002'), 403, 'SENDER_EMAIL_UNCONFIRMED'],
      [create('ERRPYO003'), 403, 'AUTHORIZATION_ERROR'],
      [create('ERRPYO005'), 422, 'INSUFFICIENT_FUNDS'],
      [create('ERRPYO006'), 500, 'INTERNAL_ERROR'],
      [create('ERRPYO010'), 400, 'VALIDATION_ERROR'],
      [create('ERRPYO011'), 403, 'REQUIRED_SCOPE_MISSING'],
      [create('ERRPYO035'), 429, 'RATE_LIMIT_REACHED'],
      [create('ERRPYO036'), 408, 'REQUEST_TIMED_OUT'],
      [create('ERRPYO038'), 422, 'NON_HOLDING_CURRENCY'],
      [cancel('ERRPOI001'), 404, 'INVALID_RESOURCE_ID'],
      [cancel('ERRPYO004'), 400, 'BATCH_NOT_COMPLETED'],
      [cancel('ERRPYO007'), 400, 'ITEM_ALREADY_CANCELLED'],
      [cancel('ERRPYO008'), 400, 'ITEM_CANCELLATION_FAILED'],
      [cancel('ERRPYO009'), 400, 'ITEM_INCORRECT_STATUS'],
    ] as const)
      expect(await refusal(asked)).toMatchObject({ statusCode, name });
    expect(await answer<Item>(cancel('POSPOI002'))).toMatchObject({ transaction_status: 'RETURNED' });
    const statuses = ['SUCCESS', 'PENDING', 'PROCESSING', 'DENIED'];
    for (const [place, batch_status] of statuses.entries())
      expect(await batch(`ERRPYOB00${place + 1}`)).toMatchObject({ batch_header: { batch_status } });
    expect((await answer<Batch>(create('POSPYO001'))).batch_header.batch_status).toBe('PENDING');
  });

  it('answers the minimal form whatever is preferred, and refuses in PayPal’s words what it does not do', async () => {
    const { api_key_id: id, api_key: secret } = merchant.created;
    const authorization = `Bearer ${String(await paypalToken(app.url, { id, secret }))}`;
    const send = async (method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown[]> => {
      const type = { authorization, 'content-type': 'application/json', ...headers };
      const sent = await fetch(`${app.url}/v1/payments/${path}`, {
        method,
        headers: type,
        body: JSON.stringify(bodyOf([item(1)])),
      });
      const body = (await sent.json()) as Partial<Refused & Batch>;
      return [sent.status, body.name ?? Object.keys(body)];
    };
    const prefer = 'return=representation';
    expect(await send('POST', 'payouts', { prefer })).toEqual([201, ['batch_header', 'links']]);
    expect(await send('POST', 'payouts?sync_mode=true')).toEqual([403, 'SYNC_MODE_NOT_APPLICABLE']);
    expect(await send('POST', 'payouts', { 'content-type': 'text/plain' })).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(await send('PUT', 'payouts')).toEqual([405, 'METHOD_NOT_SUPPORTED']);
    expect(await send('POST', 'nothing')).toEqual([404, 'INVALID_RESOURCE_ID']);
  });
});
