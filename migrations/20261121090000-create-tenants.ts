import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who pays and through what: connectors, merchants, their keys, and the brake on everything. */
export class CreateTenants20261121090000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The engine's clock. Every statement that compares or writes an instant asks this function, so that leases and due
      -- times are the database's alone, and a test can move time by replacing one function.
      CREATE FUNCTION tranche_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT now()';

      CREATE TABLE connector (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        type text NOT NULL,
        config bytea NOT NULL,                      -- sealed JSON: holds the provider's credentials
        currencies text[],                          -- null: every currency the connector's type can do
        method_types text[],                        -- null: every method type the connector's type can do
        max_concurrency integer NOT NULL CHECK (max_concurrency BETWEEN 1 AND 10000),
        limits jsonb NOT NULL DEFAULT '{}',         -- {max_amount: {currency: amount}}: the most one payout through it may be
        rate_per_second integer CHECK (rate_per_second > 0),
        paused_at timestamptz,
        paused_by text CHECK (paused_by IN ('operator', 'engine')),
        pause_reason text,
        unreadable_streak integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        updated_at timestamptz NOT NULL DEFAULT tranche_now(),
        CHECK ((paused_at IS NULL) = (paused_by IS NULL) AND (paused_at IS NULL) = (pause_reason IS NULL))
      );

      CREATE TABLE merchant (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        timezone text,                              -- IANA zone of dates without one, checked when written; null: UTC
        connector_id uuid REFERENCES connector (id), -- who pays; null: the built-in sandbox in sandbox mode, else none
        limits jsonb NOT NULL DEFAULT '{}',         -- {max_amount?: {<currency>: <canonical decimal string>}} of one payout
        webhook_secrets bytea NOT NULL,             -- sealed JSON: [{secret, expires_at}], the current one first
        paused_at timestamptz,
        pause_reason text,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        updated_at timestamptz NOT NULL DEFAULT tranche_now(),
        CHECK ((paused_at IS NULL) = (pause_reason IS NULL))
      );

      CREATE TABLE api_key (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchant (id),
        name text,
        secret_hash bytea NOT NULL UNIQUE,          -- SHA-256 of the whole key: 256 random bits need no slow hash
        scopes text[],                              -- null: all
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT tranche_now()
      );
      CREATE INDEX api_key_merchant ON api_key (merchant_id, id);

      -- One row: the brake on everything.
      CREATE TABLE engine (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        paused_at timestamptz,
        pause_reason text,
        CHECK ((paused_at IS NULL) = (pause_reason IS NULL))
      );
      INSERT INTO engine DEFAULT VALUES;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE engine;
      DROP TABLE api_key;
      DROP TABLE merchant;
      DROP TABLE connector;
      DROP FUNCTION tranche_now();
    `);
  }
}
