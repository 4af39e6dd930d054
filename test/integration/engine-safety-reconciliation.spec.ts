import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { readEngine } from '../../src/doctor/judge-engine.js';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import { Transactions } from '../../src/platform/database/index.js';
import { toTypeId } from '../../src/platform/ids/index.js';
import type { StrayPaymentDto, StrayPaymentListDto } from '../../src/reconciliation/dto/stray-payment.dto.js';
import { ReconcileConnectors } from '../../src/reconciliation/index.js';
import { EngineFigures } from '../../src/scheduler/engine-figures.js';
import { tomorrow, validItem, validItems } from '../support/items.js';
import type { Payout } from '../support/merchant-client.js';
import { startProvider } from '../support/provider-server.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';
import { asAdmin } from '../support/test-server.js';
import { eventually } from '../support/until.js';

describe('the comparison of books', () => {
  let world: ProviderWorld;
  afterEach(() => world.close());

  const reconcile = (): Promise<void> => world.app.part(ReconcileConnectors).execute();

  /** As somebody else would, who has our token. */
  const pay = async (key: string, amount = '120.50'): Promise<string> => {
    const answer = await fetch(`${world.provider.url}/payout-intents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.provider.token}`, 'idempotency-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ intent_id: 'intent_of_nobody', reference: 'R', amount, currency: 'EUR', payout_method: {} }),
    });
    return ((await answer.json()) as { id: string }).id;
  };

  it('finds nothing where both sides are the same, page by page, and remembers how far it came', async () => {
    world = await providerWorld();
    const bulk = await world.merchant.createBulk(validItems(250));
    await world.merchant.untilAtRest(bulk.id);
    const events = (await world.merchant.events()).length;
    await reconcile();
    await reconcile();
    expect(await world.connector()).toMatchObject({ paused: false, lists_payments: true, reconciled_until: expect.any(String) });
    expect((await world.merchant.events()).length).toBe(events);
    const lists = world.provider.requests.filter(({ path }) => path.includes('created_after'));
    expect(lists.some(({ path }) => path.includes('cursor=200'))).toBe(true);
  });

  it('pauses the connector over a payment that we do not know, names it, tells of it once, and goes on when an operator has looked', async () => {
    world = await providerWorld();
    const id = await pay(randomUUID());
    await reconcile();
    const paused = await world.connector();
    expect(paused).toMatchObject({ paused: true, paused_by: 'engine' });
    expect(paused.pause_reason).toContain(id);

    expect((await world.app.operator.post(`/v1/operator/connectors/${world.connectorId}/resume`)).status).toBe(200);
    await reconcile();
    expect(await world.connector()).toMatchObject({ paused: false });
    const metrics = await (await fetch(`${world.app.url}/metrics`)).text();
    expect(metrics).toMatch(/tranche_stray_payments_total\{kind="unknown"\} 1/);
  });

  it('says in one line of the log what somebody else pays from the same account, however much it is', async () => {
    const errors = jest.spyOn(Logger.prototype, 'error');
    world = await providerWorld();
    for (let n = 0; n < 7; n += 1) await pay(randomUUID());
    await reconcile();
    const words = errors.mock.calls.map(([message]) => String(message)).filter((message) => message.startsWith('stray'));
    errors.mockRestore();
    expect(words).toEqual([
      expect.stringMatching(/^stray payments at connector_\w+: (pay_\S+ \(unknown\): [^;]+; ){5}and 2 more$/),
    ]);
    const metrics = await (await fetch(`${world.app.url}/metrics`)).text();
    expect(metrics).toMatch(/tranche_stray_payments_total\{kind="unknown"\} 7/);
  });

  it('goes on with the others where one can not be compared, and fails in the end', async () => {
    world = await providerWorld();
    const other = await startProvider();
    const body = { name: 'Other', type: 'http', config: { base_url: other.url, token: other.token } };
    const { id } = (await world.app.operator.post<ConnectorDto>('/v1/operator/connectors', body)).body;
    await asAdmin(world.app.databaseUrl, (admin) =>
      admin.query(`ALTER TABLE stray_payment ADD CONSTRAINT nothing_is_recorded CHECK (false)`),
    );
    await pay(randomUUID());
    await expect(reconcile()).rejects.toThrow('1 connectors could not be compared');
    expect((await world.app.operator.get<ConnectorDto>(`/v1/operator/connectors/${id}`)).body).toMatchObject({
      reconciled_until: expect.any(String),
    });
    await other.close();
  });

  it('settles what the provider paid meanwhile, and leaves what is cancelled to a person', async () => {
    world = await providerWorld({ provider: { fate: () => ({ takes: true, status: 'pending' }) } });
    const bulk = await world.merchant.createBulk([validItem()]);
    await world.merchant.untilBulk(bulk.id, ({ status }) => status === 'PROCESSED');
    world.provider.ledger[0]!.status = 'succeeded';
    await reconcile();
    const payout = await world.merchant.payoutOf(bulk.id);
    expect(payout.intent?.status).toBe('succeeded');
    expect((await world.merchant.attempts(payout.id))[0]!.steps.at(-1)).toMatchObject({
      action: 'reconciliation',
      outcome: 'accepted',
    });

    const cancelled = await cancelledPayout();
    await pay(await keyOf(cancelled));
    await reconcile();
    expect((await world.connector()).pause_reason).toMatch(/its payout is CANCELLED/);
  });

  const cancelledPayout = async (): Promise<Payout> => {
    const bulk = await world.merchant.createValidated([validItem({ scheduled_date: tomorrow() })]);
    await world.merchant.post(`/v1/bulks/${bulk.id}/cancel`);
    return world.merchant.payoutOf(bulk.id);
  };

  it('adopts what was paid under the key of a payout that is still to be paid, instead of paying it again', async () => {
    world = await providerWorld();
    const bulk = await world.merchant.createValidated([
      validItem({ scheduled_date: tomorrow() }),
      validItem({ scheduled_date: tomorrow() }),
    ]);
    const [lost, other] = await world.merchant.payouts(bulk.id);
    const id = await pay(await keyOf(lost!));
    await reconcile();
    const adopted = await world.merchant.payout(lost!.id);
    expect(adopted).toMatchObject({ status: 'PROCESSED', final: true, intent: { status: 'succeeded', provider_reference: id } });
    expect((await world.merchant.payout(other!.id)).status).toBe('SCHEDULED');
    expect(await world.connector()).toMatchObject({ paused: false });
    expect(await world.app.differences()).toEqual([]);
  });

  it('tells of the second of two payments under one key, also where it finds both at once', async () => {
    world = await providerWorld({ provider: { remembers_ms: 0 } });
    const bulk = await world.merchant.createValidated([validItem({ scheduled_date: tomorrow() })]);
    const payout = await world.merchant.payoutOf(bulk.id);
    const [first, second] = [await pay(await keyOf(payout)), await pay(await keyOf(payout))];
    await reconcile();
    expect((await world.merchant.payout(payout.id)).intent).toMatchObject({ status: 'succeeded', provider_reference: first });
    expect(await world.connector()).toMatchObject({ paused: true, pause_reason: expect.stringContaining(second) });
    const { body } = await world.app.operator.get<StrayPaymentListDto>('/v1/operator/stray-payments');
    expect(body.data).toMatchObject([{ provider_reference: second, kind: 'contradiction', payout_id: payout.id }]);
  });

  it('is not waited for where a look-up shows another amount of what is pending: that is told at once', async () => {
    world = await providerWorld({ provider: { lists: false, fate: () => ({ takes: true, status: 'pending' }) } });
    const bulk = await world.merchant.createBulk([validItem({ amount: '120.00' })]);
    await world.merchant.untilBulk(bulk.id, ({ status }) => status === 'PROCESSED');
    const { id, request } = world.provider.ledger[0]!;
    const shown = {
      id,
      status: 'succeeded',
      amount: '12.00',
      currency: request.currency,
      idempotency_key: request.idempotency_key,
    };
    world.provider.setLookup({ status: 200, body: { data: [shown] } });
    await asAdmin(world.app.databaseUrl, (admin) => admin.query(`UPDATE payout_intent SET next_check_at = tranche_now()`));
    await eventually(world.connector, ({ paused }) => paused);
    expect((await world.connector()).pause_reason).toContain('another amount');
    const { body } = await world.app.operator.get<StrayPaymentListDto>('/v1/operator/stray-payments');
    const { id: payout_id, intent } = await world.merchant.payoutOf(bulk.id);
    expect(body.data).toMatchObject([{ provider_reference: id, kind: 'other_amount', payout_id }]);
    expect(intent?.status).toBe('pending');
  });

  it('finds what was paid although it had been refused, before anybody retries it', async () => {
    const answer = { status: 422, body: { code: 'limit_exceeded', message: 'Used up.', retryable: true } };
    world = await providerWorld({ provider: { fate: () => ({ takes: true, status: 'succeeded', answer }) } });
    const bulk = await world.merchant.createBulk([validItem()]);
    await world.merchant.untilBulk(bulk.id, ({ status }) => status === 'INTENT_CREATION_FAILED');
    await reconcile();
    const { id, intent } = await world.merchant.payoutOf(bulk.id);
    expect(intent).toMatchObject({ status: 'needs_review', provider_reference: world.provider.ledger[0]!.id });
    expect(await world.connector()).toMatchObject({
      paused: true,
      pause_reason: expect.stringMatching(/after it had said rejected/),
    });
    const metrics = await (await fetch(`${world.app.url}/metrics`)).text();
    expect(metrics).toMatch(/tranche_stray_payments_total\{kind="contradiction"\} 1/);
    expect((await world.merchant.post(`/v1/payouts/${id}/retry`)).status).toBe(409);
  });

  it('raises an alarm where another amount was paid under the key, and a person decides', async () => {
    world = await providerWorld();
    const bulk = await world.merchant.createValidated([validItem({ scheduled_date: tomorrow() })]);
    const [payout] = await world.merchant.payouts(bulk.id);
    await pay(await keyOf(payout!), '999.00');
    await reconcile();
    expect((await world.merchant.payout(payout!.id)).intent?.status).toBe('needs_review');
    expect(await world.connector()).toMatchObject({ paused: true, pause_reason: expect.stringMatching(/another amount/) });
  });

  it('lists what it has found until somebody says what became of each, here or by the resume', async () => {
    world = await providerWorld();
    const { operator } = world.app;
    const strays = async (query = ''): Promise<readonly StrayPaymentDto[]> =>
      (await operator.get<StrayPaymentListDto>(`/v1/operator/stray-payments${query}`)).body.data;
    const foreign = await pay(randomUUID());
    await reconcile();
    const cancelled = await cancelledPayout();
    const ours = await pay(await keyOf(cancelled));
    await reconcile();

    const [second, first] = await strays(`?acknowledged=false&connector_id=${world.connectorId}`);
    const open = { connector: world.connectorId, acknowledged_at: null, acknowledge_reason: null };
    const nobodys = { merchant_id: null, payout_id: null, reference: null };
    const named = { merchant_id: world.merchant.id, payout_id: cancelled.id, reference: cancelled.reference };
    expect(first).toMatchObject({ ...open, ...nobodys, provider_reference: foreign, kind: 'unknown' });
    expect(second).toMatchObject({ ...open, ...named, provider_reference: ours, kind: 'not_ours_to_pay' });
    expect(await strays(`?starting_after=${second!.id}`)).toEqual([first]);

    const path = `/v1/operator/stray-payments/${first!.id}/acknowledge`;
    const recalled = await operator.post<StrayPaymentDto>(path, { reason: 'recalled' });
    expect(recalled.body).toEqual({ ...(first as object), acknowledged_at: expect.any(String), acknowledge_reason: 'recalled' });
    expect((await operator.post(path, { reason: 'once more' })).body).toEqual(recalled.body);
    expect((await operator.post(path, {})).body.errors?.[0]?.pointer).toBe('/reason');
    expect((await operator.post(path.replace(first!.id, toTypeId('stray', randomUUID())), { reason: 'x' })).status).toBe(404);
    expect(await strays('?acknowledged=false')).toEqual([second]);
    expect(await world.connector()).toMatchObject({ paused: true });

    await operator.post(`/v1/operator/connectors/${world.connectorId}/resume`, { reason: 'booked' });
    expect(await strays('?acknowledged=false')).toEqual([]);
    const reasons = (await strays('?acknowledged=true')).map(({ acknowledge_reason }) => acknowledge_reason);
    expect(reasons).toEqual(['booked', 'recalled']);
  });

  describe('says that it is behind', () => {
    /** What the alarm is raised by, in hours, and whom the doctor names. */
    const behind = async (): Promise<[number, readonly string[]]> => {
      await world.app.part(EngineFigures).refresh();
      const metrics = await (await fetch(`${world.app.url}/metrics`)).text();
      const seconds = Number(/^tranche_books_behind_seconds (\S+)$/m.exec(metrics)?.[1]);
      const { books_behind } = await world.app.part(Transactions).asEngine(readEngine);
      return [Math.floor(seconds / 3_600), books_behind];
    };
    const twoHoursPass = (): Promise<void> =>
      asAdmin(world.app.databaseUrl, (admin) =>
        admin.query(
          `UPDATE connector SET created_at = created_at - interval '2 hours', reconciled_until = reconciled_until - interval '2 hours'
           WHERE name = 'Provider'`,
        ),
      );

    it('where a list that was given fails, or is not given any more, until it has been read to its end', async () => {
      world = await providerWorld();
      await reconcile();
      expect(await behind()).toEqual([0, []]);
      await twoHoursPass();
      for (const status of [500, 404]) {
        world.provider.setLookup({ status });
        await reconcile();
        expect([status, await behind()]).toEqual([status, [2, ['Provider']]]);
      }
      expect(await world.connector()).toMatchObject({ paused: false, lists_payments: false });
      world.provider.setLookup(null);
      await reconcile();
      expect(await behind()).toEqual([0, []]);
    });

    it('where a list has never answered', async () => {
      world = await providerWorld();
      world.provider.setLookup({ status: 403 });
      await twoHoursPass();
      await reconcile();
      expect(await behind()).toEqual([2, ['Provider']]);
    });

    it.each([
      ['gives no list', () => Promise.resolve()],
      [
        'is paused',
        () => world.app.operator.post(`/v1/operator/connectors/${world.connectorId}/pause`, { reason: 'a question' }),
      ],
    ])('but not of a provider that %s', async (which, happens) => {
      world = await providerWorld({ provider: { lists: which !== 'gives no list' } });
      if (which === 'is paused') world.provider.setLookup({ status: 500 });
      await happens();
      await twoHoursPass();
      await reconcile();
      expect(await behind()).toEqual([0, []]);
    });
  });

  const keyOf = async (payout: Payout): Promise<string> => {
    const { idempotencyKeyOf } = await import('../../src/payouts/idempotency-key.js');
    const { fromTypeId } = await import('../../src/platform/ids/index.js');
    return idempotencyKeyOf(fromTypeId('merchant', world.merchant.id)!, fromTypeId('payout', payout.id)!, 1);
  };
});
