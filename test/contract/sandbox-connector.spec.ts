import type { Connector } from '../../src/connectors/connector.js';
import { ConnectorRepository } from '../../src/connectors/connector.repository.js';
import { sandboxConnectorType } from '../../src/connectors/sandbox/sandbox.connector.js';
import type { Transactions } from '../../src/platform/database/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { testDatabase, testSealer } from '../support/index.js';
import { IMPATIENT } from '../support/open-connector.js';
import { describeConnector } from './connector-contract.js';

function openSandbox(transactions: Transactions, connectorId: string, timeout_ms = 30_000): Connector {
  const type = sandboxConnectorType({ transactions, sealer: testSealer, timeoutMax_ms: 30_000 });
  const parsed = type.parseConfig({ timeout_ms });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return type.open({ connectorId, config: parsed.config, maxConcurrency: 32 });
}

describeConnector('sandbox', async () => {
  const db = await testDatabase();
  const away = await testDatabase();
  const connectorId = newUuid();
  await db.transactions.asEngine((tx) =>
    new ConnectorRepository(testSealer).insert(tx, {
      id: connectorId,
      name: 'Sandbox',
      type: 'sandbox',
      config: {},
      currencies: null,
      method_types: null,
      max_concurrency: 32,
      rate_per_second: null,
      limits: {},
    }),
  );
  const connector = openSandbox(db.transactions, connectorId);
  const impatient = openSandbox(db.transactions, connectorId, IMPATIENT.timeout_ms);
  const cutOff = openSandbox(away.transactions, connectorId);
  await away.close();
  return {
    connector,
    impatient,
    cutOff,
    booked: (key) =>
      db.transactions.asEngine((tx) =>
        tx.query<{ idempotencyKey: string; amount: string; currency: string }>(
          `SELECT idempotency_key AS "idempotencyKey", amount, currency FROM sandbox_payment WHERE connector_id = $1 AND idempotency_key = $2`,
          [connectorId, key],
        ),
      ),
    close: async () => {
      await Promise.all([connector.close(), impatient.close(), cutOff.close()]);
      await db.close();
    },
  };
});
