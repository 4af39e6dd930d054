import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Contender, Contest, Sample } from '../measure/contest.js';
import { percentile } from '../measure/statistics.js';
import { type BenchMerchant, LATER } from '../stage/merchant.js';
import type { BenchReceiver } from '../stage/receiver.js';
import { SickReceivers } from '../stage/sick.js';
import type { Stage } from '../stage/stage.js';
import { type Effort, inParallel, type Row, sized } from './row.js';

/** Each a merchant of its own with one URL that answers at once. */
const HEALTHY = 50;
/** A bulk of so few payouts, one after the other: about 170 events a second, which leaves a healthy dispatcher time. */
const PAYOUTS = 5;
const EVERY_MS = 100;
/** `bulk.created`, `bulk.validated`, and of each payout: created, in progress, scheduled. */
const eventsOf = (payouts: number): number => 2 + EVENTS_PER_PAYOUT * payouts;
/** What has not come by then is counted as that late: a sender that never delivers must not look fast. */
const PATIENCE_MS = 20_000;
/** The deadline of one call, shorter than usual so that a round ends sooner; each run is as long as it, so places stay taken. */
const TIMEOUT_S = 3;
/** What waits for the sick receivers when the clock starts. */
const SICK_EVENTS = 4_000;
const EVENTS_PER_PAYOUT = 3;

const WHY_MISSED =
  'one event in a hundred waits for a disk that takes 100 ms for a commit now and then, whoever is beside it. Where that is so, as the rounds show by ' +
  'lying far apart, p99 says more of the disk than of the dispatcher; p50 does not.';

export const isolation: Row = {
  name: 'isolation',
  asks: `event to arrival at ${HEALTHY} healthy receivers, without and with sick ones beside them`,
  minutes: 20,
  async contests(stage, effort) {
    const sick = await SickReceivers.start();
    stage.onClose(() => sick.end());
    const { pid: worker } = await stage.worker({
      WEBHOOK_TIMEOUT_S: String(TIMEOUT_S),
      BENCH_NAME_SERVER: sick.dnsServer,
      NODE_OPTIONS: `--import ${fileURLToPath(new URL('../stage/own-name-server.mjs', import.meta.url))}`,
    });
    const receiver = await stage.receiver(0);
    const healthy: BenchMerchant[] = [];
    for (let number = 0; number < HEALTHY; number += 1) {
      const merchant = await stage.merchant();
      await merchant.call('/webhook-endpoints', { url: `${receiver.url}/${number}` });
      healthy.push(merchant);
    }
    const run = (): Promise<Sample> => deliveries({ healthy, receiver, effort });
    const contenders = scenariosOf(sick, effort).map((scenario) => contenderOf(stage, scenario, { worker, run }));
    return [contestOf({ name: 'healthy ones alone', kind: 'limit', processes: () => [worker], run }, contenders)];
  },
};

const contestOf = (alone: Contender, contenders: readonly Contender[]): Contest => ({
  title: 'isolation',
  measures: [
    { name: 'p99', unit: 'ms', better: 'less', goal: { ofLimit: 0.67 }, whyMissed: WHY_MISSED },
    { name: 'p50', unit: 'ms', better: 'less' },
  ],
  contenders: [alone, ...contenders],
});

interface Scenario {
  readonly name: string;
  readonly urls: readonly string[];
  /** Not registered, but each named by a bulk of its own: more of them than a merchant may register. */
  readonly namedByBulks?: boolean;
}

function scenariosOf(sick: SickReceivers, effort: Effort): Scenario[] {
  const many = sized(effort, { quick: 200, usual: 1_000, full: 1_000 });
  const silent = (count: number): string[] => Array.from({ length: count }, (_, number) => sick.silent(String(number)));
  return [
    { name: 'one that never answers', urls: silent(1) },
    { name: 'a name server that never answers', urls: ['https://receiver.example/hooks'] },
    { name: 'a connection into a black hole', urls: [sick.blackHole] },
    { name: 'TLS that stalls', urls: [sick.stalledTls] },
    { name: 'one byte a second', urls: [sick.dripping] },
    { name: '20 dead of 70', urls: silent(20) },
    { name: `one merchant with ${many} dead URLs`, urls: silent(many), namedByBulks: true },
  ];
}

interface Setting {
  readonly worker: number;
  readonly run: () => Promise<Sample>;
}

/** The sick endpoints are disabled while their events are made, and enabled, so that all is due at once, right before the clock starts. */
const contenderOf = (stage: Stage, { name, urls, namedByBulks = false }: Scenario, { worker, run }: Setting): Contender => {
  let merchant: BenchMerchant;
  const toEach = async (work: (path: string) => Promise<unknown>): Promise<void> => {
    await inParallel(await pathsOf(merchant), 4, work);
  };
  const disableAll = async (): Promise<void> => {
    await toEach((path) => merchant.call(`${path}/disable`));
    // Calls that are out hold their places until their deadline.
    await wait(TIMEOUT_S * 1000);
  };
  return {
    name: `beside ${name}`,
    kind: 'engine',
    processes: () => [worker],
    prepare: async () => {
      merchant = await stage.merchant();
      if (namedByBulks) {
        await inParallel(urls, 4, (url) => merchant.create(merchant.draft({ ...LATER, payouts: 1, webhook_url: url })));
        await merchant.untilValidated();
        await disableAll();
      } else {
        await inParallel(urls, 4, (url) => merchant.call('/webhook-endpoints', { url }));
        await toEach((path) => merchant.call(`${path}/disable`));
        await merchant.createValidated(Math.ceil(SICK_EVENTS / EVENTS_PER_PAYOUT / urls.length), LATER);
      }
      await toEach((path) => merchant.call(`${path}/enable`, { backlog: 'all' }));
    },
    run,
    finish: disableAll,
  };
};

/** Of every endpoint of a merchant. */
async function pathsOf(merchant: BenchMerchant): Promise<string[]> {
  const paths: string[] = [];
  for (let after = ''; ;) {
    const page = (await merchant.get(`/webhook-endpoints?limit=100${after}`)) as {
      readonly data: readonly { readonly id: string }[];
      readonly has_more: boolean;
    };
    paths.push(...page.data.map(({ id }) => `/webhook-endpoints/${id}`));
    if (!page.has_more) return paths;
    after = `&starting_after=${page.data.at(-1)?.id ?? ''}`;
  }
}

interface Load {
  readonly healthy: readonly BenchMerchant[];
  readonly receiver: BenchReceiver;
  readonly effort: Effort;
}

/** Every merchant is told once what does not count: whoever was idle before opens connections first, which is nobody's delay. */
async function warmUp({ healthy, receiver }: Load): Promise<void> {
  await receiver.arrived();
  await inParallel(healthy, 4, (merchant) => merchant.create(merchant.draft({ ...LATER, payouts: 1 })));
  let left = healthy.length * eventsOf(1);
  for (const until = performance.now() + PATIENCE_MS; left > 0 && performance.now() < until;) {
    for (const arrivals of (await receiver.arrived()).values()) left -= arrivals.late_ms.length;
    await wait(EVERY_MS);
  }
}

async function deliveries(load: Load): Promise<Sample> {
  const { healthy, receiver, effort } = load;
  await warmUp(load);
  const bulks = sized(effort, { quick: 40, usual: 120, full: 200 });
  const start = performance.now();
  for (let bulk = 0; bulk < bulks; bulk += 1) {
    const merchant = healthy[bulk % healthy.length];
    await merchant?.create(merchant.draft({ ...LATER, payouts: PAYOUTS }));
    await wait(Math.max(0, start + bulk * EVERY_MS - performance.now()));
  }
  const expected = bulks * eventsOf(PAYOUTS);
  const late_ms: number[] = [];
  for (const until = performance.now() + PATIENCE_MS; late_ms.length < expected && performance.now() < until;) {
    for (const arrivals of (await receiver.arrived()).values()) late_ms.push(...arrivals.late_ms);
    await wait(EVERY_MS);
  }
  while (late_ms.length < expected) late_ms.push(PATIENCE_MS);
  return { items: expected, figures: { p99: percentile(late_ms, 0.99), p50: percentile(late_ms, 0.5) } };
}
