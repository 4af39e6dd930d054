import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions } from '../database/index.js';
import { Operation, OperatorRoute, Scopes } from '../http/index.js';
import { EncryptionKeyQueries } from './encryption-key.queries.js';
import { EncryptionStatusDto, toEncryptionStatusResponse } from './encryption-keys.dto.js';

@ApiTags('Operator: engine')
@OperatorRoute()
@Controller('v1/operator/encryption')
export class EncryptionKeysController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: EncryptionKeyQueries,
  ) {}

  /** Which encryption keys are needed, and how far the rotation to the current one has come. */
  @Operation('getEncryptionStatus')
  @Scopes('read')
  @Get()
  async status(): Promise<EncryptionStatusDto> {
    return toEncryptionStatusResponse(await this.transactions.asEngine((tx) => this.queries.status(tx)));
  }
}
