import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { BatchDto, BatchListDto, BatchResultsDto, ResultDto } from '../../src/doors/dots/batch.dto.js';
import type { PayoutMethodDto, UserDto, UserListDto } from '../../src/doors/dots/user.dto.js';
import { toTypeId } from '../../src/platform/ids/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { DotsClient, type DotsError } from '../support/dots-client.js';
import { METHODS, newReference, tomorrow } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { paypalToken } from '../support/paypal-token.js';
import { eventually } from '../support/until.js';

/** What the reference of Dots sends to make a user, word for word. */
const BOB = {
  first_name: 'Bob',
  last_name: 'Loblaw',
  email: 'bob@bobloblaw.com',
  country_code: '1',
  phone_number: '4154332334',
  metadata: { internal_id: 'user_121344' },
};
const ANN = { ...BOB, first_name: 'Ann', email: 'ann@example.com', phone_number: '2125550142', metadata: undefined };

describe('A client of Dots at the Dots door', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let client: DotsClient;
  let bob: UserDto;
  let ann: UserDto;
  let account: PayoutMethodDto;

  const clientOf = ({ created }: MerchantClient): DotsClient => new DotsClient(app.url, created.api_key_id, created.api_key);

  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
    client = clientOf(merchant);
    bob = await client.ok('POST', '/users', BOB);
    ann = await client.ok('POST', '/users', ANN);
    await client.ok('PUT', `/users/${bob.id}/payout-methods`, { platform: 'paypal', email: 'bob@example.com' });
    account = await client.ok('PUT', `/users/${ann.id}/payout-methods`, {
      platform: 'ach',
      routing_number: '021000021',
      account_number: '123456789',
      account_type: 'checking',
    });
  });
  afterAll(() => app.close());

  const item = (overrides: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
    user_id: bob.id,
    amount: 1000,
    platform: 'paypal',
    idempotency_key: randomUUID(),
    fund: true,
    tax_exempt: false,
    ...overrides,
  });
  const create = (items: readonly unknown[], rest: object = {}, by = client): Promise<BatchDto> =>
    by.ok('POST', '/payout-batches', { items, ...rest });
  const completed = (id: string): Promise<BatchDto> =>
    eventually(
      () => client.ok<BatchDto>('GET', `/payout-batches/${id}`),
      ({ status }) => status === 'completed',
    );
  const results = async (id: string, query = ''): Promise<readonly ResultDto[]> =>
    (await client.ok<BatchResultsDto>('GET', `/payout-batches/${id}/results${query}`)).items;
  const seen = (items: readonly ResultDto[]) => items.map(({ transfer, error_code }) => [transfer?.status ?? null, error_code]);

  it('pays the batch of Dots’ own guide, whose keys are no UUIDs, and shows what was sent', async () => {
    const first = {
      user_id: bob.id,
      amount: 1000,
      platform: 'paypal',
      idempotency_key: 'b2c3d4e5-f6g7-h8i9-j0k1-l2m3n4o5p6q7',
      fund: true,
      tax_exempt: false,
      metadata: { invoice_id: 'INV-123' },
    };
    const second = {
      user_id: ann.id,
      amount: 2500,
      platform: 'ach',
      account_id: account.id,
      idempotency_key: 'c3d4e5f6-g7h8-i9j0-k1l2-m3n4o5p6q7r8',
      fund: true,
      tax_exempt: false,
    };
    const metadata = { batch_type: 'weekly_payouts', week: '2024-01' };
    const created = await create([first, second], { metadata });
    expect(created).toMatchObject({ idempotency_key: null, status: 'created', metadata });
    const { id, created: at } = created;
    expect(await completed(id)).toEqual({ id, created: at, idempotency_key: null, status: 'completed', metadata });
    await eventually(
      () => results(created.id),
      (items) => items.every(({ transfer }) => transfer?.status === 'completed'),
    );
    const items = await results(created.id, '?include_request=true');
    expect(items.map(({ request }) => request)).toEqual([first, second]);
    expect(items[0]).toMatchObject({ user_id: bob.id, idempotency_key: first.idempotency_key, metadata: first.metadata });
    expect(seen(items)).toEqual([
      ['completed', null],
      ['completed', null],
    ]);
    expect((await results(created.id))[0]).not.toHaveProperty('request');

    const native = await merchant.payout(toTypeId('payout', items[1]!.transfer!.id));
    expect(native).toMatchObject({
      bulk_id: toTypeId('bulk', created.id),
      reference: second.idempotency_key,
      amount: '25.00',
      currency: 'USD',
      payout_method: { type: 'bank_account', account_holder: 'Ann Loblaw' },
      billing_data: { first_name: 'Ann', last_name: 'Loblaw', email: 'ann@example.com' },
    });
  });

  it('fails alone what can not be paid, and pays it under a new key once it can', async () => {
    const method = await client.ok<PayoutMethodDto>('POST', `/users/${ann.id}/payout-methods`, {
      platform: 'venmo',
      phone_number: '1',
    });
    const nobody = randomUUID();
    const batch = await create([
      item(),
      item({ amount: 9002 }),
      item({ user_id: nobody }),
      item({ platform: 'cash_app' }),
      item({ user_id: ann.id, platform: 'venmo', account_id: method.id }),
      item({ user_id: ann.id, platform: 'default' }),
      item({ amount: 9004 }),
      item({ amount: 9005 }),
    ]);
    await completed(batch.id);
    const items = await eventually(
      () => results(batch.id),
      (all) => all.at(-2)?.transfer?.status === 'failed' && all.at(-1)?.transfer?.status === 'reversed',
    );
    expect(seen(items)).toEqual([
      ['completed', null],
      [null, 'invalid-transaction'],
      [null, 'user-info-missing'],
      [null, 'user-info-missing'],
      [null, 'invalid-phone-number'],
      ['completed', null],
      ['failed', 'invalid-transaction'],
      ['reversed', 'invalid-transaction'],
    ]);
    expect(items[1]!.error_message).toContain('account_closed');

    await client.ok('PUT', `/users/${ann.id}/payout-methods`, { platform: 'venmo', handle: '@KNOWN-ann', is_default: true });
    const again = await create([
      item(),
      item({ user_id: ann.id, platform: 'venmo' }),
      item({ user_id: ann.id, platform: 'default' }),
    ]);
    await completed(again.id);
    expect(seen(await results(again.id))).toEqual(Array(3).fill(['completed', null]));
  });

  it('answers the first batch to its key, also of ten at once, and refuses another batch under it', async () => {
    const other = await app.merchant();
    const by = clientOf(other);
    const user = await by.ok<UserDto>('POST', '/users', BOB);
    const key = randomUUID();
    const body = { idempotency_key: key, items: [item({ user_id: user.id })] };
    const answers = await Promise.all(Array.from({ length: 10 }, () => by.ok<BatchDto>('POST', '/payout-batches', body)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers[0]).toMatchObject({ idempotency_key: key });
    expect(await other.all('/v1/bulks')).toHaveLength(1);
    const changed = { ...body, items: [item({ user_id: user.id, amount: 2000 })] };
    expect(await by.refused('POST', '/payout-batches', changed)).toMatchObject({
      status: 409,
      error_code: 'idempotency-key-reused',
    });
    // Another's key is free.
    await create([item()], { idempotency_key: key });
  });

  it('pays under the key of an item once, whatever batch it is in', async () => {
    const key = randomUUID();
    await completed((await create([item({ idempotency_key: key })])).id);
    const second = await create([item({ idempotency_key: key.toUpperCase() })]);
    await completed(second.id);
    const [repeated] = await results(second.id);
    expect(repeated).toMatchObject({ transfer: null, error_code: 'invalid-transaction' });
    expect(repeated!.error_message).toContain('duplicate_reference');
  });

  it('refuses a faulty batch whole, names each fault, and keeps nothing', async () => {
    const other = await app.merchant();
    const by = clientOf(other);
    const key = randomUUID();
    const faults: [Readonly<Record<string, unknown>>, string][] = [
      [{ amount: 0 }, 'items[1].amount'],
      [{ amount: -1 }, 'items[1].amount'],
      [{ amount: 1.5 }, 'items[1].amount'],
      [{ amount: '1000' }, 'items[1].amount'],
      [{ amount: 2 ** 53 }, 'items[1].amount'],
      [{ fund: false }, 'items[1].fund'],
      [{ fund: undefined }, 'items[1].fund'],
      [{ platform: 'pigeon' }, 'items[1].platform'],
      [{ user_id: undefined }, 'items[1].user_id'],
      [{ user_id: 'bob' }, 'items[1].user_id'],
      [{ idempotency_key: undefined }, 'items[1].idempotency_key'],
      [{ idempotency_key: key }, 'items[1].idempotency_key: another item'],
      [{ payout_fee_party: 'nobody' }, 'items[1].payout_fee_party'],
      [{ metadata: 1 }, 'items[1].metadata'],
    ];
    for (const [overrides, said] of faults) {
      const refused = await by.refused('POST', '/payout-batches', { items: [item({ idempotency_key: key }), item(overrides)] });
      expect([said, refused.status, refused.error_code]).toEqual([said, 400, 'invalid-input']);
      expect(refused.message.startsWith(said)).toBe(true);
    }
    const both = await by.refused('POST', '/payout-batches', { items: [item({ fund: false }), item({ amount: 0 })] });
    expect(both.message).toMatch(/items\[0\]\.fund: .* items\[1\]\.amount: /);
    for (const items of [[], 'none', undefined, Array.from({ length: 1001 }, () => item())])
      expect(await by.refused('POST', '/payout-batches', { items })).toMatchObject({ status: 400 });
    expect(await by.refused('POST', '/payout-batches', '{"items":')).toMatchObject({ status: 400, error_code: 'invalid-input' });
    expect(await other.all('/v1/bulks')).toEqual([]);
  });

  it('answers by its document whatever is sent, and by none of its own faults', async () => {
    const sound = {
      '/users': BOB,
      [`/users/${bob.id}/payout-methods`]: { platform: 'paypal', email: 'bob@example.com' },
      '/payout-batches': { idempotency_key: randomUUID(), items: [item()], metadata: {} },
      '/payouts/send-payout': { amount: 100, payee: { country_code: '1', phone_number: '1' }, delivery: {}, memo: 'x' },
    };
    const by = clientOf(await app.merchant());
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('__proto__', '\u0000', '\ud800', 1e300, -0, ['x'], [[]], 'a'.repeat(70_000)),
    );
    const requests = fc.constantFrom(...Object.entries(sound)).chain(([path, body]) =>
      fc.record({
        path: fc.constant(path),
        body: fc.oneof(
          hostile,
          fc
            .dictionary(fc.constantFrom(...Object.keys(body), 'items', '__proto__'), hostile)
            .map((wrong) => ({ ...body, ...wrong })),
          hostile.chain((wrong) =>
            fc
              .constantFrom(...Object.keys(item()), 'account_id', 'metadata')
              .map((name) => ({ items: [{ ...item(), [name]: wrong }] })),
          ),
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(requests, async ({ path, body }) => {
        expect(await by.statusOf('POST', path, JSON.stringify(body))).toBeLessThan(500);
      }),
      { seed: 20_261_121, numRuns: 150 },
    );
    for (const query of ['limit=1&limit=2', `starting_after=${bob.id}&ending_before=${bob.id}`])
      for (const path of ['/users', '/payout-batches']) expect(await by.statusOf('GET', `${path}?${query}`)).toBe(400);
  });

  it('lists batches both ways, page by page', async () => {
    const by = clientOf(await app.merchant());
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await create([item()], {}, by)).id);
    const page = (query: string) => by.ok<BatchListDto>('GET', `/payout-batches?${query}`);
    const idsOf = ({ data }: BatchListDto): string[] => data.map(({ id }) => id);
    expect(idsOf(await page(''))).toEqual(ids);
    const first = await page('limit=2');
    expect([idsOf(first), first.has_more]).toEqual([ids.slice(0, 2), true]);
    expect(idsOf(await page(`limit=2&starting_after=${ids[1]!}`))).toEqual(ids.slice(2, 4));
    const last = await page(`limit=2&starting_after=${ids[3]!}`);
    expect([idsOf(last), last.has_more]).toEqual([ids.slice(4), false]);
    expect(idsOf(await page(`limit=2&ending_before=${ids[4]!}`))).toEqual(ids.slice(2, 4));
    for (const query of ['limit=0', 'limit=101', 'starting_after=x', `starting_after=${randomUUID()}`])
      expect(await by.refused('GET', `/payout-batches?${query}`)).toMatchObject({ status: 400, error_code: 'invalid-input' });
  });

  it('has one user for one phone number, and shows of an account the last digits', async () => {
    expect(await client.ok('POST', '/users', { ...BOB, first_name: 'Robert' })).toMatchObject({ id: bob.id, first_name: 'Bob' });
    expect(account).toMatchObject({ platform: 'ach', mask: '6789' });
    expect(JSON.stringify(account)).not.toContain('123456789');
    const listed = await client.ok<UserListDto>('GET', '/users');
    expect(listed.data.map(({ id }) => id)).toEqual([ann.id, bob.id]);
    expect(await client.ok('GET', `/users/${bob.id}`)).toMatchObject({
      phone_number: { country_code: '1', phone_number: '4154332334' },
      default_payout_method: 'paypal',
      metadata: BOB.metadata,
    });
    expect(await client.refused('POST', '/users', { first_name: 'Bob' })).toMatchObject({
      status: 400,
      message: 'last_name: is missing. email: is missing. country_code: is missing. phone_number: is missing.',
    });
    expect(
      await client.refused('PUT', `/users/${bob.id}/payout-methods`, { platform: 'ach', routing_number: '021000021' }),
    ).toMatchObject({ status: 400, error_code: 'invalid-input' });
  });

  it('never pays another account than the one whose id is named, and knows an account again by its id', async () => {
    const user = await client.ok<UserDto>('POST', '/users', { ...BOB, phone_number: '4154332388' });
    const add = (email: string) =>
      client.ok<PayoutMethodDto>('PUT', `/users/${user.id}/payout-methods`, { platform: 'paypal', email });
    const home = await add('home@example.com');
    expect(await add('home@example.com')).toEqual(home);
    const work = await add('work@example.com');
    const batch = await create([home, work].map(({ id }) => item({ user_id: user.id, account_id: id })));
    await completed(batch.id);
    expect(seen(await results(batch.id))).toEqual([
      [null, 'user-info-missing'],
      ['completed', null],
    ]);
    expect(await add('home@example.com')).toEqual(home);
  });

  it('forgets a user at once, and pays what was ordered for him before', async () => {
    const user = await client.ok<UserDto>('POST', '/users', { ...BOB, phone_number: '4154332399' });
    await client.ok('PUT', `/users/${user.id}/payout-methods`, { platform: 'paypal', email: 'bob@example.com' });
    const item = { user_id: user.id, amount: 100, platform: 'paypal', fund: true };
    const { id } = await create([{ ...item, idempotency_key: randomUUID() }]);
    expect(await client.ok('DELETE', `/users/${user.id}`)).toMatchObject({ id: user.id, first_name: 'Bob' });
    for (const method of ['GET', 'DELETE'])
      expect(await client.refused(method, `/users/${user.id}`)).toMatchObject({ status: 404, error_code: 'not-found' });
    await completed(id);
    expect(seen(await results(id))[0]?.[1]).toBeNull();
    const later = await create([{ ...item, idempotency_key: randomUUID() }]);
    await completed(later.id);
    expect(seen(await results(later.id))).toEqual([[null, 'user-info-missing']]);
    expect((await client.ok<UserDto>('POST', '/users', { ...BOB, phone_number: '4154332399' })).id).not.toBe(user.id);
  });

  it('lets nobody in with another secret, an id of another key, or a key of narrow scope', async () => {
    const { api_key_id: id, api_key: key } = merchant.created;
    const other = (await app.merchant()).created;
    const strangers = [
      new DotsClient(app.url, id, `${key}x`),
      new DotsClient(app.url, other.api_key_id, key),
      new DotsClient(app.url, '', key),
      new DotsClient(app.url, id, String(app.operator.key)),
    ];
    const refusals = new Set<string>();
    for (const stranger of strangers) {
      const { headers, ...refused } = await stranger.refused('GET', '/users');
      expect([refused.status, headers.get('www-authenticate')]).toEqual([401, 'Basic']);
      refusals.add(JSON.stringify(refused));
    }
    expect([...refusals]).toHaveLength(1);
    const bearer = await fetch(`${app.url}/api/v2/users`, { headers: { authorization: `Bearer ${key}` } });
    expect(bearer.status).toBe(401);
    expect(((await bearer.json()) as DotsError).error_code).toBe('unauthorized');
    expect((await fetch(`${app.url}/v1/bulks`, { headers: client.headers })).status).toBe(401);

    const narrow = await app.operator.post<{ id: string; api_key: string }>(`/v1/operator/merchants/${merchant.id}/api-keys`, {
      name: 'reader',
      scopes: ['bulks:read'],
    });
    const reader = new DotsClient(app.url, narrow.body.id, narrow.body.api_key);
    await reader.ok('GET', '/users');
    expect(await reader.refused('POST', '/users', BOB)).toMatchObject({ status: 403, error_code: 'forbidden' });
  });

  it('shows unknown ids, those of others and what is no id as one', async () => {
    const stranger = clientOf(await app.merchant());
    const batch = await create([item()]);
    const refusals = new Set<string>();
    for (const path of [
      ...[`/payout-batches/${batch.id}`, `/payout-batches/${batch.id}/results`, `/payout-batches/${randomUUID()}`],
      ...['/payout-batches/nonsense', `/users/${bob.id}`, '/users/nonsense', '/nothing'],
    ])
      refusals.add(JSON.stringify({ ...(await stranger.refused('GET', path)), headers: null }));
    expect([...refusals]).toHaveLength(1);
    const method = { platform: 'paypal', email: 'x@example.com' };
    expect(await stranger.refused('PUT', `/users/${bob.id}/payout-methods`, method)).toMatchObject({ status: 404 });
    // Another's user has nothing to be paid by here.
    const stolen = await create([item()], {}, stranger);
    const [result] = await eventually(
      async () => (await stranger.ok<BatchResultsDto>('GET', `/payout-batches/${stolen.id}/results`)).items,
      ([first]) => first?.error_code !== null,
    );
    expect(result).toMatchObject({ transfer: null, error_code: 'user-info-missing' });
  });

  it('shows a bulk of the native contract, what is cancelled there as canceled, and nothing of itself at another door', async () => {
    const reference = newReference();
    const payout = { reference, amount: '2.00', currency: 'USD', payout_method: METHODS.paypal, scheduled_date: tomorrow() };
    const bulk = await merchant.createValidated([payout]);
    await merchant.post(`/v1/bulks/${bulk.id}/cancel`);
    const [newest] = (await client.ok<BatchListDto>('GET', '/payout-batches?limit=1')).data;
    expect(toTypeId('bulk', newest!.id)).toBe(bulk.id);
    expect(newest).toMatchObject({ status: 'completed', idempotency_key: null, metadata: null });
    expect(await results(newest!.id)).toMatchObject([
      { user_id: null, idempotency_key: reference, transfer: { status: 'canceled' }, error_code: null },
    ]);

    const batch = await create([item({ metadata: 'seen by Dots alone' })], { metadata: 'the same' });
    const { api_key_id: id, api_key: secret } = merchant.created;
    const token = await paypalToken(app.url, { id, secret });
    const foreign = await fetch(`${app.url}/v1/payments/payouts/${toTypeId('bulk', batch.id).slice('bulk_'.length)}`, {
      headers: { authorization: `Bearer ${String(token)}` },
    });
    const shown = await foreign.text();
    expect(foreign.status).toBe(200);
    expect(shown).toContain('@example.com');
    expect(shown).not.toMatch(/Dots alone|the same|digest|user_id/);
  });
});
