import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { newReference, tomorrow, validItem, validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';

const MIB = 1024 * 1024;

describe('Bad input', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());
  /** The rule of every test here: nothing is stored. */
  afterEach(async () => {
    expect(await merchant.all('/v1/bulks')).toEqual([]);
    expect(await merchant.all('/v1/payouts')).toEqual([]);
  });

  /** Status, code and pointers of the refusal, whose shape is that of every problem. */
  async function refusal(body: unknown, headers?: Record<string, string>): Promise<[number, string, string[]]> {
    const answer = await merchant.post('/v1/bulks', body, headers);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const { type, title, status, detail, code, request_id, errors = [] } = answer.body;
    expect([type, title, detail, request_id].map((text) => typeof text)).toEqual(Array(4).fill('string'));
    expect(detail).not.toBe('');
    expect(status).toBe(answer.status);
    expect(answer.headers.get('request-id')).toBe(request_id);
    for (const error of errors) expect(Object.keys(error).sort()).toEqual(['code', 'detail', 'pointer']);
    return [answer.status, code, errors.map(({ pointer }) => pointer)];
  }

  const item = validItem({ reference: 'INV-1' });
  const json = (value: unknown): string => JSON.stringify(value);

  describe('that is no JSON of ours', () => {
    it.each([
      ['half an object', '{"items": [', 400, 'malformed_json'],
      ['no JSON at all', 'items=1', 400, 'malformed_json'],
      ['two values', '{} {}', 400, 'malformed_json'],
      ['a trailing comma', '{"items": [],}', 400, 'malformed_json'],
      ['NaN', '{"items": [NaN]}', 400, 'malformed_json'],
      [
        'bytes that are no UTF-8',
        new Uint8Array([...Buffer.from('{"label": "'), 0xff, ...Buffer.from('"}')]),
        400,
        'malformed_json',
      ],
      ['nesting without end', '['.repeat(100_000), 400, 'malformed_json'],
      ['a key twice', `{"items": [${json(item)}], "items": []}`, 400, 'duplicate_key'],
      [
        'a key twice deep inside an item',
        `{"items": [{"reference": "a", "metadata": {"b": "1", "b": "2"}}]}`,
        400,
        'duplicate_key',
      ],
      ['a key twice, once escaped', `{"label": "a", "l\\u0061bel": "b", "items": []}`, 400, 'duplicate_key'],
    ])('is refused: %s', async (...[_, body, status, code]) => {
      expect((await refusal(body)).slice(0, 2)).toEqual([status, code]);
    });

    it.each([
      ['a list', [item], ''],
      ['null', 'null', ''],
      ['a text', '"items"', ''],
      ['nothing', undefined, '/items'],
    ])('is refused where it is %s', async (_, body, pointer) => {
      expect(await refusal(body)).toEqual([422, 'invalid_field', [pointer]]);
    });

    it.each([
      ['text/plain', {}],
      ['application/x-www-form-urlencoded', {}],
      ['application/merge-patch+json', {}],
      ['application/json; charset=latin1', {}],
      ['application/json', { 'content-encoding': 'gzip' }],
    ])('is refused as %s %j', async (type, headers) => {
      expect((await refusal(json({ items: [item] }), { 'content-type': type, ...headers })).slice(0, 2)).toEqual([
        415,
        'unsupported_media_type',
      ]);
    });
  });

  it('of 17 MiB is refused, and 16 MiB are read', async () => {
    const padded = (bytes: number): string => `{"items": []${' '.repeat(bytes - 13)}}`;
    expect((await refusal(padded(17 * MIB))).slice(0, 2)).toEqual([413, 'payload_too_large']);
    expect((await refusal(padded(16 * MIB + 1))).slice(0, 2)).toEqual([413, 'payload_too_large']);
    expect((await refusal(padded(16 * MIB))).slice(0, 2)).toEqual([422, 'too_few_items']);
  });

  it('of more than 1 MiB is refused on every other route', async () => {
    const answer = await app.operator.post('/v1/operator/merchants', `{"name": "x"${' '.repeat(MIB)}}`);
    expect([answer.status, answer.body.code]).toEqual([413, 'payload_too_large']);
  });

  describe('of the bulk itself', () => {
    it.each<[string, object, string, string[]]>([
      ['no items', { items: [] }, 'too_few_items', ['/items']],
      ['1001 items', { items: validItems(1001) }, 'too_many_items', ['/items']],
      ['items that are no list', { items: { a: 1 } }, 'invalid_field', ['/items']],
      ['items that are null', { items: null }, 'invalid_field', ['/items']],
      ['no items at all', { label: 'x' }, 'invalid_field', ['/items']],
      ['a label that is a number', { label: 1, items: [item] }, 'invalid_field', ['/label']],
      ['a label of 201 characters', { label: 'x'.repeat(201), items: [item] }, 'invalid_field', ['/label']],
      ['a reference of 101 characters', { reference: 'x'.repeat(101), items: [item] }, 'invalid_field', ['/reference']],
      ['an empty reference', { reference: '', items: [item] }, 'invalid_field', ['/reference']],
      ['a reference with a line break', { reference: 'a\nb', items: [item] }, 'invalid_field', ['/reference']],
      ['invalid_items of no kind', { invalid_items: 'ignore', items: [item] }, 'invalid_field', ['/invalid_items']],
      ['metadata that is a list', { metadata: ['a'], items: [item] }, 'invalid_field', ['/metadata']],
      [
        'metadata of 51 keys',
        { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${String(index)}`, 'v'])), items: [item] },
        'invalid_field',
        ['/metadata'],
      ],
      ['a metadata value of 501 characters', { metadata: { a: 'x'.repeat(501) }, items: [item] }, 'invalid_field', ['/metadata']],
      ['a metadata key of 41 characters', { metadata: { ['x'.repeat(41)]: 'a' }, items: [item] }, 'invalid_field', ['/metadata']],
      ['a metadata value that is a number', { metadata: { a: 1 }, items: [item] }, 'invalid_field', ['/metadata']],
      ['NUL in the label', { label: 'a\u0000b', items: [item] }, 'invalid_field', ['/label']],
      ['half a character in the label', { label: 'a\ud800b', items: [item] }, 'invalid_field', ['/label']],
      ['NUL in metadata', { metadata: { a: '\u0000' }, items: [item] }, 'invalid_field', ['/metadata']],
      ['control totals that are text', { control_totals: '1', items: [item] }, 'invalid_field', ['/control_totals']],
      ['control totals that are a list', { control_totals: [{ count: 7 }], items: [item] }, 'invalid_field', ['/control_totals']],
      [
        'a control count that is text',
        { control_totals: { count: '1' }, items: [item] },
        'invalid_field',
        ['/control_totals/count'],
      ],
      ['an unknown control total', { control_totals: { sum: '1' }, items: [item] }, 'unknown_field', ['/control_totals/sum']],
      ['an unknown field', { items: [item], colour: 'blue' }, 'unknown_field', ['/colour']],
      ['__proto__', JSON.parse('{"__proto__": {"a": 1}, "items": []}') as object, 'unknown_field', ['/__proto__']],
      [
        'a constructor inside an unknown field',
        { colour: { constructor: 'blue' }, items: [item] },
        'unknown_field',
        ['/colour', '/colour/constructor'],
      ],
      [
        'read-only fields',
        { items: [item], id: 'bulk_1', status: 'PROCESSED', version: 3 },
        'unknown_field',
        ['/id', '/status', '/version'],
      ],
      [
        'a field of the wrong type and an unknown one',
        { items: [item], label: 1, colour: 2 },
        'invalid_field',
        ['/colour', '/label'],
      ],
    ])('is refused: %s', async (...[_, body, code, pointers]) => {
      const [status, found, at] = await refusal(body);
      expect([status, found, at.sort()]).toEqual([422, code, pointers]);
    });

    it.each([
      'ftp://merchant.example/hooks',
      'http://merchant.example/hooks',
      'https://10.0.0.1/hooks',
      'https://user:pass@merchant.example/',
      'hooks',
      'https://[::1%25lo]/',
      'http://169.254.169.254/',
    ])('is refused with the webhook_url %s', async (webhook_url) => {
      const [status, , pointers] = await refusal({ webhook_url, items: [item] });
      expect([status, pointers]).toEqual([422, ['/webhook_url']]);
    });

    it.each([
      [{ count: 2 }, ['/control_totals/count']],
      [{ amounts: { EUR: '120.51' } }, ['/control_totals/amounts/EUR']],
      [{ amounts: {} }, ['/control_totals/amounts/EUR']],
      [{ amounts: { EUR: '120.50', USD: '1.00' } }, ['/control_totals/amounts/USD']],
      [{ count: 0, amounts: { EUR: 120.5 } }, ['/control_totals/count', '/control_totals/amounts/EUR']],
    ])('is refused with control totals that do not match: %j', async (control_totals, pointers) => {
      expect(await refusal({ control_totals, items: [item] })).toEqual([422, 'control_totals_mismatch', pointers]);
    });
  });

  describe('that leaves an item without a name', () => {
    it.each<[string, unknown, string]>([
      ['is no object', 'INV-1', '/items/1'],
      ['is null', null, '/items/1'],
      ['is a list', [item], '/items/1'],
      ['has no reference', { amount: '1.00' }, '/items/1/reference'],
      ['has a reference that is null', { reference: null }, '/items/1/reference'],
      ['has a reference that is a number', { reference: 1 }, '/items/1/reference'],
      ['has an empty reference', { reference: '' }, '/items/1/reference'],
      ['has a reference of 101 characters', { reference: '😀'.repeat(101) }, '/items/1/reference'],
      ['has a reference with a tab', { reference: 'a\tb' }, '/items/1/reference'],
      ['has a reference with NUL', { reference: 'a\u0000' }, '/items/1/reference'],
      ['has a reference with half a character', { reference: 'a\udc00' }, '/items/1/reference'],
      ['has the reference of another', { reference: 'INV-1' }, '/items/1/reference'],
    ])('is refused: an item that %s', async (_, second, pointer) => {
      const [status, , pointers] = await refusal({ items: [item, second] });
      expect([status, pointers]).toEqual([422, [pointer]]);
    });

    it('is refused with every such item', async () => {
      const [status, , pointers] = await refusal({ items: [item, 1, { reference: 2 }, item] });
      expect([status, pointers.sort()]).toEqual([422, ['/items/1', '/items/2/reference', '/items/3/reference']]);
    });
  });

  it.each([
    ['none', null],
    ['no Bearer', 'Basic abc'],
    ['an unknown one', 'Bearer tr_test_unknown'],
    ['an empty one', 'Bearer '],
  ])('without a valid key is refused with one same body: %s', async (_, authorization) => {
    const answer = await app.client(null).post('/v1/bulks', { items: [item] }, authorization === null ? {} : { authorization });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect({ ...answer.body, request_id: '' }).toEqual({
      type: 'urn:tranche:problem:unauthorized',
      title: 'Unauthorized',
      status: 401,
      detail: 'Send a valid key in the header Authorization, as "Bearer <key>".',
      code: 'unauthorized',
      request_id: '',
    });
  });

  it.each(['', 'x'.repeat(256), 'schlüssel'])('is refused with the idempotency key %j', async (key) => {
    expect((await refusal({ items: [item] }, { 'idempotency-key': key })).slice(0, 2)).toEqual([400, 'invalid_idempotency_key']);
  });

  it.each<[string, string, number, string]>([
    ['GET', '/v1/bulk', 404, 'not_found'],
    ['PUT', '/v1/bulks', 405, 'method_not_allowed'],
    ['DELETE', '/v1/bulks', 405, 'method_not_allowed'],
    ['GET', '/v1/bulks/validate', 404, 'not_found'],
    ['GET', '/v1/bulks/%', 400, 'malformed_request'],
    ['GET', '/v1/bulks/%00', 404, 'not_found'],
    ['POST', '/v1/bulks?dry_run=true', 400, 'invalid_query'],
  ])('as %s %s is refused', async (...[method, path, status, code]) => {
    const answer = await merchant.send(method, path, method === 'POST' ? { body: { items: [item] } } : {});
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});

describe('Bad input to what exists', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  it.each<[string, object | string, Record<string, string>, number, string]>([
    ['an unknown field', { colour: 'blue' }, {}, 422, 'unknown_field'],
    ['a read-only field', { status: 'PROCESSED' }, {}, 422, 'unknown_field'],
    ['a label of the wrong type', { label: {} }, {}, 422, 'invalid_field'],
    ['items of the wrong type', { items: 'all' }, {}, 422, 'invalid_field'],
    ['a stale If-Match', { label: 'x' }, { 'if-match': '"2"' }, 412, 'version_conflict'],
    ['a weak If-Match', { label: 'x' }, { 'if-match': 'W/"1"' }, 412, 'version_conflict'],
    ['an If-Match without quotes', { label: 'x' }, { 'if-match': '1' }, 400, 'invalid_if_match'],
    ['a webhook that may not be', { webhook_url: 'https://10.0.0.1/' }, {}, 422, ''],
    ['half of JSON', '{', {}, 400, 'malformed_json'],
    ['a key twice', '{"label": "a", "label": "b"}', {}, 400, 'duplicate_key'],
    ['a reference that is no string', { items: [{ reference: 7 }] }, {}, 422, ''],
    ['NUL', { label: '\u0000' }, {}, 422, 'invalid_field'],
  ])('changes nothing of a bulk: %s', async (...[_, body, headers, status, code]) => {
    const bulk = await merchant.createValidated({ label: 'as it was', items: validItems(1, { scheduled_date: tomorrow() }) });
    const answer = await merchant.patch(`/v1/bulks/${bulk.id}`, body, headers);
    expect(answer.status).toBe(status);
    if (code !== '') expect(answer.body.code).toBe(code);
    expect(await merchant.bulk(bulk.id)).toEqual(bulk);
  });

  it.each<[string, unknown, number, string]>([
    ['no object', '[]', 422, 'invalid_field'],
    ['null', 'null', 422, 'invalid_field'],
    ['half of JSON', '{', 400, 'malformed_json'],
    ['another reference', { reference: 'x' }, 422, 'immutable_field'],
  ])('changes nothing of a payout: %s', async (...[_, body, status, code]) => {
    const bulk = await merchant.createValidated(validItems(1, { scheduled_date: tomorrow() }));
    const payout = await merchant.payoutOf(bulk.id);
    const answer = await merchant.patch(`/v1/payouts/${payout.id}`, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await merchant.payout(payout.id)).toEqual(payout);
  });

  it('leaves the rest of a bulk alone where it is inside an item', async () => {
    const bulk = await merchant.createBulk([
      validItem({ amount: 120.5 }),
      validItem({ reference: newReference(), billing_data: 7, payout_method: [], metadata: null, timezone: {}, currency: 1 }),
      validItem({ scheduled_date: '\u0000' }),
      JSON.parse(`{"reference": "${newReference()}", "__proto__": 1, "amount": {"__proto__": null}}`) as ReturnType<
        typeof validItem
      >,
      validItem(),
    ]);
    const after = await merchant.untilBulk(
      bulk.id,
      ({ counts }) => counts['PROCESSED'] === 1 && counts['VALIDATION_FAILED'] === 4,
    );
    expect(after.outcome.succeeded).toBe(1);
  });
});
