import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each payout takes of its merchant's limits per bulk and day, for as long as it holds its reference. */
export class AddAmountCaps20261121130200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- All null where the merchant has no such limit.
      ALTER TABLE reference_hold
        ADD COLUMN bulk_id uuid,
        ADD COLUMN day date,                        -- of scheduled_at, in the merchant's zone when it was judged
        ADD COLUMN currency text,
        ADD COLUMN amount_minor bigint,
        ADD CONSTRAINT reference_hold_amount_is_whole
          CHECK (num_nulls(bulk_id, day, currency, amount_minor) IN (0, 4));
      -- The sums that a verdict needs, from the index alone.
      CREATE INDEX reference_hold_of_bulk ON reference_hold (bulk_id, currency) INCLUDE (amount_minor, payout_id)
        WHERE amount_minor IS NOT NULL;
      CREATE INDEX reference_hold_of_day ON reference_hold (merchant_id, day, currency) INCLUDE (amount_minor, payout_id)
        WHERE amount_minor IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE reference_hold DROP COLUMN bulk_id, DROP COLUMN day, DROP COLUMN currency, DROP COLUMN amount_minor;
    `);
  }
}
