import { afterEach, describe, expect, it } from '@jest/globals';
import { ConnectorRegistry } from '../../src/connectors/index.js';
import { ClaimPayouts } from '../../src/payouts/claim-payouts.js';
import { RenewLeases } from '../../src/payouts/renew-leases.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { validItems } from '../support/items.js';
import { eventually } from '../support/merchant-client.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';

describe('a lease', () => {
  let world: ProviderWorld;
  afterEach(() => world.close());

  it('is prolonged while payouts wait for their turn at a slow provider: none is given back or sent twice', async () => {
    // Twenty payouts are claimed at once and take six seconds one after the other: twice the lease.
    world = await providerWorld({ app: { lease_s: 3 }, provider: { latency_ms: 300 }, connector: { max_concurrency: 1 } });
    const bulk = await world.merchant.createValidated(validItems(20));
    const payouts = await world.merchant.untilAtRest(bulk.id);

    expect(payouts.map(({ intent }) => intent?.status)).toEqual(payouts.map(() => 'succeeded'));
    for (const { id } of payouts) {
      const [attempt, ...others] = await world.merchant.attempts(id);
      expect(others).toEqual([]);
      expect(attempt).toMatchObject({ sends: 1, outcome: 'accepted' });
      expect(attempt!.steps.map(({ action, outcome }) => [action, outcome])).toEqual([['send', 'accepted']]);
    }
    expect(world.provider.requests.filter(({ method }) => method === 'POST')).toHaveLength(20);
  });

  it('that was lost is not prolonged for its new owner, and whoever lost it is told', async () => {
    world = await providerWorld({ app: { lease_s: 1 } });
    await world.app.operator.post(`/v1/operator/connectors/${world.connectorId}/pause`, { reason: 'The test claims by itself.' });
    await world.merchant.createValidated(validItems(5));
    const connectorId = fromTypeId('connector', world.connectorId)!;
    const [claims, leases] = [world.app.part(ClaimPayouts), world.app.part(RenewLeases)];
    const { capabilities } = await world.app.part(ConnectorRegistry).get(connectorId);
    const claim = () => claims.execute(connectorId, 10, capabilities);

    const first = await claim();
    expect(first).toHaveLength(5);
    expect((await leases.execute(first)).kept.size).toBe(5);
    expect(await claim()).toEqual([]);
    const second = await eventually(claim, (claimed) => claimed.length === 5);
    expect(second.map(({ action }) => action)).toEqual(second.map(() => 'look_up'));
    expect((await leases.execute(first)).kept.size).toBe(0);
    expect((await leases.execute(second)).kept.size).toBe(5);
  });
});
