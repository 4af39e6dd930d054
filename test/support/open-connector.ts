import type { Connector, ConnectorType } from '../../src/connectors/connector.js';
import type { WireOptions } from '../../src/connectors/wire/config-reader.js';

/** For what ends at its deadline: long enough for the calls that precede the silent one, on a machine that has much else to do. */
export const IMPATIENT = { timeout_ms: 3_000 };

/** A connector to a server on loopback. Unless told otherwise it waits so long that an answer never comes too late. */
export function openConnector<Config>(
  typeOf: (options: WireOptions) => ConnectorType<Config>,
  config: Readonly<Record<string, unknown>>,
  maxConcurrency = 32,
): Connector {
  const type = typeOf({ sandboxMode: false, timeoutMax_ms: 30_000 });
  const parsed = type.parseConfig({ timeout_ms: 30_000, ...config });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return type.open({ connectorId: 'connector', config: parsed.config, maxConcurrency });
}
