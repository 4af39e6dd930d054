import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ValidatePayouts } from '../../src/validation/validate-payouts.js';
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
    expect(await turn()).toEqual({ taken: GROUP / 2 + 3, full: false });
    expect(await Promise.all([...before, behind].map(judged))).toEqual([GROUP / 2, 0, 3]);
    // The large one is alone now, and has the turn for itself.
    expect(await turn()).toEqual({ taken: GROUP, full: true });
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
    expect((await turn()).taken).toBe(1);
    expect((await world.payouts(bulkId)).map(({ status }) => status)).toEqual(['SCHEDULED', 'VALIDATION_IN_PROGRESS']);
    await world.letTimePass(61);
    expect((await turn()).taken).toBe(1);
    expect(await judged(bulkId)).toBe(2);
  });
});
