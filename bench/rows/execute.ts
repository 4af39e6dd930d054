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
  minutes: 6,
  async contests(stage, effort) {
    const contests: Contest[] = [];
    for (const scene of SCENES) contests.push(await contestOf(stage, effort, scene));
    return contests;
  },
};

async function contestOf(stage: Stage, effort: Effort, scene: Scene): Promise<Contest> {
  const { latency_ms, inFlight, goal } = scene;
  const setting = await settingOf(stage, sized(effort, { quick: 1_000, usual: 4_000, full: 10_000 }), scene);
  const jobs = sized(effort, { quick: 200, usual: 1_000, full: 4_000 });
  return {
    title: `execute, ${latency_ms} ms, ${inFlight} in flight`,
    measures: [{ name: 'rate', unit: 'payouts/s', better: 'more', ...goalOf(goal, inFlight) }],
    contenders: [
      engine(setting),
      callsAlone(setting),
      // Where the provider is the slower part, a peer is measured once; where calls are many, once is enough too.
      ...(inFlight === 50 ? peers.map((peer) => contenderOf(peer, setting, jobs)) : []),
    ],
  };
}

/** Peers take part with 50 in flight alone: with more calls than that they gain nothing. */
const FIVE_TIMES =
  'five times the best peer here would be more than the calls alone make with no engine at all. On two cores the call is most of what there ' +
  'is to do, for everybody: pg-boss comes nearest, agenda has a quarter.';
const TWO_HUNDRED =
  'PostgreSQL and the worker fill both cores, on which the provider runs too: 0.55 to 0.64 of the calls alone from run to run.';

const FIFTY =
  'the next call starts when the thread that claims and settles the others comes to it: some milliseconds on top of the 58 that a call takes. ' +
  'When this machine was a third faster it was 0.91.';

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
  // A disabled endpoint has every delivery written and none sent: sending has a row of its own.
  const { id } = await merchant.call('/webhook-endpoints', { url: 'http://127.0.0.1:9/hooks' });
  await merchant.call(`/webhook-endpoints/${id ?? ''}/disable`);
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

const contenderOf = (peer: Peer, { stage, provider, merchant, inFlight }: Setting, payouts: number): Contender => {
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
