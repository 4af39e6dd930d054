import { createDecipheriv } from 'node:crypto';
import { Transactions } from '../../src/platform/database/index.js';
import type { TestApp } from '../support/app.js';
import { CONFIGURATION_OF_TESTS } from '../support/test-configuration.js';

/**
 * All that anybody could read who has this merchant's rows of the database and every key: each value of bytes opened under each
 * key that there is, whatever place it was bound to.
 */
export async function readable(app: TestApp): Promise<string> {
  const query = <Row extends Record<string, unknown>>(text: string): Promise<Row[]> =>
    app.part(Transactions).asEngine((tx) => tx.query<Row>(text));
  const ring = CONFIGURATION_OF_TESTS.encryptionKeys.map(({ bytes }) => bytes);
  const underRing = (value: Buffer): string[] => ring.map((key) => plain(key, value.subarray(2 + value[1]!)));
  const keys = (await query<{ sealed: Buffer }>(`SELECT sealed FROM receiver_key`)).flatMap(({ sealed }) =>
    underRing(sealed).map((text) => Buffer.from(text, 'base64')),
  );
  const columns = await query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'`,
  );
  const texts = [await app.stored()];
  for (const { table, column } of columns) {
    const rows = await query<{ value: Buffer }>(`SELECT ${column} AS value FROM ${table} WHERE length(${column}) > 29`);
    for (const { value } of rows)
      texts.push(...(value[0] === 2 ? keys.map((key) => plain(key, value.subarray(1))) : underRing(value)));
  }
  return texts.join('\n');
}

/** Without asking whether it is true: nonce, tag, ciphertext. */
const plain = (key: Buffer, sealed: Buffer): string =>
  key.length === 32 && sealed.length > 28
    ? createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).update(sealed.subarray(28)).toString('utf8')
    : '';
