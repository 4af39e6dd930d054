import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Amounts for people whose account nobody knows yet. */
export class AddPayoutLinks20261121220100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE payout_link (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchant (id),
        status text NOT NULL CONSTRAINT payout_link_status CHECK (status IN ('open', 'claimed', 'cancelled', 'expired')),
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        currency text NOT NULL,
        sender_key text,                            -- the sender's own
        token_hash bytea NOT NULL,                  -- SHA-256: the token itself lies nowhere
        details bytea NOT NULL,                     -- sealed
        bulk_id uuid,                               -- what the claim has made
        payout_id uuid,
        expires_at timestamptz NOT NULL,
        last_sequence integer NOT NULL,
        feed bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        updated_at timestamptz NOT NULL DEFAULT tranche_now(),
        CONSTRAINT payout_link_token_unique UNIQUE (token_hash),
        CONSTRAINT payout_link_sender_key_unique UNIQUE (merchant_id, sender_key),
        CONSTRAINT payout_link_claimed CHECK ((status = 'claimed') = (payout_id IS NOT NULL) AND (payout_id IS NULL) = (bulk_id IS NULL))
      );
      -- For those whose time is over.
      CREATE INDEX payout_link_open ON payout_link (expires_at) WHERE status = 'open';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE payout_link;`);
  }
}
