import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { JsonObject } from '../bulks/index.js';
import { Tx } from '../platform/database/index.js';
import { idOf, Operation, OperatorRoute, RequestTx, Scopes } from '../platform/http/index.js';
import { ErasedReceiverDto, EraseReceiverDto } from './dto/erase-receiver.dto.js';
import { EraseReceiver } from './erase-receiver.js';

/** What the operator decides about people who were paid. */
@ApiTags('Operator: merchants')
@Controller('v1/operator/merchants')
@OperatorRoute()
export class ReceiversController {
  constructor(private readonly eraseReceiver: EraseReceiver) {}

  /**
   * Erases account and billing data of a receiver of this merchant for good, with what the doors keep of him, and keeps what was
   * paid and when. Refused while a payout of his is not at rest. Repeating is harmless.
   */
  @Operation('eraseReceiver', { refuses: ['receiver_in_use', 'receivers_not_ready'] })
  @Scopes('receivers:erase')
  @Post(':id/erase-receiver')
  @HttpCode(200)
  erase(
    @RequestTx() tx: Tx,
    @Param('id', idOf('merchant')) merchantId: string,
    @Body() body: EraseReceiverDto,
  ): Promise<ErasedReceiverDto> {
    const { payout_method = null, payout_id = null, phone_number = null, dots_id = null, receiver = null } = body;
    return this.eraseReceiver.execute(tx, {
      merchantId,
      by: { payout_method: payout_method as JsonObject | null, payout_id, phone_number, dots_id, receiver },
    });
  }
}
