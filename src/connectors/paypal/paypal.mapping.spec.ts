import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HttpExchange } from '../wire/exchange.js';
import { itemIdOf, toCancelOutcome, toReading, toSubmitOutcome } from './paypal.mapping.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const ACCOUNT = { payoutMethod: { type: 'paypal', email: 'ada@example.com' }, billingData: null };
const ID = 'BATCH1';
const KEY = 'key-1';

const answer = (status: number, body: unknown): HttpExchange => ({
  kind: 'answer',
  status,
  retryAfter: '7',
  body: body === null ? null : JSON.stringify(body),
  cut: false,
});
const error = (name: string, more: object = {}): object => ({ name, message: 'It said so.', details: [], links: [], ...more });
const submit = (status: number, body: unknown) => toSubmitOutcome(answer(status, body), ACCOUNT, NOW);
const repeated = (href: unknown): object =>
  error('USER_BUSINESS_ERROR', { details: [{ field: 'SENDER_BATCH_ID', issue: 'exists', link: [{ href, rel: 'self' }] }] });

const created = { batch_header: { payout_batch_id: ID, batch_status: 'PENDING', sender_batch_header: { sender_batch_id: KEY } } };
const item = (transaction_status: unknown, more: object = {}): object => ({
  payout_item_id: 'ITEM1',
  payout_batch_id: ID,
  transaction_status,
  payout_item: { amount: { currency: 'USD', value: '12.5' }, receiver: 'ada@example.com' },
  ...more,
});
const batch = (items: unknown, batch_status = 'SUCCESS'): object => ({
  batch_header: { ...created.batch_header, batch_status },
  items,
});
const read = (body: unknown, status = 200) => toReading(answer(status, body), { batchId: ID, key: KEY });

describe('the answer to the creation of a batch', () => {
  it('says that it was taken, and no more', () => {
    expect(submit(201, created)).toEqual({
      kind: 'accepted',
      payment: { providerReference: ID, status: 'pending', failure: null, amount: null, currency: null, checkAfter_ms: null },
      httpStatus: 201,
    });
  });

  it.each([{}, { batch_header: {} }, { batch_header: { payout_batch_id: 7 } }, [], null])(
    'is unknown where it can not be read: %j',
    (body) => {
      expect(submit(201, body)).toMatchObject({ kind: 'unknown', unreadable: true });
    },
  );

  it.each([
    [400, 'VALIDATION_ERROR', false],
    [422, 'INSUFFICIENT_FUNDS', true],
    [422, 'NON_HOLDING_CURRENCY', false],
  ])('refuses for good with %i %s', (status, name, retryable) => {
    expect(submit(status, error(name))).toMatchObject({
      kind: 'rejected',
      failure: { code: name, retryable },
      ofDuplicate: false,
      httpStatus: status,
    });
  });

  it('says what is wrong where, and nothing of the receiver', () => {
    const details = [{ field: 'items[0].receiver', issue: 'Receiver ada@example.com is invalid', value: 'x' }];
    expect(submit(400, error('VALIDATION_ERROR', { details }))).toMatchObject({
      failure: { message: 'It said so. items[0].receiver: Receiver [removed] is invalid' },
    });
  });

  it.each([401, 403])('pauses the connector with %i', (status) => {
    expect(submit(status, error('NOT_AUTHORIZED'))).toMatchObject({ kind: 'not_taken', reason: 'unauthorized' });
  });

  it('waits with 429', () => {
    expect(submit(429, error('RATE_LIMIT_REACHED'))).toMatchObject({ kind: 'not_taken', reason: 'busy', retryAfter_ms: 7_000 });
  });

  it.each([
    [400, 'USER_BUSINESS_ERROR'],
    [400, 'A_NEW_WORD'],
    [404, 'INVALID_RESOURCE_ID'],
    [408, 'REQUEST_TIMED_OUT'],
    [409, 'RESOURCE_CONFLICT'],
    [500, 'INTERNAL_ERROR'],
    [500, 'VALIDATION_ERROR'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('is unknown with %i %s', (status, name) => {
    expect(submit(status, error(name))).toEqual({
      kind: 'unknown',
      detail: `answered ${status} (${name})`,
      httpStatus: status,
      unreadable: false,
    });
  });

  it('leads to the batch of an earlier send, wherever the link says that PayPal is', () => {
    const path = `/v1/payments/payouts/${ID}`;
    for (const origin of ['https://api-m.paypal.com', 'https://api.paypal.com:443', 'http://169.254.169.254'])
      expect(submit(400, repeated(origin + path))).toEqual({ kind: 'repeated', batchId: ID });
  });

  it.each([
    'https://x/v1/payments/payouts/',
    'https://x/v1/payments/payouts/../../oauth2',
    'https://x/v1/payments/payouts/A?b',
    7,
    null,
  ])('leads nowhere by the link %j', (href) => {
    expect(submit(400, repeated(href))).toMatchObject({ kind: 'unknown' });
  });

  it.each([
    [{ kind: 'no_answer', code: 'ECONNRESET' }, 'not_taken', 'unreachable'],
    [answer(401, { error: 'invalid_client' }), 'not_taken', 'unauthorized'],
    [answer(200, null), 'not_taken', 'unauthorized'],
    [answer(503, null), 'not_taken', 'busy'],
    [answer(429, null), 'not_taken', 'busy'],
  ] as const)('was not taken where there was no token: %j', (why, kind, reason) => {
    expect(toSubmitOutcome({ kind: 'no_token', why }, ACCOUNT, NOW)).toMatchObject({ kind, reason });
  });

  it('means something with every status and every body', () => {
    const bodies = fc.oneof(fc.json(), fc.constantFrom(null, JSON.stringify(created), JSON.stringify(error('VALIDATION_ERROR'))));
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), bodies, fc.boolean(), (status, body, cut) => {
        const exchange: HttpExchange = { kind: 'answer', status, retryAfter: null, body, cut };
        const { kind } = toSubmitOutcome(exchange, ACCOUNT, NOW);
        if (kind === 'accepted') expect(Math.floor(status / 100)).toBe(2);
        if (kind === 'rejected') expect(status).toBeLessThan(500);
        if (status >= 500) expect(kind).toBe('unknown');
        toReading(exchange, { batchId: ID, key: KEY });
        toCancelOutcome(exchange, ID);
        itemIdOf(exchange);
      }),
    );
  });
});

describe('a look at a batch', () => {
  it.each([
    ['SUCCESS', 'succeeded'],
    ['PENDING', 'pending'],
    ['ONHOLD', 'pending'],
    ['UNCLAIMED', 'unclaimed'],
    ['RETURNED', 'returned'],
    ['REFUNDED', 'returned'],
    ['REVERSED', 'returned'],
  ])('takes %s for %s', (word, status) => {
    expect(read(batch([item(word)]))).toEqual({
      kind: 'found',
      payments: [{ providerReference: ID, status, failure: null, amount: '12.50', currency: 'USD', checkAfter_ms: null }],
    });
  });

  it.each(['FAILED', 'BLOCKED'])('takes %s for failed, with PayPal’s reason or its word', (word) => {
    const errors = { name: 'RISK_DECLINE', message: 'Declined.' };
    expect(read(batch([item(word, { errors })], 'DENIED'))).toMatchObject({
      payments: [{ status: 'failed', failure: { code: 'RISK_DECLINE', message: 'Declined.', retryable: false } }],
    });
    expect(read(batch([item(word)]))).toMatchObject({ payments: [{ status: 'failed', failure: { code: word } }] });
  });

  it.each(['NEW_WORD', 'toString', '', 7, null, undefined])('says nothing with the status %j', (word) => {
    expect(read(batch([item(word)]))).toMatchObject({ kind: 'unavailable', systemic: false });
  });

  it.each([
    ['PENDING', 'pending'],
    ['PROCESSING', 'pending'],
    ['DENIED', 'failed'],
  ])('goes by a batch that is %s where no item is shown', (word, status) => {
    expect(read(batch([], word))).toMatchObject({ kind: 'found', payments: [{ providerReference: ID, status, amount: null }] });
  });

  it.each(['SUCCESS', 'CANCELED', 'NEW_WORD'])('says nothing of a batch that is %s and has no item', (word) => {
    expect(read(batch([], word))).toMatchObject({ kind: 'unavailable' });
  });

  it('believes no batch but the one that was asked for, sent under our key, with one item', () => {
    const other = { ...created.batch_header, payout_batch_id: 'BATCH2' };
    const foreign = { ...created.batch_header, sender_batch_header: { sender_batch_id: 'key-2' } };
    for (const batch_header of [other, foreign])
      expect(read({ batch_header, items: [item('SUCCESS')] })).toMatchObject({
        kind: 'unavailable',
        detail: 'it showed another batch',
      });
    expect(read(batch([item('SUCCESS'), item('SUCCESS')]))).toMatchObject({ kind: 'unavailable' });
    expect(read(batch([item('SUCCESS', { payout_batch_id: 'BATCH2' })]))).toMatchObject({ kind: 'unavailable' });
  });

  it('shows an amount of a currency without decimals as ours are written, and a strange one as it is', () => {
    const amountOf = (value: unknown, currency: string) =>
      read(batch([item('SUCCESS', { payout_item: { amount: { value, currency } } })]));
    expect(amountOf('1200', 'HUF')).toMatchObject({ payments: [{ amount: '1200.00', currency: 'HUF' }] });
    expect(amountOf(12.5, 'USD')).toMatchObject({ payments: [{ amount: '12.50' }] });
    expect(amountOf('12,50', 'USD')).toMatchObject({ payments: [{ amount: '12,50' }] });
  });

  it.each([
    [401, true],
    [403, true],
    [404, false],
    [429, false],
    [500, false],
  ])('is unavailable with %i', (status, systemic) => {
    expect(read(error('ANY'), status)).toEqual({ kind: 'unavailable', detail: `answered ${status}`, systemic });
  });
});

describe('the answer to a cancellation', () => {
  const cancelled = (status: number, body: unknown) => toCancelOutcome(answer(status, body), ID);

  it('shows how the item stands', () => {
    expect(cancelled(200, item('RETURNED'))).toMatchObject({
      kind: 'answered',
      payment: { providerReference: ID, status: 'returned', amount: '12.50' },
    });
  });

  it.each([
    [200, null, 'decided'],
    [400, 'ITEM_ALREADY_CANCELLED', 'decided'],
    [400, 'ITEM_INCORRECT_STATUS', 'decided'],
    [400, 'ITEM_CANCELLATION_FAILED', 'refused'],
    [404, 'INVALID_RESOURCE_ID', 'refused'],
    [400, 'BATCH_NOT_COMPLETED', 'unavailable'],
    [401, 'AUTHENTICATION_FAILURE', 'unavailable'],
    [500, 'INTERNAL_ERROR', 'unavailable'],
  ])('with %i %s is %s', (status, name, kind) => {
    expect(cancelled(status, name === null ? {} : error(name))).toMatchObject({ kind });
  });
});
