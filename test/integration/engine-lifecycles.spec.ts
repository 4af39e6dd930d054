import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AdvancePayouts,
  payoutLifecycle,
  type PayoutRow,
  type PayoutStatus,
  type PayoutTransition,
} from '../../src/bulks/index.js';
import { payoutIntentLifecycle, type IntentStatus, type IntentTransition } from '../../src/payouts/index.js';
import { allows, statesOf } from '../../src/platform/lifecycle/index.js';
import { EngineWorld, paid, type EngineMerchant } from '../support/engine-world.js';

const PAYOUT_STEPS = Object.keys(payoutLifecycle.transitions) as PayoutTransition[];
const INTENT_STEPS = Object.keys(payoutIntentLifecycle.transitions) as IntentTransition[];

/** Every state with every step: nothing of the table is left to chance. */
const pairs = <State, Step>(states: readonly State[], steps: readonly Step[]): [State, Step][] =>
  states.flatMap((state) => steps.map((step): [State, Step] => [state, step]));

/** Where the payout of an intent in this status stands. */
function statusWith(intent: IntentStatus): PayoutStatus {
  if (intent === 'rejected') return 'INTENT_CREATION_FAILED';
  return intent === 'created' || intent === 'unknown' || intent === 'needs_review' ? 'PROCESSING_IN_PROGRESS' : 'PROCESSED';
}

describe('every step from every state, on the database', () => {
  let world: EngineWorld;
  let merchant: EngineMerchant;
  beforeAll(async () => {
    world = await EngineWorld.open();
    merchant = await world.merchant();
  });
  afterAll(() => world.close());

  /** Puts payouts where no step of the engine could have put all of them, and counts them again. */
  const force = async (bulkId: string, statuses: readonly PayoutStatus[]): Promise<PayoutRow[]> => {
    await world.query(
      `UPDATE payout p SET status = v.status, lease_until = CASE WHEN v.status = 'VALIDATION_IN_PROGRESS' THEN tranche_now() END
       FROM unnest($2::text[]) WITH ORDINALITY AS v (status, place) WHERE p.bulk_id = $1 AND p.position = v.place - 1`,
      [bulkId, statuses],
    );
    const counts = statesOf(payoutLifecycle).map(
      (status) => `${status.toLowerCase()} = (SELECT count(*) FROM payout WHERE bulk_id = $1 AND status = '${status}')`,
    );
    await world.query(`UPDATE bulk_progress SET ${counts.join(', ')} WHERE bulk_id = $1`, [bulkId]);
    return world.payouts(bulkId);
  };

  it('moves a payout along the table, with its event, and refuses everything else without a trace', async () => {
    const all = pairs(statesOf(payoutLifecycle), PAYOUT_STEPS);
    const bulkId = await world.scheduledBulk(merchant, { count: all.length });
    const before = await force(
      bulkId,
      all.map(([status]) => status),
    );
    for (const [index, [status, step]] of all.entries()) {
      const payout = before[index]!;
      const lease = payoutLifecycle.transitions[step].to === 'VALIDATION_IN_PROGRESS' ? { lease_s: 1 } : {};
      const advanced = world.run((tx) => world.get(AdvancePayouts).execute(tx, [{ payout, transitions: [step], ...lease }]));
      if (allows(payoutLifecycle, step, status)) await advanced;
      else await expect(advanced).rejects.toThrow(`a payout in ${status} can not ${step}`);
    }
    const after = await world.payouts(bulkId);
    for (const [index, [status, step]] of all.entries()) {
      const { to, emits } = payoutLifecycle.transitions[step];
      if (!allows(payoutLifecycle, step, status)) {
        expect(after[index]).toEqual(before[index]);
        continue;
      }
      expect(after[index]).toMatchObject({ status: to, claim_no: before[index]!.claim_no + 1 });
      if (emits !== null) expect((await world.eventsOf(after[index]!.id)).at(-1)).toBe(emits);
      expect(after[index]!.last_sequence).toBe(before[index]!.last_sequence + (emits === null ? 0 : 1));
    }
    expect(await world.differences()).toEqual([]);
  });

  it('moves an intent along the table, with its event, and refuses everything else without a trace', async () => {
    const all = pairs(statesOf(payoutIntentLifecycle), INTENT_STEPS);
    const bulkId = await world.scheduledBulk(merchant, { count: all.length });
    await world.claim(merchant);
    const payouts = await force(
      bulkId,
      all.map(([intent]) => statusWith(intent)),
    );
    await world.query(
      `UPDATE bulk_progress SET outcome_succeeded = 50, outcome_failed = 50, outcome_returned = 50 WHERE bulk_id = $1`,
      [bulkId],
    );
    for (const [index, [status, step]] of all.entries()) {
      const payoutId = payouts[index]!.id;
      await world.query(`UPDATE payout_intent SET status = $2 WHERE payout_id = $1`, [payoutId, status]);
      const before = [await world.intentOf(payoutId), await world.eventsOf(payoutId)];
      const decision = { ...paid(), transitions: [step], nextCheck_ms: 1_000 };
      const settled = world.settle([
        { payoutId, claimNo: null, source: 'notification', httpStatus: null, decide: () => decision },
      ]);
      if (!allows(payoutIntentLifecycle, step, status)) {
        await expect(settled).rejects.toThrow(`an intent in ${status} can not ${step}`);
        expect([await world.intentOf(payoutId), await world.eventsOf(payoutId)]).toEqual(before);
        continue;
      }
      await settled;
      const { to, emits } = payoutIntentLifecycle.transitions[step];
      expect((await world.intentOf(payoutId)).status).toBe(to);
      if (emits !== null) expect((await world.eventsOf(payoutId)).at(-1)).toBe(emits);
      const [payout] = await world.query(`SELECT status FROM payout WHERE id = $1`, [payoutId]);
      // What has left PROCESSING_IN_PROGRESS never changes with its intent again.
      const stays = statusWith(status) !== 'PROCESSING_IN_PROGRESS';
      expect(payout?.status).toBe(stays ? statusWith(status) : statusWith(to));
    }
  });
});
