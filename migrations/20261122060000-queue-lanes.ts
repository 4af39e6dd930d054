import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For LaneRepository: lanes that are ready stand in a queue of their merchant, and claims hop from queue to queue. */
export class QueueLanes20261122060000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX webhook_endpoint_queue ON webhook_endpoint (merchant_id, last_claimed_at, id)
       WHERE (ready_at = '-infinity') IS TRUE AND status <> 'disabled' AND deleted_at IS NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX webhook_endpoint_queue`);
  }
}
