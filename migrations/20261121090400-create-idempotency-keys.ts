import type { MigrationInterface, QueryRunner } from 'typeorm';

/** First answers kept under the merchant's idempotency keys, written in the transaction of the request they answer. */
export class CreateIdempotencyKeys20261121090400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotency_key (
        merchant_id uuid NOT NULL,
        method text NOT NULL,
        path text NOT NULL,
        key text NOT NULL,
        body_hash bytea NOT NULL,                   -- of the canonical form of the parsed body
        response_status integer NOT NULL,
        response_headers json NOT NULL,
        response_body bytea,                        -- sealed; null once an answer that carried a secret has been dropped
        secret boolean NOT NULL,                    -- the body is dropped after an hour
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        PRIMARY KEY (merchant_id, method, path, key)
      );
      CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE idempotency_key`);
  }
}
