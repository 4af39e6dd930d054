import { ApiProperty } from '@nestjs/swagger';

/** Why the provider did not pay. */
export class NotifiedFailureDto {
  /** @example receiver_blocked */
  code: string;

  /** @example "The receiver can not be paid." */
  message: string;

  /** @example false */
  retryable: boolean;
}

export class NotifiedIntentDto {
  /**
   * The provider's own id of the payment.
   * @example pay_7Q2M
   */
  id: string;

  /**
   * The key under which it was sent.
   * @example 7d1c1a52-e0f1-4b0c-9f0a-4d1e6b2c8f35
   */
  idempotency_key?: string;

  @ApiProperty({ enum: ['pending', 'unclaimed', 'succeeded', 'failed', 'returned'] })
  status: string;

  @ApiProperty({ type: NotifiedFailureDto, required: false })
  failure?: NotifiedFailureDto;
}

/** A later change of what a provider took. Doubled, old, early and unknown ones are harmless. */
export class NotificationDto {
  @ApiProperty({ enum: ['payout_intent.updated'] })
  type: string;

  data: NotifiedIntentDto;
}
