import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HttpExchange } from '../wire/exchange.js';
import { idIn, toOutcomeWithoutPayee, toPaymentPage, toReading, toSubmitOutcome } from './dots.mapping.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const ACCOUNT = { payoutMethod: { type: 'paypal', email: 'ada@example.com' }, billingData: { last_name: 'Lovelace' } };
const ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const KEY = '11111111-2222-3333-4444-555555555555';

const answer = (status: number, body: unknown): HttpExchange => ({
  kind: 'answer',
  status,
  retryAfter: '7',
  body: body === null ? null : JSON.stringify(body),
  cut: false,
});
const error = (error_code: unknown, message = 'It said so.'): object => ({ error_code, message });
const submitted = (exchange: HttpExchange) => toSubmitOutcome(exchange, { key: KEY, account: ACCOUNT, now: NOW });
const submit = (status: number, body: unknown) => submitted(answer(status, body));

const metadata = { tranche: 'connector', reference: 'INV-7', amount: '12.50', currency: 'USD' };
const batch = { id: ID, created: '2026-11-22T11:00:00Z', idempotency_key: KEY, status: 'created', metadata };
const item = (more: object = {}): object => ({ transfer: null, error_code: null, error_message: null, ...more });
const transfer = (status: unknown): object => ({ transfer: { id: 'T1', status } });
const read = (items: unknown, more: object = {}, status = 200) => toReading(answer(status, { ...batch, items, ...more }), ID);

describe('the answer to the creation of a batch', () => {
  it('says that it was taken, and what was asked for when the key came first', () => {
    expect(submit(200, batch)).toEqual({
      kind: 'accepted',
      payment: { providerReference: ID, status: 'pending', failure: null, amount: '12.50', currency: 'USD', checkAfter_ms: null },
      httpStatus: 200,
    });
    expect(submit(200, { ...batch, metadata: JSON.stringify(metadata) })).toMatchObject({ payment: { amount: '12.50' } });
    expect(submit(201, { ...batch, metadata: 'a text' })).toMatchObject({ kind: 'accepted', payment: { amount: null } });
  });

  it.each([{}, { ...batch, id: 7 }, { ...batch, idempotency_key: 'another' }, { id: ID }, [], null])(
    'is unknown where it can not be read, or is of another key: %j',
    (body) => {
      expect(submit(200, body)).toMatchObject({ kind: 'unknown', unreadable: true });
    },
  );

  it.each([
    ['invalid-input', false],
    ['user-info-missing', false],
    ['transaction-insufficient-funds', true],
  ])('refuses with %s, where the list has no batch under the key', (code, retryable) => {
    expect(submit(400, error(code, 'Not Lovelace of ada@example.com'))).toEqual({
      kind: 'refused',
      otherwise: {
        kind: 'rejected',
        failure: { code, message: 'Not [removed] of [removed]', retryable },
        ofDuplicate: false,
        httpStatus: 400,
      },
    });
  });

  it.each([
    [409, 'resource-busy'],
    [409, 'idempotency-key-reused'],
    [404, 'not-found'],
    [400, 'a-new-word'],
    [400, 'constructor'],
  ])('is unknown with %i %s, where the list has no batch under the key', (status, code) => {
    const detail = `answered ${status} (${code})`;
    const otherwise = { kind: 'unknown', detail, httpStatus: status, unreadable: false };
    expect(submit(status, error(code))).toEqual({ kind: 'refused', otherwise });
  });

  it.each([408, 500, 502, 503])('is unknown with %i, whatever the code', (status) => {
    expect(submit(status, error('invalid-input'))).toMatchObject({ kind: 'unknown', unreadable: false });
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [429, 'busy'],
  ])('was not taken with %i', (status, reason) => {
    expect(submit(status, error('any'))).toMatchObject({ kind: 'not_taken', reason });
  });

  it('has one meaning for every status and every body', () => {
    const bodies = fc.oneof(
      fc.json(),
      fc.constantFrom(null, JSON.stringify(batch), JSON.stringify(error('invalid-input')), JSON.stringify(error(7))),
    );
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), bodies, fc.boolean(), (status, body, cut) => {
        const exchange: HttpExchange = { kind: 'answer', status, retryAfter: null, body, cut };
        const { kind } = submitted(exchange);
        if (kind === 'accepted') expect(Math.floor(status / 100)).toBe(2);
        if (kind === 'refused') expect(status).toBeLessThan(500);
        if (status >= 500) expect(kind).toBe('unknown');
        const without = toOutcomeWithoutPayee({ missing: 'no user', why: exchange }, ACCOUNT, NOW);
        expect(['rejected', 'not_taken']).toContain(without.kind);
        toReading(exchange, ID);
        toPaymentPage(exchange, { connectorId: 'connector', createdAfter: NOW });
        idIn(exchange);
      }),
    );
  });
});

describe('the answer to what goes before a batch', () => {
  const without = (why: HttpExchange) => toOutcomeWithoutPayee({ missing: 'no user', why }, ACCOUNT, NOW);

  it('gives an id, or nothing', () => {
    expect(idIn(answer(200, { id: ID }))).toBe(ID);
    for (const other of [answer(200, {}), answer(200, null), answer(400, { id: ID })]) expect(idIn(other)).toBeNull();
  });

  it('refuses the receiver where it says why', () => {
    expect(without(answer(400, error('invalid-phone-number-voip')))).toMatchObject({
      kind: 'rejected',
      failure: { code: 'invalid-phone-number-voip', retryable: false },
    });
    const vanished = { missing: 'no payout method', why: answer(404, error('not-found')) } as const;
    expect(toOutcomeWithoutPayee(vanished, ACCOUNT, NOW)).toMatchObject({ kind: 'rejected', failure: { code: 'not-found' } });
  });

  it.each([
    [{ kind: 'no_answer', code: 'ECONNRESET' }, 'unreachable', 'no user: no answer (ECONNRESET)'],
    [answer(409, error('resource-busy')), 'busy', 'no user: answered 409'],
    [answer(503, error('service-unavailable')), 'busy', 'no user: answered 503'],
    [answer(401, error('unauthorized')), 'unauthorized', 'no user: answered 401'],
    [answer(404, null), 'unauthorized', 'no user: answered 404'],
    [answer(404, error('not-found')), 'unauthorized', 'no user: answered 404'],
    [answer(200, {}), 'unauthorized', 'no user: answered 200'],
  ] as const)('says that nothing was sent: %j', (why, reason, detail) => {
    expect(without(why)).toMatchObject({ kind: 'not_taken', reason, detail });
  });
});

describe('a look at the results of a batch', () => {
  it.each([
    ['created', 'pending'],
    ['pending', 'pending'],
    ['flagged', 'pending'],
    ['completed', 'succeeded'],
    ['reversed', 'returned'],
  ])('takes a transfer that is %s for %s', (word, status) => {
    expect(read([item({ ...transfer(word), request: { amount: 1250 } })])).toEqual({
      kind: 'found',
      payments: [{ providerReference: ID, status, failure: null, amount: '12.50', currency: 'USD', checkAfter_ms: null }],
    });
  });

  it.each(['failed', 'canceled'])('takes a transfer that is %s for failed, with Dots’ reason or its word', (word) => {
    const reason = { error_code: 'transaction-insufficient-funds', error_message: 'No money.' };
    expect(read([item({ ...transfer(word), ...reason })])).toMatchObject({
      payments: [{ status: 'failed', failure: { code: reason.error_code, message: 'No money.', retryable: true } }],
    });
    expect(read([item(transfer(word))])).toMatchObject({ payments: [{ status: 'failed', failure: { code: word } }] });
  });

  it('takes an item with an error and no transfer for failed, and one with neither for one that is on its way', () => {
    const failed = { error_code: 'user-info-missing', error_message: 'Nobody.' };
    expect(read([item(failed)], { status: 'completed' })).toMatchObject({
      payments: [{ status: 'failed', failure: { code: 'user-info-missing' } }],
    });
    for (const status of ['created', 'pending', 'processing', 'paying_out'])
      expect(read([item()], { status })).toMatchObject({ payments: [{ status: 'pending', amount: null }] });
    for (const status of ['completed', 'a_new_word', null])
      expect(read([item()], { status })).toMatchObject({ kind: 'unavailable' });
  });

  it.each(['a_new_word', 'toString', '', 7, null, undefined])('says nothing with the transfer status %j', (word) => {
    expect(read([item(transfer(word))])).toMatchObject({ kind: 'unavailable', systemic: false });
    expect(read([item({ transfer: 'completed' })])).toMatchObject({ kind: 'unavailable' });
  });

  it('believes no batch but the one that was asked for, with one item', () => {
    const paid = item(transfer('completed'));
    expect(read([paid], { id: 'another' })).toMatchObject({ kind: 'unavailable', detail: 'it showed another batch' });
    for (const items of [[], [paid, paid], 'x', undefined]) expect(read(items)).toMatchObject({ kind: 'unavailable' });
  });

  it('keeps an amount that is no number of cents, to differ', () => {
    const amountOf = (amount: unknown) => read([item({ ...transfer('completed'), request: { amount } })]);
    for (const [amount, kept] of [
      [12.5, '12.50'],
      ['1250', '1250.00'],
      [1e300, '1e+300'],
    ] as const)
      expect(amountOf(amount)).toMatchObject({ payments: [{ amount: kept, currency: 'USD' }] });
    expect(amountOf(null)).toMatchObject({ payments: [{ amount: null, currency: null }] });
  });

  it.each([
    [401, true],
    [403, true],
    [404, false],
    [500, false],
  ])('is unavailable with %i', (status, systemic) => {
    expect(read([], {}, status)).toEqual({ kind: 'unavailable', detail: `answered ${status}`, systemic });
  });
});

describe('a page of the list of batches', () => {
  const page = (data: unknown, more: object = {}, createdAfter = new Date('2026-11-22T10:00:00Z')) =>
    toPaymentPage(answer(200, { data, has_more: true, ...more }), { connectorId: 'connector', createdAfter });

  it('has the batches of this connector, and goes on after the last', () => {
    const foreign = [
      { ...batch, metadata: null },
      { ...batch, id: 'last', metadata: { tranche: 'another' } },
    ];
    expect(page([batch, ...foreign])).toEqual({
      kind: 'page',
      payments: [{ idempotencyKey: KEY, payment: expect.objectContaining({ providerReference: ID, amount: '12.50' }) }],
      nextCursor: 'last',
    });
    expect(page([batch], { has_more: false })).toMatchObject({ nextCursor: null });
    expect(page([])).toEqual({ kind: 'page', payments: [], nextCursor: null });
  });

  it('ends where the batches are older than was asked for', () => {
    const older = { ...batch, id: 'older', created: '2026-11-22T09:59:59Z' };
    expect(page([batch, older])).toMatchObject({ payments: [{ payment: { providerReference: ID } }], nextCursor: null });
  });

  it('says nothing where an entry can not be read', () => {
    for (const entry of [{ ...batch, id: 7 }, { ...batch, created: 'x' }, null])
      expect(page([batch, entry]).kind).toBe('unavailable');
    for (const more of [{ data: 'x' }, { has_more: 1 }]) expect(page([], more).kind).toBe('unavailable');
  });

  it('is refused where there is no list, or none after that batch', () => {
    const refused = (status: number) => toPaymentPage(answer(status, null), { connectorId: 'connector', createdAfter: NOW });
    for (const status of [400, 404]) expect(refused(status).kind).toBe('refused');
    for (const status of [401, 500]) expect(refused(status).kind).toBe('unavailable');
  });
});
