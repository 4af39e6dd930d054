import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the foreign keys said, as child, column, parent: `down` says it again. */
const FOREIGN_KEYS = [
  ['payout', 'bulk_id', 'bulk'],
  ['payout', 'connector_id', 'connector'],
  ['payout_revision', 'payout_id', 'payout'],
  ['payout_intent', 'payout_id', 'payout'],
  ['payout_intent', 'connector_id', 'connector'],
  ['attempt', 'payout_id', 'payout'],
  ['attempt', 'connector_id', 'connector'],
  ['webhook_delivery', 'endpoint_id', 'webhook_endpoint'],
  ['webhook_attempt', 'delivery_id', 'webhook_delivery'],
] as const;

/**
 * Rows that come by the thousand without foreign keys (docs/adr/0018): each check is a query for one row, and takes a lock that
 * is written into the row of a connector or an endpoint which every worker updates. Whoever writes these rows has written, locked
 * or read the other one in the same transaction, and nothing ever deletes those; test/support/orphans.ts looks after them.
 */
export class ReleaseHotRows20261121120000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [child, column] of FOREIGN_KEYS)
      await runner.query(`ALTER TABLE ${child} DROP CONSTRAINT ${child}_${column}_fkey`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [child, column, parent] of FOREIGN_KEYS)
      await runner.query(
        `ALTER TABLE ${child} ADD CONSTRAINT ${child}_${column}_fkey FOREIGN KEY (${column}) REFERENCES ${parent} (id)`,
      );
  }
}
