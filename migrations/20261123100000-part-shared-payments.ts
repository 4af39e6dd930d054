import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One payment pays one payout: no two intents have one name of a payment at one connector. Where a version before has told two of
 * one payment, the first keeps the name, the others stay as they were told (their attempts still have it), and an operator hears
 * of it as of a stray payment.
 */
export class PartSharedPayments20261123100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // As the index does; else what is shared meanwhile would be found by the index alone.
    await runner.query(`LOCK TABLE payout_intent IN SHARE ROW EXCLUSIVE MODE`);
    // The walls bind the owner too. Where workers have no right to it yet, nobody has written to it.
    const [worker] = (await runner.query(
      `SELECT has_table_privilege(to_regrole('tranche_worker'), 'payout_intent', 'UPDATE') AS writes`,
    )) as { writes: boolean | null }[];
    if (worker?.writes === true) {
      await runner.query(`SET LOCAL ROLE tranche_worker`);
      await runner.query(PART);
      await runner.query(`RESET ROLE`);
    }
    await runner.query(`
      -- Built by hand where names were shared, it was left as one that keeps nothing apart.
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('payout_intent_payment') AND NOT indisvalid) THEN
          DROP INDEX payout_intent_payment;
        END IF;
      END $$;
      CREATE UNIQUE INDEX IF NOT EXISTS payout_intent_payment ON payout_intent (connector_id, provider_reference)
        WHERE provider_reference IS NOT NULL;
      DROP INDEX payout_intent_provider_reference;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX payout_intent_provider_reference ON payout_intent (connector_id, provider_reference)
        WHERE provider_reference IS NOT NULL;
      DROP INDEX payout_intent_payment;
    `);
  }
}

const PART = `
  WITH named AS (
    SELECT payout_id, connector_id, provider_reference, first_value(payout_id) OVER (
      PARTITION BY connector_id, provider_reference ORDER BY created_at, payout_id) AS holder
    FROM payout_intent WHERE provider_reference IS NOT NULL),
  parted AS (
    UPDATE payout_intent i SET provider_reference = NULL FROM named n
    WHERE i.payout_id = n.payout_id AND n.payout_id <> n.holder
    RETURNING n.payout_id, n.connector_id, n.provider_reference, n.holder)
  INSERT INTO stray_payment (connector_id, provider_reference, kind, payout_id, detail)
  SELECT connector_id, provider_reference, 'contradiction', holder,
    'told as the payment of ' || count(*) + 1 || ' payouts: ' || holder || ', ' || string_agg(payout_id::text, ', ')
  FROM parted GROUP BY connector_id, provider_reference, holder
  ON CONFLICT (connector_id, provider_reference, kind) DO NOTHING`;
