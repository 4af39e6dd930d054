import type { MigrationInterface, QueryRunner } from 'typeorm';

/** In whose words an endpoint is told, and what those words need beside the event. */
export class AddWebhookFormats20261121221000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_endpoint
        ADD COLUMN format text NOT NULL DEFAULT 'native';   -- never changed: a delivery has equal bytes on every attempt
      ALTER TABLE payout_origin
        ADD COLUMN item_key text;                           -- the sender's own; in clear, as a reference is
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE payout_origin DROP COLUMN item_key;
      ALTER TABLE webhook_endpoint DROP COLUMN format;
    `);
  }
}
