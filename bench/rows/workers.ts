import { setTimeout as wait } from 'node:timers/promises';
import type { MainProgram } from '../../test/support/main-program.js';
import type { Contender } from '../measure/contest.js';
import { perSecond, type Row, sized } from './row.js';

const LATENCY_MS = 20;
const IN_FLIGHT = 100;
/** Each process learns of the others within its round; from then on each keeps to its part of the provider's places. */
const TOGETHER_MS = 3_000;
/**
 * Payouts that are paid before the clock starts, by however many processes: each of four has paid enough to be compiled, and the
 * server has as much to vacuum whoever comes next.
 */
const PAID_BEFORE = 8_000;

const WHY_MISSED =
  'five programs take turns on two cores that are both busy, and each of four has a quarter of the results to settle at a time, so that the same payouts ' +
  'take more statements: more processor time for each (last column). Gathered for 10 ms before each group that was a tenth less, and every result waited ' +
  'on a timer; three times as many payouts before the clock starts changed nothing. Two lose nothing.';

export const workers: Row = {
  name: 'workers',
  asks: 'execute with one, two and four worker processes: what they lose to each other on the same cores',
  minutes: 8,
  async contests(stage, effort) {
    await stage.api();
    const connectorId = await stage.connector(await stage.provider(LATENCY_MS), IN_FLIGHT);
    const merchant = await stage.merchant({ connector_id: connectorId });
    const payouts = sized(effort, { quick: 1_000, usual: 8_000, full: 10_000 });
    const paid = async (): Promise<number> => {
      const start = performance.now();
      await stage.brake(`/connectors/${connectorId}`, 'resume');
      return merchant.untilProcessed(start);
    };
    const contender = (count: number): Contender => {
      let programs: MainProgram[] = [];
      return {
        name: `${count} worker${count === 1 ? '' : 's'}`,
        kind: count === 1 ? 'limit' : 'engine',
        processes: () => programs.map(({ pid }) => pid),
        prepare: async () => {
          await stage.brake(`/connectors/${connectorId}`, 'pause');
          programs = await Promise.all(Array.from({ length: count }, () => stage.servers.start('worker')));
          await merchant.createValidated(PAID_BEFORE);
          await wait(TOGETHER_MS);
          await paid();
          await stage.brake(`/connectors/${connectorId}`, 'pause');
          await merchant.createValidated(payouts);
        },
        run: async () => ({ items: payouts, figures: { rate: perSecond(payouts, await paid()) } }),
        finish: async () => {
          await Promise.all(programs.map((program) => stage.servers.stop(program)));
        },
      };
    };
    return [
      {
        title: 'workers',
        measures: [{ name: 'rate', unit: 'payouts/s', better: 'more', goal: { ofLimit: 0.9 }, whyMissed: WHY_MISSED }],
        contenders: [contender(1), contender(2), contender(4)],
      },
    ];
  },
};
