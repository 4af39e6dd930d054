import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a lane needs to take no more than its share, to come back slowly after a fault, and to cost nothing while it has nothing to send. */
export class GrowLanes20261121100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_endpoint
        ADD COLUMN host text GENERATED ALWAYS AS (substring(url FROM '^[a-z]+://([^/?#]+)')) STORED, -- with its port: what calls to it are counted by
        ADD COLUMN calls_max integer NOT NULL DEFAULT 1 CHECK (calls_max > 0), -- that may be out at a time, over all processes: grows with success
        ADD COLUMN rate_spent_until timestamptz NOT NULL DEFAULT '-infinity', -- calls that were made have used its rate up to here
        ADD COLUMN ready_at timestamptz NOT NULL DEFAULT '-infinity', -- no claim finds anything before, unless webhook_lane_wake says so
        ADD COLUMN failing_since timestamptz,       -- the first failure since the last success; null: the last call succeeded
        ADD COLUMN recent_since timestamptz NOT NULL DEFAULT '-infinity', -- attempts are counted in windows, for the breaker
        ADD COLUMN recent_attempts integer NOT NULL DEFAULT 0,
        ADD COLUMN recent_failures integer NOT NULL DEFAULT 0;
      -- Which lanes may have something to send now, and when the next one may: an idle look is one probe, however many lanes there are.
      CREATE INDEX webhook_endpoint_ready ON webhook_endpoint (ready_at) WHERE status <> 'disabled' AND deleted_at IS NULL;

      -- Who writes something for a lane says so here, in the same transaction: a row that waits for nobody, where an update of
      -- the lane would make every writer wait for every dispatcher. The next claim of the lane takes it away.
      CREATE TABLE webhook_lane_wake (endpoint_id uuid NOT NULL)
        WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

      ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_state;
      ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_state
        CHECK (state IN ('waiting', 'in_flight', 'delivered', 'exhausted', 'held', 'skipped', 'expired'));
      -- What has been held for too long.
      CREATE INDEX webhook_delivery_held_since ON webhook_delivery (created_at) WHERE state = 'held';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX webhook_delivery_held_since;
      UPDATE webhook_delivery SET state = 'skipped' WHERE state = 'expired';
      ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_state;
      ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_state
        CHECK (state IN ('waiting', 'in_flight', 'delivered', 'exhausted', 'held', 'skipped'));
      DROP TABLE webhook_lane_wake;
      ALTER TABLE webhook_endpoint
        DROP COLUMN recent_failures,
        DROP COLUMN recent_attempts,
        DROP COLUMN recent_since,
        DROP COLUMN failing_since,
        DROP COLUMN ready_at,
        DROP COLUMN rate_spent_until,
        DROP COLUMN calls_max,
        DROP COLUMN host;
    `);
  }
}
