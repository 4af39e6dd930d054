import type { Contender, Contest, Measure } from '../measure/contest.js';
import { fill, type FilledPeer } from '../peers/drain.js';
import { peers } from '../peers/index.js';
import { layWork } from '../peers/payout-work.js';
import type { Peer } from '../peers/scheduler.js';
import type { BenchMerchant } from '../stage/merchant.js';
import { type BenchProvider, requestOf } from '../stage/provider.js';
import type { Stage } from '../stage/stage.js';
import { type Effort, inParallel, perSecond, type Row, sized, spanOf } from './row.js';

/** What the provider takes and how many calls it is given at once, and the goal for the rate beside calls alone. */
const SCENES = [
  { latency_ms: 0, inFlight: 50, goal: null },
  { latency_ms: 0, inFlight: 200, goal: null },
  { latency_ms: 50, inFlight: 50, goal: 0.9 },
  { latency_ms: 50, inFlight: 200, goal: 0.6 },
] as const;
type Scene = (typeof SCENES)[number];

export const execute: Row = {
  name: 'execute',
  asks: 'due to settled through the http connector, with intent, attempt, events and deliveries durable',
  minutes: 14,
  async contests(stage, effort) {
    const contests: Contest[] = [];
    for (const scene of SCENES) contests.push(await contestOf(stage, effort, scene));
    return contests;
  },
};

async function contestOf(stage: Stage, effort: Effort, scene: Scene): Promise<Contest> {
  const { latency_ms, inFlight, goal } = scene;
  const setting = await settingOf(stage, sized(effort, { quick: 1_000, usual: 4_000, full: 10_000 }), scene);
  return {
    title: `execute, ${latency_ms} ms, ${inFlight} in flight`,
    measures: [{ name: 'rate', unit: 'payouts/s', better: 'more', ...goalOf(goal, inFlight) }],
    contenders: [engine(setting), callsAlone(setting), ...peers.map((peer) => contenderOf(peer, setting))],
  };
}

const FIVE_TIMES =
  'a handler that writes all its rows in one statement spares the server what it does not do: the attempt written ahead of the call, the fence, the ' +
  'counts of the bulk, account data opened. Both cost Node and PostgreSQL a few hundred microseconds together (last column), so no engine ' +
  'that does more can be five times as fast as the best of them on the same two cores.';
const TWO_HUNDRED =
  'what the worker and PostgreSQL need for each payout (last column) leaves the two cores, on which the provider runs too, no room for more.';

const FIFTY =
  'the next call starts when the thread that claims and settles the others comes to it: some milliseconds on top of those that a call takes.';

const goalOf = (ofLimit: number | null, inFlight: number): Pick<Measure, 'goal' | 'whyMissed'> =>
  ofLimit !== null
    ? { goal: { ofLimit }, whyMissed: inFlight === 200 ? TWO_HUNDRED : FIFTY }
    : inFlight === 50
      ? { goal: { timesPeers: 5 }, whyMissed: FIVE_TIMES }
      : {};

interface Setting {
  readonly stage: Stage;
  readonly worker: number;
  readonly provider: BenchProvider;
  readonly connectorId: string;
  readonly merchant: BenchMerchant;
  readonly payouts: number;
  readonly inFlight: number;
}

async function settingOf(stage: Stage, payouts: number, { latency_ms, inFlight }: Scene): Promise<Setting> {
  const { pid: worker } = await stage.worker();
  const provider = await stage.provider(latency_ms);
  const connectorId = await stage.connector(provider, inFlight);
  const merchant = await stage.merchant({ connector_id: connectorId });
  await merchant.holdDeliveries();
  return { stage, worker, provider, connectorId, merchant, payouts, inFlight };
}

const engine = ({ stage, worker, connectorId, merchant, payouts }: Setting): Contender => ({
  name: 'Tranche',
  kind: 'engine',
  processes: () => [worker],
  prepare: async () => {
    await stage.brake(`/connectors/${connectorId}`, 'pause');
    await merchant.createValidated(payouts);
  },
  run: async () => {
    const start = performance.now();
    await stage.brake(`/connectors/${connectorId}`, 'resume');
    return { items: payouts, figures: { rate: perSecond(payouts, await merchant.untilProcessed(start)) } };
  },
});

const callsAlone = ({ provider, payouts, inFlight }: Setting): Contender => ({
  name: 'calls alone',
  kind: 'limit',
  note: 'the same connector making the same calls, with no engine and no database',
  run: async () => {
    const connector = provider.connector(inFlight);
    const requests = Array.from({ length: payouts }, requestOf);
    const span_ms = await spanOf(() => inParallel(requests, inFlight, (request) => connector.submit(request)));
    await connector.close();
    return { items: payouts, figures: { rate: perSecond(payouts, span_ms) } };
  },
});

const contenderOf = (peer: Peer, { stage, provider, merchant, payouts, inFlight }: Setting): Contender => {
  let filled: FilledPeer;
  return {
    name: peer.name,
    kind: 'peer',
    note: `${peer.settings}; the same call, the same rows in one statement and transaction`,
    prepare: async () => {
      const jobs = await layWork(stage.servers, merchant, payouts);
      filled = await fill(peer, jobs, { servers: stage.servers, connector: provider.connector(inFlight), inFlight });
    },
    run: async () => ({ items: payouts, figures: { rate: perSecond(payouts, await spanOf(() => filled.drain())) } }),
    finish: () => filled.stop(),
  };
};
