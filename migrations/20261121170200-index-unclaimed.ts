import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For ProviderBooksRepository.unclaimedFor: the few intents whose money waits, in the order in which they are walked. */
export class IndexUnclaimed20261121170200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX payout_intent_unclaimed ON payout_intent (payout_id, updated_at) WHERE status = 'unclaimed'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX payout_intent_unclaimed`);
  }
}
