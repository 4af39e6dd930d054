import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Stray payments are listed and acknowledged one by one: each has an id, and what whoever looked at it had to say. */
export class NameStrayPayments20261123000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE stray_payment
        ADD COLUMN id uuid NOT NULL DEFAULT tranche_uuid() CONSTRAINT stray_payment_id_key UNIQUE,
        ADD COLUMN acknowledge_reason text
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE stray_payment DROP COLUMN id, DROP COLUMN acknowledge_reason`);
  }
}
