import { randomBytes } from 'node:crypto';
import { Sealer } from '../../src/platform/crypto/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import type { TestDatabase } from './test-database.js';

export const testEncryptionKey = { id: 'test', bytes: Buffer.alloc(32, 7) };
/** What the keyed hashes of tests are made with. */
export const testFingerprintKey = Buffer.alloc(32, 5);
/** Seals under one fixed key, the same in every test. */
export const testSealer = new Sealer([testEncryptionKey], testFingerprintKey);

export interface TestMerchant {
  readonly id: string;
  readonly name: string;
  readonly timezone: string | null;
  readonly connectorId: string | null;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly webhookSecret: string;
}

/** A merchant of its own for one test, so that tests share a database without seeing each other. */
export async function testMerchant(
  db: Pick<TestDatabase, 'transactions'>,
  overrides: Partial<TestMerchant> = {},
): Promise<TestMerchant> {
  const merchant: TestMerchant = {
    id: newUuid(),
    name: 'Test merchant',
    timezone: null,
    connectorId: null,
    limits: {},
    webhookSecret: `whsec_${randomBytes(32).toString('base64')}`,
    ...overrides,
  };
  const secrets = JSON.stringify([{ secret: merchant.webhookSecret, expires_at: null }]);
  await db.transactions.asEngine((tx) =>
    tx.query(`INSERT INTO merchant (id, name, timezone, connector_id, limits, webhook_secrets) VALUES ($1, $2, $3, $4, $5, $6)`, [
      merchant.id,
      merchant.name,
      merchant.timezone,
      merchant.connectorId,
      JSON.stringify(merchant.limits),
      testSealer.seal(secrets, `merchant:${merchant.id}:webhook_secrets`),
    ]),
  );
  return merchant;
}
