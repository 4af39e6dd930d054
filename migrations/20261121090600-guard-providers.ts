import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What keeps a provider from being asked too much, and its books and ours from drifting apart. */
export class GuardProviders20261121090600 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE connector
        ADD COLUMN busy_until timestamptz,                      -- the provider asked to be left alone until then
        ADD COLUMN fault_streak integer NOT NULL DEFAULT 0,     -- sends in a row, of all processes, that failed as sends
        ADD COLUMN breaker_opened_at timestamptz,               -- null: the breaker is closed
        ADD COLUMN breaker_openings integer NOT NULL DEFAULT 0, -- in a row, for the doubling of the wait
        ADD COLUMN breaker_until timestamptz,                   -- from then on one payout probes
        ADD COLUMN probe_until timestamptz,                     -- a probe is out; past this it is taken for lost
        ADD COLUMN lists_payments boolean,                      -- null: its provider's list was never asked for
        ADD COLUMN reconcile_from timestamptz,                  -- the pass that is under way begins here; null: none is
        ADD COLUMN reconcile_began_at timestamptz,
        ADD COLUMN reconcile_cursor text,                       -- the provider's own, where the pass goes on
        ADD COLUMN reconciled_until timestamptz,                -- both sides were compared up to here
        ADD CONSTRAINT connector_breaker_is_whole CHECK ((breaker_opened_at IS NULL) = (breaker_until IS NULL)),
        ADD CONSTRAINT connector_pass_is_whole CHECK ((reconcile_from IS NULL) = (reconcile_began_at IS NULL)
          AND (reconcile_cursor IS NULL OR reconcile_from IS NOT NULL));

      -- Set while nothing may be sent, because the database may have lost commits: see docs/adr/0014.
      ALTER TABLE engine
        ADD COLUMN quarantined_at timestamptz,
        ADD COLUMN quarantine_detail text;                      -- what its end waits for, for people

      -- Which process may have how many calls out: a connector's limit holds for all of them together.
      CREATE TABLE connector_worker (
        connector_id uuid NOT NULL REFERENCES connector (id),
        worker_id uuid NOT NULL,
        places integer NOT NULL CHECK (places >= 0),
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (connector_id, worker_id)
      ) WITH (fillfactor = 50);

      -- What a provider said of a payment that none of our attempts names yet.
      CREATE TABLE provider_notification (
        connector_id uuid NOT NULL REFERENCES connector (id),
        provider_reference text NOT NULL,
        status text NOT NULL,
        idempotency_key text,
        payment json NOT NULL,
        received_at timestamptz NOT NULL DEFAULT tranche_now(),
        PRIMARY KEY (connector_id, provider_reference, status)
      );
      CREATE INDEX provider_notification_key ON provider_notification (connector_id, idempotency_key);
      CREATE INDEX provider_notification_age ON provider_notification (received_at);

      -- Payments in a provider's books that contradict ours, each told once. Kept for good: they are about money.
      CREATE TABLE stray_payment (
        connector_id uuid NOT NULL REFERENCES connector (id),
        provider_reference text NOT NULL,
        kind text NOT NULL CONSTRAINT stray_payment_kind CHECK (kind IN ('unknown', 'not_ours_to_pay', 'superseded', 'other_amount', 'contradiction')),
        payout_id uuid,
        detail text NOT NULL,
        found_at timestamptz NOT NULL DEFAULT tranche_now(),
        acknowledged_at timestamptz,                            -- when an operator resumed the connector after it
        PRIMARY KEY (connector_id, provider_reference, kind)
      );
      CREATE INDEX stray_payment_open ON stray_payment (connector_id) WHERE acknowledged_at IS NULL;

      -- What was done about an attempt and what came of it: append-only, the evidence behind its outcome. Written in the statement
      -- that writes the attempt, so no foreign key has to say that it exists: that would double the cost of the row.
      CREATE TABLE attempt_step (
        attempt_id uuid NOT NULL,
        place bigint GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL DEFAULT tranche_now(),
        action text NOT NULL CONSTRAINT attempt_step_action CHECK (action IN ('send', 'look_up', 'notification', 'reconciliation', 'operator')),
        outcome text NOT NULL,
        http_status integer,
        detail text,
        PRIMARY KEY (attempt_id, place)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE attempt_step;
      DROP TABLE stray_payment;
      DROP TABLE provider_notification;
      DROP TABLE connector_worker;
      ALTER TABLE engine DROP COLUMN quarantine_detail, DROP COLUMN quarantined_at;
      ALTER TABLE connector
        DROP CONSTRAINT connector_pass_is_whole,
        DROP CONSTRAINT connector_breaker_is_whole,
        DROP COLUMN reconciled_until,
        DROP COLUMN reconcile_cursor,
        DROP COLUMN reconcile_began_at,
        DROP COLUMN reconcile_from,
        DROP COLUMN lists_payments,
        DROP COLUMN probe_until,
        DROP COLUMN breaker_until,
        DROP COLUMN breaker_openings,
        DROP COLUMN breaker_opened_at,
        DROP COLUMN fault_streak,
        DROP COLUMN busy_until;
    `);
  }
}
