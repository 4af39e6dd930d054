import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By whom a link is forgotten: nothing in its row said it without being opened. */
export class NameReceiversOfPayoutLinks20261122012200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Keyed hashes of whom it is for; empty: of nobody, or he was erased; null: written by the version before.
      ALTER TABLE payout_link ADD COLUMN receivers uuid[];
      CREATE INDEX payout_link_unnamed ON payout_link (id) WHERE receivers IS NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE payout_link DROP COLUMN receivers`);
  }
}
