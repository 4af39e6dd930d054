import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why each brake was last let go, beside why it was pulled; and the order in which validation takes merchants in turn. */
export class AddResumeReasons20261121100700 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Of the last resume, kept through later pauses; the reason is null where none was given.
      ALTER TABLE engine ADD COLUMN resumed_at timestamptz, ADD COLUMN resume_reason text,
        ADD CONSTRAINT engine_resume_is_whole CHECK (resume_reason IS NULL OR resumed_at IS NOT NULL);
      ALTER TABLE merchant ADD COLUMN resumed_at timestamptz, ADD COLUMN resume_reason text,
        ADD CONSTRAINT merchant_resume_is_whole CHECK (resume_reason IS NULL OR resumed_at IS NOT NULL);
      ALTER TABLE connector ADD COLUMN resumed_at timestamptz, ADD COLUMN resume_reason text,
        ADD CONSTRAINT connector_resume_is_whole CHECK (resume_reason IS NULL OR resumed_at IS NOT NULL);

      -- What is to be validated, merchant by merchant (fair), oldest first.
      CREATE INDEX payout_to_judge ON payout (merchant_id, id) WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS');
      DROP INDEX payout_to_validate;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX payout_to_validate ON payout (id) WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS');
      DROP INDEX payout_to_judge;
      ALTER TABLE connector DROP CONSTRAINT connector_resume_is_whole, DROP COLUMN resume_reason, DROP COLUMN resumed_at;
      ALTER TABLE merchant DROP CONSTRAINT merchant_resume_is_whole, DROP COLUMN resume_reason, DROP COLUMN resumed_at;
      ALTER TABLE engine DROP CONSTRAINT engine_resume_is_whole, DROP COLUMN resume_reason, DROP COLUMN resumed_at;
    `);
  }
}
