import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who changed what, and when: written in the transaction of the change, never changed, and chained afterwards. */
export class CreateAudit20261121150100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_entry (
        place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        merchant_id uuid NOT NULL,                  -- whose chain it belongs to; the highest one: the engine's own
        occurred_at timestamptz(3) NOT NULL DEFAULT tranche_now(), -- milliseconds, as it is hashed and shown
        actor_kind text NOT NULL CONSTRAINT audit_entry_actor CHECK (actor_kind IN ('merchant_key', 'operator', 'system')),
        actor_id text,                              -- the key's id, or the name of the duty; null: the operator key of the configuration
        request_id text,
        action text NOT NULL,
        subject text,
        changes json NOT NULL,                      -- [{field, before, after}]; json keeps the text as it was hashed
        number bigint,                              -- its place in the chain of its merchant, from 1 without a gap; null: not sealed yet
        hash bytea,
        CONSTRAINT audit_entry_is_sealed_whole CHECK ((number IS NULL) = (hash IS NULL)),
        CONSTRAINT audit_entry_number UNIQUE (merchant_id, number)
      );
      CREATE INDEX audit_entry_newest ON audit_entry (merchant_id, id DESC);
      -- What waits to be sealed: a handful of entries, whatever lies behind them.
      CREATE INDEX audit_entry_unsealed ON audit_entry (place) WHERE number IS NULL;

      -- The end of each chain, so that entries that are cut off it are missed.
      CREATE TABLE audit_chain (
        merchant_id uuid PRIMARY KEY,
        number bigint NOT NULL DEFAULT 0,
        hash bytea,
        seal bytea,                                 -- keyed hash of the end: who has the database alone can not write another one
        sealed_at timestamptz
      );

      CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' THEN
          -- To be sealed is all that happens to an entry, and it happens once.
          IF OLD.number IS NULL AND NEW.number IS NOT NULL
            AND (NEW.place, NEW.id, NEW.merchant_id, NEW.occurred_at, NEW.actor_kind, NEW.action) = (OLD.place, OLD.id, OLD.merchant_id, OLD.occurred_at, OLD.actor_kind, OLD.action)
            AND (NEW.actor_id, NEW.request_id, NEW.subject, NEW.changes::text) IS NOT DISTINCT FROM (OLD.actor_id, OLD.request_id, OLD.subject, OLD.changes::text)
          THEN
            RETURN NEW;
          END IF;
        END IF;
        RAISE EXCEPTION 'audit entries are neither changed nor removed';
      END;
      $$;
      CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
      CREATE TRIGGER audit_entry_is_not_emptied BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_chain; DROP TABLE audit_entry; DROP FUNCTION refuse_audit_change();`);
  }
}
