import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events may be removed when they are old: how far, per merchant. And lists by what is rare find it without reading what is not. */
export class BoundEvents20261121160000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The last event in the order of the feed that was removed of a merchant: who stands before it has missed something.
      CREATE TABLE event_horizon (
        merchant_id uuid PRIMARY KEY REFERENCES merchant (id),
        feed bigint NOT NULL,
        place bigint NOT NULL,
        occurred_at timestamptz NOT NULL            -- of the youngest that was removed: an older id may have been one of them
      );

      -- GET /v1/events?type=payout.intent_failed: what few payouts go through. The six types that nearly every payout has are found
      -- by event_feed within a page or two, and writing them pays for no entry here.
      CREATE INDEX event_of_rare_type ON event (merchant_id, type, feed, place) WHERE type NOT IN ('payout.created',
        'payout.validation_in_progress', 'payout.scheduled', 'payout.processing_in_progress', 'payout.processed', 'payout.intent_succeeded');
      -- GET /v1/webhook-deliveries?status=exhausted: where a delivery ends that did not arrive, or is kept.
      CREATE INDEX webhook_delivery_undelivered ON webhook_delivery (merchant_id, state, id DESC)
        WHERE state IN ('exhausted', 'held', 'skipped', 'expired');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX webhook_delivery_undelivered;
      DROP INDEX event_of_rare_type;
      DROP TABLE event_horizon;
    `);
  }
}
