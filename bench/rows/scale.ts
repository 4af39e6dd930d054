import { setTimeout as wait } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { PayoutRepository } from '../../src/bulks/index.js';
import { dataSourceOptions, openDataSource, Transactions } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { MainProgram } from '../../test/support/main-program.js';
import type { Contender, Contest, Sample } from '../measure/contest.js';
import { ProcessorClock } from '../measure/processor-time.js';
import { percentile } from '../measure/statistics.js';
import { fillWith } from '../stage/filler.js';
import type { BenchMerchant } from '../stage/merchant.js';
import { Stage } from '../stage/stage.js';
import { type Effort, type Row, spanOf } from './row.js';

const SMALL = 10_000;
const SIZES: Readonly<Record<Effort, readonly number[]>> = { quick: [100_000], usual: [1_000_000], full: [1_000_000, 5_000_000] };
const DUE = 1_000;
const CLAIMED = 500;
const MIX = { waitingOf100: 40, due: DUE };
/** Reads of each run: enough for a p50 that stands still. */
const READS = 50;
const CLAIMS = 10;
/** A worker with nothing to do, watched for so long. */
const IDLE_MS = 10_000;
/** Until a worker that has started sleeps between its looks. */
const WARM_MS = 2_000;

/** One database of a size, with everything that is asked of it. */
interface Scene {
  readonly payouts: number;
  readonly stage: Stage;
  /** The process that answers. */
  readonly api: number;
  readonly merchant: BenchMerchant;
  readonly connector: string;
  readonly transactions: Transactions;
  readonly source: DataSource;
  readonly paths: Readonly<Record<'bulk' | 'list' | 'newest' | 'events', string>>;
}

/** How a scene takes part in a contest. */
type Asked = (scene: Scene) => Pick<Contender, 'processes' | 'prepare' | 'run' | 'finish'>;

export const scale: Row = {
  name: 'scale',
  asks: 'claim, idle worker and reads on a large database beside a small one, most payouts waiting for a later day or finished',
  minutes: 4.5,
  async contests(stage, effort) {
    const scenes = [await sceneOf(stage, SMALL)];
    for (const payouts of SIZES[effort]) {
      const other = await Stage.open();
      stage.onClose(() => other.close());
      scenes.push(await sceneOf(other, payouts));
    }
    const contest = (title: string, unit: string, asked: Asked): Contest => ({
      title: `scale, ${title}`,
      measures: [{ name: 'p50', unit, better: 'less', goal: { ofLimit: 0.67 } }],
      contenders: scenes.map((scene): Contender => ({
        name: `${scene.payouts} payouts`,
        kind: scene.payouts === SMALL ? 'limit' : 'engine',
        postmaster: scene.stage.servers.postmaster,
        ...asked(scene),
      })),
    });
    return [
      contest(`claim ${CLAIMED}`, 'ms', claim),
      contest('a bulk', 'ms', read('bulk')),
      contest('a list of 100', 'ms', read('list')),
      contest('the newest 100 of the merchant', 'ms', read('newest')),
      contest('100 events behind a cursor', 'ms', read('events')),
      contest('an idle worker', 'ms of database per s', idle),
    ];
  },
};

async function sceneOf(stage: Stage, payouts: number): Promise<Scene> {
  const provider = await stage.provider(0);
  const connectorId = await stage.connector(provider, 50);
  const connector = fromTypeId('connector', connectorId) ?? '';
  const merchant = await stage.merchant({ connector_id: connectorId });
  await fillWith(stage.servers, merchant, { connector, payouts, mix: MIX });
  // What is filled in was not sealed by the engine, so what is read is a bulk of its own.
  const { id: bulk } = await merchant.create();
  const { data: events } = (await merchant.get('/events?limit=1000')) as { data: { id: string }[] };
  const source = await openDataSource(dataSourceOptions({ url: stage.servers.databaseUrl, poolSize: 2 }));
  stage.onClose(() => source.destroy());
  const paths = {
    bulk: `/bulks/${bulk}`,
    list: `/bulks/${bulk}/payouts?limit=100`,
    newest: '/payouts?limit=100',
    events: `/events?limit=100&after=${events.at(-1)?.id ?? ''}`,
  };
  const { pid: api } = await stage.api();
  return { payouts, stage, api, merchant, connector, source, transactions: new Transactions(source, source), paths };
}

async function p50Of(times: number, work: () => Promise<unknown>): Promise<Sample> {
  const spans: number[] = [];
  for (let time = 0; time < times; time += 1) spans.push(await spanOf(work));
  return { items: times, figures: { p50: percentile(spans, 0.5) } };
}

class RolledBack extends Error {}

/** The claim's own statement, made by this process and undone each time. */
const claim: Asked = ({ transactions, connector }) => ({
  run: () =>
    p50Of(CLAIMS, () =>
      transactions
        .asEngine(async (tx) => {
          const { due } = await new PayoutRepository().lockDue(tx, connector, CLAIMED);
          if (due.length !== CLAIMED) throw new Error(`claimed ${due.length} of ${CLAIMED}`);
          throw new RolledBack();
        })
        .catch((error: unknown) => {
          if (!(error instanceof RolledBack)) throw error;
        }),
    ),
});

const read =
  (path: keyof Scene['paths']): Asked =>
  ({ api, merchant, paths }) => ({ processes: () => [api], run: () => p50Of(READS, () => merchant.get(paths[path])) });

/** What a worker costs that has nothing to do. */
const idle: Asked = ({ stage }) => {
  let worker: MainProgram;
  return {
    processes: () => [worker.pid],
    prepare: async () => {
      // What is filled in can not be opened: where some of it is due, a worker tries again and again.
      await stage.servers.sql.query(
        `UPDATE payout SET scheduled_at = now() + interval '30 days' WHERE scheduled_at <= now() AND status = 'SCHEDULED'`,
      );
      // What that and the filling have left to be cleared away and written is nothing that a worker costs.
      await stage.servers.sql.query('VACUUM payout');
      await stage.servers.sql.query('CHECKPOINT');
      worker = await stage.servers.start('worker');
      await wait(WARM_MS);
    },
    run: async () => {
      const clock = ProcessorClock.start([], stage.servers.postmaster);
      await wait(IDLE_MS);
      const time = clock?.perItem(IDLE_MS / 1000);
      return { items: IDLE_MS / 1000, figures: { p50: (time?.postgres_us ?? Number.NaN) / 1000 } };
    },
    finish: () => stage.servers.stop(worker),
  };
};
