import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import { testApp, type TestApp, type TestAppOptions } from './app.js';
import type { MerchantClient } from './merchant-client.js';
import { type Provider, type ProviderOptions, startProvider } from './provider-server.js';

/** One merchant whose payouts go to a real HTTP provider on loopback. */
export interface ProviderWorld {
  readonly app: TestApp;
  readonly provider: Provider;
  readonly merchant: MerchantClient;
  /** `connector_…` */
  readonly connectorId: string;
  readonly connector: () => Promise<ConnectorDto>;
  close(): Promise<void>;
}

export interface ProviderWorldOptions {
  readonly app?: TestAppOptions;
  readonly provider?: ProviderOptions;
  /** Members of the connector beside its config. */
  readonly connector?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Short windows, so that a story that waits for one takes a second. */
const CONFIG = { timeout_ms: 10_000, stale_window_ms: 500, key_retention_hours: 24 };

export async function providerWorld(options: ProviderWorldOptions = {}): Promise<ProviderWorld> {
  const provider = await startProvider(options.provider);
  const app = await testApp(options.app);
  const config = { base_url: provider.url, token: provider.token, ...CONFIG, ...options.config };
  const created = await app.operator.post<ConnectorDto>('/v1/operator/connectors', {
    name: 'Provider',
    type: 'http',
    config,
    ...options.connector,
  });
  if (created.status !== 201) throw new Error(`no connector: ${created.text}`);
  const connectorId = created.body.id;
  return {
    app,
    provider,
    connectorId,
    merchant: await app.merchant({ connector_id: connectorId }),
    connector: async () => (await app.operator.get<ConnectorDto>(`/v1/operator/connectors/${connectorId}`)).body,
    close: async () => {
      await app.close();
      await provider.close();
    },
  };
}
