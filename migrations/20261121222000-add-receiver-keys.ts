import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A receiver is forgotten with one row, whatever was written of him. */
export class AddReceiverKeys20261121222000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE receiver_key (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL,
        receiver uuid NOT NULL,                     -- keyed hash of where the money goes, see receiver.ts
        sealed bytea NOT NULL,                      -- the key
        CONSTRAINT receiver_key_receiver UNIQUE (merchant_id, receiver)
      );
      -- What method and billing data are sealed under; null: there are none, or they are of the time before receivers had keys.
      ALTER TABLE payout_revision ADD COLUMN receiver_key_id uuid;
    `);
    // What was written of a receiver, when he is to be forgotten.
    await runner.query(`CREATE INDEX IF NOT EXISTS payout_revision_by_receiver ON payout_revision (receiver_key_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX payout_revision_by_receiver;
      ALTER TABLE payout_revision DROP COLUMN receiver_key_id;
      DROP TABLE receiver_key;
    `);
  }
}
