import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { ReconcileConnectors } from '../../src/reconciliation/index.js';
import { validItem } from '../support/items.js';
import type { LedgerEntry } from '../support/provider-server.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';
import { eventually } from '../support/until.js';

const secret = `whsec_${randomBytes(32).toString('base64')}`;

describe('a notification of a provider', () => {
  let world: ProviderWorld;
  beforeEach(async () => {
    world = await providerWorld({ config: { notification_secret: secret } });
  });
  afterEach(() => world.close());

  const notify = (entry: LedgerEntry, status: LedgerEntry['status']): Promise<number> =>
    world.provider.notify({ url: `${world.app.url}/v1/connectors/${world.connectorId}/notifications`, secret, entry, status });

  it('that names a payment which no intent names yet is kept, and counts once its intent appears', async () => {
    // The provider takes it and says nothing; its own word comes first, without our key.
    world.provider.setFate(() => ({ takes: true, status: 'pending', delay_ms: 600 }));
    const bulk = await world.merchant.createBulk([validItem()]);
    const entry = (
      await eventually(
        () => Promise.resolve(world.provider.ledger),
        (ledger) => ledger.length === 1,
      )
    )[0]!;
    const early = { ...entry, request: { ...entry.request, idempotency_key: 'a key of somebody else' } };
    expect(await notify(early, 'succeeded')).toBe(204);
    expect(await notify(early, 'succeeded')).toBe(204);
    const [payout] = await world.merchant.untilAtRest(bulk.id);

    expect(payout!.intent).toMatchObject({ status: 'succeeded', provider_reference: entry.id });
    const [attempt] = await world.merchant.attempts(payout!.id);
    expect(attempt!.steps.map(({ action }) => action)).toEqual(['send', 'notification']);
    const events = await world.merchant.events(`/v1/payouts/${payout!.id}/events`);
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['payout.intent_pending', 'payout.intent_succeeded']);
  });

  it('that comes again, late, or in the wrong order changes nothing', async () => {
    world.provider.setFate(() => ({ takes: true, status: 'pending' }));
    const bulk = await world.merchant.createBulk([validItem()]);
    await world.merchant.untilBulk(bulk.id, ({ status }) => status === 'PROCESSED');
    const entry = world.provider.ledger[0]!;
    for (const status of ['succeeded', 'pending', 'succeeded', 'pending'] as const) expect(await notify(entry, status)).toBe(204);
    const payout = await world.merchant.payoutOf(bulk.id);
    expect(payout.intent?.status).toBe('succeeded');
    const types = (await world.merchant.events(`/v1/payouts/${payout.id}/events`)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('payout.intent_'))).toEqual([
      'payout.intent_pending',
      'payout.intent_succeeded',
    ]);
  });

  it('that says paid after refused goes to a person and raises an alarm', async () => {
    world.provider.setFate(() => ({
      takes: true,
      status: 'succeeded',
      answer: { status: 422, body: { code: 'account_closed', message: 'Closed.' } },
    }));
    const bulk = await world.merchant.createBulk([validItem()]);
    await world.merchant.untilBulk(bulk.id, ({ status }) => status === 'INTENT_CREATION_FAILED');
    expect(await notify(world.provider.ledger[0]!, 'succeeded')).toBe(204);
    const payout = await world.merchant.payoutOf(bulk.id);
    expect(payout.intent?.status).toBe('needs_review');
    const metrics = await (await fetch(`${world.app.url}/metrics`)).text();
    expect(metrics).toMatch(/tranche_stray_payments_total\{kind="contradiction"\} 1/);
    expect(await world.connector()).toMatchObject({ paused: false });
  });

  it('that says failed after paid takes nothing back and raises an alarm', async () => {
    world.provider.setFate(() => ({ takes: true, status: 'succeeded' }));
    const bulk = await world.merchant.createBulk([validItem()]);
    await world.merchant.untilAtRest(bulk.id);
    for (let copy = 0; copy < 2; copy += 1) expect(await notify(world.provider.ledger[0]!, 'failed')).toBe(204);
    expect((await world.merchant.payoutOf(bulk.id)).intent).toMatchObject({ status: 'succeeded', failure: null });
    const metrics = await (await fetch(`${world.app.url}/metrics`)).text();
    expect(metrics).toMatch(/tranche_stray_payments_total\{kind="contradiction"\} 1/);
  });

  it('moves nothing out of the hands of a person, whatever it says, and stands in the evidence', async () => {
    world.provider.setFate(() => ({
      takes: true,
      status: 'pending',
      answer: { status: 422, body: { code: 'account_closed', message: 'Closed.' } },
    }));
    const bulk = await world.merchant.createBulk([validItem()]);
    await world.merchant.untilBulk(bulk.id, ({ status }) => status === 'INTENT_CREATION_FAILED');
    const entry = world.provider.ledger[0]!;
    for (const status of ['pending', 'unclaimed', 'succeeded', 'succeeded', 'failed', 'returned', 'pending'] as const) {
      expect(await notify(entry, status)).toBe(204);
      expect((await world.merchant.payoutOf(bulk.id)).intent?.status).toBe('needs_review');
    }
    await world.app.part(ReconcileConnectors).execute();
    const { id, intent } = await world.merchant.payoutOf(bulk.id);
    expect(intent?.status).toBe('needs_review');
    const types = (await world.merchant.events(`/v1/payouts/${id}/events`)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('payout.intent_'))).toEqual([
      'payout.intent_creation_failed',
      'payout.intent_needs_review',
    ]);
    const [attempt] = await world.merchant.attempts(id);
    expect(attempt!.steps.map(({ detail }) => detail).join(' ')).toMatch(/says unclaimed.*says succeeded.*says returned/);

    const resolve = { status: 'succeeded', reason: 'statement of the day' };
    expect((await world.app.operator.post(`/v1/operator/intents/${intent!.id}/resolve`, resolve)).status).toBe(200);
    expect(await notify(entry, 'returned')).toBe(204);
    expect((await world.merchant.payoutOf(bulk.id)).intent?.status).toBe('returned');
  });
});
