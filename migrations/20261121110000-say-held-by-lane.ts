import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A lane says by itself that its backlog is held or dropped: enabling, disabling and deleting it write one row, however much waits. */
export class SayHeldByLane20261121110000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What was queued before is not sent any more; null: nothing is to be dropped. It stands until all that was is closed, slice by slice.
      ALTER TABLE webhook_endpoint ADD COLUMN backlog_from timestamptz;
      CREATE INDEX webhook_endpoint_backlog ON webhook_endpoint (id) WHERE backlog_from IS NOT NULL;

      DROP INDEX webhook_delivery_held_since;
      DROP INDEX webhook_delivery_held;
      DROP INDEX webhook_delivery_open;
      -- When it last began to wait: it was written, sent again by hand, or moved to this lane. Due then, or later where an attempt has failed.
      ALTER TABLE webhook_delivery ADD COLUMN queued_at timestamptz NOT NULL DEFAULT tranche_now();
      UPDATE webhook_delivery SET queued_at = created_at, state = CASE state WHEN 'held' THEN 'waiting' ELSE state END
        WHERE state IN ('waiting', 'in_flight', 'held');
      ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_state;
      ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_state
        CHECK (state IN ('waiting', 'in_flight', 'delivered', 'exhausted', 'skipped', 'expired'));
      CREATE INDEX webhook_delivery_open ON webhook_delivery (subject_id, endpoint_id, sequence) WHERE state IN ('waiting', 'in_flight');
      -- What waits for a retry, or behind one: what enabling makes due again. Whatever else is open is due in the order in which it
      -- was queued, so webhook_delivery_due finds the oldest, and all that is to be dropped.
      CREATE INDEX webhook_delivery_put_off ON webhook_delivery (endpoint_id, queued_at) WHERE state = 'waiting' AND due_at > queued_at;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX webhook_delivery_put_off;
      DROP INDEX webhook_delivery_open;
      ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_state;
      ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_state
        CHECK (state IN ('waiting', 'in_flight', 'delivered', 'exhausted', 'held', 'skipped', 'expired'));
      UPDATE webhook_delivery d SET state = CASE WHEN d.queued_at < e.backlog_from THEN 'skipped' ELSE 'held' END
        FROM webhook_endpoint e WHERE e.id = d.endpoint_id AND d.state = 'waiting' AND (e.status = 'disabled' OR d.queued_at < e.backlog_from);
      ALTER TABLE webhook_delivery DROP COLUMN queued_at;
      CREATE INDEX webhook_delivery_open ON webhook_delivery (subject_id, endpoint_id, sequence) WHERE state IN ('waiting', 'in_flight', 'held');
      CREATE INDEX webhook_delivery_held ON webhook_delivery (endpoint_id) WHERE state = 'held';
      CREATE INDEX webhook_delivery_held_since ON webhook_delivery (created_at) WHERE state = 'held';
      DROP INDEX webhook_endpoint_backlog;
      ALTER TABLE webhook_endpoint DROP COLUMN backlog_from;
    `);
  }
}
