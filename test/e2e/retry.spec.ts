import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, newReference, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

describe('A retry', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  /** A payout that the provider has refused, by default so that a retry may mend it. */
  async function refused(overrides: object = {}): Promise<Payout> {
    const bulk = await merchant.createBulk([validItem({ amount: amountOf(9003), ...overrides })]);
    const { id } = await merchant.payoutOf(bulk.id);
    return merchant.untilPayout(id, ({ status }) => status === 'INTENT_CREATION_FAILED');
  }

  const retry = (id: string, headers?: Record<string, string>): ReturnType<typeof merchant.post<Payout>> =>
    merchant.post<Payout>(`/v1/payouts/${id}/retry`, undefined, headers);

  it('is validated again and sent as a new attempt under a new key', async () => {
    const payout = await refused();
    const answer = await retry(payout.id);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe('"2"');
    expect(answer.body).toMatchObject({ id: payout.id, status: 'VALIDATION_PENDING', version: 2, final: false });

    await merchant.untilPayout(payout.id, ({ status }) => status === 'INTENT_CREATION_FAILED');
    const attempts = await merchant.attempts(payout.id);
    expect(attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'rejected'],
      [2, 'rejected'],
    ]);
    expect(new Set(attempts.map(({ idempotency_key }) => idempotency_key)).size).toBe(2);
    const path = `/v1/payouts/${payout.id}/attempts`;
    const last = await merchant.get<{ data: unknown[]; has_more: boolean }>(`${path}?limit=1&starting_after=${attempts[0]!.id}`);
    expect([last.body.data, last.body.has_more]).toEqual([[attempts[1]], false]);
    expect((await merchant.get(`${path}?ending_before=${payout.id}`)).body.code).toBe('invalid_cursor');
    const types = (await merchant.events(`/v1/payouts/${payout.id}/events`)).map(({ type }) => type.replace('payout.', ''));
    const once = ['validation_in_progress', 'scheduled', 'processing_in_progress', 'intent_creation_failed'];
    expect(types).toEqual(['created', ...once, 'retried', ...once]);
    expect((await merchant.bulk(payout.bulk_id)).outcome).toEqual({ succeeded: 0, failed: 1, pending: 0, returned: 0 });
    await expectSound(app, merchant);
  });

  it('raises the version of its bulk too, and tells the bulk’s milestones again', async () => {
    const payout = await refused();
    await retry(payout.id);
    await merchant.untilPayout(payout.id, ({ status, version }) => status === 'INTENT_CREATION_FAILED' && version === 2);
    expect((await merchant.bulk(payout.bulk_id)).version).toBe(2);
    const told = (await merchant.events(`/v1/bulks/${payout.bulk_id}/events`)).filter(({ type }) => type.startsWith('bulk.'));
    expect(told.map(({ type }) => type)).toEqual([
      'bulk.created',
      'bulk.validated',
      'bulk.completed',
      'bulk.validated',
      'bulk.completed',
    ]);
  });

  it('is refused where the failure is not retryable', async () => {
    const payout = await refused({ amount: amountOf(9002) });
    const answer = await merchant.post(`/v1/payouts/${payout.id}/retry`);
    expect(answer.status).toBe(409);
    expect(await merchant.payout(payout.id)).toEqual(payout);
  });

  it('is refused in any other state', async () => {
    const bulk = await merchant.createBulk([validItem(), validItem({ scheduled_date: tomorrow() }), validItem({ amount: 'x' })]);
    await merchant.untilBulk(bulk.id, ({ counts }) => counts['PROCESSED'] === 1 && counts['VALIDATION_FAILED'] === 1);
    for (const { id } of await merchant.payouts(bulk.id)) expect((await retry(id)).status).toBe(409);
  });

  it('takes the reference again, or is refused with who holds it now', async () => {
    const payout = await refused();
    const next = await merchant.createValidated([validItem({ reference: payout.reference, scheduled_date: tomorrow() })]);
    const holder = await merchant.payoutOf(next.id);
    const answer = await merchant.post(`/v1/payouts/${payout.id}/retry`);
    expect([answer.status, answer.body.code, answer.body.existing_id]).toEqual([409, 'duplicate_reference', holder.id]);

    await merchant.post(`/v1/payouts/${holder.id}/cancel`);
    expect((await retry(payout.id)).status).toBe(200);
    await merchant.untilPayout(payout.id, ({ status }) => status === 'INTENT_CREATION_FAILED');
  });

  it('compares the version that If-Match names', async () => {
    const payout = await refused();
    expect((await merchant.post(`/v1/payouts/${payout.id}/retry`, undefined, { 'if-match': '"4"' })).body.code).toBe(
      'version_conflict',
    );
    expect((await retry(payout.id, { 'if-match': '"1"' })).status).toBe(200);
    // Stale by now, whatever state it is in.
    expect((await retry(payout.id, { 'if-match': '"1"' })).status).toBe(412);
  });

  it('counts once, however often it is asked at the same time', async () => {
    const payout = await refused();
    const answers = await Promise.all(Array.from({ length: 10 }, () => retry(payout.id, { 'if-match': '"1"' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(412)]);
    await merchant.untilPayout(payout.id, ({ status }) => status === 'INTENT_CREATION_FAILED');
    expect(await merchant.attempts(payout.id)).toHaveLength(2);
  });

  it('can be cancelled before it is sent', async () => {
    const reference = newReference();
    const payout = await refused({ reference });
    await merchant.post(`/v1/bulks/${payout.bulk_id}/pause`);
    await retry(payout.id);
    await merchant.untilPayout(payout.id, ({ status }) => status === 'SCHEDULED');
    await merchant.post(`/v1/payouts/${payout.id}/cancel`);
    const cancelled = await merchant.payout(payout.id);
    expect([cancelled.status, cancelled.final]).toEqual(['CANCELLED', true]);
    await expectSound(app, merchant);
    // The reference is free again.
    expect((await merchant.createValidated([validItem({ reference, scheduled_date: tomorrow() })])).status).toBe('SCHEDULED');
  });
});
