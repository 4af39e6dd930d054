import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What came through a door and has no place in the native contract. */
export class AddOrigins20261121170100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE bulk_origin (
        bulk_id uuid PRIMARY KEY REFERENCES bulk (id),
        merchant_id uuid NOT NULL,
        door text NOT NULL CHECK (door IN ('paypal')),
        batch_key text,                             -- the sender's own; free again after a time, so not unique
        sent bytea NOT NULL,                        -- sealed
        created_at timestamptz NOT NULL DEFAULT tranche_now()
      );
      -- For OriginRepository.bulkByKey.
      CREATE INDEX bulk_origin_by_key ON bulk_origin (merchant_id, door, batch_key, created_at DESC) WHERE batch_key IS NOT NULL;

      CREATE TABLE payout_origin (
        payout_id uuid PRIMARY KEY,                 -- no foreign key: ADR 18
        merchant_id uuid NOT NULL,
        sent bytea NOT NULL                         -- sealed
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE payout_origin; DROP TABLE bulk_origin;`);
  }
}
