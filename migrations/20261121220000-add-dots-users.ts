import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The second door, and the users that its clients keep at the service. */
export class AddDotsUsers20261121220000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE bulk_origin DROP CONSTRAINT bulk_origin_door_check;
      ALTER TABLE bulk_origin ADD CONSTRAINT bulk_origin_door_check CHECK (door IN ('paypal', 'dots'));

      CREATE TABLE dots_user (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL,
        phone bytea NOT NULL,                       -- a keyed hash: one user for one number
        profile bytea NOT NULL,                     -- sealed: who it is, and the payout methods
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        CONSTRAINT dots_user_phone_unique UNIQUE (merchant_id, phone)
      );
      -- For the list.
      CREATE INDEX dots_user_by_id ON dots_user (merchant_id, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE dots_user;
      DELETE FROM payout_origin o USING payout p JOIN bulk_origin b USING (bulk_id) WHERE o.payout_id = p.id AND b.door = 'dots';
      DELETE FROM bulk_origin WHERE door = 'dots';
      ALTER TABLE bulk_origin DROP CONSTRAINT bulk_origin_door_check;
      ALTER TABLE bulk_origin ADD CONSTRAINT bulk_origin_door_check CHECK (door IN ('paypal'));
    `);
  }
}
