import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CreateBulkDto, toCreateCommand } from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import {
  LargeBody,
  Merchant,
  type MerchantPrincipal,
  Operation,
  Prepared,
  PreparedBy,
  RequestTx,
  Scopes,
} from '../platform/http/index.js';
import { type UrlRefusal, VetWebhookUrl } from '../webhooks/index.js';
import { DryRunBulk } from './dry-run-bulk.js';
import { DryRunDto } from './dto/dry-run.dto.js';

@ApiTags('Bulks')
@Controller('v1/bulks')
export class DryRunController {
  constructor(private readonly dryRun: DryRunBulk) {}

  /** Validates a whole bulk, by the rules of the real validation, without storing anything. */
  @Operation('validateBulk', {
    changes: false,
    refuses: [
      'too_few_items',
      'too_many_items',
      'invalid_reference',
      'repeated_reference',
      'control_totals_mismatch',
      'bulk_reference_taken',
    ],
  })
  @Post('validate')
  @HttpCode(200)
  @Scopes('bulks:read')
  @LargeBody()
  @PreparedBy(VetWebhookUrl)
  validate(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Body() body: CreateBulkDto,
    @Prepared() refusal: UrlRefusal | null,
  ): Promise<DryRunDto> {
    return this.dryRun.execute(tx, toCreateCommand(merchant.id, body, refusal));
  }
}
