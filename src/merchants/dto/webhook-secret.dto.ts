import { IsInt, IsOptional, Max, Min } from 'class-validator';

export class RotateWebhookSecretDto {
  /**
   * For how many seconds the replaced secret signs beside the new one; 0: it ends at once. Default: a day.
   * @example 86400
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(604_800)
  grace_s?: number | null;
}

/** The answer to a rotation. */
export class RotatedWebhookSecretDto {
  /**
   * Signs from now on what is sent to a bulk's `webhook_url`. Shown here only.
   * @example whsec_EXAMPLE
   */
  webhook_signing_secret: string;
}
