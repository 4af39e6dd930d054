import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { PayoutLinkDto } from '../../src/doors/dots/payout-link.dto.js';
import { Transactions } from '../../src/platform/database/index.js';
import { fromTypeId, toTypeId } from '../../src/platform/ids/index.js';
import type { ErasedReceiverDto } from '../../src/receivers/dto/erase-receiver.dto.js';
import { EraseRestingReceivers, SealOldContents } from '../../src/receivers/index.js';
import type { Answer } from '../support/api-client.js';
import { type TestApp, testApp } from '../support/app.js';
import { DotsClient } from '../support/dots-client.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { FILLED_IN, postForm } from '../support/payout-link-form.js';
import { asAdmin } from '../support/test-server.js';
import { eventually, until, WHO_WAITS } from '../support/until.js';
import { markedDigits, markedWord } from './marks.js';
import { readable } from './readable.js';

const NOBODY = { object: 'erased_receiver', receiver: null, payouts: 0, payout_links: 0, users: 0 };
const ANONYMOUS = { first_name: null, last_name: null, email: null, country_code: null, phone_number: null };

let app: TestApp;
beforeAll(async () => {
  app = await testApp({ receiversRetention_days: 30 });
});
afterAll(() => app.close());

const query = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> =>
  app.part(Transactions).asEngine((tx) => tx.query<Row>(text, values));

const erase = ({ id }: MerchantClient, body: object): Promise<Answer<ErasedReceiverDto & { code: string }>> =>
  app.operator.post(`/v1/operator/merchants/${id}/erase-receiver`, body);

/** A client of Dots with a person of whom everything is marked. */
class Scene {
  /** What must not be found any more. */
  readonly marks: string[] = [];
  readonly phone = { country_code: '1', phone_number: this.mark(`212${markedDigits(7)}`) };
  readonly email = `${this.mark(markedWord('mail'))}@example.com`;
  readonly client: DotsClient;

  constructor(readonly merchant: MerchantClient) {
    this.client = new DotsClient(app.url, merchant.created.api_key_id, merchant.created.api_key);
  }

  mark(text: string): string {
    this.marks.push(text.toLowerCase());
    return text;
  }

  async user(): Promise<string> {
    const names = { first_name: this.mark(markedWord('First')), last_name: this.mark(markedWord('Last')) };
    const metadata = { note: this.mark(markedWord('Note')) };
    return (await this.client.ok<{ id: string }>('POST', '/users', { ...names, email: this.email, ...this.phone, metadata })).id;
  }

  link(overrides: object = {}): Promise<PayoutLinkDto> {
    const said = { memo: this.mark(markedWord('Memo')), metadata: { [this.mark(markedWord('key'))]: 'of the link' } };
    return this.client.ok('POST', '/payouts/send-payout', { amount: 12050, payee: this.phone, ...said, ...overrides });
  }

  shown({ id }: PayoutLinkDto): Promise<PayoutLinkDto> {
    return this.client.ok('GET', `/payout-links/${id}`);
  }

  /** Of what is known of the person, all that can be read by whoever has every key. */
  async left(): Promise<string[]> {
    const text = (await readable(app)).toLowerCase();
    return this.marks.filter((mark) => text.includes(mark));
  }

  /** So many payouts are at rest, and there are no others. */
  async untilPaid(count: number): Promise<void> {
    const payouts = (): Promise<Payout[]> => this.merchant.all<Payout>('/v1/payouts');
    await eventually(payouts, (all) => all.length === count && all.every(({ final }) => final));
  }
}

describe('Whom a door knows', () => {
  it('is forgotten with his phone: as a user, in links, and in what was paid by them; amounts and events stay', async () => {
    const merchant = await app.merchant();
    const scene = new Scene(merchant);
    const key = randomUUID();
    const claimedOnPage = await scene.link({ idempotency_key: key });
    const form = {
      ...FILLED_IN,
      last_name: scene.mark(markedWord('Family')),
      email: `${scene.mark(markedWord('page'))}@example.com`,
    };
    expect((await postForm(claimedOnPage.link, form)).status).toBe(200);
    const userId = await scene.user();
    await scene.client.ok('PUT', `/users/${userId}/payout-methods`, { platform: 'paypal', email: scene.email });
    const claimedAtOnce = await scene.link();
    const item = {
      user_id: userId,
      amount: 100,
      platform: 'default',
      fund: true,
      idempotency_key: randomUUID(),
      metadata: scene.mark(markedWord('Item')),
    };
    await scene.client.ok('POST', '/payout-batches', { items: [item] });
    await scene.untilPaid(3);
    const byId = await scene.link({ payee: undefined, user_id: userId, amount: 5 });
    expect(byId.status).toBe('claimed');
    await scene.untilPaid(4);
    const [before, payouts] = [await merchant.events(), await merchant.all<Payout>('/v1/payouts')];
    expect((await scene.left()).length).toBe(scene.marks.length);

    const phone_number = `+${scene.phone.country_code} (${scene.phone.phone_number.slice(0, 3)}) ${scene.phone.phone_number.slice(3)}`;
    const erased = await erase(merchant, { phone_number });
    expect([erased.status, erased.body]).toEqual([200, { ...NOBODY, payouts: 4, payout_links: 3, users: 1 }]);
    expect(await scene.left()).toEqual([]);
    expect(await scene.client.statusOf('GET', `/users/${userId}`)).toBe(404);
    for (const link of [claimedOnPage, claimedAtOnce])
      expect(await scene.shown(link)).toEqual({
        ...(link as object),
        ...{ status: 'claimed', payee: ANONYMOUS, claimed_user_id: null, metadata: null },
        delivery: { method: 'link', email: null, country_code: null, phone_number: null },
      });
    for (const payout of payouts)
      expect(await merchant.payout(payout.id)).toEqual({ ...payout, payout_method: null, billing_data: null, erased: true });
    expect(await merchant.events()).toEqual(before);
    for (const body of [{ phone_number }, { dots_id: byId.id }]) expect((await erase(merchant, body)).body).toEqual(NOBODY);
    expect(
      (await scene.client.refused('POST', '/payouts/send-payout', { amount: 12050, payee: scene.phone, idempotency_key: key }))
        .error_code,
    ).toBe('idempotency-key-reused');
    expect(await scene.user()).not.toBe(userId);
  });

  it('is forgotten with an account that he saved, though nothing was ever paid to it', async () => {
    const merchant = await app.merchant();
    const scene = new Scene(merchant);
    const userId = await scene.user();
    const account_number = scene.mark(markedDigits(12));
    const ach = { platform: 'ach', routing_number: '021000021', account_number, account_type: 'checking' };
    const link = await scene.link();
    await scene.client.ok('PUT', `/users/${userId}/payout-methods`, ach);
    await scene.client.ok('DELETE', `/payout-links/${link.id}`);
    const payout_method = { type: 'bank_account', routing_number: '021000021', account_number };
    expect((await erase(merchant, { payout_method })).body).toEqual({ ...NOBODY, payout_links: 1, users: 1 });
    expect(await scene.left()).toEqual([]);
    expect(await scene.shown(link)).toMatchObject({ status: 'canceled', amount: 12050, payee: ANONYMOUS });
    const [entry] = await merchant.all<{ action: string; changes: object[] }>('/v1/audit');
    expect(entry).toMatchObject({
      action: 'eraseReceiver',
      changes: [
        { field: 'users', before: [userId], after: null },
        { field: 'payout_links', before: [link.id], after: null },
      ],
    });
  });

  it('is forgotten with a payout that came of a link', async () => {
    const scene = new Scene(await app.merchant());
    const link = await scene.link();
    await postForm(link.link, { ...FILLED_IN, email: `${scene.mark(markedWord('page'))}@example.com` });
    await scene.untilPaid(1);
    const [payout] = await scene.merchant.all<Payout>('/v1/payouts');
    expect((await erase(scene.merchant, { payout_id: payout!.id })).body).toMatchObject({
      payouts: 1,
      payout_links: 1,
      users: 0,
    });
    expect(await scene.left()).toEqual([]);
  });

  it('is not, while a link for him can be claimed, which is named', async () => {
    const scene = new Scene(await app.merchant());
    const userId = await scene.user();
    const link = await scene.link();
    const refused = await erase(scene.merchant, { dots_id: userId });
    expect([refused.status, refused.body.code]).toEqual([409, 'receiver_in_use']);
    expect(refused.text).toContain(toTypeId('link', link.id));
    expect((await scene.left()).length).toBe(scene.marks.length);
    await scene.client.ok('DELETE', `/payout-links/${link.id}`);
    expect((await erase(scene.merchant, { dots_id: userId })).body).toMatchObject({ payout_links: 1, users: 1 });
  });

  it('of one merchant is still known to another', async () => {
    const [scene, other] = [new Scene(await app.merchant()), await app.merchant()];
    const userId = await scene.user();
    expect((await erase(other, { phone_number: `+1${scene.phone.phone_number}` })).body).toEqual(NOBODY);
    expect((await erase(other, { dots_id: userId })).status).toBe(422);
    expect(await scene.client.statusOf('GET', `/users/${userId}`)).toBe(200);
  });

  it.each([
    {
      what: 'a batch',
      path: '/payout-batches',
      orderFor: (user_id: string) => ({
        items: [{ user_id, amount: 100, platform: 'default', fund: true, idempotency_key: randomUUID() }],
      }),
      status: 200,
    },
    {
      what: 'a link that is claimed at once',
      path: '/payouts/send-payout',
      orderFor: (user_id: string) => ({ amount: 100, user_id }),
      status: 404,
    },
  ])('does not come back with $what, ordered while he is forgotten', async ({ path, orderFor, status }) => {
    const scene = new Scene(await app.merchant());
    const userId = await scene.user();
    await scene.client.ok('PUT', `/users/${userId}/payout-methods`, { platform: 'paypal', email: scene.email });
    await asAdmin(app.databaseUrl, async (admin) => {
      const waiting = (count: number) => until(async () => (await admin.query(WHO_WAITS)).rowCount === count);
      // Keeps both from going on, and lets them do so in the order in which they came.
      await admin.query('BEGIN');
      const lock = `receivers of ${fromTypeId('merchant', scene.merchant.id) ?? ''}`;
      await admin.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [lock]);
      const erasing = erase(scene.merchant, { dots_id: userId });
      await waiting(1);
      const ordering = scene.client.statusOf('POST', path, orderFor(userId));
      await waiting(2);
      await admin.query('ROLLBACK');
      expect((await erasing).body).toEqual({ ...NOBODY, users: 1 });
      expect(await ordering).toBe(status);
    });
    expect(await scene.left()).toEqual([]);
  });

  it('has to be named by a whole number', async () => {
    const { merchant } = new Scene(await app.merchant());
    for (const body of [
      { phone_number: '2125550142' },
      { phone_number: '+1••••0142' },
      { dots_id: 'x' },
      { dots_id: randomUUID() },
    ])
      expect((await erase(merchant, body)).status).toBe(422);
  });

  it('is forgotten where the version before has written of him', async () => {
    const scene = new Scene(await app.merchant());
    const userId = await scene.user();
    const link = await scene.link();
    await scene.client.ok('DELETE', `/payout-links/${link.id}`);
    const asBefore = (table: string): Promise<void> =>
      asAdmin(app.databaseUrl, (admin) => admin.query(`UPDATE ${table} SET receivers = NULL`));
    for (const table of ['dots_user', 'payout_link']) await asBefore(table);
    await app.part(SealOldContents).execute();
    for (const table of ['dots_user', 'payout_link'])
      expect(await query(`SELECT FROM ${table} WHERE receivers IS NULL`)).toEqual([]);
    for (const table of ['dots_user', 'payout_link']) await asBefore(table);
    expect((await erase(scene.merchant, { phone_number: `+1${scene.phone.phone_number}` })).body).toMatchObject({
      payout_links: 1,
      users: 1,
    });
    expect(await scene.client.statusOf('GET', `/users/${userId}`)).toBe(404);
    expect(await scene.left()).toEqual([]);
  });

  it('goes by age from links that have ended; users are the merchant’s to keep', async () => {
    const scene = new Scene(await app.merchant());
    const userId = await scene.user();
    const [ended, waiting] = [await scene.link(), await scene.link()];
    await scene.client.ok('DELETE', `/payout-links/${ended.id}`);
    await query(`UPDATE payout_link SET updated_at = updated_at - interval '31 days' WHERE merchant_id = $1`, [
      fromTypeId('merchant', scene.merchant.id),
    ]);
    await app.part(EraseRestingReceivers).execute();
    expect(await scene.shown(ended)).toMatchObject({ payee: ANONYMOUS, status: 'canceled' });
    expect(await scene.shown(waiting)).toEqual(waiting);
    expect(await scene.client.statusOf('GET', `/users/${userId}`)).toBe(200);
    const audit = await scene.merchant.all<{ action: string; changes: object[] }>('/v1/audit');
    expect(audit.filter(({ action }) => action === 'eraseReceivers').map(({ changes }) => changes)).toEqual([
      [{ field: 'payout_links', before: 1, after: 0 }],
    ]);
  });
});
