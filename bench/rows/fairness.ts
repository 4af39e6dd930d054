import { setTimeout as wait } from 'node:timers/promises';
import type { Contender, Contest, Sample } from '../measure/contest.js';
import { type BenchMerchant, PAYOUTS_PER_BULK } from '../stage/merchant.js';
import type { Stage } from '../stage/stage.js';
import { type Row, sized } from './row.js';

const LATENCY_MS = 20;
const IN_FLIGHT = 50;
const SMALL = 3;
/** So many of the large merchant's are paid before the small one's are due: by then as much is claimed ahead as ever is. */
const IN_FULL_SWING = 1_000;

const WHY_MISSED =
  'traced: from the wake to the claim 15 to 70 ms (a claim or two are under way, or there is no room for 50 more), 15 to 30 for the call beyond the ' +
  "provider's 20, 20 to 50 for the settle, which waits for groups of the large bulk that settle the same connector. Each runs on two cores that are " +
  'full of the large one; alone they are idle.';

export const fairness: Row = {
  name: 'fairness',
  asks: `a bulk of ${SMALL} behind full bulks of another merchant at the same provider: due to settled`,
  minutes: 2,
  async contests(stage, effort) {
    const { pid: worker } = await stage.worker();
    const connector = await stage.connector(await stage.provider(LATENCY_MS), IN_FLIGHT);
    const [small, large] = [await stage.merchant({ connector_id: connector }), await stage.merchant({ connector_id: connector })];
    const backlog = PAYOUTS_PER_BULK * sized(effort, { quick: 4, usual: 30, full: 200 });
    // Laid once: a run takes a small part of it.
    await brake(stage, large, 'pause');
    await large.createValidated(backlog);
    return [contestOf({ stage, worker, small, large, backlog })];
  },
};

interface Setting {
  readonly stage: Stage;
  readonly worker: number;
  readonly small: BenchMerchant;
  readonly large: BenchMerchant;
  readonly backlog: number;
}

const brake = (stage: Stage, { id }: BenchMerchant, step: 'pause' | 'resume'): Promise<unknown> =>
  stage.brake(`/merchants/${id}`, step);

function contestOf({ stage, worker, small, large, backlog }: Setting): Contest {
  const { servers } = stage;
  const run = async (): Promise<Sample> => {
    const start = performance.now();
    await brake(stage, small, 'resume');
    return { items: SMALL, figures: { settled: await small.untilProcessed(start) } };
  };
  const prepare = async (): Promise<void> => {
    await brake(stage, small, 'pause');
    await small.createValidated(SMALL);
  };
  const left = (): Promise<number> => servers.count(`payout WHERE merchant_id = $1 AND status = 'SCHEDULED'`, [large.uuid]);
  const alone: Contender = { name: 'alone', kind: 'limit', processes: () => [worker], prepare, run };
  const behind: Contender = {
    name: `behind ${backlog} payouts`,
    kind: 'engine',
    processes: () => [worker],
    prepare: async () => {
      await prepare();
      const before = await left();
      await brake(stage, large, 'resume');
      while (before - (await left()) < IN_FULL_SWING) await wait(10);
    },
    run: async () => {
      const sample = await run();
      if ((await left()) === 0) throw new Error('nothing was left of the bulks in front');
      return sample;
    },
    finish: async () => {
      await brake(stage, large, 'pause');
      await servers.untilNone(`payout WHERE merchant_id = $1 AND status = 'PROCESSING_IN_PROGRESS'`, [large.uuid]);
    },
  };
  return {
    title: 'fairness',
    measures: [{ name: 'settled', unit: 'ms', better: 'less', goal: { ofLimit: 0.5 }, whyMissed: WHY_MISSED }],
    contenders: [behind, alone],
  };
}
