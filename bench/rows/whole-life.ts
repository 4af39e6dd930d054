import { PAYOUTS_PER_BULK } from '../stage/merchant.js';
import { inParallel, perSecond, type Row, sized, spanOf } from './row.js';

const IN_FLIGHT = 200;
const LATENCY_MS = 20;

export const wholeLife: Row = {
  name: 'whole-life',
  asks: 'full bulks that are due at once, through HTTP, provider and webhooks: from the first request to the last webhook',
  minutes: 7.5,
  async contests(stage, effort) {
    const bulks = sized(effort, { quick: 1, usual: 10, full: 100 });
    const [api, worker] = [await stage.api(), await stage.worker()];
    const [provider, receiver] = [await stage.provider(LATENCY_MS), await stage.receiver(0)];
    const merchant = await stage.merchant({ connector_id: await stage.connector(provider, IN_FLIGHT) });
    return [
      {
        title: `whole life of ${bulks * PAYOUTS_PER_BULK} payouts`,
        measures: [
          { name: 'created to last webhook', unit: 's', better: 'less' },
          { name: 'payouts', unit: 'per s', better: 'more' },
          { name: 'webhooks', unit: 'per s', better: 'more' },
          { name: 'disk', unit: 'KiB a payout', better: 'less' },
          { name: 'WAL', unit: 'KiB a payout', better: 'less' },
        ],
        contenders: [
          {
            name: 'Tranche',
            kind: 'engine',
            note: 'one api and one worker; processor time is that of both',
            processes: () => [api.pid, worker.pid],
            run: async () => {
              // One URL for each bulk, as a merchant with several systems has them.
              const drafts = Array.from({ length: bulks }, (_, number) =>
                merchant.draft({ webhook_url: `${receiver.url}/${number}` }),
              );
              const before = await stage.servers.written();
              const span_ms = await spanOf(async () => {
                await inParallel(drafts, 2, (draft) => merchant.create(draft));
                await merchant.untilProcessed();
                await stage.servers.untilNone(`webhook_delivery WHERE state IN ('waiting', 'in_flight') ORDER BY endpoint_id`);
              });
              const payouts = bulks * PAYOUTS_PER_BULK;
              const after = await stage.servers.written();
              const figures = {
                disk: (after.disk_kib - before.disk_kib) / payouts,
                WAL: (after.wal_kib - before.wal_kib) / payouts,
                'created to last webhook': span_ms / 1000,
                payouts: perSecond(payouts, span_ms),
                webhooks: perSecond(await receiver.count(), span_ms),
              };
              return { items: payouts, figures };
            },
          },
        ],
      },
    ];
  },
};
