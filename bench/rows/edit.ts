import type { Contender, Contest } from '../measure/contest.js';
import { type BenchMerchant, LATER, PAYOUTS_PER_BULK } from '../stage/merchant.js';
import type { Stage } from '../stage/stage.js';
import { TwinTables } from '../stage/twin-tables.js';
import { type Effort, type Row, sized, spanOf } from './row.js';

/** A provider as they are, so that others' payouts are on their way all the time. */
const LATENCY_MS = 50;
const IN_FLIGHT = 50;

export const edit: Row = {
  name: 'edit',
  asks: `${PAYOUTS_PER_BULK} payouts of a bulk edited, or cancelled, in one call, while another merchant's are executed`,
  minutes: 1.5,
  async contests(stage, effort) {
    const { pid: api } = await stage.api();
    const others = await backgroundOf(stage, effort);
    const merchant = await stage.merchant();
    const twins = await TwinTables.create(stage.servers, ['payout']);
    const change = (name: string, call: Call) => contestOf({ name, call, api, merchant, others, twins });
    return [
      change('edit', ({ id, references }) => {
        const items = references.map((reference) => ({ reference, amount: '99.10' }));
        return merchant.call(`/bulks/${id}`, { items }, 'PATCH');
      }),
      change('cancel', ({ id }) => merchant.call(`/bulks/${id}/cancel`)),
    ];
  },
};

type Bulk = Awaited<ReturnType<BenchMerchant['create']>>;
type Call = (bulk: Bulk) => Promise<unknown>;

/** @returns what sets the others' payouts going. */
async function backgroundOf(stage: Stage, effort: Effort): Promise<() => Promise<void>> {
  await stage.worker();
  const connectorId = await stage.connector(await stage.provider(LATENCY_MS), IN_FLIGHT);
  const merchant = await stage.merchant({ connector_id: connectorId });
  const payouts = sized(effort, { quick: 1_000, usual: 2_000, full: 4_000 });
  return async () => {
    await merchant.untilProcessed();
    await stage.brake(`/connectors/${connectorId}`, 'pause');
    await merchant.createValidated(payouts);
    await stage.brake(`/connectors/${connectorId}`, 'resume');
    await stage.servers.untilNone(`(SELECT WHERE NOT EXISTS (SELECT FROM payout WHERE status = 'PROCESSING_IN_PROGRESS')) none`);
  };
}

interface Setting {
  readonly name: string;
  readonly call: Call;
  readonly api: number;
  readonly merchant: BenchMerchant;
  readonly others: () => Promise<void>;
  readonly twins: TwinTables;
}

function contestOf({ name, call, api, merchant, others, twins }: Setting): Contest {
  let bulk: Bulk;
  const prepare = async (): Promise<void> => {
    bulk = await merchant.create(merchant.draft(LATER));
    await merchant.untilValidated();
  };
  const engine: Contender = {
    name: 'Tranche',
    kind: 'engine',
    processes: () => [api],
    prepare: async () => {
      await prepare();
      await others();
    },
    run: async () => ({ items: PAYOUTS_PER_BULK, figures: { answer: await spanOf(() => call(bulk)) } }),
  };
  const limit: Contender = {
    name: 'one UPDATE',
    kind: 'limit',
    note: 'of the same rows in a table with the same indexes, while the same others are executed',
    prepare: async () => {
      await prepare();
      await twins.empty('payout');
      await twins.sql.query('INSERT INTO twin_payout SELECT * FROM payout WHERE bulk_id = $1', [bulk.uuid]);
      await others();
    },
    run: async () => {
      const update = `UPDATE twin_payout SET status = 'CANCELLED', claim_no = claim_no + 1, version = version + 1, updated_at = now()`;
      return { items: PAYOUTS_PER_BULK, figures: { answer: await spanOf(() => twins.sql.query(update)) } };
    },
  };
  return { title: name, measures: [{ name: 'answer', unit: 'ms', better: 'less' }], contenders: [engine, limit] };
}
