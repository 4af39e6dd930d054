import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys of operators, beside those of merchants. */
export class AddOperatorKeys20261121130100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE api_key ALTER COLUMN merchant_id DROP NOT NULL;  -- null: an operator's
      CREATE INDEX api_key_of_operators ON api_key (id) WHERE merchant_id IS NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX api_key_of_operators;
      DELETE FROM api_key WHERE merchant_id IS NULL;
      ALTER TABLE api_key ALTER COLUMN merchant_id SET NOT NULL;
    `);
  }
}
