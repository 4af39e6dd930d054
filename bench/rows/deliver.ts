import { BarePosts } from '../stage/bare-posts.js';
import type { BenchMerchant } from '../stage/merchant.js';
import type { BenchReceiver } from '../stage/receiver.js';
import type { Stage } from '../stage/stage.js';
import { inParallel, perSecond, type Row, sized, spanOf } from './row.js';

const LATENCY_MS = 20;
/** Each has a host of its own, and together they may have more calls out than a process has. */
const MERCHANTS = 32;
/** As many as a process of ours. */
const IN_FLIGHT = 512;
const WHY_MISSED =
  'the limit has no database. Of a delivery PostgreSQL writes two updates (claimed, delivered) with the entries of six and four indexes, ' +
  'and an attempt; these cost as much processor time as all of Node, and both together four times what signing and posting alone costs. ' +
  'One round (settle, then claim) follows the other, because both hold the rows of the lanes: while PostgreSQL works on it Node sends and ' +
  'is answered, and has less to do than that takes.';

export const deliver: Row = {
  name: 'deliver',
  asks: `events to delivered: signed, in order of each payout, ${MERCHANTS} receivers that take ${LATENCY_MS} ms`,
  minutes: 2,
  async contests(stage, effort) {
    const { pid: worker } = await stage.worker();
    const receiver = await stage.receiver(LATENCY_MS);
    const payouts = sized(effort, { quick: 20, usual: 80, full: 250 });
    const senders: Sender[] = [];
    for (let number = 0; number < MERCHANTS; number += 1) senders.push(await senderOf(stage, receiver, number));
    let events = 0;
    let bare: BarePosts;
    return [
      {
        title: `deliver, ${LATENCY_MS} ms receivers`,
        measures: [{ name: 'rate', unit: 'events/s', better: 'more', goal: { ofLimit: 0.6 }, whyMissed: WHY_MISSED }],
        contenders: [
          {
            name: 'Tranche',
            kind: 'engine',
            note: `one worker, ${MERCHANTS} endpoints of ${MERCHANTS} merchants; from the call that enables the first`,
            processes: () => [worker],
            prepare: async () => {
              await inParallel(senders, 4, ({ merchant, endpoint }) => merchant.call(`${endpoint}/disable`));
              await inParallel(senders, 4, async ({ merchant }) => {
                await merchant.createValidated(payouts);
                await merchant.untilProcessed();
              });
              events = await stage.servers.count(`webhook_delivery WHERE state = 'waiting'`);
              await receiver.arrived();
            },
            run: async () => {
              const span_ms = await spanOf(async () => {
                await inParallel(senders, 4, ({ merchant, endpoint }) => merchant.call(`${endpoint}/enable`, { backlog: 'all' }));
                await stage.servers.untilNone(`webhook_delivery WHERE state IN ('waiting', 'in_flight') ORDER BY endpoint_id`);
              });
              return { items: events, figures: { rate: perSecond(events, span_ms) } };
            },
          },
          {
            name: 'bare signed POSTs',
            kind: 'limit',
            note: `undici, ${IN_FLIGHT} at once, over connections that are open, no database`,
            prepare: async () => {
              bare = await BarePosts.open(receiver, IN_FLIGHT);
            },
            run: async () => {
              const posts = sized(effort, { quick: 1_000, usual: 12_000, full: 20_000 });
              return { items: posts, figures: { rate: perSecond(posts, await spanOf(() => bare.send(posts))) } };
            },
            finish: () => bare.close(),
          },
        ],
      },
    ];
  },
};

interface Sender {
  readonly merchant: BenchMerchant;
  readonly endpoint: string;
}

async function senderOf(stage: Stage, receiver: BenchReceiver, number: number): Promise<Sender> {
  const merchant = await stage.merchant();
  // Names that are loopback by definition: the calls of one host are limited, and these are as many receivers.
  const url = Object.assign(new URL(receiver.url), { hostname: `receiver-${number}.localhost`, pathname: `/${number}` });
  const { id } = await merchant.call('/webhook-endpoints', { url: url.href });
  return { merchant, endpoint: `/webhook-endpoints/${id ?? ''}` };
}
