import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { UnclearIntentListDto } from '../../src/payouts/dto/unclear-intent.dto.js';
import { SANDBOX_ID, testApp, type TestApp } from '../support/app.js';
import { newReference, tomorrow, validItem, validItems } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { type Provider, showsAnotherAmount, startProvider } from '../support/provider-server.js';
import { expectSound } from '../support/soundness.js';
import { eventually } from '../support/until.js';

describe('The operator', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    merchant = await app.merchant();
  });

  describe('who brakes', () => {
    const brakes: [string, () => string, string][] = [
      ['everything', () => '/v1/operator', 'merchant_paused'],
      ['one merchant', () => `/v1/operator/merchants/${merchant.id}`, 'merchant_paused'],
      ['one connector', () => `/v1/operator/connectors/${SANDBOX_ID}`, 'connector_paused'],
    ];
    let braked = '';
    afterEach(async () => {
      await app.operator.post(`${braked}/resume`);
    });

    it.each(brakes)('%s: nothing is claimed until it is let go, and the reason is shown', async (_, path, cause) => {
      braked = path();
      const reason = newReference('because');
      const paused = await app.operator.post<{ paused: boolean; pause_reason: string }>(`${braked}/pause`, { reason });
      expect([paused.status, paused.body.paused, paused.body.pause_reason]).toEqual([200, true, reason]);

      const bulk = await merchant.createValidated(validItems(5));
      expect(bulk.counts).toEqual({ SCHEDULED: 5 });
      // What is validated is due at once. A second bulk through validation gives the executor its turns.
      await merchant.createValidated(validItems(1, { scheduled_date: tomorrow() }));
      expect((await merchant.bulk(bulk.id)).counts).toEqual({ SCHEDULED: 5 });
      const [payout] = await merchant.payouts(bulk.id);
      expect((await merchant.explanation(payout!.id)).cause).toBe(cause);
      if (braked !== '/v1/operator')
        expect((await app.operator.get<{ pause_reason: string }>(braked)).body.pause_reason).toBe(reason);
      else expect((await app.operator.get<{ pause_reason: string }>('/v1/operator/status')).body.pause_reason).toBe(reason);

      // A braked payout can be cancelled and edited.
      expect((await merchant.post(`/v1/payouts/${payout!.id}/cancel`)).status).toBe(200);
      const resumed = await app.operator.post<{ paused: boolean; pause_reason: null }>(`${braked}/resume`);
      expect([resumed.status, resumed.body.paused, resumed.body.pause_reason]).toEqual([200, false, null]);
      const payouts = await merchant.untilAtRest(bulk.id);
      expect(payouts.map(({ status }) => status)).toEqual(['CANCELLED', ...Array<string>(4).fill('PROCESSED')]);
      await expectSound(app, merchant);
    });

    it('one merchant: no other waits', async () => {
      braked = `/v1/operator/merchants/${merchant.id}`;
      await app.operator.post(`${braked}/pause`, { reason: 'a question' });
      const held = await merchant.createValidated(validItems(1));
      const other = await app.merchant();
      await other.untilAtRest((await other.createBulk(validItems(3))).id);
      expect((await merchant.bulk(held.id)).counts).toEqual({ SCHEDULED: 1 });
    });

    it('has to say why', async () => {
      braked = `/v1/operator/merchants/${merchant.id}`;
      for (const body of [{}, { reason: '' }, { reason: 7 }]) {
        const answer = await app.operator.post(`${braked}/pause`, body);
        expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, '/reason']);
      }
      expect((await app.operator.get<{ paused: boolean }>(braked)).body.paused).toBe(false);
    });
  });

  it('reads the sandbox’s ledger page by page, newest first', async () => {
    const bulk = await merchant.createBulk(validItems(7));
    await merchant.untilAtRest(bulk.id);
    const path = `/v1/operator/connectors/${SANDBOX_ID}/ledger`;
    const first = await app.operator.get<{ data: { id: string; reference: string; created_at: string }[]; has_more: boolean }>(
      `${path}?limit=3`,
    );
    const second = await app.operator.get<{ data: { id: string; created_at: string }[] }>(
      `${path}?limit=3&starting_after=${first.body.data[2]!.id}`,
    );
    const entries = [...first.body.data, ...second.body.data];
    expect(new Set(entries.map(({ id }) => id)).size).toBe(6);
    expect(entries.map(({ created_at }) => created_at)).toEqual(
      entries
        .map(({ created_at }) => created_at)
        .sort()
        .reverse(),
    );
    expect(first.body.has_more).toBe(true);
  });

  describe('with a provider of its own behind the http connector', () => {
    let provider: Provider;
    let connectorId: string;
    beforeEach(async () => {
      provider = await startProvider();
      const made = await app.operator.post<{ id: string }>('/v1/operator/connectors', {
        name: newReference('gateway'),
        type: 'http',
        config: { base_url: provider.url, token: provider.token, stale_window_ms: 1000 },
      });
      expect(made.status).toBe(201);
      expect(made.text).not.toContain(provider.token);
      connectorId = made.body.id;
      await app.operator.patch(`/v1/operator/merchants/${merchant.id}`, { connector_id: connectorId });
    });
    afterEach(() => provider.close());

    async function onePayout(overrides: object = {}): Promise<Payout> {
      const bulk = await merchant.createBulk([validItem({ amount: '120.50', ...overrides })]);
      return merchant.payoutOf(bulk.id);
    }

    it('pays each payout there once, in clear and in full', async () => {
      const bulk = await merchant.createBulk({ reference: newReference('payroll'), items: validItems(20) });
      const payouts = await merchant.untilAtRest(bulk.id);
      expect(payouts.every(({ intent }) => intent?.status === 'succeeded' && intent.connector === connectorId)).toBe(true);
      expect(provider.ledger.map(({ request }) => [request.reference, request.amount, request.currency]).sort()).toEqual(
        payouts.map(({ reference, amount, currency }) => [reference, amount, currency]).sort(),
      );
      const iban = provider.ledger.find(({ request }) => request.payout_method['iban'] !== undefined);
      expect(iban?.request.payout_method['iban']).toBe('DE89370400440532013000');
      expect(iban?.request.bulk_reference).toBe(bulk.reference);
    });

    it('has the connector paused by a 401, payouts wait, and a resume pays them', async () => {
      provider.setFate(() => ({ takes: false, answer: { status: 401 } }));
      const payout = await onePayout();
      await merchant.untilPayout(payout.id, ({ status }) => status === 'PROCESSING_IN_PROGRESS' || status === 'SCHEDULED');
      await eventually(
        () => app.operator.get<{ paused: boolean }>(`/v1/operator/connectors/${connectorId}`),
        ({ body }) => body.paused,
      );
      expect((await merchant.explanation(payout.id)).cause).toBe('connector_paused');
      expect(['INTENT_CREATION_FAILED', 'PROCESSED']).not.toContain((await merchant.payout(payout.id)).status);

      provider.setFate(() => ({ takes: true }));
      await app.operator.post(`/v1/operator/connectors/${connectorId}/resume`);
      const paid = await merchant.untilPayout(payout.id, ({ final }) => final);
      expect(paid.intent?.status).toBe('succeeded');
      expect(provider.ledger).toHaveLength(1);
    });

    it('shows what is unclear, of every merchant, newest first, without account data', async () => {
      provider.setFate(showsAnotherAmount);
      const payouts: Payout[] = [];
      for (let number = 0; number < 3; number += 1) {
        const { id } = await onePayout();
        payouts.unshift(await merchant.untilPayout(id, ({ intent }) => intent?.status === 'needs_review'));
      }
      const path = `/v1/operator/intents?connector_id=${connectorId}`;
      const first = await app.operator.get<UnclearIntentListDto>(`${path}&status=needs_review&limit=2`);
      const second = await app.operator.get<UnclearIntentListDto>(`${path}&starting_after=${first.body.data[1]!.id}`);
      expect([...first.body.data, ...second.body.data].map(({ id }) => id)).toEqual(payouts.map(({ intent }) => intent?.id));
      expect([first.body.has_more, second.body.has_more]).toEqual([true, false]);
      const [key] = (await merchant.attempts(payouts[0]!.id)).map(({ idempotency_key }) => idempotency_key);
      expect(first.body.data[0]).toMatchObject({
        status: 'needs_review',
        merchant_id: merchant.id,
        payout_id: payouts[0]!.id,
        reference: payouts[0]!.reference,
        amount: '120.50',
        currency: 'EUR',
        idempotency_key: key,
        provider_reference: `pay_${key}`,
        detail: expect.stringMatching(/another amount/),
        next_check_at: null,
        steps: [{ action: 'send', outcome: 'unknown' }],
      });
      expect(first.text).not.toMatch(/DE89370400440532013000|Lovelace/);
      const { body } = await app.operator.get<UnclearIntentListDto>(`${path}&status=unknown`);
      expect(body.data).toEqual([]);
      expect((await app.operator.get('/v1/operator/intents?status=succeeded')).status).toBe(400);
      expect((await merchant.get(path)).status).toBe(403);
    });

    it.each([
      ['succeeded', 'PROCESSED', 'succeeded'],
      ['failed', 'PROCESSED', 'failed'],
      ['returned', 'PROCESSED', 'returned'],
      ['rejected', 'INTENT_CREATION_FAILED', 'rejected'],
    ])('decides what no machine can: %s', async (status, payoutStatus, intentStatus) => {
      provider.setFate(showsAnotherAmount);
      const { id } = await onePayout();
      const review = await merchant.untilPayout(id, ({ intent }) => intent?.status === 'needs_review');
      expect([review.status, review.final]).toEqual(['PROCESSING_IN_PROGRESS', false]);
      expect((await merchant.explanation(id)).cause).toBe('needs_review');

      const path = `/v1/operator/intents/${review.intent!.id}/resolve`;
      expect((await merchant.post(path, { status, reason: 'x' })).status).toBe(403);
      expect((await app.operator.post(path, { status: 'maybe', reason: 'x' })).status).toBe(422);
      expect((await app.operator.post(path, { status })).status).toBe(422);
      const resolved = await app.operator.post<Payout>(path, { status, reason: 'confirmed by phone' });
      expect([resolved.status, resolved.body.status, resolved.body.intent?.status]).toEqual([200, payoutStatus, intentStatus]);
      expect((await app.operator.post(path, { status, reason: 'again' })).status).toBe(409);
      expect(await app.differences()).toEqual([]);
      // Each is held to the catalogue.
      const told = (await merchant.events(`/v1/events?payout_id=${id}`)).map(({ type }) => type);
      expect(told).toContain(status === 'rejected' ? 'payout.intent_creation_failed' : `payout.intent_${status}`);
    });
  });

  it('finds nothing under ids that do not exist', async () => {
    for (const path of [
      'merchants/merchant_01kb4n3w2ze3rbz4jrd9qk6v1x',
      'connectors/connector_01kb4n3w2ze3rbz4jrd9qk6v1x',
      'merchants/nonsense',
    ]) {
      expect((await app.operator.get(`/v1/operator/${path}`)).status).toBe(404);
      expect((await app.operator.post(`/v1/operator/${path}/pause`, { reason: 'x' })).status).toBe(404);
    }
    const answer = await app.operator.post('/v1/operator/intents/intent_01kb4n3w2ze3rbz4jrd9qk6v1x/resolve', {
      status: 'failed',
      reason: 'x',
    });
    expect(answer.status).toBe(404);
  });
});
