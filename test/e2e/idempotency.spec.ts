import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { newReference, tomorrow, validItem, validItems } from '../support/items.js';
import type { Bulk, Cancelled, MerchantClient } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

describe('An idempotency key', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  const keyed = (key = newReference('key')): { 'idempotency-key': string } => ({ 'idempotency-key': key });

  it('makes one bulk of fifty equal requests that come at once', async () => {
    const body = { reference: newReference('payroll'), items: validItems(100) };
    const headers = keyed();
    const answers = await Promise.all(Array.from({ length: 50 }, () => merchant.post<Bulk>('/v1/bulks', body, headers)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    for (const answer of answers) if (answer.status === 409) expect(answer.text).toContain('idempotency_key_in_use');
    expect(await merchant.all(`/v1/bulks?reference=${body.reference}`)).toHaveLength(1);
    expect(made.filter(({ headers: given }) => given.get('idempotent-replayed') === null)).toHaveLength(1);
    await merchant.untilAtRest(made[0]!.body.id);
    await expectSound(app, merchant);
  });

  it('gives the first answer again, byte for byte, however far the bulk has come', async () => {
    const body = { items: validItems(2) };
    const headers = keyed();
    const first = await merchant.post<Bulk>('/v1/bulks', body, headers);
    await merchant.untilAtRest(first.body.id);
    const again = await merchant.post<Bulk>('/v1/bulks', body, headers);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    for (const name of ['location', 'etag', 'content-type']) expect(again.headers.get(name)).toBe(first.headers.get(name));
  });

  it('compares bodies as JSON, not as text', async () => {
    const headers = keyed();
    const item = validItem();
    const first = await merchant.post<Bulk>('/v1/bulks', { label: 'é', items: [item] }, headers);
    const reordered = `{ "items" : [${JSON.stringify(Object.fromEntries(Object.entries(item).reverse()))}],\n "label": "\\u00e9" }`;
    const again = await merchant.post<Bulk>('/v1/bulks', reordered, headers);
    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  it('is refused with another body, and nothing is made', async () => {
    const headers = keyed();
    await merchant.post('/v1/bulks', { label: 'a', items: [validItem()] }, headers);
    const before = (await merchant.all('/v1/bulks')).length;
    for (const body of [{ label: 'b', items: [validItem()] }, { items: [] }, undefined]) {
      const answer = await merchant.post('/v1/bulks', body, headers);
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_key_reused']);
    }
    expect(await merchant.all('/v1/bulks')).toHaveLength(before);
  });

  it('belongs to its merchant, its method and its path', async () => {
    const headers = keyed();
    const other = await app.merchant();
    const body = { items: [validItem({ scheduled_date: tomorrow() })] };
    const bulks = [
      await merchant.post<Bulk>('/v1/bulks', body, headers),
      await other.post<Bulk>('/v1/bulks', body, headers),
      await merchant.post<Bulk>('/v1/bulks/validate', body, headers),
    ];
    expect(bulks.map(({ status }) => status)).toEqual([201, 201, 200]);
    expect(bulks[0]!.body.id).not.toBe(bulks[1]!.body.id);
    await merchant.untilValidated(bulks[0]!.body.id);
    for (const step of ['pause', 'resume', 'cancel']) {
      const answer = await merchant.post(`/v1/bulks/${bulks[0]!.body.id}/${step}`, undefined, headers);
      expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([200, null]);
    }
    expect((await merchant.patch(`/v1/bulks/${bulks[0]!.body.id}`, { label: 'x' }, headers)).status).toBe(200);
  });

  it('is the same one however the path is spelt', async () => {
    const headers = keyed();
    const body = { items: [validItem({ scheduled_date: tomorrow() })] };
    const first = await merchant.post<Bulk>('/v1/bulks', body, headers);
    for (const path of ['/v1/bulks/', '/v1/Bulks']) {
      const again = await merchant.post<Bulk>(path, body, headers);
      expect([again.status, again.headers.get('idempotent-replayed'), again.text]).toEqual([201, 'true', first.text]);
    }
  });

  it('keeps refusals that say something about the request', async () => {
    const bulk = await merchant.createValidated([validItem({ scheduled_date: tomorrow() })]);
    const requests: [string, unknown, Record<string, string>, number][] = [
      ['/v1/bulks', { items: [] }, {}, 422],
      [`/v1/bulks/${bulk.id}/cancel`, undefined, { 'if-match': '"9"' }, 412],
      ['/v1/bulks/bulk_01kb4n3w2ze3rbz4jrd9qk6v1x/pause', undefined, {}, 404],
      ['/v1/bulks', { reference: 'taken', items: [validItem()] }, {}, 409],
    ];
    await merchant.createBulk({ reference: 'taken', items: [validItem()] });
    for (const [path, body, more, status] of requests) {
      const headers = { ...keyed(), ...more };
      const first = await merchant.post(path, body, headers);
      const again = await merchant.post(path, body, headers);
      expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([status, status, 'true']);
      expect(again.text).toBe(first.text);
    }
  });

  it('does not keep what may be different the next time: 401, 403, 415, 413', async () => {
    const headers = keyed();
    const body = JSON.stringify({ items: [validItem()] });
    expect((await app.client(null).post('/v1/bulks', body, headers)).status).toBe(401);
    expect((await app.operator.post('/v1/bulks', body, headers)).status).toBe(403);
    expect((await merchant.post('/v1/bulks', body, { ...headers, 'content-type': 'text/plain' })).status).toBe(415);
    expect((await merchant.post('/v1/bulks', `${body}${' '.repeat(17 * 1024 * 1024)}`, headers)).status).toBe(413);
    const answer = await merchant.post<Bulk>('/v1/bulks', body, headers);
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  it('makes an edit, a cancellation and a retry of the request count once', async () => {
    const bulk = await merchant.createValidated([validItem({ scheduled_date: tomorrow() })]);
    const { id } = await merchant.payoutOf(bulk.id);
    const headers = keyed();
    const edits = [await merchant.patch(`/v1/payouts/${id}`, { amount: '5.00' }, headers)];
    await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
    edits.push(await merchant.patch(`/v1/payouts/${id}`, { amount: '5.00' }, headers));
    expect(edits.map(({ status }) => status)).toEqual([200, 200]);
    expect(edits[1]!.text).toBe(edits[0]!.text);
    expect((await merchant.payout(id)).version).toBe(2);

    const cancels = [
      await merchant.post<Cancelled>(`/v1/payouts/${id}/cancel`, undefined, headers),
      await merchant.post<Cancelled>(`/v1/payouts/${id}/cancel`, undefined, headers),
    ];
    expect(cancels.map(({ body }) => body.results[0]?.outcome)).toEqual(['cancelled', 'cancelled']);
  });

  it('is good for every printable character up to 255', async () => {
    for (const key of ['a', ' ~!"#$%&\'()*+,-./:;<=>?@[]^_`{|}', 'k'.repeat(255)]) {
      const body = { items: [validItem()] };
      const first = await merchant.post<Bulk>('/v1/bulks', body, keyed(key));
      expect(first.status).toBe(201);
      expect((await merchant.post<Bulk>('/v1/bulks', body, keyed(key))).text).toBe(first.text);
    }
  });
});
