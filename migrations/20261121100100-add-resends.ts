import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a merchant sets of an endpoint beyond its URL, and sending many deliveries again. */
export class AddResends20261121100100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_endpoint
        ADD COLUMN rate_per_second integer CHECK (rate_per_second > 0), -- deliveries begun per second, over all processes; null: as fast as it answers
        ADD COLUMN headers bytea,                   -- sealed JSON {name: value}: sent with every delivery, and they may carry a secret
        ADD COLUMN header_names text[],             -- all that is shown of them
        ADD COLUMN public_keys jsonb NOT NULL DEFAULT '[]', -- [{key, expires_at}] of the ed25519 keys among the secrets; empty: signs v1 alone
        ADD CONSTRAINT webhook_endpoint_headers_are_whole CHECK ((headers IS NULL) = (header_names IS NULL)),
        ADD CONSTRAINT webhook_endpoint_content_is_registered CHECK (registered OR (headers IS NULL AND rate_per_second IS NULL AND public_keys = '[]'));

      -- Many deliveries that somebody wants sent again: what to look for, and how far it has got.
      CREATE TABLE webhook_resend (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchant (id),
        endpoint_id uuid,                           -- the filters; null: any
        bulk_id uuid,
        event_type text,
        delivery_state text,
        created_after timestamptz,
        created_before timestamptz,
        until_feed bigint NOT NULL,                 -- events from here on were written after the resend and are none of its business
        state text NOT NULL CONSTRAINT webhook_resend_state CHECK (state IN ('matching', 'sending', 'finished', 'cancelled')),
        seen_feed bigint NOT NULL DEFAULT 0,        -- where matching goes on
        seen_place bigint NOT NULL DEFAULT 0,
        matched integer NOT NULL DEFAULT 0,
        released integer NOT NULL DEFAULT 0,
        look_at timestamptz NOT NULL DEFAULT tranche_now(), -- when a worker looks at it again
        moved_at timestamptz NOT NULL DEFAULT tranche_now(), -- when a look last found or released anything
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        finished_at timestamptz,
        CHECK ((state IN ('finished', 'cancelled')) = (finished_at IS NOT NULL))
      );
      CREATE INDEX webhook_resend_newest ON webhook_resend (merchant_id, id DESC);
      CREATE INDEX webhook_resend_running ON webhook_resend (look_at) WHERE state IN ('matching', 'sending');

      -- What a resend has found and not yet let go, in the order in which it goes: subject by subject, each in its sequence.
      CREATE TABLE webhook_resend_item (
        resend_id uuid NOT NULL REFERENCES webhook_resend (id),
        endpoint_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        sequence integer NOT NULL,
        delivery_id uuid NOT NULL,
        PRIMARY KEY (resend_id, endpoint_id, subject_id, sequence)
      );

      ALTER TABLE webhook_delivery ADD COLUMN resend_id uuid; -- the resend that last sent it again
      -- How many of a lane's open deliveries were sent again by resends; how the deliveries of a resend fare.
      CREATE INDEX webhook_delivery_resent_open ON webhook_delivery (endpoint_id, resend_id) WHERE resend_id IS NOT NULL AND state IN ('waiting', 'in_flight');
      CREATE INDEX webhook_delivery_resent ON webhook_delivery (resend_id, id DESC) WHERE resend_id IS NOT NULL;
      -- How long the latest first deliveries of an endpoint took: one entry per delivery, written when it succeeds.
      CREATE INDEX webhook_delivery_latest ON webhook_delivery (endpoint_id, delivered_at) WHERE state = 'delivered' AND attempts_before = 0;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX webhook_delivery_latest;
      DROP INDEX webhook_delivery_resent;
      DROP INDEX webhook_delivery_resent_open;
      ALTER TABLE webhook_delivery DROP COLUMN resend_id;
      DROP TABLE webhook_resend_item;
      DROP TABLE webhook_resend;
      ALTER TABLE webhook_endpoint
        DROP CONSTRAINT webhook_endpoint_content_is_registered,
        DROP CONSTRAINT webhook_endpoint_headers_are_whole,
        DROP COLUMN public_keys,
        DROP COLUMN header_names,
        DROP COLUMN headers,
        DROP COLUMN rate_per_second;
    `);
  }
}
