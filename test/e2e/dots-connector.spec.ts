import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import { idempotencyKeyOf } from '../../src/payouts/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { ReconcileConnectors } from '../../src/reconciliation/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { dotsError, DotsServer } from '../support/dots-server.js';
import { type Item, METHODS, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { IMPATIENT } from '../support/open-connector.js';
import type { Fate } from '../support/recording-server.js';
import { eventually, until } from '../support/until.js';

/** By its cents, what becomes of a payout. */
const ANSWERED_500 = 100;
const NEVER_ANSWERED = 200;
const FATES = new Map<number, (errors: object) => Fate>([
  [ANSWERED_500, () => ({ answer: { status: 500, body: '' } })],
  [NEVER_ANSWERED, () => ({ answer: 'never' })],
  [300, (errors) => ({ status: 'failed', errors })],
  [400, (errors) => ({ status: 'reversed', errors })],
]);
const OPEN: readonly unknown[] = [undefined, 'created', 'unknown', 'pending'];

describe('payouts through Dots', () => {
  let app: TestApp;
  let dots: DotsServer;
  let merchant: MerchantClient;
  let connector: ConnectorDto;
  beforeAll(async () => {
    [app, dots] = await Promise.all([testApp(), DotsServer.start()]);
    const body = { name: 'Dots', type: 'dots', config: { ...dots.config, ...IMPATIENT } };
    connector = (await app.operator.post<ConnectorDto>('/v1/operator/connectors', body)).body;
    merchant = await app.merchant({ connector_id: connector.id });
  });
  beforeEach(() => dots.reset());
  afterAll(async () => {
    await app.close();
    await dots.close();
  });

  const item = (overrides: object = {}): Item => validItem({ currency: 'USD', payout_method: METHODS.paypal, ...overrides });
  const payout = async (overrides: object = {}): Promise<Payout> =>
    merchant.payoutOf((await merchant.createBulk([item(overrides)])).id);
  const comesTo = ({ id }: Payout, status: string): Promise<Payout> =>
    merchant.untilPayout(id, ({ intent }) => intent?.status === status);
  const batchesOf = async ({ id }: Payout) => dots.under((await merchant.attempts(id))[0]?.idempotency_key ?? '');

  it('never shows the API key', () => {
    expect(connector).toMatchObject({ type: 'dots', config: { base_url: dots.config.base_url, client_id: dots.clientId } });
    expect(JSON.stringify(connector)).not.toContain(dots.apiKey);
  });

  it('take what Dots can never pay for invalid', async () => {
    const bulk = await merchant.createValidated([item({ payout_method: METHODS.card }), item({ currency: 'EUR' })]);
    const issues = (await merchant.payouts(bulk.id)).map((one) => one.issues.map(({ code }) => code));
    expect(issues).toEqual([['no_route'], ['no_route']]);
  });

  it('end with a reason, and nothing asked of Dots, where the account is none that Dots knows', async () => {
    const refused = await comesTo(await payout({ payout_method: METHODS.iban }), 'rejected');
    expect(refused).toMatchObject({ status: 'INTENT_CREATION_FAILED', intent: { failure: { code: 'no-receiver' } } });
    expect(dots.requests).toEqual([]);
  });

  it('are paid once where the answer was lost, whatever Dots says of the used key, and end as Dots says', async () => {
    const errors = { error_code: 'invalid-transaction', error_message: 'The account is closed.' };
    dots.fate = ({ amount }) => FATES.get(amount)?.(errors) ?? {};
    // One is answered with the first batch, of the other the first is found in the list.
    dots.repeats = ({ amount }) => (amount === NEVER_ANSWERED ? 'refused' : 'answered');
    const items = [...FATES.keys()].map((cents) => item({ amount: (cents / 100).toFixed(2) }));
    const { id } = await merchant.createBulk(items);
    const shown = () => merchant.payouts(id);
    const standing = (payouts: readonly Payout[]) => payouts.map(({ intent }) => intent?.status);
    const ended = await eventually(shown, (payouts) => !standing(payouts).some((status) => OPEN.includes(status)));
    expect(standing(ended)).toEqual(['succeeded', 'succeeded', 'failed', 'returned']);
    expect(ended[2]).toMatchObject({ intent: { failure: { code: 'invalid-transaction', message: 'The account is closed.' } } });
    for (const payout of ended) {
      const [batch, ...others] = await batchesOf(payout);
      expect([payout.intent?.provider_reference, others]).toEqual([batch?.id, []]);
    }
    // A busy machine may need more.
    for (const cents of [ANSWERED_500, NEVER_ANSWERED]) expect(dots.sendsOf(cents)).toBeGreaterThanOrEqual(2);
    expect(dots.calls).toContain('GET /payout-batches');
  });

  it('are adopted where Dots has one of ours that we have lost; what others send through the same app is nobody’s business', async () => {
    const bulk = await merchant.createValidated([item({ scheduled_date: tomorrow() })]);
    const lost = await merchant.payoutOf(bulk.id);
    const key = idempotencyKeyOf(fromTypeId('merchant', merchant.id)!, fromTypeId('payout', lost.id)!, 1);
    const sample = dots.batches[0]!;
    const booked = (idempotency_key: string, metadata: object | null) =>
      dots.batches.push({ ...sample, id: randomUUID(), sent: { ...sample.sent, idempotency_key, metadata } });
    booked(key, { tranche: fromTypeId('connector', connector.id), amount: '120.50', currency: 'USD' });
    booked(randomUUID(), null);
    await app.part(ReconcileConnectors).execute();
    const adopted = await merchant.payout(lost.id);
    expect(adopted).toMatchObject({ status: 'PROCESSED', intent: { provider_reference: dots.batches.at(-2)!.id } });
    const shown = await app.operator.get<ConnectorDto>(`/v1/operator/connectors/${connector.id}`);
    expect(shown.body).toMatchObject({ paused: false, lists_payments: true });
  });

  it('wait while Dots refuses the credentials', async () => {
    dots.answer('POST /users', dotsError(401, 'unauthorized'));
    const waiting = await payout();
    const shown = () => app.operator.get<ConnectorDto>(`/v1/operator/connectors/${connector.id}`);
    await until(async () => (await shown()).body.paused_at !== null);
    expect((await merchant.payout(waiting.id)).status).toBe('PROCESSING_IN_PROGRESS');
  });
});
