import type { Connector, ConnectorType } from '../../src/connectors/connector.js';
import type { WireOptions } from '../../src/connectors/wire/config-reader.js';

/** A connector to a server on loopback, with a deadline that a test can wait for. */
export function openConnector<Config>(
  typeOf: (options: WireOptions) => ConnectorType<Config>,
  config: Readonly<Record<string, unknown>>,
): Connector {
  const type = typeOf({ sandboxMode: false, timeoutMax_ms: 30_000 });
  const parsed = type.parseConfig({ timeout_ms: 500, ...config });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return type.open({ connectorId: 'connector', config: parsed.config, maxConcurrency: 32 });
}
