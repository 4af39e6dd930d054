import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What roles that own nothing need: the merchant of a transaction, for the policies of rights.ts, and a look at open transactions. */
export class NameMerchantOfTransaction20261121140000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Null where nobody has said one: then no row is anybody's. A setting that was local to a transaction is empty after it.
      CREATE FUNCTION tranche_merchant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
        AS $$SELECT nullif(current_setting('tranche.merchant_id', true), '')::uuid$$;

      -- A step is found by its attempt, which no index finds by its id: whose it is, it says itself.
      ALTER TABLE attempt_step ADD COLUMN merchant_id uuid;
      UPDATE attempt_step s SET merchant_id = a.merchant_id FROM attempt a WHERE a.id = s.attempt_id;
      ALTER TABLE attempt_step ALTER COLUMN merchant_id SET NOT NULL;

      -- How many clients the server has, and for how long the oldest transaction has been open that has written something. The role
      -- of the engine may not look at the sessions of other logins; the owner of this function may, at least at those of its own.
      CREATE FUNCTION sessions_of_server(OUT clients bigint, OUT oldest_write_s double precision)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
        AS $$SELECT count(*) FILTER (WHERE backend_type = 'client backend'),
               coalesce(extract(epoch FROM max(clock_timestamp() - xact_start) FILTER (WHERE backend_xid IS NOT NULL)), 0)::double precision
             FROM pg_stat_activity$$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Who works by the schema before this one is no role of ours and asks no policy.
      DO $$
      DECLARE policy record;
      BEGIN
        FOR policy IN SELECT polname AS name, polrelid::regclass AS walled FROM pg_policy LOOP
          EXECUTE format('DROP POLICY %I ON %s', policy.name, policy.walled);
          EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', policy.walled);
        END LOOP;
      END $$;
      DROP FUNCTION sessions_of_server();
      ALTER TABLE attempt_step DROP COLUMN merchant_id;
      DROP FUNCTION tranche_merchant();
    `);
  }
}
