import { ApiProperty } from '@nestjs/swagger';
import { ISSUE_CODES } from '../payout-content.js';

/** One finding of validation about one payout. */
export class IssueDto {
  @ApiProperty({ enum: ISSUE_CODES, example: 'invalid_iban' })
  code: string;

  /**
   * JSON Pointer inside the item.
   * @example /payout_method/iban
   */
  pointer: string;

  /**
   * How to mend it.
   * @example "The check digits do not fit; check for a typing error."
   */
  detail: string;

  /** With `duplicate_reference`: the payout that holds the reference. */
  existing_id?: string;
}
