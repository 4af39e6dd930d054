import { LATER, PAYOUTS_PER_BULK } from '../stage/merchant.js';
import { TwinTables } from '../stage/twin-tables.js';
import type { Row } from './row.js';
import { perSecond, sized, spanOf } from './row.js';

const WHY_MISSED =
  'the limit judges nothing: it opens no account data, runs no rule (IBAN and phone numbers among them), holds no reference and counts nothing of ' +
  'the bulk. Judging is Node in the last column, half of all; of PostgreSQL the events and the payouts are two thirds, which the limit has too.';

export const validate: Row = {
  name: 'validate',
  asks: 'created to validated, every rule, references held and every event written',
  minutes: 1.5,
  async contests(stage, effort) {
    const payouts = sized(effort, { quick: 2_000, usual: 6_000, full: 10_000 });
    const [worker, merchant, twins] = [
      await stage.worker(),
      await stage.merchant(),
      await TwinTables.create(stage.servers, ['payout', 'event']),
    ];
    const model = await merchant.createValidated(payouts, LATER);
    return [
      {
        title: 'validate',
        measures: [{ name: 'rate', unit: 'payouts/s', better: 'more', goal: { ofLimit: 0.4 }, whyMissed: WHY_MISSED }],
        contenders: [
          {
            name: 'Tranche',
            kind: 'engine',
            processes: () => [worker.pid],
            prepare: async () => {
              // Frozen, so that everything waits when the clock starts.
              worker.signal('SIGSTOP');
              for (let left = payouts; left > 0; left -= PAYOUTS_PER_BULK) await merchant.create(merchant.draft(LATER));
            },
            run: async () => {
              const start = performance.now();
              worker.signal('SIGCONT');
              return { items: payouts, figures: { rate: perSecond(payouts, await merchant.untilValidated(start)) } };
            },
          },
          {
            name: 'two UPDATEs and one INSERT',
            kind: 'limit',
            note: 'of the same rows, set-based, two transactions for each bulk, over one connection; the engine has two judges',
            prepare: async () => {
              await twins.empty('payout', 'event');
              await twins.sql.query(`INSERT INTO twin_payout SELECT * FROM payout WHERE bulk_id = ANY($1::uuid[])`, [
                model.map(({ uuid }) => uuid),
              ]);
            },
            run: async () => {
              const span_ms = await spanOf(async () => {
                for (const { uuid } of model) await bareValidation(twins, uuid);
              });
              return { items: payouts, figures: { rate: perSecond(payouts, span_ms) } };
            },
          },
        ],
      },
    ];
  },
};

async function bareValidation(twins: TwinTables, bulk: string): Promise<void> {
  await twins.transaction(async (client) => {
    await client.query(
      `UPDATE twin_payout SET status = 'VALIDATION_IN_PROGRESS', lease_until = now() + interval '60 s', claim_no = claim_no + 1
       WHERE bulk_id = $1`,
      [bulk],
    );
  });
  await twins.transaction(async (client) => {
    await client.query(
      `UPDATE twin_payout SET status = 'SCHEDULED', lease_until = NULL, claim_no = claim_no + 1, last_sequence = 3 WHERE bulk_id = $1`,
      [bulk],
    );
    await client.query(
      `INSERT INTO twin_event OVERRIDING SYSTEM VALUE SELECT * FROM event
       WHERE bulk_id = $1 AND type IN ('payout.validation_in_progress', 'payout.scheduled')`,
      [bulk],
    );
  });
}
