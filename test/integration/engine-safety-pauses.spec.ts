import { afterEach, describe, expect, it } from '@jest/globals';
import { validItem } from '../support/items.js';
import type { Fate } from '../support/provider-server.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';
import { eventually } from '../support/until.js';

/** Takes it, and answers so late that the connector can be paused in between. */
const UNCLEAR: Fate = { takes: true, status: 'succeeded', delay_ms: 300, answer: { status: 500 } };

describe('a paused connector', () => {
  let world: ProviderWorld;
  afterEach(() => world.close());

  const brake = async (action: 'pause' | 'resume'): Promise<void> => {
    const path = `/v1/operator/connectors/${world.connectorId}/${action}`;
    const body = action === 'pause' ? { reason: 'the provider is being moved' } : undefined;
    expect((await world.app.operator.post(path, body)).status).toBe(200);
  };
  const requests = (method: string) => world.provider.requests.filter((request) => request.method === method);

  it('is still asked for outcomes that are open, and sends nothing', async () => {
    world = await providerWorld({ provider: { fate: () => UNCLEAR } });
    const sent = await world.merchant.createBulk([validItem()]);
    await eventually(
      () => Promise.resolve(world.provider.ledger),
      (ledger) => ledger.length === 1,
    );
    await brake('pause');
    const waiting = await world.merchant.createValidated([validItem()]);
    const [paid] = await world.merchant.untilAtRest(sent.id);
    expect(paid).toMatchObject({ status: 'PROCESSED', intent: { status: 'succeeded' } });
    expect(await world.connector()).toMatchObject({ paused: true, paused_by: 'operator' });
    const payout = await world.merchant.payoutOf(waiting.id);
    expect(payout.status).toBe('SCHEDULED');
    expect((await world.merchant.explanation(payout.id)).cause).toBe('connector_paused');
    expect(requests('POST')).toHaveLength(1);

    await brake('resume');
    expect((await world.merchant.untilAtRest(waiting.id))[0]?.status).toBe('PROCESSED');
  });

  it('is left alone for a minute when it refuses to be asked, and is asked again after a resume', async () => {
    world = await providerWorld({ provider: { fate: () => UNCLEAR } });
    const bulk = await world.merchant.createBulk([validItem(), validItem(), validItem()]);
    await eventually(
      () => Promise.resolve(world.provider.ledger),
      (ledger) => ledger.length === 3,
    );
    const path = `/v1/operator/connectors/${world.connectorId}`;
    expect((await world.app.operator.patch(path, { config: { token: 'taken-back' } })).status).toBe(200);
    const paused = await eventually(world.connector, ({ paused: isPaused }) => isPaused);
    expect(paused).toMatchObject({ paused_by: 'engine', pause_reason: 'answered 401' });
    expect(Date.parse(paused.busy_until ?? '') - Date.parse(paused.paused_at ?? '')).toBeGreaterThanOrEqual(60_000);
    expect((await world.merchant.payouts(bulk.id))[0]?.intent?.status).toBe('unknown');

    await world.app.operator.patch(path, { config: { token: world.provider.token } });
    await brake('resume');
    const payouts = await world.merchant.untilAtRest(bulk.id);
    expect(payouts.map(({ intent }) => intent?.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(requests('POST')).toHaveLength(3);
  });
});
