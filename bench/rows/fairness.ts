import type { Contender } from '../measure/contest.js';
import { PAYOUTS_PER_BULK } from '../stage/merchant.js';
import { type Row, sized } from './row.js';

const LATENCY_MS = 20;
const IN_FLIGHT = 50;
const SMALL = 3;

export const fairness: Row = {
  name: 'fairness',
  asks: `a bulk of ${SMALL} behind full bulks of another merchant at the same provider: due to settled`,
  async contests(stage, effort) {
    const { pid: worker } = await stage.worker();
    const connectorId = await stage.connector(await stage.provider(LATENCY_MS), IN_FLIGHT);
    const [small, large] = [
      await stage.merchant({ connector_id: connectorId }),
      await stage.merchant({ connector_id: connectorId }),
    ];
    const backlog = PAYOUTS_PER_BULK * sized(effort, { quick: 3, usual: 10, full: 200 });
    const settled = async (): Promise<{ items: number; figures: Record<string, number> }> => {
      const start = performance.now();
      await stage.operator(`/merchants/${small.id}/resume`);
      return { items: SMALL, figures: { settled: await small.untilProcessed(start) } };
    };
    const waiting = async (): Promise<void> => {
      await stage.operator(`/merchants/${small.id}/pause`, { reason: 'waits for its turn' });
      await small.createValidated(SMALL);
    };
    const alone: Contender = {
      name: 'alone',
      kind: 'limit',
      processes: () => [worker],
      prepare: async () => {
        await large.untilProcessed();
        await waiting();
      },
      run: settled,
    };
    const behind: Contender = {
      name: `behind ${backlog} payouts`,
      kind: 'engine',
      processes: () => [worker],
      prepare: async () => {
        await large.untilProcessed();
        await stage.operator(`/connectors/${connectorId}/pause`, { reason: 'waits for its turn' });
        await large.createValidated(backlog);
        await waiting();
        await stage.operator(`/connectors/${connectorId}/resume`);
        // In full swing: as much is claimed ahead as ever is.
        const before = await stage.servers.count(`bulk_progress WHERE merchant_id = $1 AND processed < 200`, [large.uuid]);
        await stage.servers.untilNone(
          `(SELECT count(*) AS slow FROM bulk_progress WHERE merchant_id = $1 AND processed < 200) g WHERE g.slow = $2`,
          [large.uuid, before],
        );
      },
      run: settled,
    };
    return [
      {
        title: 'fairness',
        measures: [{ name: 'settled', unit: 'ms', better: 'less', goal: 0.5 }],
        contenders: [behind, alone],
      },
    ];
  },
};
