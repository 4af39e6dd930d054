import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions } from '../platform/database/index.js';
import { Merchant, type MerchantPrincipal, Operation, PageQuery, Scopes, toList } from '../platform/http/index.js';
import { AuditQueries } from './audit.queries.js';
import { AuditListDto, toAuditEntryResponse } from './dto/audit.dto.js';

@ApiTags('Audit')
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: AuditQueries,
  ) {}

  /** Who changed what with the keys of this merchant, and what an operator changed of it; newest first. */
  @Operation('listAudit')
  @Get()
  @Scopes('audit:read')
  async list(@Merchant() { id }: MerchantPrincipal, @Query() page: PageQuery): Promise<AuditListDto> {
    return toList(await this.transactions.asMerchant(id, (tx) => this.queries.list(tx, id, page)), toAuditEntryResponse);
  }
}
