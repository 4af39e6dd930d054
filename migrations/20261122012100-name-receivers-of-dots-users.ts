import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By whom a user is forgotten: nothing in his row said it without being opened. */
export class NameReceiversOfDotsUsers20261122012100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Keyed hashes of the phone, and of every account behind it; null: written by the version before.
      ALTER TABLE dots_user ADD COLUMN receivers uuid[];
      CREATE INDEX dots_user_unnamed ON dots_user (id) WHERE receivers IS NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE dots_user DROP COLUMN receivers`);
  }
}
