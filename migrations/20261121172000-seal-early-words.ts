import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A provider's reason repeats whose account it is about, and until the payment is known nobody can say what of it to take out. */
export class SealEarlyWords20261121172000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Sealed; null: none was given. What the version before has kept has it in payment, and is forgotten within thirty days.
      ALTER TABLE provider_notification ADD COLUMN failure bytea;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE provider_notification DROP COLUMN failure`);
  }
}
