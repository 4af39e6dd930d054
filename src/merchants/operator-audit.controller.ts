import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { VerifyAudit } from '../platform/audit/index.js';
import { Transactions } from '../platform/database/index.js';
import { idOf, notFound, Operation, OperatorRoute, PageQuery, Scopes, toList } from '../platform/http/index.js';
import { AuditQueries } from './audit.queries.js';
import { AuditListDto, AuditVerificationDto, toAuditEntryResponse, toAuditVerificationResponse } from './dto/audit.dto.js';
import { MerchantQueries } from './merchant.queries.js';

@ApiTags('Operator: audit')
@OperatorRoute()
@Controller('v1/operator')
export class OperatorAuditController {
  constructor(
    private readonly transactions: Transactions,
    private readonly merchants: MerchantQueries,
    private readonly queries: AuditQueries,
    private readonly verifyAudit: VerifyAudit,
  ) {}

  /** What operators and the engine changed that concerns no single merchant: connectors, brakes, keys; newest first. */
  @Operation('listEngineAudit')
  @Scopes('read')
  @Get('audit')
  async list(@Query() page: PageQuery): Promise<AuditListDto> {
    return toList(await this.transactions.asEngine((tx) => this.queries.list(tx, null, page)), toAuditEntryResponse);
  }

  /** Walks that chain from its first entry to its end. */
  @Operation('verifyEngineAudit')
  @Scopes('read')
  @Get('audit/verification')
  async verify(): Promise<AuditVerificationDto> {
    return toAuditVerificationResponse(await this.verifyAudit.execute(null));
  }

  /** What was changed by a merchant's keys, or of the merchant by an operator; newest first. */
  @Operation('listMerchantAudit')
  @Scopes('read')
  @Get('merchants/:id/audit')
  async listOf(@Param('id', idOf('merchant')) id: string, @Query() page: PageQuery): Promise<AuditListDto> {
    await this.refuseUnknown(id);
    return toList(await this.transactions.asEngine((tx) => this.queries.list(tx, id, page)), toAuditEntryResponse);
  }

  /** Walks the merchant's chain from its first entry to its end. */
  @Operation('verifyMerchantAudit')
  @Scopes('read')
  @Get('merchants/:id/audit/verification')
  async verifyOf(@Param('id', idOf('merchant')) id: string): Promise<AuditVerificationDto> {
    await this.refuseUnknown(id);
    return toAuditVerificationResponse(await this.verifyAudit.execute(id));
  }

  private async refuseUnknown(merchantId: string): Promise<void> {
    if ((await this.transactions.asEngine((tx) => this.merchants.find(tx, merchantId))) === null) throw notFound();
  }
}
