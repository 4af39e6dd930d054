import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sandbox keeps when a payment that nobody had claimed was taken back. */
export class CancelUnclaimed20261121170000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE sandbox_payment ADD COLUMN cancelled_at timestamptz`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE sandbox_payment DROP COLUMN cancelled_at`);
  }
}
