import { ApiProperty } from '@nestjs/swagger';

/** The engine's brake and what stands before it. */
export class EngineStatusDto {
  /** @example engine */
  object: 'engine';

  /**
   * While true, nothing is claimed for anybody.
   * @example false
   */
  paused: boolean;

  /**
   * Since when; null where not paused.
   * @example null
   */
  paused_at: string | null;

  /**
   * Why, in the words of who paused it; null where not paused.
   * @example null
   */
  pause_reason: string | null;

  /**
   * When it was last resumed; null where it never was.
   * @example null
   */
  resumed_at: string | null;

  /**
   * Why it was last resumed, in the words of who did it; null where none were given.
   * @example null
   */
  resume_reason: string | null;

  /** How many there are, and how many of them are paused. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { total: 12, paused: 1 } })
  merchants: { total: number; paused: number };

  /** How many there are, and how many of them are paused. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { total: 2, paused: 0 } })
  connectors: { total: number; paused: number };

  /**
   * How many bulks their merchants have paused.
   * @example 0
   */
  bulks_paused: number;

  /** Payouts by status. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { SCHEDULED: 1000, PROCESSED: 250_000 } })
  payouts: Record<string, number>;

  /** Intents by what became of them. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { succeeded: 249_990, failed: 10, pending: 0, returned: 0 },
  })
  outcome: Record<string, number>;
}

/** The engine's brake alone: the answer to pause and resume. */
export class EngineBrakeDto {
  /** @example engine */
  object: 'engine';

  /** @example true */
  paused: boolean;

  /** @example 2026-11-21T12:00:00.000Z */
  paused_at: string | null;

  /** @example "Provider reports duplicate credits; wait for their answer." */
  pause_reason: string | null;

  /**
   * When it was last resumed; null where it never was.
   * @example null
   */
  resumed_at: string | null;

  /**
   * Why it was last resumed, in the words of who did it; null where none were given.
   * @example null
   */
  resume_reason: string | null;
}
