import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The provider's side: intents, the attempts written ahead of every send, and the sandbox's own ledger. */
export class CreatePayoutIntents20261121090200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE payout_intent (
        payout_id uuid PRIMARY KEY REFERENCES payout (id),
        id uuid NOT NULL UNIQUE,
        merchant_id uuid NOT NULL,
        connector_id uuid NOT NULL REFERENCES connector (id),
        status text NOT NULL CONSTRAINT payout_intent_status CHECK (status IN ('created', 'unknown', 'needs_review', 'pending', 'unclaimed', 'succeeded', 'failed', 'returned', 'rejected')),
        provider_reference text,
        failure json,                               -- {code, message, retryable}
        next_check_at timestamptz,                  -- when somebody looks at it next; while a call is out: the end of its lease
        checks integer NOT NULL DEFAULT 0,          -- looks since the status last changed, for the back-off
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        updated_at timestamptz NOT NULL DEFAULT tranche_now(),
        -- Nothing that is open can be forgotten: it has a next look.
        CONSTRAINT payout_intent_open_has_next_check CHECK (status NOT IN ('created', 'unknown', 'pending', 'unclaimed') OR next_check_at IS NOT NULL)
      ) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
      -- The looks that are due, connector by connector: the backlog of a paused one is not walked over for the others.
      CREATE INDEX payout_intent_next_check ON payout_intent (connector_id, next_check_at) WHERE next_check_at IS NOT NULL;
      -- What an operator watches.
      CREATE INDEX payout_intent_unclear ON payout_intent (status) WHERE status IN ('unknown', 'needs_review');
      -- A provider's notification names the intent by its own reference.
      CREATE INDEX payout_intent_provider_reference ON payout_intent (connector_id, provider_reference);

      -- One number, one key, for ever; every send of it is counted before it leaves.
      CREATE TABLE attempt (
        id uuid PRIMARY KEY,
        payout_id uuid NOT NULL REFERENCES payout (id),
        merchant_id uuid NOT NULL,
        connector_id uuid NOT NULL REFERENCES connector (id),
        number integer NOT NULL,
        idempotency_key uuid NOT NULL UNIQUE,
        live boolean NOT NULL DEFAULT true,
        started_at timestamptz NOT NULL DEFAULT tranche_now(),
        sends integer NOT NULL DEFAULT 1,           -- written ahead: how often the provider may have seen the key
        last_send_at timestamptz NOT NULL DEFAULT tranche_now(),
        may_have_been_taken boolean NOT NULL DEFAULT true, -- false only where the provider is known to have nothing under the key
        ever_unknown boolean NOT NULL DEFAULT false, -- some send of this key ended without a clear answer
        refused json,                               -- a refusal that counts only with an empty look-up past the stale window
        ended_at timestamptz,
        outcome text CHECK (outcome IN ('accepted', 'rejected', 'not_taken', 'unknown')),
        http_status integer,
        provider_reference text,
        detail text,
        UNIQUE (payout_id, number)
      );
      CREATE UNIQUE INDEX attempt_one_live ON attempt (payout_id) WHERE live;

      -- The sandbox is a provider of its own: what it paid, append-only, in its own transactions.
      CREATE TABLE sandbox_payment (
        id uuid PRIMARY KEY,
        connector_id uuid NOT NULL REFERENCES connector (id),
        idempotency_key text NOT NULL,
        request_hash bytea NOT NULL,
        intent_id text NOT NULL,
        reference text NOT NULL,
        amount text NOT NULL,
        currency text NOT NULL,
        receiver_hash bytea NOT NULL,
        fate text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT tranche_now(),
        UNIQUE (connector_id, idempotency_key)
      );
      -- Requests that the sandbox turned away before it took them, to count the 429s of fate 9009.
      CREATE TABLE sandbox_refusal (
        connector_id uuid NOT NULL REFERENCES connector (id),
        idempotency_key text NOT NULL,
        refusals integer NOT NULL,
        PRIMARY KEY (connector_id, idempotency_key)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE sandbox_refusal;
      DROP TABLE sandbox_payment;
      DROP TABLE attempt;
      DROP TABLE payout_intent;
    `);
  }
}
