import { setTimeout as wait } from 'node:timers/promises';
import type { Contender, Contest, Sample } from '../measure/contest.js';
import { percentile } from '../measure/statistics.js';
import { LineChild } from '../stage/line-child.js';
import type { BenchMerchant } from '../stage/merchant.js';
import { type Row, sized, spanOf } from './row.js';

const LATENCY_MS = 20;
const IN_FLIGHT = 50;
/** Of each key; a good client stays well below it. */
const RATE_PER_SECOND = 50;
const READ_EVERY_MS = 50;
/** Paid meanwhile, so that what reaches the executor shows. */
const PAYOUTS = 200;
/** As many as are asked for, less those that the server has just closed and that are on their way back. */
const OPEN_ENOUGH = 0.9;

/** What abuse.child.ts says of itself. */
interface Abuse {
  readonly open: number;
  readonly asked: number;
  readonly refused: number;
}

export const abuse: Row = {
  name: 'abuse',
  asks: 'an ordinary read, and a bulk being paid, while connections are left half open or one key asks ten times as often as it may',
  minutes: 3,
  async contests(stage, effort) {
    const api = await stage.api({ RATE_LIMIT_PER_SECOND: String(RATE_PER_SECOND) });
    const { pid: worker } = await stage.worker();
    const url = await api.ready;
    const connectorId = await stage.connector(await stage.provider(LATENCY_MS), IN_FLIGHT);
    const [merchant, greedy] = [await stage.merchant({ connector_id: connectorId }), await stage.merchant()];
    const connections = sized(effort, { quick: 500, usual: 2_000, full: 2_000 });
    const reads = sized(effort, { quick: 40, usual: 100, full: 200 });
    const brake = (step: 'pause' | 'resume') => stage.brake(`/merchants/${merchant.id}`, step);
    const contender = (name: string, kind: Contender['kind'], abuser: Abuser | null): Contender => {
      let child: LineChild | null = null;
      return {
        name,
        kind,
        processes: () => [api.pid, worker],
        prepare: async () => {
          await brake('pause');
          await merchant.createValidated(PAYOUTS);
          child = abuser === null ? null : await abuser.start();
        },
        run: async () => {
          const paid = spanOf(async () => {
            await brake('resume');
            await merchant.untilProcessed();
          });
          const sample = await readsOf(merchant, reads);
          if (child !== null) abuser?.check(await child.ask<Abuse>());
          return { ...sample, figures: { ...sample.figures, paid: await paid } };
        },
        finish: async () => child?.end(),
      };
    };
    return [
      contestOf([
        contender('nobody else', 'limit', null),
        contender(`${connections} half-open connections`, 'engine', halfOpen(url, connections)),
        contender(`a key that asks ${RATE_PER_SECOND * 10} times a second`, 'engine', flood(url, greedy.key)),
      ]),
    ];
  },
};

const contestOf = (contenders: readonly Contender[]): Contest => ({
  title: 'abuse',
  measures: [
    { name: 'read p95', unit: 'ms', better: 'less', goal: { atMost: 50 } },
    { name: 'read p50', unit: 'ms', better: 'less' },
    { name: 'paid', unit: 'ms', better: 'less', goal: { ofLimit: 0.67 } },
  ],
  contenders,
});

interface Abuser {
  readonly start: () => Promise<LineChild>;
  /** Throws where there was none: a figure beside nothing must not look good. */
  readonly check: (abuse: Abuse) => void;
}

async function started(...options: readonly string[]): Promise<LineChild> {
  const child = LineChild.start('abuse.child.ts', ...options);
  await child.next();
  return child;
}

const halfOpen = (url: string, connections: number): Abuser => ({
  start: () => started('half-open', url, String(connections)),
  check: ({ open }) => {
    if (open < connections * OPEN_ENOUGH) throw new Error(`${open} of ${connections} connections were open`);
  },
});

const flood = (url: string, key: string): Abuser => ({
  start: () => started('flood', url, String(RATE_PER_SECOND * 10), key),
  check: ({ asked, refused }) => {
    if (refused === 0) throw new Error(`none of ${asked} requests was refused`);
  },
});

async function readsOf(merchant: BenchMerchant, reads: number): Promise<Sample> {
  const spans: number[] = [];
  for (let read = 0; read < reads; read += 1) {
    spans.push(await spanOf(() => merchant.get('/bulks?limit=1')));
    await wait(READ_EVERY_MS);
  }
  return { items: reads, figures: { 'read p95': percentile(spans, 0.95), 'read p50': percentile(spans, 0.5) } };
}
