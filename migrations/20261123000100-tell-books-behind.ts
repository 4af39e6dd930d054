import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For the alarm of books that are behind, and for the doctor, who stands on no module of the engine. */
export class TellBooksBehind20261123000100 implements MigrationInterface {
  /**
   * Null where books need not be compared: the connector is paused, or its provider has never given a list. A list that is not
   * given any more falls behind, and so does one that has never answered.
   */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION books_compared_until(connector) RETURNS timestamptz LANGUAGE sql STABLE AS $$
        SELECT CASE WHEN $1.paused_at IS NULL AND ($1.lists_payments IS NOT FALSE OR $1.reconciled_until IS NOT NULL)
          THEN coalesce($1.reconciled_until, $1.created_at) END
      $$
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION books_compared_until(connector)`);
  }
}
