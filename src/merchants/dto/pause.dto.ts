import { IsOptional } from 'class-validator';
import { IsText } from '../../platform/text/index.js';

export class PauseDto {
  /**
   * Why nothing is to be claimed; kept, and shown. Of the engine's and a merchant's brake to the merchants too; of a connector's only
   * to operators. 1 to 500 characters.
   * @example "Provider reports duplicate credits; wait for their answer."
   */
  @IsText({ min: 1, max: 500, plain: true })
  reason: string;
}

export class ResumeDto {
  /**
   * Why it may go on; kept, and shown to operators. 1 to 500 characters.
   * @example "The provider has answered: nothing was paid twice."
   */
  @IsOptional()
  @IsText({ min: 1, max: 500, plain: true })
  reason?: string | null;
}
