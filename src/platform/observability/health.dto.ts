import { ApiProperty } from '@nestjs/swagger';

export class HealthDto {
  @ApiProperty({ enum: ['up'] })
  status: 'up';
}

export class ReadinessCheckDto {
  /** @example database */
  name: string;

  /** @example true */
  ok: boolean;

  /**
   * What is missing, or worth knowing; null where nothing is.
   * @example null
   */
  detail: string | null;
}

export class ReadinessDto {
  @ApiProperty({ enum: ['ready', 'not_ready'] })
  status: 'ready' | 'not_ready';

  /** What this process needs to work. */
  @ApiProperty({ type: [ReadinessCheckDto] })
  checks: readonly ReadinessCheckDto[];
}
