import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Bulks, payouts, their content by revision, and who holds which reference. */
export class CreateBulks20261121090100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE bulk (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchant (id),
        reference text,
        label text,
        webhook_url text,
        webhook_endpoint_id uuid,                   -- the lane of webhook_url
        invalid_items text NOT NULL CHECK (invalid_items IN ('hold', 'reject', 'drop')),
        scheduled_date text,
        timezone text,
        metadata json NOT NULL,                     -- json, not jsonb: it only passes through
        item_count integer NOT NULL CHECK (item_count > 0),
        version integer NOT NULL DEFAULT 1,
        paused_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        -- For ever, whatever becomes of the bulk.
        CONSTRAINT bulk_reference_unique UNIQUE (merchant_id, reference)
      );
      CREATE INDEX bulk_merchant_newest ON bulk (merchant_id, id DESC);

      -- What moves while a bulk is worked on, apart from what its merchant wrote: narrow, because every group of settled
      -- payouts rewrites it. The counts are written in the transaction of the change, under this row's lock.
      CREATE TABLE bulk_progress (
        bulk_id uuid PRIMARY KEY REFERENCES bulk (id),
        merchant_id uuid NOT NULL,
        validation_pending integer NOT NULL DEFAULT 0 CHECK (validation_pending >= 0),
        validation_in_progress integer NOT NULL DEFAULT 0 CHECK (validation_in_progress >= 0),
        scheduled integer NOT NULL DEFAULT 0 CHECK (scheduled >= 0),
        validation_failed integer NOT NULL DEFAULT 0 CHECK (validation_failed >= 0),
        cancelled integer NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
        processing_in_progress integer NOT NULL DEFAULT 0 CHECK (processing_in_progress >= 0),
        processed integer NOT NULL DEFAULT 0 CHECK (processed >= 0),
        intent_creation_failed integer NOT NULL DEFAULT 0 CHECK (intent_creation_failed >= 0),
        outcome_succeeded integer NOT NULL DEFAULT 0 CHECK (outcome_succeeded >= 0),
        outcome_failed integer NOT NULL DEFAULT 0 CHECK (outcome_failed >= 0),
        outcome_pending integer NOT NULL DEFAULT 0 CHECK (outcome_pending >= 0),
        outcome_returned integer NOT NULL DEFAULT 0 CHECK (outcome_returned >= 0),
        -- The function of the contract (api.md section 2), the same as bulkStatus() in src/bulks/bulk-status.ts.
        status text NOT NULL GENERATED ALWAYS AS (CASE
          WHEN validation_pending + validation_in_progress + scheduled + validation_failed
             + processing_in_progress + processed + intent_creation_failed = 0 THEN 'CANCELLED'
          WHEN validation_pending > 0 AND validation_in_progress + scheduled + validation_failed
             + processing_in_progress + processed + intent_creation_failed = 0 THEN 'VALIDATION_PENDING'
          WHEN validation_pending + validation_in_progress > 0 THEN 'VALIDATION_IN_PROGRESS'
          WHEN processing_in_progress > 0 OR (processed + intent_creation_failed > 0 AND scheduled > 0)
            THEN 'PROCESSING_IN_PROGRESS'
          WHEN scheduled > 0 THEN 'SCHEDULED'
          WHEN validation_failed > 0 THEN 'VALIDATION_FAILED'
          WHEN processed = 0 THEN 'INTENT_CREATION_FAILED'
          ELSE 'PROCESSED' END) STORED,
        totals json NOT NULL,                       -- [{currency, amount_minor, count}] of all that is readable and not cancelled
        first_scheduled_at timestamptz,
        last_scheduled_at timestamptz,
        last_sequence integer NOT NULL DEFAULT 0,   -- of the bulk's own events
        feed bigint NOT NULL DEFAULT 0,             -- of the bulk's last event, see feed_now()
        updated_at timestamptz NOT NULL DEFAULT tranche_now()
      ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
      CREATE INDEX bulk_progress_by_status ON bulk_progress (merchant_id, status, bulk_id DESC);

      -- The hot row: state and schedule. Rows are the schedule: there is no job per payout.
      CREATE TABLE payout (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL,
        bulk_id uuid NOT NULL REFERENCES bulk (id),
        position integer NOT NULL,
        reference text NOT NULL,
        status text NOT NULL CONSTRAINT payout_status CHECK (status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS', 'SCHEDULED', 'VALIDATION_FAILED', 'PROCESSING_IN_PROGRESS', 'PROCESSED', 'INTENT_CREATION_FAILED', 'CANCELLED')),
        version integer NOT NULL DEFAULT 1,         -- raised by edit, cancel and retry, never by progress
        revision integer NOT NULL DEFAULT 1,        -- which content counts
        scheduled_at timestamptz,
        connector_id uuid REFERENCES connector (id), -- the route that validation chose
        held boolean NOT NULL DEFAULT false,        -- not to be claimed: the bulk is paused, or rejected by an invalid item
        claim_no integer NOT NULL DEFAULT 0,        -- the fence: raised by every claim and every transition
        lease_until timestamptz,                    -- of the validation in progress
        attempt_no integer NOT NULL DEFAULT 1,      -- raised by retry only; the idempotency key is made of it
        issues json,
        last_sequence integer NOT NULL DEFAULT 0,
        feed bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        updated_at timestamptz NOT NULL DEFAULT tranche_now(),
        CONSTRAINT payout_position_unique UNIQUE (bulk_id, position),
        CONSTRAINT payout_reference_unique UNIQUE (bulk_id, reference),
        -- Nothing in validation can be forgotten: it has a lease, and a lease ends.
        CONSTRAINT payout_validation_is_leased CHECK ((status = 'VALIDATION_IN_PROGRESS') = (lease_until IS NOT NULL)),
        -- What may run has an instant and a route.
        CONSTRAINT payout_scheduled_is_complete CHECK (status <> 'SCHEDULED' OR (scheduled_at IS NOT NULL AND connector_id IS NOT NULL))
      ) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02);
      -- Look-up of a merchant's payouts by reference, and all of them newest first.
      CREATE INDEX payout_by_reference ON payout (merchant_id, reference);
      CREATE INDEX payout_merchant_newest ON payout (merchant_id, id DESC);
      -- The claim: due rows of one connector, merchant by merchant (fair), oldest first.
      CREATE INDEX payout_due ON payout (connector_id, merchant_id, scheduled_at) WHERE status = 'SCHEDULED' AND NOT held;
      -- The next instant to wake at.
      CREATE INDEX payout_next_due ON payout (scheduled_at) WHERE status = 'SCHEDULED' AND NOT held;
      -- What is to be validated, oldest first.
      CREATE INDEX payout_to_validate ON payout (id) WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS');

      -- The content, insert only, one row per edit: the history for free, and a third less database CPU than one wide row.
      CREATE TABLE payout_revision (
        payout_id uuid NOT NULL REFERENCES payout (id),
        revision integer NOT NULL,
        merchant_id uuid NOT NULL,
        amount text,                                -- canonical where it can be read, else as given; null where it can not be kept
        amount_minor bigint,                        -- null where the amount can not be read
        currency text,
        scheduled_date text,
        timezone text,
        payout_method bytea,                        -- sealed JSON
        billing_data bytea,                         -- sealed JSON
        metadata json,
        intake_issues json,                         -- findings about what could not be kept
        changed json,                               -- [{field, from, to}] against the revision before, account data masked
        accepted_at timestamptz NOT NULL DEFAULT tranche_now(),
        PRIMARY KEY (payout_id, revision)
      );

      -- Uniqueness of a reference for as long as it is held: its own table, so that it depends on no partition and no retention.
      CREATE TABLE reference_hold (
        merchant_id uuid NOT NULL,
        reference text NOT NULL,
        payout_id uuid NOT NULL,
        PRIMARY KEY (merchant_id, reference)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE reference_hold;
      DROP TABLE payout_revision;
      DROP TABLE payout;
      DROP TABLE bulk_progress;
      DROP TABLE bulk;
    `);
  }
}
