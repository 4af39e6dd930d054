import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GROUP_MAX, ValidatePayouts } from '../../src/validation/validate-payouts.js';
import { EngineWorld } from '../support/engine-world.js';
import { validItem } from '../support/items.js';

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
    const before = [
      await world.createBulk(large, { count: GROUP_MAX }),
      await world.createBulk(large, { count: GROUP_MAX }),
    ] as const;
    const behind = await world.createBulk(small, { count: 3 });
    expect(await turn()).toEqual(GROUP_MAX / 2 + 3);
    expect(await Promise.all([...before, behind].map(judged))).toEqual([GROUP_MAX / 2, 0, 3]);
    // The large one is alone now, and has the turn for itself.
    expect(await turn()).toEqual(GROUP_MAX);
    expect(await Promise.all(before.map(judged))).toEqual([GROUP_MAX, GROUP_MAX / 2]);
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

  it('leaves what can not be opened to a person, begun and told so, and judges the rest', async () => {
    const merchant = await world.merchant();
    const bulkId = await world.createBulk(merchant, { count: 2 });
    const [sealed] = await world.payouts(bulkId);
    await world.query(`UPDATE payout_revision SET payout_method = '\\x00' WHERE payout_id = $1`, [sealed!.id]);
    for (const taken of [2, 0]) expect(await turn()).toBe(taken);
    expect((await world.payouts(bulkId)).map(({ status }) => status)).toEqual(['VALIDATION_IN_PROGRESS', 'SCHEDULED']);
    expect(await world.eventsOf(sealed!.id)).toEqual(['payout.created', 'payout.validation_in_progress']);
    await world.letTimePass(31);
    expect(await turn()).toBe(1);
    expect(await world.eventsOf(sealed!.id)).toHaveLength(2);
    expect(await world.differences()).toEqual([]);
    await world.query(`UPDATE payout SET lease_until = 'infinity' WHERE id = $1`, [sealed!.id]);
  });

  it('tells its beginning as it was, and with its verdict what it found', async () => {
    const merchant = await world.merchant();
    const bulkId = await world.createBulk(merchant, { items: [{ ...validItem(), amount: '0.00' }] });
    expect(await turn()).toBe(1);
    const events = await world.query<{ issues: { code: string }[]; status: string }>(
      `SELECT convert_from(body, 'UTF8')::json #> '{data,issues}' AS issues, convert_from(body, 'UTF8')::json #>> '{data,status}' AS status
       FROM event WHERE bulk_id = $1 AND payout_id IS NOT NULL ORDER BY sequence`,
      [bulkId],
    );
    expect(events.map(({ status, issues }) => [status, issues.map(({ code }) => code)])).toEqual([
      ['VALIDATION_PENDING', []],
      ['VALIDATION_IN_PROGRESS', []],
      ['VALIDATION_FAILED', ['amount_not_positive']],
    ]);
  });

  it('leaves what can not be judged to the end of its lease, and judges the rest of the group', async () => {
    const [broken, whole] = [await world.merchant(), await world.merchant()];
    await world.query(`UPDATE connector SET config = 'damaged' WHERE id = $1`, [broken.connectorId]);
    const unroutable = await world.createBulk(broken, { count: 2 });
    const bulkId = await world.createBulk(whole, { count: 3 });
    // A rule that throws: what was found at the intake is no list.
    await world.query(
      `UPDATE payout_revision SET intake_issues = '{}' WHERE payout_id = (SELECT id FROM payout WHERE bulk_id = $1 AND position = 1)`,
      [bulkId],
    );
    expect(await turn()).toBe(5);
    expect((await world.payouts(bulkId)).map(({ status }) => status)).toEqual([
      'SCHEDULED',
      'VALIDATION_IN_PROGRESS',
      'SCHEDULED',
    ]);
    expect(await judged(unroutable)).toBe(0);

    await world.query(`UPDATE payout_revision SET intake_issues = NULL WHERE intake_issues::text = '{}'`);
    await world.letTimePass(61);
    expect(await turn()).toBe(3);
    expect(await judged(bulkId)).toBe(3);
  });

  it('judges what it has taken, and writes it once, also where nobody acknowledges its commits', async () => {
    const { world: cutOff, proxy, close } = await EngineWorld.openBehindProxy();
    const merchant = await cutOff.merchant();
    // One commit is the whole turn; the verdicts of a bulk that one invalid item rejects have a second one.
    const turns = [
      { invalidItems: 'hold', spared: 0 },
      { invalidItems: 'reject', spared: 0 },
      { invalidItems: 'reject', spared: 1 },
    ] as const;
    for (const [cuts, { invalidItems, spared }] of turns.entries()) {
      const bulkId = await cutOff.createBulk(merchant, { count: 2, invalidItems });
      proxy.cutAfter('COMMIT', spared);
      expect(await cutOff.get(ValidatePayouts).execute()).toBe(2);
      expect(proxy.cuts).toBe(cuts + 1);
      expect((await cutOff.payouts(bulkId)).map(({ status, last_sequence }) => [status, last_sequence])).toEqual([
        ['SCHEDULED', 3],
        ['SCHEDULED', 3],
      ]);
    }
    await close();
  });
});
