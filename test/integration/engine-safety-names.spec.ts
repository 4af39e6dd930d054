import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { decideFound, type Decision } from '../../src/payouts/decide-outcome.js';
import { SettleIntents } from '../../src/payouts/index.js';
import { RetryPayout } from '../../src/payouts/retry-payout.js';
import { toTypeId } from '../../src/platform/ids/index.js';
import type { StrayPaymentListDto } from '../../src/reconciliation/dto/stray-payment.dto.js';
import { type EngineMerchant, EngineWorld, paid } from '../support/engine-world.js';
import { tomorrow, validItem, validItems } from '../support/items.js';
import { signedNotification } from '../support/provider-server.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';
import { eventually, until } from '../support/until.js';

/** The provider names this payment. */
const paidBy = (providerReference: string) => (): Decision => ({ ...paid(), providerReference });
const found = (payoutId: string, decide: () => Decision) => ({
  payoutId,
  claimNo: null,
  source: 'send' as const,
  httpStatus: 201,
  decide,
});

describe('one payment that a provider names for two payouts', () => {
  let world: EngineWorld;
  let merchant: EngineMerchant;
  beforeAll(async () => {
    world = await EngineWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    merchant = await world.merchant();
  });

  /** Payouts whose calls are out. */
  const sent = async (count: number, by = merchant): Promise<string[]> => {
    const bulkId = await world.scheduledBulk(by, { count });
    await world.claim(by);
    return (await world.payouts(bulkId)).map(({ id }) => id);
  };
  const settle = (payoutId: string, name: string) => world.settle([found(payoutId, paidBy(name))]);
  const standing = async (payoutId: string): Promise<unknown[]> => {
    const { status, provider_reference } = await world.intentOf(payoutId);
    const [payout] = await world.query(`SELECT status FROM payout WHERE id = $1`, [payoutId]);
    return [payout?.status, status, provider_reference];
  };
  const detailOf = async (payoutId: string): Promise<string> =>
    String((await world.query(`SELECT detail FROM attempt WHERE payout_id = $1 ORDER BY number DESC`, [payoutId]))[0]?.detail);
  const straysOf = ({ connectorId }: EngineMerchant) =>
    world.query(`SELECT provider_reference, kind, payout_id, detail FROM stray_payment WHERE connector_id = $1`, [connectorId]);
  const isPaused = async ({ connectorId }: EngineMerchant): Promise<boolean> =>
    (await world.query(`SELECT paused_by = 'engine' AS paused FROM connector WHERE id = $1`, [connectorId]))[0]?.paused === true;

  const expectOnlyFirst = async (first: string, second: string): Promise<void> => {
    expect(await standing(first)).toEqual(['PROCESSED', 'succeeded', 'BATCH']);
    expect(await standing(second)).toEqual(['PROCESSING_IN_PROGRESS', 'needs_review', null]);
    expect((await world.eventsOf(second)).slice(-2)).toEqual(['payout.intent_unknown', 'payout.intent_needs_review']);
    const detail = `The provider names payment BATCH, which is that of ${toTypeId('payout', first)} already.`;
    expect(await detailOf(second)).toBe(detail);
    expect(await straysOf(merchant)).toEqual([{ provider_reference: 'BATCH', kind: 'contradiction', payout_id: second, detail }]);
    expect(await isPaused(merchant)).toBe(true);
    expect(await world.differences()).toEqual([]);
  };

  it('is that of the first; the second goes to a person, is not told as paid, and the connector pauses', async () => {
    const [first, second] = (await sent(2)) as [string, string];
    await settle(first, 'BATCH');
    expect((await settle(second, 'BATCH')).has(second)).toBe(true);
    await expectOnlyFirst(first, second);
  });

  it('is that of the first where both are settled together, and costs the others of the group nothing', async () => {
    const [first, other, second, own] = (await sent(4)) as [string, string, string, string];
    await settle(other, 'ANOTHER');
    const group = [found(first, paidBy('BATCH')), found(second, paidBy('BATCH')), found(own, paidBy('OWN'))];
    expect((await world.settle(group)).size).toBe(3);
    expect(await standing(own)).toEqual(['PROCESSED', 'succeeded', 'OWN']);
    await expectOnlyFirst(first, second);
  });

  it('is told of a whole group in one line of the log', async () => {
    const ids = await sent(6);
    const errors = jest.spyOn(Logger.prototype, 'error');
    try {
      await world.settle(ids.map((id, n) => found(id, paidBy(`BATCH ${String(n % 3)}`))));
      const lines = errors.mock.calls.map(([line]) => String(line)).filter((line) => line.startsWith('stray payments'));
      expect(lines).toHaveLength(1);
      for (const n of [0, 1, 2]) expect(lines[0]).toContain(`BATCH ${String(n)}`);
    } finally {
      errors.mockRestore();
    }
  });

  it('is that of whoever commits first where two processes settle at once', async () => {
    const [first, second] = (await sent(2)) as [string, string];
    let later: Promise<unknown> = Promise.resolve();
    await world.run(async (tx) => {
      await world.get(SettleIntents).execute(tx, [found(first, paidBy('BATCH'))]);
      later = settle(second, 'BATCH');
      // It has looked, if at all, before the first is committed.
      await until(async () => (await world.query(`SELECT 1 FROM pg_locks WHERE NOT granted`)).length > 0);
    });
    await later;
    await expectOnlyFirst(first, second);
  });

  it('is asked after by no statement where each has a name of its own', async () => {
    const payouts = await sent(20);
    const texts: string[] = [];
    await world.run(async (tx) => {
      const query = tx.query.bind(tx);
      tx.query = (text: string, values: readonly unknown[]) => {
        texts.push(text);
        return query(text, values);
      };
      await world.get(SettleIntents).execute(
        tx,
        payouts.map((payoutId) => found(payoutId, paid)),
      );
    });
    expect(texts.filter((text) => text.includes('WHERE connector_id = ANY'))).toEqual([]);
  });

  it('pays both where they are payments of two connectors', async () => {
    const elsewhere = await world.merchant();
    const [[here], [there]] = [await sent(1), await sent(1, elsewhere)];
    await settle(here!, 'BATCH');
    await settle(there!, 'BATCH');
    expect(await standing(there!)).toEqual(['PROCESSED', 'succeeded', 'BATCH']);
    expect(await straysOf(elsewhere)).toEqual([]);
  });

  it('of another merchant is named to the operator alone', async () => {
    const neighbour = await world.merchant(merchant.connectorId);
    const [[theirs], [mine]] = [await sent(1, neighbour), await sent(1)];
    await settle(theirs!, 'BATCH');
    await settle(mine!, 'BATCH');
    expect(await standing(mine!)).toEqual(['PROCESSING_IN_PROGRESS', 'needs_review', null]);
    expect(await detailOf(mine!)).toBe(
      'The provider names payment BATCH, which is that of a payout of another merchant already.',
    );
    const [stray] = await straysOf(merchant);
    expect(stray?.['detail']).toContain(toTypeId('payout', theirs!));
  });

  it('leaves what was taken before as it is, and is told as a stray payment', async () => {
    const [first, taken] = (await sent(2)) as [string, string];
    await settle(first, 'BATCH');
    const pending = () => ({ ...paid(), transitions: ['await_outcome' as const], providerReference: 'OWN', nextCheck_ms: 1_000 });
    await world.settle([found(taken, pending)]);
    const shown = { providerReference: 'BATCH', status: 'succeeded', failure: null, amount: null, currency: null } as const;
    const decide = (known: Parameters<typeof decideFound>[1]) => decideFound({ ...shown, checkAfter_ms: null }, known);
    await world.settle([{ payoutId: taken, claimNo: null, source: 'look_up', httpStatus: null, decide }]);
    expect(await standing(taken)).toEqual(['PROCESSED', 'pending', 'OWN']);
    expect(await straysOf(merchant)).toMatchObject([{ provider_reference: 'BATCH', payout_id: taken }]);
    expect(await isPaused(merchant)).toBe(true);
  });

  it('is no contradiction where it was named for an earlier attempt of the same payout', async () => {
    const [payoutId] = (await sent(1)) as [string];
    const refused = { code: 'limit', message: 'Used up.', retryable: true };
    const attempt = { ...paid().attempt, outcome: 'rejected' as const, mayHaveBeenTaken: false };
    const refusal = {
      transitions: ['reject' as const],
      providerReference: 'BATCH',
      failure: refused,
      nextCheck_ms: null,
      attempt,
    };
    await world.settle([found(payoutId, () => refusal)]);
    const [payout] = await world.query(`SELECT bulk_id, reference FROM payout WHERE id = $1`, [payoutId]);
    const { bulk_id: bulkId, reference } = payout as { bulk_id: string; reference: string };
    const command = { merchantId: merchant.id, bulkId, payoutId, reference, ifMatch: null };
    await world.transactions.asMerchant(merchant.id, (tx) => world.get(RetryPayout).execute(tx, command));
    await world.validate();
    await world.claim(merchant);
    await settle(payoutId, 'BATCH');
    expect((await world.intentOf(payoutId)).status).toBe('succeeded');
    expect(await straysOf(merchant)).toEqual([]);
  });
});

describe('a gateway that answers two keys with one payment', () => {
  let world: ProviderWorld;
  afterEach(() => world.close());
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const strays = async () => (await world.app.operator.get<StrayPaymentListDto>('/v1/operator/stray-payments')).body.data;

  it('has one payout told as paid; the others wait for a person, and none is sent any more', async () => {
    const answer = { status: 201, body: { id: 'BATCH', status: 'succeeded' } };
    world = await providerWorld({ provider: { lists: false, fate: () => ({ takes: false, answer }) } });
    const bulk = await world.merchant.createBulk(validItems(3));
    const later = await world.merchant.createValidated([validItem({ scheduled_date: tomorrow() })]);
    const intents = await eventually(
      async () => (await world.merchant.payouts(bulk.id)).map(({ intent }) => intent?.status),
      (statuses) => statuses.every((status) => status === 'succeeded' || status === 'needs_review'),
    );
    expect(intents.toSorted()).toEqual(['needs_review', 'needs_review', 'succeeded']);
    expect((await world.merchant.bulk(bulk.id)).counts).toMatchObject({ PROCESSED: 1, PROCESSING_IN_PROGRESS: 2 });
    expect(await world.connector()).toMatchObject({ paused: true, paused_by: 'engine' });
    expect((await world.connector()).pause_reason).toContain('payment BATCH');
    expect(await strays()).toMatchObject([{ provider_reference: 'BATCH', kind: 'contradiction' }]);
    const [held] = await world.merchant.payouts(later.id);
    expect((await world.merchant.explanation(held!.id)).cause).toBe('waits_for_date');

    const open = (await world.merchant.payouts(bulk.id)).find(({ intent }) => intent?.status === 'needs_review')!;
    expect((await world.merchant.attempts(open.id))[0]!.detail).toContain('The provider names payment BATCH');
    const resolve = { status: 'rejected', reason: 'not in the statement of the day' };
    expect((await world.app.operator.post(`/v1/operator/intents/${open.intent!.id}/resolve`, resolve)).status).toBe(200);
    expect((await world.merchant.payout(open.id)).status).toBe('INTENT_CREATION_FAILED');
  });

  it('is found out by its notification too', async () => {
    const answer = { status: 500, body: {} };
    world = await providerWorld({
      config: { notification_secret: secret },
      provider: { lists: false, fate: () => ({ takes: true, answer }) },
    });
    world.provider.setLookup({ status: 503 });
    const bulk = await world.merchant.createBulk(validItems(2));
    await eventually(
      () => world.merchant.payouts(bulk.id),
      (payouts) => payouts.every(({ intent }) => intent?.status === 'unknown'),
    );
    const url = `${world.app.url}/v1/connectors/${world.connectorId}/notifications`;
    for (const entry of world.provider.ledger) {
      const { headers, body } = signedNotification({ secret, entry: { ...entry, id: 'BATCH' } });
      expect((await fetch(url, { method: 'POST', headers, body: body.toString() })).status).toBe(204);
    }
    const statuses = (await world.merchant.payouts(bulk.id)).map(({ intent }) => intent?.status);
    expect(statuses.toSorted()).toEqual(['needs_review', 'succeeded']);
    expect(await strays()).toMatchObject([{ provider_reference: 'BATCH', kind: 'contradiction' }]);
  });
});
