import { setTimeout as wait } from 'node:timers/promises';
import type { Contender, Contest, Measure } from '../measure/contest.js';
import { percentile } from '../measure/statistics.js';
import { fill, type FilledPeer } from '../peers/drain.js';
import { peers } from '../peers/index.js';
import { layWork } from '../peers/payout-work.js';
import type { PayoutJob, Peer } from '../peers/scheduler.js';
import type { BenchMerchant } from '../stage/merchant.js';
import { itemOf, PAYOUTS_PER_BULK } from '../stage/merchant.js';
import { type BenchProvider, requestOf } from '../stage/provider.js';
import type { Stage } from '../stage/stage.js';
import { type Effort, inParallel, type Row, sized, spanOf } from './row.js';

const IN_FLIGHT = 50;
/** Everything is validated, or enqueued, before the first is due: so long, and so much longer for each payout. */
const LEAD_MS = 2_000;
const LEAD_EACH_MS = 0.6;
const SPREAD_MS = 10;

const ALONE =
  'a payout that is due alone is a claim, a call and a settle of its own, which cost nearly as much as those of fifty: 5 ms of Node and as much of ' +
  'PostgreSQL each. At a hundred a second on two cores they wait for each other.';
const ALL_AT_ONCE =
  'the calls alone cost a fraction of what a payout costs with its rows (last column), on the same two cores: this is the rate of the row execute.';

const SPREAD: readonly Measure[] = [
  { name: 'late p50', unit: 'ms', better: 'less', goal: { atMost: 5 }, whyMissed: ALONE },
  { name: 'late p99', unit: 'ms', better: 'less', goal: { atMost: 50 } },
  { name: 'least', unit: 'ms', better: 'less', goal: { atLeast: 0 } },
];
const BURST: readonly Measure[] = [
  { name: 'first', unit: 'ms', better: 'less', goal: { atMost: 50 } },
  { name: 'last', unit: 'ms', better: 'less', goal: { ofLimit: 0.9 }, whyMissed: ALL_AT_ONCE },
];

/** Instants that payouts are due at, by reference, made when a run begins. */
type Timetable = (payouts: number) => (place: number) => number;

export const lateness: Row = {
  name: 'lateness',
  asks: 'when the provider had the request, minus the instant that was asked for',
  minutes: 15,
  async contests(stage, effort) {
    const setting = await settingOf(stage);
    const spread: Timetable = (payouts) => {
      const first = Date.now() + LEAD_MS + payouts * LEAD_EACH_MS;
      return (place) => Math.round(first + place * SPREAD_MS);
    };
    const burst: Timetable = (payouts) => {
      const at = Date.now() + LEAD_MS + payouts * LEAD_EACH_MS;
      return () => Math.round(at);
    };
    return [
      spreadContest(setting, sized(effort, { quick: 100, usual: 500, full: 500 }), spread),
      burstContest(setting, effort, burst),
    ];
  },
};

interface Setting {
  readonly stage: Stage;
  readonly worker: number;
  readonly provider: BenchProvider;
  readonly merchant: BenchMerchant;
}

async function settingOf(stage: Stage): Promise<Setting> {
  const { pid: worker } = await stage.worker();
  const provider = await stage.provider(0);
  const merchant = await stage.merchant({ connector_id: await stage.connector(provider, IN_FLIGHT) });
  await merchant.holdDeliveries();
  return { stage, worker, provider, merchant };
}

const spreadContest = (setting: Setting, payouts: number, timetable: Timetable): Contest => {
  const figures = (late: readonly number[]) => ({
    'late p50': percentile(late, 0.5),
    'late p99': percentile(late, 0.99),
    least: Math.min(...late),
  });
  return {
    title: `lateness, ${payouts} payouts, ${SPREAD_MS} ms apart`,
    measures: SPREAD,
    contenders: [
      engine(setting, { payouts, timetable, figures }),
      ...peers.map((peer) => contenderOf(peer, setting, { payouts, timetable, figures })),
    ],
  };
};

const burstContest = (setting: Setting, effort: Effort, timetable: Timetable): Contest => {
  const payouts = sized(effort, { quick: 1_000, usual: 10_000, full: 10_000 });
  const figures = (late: readonly number[]) => ({ first: Math.min(...late), last: Math.max(...late) });
  return {
    title: `lateness, ${payouts} payouts at one instant`,
    measures: BURST,
    contenders: [
      engine(setting, { payouts, timetable, figures }),
      callsAlone(setting, payouts),
      ...peers.map((peer) => contenderOf(peer, setting, { payouts, timetable, figures })),
    ],
  };
};

interface Load {
  readonly payouts: number;
  readonly timetable: Timetable;
  readonly figures: (late_ms: readonly number[]) => Record<string, number>;
}

async function lateBy(provider: BenchProvider, dueAt: ReadonlyMap<string, number>): Promise<number[]> {
  const taken = await provider.taken();
  return [...dueAt].map(([reference, at]) => (taken.get(reference) ?? Number.NaN) - at);
}

const engine = ({ worker, provider, merchant }: Setting, { payouts, timetable, figures }: Load): Contender => {
  let dueAt: Map<string, number>;
  return {
    name: 'Tranche',
    kind: 'engine',
    processes: () => [worker],
    prepare: async () => {
      await provider.taken();
      const at = timetable(payouts);
      dueAt = new Map();
      for (let from = 0; from < payouts; from += PAYOUTS_PER_BULK) {
        const places = Array.from({ length: Math.min(PAYOUTS_PER_BULK, payouts - from) }, (_, index) => from + index);
        const items = places.map((place) => {
          const reference = `${at(0)}-${place}`;
          dueAt.set(reference, at(place));
          return itemOf(reference, place, { scheduled_date: new Date(at(place)).toISOString() });
        });
        await merchant.create({ items });
      }
      await merchant.untilValidated();
    },
    run: async () => {
      // Not watched before: looks are not free, and nobody watches a peer.
      await wait(Math.max(0, ...[...dueAt.values()].map((at) => at - Date.now())));
      await merchant.untilProcessed();
      return { items: payouts, figures: figures(await lateBy(provider, dueAt)) };
    },
  };
};

const callsAlone = ({ provider }: Setting, payouts: number): Contender => ({
  name: 'calls alone',
  kind: 'limit',
  note: 'how long the same calls take with no engine and no database',
  run: async () => {
    const connector = provider.connector(IN_FLIGHT);
    const requests = Array.from({ length: payouts }, requestOf);
    const last = await spanOf(() => inParallel(requests, IN_FLIGHT, (request) => connector.submit(request)));
    await connector.close();
    await provider.taken();
    return { items: payouts, figures: { last } };
  },
});

const contenderOf = (peer: Peer, { stage, provider, merchant }: Setting, { payouts, timetable, figures }: Load): Contender => {
  let filled: FilledPeer;
  let dueAt: Map<string, number>;
  return {
    name: peer.name,
    kind: 'peer',
    note: peer.settings,
    prepare: async () => {
      const laid = await layWork(stage.servers, merchant, payouts);
      const at = timetable(payouts);
      const jobs: PayoutJob[] = laid.map((job, place) => ({ ...job, at: new Date(at(place)) }));
      dueAt = new Map(jobs.map(({ request, at: due }) => [request.reference, due.getTime()]));
      filled = await fill(peer, jobs, { servers: stage.servers, connector: provider.connector(IN_FLIGHT), inFlight: IN_FLIGHT });
      await provider.taken();
    },
    run: async () => {
      await filled.drain();
      return { items: payouts, figures: figures(await lateBy(provider, dueAt)) };
    },
    finish: () => filled.stop(),
  };
};
