import { fromTypeId } from '../../src/platform/ids/index.js';
import { forgetPeakMemory, peakMemory_mib } from '../measure/processor-time.js';
import { fillWith } from '../stage/filler.js';
import { type Row, sized } from './row.js';

const IN_FLIGHT = 200;
const LATENCY_MS = 5;
/** Refuses every connection: the port of a service that nobody runs. */
const DOWN = 'http://127.0.0.1:9/hooks';

export const memory: Row = {
  name: 'memory',
  asks: 'the most memory of each process, with payouts waiting, due ones being paid, and a receiver that is down',
  minutes: 3,
  async contests(stage, effort) {
    const waiting = sized(effort, { quick: 50_000, usual: 1_000_000, full: 1_000_000 });
    const due = sized(effort, { quick: 3_000, usual: 20_000, full: 100_000 });
    const [api, worker] = [await stage.api(), await stage.worker()];
    const connectorId = await stage.connector(await stage.provider(LATENCY_MS), IN_FLIGHT);
    const merchant = await stage.merchant({ connector_id: connectorId });
    const connector = fromTypeId('connector', connectorId) ?? '';
    await fillWith(stage.servers, await stage.merchant(), { connector, payouts: waiting, mix: { waitingOf100: 100, due: 0 } });
    await merchant.call('/webhook-endpoints', { url: DOWN });
    const run = async () => {
      await stage.brake(`/connectors/${connectorId}`, 'resume');
      await merchant.untilProcessed();
      return { items: due, figures: { api: peakMemory_mib(api.pid), worker: peakMemory_mib(worker.pid) } };
    };
    return [
      {
        title: `memory, ${waiting} waiting and ${due} due`,
        measures: ['api', 'worker'].map((name) => ({ name, unit: 'MiB', better: 'less' as const, goal: { atMost: 350 } })),
        contenders: [
          {
            name: 'Tranche',
            kind: 'engine',
            processes: () => [worker.pid],
            prepare: async () => {
              await stage.brake(`/connectors/${connectorId}`, 'pause');
              for (const { pid } of [api, worker]) forgetPeakMemory(pid);
              await merchant.createValidated(due);
            },
            run,
          },
        ],
      },
    ];
  },
};
