import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SubmitOutcome } from '../connector.js';
import { type HttpExchange, retryAfter_ms } from '../wire/exchange.js';
import { toLookupOutcome, toPaymentPage, toSubmitOutcome } from './http.mapping.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const ACCOUNT = { payoutMethod: { type: 'bank_account', iban: 'DE89370400440532013000' }, billingData: null };
const KEY = 'key-1';

const answer = (status: number, body: string | null, retryAfter: string | null = null): HttpExchange => ({
  kind: 'answer',
  status,
  retryAfter,
  body,
  cut: false,
});
const submit = (exchange: HttpExchange): SubmitOutcome => toSubmitOutcome(exchange, ACCOUNT, NOW);
const payment = (members: Record<string, unknown> = {}): string =>
  JSON.stringify({ id: 'pay_1', status: 'succeeded', ...members });

/** Every form that a body takes, with what it is good for. */
const BODIES = {
  payment: payment(),
  failedPayment: payment({ status: 'failed', failure: { code: 'receiver_blocked', message: 'No.', retryable: false } }),
  refusal: JSON.stringify({ code: 'account_closed', message: 'Closed.' }),
  refusalOfNumbers: JSON.stringify({ code: 42 }),
  emptyCode: JSON.stringify({ code: '' }),
  paymentWithoutStatus: JSON.stringify({ id: 'pay_1' }),
  paymentOfUnknownStatus: payment({ status: 'done' }),
  paymentOfNumberId: payment({ id: 7 }),
  emptyId: payment({ id: '' }),
  storageBreakingId: payment({ id: 'pay_\u0000' }),
  longId: payment({ id: 'x'.repeat(256) }),
  list: `[${payment()}]`,
  nothing: '',
  html: '<html>Bad gateway</html>',
  half: payment().slice(0, -5),
  null: 'null',
  unread: null,
} as const;
const PAYMENTS = new Set<string>(['payment', 'failedPayment']);
const REFUSALS = [400, 404, 410, 413, 415, 422];
const BUSY = [408, 425, 429, 503];

/** The table of the contract, written a second time. */
function expectedOf(status: number, body: string): Partial<SubmitOutcome> {
  if (status >= 200 && status < 300) return PAYMENTS.has(body) ? { kind: 'accepted' } : { kind: 'unknown', unreadable: true };
  if (status === 401 || status === 403) return { kind: 'not_taken', reason: 'unauthorized' };
  if (BUSY.includes(status)) return { kind: 'not_taken', reason: 'busy' };
  if (REFUSALS.includes(status)) return body === 'refusal' ? { kind: 'rejected' } : { kind: 'unknown', unreadable: true };
  return { kind: 'unknown', unreadable: status < 500 && status !== 409 };
}

describe('the answer to a submit', () => {
  const statuses = Array.from({ length: 500 }, (_, index) => index + 100);

  it.each(Object.keys(BODIES) as (keyof typeof BODIES)[])(
    'has one meaning for every status with a body of the kind "%s"',
    (body) => {
      for (const status of statuses) {
        expect({ status, ...submit(answer(status, BODIES[body])) }).toMatchObject({
          status,
          httpStatus: status,
          ...expectedOf(status, body),
        });
      }
    },
  );

  it('is read whatever comes', () => {
    const anyBody = fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), { nil: null });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        anyBody,
        fc.option(fc.string(), { nil: null }),
        (status, body, retryAfter) => {
          const { kind } = submit(answer(status, body, retryAfter));
          expect(['accepted', 'rejected', 'not_taken', 'unknown']).toContain(kind);
          toLookupOutcome(answer(status, body, retryAfter), KEY);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(['pending', 'unclaimed', 'succeeded', 'returned'])('accepts a payment that is %s', (status) => {
    expect(submit(answer(201, payment({ status })))).toMatchObject({
      kind: 'accepted',
      payment: { providerReference: 'pay_1', status, failure: null },
    });
  });

  it('accepts a payment that failed, with or without a reason', () => {
    const failure = { code: 'receiver_blocked', message: 'No.', retryable: false };
    expect(submit(answer(200, payment({ status: 'failed', failure })))).toMatchObject({ payment: { status: 'failed', failure } });
    expect(submit(answer(200, payment({ status: 'failed' })))).toMatchObject({
      payment: { failure: { code: 'unspecified', retryable: false } },
    });
  });

  it('takes a refusal as retryable only where it says so', () => {
    const refused = (retryable: unknown): SubmitOutcome =>
      submit(answer(422, JSON.stringify({ code: 'x', message: 'y', retryable })));
    expect(refused(true)).toMatchObject({ failure: { code: 'x', message: 'y', retryable: true } });
    for (const other of [false, 'true', 1, null, undefined])
      expect(refused(other)).toMatchObject({ failure: { retryable: false } });
  });

  it.each([
    ['duplicate_reference', true],
    ['DuplicateRequest', true],
    ['already_exists', true],
    ['idempotency_key_reused', true],
    ['account_closed', false],
    ['limit_exceeded', false],
    ['invalid_field', false],
  ])('reads from the code %s whether the request may have been there before: %s', (code, ofDuplicate) => {
    expect(submit(answer(422, JSON.stringify({ code })))).toMatchObject({ kind: 'rejected', ofDuplicate });
  });

  it('takes a refusal without a message', () => {
    expect(submit(answer(422, '{"code": "x"}'))).toMatchObject({ kind: 'rejected', failure: { code: 'x', message: '' } });
  });

  it('is unknown, but not unreadable, where its body broke off, unless the status says enough', () => {
    const cut = (status: number): SubmitOutcome => submit({ kind: 'answer', status, retryAfter: null, body: null, cut: true });
    for (const status of [201, 302, 418, 422])
      expect(cut(status)).toMatchObject({ kind: 'unknown', unreadable: false, httpStatus: status });
    expect(cut(503)).toMatchObject({ kind: 'not_taken', reason: 'busy' });
    expect(cut(401)).toMatchObject({ kind: 'not_taken', reason: 'unauthorized' });
  });

  it('never repeats account data', () => {
    const message = 'DE89 3704 0044 0532 0130 00 is closed';
    const outcomes = [
      submit(answer(422, JSON.stringify({ code: 'DE89370400440532013000', message }))),
      submit(answer(200, payment({ status: 'failed', failure: { code: 'x', message } }))),
    ];
    expect(JSON.stringify(outcomes)).not.toContain('3704');
    expect(JSON.stringify(outcomes)).toContain('[removed] is closed');
  });

  it.each<[{ amount?: unknown; currency?: string }, string | null]>([
    [{ amount: '120.50', currency: 'EUR' }, '120.50'],
    [{ amount: '120.5', currency: 'EUR' }, '120.50'],
    [{ amount: 120.5, currency: 'EUR' }, '120.50'],
    [{ amount: '0120', currency: 'JPY' }, '120'],
    [{ amount: '120.505', currency: 'EUR' }, '120.505'],
    [{ amount: '-1', currency: 'EUR' }, '-1'],
    [{ amount: '1', currency: 'eur' }, '1'],
    [{ amount: '120.50' }, '120.50'],
    [{ amount: { value: 1 }, currency: 'EUR' }, '{"value":1}'],
    [{ currency: 'EUR' }, null],
    [{}, null],
  ])('repeats of %j the amount %j, to be compared by value', (repeated, amount) => {
    expect(submit(answer(200, payment(repeated)))).toMatchObject({ payment: { amount, currency: repeated.currency ?? null } });
  });
});

describe('no answer to a submit', () => {
  const notSent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CLOSED'];
  const maybeSent = [
    'ECONNRESET',
    'ETIMEDOUT',
    'EPIPE',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'DEADLINE',
    'CERT_HAS_EXPIRED',
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_ABORTED',
    'UND_ERR_DESTROYED',
    'HPE_INVALID_CONSTANT',
    'UNSPECIFIED',
    '',
  ];

  it.each(notSent)('is not taken where nothing can have left (%s)', (code) => {
    expect(submit({ kind: 'no_answer', code })).toMatchObject({ kind: 'not_taken', reason: 'unreachable', httpStatus: null });
  });

  it.each(maybeSent)('is unknown, and not unreadable, where the request may have left (%s)', (code) => {
    expect(submit({ kind: 'no_answer', code })).toMatchObject({ kind: 'unknown', unreadable: false, httpStatus: null });
  });
});

describe('Retry-After', () => {
  it.each([
    [null, null],
    ['', null],
    ['0', 0],
    ['7', 7_000],
    [' 7 ', 7_000],
    ['-7', null],
    ['1.5', null],
    ['7s', null],
    ['99999999999999999999', 86_400_000],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 12:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['Sun, 21 Nov 2100 12:00:00 GMT', 86_400_000],
    ['soon', null],
    ['2026-11-21', null],
  ])('reads %j as %j ms', (header, expected) => {
    expect(retryAfter_ms(header, NOW)).toBe(expected);
  });

  it('is handed on with 429 and 503', () => {
    for (const status of [429, 503])
      expect(submit(answer(status, '', '7'))).toMatchObject({ kind: 'not_taken', retryAfter_ms: 7_000 });
  });
});

describe('the answer to a look-up', () => {
  const lookup = (status: number, body: string | null) => toLookupOutcome(answer(status, body), KEY);
  const listOf = (...entries: unknown[]): string => JSON.stringify({ data: entries });

  it('is none only for an empty list', () => {
    expect(lookup(200, listOf())).toEqual({ kind: 'none' });
  });

  it.each([
    ['no body', ''],
    ['no object', '[]'],
    ['no list', '{}'],
    ['a list of something else', '{"data": {}}'],
    ['a body that could not be read', null],
    ['an entry that can not be read', listOf({ id: 'pay_1' })],
    ['an entry that is nothing', listOf(null)],
    ['one good entry and one bad', listOf({ id: 'pay_1', status: 'pending' }, 'pay_2')],
  ])('is unavailable, never none, with %s', (_, body) => {
    expect(lookup(200, body)).toMatchObject({ kind: 'unavailable', systemic: false });
  });

  it('is unavailable, never none, for every status but 200', () => {
    for (let status = 100; status < 600; status += 1) {
      if (status !== 200)
        expect(lookup(status, listOf())).toMatchObject({ kind: 'unavailable', systemic: status === 401 || status === 403 });
    }
    expect(toLookupOutcome({ kind: 'no_answer', code: 'ECONNREFUSED' }, KEY)).toMatchObject({
      kind: 'unavailable',
      systemic: false,
    });
  });

  it('finds every payment of the key', () => {
    const entry = { id: 'pay_1', status: 'pending', amount: '1.00', currency: 'EUR', idempotency_key: KEY };
    expect(lookup(200, listOf(entry, { ...entry, id: 'pay_2' }))).toMatchObject({
      kind: 'found',
      payments: [{ providerReference: 'pay_1', amount: '1.00', currency: 'EUR' }, { providerReference: 'pay_2' }],
    });
  });

  it('believes no list of a provider that ignores the filter', () => {
    const foreign = { id: 'pay_9', status: 'succeeded', idempotency_key: 'key-9' };
    expect(lookup(200, listOf(foreign))).toMatchObject({ kind: 'unavailable' });
    expect(lookup(200, listOf({ ...foreign, idempotency_key: KEY }, foreign))).toMatchObject({ kind: 'unavailable' });
  });
});

describe('a page of the list', () => {
  const page = (next: unknown, asked: string | null = null) =>
    toPaymentPage(answer(200, JSON.stringify({ data: [], next_cursor: next })), asked);

  it('is the last where it names no other', () => {
    for (const next of [undefined, null, '']) expect(page(next)).toEqual({ kind: 'page', payments: [], nextCursor: null });
    expect(page('200')).toEqual({ kind: 'page', payments: [], nextCursor: '200' });
  });

  it('is not read where what it names can not be asked for: taken for the last, it would hide all that follow', () => {
    for (const next of [200, 0, true, {}, ['200']]) expect(page(next)).toMatchObject({ kind: 'unavailable' });
    expect(page('200', '200')).toMatchObject({ kind: 'unavailable', detail: 'the list goes round in a circle' });
  });
});
