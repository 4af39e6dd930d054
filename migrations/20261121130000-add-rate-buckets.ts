import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many requests each key and address has left, for all processes together. */
export class AddRateBuckets20261121130000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Unlogged: a crash of the server fills every bucket, which costs nobody anything, and a draw waits for no disk.
      CREATE UNLOGGED TABLE rate_bucket (
        name text PRIMARY KEY,                      -- "<policy> <key or address>"
        tokens double precision NOT NULL,           -- at filled_at; what has flowed in since is added by who draws
        filled_at timestamptz NOT NULL DEFAULT tranche_now()
      ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE rate_bucket`);
  }
}
