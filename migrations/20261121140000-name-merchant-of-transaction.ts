import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The merchant on whose behalf a transaction runs, as the policies of row-level security ask for it (see rights.ts). */
export class NameMerchantOfTransaction20261121140000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Null where nobody has said one: then no row is anybody's. A setting that was local to a transaction is empty after it.
      CREATE FUNCTION tranche_merchant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
        AS $$SELECT nullif(current_setting('tranche.merchant_id', true), '')::uuid$$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Who works by the schema before this one is no role of ours and asks no policy.
      DO $$
      DECLARE walled regclass;
      BEGIN
        FOR walled IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity LOOP
          EXECUTE format('DROP POLICY IF EXISTS merchant ON %s', walled);
          EXECUTE format('DROP POLICY IF EXISTS engine ON %s', walled);
          EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', walled);
        END LOOP;
      END $$;
      DROP FUNCTION tranche_merchant();
    `);
  }
}
