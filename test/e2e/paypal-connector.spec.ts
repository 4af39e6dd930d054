import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import { METHODS, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { PaypalServer, type PaypalWebhook } from '../support/paypal-server.js';
import { eventually, until } from '../support/until.js';

describe('payouts through PayPal', () => {
  let app: TestApp;
  let paypal: PaypalServer;
  let merchant: MerchantClient;
  let owner: pg.Client;
  let connector: ConnectorDto;
  beforeAll(async () => {
    [app, paypal] = await Promise.all([testApp(), PaypalServer.start()]);
    const body = { name: 'PayPal', type: 'paypal', config: paypal.config };
    connector = (await app.operator.post<ConnectorDto>('/v1/operator/connectors', body)).body;
    merchant = await app.merchant({ connector_id: connector.id });
    owner = new pg.Client({ connectionString: app.databaseUrl });
    await owner.connect();
  });
  beforeEach(() => {
    paypal.fate = () => ({});
  });
  afterAll(async () => {
    await owner.end();
    await app.close();
    await paypal.close();
  });

  const payout = async (): Promise<Payout> => {
    const bulk = await merchant.createBulk([validItem({ payout_method: METHODS.paypal })]);
    return merchant.payoutOf(bulk.id);
  };
  const comesTo = ({ id }: Payout, status: string): Promise<Payout> =>
    merchant.untilPayout(id, ({ intent }) => intent?.status === status);
  const keyOf = async ({ id }: Payout): Promise<string> => (await merchant.attempts(id))[0]?.idempotency_key ?? '';
  const notify = ({ headers, body }: PaypalWebhook, id = connector.id): Promise<Response> =>
    fetch(`${app.url}/v1/connectors/${id}/notifications`, { method: 'POST', headers, body });
  /** Nothing is looked at by itself for an hour. */
  const putOff = () =>
    owner.query(`UPDATE payout_intent SET next_check_at = tranche_now() + interval '1 hour' WHERE status = 'pending'`);

  /** A payout that PayPal has not decided, and that nobody looks at by himself. */
  async function pendingPayout() {
    paypal.fate = () => ({ status: 'PENDING' });
    const waiting = await comesTo(await payout(), 'pending');
    await putOff();
    const batch = paypal.under(await keyOf(waiting))[0]!;
    const looks = () => paypal.requests.filter(({ path }) => path.endsWith(batch.id)).length;
    return { batch, looks, waiting };
  }

  /** Hints are few here, for one that comes while a look is out is not heeded. */
  const hintedTo = (of: Payout, status: string, resource: object): Promise<unknown> =>
    eventually(
      async () => {
        await putOff();
        await notify(paypal.webhook(resource));
        return merchant.payout(of.id);
      },
      ({ intent }) => intent?.status === status,
      { every_ms: 300 },
    );

  it('never shows the secret', () => {
    expect(connector).toMatchObject({ type: 'paypal', config: { base_url: paypal.url, client_id: paypal.clientId } });
    expect(JSON.stringify(connector)).not.toContain(paypal.clientSecret);
  });

  it('take what PayPal can not be paid by for invalid', async () => {
    const bulk = await merchant.createValidated([validItem(), validItem({ payout_method: METHODS.paypal, currency: 'TND' })]);
    const issues = (await merchant.payouts(bulk.id)).map((one) => one.issues.map(({ code }) => code));
    expect(issues).toEqual([['no_route'], ['no_route']]);
  });

  it('are paid once where the answer was lost: the same send finds the first', async () => {
    paypal.fate = () => ({ answer: { status: 500, body: '' } });
    const paid = await comesTo(await payout(), 'succeeded');
    const key = await keyOf(paid);
    const [batch, ...others] = paypal.under(key);
    expect(others).toEqual([]);
    expect(paid.intent?.provider_reference).toBe(batch?.id);
    const sends = paypal.requests.filter(
      ({ method, path, body }) => method === 'POST' && path.endsWith('/payouts') && body.includes(key),
    );
    expect(sends).toHaveLength(2);
    expect(new Set(sends.map(({ body }) => body)).size).toBe(1);
  });

  it('are looked at when a webhook of PayPal’s says so, and nothing else of it is believed', async () => {
    const { batch, looks, waiting } = await pendingPayout();
    const resource = { payout_batch_id: batch.id, payout_item_id: batch.itemId, transaction_status: 'FAILED' };
    const before = looks();
    expect((await notify(paypal.webhook(resource))).status).toBe(204);
    await until(() => looks() > before);
    expect((await merchant.payout(waiting.id)).intent?.status).toBe('pending');
    batch.status = 'SUCCESS';
    await hintedTo(waiting, 'succeeded', resource);
    // Of what is paid nobody asks any more, but for a hint.
    expect((await merchant.payout(waiting.id)).intent?.next_check_at).toBeNull();
    batch.status = 'RETURNED';
    await hintedTo(waiting, 'returned', resource);
  });

  it('are looked at once, however many webhooks say so, and PayPal is asked about few of them', async () => {
    const { batch, looks, waiting } = await pendingPayout();
    const resource = { payout_batch_id: batch.id };
    const [lookedBefore, askedBefore] = [looks(), paypal.questions.length];
    const answers = await Promise.all(Array.from({ length: 100 }, () => notify(paypal.webhook(resource))));
    await until(() => looks() > lookedBefore);
    // Some came while PayPal was being asked about another, and are sent again.
    expect(answers.filter(({ status }) => status !== 204 && status !== 503)).toEqual([]);
    expect(answers.find(({ status }) => status === 503)?.headers.get('retry-after') ?? '60').toBe('60');
    // One look is out, and the next is due soon: the other hints change nothing.
    expect(looks()).toBeLessThanOrEqual(lookedBefore + 2);
    expect(paypal.questions.length).toBeLessThanOrEqual(askedBefore + 4);
    batch.status = 'SUCCESS';
    await hintedTo(waiting, 'succeeded', resource);
  });

  it('are not looked at for a webhook that is unsigned, forged, another listener’s, or a copy', async () => {
    const { batch, looks, waiting } = await pendingPayout();
    const resource = { payout_batch_id: batch.id };
    const genuine = paypal.webhook(resource);
    const before = looks();
    const forged = [
      { ...genuine, headers: { 'content-type': 'application/json' } },
      { ...genuine, body: genuine.body.replace('1.0', '1.00') },
      paypal.webhook(resource, 'ANOTHERLISTENER1'),
    ];
    for (const webhook of forged) expect((await notify(webhook)).status).toBe(401);
    expect(looks()).toBe(before);

    batch.status = 'SUCCESS';
    expect((await notify(genuine)).status).toBe(204);
    await comesTo(waiting, 'succeeded');
    const [looked, asked] = [looks(), paypal.questions.length];
    for (let copy = 0; copy < 10; copy += 1) expect((await notify(genuine)).status).toBe(204);
    expect([looks(), paypal.questions.length]).toEqual([looked, asked]);
    expect((await merchant.payout(waiting.id)).intent?.next_check_at).toBeNull();
  });

  it('lose nothing by a webhook about which PayPal can not be asked: it is sent again, and asking goes on', async () => {
    const { batch, looks, waiting } = await pendingPayout();
    const before = looks();
    paypal.refuseQuestions({ status: 503, body: '' });
    const webhook = paypal.webhook({ payout_batch_id: batch.id });
    const answer = await notify(webhook);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'notification_unconfirmed']);
    expect(looks()).toBe(before);
    batch.status = 'SUCCESS';
    paypal.refuseQuestions(null);
    await owner.query(`UPDATE payout_intent SET next_check_at = tranche_now() WHERE status = 'pending'`);
    await comesTo(waiting, 'succeeded');
    batch.status = 'RETURNED';
    await eventually(
      () => notify(webhook),
      ({ status }) => status === 204,
    );
    await comesTo(waiting, 'returned');
  });

  it('that are paid are told of again where a look is out, which may have asked too early', async () => {
    const { batch, looks, waiting } = await pendingPayout();
    const next = (at: string) =>
      owner.query(`UPDATE payout_intent SET next_check_at = ${at} WHERE provider_reference = $1`, [batch.id]);
    batch.status = 'SUCCESS';
    await next('tranche_now()');
    await comesTo(waiting, 'succeeded');
    await next(`tranche_now() + interval '30 seconds'`);
    batch.status = 'RETURNED';
    const [returned, before] = [paypal.webhook({ payout_batch_id: batch.id }), looks()];
    expect([(await notify(returned)).status, looks()]).toEqual([503, before]);
    await next('NULL');
    expect((await notify(returned)).status).toBe(204);
    await comesTo(waiting, 'returned');
  });

  it('care about no webhook that names nothing of theirs, and ask nobody about it', async () => {
    const asked = paypal.questions.length;
    for (const resource of [{}, { payout_batch_id: 'NOT_OURS' }, { payout_batch_id: '\u0000' }])
      expect((await notify(paypal.webhook(resource))).status).toBe(204);
    expect(paypal.questions.length).toBe(asked);
    expect((await notify(paypal.webhook({}), 'connector_01jd3q8yv6f5w9x2k4m7n0p1rs')).status).toBe(404);
  });

  it('wait while PayPal refuses the credentials', async () => {
    paypal.refuseTokens({ status: 401, body: { error: 'invalid_client' } });
    paypal.withdrawTokens();
    const waiting = await payout();
    const shown = () => app.operator.get<ConnectorDto>(`/v1/operator/connectors/${connector.id}`);
    await until(async () => (await shown()).body.paused_at !== null);
    expect((await merchant.payout(waiting.id)).status).toBe('PROCESSING_IN_PROGRESS');
  });
});
