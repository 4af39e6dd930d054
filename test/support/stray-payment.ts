import { randomUUID } from 'node:crypto';
import { fromTypeId, toTypeId } from '../../src/platform/ids/index.js';
import { asAdmin } from './test-server.js';

/** A payment of nobody's in the books of this connector, as a comparison would have recorded it. @returns `stray_…` */
export async function strayPayment(databaseUrl: string, connectorId: string): Promise<string> {
  let id = '';
  await asAdmin(databaseUrl, async (admin) => {
    const { rows } = await admin.query<{ id: string }>(
      `INSERT INTO stray_payment (connector_id, provider_reference, kind, detail) VALUES ($1, $2, 'unknown', 'of nobody') RETURNING id`,
      [fromTypeId('connector', connectorId), randomUUID()],
    );
    id = toTypeId('stray', rows[0]!.id);
  });
  return id;
}
