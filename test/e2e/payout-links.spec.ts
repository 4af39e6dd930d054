import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { PayoutLinkDto } from '../../src/doors/dots/payout-link.dto.js';
import type { UserDto } from '../../src/doors/dots/user.dto.js';
import { ExpirePayoutLinks } from '../../src/payout-links/index.js';
import { toTypeId } from '../../src/platform/ids/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { DotsClient } from '../support/dots-client.js';
import { tomorrow, validItem } from '../support/items.js';
import type { Bulk, FeedEvent, MerchantClient } from '../support/merchant-client.js';
import { FILLED_IN, postForm } from '../support/payout-link-form.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';
import { eventually, until, WHO_WAITS } from '../support/until.js';
import { injectTime } from '../support/webhook-clock.js';

const DAY_S = 86_400;
const PAYEE = { country_code: '1', phone_number: '4154332334' };
const BOB = { first_name: 'Bob', last_name: 'Loblaw', email: 'bob@bobloblaw.com' };

let app: TestApp;
let owner: pg.Client;
let merchant: MerchantClient;
let client: DotsClient;

beforeAll(async () => {
  app = await testApp();
  owner = new pg.Client({ connectionString: app.databaseUrl });
  await owner.connect();
  merchant = await app.merchant({ name: 'Rent & <b>Sons</b>' });
  client = clientOf(merchant);
});
afterAll(async () => {
  await owner.end();
  await app.close();
});

const clientOf = ({ created }: MerchantClient): DotsClient => new DotsClient(app.url, created.api_key_id, created.api_key);
const send = (overrides: object = {}, by = client): Promise<PayoutLinkDto> =>
  by.ok('POST', '/payouts/send-payout', { amount: 12050, payee: PAYEE, ...overrides });
const statusOf = async ({ id }: PayoutLinkDto): Promise<string> =>
  (await client.ok<PayoutLinkDto>('GET', `/payout-links/${id}`)).status;
const eventsOf = async ({ id }: PayoutLinkDto): Promise<FeedEvent[]> =>
  (await merchant.events('/v1/events')).filter(({ data }) => data['link_id'] === toTypeId('link', id));
const bulksOf = async (by: MerchantClient): Promise<Bulk[]> => by.all<Bulk>('/v1/bulks');

/** All that can be seen of an answer but what counts and names it. */
async function seen(answer: Response): Promise<string> {
  const told = [...answer.headers].filter(([name]) => !['date', 'request-id', 'ratelimit', 'ratelimit-policy'].includes(name));
  return JSON.stringify([answer.status, told, await answer.text()]);
}

describe('A payout link', () => {
  it('is opened as often as one likes, claimed once, and paid as any payout', async () => {
    const link = await send({ memo: 'For <May>', metadata: { invoice: 'INV-1' } });
    expect(link).toMatchObject({
      amount: 12050,
      status: 'created',
      payee: PAYEE,
      claimed_user_id: null,
      metadata: { invoice: 'INV-1' },
    });
    for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(link.link, { method })).status).toBe(200);
    const page = await (await fetch(link.link)).text();
    for (const text of ['120.50 USD', 'Rent &amp; &lt;b&gt;Sons&lt;/b&gt;', 'For &lt;May&gt;']) expect(page).toContain(text);
    expect(page).not.toContain('INV-1');
    expect(await statusOf(link)).toBe('created');

    const answer = await postForm(link.link, FILLED_IN);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('You will be paid 120.50 USD');
    expect(await statusOf(link)).toBe('claimed');
    const [created, claimed] = await eventsOf(link);
    expect(created).toMatchObject({
      type: 'payout_link.created',
      data: { status: 'open', previous_status: null, payout_id: null },
    });
    const { bulk_id, payout_id } = claimed!.data;
    expect(claimed).toMatchObject({
      type: 'payout_link.claimed',
      data: { sequence: 2, status: 'claimed', previous_status: 'open' },
    });
    const [payout] = await merchant.untilAtRest(bulk_id);
    expect(payout).toMatchObject({
      id: payout_id,
      reference: toTypeId('link', link.id),
      ...{ amount: '120.50', currency: 'USD', status: 'PROCESSED', intent: { status: 'succeeded' } },
      billing_data: { first_name: 'Ada', last_name: 'Lovelace' },
    });
  });

  it('does not blame its receiver for a limit of the merchant', async () => {
    const limited = await app.merchant({ limits: { max_open_bulks: 1 } });
    await limited.createValidated([validItem({ scheduled_date: tomorrow() })]);
    const link = await send({}, clientOf(limited));
    const answer = await postForm(link.link, FILLED_IN);
    expect(answer.status).toBe(429);
    const page = await answer.text();
    expect(page).toContain('It can not be paid at the moment. Tell whoever gave you the link.');
    expect(page).not.toContain('too many requests');
  });

  it('is claimed by one of ten who come at once', async () => {
    const link = await send({}, clientOf(merchant));
    const before = (await bulksOf(merchant)).length;
    const answers = await Promise.all(Array.from({ length: 10 }, () => postForm(link.link, FILLED_IN)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(404)]);
    expect((await bulksOf(merchant)).length).toBe(before + 1);
    expect((await eventsOf(link)).map(({ type }) => type)).toEqual(['payout_link.created', 'payout_link.claimed']);
  });

  it('is claimed once where the transaction of a claim dies between the bulk and the step of the link', async () => {
    const link = await send();
    const before = (await bulksOf(merchant)).length;
    // Lets a claim lock the link and make its bulk, and keeps it from going on.
    await owner.query('BEGIN');
    await owner.query('LOCK TABLE payout_link IN SHARE MODE');
    const claim = postForm(link.link, FILLED_IN);
    const { rows } = await eventually(
      () =>
        owner.query<{ pid: number }>(`${WHO_WAITS} AND l.relation = 'payout_link'::regclass AND EXISTS (
        SELECT FROM pg_locks m WHERE m.pid = l.pid AND m.relation = 'bulk'::regclass AND m.mode = 'RowExclusiveLock')`),
      (waiting) => waiting.rows.length === 1,
    );
    await owner.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await owner.query('ROLLBACK');
    // Nothing of it is left, so the request begins anew.
    expect((await claim).status).toBe(200);
    expect((await postForm(link.link, FILLED_IN)).status).toBe(404);
    expect([(await bulksOf(merchant)).length, await statusOf(link)]).toEqual([before + 1, 'claimed']);
    expect((await eventsOf(link)).map(({ type }) => type)).toEqual(['payout_link.created', 'payout_link.claimed']);
  });

  it('looks the same to the last byte claimed, cancelled, expired, guessed and mistyped, read or claimed', async () => {
    const [used, cancelled, expired] = [await send(), await send(), await send()];
    expect((await postForm(used.link, FILLED_IN)).status).toBe(200);
    expect(await client.ok('DELETE', `/payout-links/${cancelled.id}`)).toMatchObject({ status: 'canceled' });
    await owner.query(`UPDATE payout_link SET expires_at = tranche_now() WHERE id = $1`, [expired.id]);
    const guess = `${app.url}/pay/${'A'.repeat(43)}`;
    const links = [used.link, cancelled.link, expired.link, guess, `${app.url}/pay/x`, used.link.slice(0, -1)];
    for (const act of [
      (link: string) => fetch(link),
      (link: string) => postForm(link, FILLED_IN),
      (link: string) => postForm(link, {}),
    ]) {
      const looks = new Set<string>();
      for (const link of links) looks.add(await seen(await act(link)));
      expect(looks.size).toBe(1);
      expect([...looks][0]).toMatch(/^\[404,/);
    }
  });

  it('is not used up by a form that validation refuses, which says what to mend and where', async () => {
    const link = await send();
    const names = { first_name: 'Ada', last_name: 'Lovelace' };
    const faults: [Readonly<Record<string, string>>, string][] = [
      [{}, 'first_name'],
      [{ ...names }, 'method'],
      [{ ...names, method: 'pigeon' }, 'method'],
      [{ ...names, method: 'constructor' }, 'method'],
      [{ ...FILLED_IN, email: '' }, 'email'],
      [{ ...FILLED_IN, email: 'nobody' }, 'email'],
      [{ ...FILLED_IN, email: `${'a'.repeat(300)}@example.com` }, 'email'],
      [{ ...FILLED_IN, last_name: 'Love\u0000lace' }, 'last_name'],
      [{ ...names, method: 'iban', iban: 'DE00370400440532013000' }, 'iban'],
      [
        { ...names, method: 'us_account', routing_number: '1', account_number: '123456789', account_type: 'checking' },
        'routing_number',
      ],
      [{ ...names, method: 'us_account', routing_number: '021000021', account_number: '123456789' }, 'account_type'],
    ];
    for (const [fields, field] of faults) {
      const answer = await postForm(link.link, fields);
      const page = await answer.text();
      expect([field, answer.status]).toEqual([field, 422]);
      expect(page).toContain(`id="${field}-error"`);
      expect(page).toMatch(new RegExp(`id="${field}"[^>]* aria-describedby="[^"]*${field}-error" aria-invalid="true"`));
      expect(page).toContain(`<a href="#${field}">`);
    }
    const evil = await (await postForm(link.link, { ...FILLED_IN, first_name: '"><script>', email: '' })).text();
    expect(evil).toContain('value="&quot;&gt;&lt;script&gt;"');
    expect(evil).not.toContain('<script');
    expect(await statusOf(link)).toBe('created');
    const spaced = { ...names, method: 'iban', iban: 'DE89 3704 0044 0532 0130 00', email: 'left over' };
    expect((await postForm(link.link, spaced)).status).toBe(200);
  });

  it('refuses what is no form of its own, and stays open', async () => {
    const link = await send();
    const json = await fetch(link.link, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    const long = await postForm(link.link, { ...FILLED_IN, first_name: 'a'.repeat(2 ** 20) });
    const put = await fetch(link.link, { method: 'PUT', body: new URLSearchParams(FILLED_IN) });
    const garbled = await fetch(`${app.url}/pay/%`);
    expect([json.status, long.status, put.status, garbled.status]).toEqual([415, 413, 404, 400]);
    for (const answer of [json, long, put, garbled]) expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await statusOf(link)).toBe('created');
  });

  it('is kept by nobody on its way: no store, no referrer, no script, no frame, nothing from elsewhere', async () => {
    const link = await send();
    for (const answer of [await fetch(link.link), await fetch(`${app.url}/pay/x`), await postForm(link.link, {})]) {
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(await answer.text()).not.toMatch(/<script|<img|<link|https?:|@import|url\(/);
    }
    const stored = await app.stored();
    expect(stored).not.toContain(link.link.split('/').at(-1));
  });

  it('can be cancelled until it is claimed, and expires after PAYOUT_LINK_DAYS, each told once', async () => {
    const receiver: Receiver = await startReceiver();
    const types = ['payout_link.cancelled', 'payout_link.expired'];
    const endpoint = await merchant.post<{ id: string; secret: string }>('/v1/webhook-endpoints', {
      url: receiver.url,
      event_types: types,
    });
    expect(endpoint.status).toBe(201);
    const [taken, gone, late] = [await send(), await send(), await send()];
    await postForm(taken.link, FILLED_IN);
    expect(await client.refused('DELETE', `/payout-links/${taken.id}`)).toMatchObject({
      status: 409,
      error_code: 'invalid-transaction',
    });
    for (let times = 0; times < 2; times += 1)
      expect(await client.ok('DELETE', `/payout-links/${gone.id}`)).toMatchObject({ status: 'canceled' });

    const expire = (): Promise<void> => app.part(ExpirePayoutLinks).execute();
    await injectTime(owner, { ahead_s: 29 * DAY_S });
    await expire();
    expect(await statusOf(late)).toBe('created');
    await injectTime(owner, { ahead_s: 30 * DAY_S + 60 });
    // Before anybody has written it down.
    expect((await postForm(late.link, FILLED_IN)).status).toBe(404);
    await Promise.all([expire(), expire()]);
    await expire();
    expect([await statusOf(late), await statusOf(gone), await statusOf(taken)]).toEqual(['expired', 'canceled', 'claimed']);
    expect((await eventsOf(late)).map(({ type }) => type)).toEqual(['payout_link.created', 'payout_link.expired']);
    expect((await eventsOf(gone)).map(({ type }) => type)).toEqual(['payout_link.created', 'payout_link.cancelled']);
    const told = (): unknown[] => receiver.received.map(({ event }) => event.data['link_id']);
    await until(() => told().includes(toTypeId('link', late.id)) && told().includes(toTypeId('link', gone.id)));
    await injectTime(owner, {});
    await receiver.close();
  });

  it('is told of no earlier instant where the clock has gone back in between', async () => {
    await injectTime(owner, { ahead_s: 3_600 });
    const link = await send();
    await injectTime(owner, {});
    await client.ok('DELETE', `/payout-links/${link.id}`);
    const [created, cancelled] = await eventsOf(link);
    expect(cancelled?.type).toBe('payout_link.cancelled');
    expect(cancelled?.timestamp).toBe(created?.timestamp);
  });
});

describe('send-payout', () => {
  it('pays a user who has a method at once, and makes a link for one who has none or a wrong one', async () => {
    const by = clientOf(merchant);
    const phone = { country_code: '1', phone_number: '2125550143' };
    const user = await by.ok<UserDto>('POST', '/users', { ...BOB, ...phone });
    expect(await send({ user_id: user.id, payee: undefined })).toMatchObject({ status: 'created', claimed_user_id: null });
    await by.ok('PUT', `/users/${user.id}/payout-methods`, {
      platform: 'ach',
      routing_number: '123456789',
      account_number: '1',
      account_type: 'checking',
    });
    const open = await send({ payee: phone });
    expect(open.status).toBe('created');
    await by.ok('PUT', `/users/${user.id}/payout-methods`, { platform: 'paypal', email: 'bob@example.com', is_default: true });
    for (const to of [{ user_id: user.id, payee: undefined }, { payee: phone }]) {
      const link = await send(to);
      expect(link).toMatchObject({ status: 'claimed', claimed_user_id: user.id, payee: BOB });
      const { data } = (await eventsOf(link))[1]!;
      const [payout] = await merchant.untilAtRest(data.bulk_id);
      expect(payout).toMatchObject({ intent: { status: 'succeeded' }, payout_method: { type: 'paypal' } });
      expect((await fetch(link.link)).status).toBe(404);
    }
  });

  it('answers the first link to its key, also of five at once, and refuses another request under it', async () => {
    const body = { idempotency_key: randomUUID() };
    const links = await Promise.all(Array.from({ length: 5 }, () => send(body)));
    expect(new Set(links.map(({ link }) => link)).size).toBe(1);
    expect((await eventsOf(links[0]!)).map(({ type }) => type)).toEqual(['payout_link.created']);
    const other = { amount: 1, payee: PAYEE, ...body };
    expect(await client.refused('POST', '/payouts/send-payout', other)).toMatchObject({
      status: 409,
      error_code: 'idempotency-key-reused',
    });
  });

  it('refuses what it can not read, an unknown user, and shows nobody another’s link', async () => {
    for (const [body, said] of [
      [{ amount: 0, payee: PAYEE }, 'amount'],
      [{ amount: 100 }, 'user_id'],
      [{ amount: 100, payee: PAYEE, user_id: randomUUID() }, 'user_id'],
      [{ amount: 100, payee: { country_code: '1' } }, 'payee.phone_number'],
      [{ amount: 100, payee: PAYEE, additional_steps: ['dance'] }, 'additional_steps[0]'],
    ] as const) {
      const refused = await client.refused('POST', '/payouts/send-payout', body);
      expect([refused.status, refused.error_code]).toEqual([400, 'invalid-input']);
      expect(refused.message.startsWith(said)).toBe(true);
    }
    expect(await client.refused('POST', '/payouts/send-payout', { amount: 100, user_id: randomUUID() })).toMatchObject({
      status: 404,
    });
    const link = await send();
    const stranger = clientOf(await app.merchant());
    for (const method of ['GET', 'DELETE'])
      expect(await stranger.refused(method, `/payout-links/${link.id}`)).toMatchObject({ status: 404, error_code: 'not-found' });
    expect(await statusOf(link)).toBe('created');
    // A link is no key for anything else.
    const token = link.link.split('/').at(-1) ?? '';
    expect((await fetch(`${app.url}/v1/bulks`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  });

  it('is written into the audit, as is the claim', async () => {
    const link = await send();
    await postForm(link.link, FILLED_IN);
    const entries = await merchant.all<{ action: string; subject: string; actor: { kind: string; id: string } }>('/v1/audit');
    const ofLink = entries.filter(({ subject }) => subject === toTypeId('link', link.id));
    expect(ofLink.map(({ action, actor }) => [action, actor.kind, actor.id])).toEqual([
      ['claimPayoutLink', 'system', 'guest'],
      ['sendDotsPayout', 'merchant_key', merchant.created.api_key_id],
    ]);
  });
});
