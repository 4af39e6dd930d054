import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes that another one can stand for. No update of a payout, an intent or an attempt is HOT, because their states are in the
 * predicates of partial indexes: each index is written again with every step.
 */
export class MergeIndexes20261121120100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A bulk has one merchant: unique within the bulk, and the look-up of a merchant's payouts by reference.
      ALTER TABLE payout DROP CONSTRAINT payout_reference_unique;
      DROP INDEX payout_by_reference;
      ALTER TABLE payout ADD CONSTRAINT payout_reference_unique UNIQUE (merchant_id, reference, bulk_id);

      -- Nobody looks an attempt up by its id alone: it is read and written with its payout.
      ALTER TABLE attempt DROP CONSTRAINT attempt_pkey, DROP CONSTRAINT attempt_payout_id_number_key,
        ADD CONSTRAINT attempt_pkey PRIMARY KEY (payout_id, number);

      -- An intent has a reference only once its provider has answered.
      DROP INDEX payout_intent_provider_reference;
      CREATE INDEX payout_intent_provider_reference ON payout_intent (connector_id, provider_reference) WHERE provider_reference IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX payout_intent_provider_reference;
      CREATE INDEX payout_intent_provider_reference ON payout_intent (connector_id, provider_reference);
      ALTER TABLE attempt DROP CONSTRAINT attempt_pkey, ADD CONSTRAINT attempt_pkey PRIMARY KEY (id),
        ADD CONSTRAINT attempt_payout_id_number_key UNIQUE (payout_id, number);
      ALTER TABLE payout DROP CONSTRAINT payout_reference_unique, ADD CONSTRAINT payout_reference_unique UNIQUE (bulk_id, reference);
      CREATE INDEX payout_by_reference ON payout (merchant_id, reference);
    `);
  }
}
