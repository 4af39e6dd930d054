import { Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Sealer } from '../platform/crypto/index.js';
import { Transactions } from '../platform/database/index.js';
import { ConnectorTrafficRepository } from './connector-traffic.repository.js';
import { callLimitsOf, type ConnectorType } from './connector.js';
import { ConnectorRepository } from './connector.repository.js';
import { dotsConnectorType } from './dots/dots.connector.js';
import { httpConnectorType } from './http/http.connector.js';
import { paypalConnectorType } from './paypal/paypal.connector.js';
import { RaiseStrayPayments } from './raise-stray-payments.js';
import { CONNECTOR_TYPES, ConnectorRegistry, SANDBOX_MODE } from './registry.js';
import { SandboxLedgerQueries } from './sandbox/sandbox-ledger.queries.js';
import { sandboxConnectorType } from './sandbox/sandbox.connector.js';
import { StrayPaymentRepository } from './stray-payment.repository.js';

/** The provider door. Needs `CONFIGURATION`, `Metrics`, `Sealer` and `Transactions` from global modules. */
@Module({
  providers: [
    ConnectorRepository,
    ConnectorTrafficRepository,
    ConnectorRegistry,
    RaiseStrayPayments,
    SandboxLedgerQueries,
    StrayPaymentRepository,
    { provide: SANDBOX_MODE, inject: [CONFIGURATION], useFactory: (configuration: Configuration) => configuration.sandbox },
    {
      provide: CONNECTOR_TYPES,
      inject: [CONFIGURATION, Transactions, Sealer],
      useFactory: (configuration: Configuration, transactions: Transactions, sealer: Sealer): readonly ConnectorType[] => {
        const limits = callLimitsOf(configuration.lease_s);
        const wire = { sandboxMode: configuration.sandbox, ...limits };
        const ofProviders = [httpConnectorType(wire), paypalConnectorType(wire), dotsConnectorType(wire)];
        return [sandboxConnectorType({ transactions, sealer, ...limits }), ...ofProviders];
      },
    },
  ],
  exports: [
    ConnectorRepository,
    ConnectorTrafficRepository,
    ConnectorRegistry,
    RaiseStrayPayments,
    SandboxLedgerQueries,
    StrayPaymentRepository,
  ],
})
export class ConnectorsModule implements OnApplicationBootstrap {
  constructor(
    @Inject(ConnectorRegistry) private readonly registry: ConnectorRegistry,
    @Inject(Transactions) private readonly transactions: Transactions,
    @Inject(SANDBOX_MODE) private readonly sandboxMode: boolean,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.sandboxMode) await this.transactions.asEngine((tx) => this.registry.ensureSandbox(tx));
  }
}
