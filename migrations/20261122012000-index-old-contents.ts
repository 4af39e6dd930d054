import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For OldContentRepository: contents of the time before receivers had keys. Empty once all of them are sealed under these. */
export class IndexOldContents20261122012000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX IF NOT EXISTS payout_revision_of_everybody ON payout_revision (merchant_id, payout_id, revision)
       WHERE receiver_key_id IS NULL AND (payout_method IS NOT NULL OR billing_data IS NOT NULL)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX payout_revision_of_everybody`);
  }
}
