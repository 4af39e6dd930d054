import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConnectorsModule } from '../connectors/index.js';
import { VerifyAudit } from '../platform/audit/index.js';
import { CREDENTIALS } from '../platform/http/index.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { AuditController } from './audit.controller.js';
import { AuditQueries } from './audit.queries.js';
import { BrakeConnector } from './brake-connector.js';
import { BrakeEngine } from './brake-engine.js';
import { BrakeMerchant } from './brake-merchant.js';
import { ConnectorRules } from './connector-rules.js';
import { ConnectorQueries } from './connector.queries.js';
import { CreateApiKey } from './create-api-key.js';
import { CreateConnector } from './create-connector.js';
import { CreateMerchant } from './create-merchant.js';
import { CreateOperatorKey } from './create-operator-key.js';
import { KeyCredentials } from './credentials.js';
import { EngineQueries } from './engine.queries.js';
import { EngineRepository } from './engine.repository.js';
import { KeyUsage } from './key-usage.js';
import { MerchantRules } from './merchant-rules.js';
import { Merchant } from './merchant.entity.js';
import { MerchantQueries } from './merchant.queries.js';
import { MerchantRepository } from './merchant.repository.js';
import { OperatorAuditController } from './operator-audit.controller.js';
import { OperatorConnectorsController } from './operator-connectors.controller.js';
import { OperatorEngineController } from './operator-engine.controller.js';
import { OperatorKeysController } from './operator-keys.controller.js';
import { OperatorMerchantsController } from './operator-merchants.controller.js';
import { RevokeApiKey } from './revoke-api-key.js';
import { RotateWebhookSecret } from './rotate-webhook-secret.js';
import { SandboxBootstrap } from './sandbox-bootstrap.js';
import { UpdateConnector } from './update-connector.js';
import { UpdateMerchant } from './update-merchant.js';

/**
 * Merchants, their keys, and everything that an operator sets or stops. Global, because the kernel, which knows no module of
 * ours, asks for `CREDENTIALS`.
 */
@Global()
@Module({
  imports: [ConnectorsModule, TypeOrmModule.forFeature([Merchant, ApiKey])],
  controllers: [
    OperatorMerchantsController,
    OperatorConnectorsController,
    OperatorEngineController,
    OperatorKeysController,
    OperatorAuditController,
    AuditController,
  ],
  providers: [
    MerchantRepository,
    ApiKeyRepository,
    EngineRepository,
    MerchantQueries,
    ConnectorQueries,
    EngineQueries,
    AuditQueries,
    VerifyAudit,
    MerchantRules,
    ConnectorRules,
    CreateMerchant,
    UpdateMerchant,
    CreateApiKey,
    CreateOperatorKey,
    RevokeApiKey,
    RotateWebhookSecret,
    CreateConnector,
    UpdateConnector,
    BrakeEngine,
    BrakeMerchant,
    BrakeConnector,
    KeyUsage,
    KeyCredentials,
    SandboxBootstrap,
    { provide: CREDENTIALS, useExisting: KeyCredentials },
  ],
  exports: [CREDENTIALS],
})
export class MerchantsModule {}
