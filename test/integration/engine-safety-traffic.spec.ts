import { afterEach, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { validItems } from '../support/items.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { eventually } from '../support/until.js';

describe('the traffic to one provider', () => {
  let world: ProviderWorld;
  afterEach(() => world.close());

  const posts = (): number[] => world.provider.requests.filter(({ method }) => method === 'POST').map(({ at }) => at);

  it('stops for every payout while the provider asks to be left alone', async () => {
    let busy = true;
    world = await providerWorld({
      connector: { max_concurrency: 1 },
      provider: {
        fate: () => {
          if (!busy) return { takes: true };
          busy = false;
          return { takes: false, answer: { status: 429, headers: { 'retry-after': '2' } } };
        },
      },
    });
    const bulk = await world.merchant.createValidated(validItems(10));
    await eventually(world.connector, ({ busy_until }) => busy_until !== null);
    const payouts = await world.merchant.untilAtRest(bulk.id);

    expect(payouts.map(({ status }) => status)).toEqual(payouts.map(() => 'PROCESSED'));
    const [first, second] = posts();
    // Half a second for clocks that tick apart: the two are of two processes in truth.
    expect(second! - first!).toBeGreaterThanOrEqual(1_500);
    expect(posts()).toHaveLength(11);
  });

  it('opens a breaker after ten sends in a row without an answer, lets the rest wait, and closes it with one probe', async () => {
    let healthy = false;
    world = await providerWorld({
      connector: { max_concurrency: 2 },
      config: { stale_window_ms: 200 },
      provider: { fate: () => (healthy ? { takes: true } : { takes: false, answer: 'reset' }) },
    });
    const bulk = await world.merchant.createValidated(validItems(40));
    const open = await eventually(world.connector, ({ breaker }) => breaker.open);
    expect(open).toMatchObject({ paused: false, breaker: { open: true, faults_in_a_row: expect.any(Number) } });
    expect(open.breaker.faults_in_a_row).toBeGreaterThanOrEqual(10);
    const last = (await world.merchant.payouts(bulk.id)).at(-1)!;
    const { detail } = await eventually(
      () => world.merchant.explanation(last.id),
      ({ cause }) => cause === 'provider_busy',
    );
    expect(detail).toMatch(/does not answer/);
    const before = posts().length;
    // Two in flight when it opened, and no more until the probe.
    expect(before).toBeLessThanOrEqual(14);

    healthy = true;
    const payouts = await world.merchant.untilAtRest(bulk.id);
    expect(payouts.map(({ intent }) => intent?.status)).toEqual(payouts.map(() => 'succeeded'));
    expect((await world.connector()).breaker).toEqual({ open: false, opened_at: null, probe_at: null, faults_in_a_row: 0 });
    expect(new Set(world.provider.ledger.map(({ request }) => request.reference)).size).toBe(40);
    expect(world.provider.ledger).toHaveLength(40);
  });
});

describe('the limits of a connector', () => {
  const others: TestApp[] = [];
  let world: ProviderWorld;
  let databaseUrl: string;
  afterEach(async () => {
    await Promise.all(others.splice(0).map((app) => app.close()));
    await world.close();
    await dropDatabase(databaseUrl);
  });

  it('hold for three processes together', async () => {
    databaseUrl = await createDatabase(TEMPLATE_DATABASE);
    let [out, most] = [0, 0];
    world = await providerWorld({
      app: { databaseUrl },
      connector: { max_concurrency: 4 },
      provider: {
        fate: () => {
          out += 1;
          most = Math.max(most, out);
          setTimeout(() => (out -= 1), 50);
          return { takes: true, delay_ms: 60 };
        },
      },
    });
    others.push(...(await Promise.all([testApp({ databaseUrl }), testApp({ databaseUrl })])));
    const bulk = await world.merchant.createValidated(validItems(120));
    await world.merchant.untilAtRest(bulk.id);
    expect(most).toBeLessThanOrEqual(4);
    expect(most).toBeGreaterThan(1);
    expect(world.provider.ledger).toHaveLength(120);
  });
});
