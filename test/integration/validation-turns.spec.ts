import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ValidatePayouts } from '../../src/validation/validate-payouts.js';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.js';
import { EngineWorld } from '../support/engine-world.js';

/** As many as ValidatePayouts takes in one go. */
const GROUP = 500;

describe('a turn of validation', () => {
  let world: EngineWorld;
  beforeAll(async () => {
    world = await EngineWorld.open();
  });
  afterAll(() => world.close());

  const turn = () => world.get(ValidatePayouts).execute();
  const judged = async (bulkId: string): Promise<number> =>
    (await world.payouts(bulkId)).filter(({ status }) => status === 'SCHEDULED').length;

  it('serves every merchant, however much of another came before, each one oldest first', async () => {
    const [large, small] = [await world.merchant(), await world.merchant()];
    const before = [await world.createBulk(large, { count: GROUP }), await world.createBulk(large, { count: GROUP })] as const;
    const behind = await world.createBulk(small, { count: 3 });
    expect(await turn()).toEqual(GROUP / 2 + 3);
    expect(await Promise.all([...before, behind].map(judged))).toEqual([GROUP / 2, 0, 3]);
    // The large one is alone now, and has the turn for itself.
    expect(await turn()).toEqual(GROUP);
    expect(await Promise.all(before.map(judged))).toEqual([GROUP, GROUP / 2]);
    await world.validate();
    expect(await world.differences()).toEqual([]);
  });

  it('takes over what a dead judge left, and nothing of a living one', async () => {
    const merchant = await world.merchant();
    const bulkId = await world.createBulk(merchant, { count: 2 });
    await world.query(
      `UPDATE payout SET status = 'VALIDATION_IN_PROGRESS',
         lease_until = tranche_now() + CASE position WHEN 0 THEN interval '-1 second' ELSE interval '1 minute' END
       WHERE bulk_id = $1`,
      [bulkId],
    );
    await world.query('UPDATE bulk_progress SET validation_pending = 0, validation_in_progress = 2 WHERE bulk_id = $1', [bulkId]);
    expect(await turn()).toBe(1);
    expect((await world.payouts(bulkId)).map(({ status }) => status)).toEqual(['SCHEDULED', 'VALIDATION_IN_PROGRESS']);
    await world.letTimePass(61);
    expect(await turn()).toBe(1);
    expect(await judged(bulkId)).toBe(2);
  });

  it('judges what it has taken, and writes it once, also where nobody acknowledges its commits', async () => {
    const proxies: CuttingProxy[] = [];
    const cutOff = await EngineWorld.open(async (url) => {
      const proxy = await cuttingProxy(url);
      proxies.push(proxy);
      return proxy.url;
    });
    const merchant = await cutOff.merchant();
    // The first commit of a turn takes, the second writes the verdicts.
    for (const spared of [0, 1]) {
      const bulkId = await cutOff.createBulk(merchant, { count: 2 });
      proxies[0]?.cutAfter('COMMIT', spared);
      expect(await cutOff.get(ValidatePayouts).execute()).toBe(2);
      expect(proxies[0]?.cuts).toBe(spared + 1);
      expect((await cutOff.payouts(bulkId)).map(({ status, last_sequence }) => [status, last_sequence])).toEqual([
        ['SCHEDULED', 3],
        ['SCHEDULED', 3],
      ]);
    }
    await cutOff.close();
    await proxies[0]?.close();
  });
});
