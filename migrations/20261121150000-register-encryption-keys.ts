import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The id of the key that a value is sealed under: its layout is told in src/platform/crypto/sealer.ts. */
const keyOf = (column: string): string => `convert_from(substring(${column} FROM 3 FOR get_byte(${column}, 1)), 'UTF8')`;

/** Which keys seal what lies here, so that a start without one of them is refused, and how far a rotation has come. */
export class RegisterEncryptionKeys20261121150000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A key from the first moment on in which something may be sealed under it.
      CREATE TABLE encryption_key (
        id text PRIMARY KEY,
        probe bytea,                                -- a word sealed under it: another key under the same id is found out; null: not used since this table is here
        first_used_at timestamptz NOT NULL DEFAULT tranche_now(),
        last_used_at timestamptz NOT NULL DEFAULT tranche_now(), -- when a process last said that it seals under this key
        retired_at timestamptz                      -- from then on nothing is sealed under it any more
      );
      INSERT INTO encryption_key (id)
        SELECT ${keyOf('webhook_secrets')} FROM merchant
        UNION SELECT ${keyOf('secrets')} FROM webhook_endpoint WHERE secrets IS NOT NULL
        UNION SELECT ${keyOf('headers')} FROM webhook_endpoint WHERE headers IS NOT NULL
        UNION SELECT ${keyOf('config')} FROM connector
        UNION SELECT ${keyOf('response_body')} FROM idempotency_key WHERE response_body IS NOT NULL
        UNION SELECT ${keyOf('payout_method')} FROM payout_revision WHERE payout_method IS NOT NULL
        UNION SELECT ${keyOf('billing_data')} FROM payout_revision WHERE billing_data IS NOT NULL;

      -- What keyed hashes are made with: sealed, and for ever the same, so that a rotation changes no hash.
      CREATE TABLE fingerprint_key (one boolean PRIMARY KEY DEFAULT true CHECK (one), sealed bytea NOT NULL);

      -- How far the tables have been sealed anew under a key.
      CREATE TABLE key_rotation (
        table_name text PRIMARY KEY,
        key_id text NOT NULL REFERENCES encryption_key (id),
        behind text[],                              -- primary key of the last row that was looked at; null: none yet
        checked bigint NOT NULL DEFAULT 0,
        resealed bigint NOT NULL DEFAULT 0,
        unreadable bigint NOT NULL DEFAULT 0,
        began_at timestamptz NOT NULL DEFAULT tranche_now(),
        ended_at timestamptz
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE key_rotation; DROP TABLE fingerprint_key; DROP TABLE encryption_key;`);
  }
}
