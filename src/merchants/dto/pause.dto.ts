import { IsText } from '../../platform/text/index.js';

export class PauseDto {
  /**
   * Why nothing is to be claimed; kept, and shown to whoever asks. 1 to 500 characters.
   * @example "Provider reports duplicate credits; wait for their answer."
   */
  @IsText({ min: 1, max: 500, plain: true })
  reason: string;
}
