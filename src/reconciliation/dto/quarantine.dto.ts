import { ApiProperty } from '@nestjs/swagger';
import { IsText } from '../../platform/text/index.js';

export class LiftQuarantineDto {
  /**
   * Who compared the books, and how; it goes to the log. 1 to 500 characters.
   * @example "Compared by hand with the provider's statement of 21 November."
   */
  @IsText({ min: 1, max: 500, plain: true })
  reason: string;
}

/** Whether sending is off because the database may have lost commits. */
export class QuarantineDto {
  @ApiProperty({ enum: ['quarantine'] })
  object: 'quarantine';
  /**
   * While true, nothing is claimed and nothing is sent, by any process.
   * @example false
   */
  active: boolean;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  since: string | null;
  /** What its end waits for; null where that is not known yet, or it is not on. */
  @ApiProperty({ type: String, nullable: true })
  detail: string | null;
}
