import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events, in one order that every reader sees the same, and their delivery to webhook endpoints. */
export class CreateEvents20261121090300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The order of the event feed: transaction ids, lifted by feed_offset after a restore into a younger cluster
      -- (see docs/adr, "The feed is ordered by transaction").
      CREATE TABLE feed_offset (one boolean PRIMARY KEY DEFAULT true CHECK (one), lifted_by bigint NOT NULL);
      INSERT INTO feed_offset (lifted_by) VALUES (0);
      CREATE FUNCTION feed_now() RETURNS bigint LANGUAGE sql VOLATILE AS
        'SELECT pg_current_xact_id()::text::bigint + lifted_by FROM feed_offset';
      -- Everything below this is committed or gone: a reader that stays below it never sees an event appear behind it.
      CREATE FUNCTION feed_horizon() RETURNS bigint LANGUAGE sql STABLE AS
        'SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + lifted_by FROM feed_offset';

      -- UUIDv7 (RFC 9562 5.7) for rows whose number only the database knows; PostgreSQL 15 to 17 have none of their own.
      CREATE FUNCTION tranche_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $uuid$
        SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
          PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
      $uuid$;

      CREATE TABLE event (
        place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        merchant_id uuid NOT NULL,
        feed bigint NOT NULL,
        type text NOT NULL,
        subject_id uuid NOT NULL,                   -- the payout, the bulk or the endpoint whose sequence this is
        sequence integer NOT NULL,
        bulk_id uuid,
        payout_id uuid,
        occurred_at timestamptz NOT NULL DEFAULT tranche_now(),
        body bytea NOT NULL,                        -- the exact bytes of every delivery
        CONSTRAINT event_sequence_unique UNIQUE (subject_id, sequence)
      );
      CREATE INDEX event_feed ON event (merchant_id, feed, place);
      CREATE INDEX event_by_bulk ON event (bulk_id, feed, place);

      -- A lane: one URL of one merchant, whether it came with a bulk or was registered.
      CREATE TABLE webhook_endpoint (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchant (id),
        url text NOT NULL,
        registered boolean NOT NULL,                -- made through the API: has secrets of its own and gets every bulk's events
        from_bulk boolean NOT NULL,                 -- named by a bulk: gets that bulk's events, signed with the merchant's secret
        event_types text[],                         -- null: all
        description text,
        secrets bytea,                              -- sealed JSON: [{secret, expires_at}], the current one first; null where not registered
        status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled')),
        reason text,                                -- why it is not active; null where it is
        since timestamptz NOT NULL DEFAULT tranche_now(), -- of the status
        last_sequence integer NOT NULL DEFAULT 0,   -- of the endpoint's own events
        feed bigint NOT NULL DEFAULT 0,             -- of the endpoint's last event, see feed_now()
        last_claimed_at timestamptz NOT NULL DEFAULT '-infinity', -- lanes are served in turn
        last_success_at timestamptz,
        failure_streak integer NOT NULL DEFAULT 0,
        paused_until timestamptz,                   -- the breaker: nothing is sent before it, and one probe after it
        pause_count integer NOT NULL DEFAULT 0,     -- pauses since the last success: each is twice as long as the one before
        deleted_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        updated_at timestamptz NOT NULL DEFAULT tranche_now(),
        CHECK (registered = (secrets IS NOT NULL)),
        -- A lane that a bulk names is never deleted, so the id that the bulk keeps always leads somewhere.
        CHECK (deleted_at IS NULL OR NOT (registered OR from_bulk)),
        CHECK ((status = 'paused') = (paused_until IS NOT NULL))
      ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
      CREATE UNIQUE INDEX webhook_endpoint_url ON webhook_endpoint (merchant_id, url) WHERE deleted_at IS NULL;

      CREATE TABLE webhook_delivery (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL,
        endpoint_id uuid NOT NULL REFERENCES webhook_endpoint (id),
        event_id uuid NOT NULL,                     -- no foreign key: written together by one function, and the check costs a third of it
        subject_id uuid NOT NULL,
        sequence integer NOT NULL,
        bulk_id uuid,
        payout_id uuid,
        state text NOT NULL CONSTRAINT webhook_delivery_state CHECK (state IN ('waiting', 'in_flight', 'delivered', 'exhausted', 'held', 'skipped')),
        attempts integer NOT NULL DEFAULT 0,
        attempts_before integer NOT NULL DEFAULT 0, -- made before the latest resend or enabling: the retry schedule starts anew there
        due_at timestamptz NOT NULL DEFAULT tranche_now(), -- while in flight: the end of its lease, when anybody may claim it again
        claim_no integer NOT NULL DEFAULT 0,        -- the fence: raised by every claim and every transition
        lease_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        delivered_at timestamptz,
        CONSTRAINT webhook_delivery_in_flight_is_leased CHECK ((state = 'in_flight') = (lease_until IS NOT NULL)),
        CONSTRAINT webhook_delivery_once UNIQUE (event_id, endpoint_id)
      ) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
      -- Answers whether an earlier sequence of the same subject is still open.
      CREATE INDEX webhook_delivery_open ON webhook_delivery (subject_id, endpoint_id, sequence) WHERE state IN ('waiting', 'in_flight', 'held');
      -- Which lanes have anything to send, and what each may send next.
      CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at, id) WHERE state IN ('waiting', 'in_flight');
      -- What is kept for a disabled lane: to be counted, and to be let go.
      CREATE INDEX webhook_delivery_held ON webhook_delivery (endpoint_id) WHERE state = 'held';
      -- How many calls of a lane are out.
      CREATE INDEX webhook_delivery_in_flight ON webhook_delivery (endpoint_id) WHERE state = 'in_flight';
      CREATE INDEX webhook_delivery_merchant_newest ON webhook_delivery (merchant_id, id DESC);

      CREATE TABLE webhook_attempt (
        id uuid PRIMARY KEY,
        delivery_id uuid NOT NULL REFERENCES webhook_delivery (id),
        merchant_id uuid NOT NULL,
        number integer NOT NULL,
        started_at timestamptz NOT NULL,
        duration_ms integer NOT NULL,
        http_status integer,
        error_class text,                           -- null on success
        address text,
        snippet text,                               -- the first KiB of the answer
        next_attempt_at timestamptz
      );
      CREATE INDEX webhook_attempt_delivery ON webhook_attempt (delivery_id, number);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE webhook_attempt;
      DROP TABLE webhook_delivery;
      DROP TABLE webhook_endpoint;
      DROP TABLE event;
      DROP FUNCTION tranche_uuid();
      DROP FUNCTION feed_horizon();
      DROP FUNCTION feed_now();
      DROP TABLE feed_offset;
    `);
  }
}
