import { afterEach, describe, expect, it } from '@jest/globals';
import { validItems } from '../support/items.js';
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
      const sends = attempt!.steps.filter(({ action }) => action === 'send');
      expect(sends).toHaveLength(1);
      // A busy machine may have the answer too late, and looks then; what was given back was not taken.
      expect(['accepted', 'unknown']).toContain(sends[0]!.outcome);
    }
    expect(world.provider.requests.filter(({ method }) => method === 'POST')).toHaveLength(20);
  });
});
