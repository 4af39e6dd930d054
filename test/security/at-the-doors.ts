import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { BatchResultsDto } from '../../src/doors/dots/batch.dto.js';
import type { PayoutLinkDto } from '../../src/doors/dots/payout-link.dto.js';
import type { UserDto } from '../../src/doors/dots/user.dto.js';
import type { BatchDto } from '../../src/doors/paypal/batch.dto.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { TestApp } from '../support/app.js';
import { DotsClient } from '../support/dots-client.js';
import type { Bulk, MerchantClient } from '../support/merchant-client.js';
import { FILLED_IN, postForm } from '../support/payout-link-form.js';
import { paypalToken } from '../support/paypal-token.js';
import { eventually } from '../support/until.js';
import type { Contract, Operation } from './operations.js';
import type { Meanings } from './schema-values.js';
import type { Tenant } from './tenants.js';

/** A merchant as the doors know him. */
export interface DoorTenant {
  /** By what stands before the id in a path: `payouts`, `users`, … */
  readonly ids: Readonly<Record<string, string>>;
  readonly dots: DotsClient;
  /** With an access token of the PayPal door. */
  readonly bearer: string;
  /** With the id and the secret of his key. */
  readonly basic: string;
}

const BOB = { first_name: 'Bob', last_name: 'Loblaw', email: 'bob@bobloblaw.com', country_code: '1', phone_number: '4154332334' };
const NOBODY_KNOWN = { country_code: '1', phone_number: '2125550142' };

/** PayPal's ids are the native ones without the word in front. */
const withoutPrefix = (id = ''): string => id.slice(id.indexOf('_') + 1);

export async function atTheDoors(app: TestApp, { client, ids }: Pick<Tenant, 'client' | 'ids'>): Promise<DoorTenant> {
  const { api_key_id: id, api_key: secret } = client.created;
  const dots = new DotsClient(app.url, id, secret);
  const bearer = `Bearer ${String(await paypalToken(app.url, { id, secret }))}`;
  const basic = dots.headers['authorization'] ?? '';
  const user = await dots.ok<UserDto>('POST', '/users', BOB);
  const link = await linkOf(dots);
  return {
    dots,
    bearer,
    basic,
    ids: {
      payouts: withoutPrefix(ids['bulk']),
      'payouts-item': withoutPrefix(ids['payout']),
      'payout-batches': fromTypeId('bulk', ids['bulk'] ?? '') ?? '',
      'payout-links': link.id,
      users: user.id,
    },
  };
}

/** How he shows at this route who he is; null where what is in the path says so. */
export function authorizationFor({ contract, caller }: Operation, { bearer, basic }: DoorTenant): string | null {
  if (contract === 'page') return null;
  return contract === 'paypal' && caller === 'merchant' ? bearer : basic;
}

export const linkOf = (dots: DotsClient): Promise<PayoutLinkDto> =>
  dots.ok('POST', '/payouts/send-payout', { amount: 12050, payee: NOBODY_KNOWN });

/** Well formed, and names nothing. */
export const unknownDoorId = (kind: string): string =>
  kind.startsWith('payouts')
    ? '01kb4n3w2ze3rbz4jrd9qk6v1x'
    : kind === 'pay'
      ? 'A'.repeat(43)
      : '0190b2c3-d4e5-7f6a-8b90-1c2d3e4f5a6b';

/** What a member of this name has to be like for a request to be more than refused. */
export function meaningsAt(contract: Contract, { ids }: DoorTenant): Meanings {
  const some = fc.integer({ min: 0, max: 1_000_000 }).map((number) => `SOME-${String(number)}`);
  const names = { first_name: fc.constant('Ada'), last_name: fc.constant('Lovelace') };
  switch (contract) {
    case 'paypal':
      return {
        sender_batch_header: fc.constant({ recipient_type: 'EMAIL' }),
        amount: fc.constantFrom(...['120.50', '90.02', '90.11', '1'].map((value) => ({ currency: 'USD', value }))),
        receiver: fc.constantFrom('ada@example.com', 'nobody@nowhere.test'),
        recipient_type: fc.constant('EMAIL'),
        sender_batch_id: some,
        sender_item_id: some,
      };
    case 'dots':
      return {
        user_id: fc.constant(ids['users']),
        payee: fc.constantFrom(undefined, NOBODY_KNOWN),
        amount: fc.constantFrom(12050, 9002, 9011, 1),
        idempotency_key: fc.uuid(),
        account_id: fc.constant(undefined),
        fund: fc.constant(true),
        country_code: fc.constant('1'),
        phone_number: fc.constantFrom('4154332334', '2125550142', '2125550199'),
        additional_steps: fc.constantFrom(undefined, ['payout']),
        ...names,
      };
    case 'page':
      return {
        method: fc.constantFrom('paypal', 'us_account', 'iban'),
        email: fc.constant('ada@example.com'),
        iban: fc.constant('DE89370400440532013000'),
        routing_number: fc.constant('021000021'),
        account_number: fc.constant('123456789'),
        account_type: fc.constant('checking'),
        ...names,
      };
    case 'native':
      return {};
  }
}

/** A normal batch through each door, and a payout link: all are paid as ever. */
export async function payThroughEachDoor(app: TestApp, merchant: MerchantClient): Promise<void> {
  const { dots, ids, bearer } = await atTheDoors(app, { client: merchant, ids: {} });
  const paypal = async (path: string, body?: object): Promise<BatchDto> => {
    const headers = { authorization: bearer, 'content-type': 'application/json' };
    const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await (await fetch(`${app.url}/v1/payments/payouts${path}`, request)).json()) as BatchDto;
  };
  const items = [1, 2].map((place) => ({ receiver: `ada-${place}@example.com`, amount: { currency: 'USD', value: '1.00' } }));
  const { batch_header } = await paypal('', { sender_batch_header: { recipient_type: 'EMAIL' }, items });
  await eventually(
    () => paypal(`/${batch_header.payout_batch_id}`),
    (shown) => shown.items?.every(({ transaction_status }) => transaction_status === 'SUCCESS') === true,
  );

  await dots.ok('PUT', `/users/${String(ids['users'])}/payout-methods`, { platform: 'paypal', email: 'bob@example.com' });
  const item = { user_id: ids['users'], amount: 1000, platform: 'paypal', idempotency_key: randomUUID(), fund: true };
  const batch = await dots.ok<BatchResultsDto>('POST', '/payout-batches', { items: [item] });
  await eventually(
    () => dots.ok<BatchResultsDto>('GET', `/payout-batches/${batch.id}/results`),
    (shown) => shown.items.every(({ transfer }) => transfer?.status === 'completed'),
  );

  await postForm((await linkOf(dots)).link, FILLED_IN);
  const [newest] = await merchant.all<Bulk>('/v1/bulks');
  await eventually(
    () => merchant.payoutOf(newest?.id ?? ''),
    ({ intent }) => intent?.status === 'succeeded',
  );
}
