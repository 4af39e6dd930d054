import { cutToStorable } from '../account-data.js';
import type { Failure, ProviderStatus } from '../connector.js';
import { isPlainText } from './provider-json.js';

const CODE_LENGTH_MAX = 100;

/** How a payment ended, in the provider's words. */
export interface Ending {
  readonly status: ProviderStatus;
  /** The provider's word for it. */
  readonly word: string;
  /** Its reason, where it gives one. */
  readonly code: unknown;
  readonly message: unknown;
}

/** How one provider's reasons are read. */
export interface Reasons {
  readonly provider: string;
  readonly isRetryable: (code: string) => boolean;
  /** Takes account data out of a text. */
  readonly clear: (text: string) => string;
}

/** Why a payment ended without being paid; where the provider gives no reason, by its word for how it ended. Null where it did not. */
export function failureOf({ status, word, code, message }: Ending, { provider, isRetryable, clear }: Reasons): Failure | null {
  const hasReason = isPlainText(code);
  if (status !== 'failed' && !(status === 'returned' && hasReason)) return null;
  if (!hasReason) return { code: word, message: `${provider} gave no reason.`, retryable: false };
  return toFailure({ code, message }, { isRetryable, clear });
}

export const toFailure = (
  { code, message }: { readonly code: string; readonly message: unknown },
  { isRetryable, clear }: Omit<Reasons, 'provider'>,
): Failure => ({
  code: cutToStorable(clear(code), CODE_LENGTH_MAX),
  message: typeof message === 'string' ? clear(message) : '',
  retryable: isRetryable(code),
});

/** The provider's code behind a sentence of ours; nothing where there is none. */
export const wordOf = (code: unknown): string => (isPlainText(code) ? ` (${cutToStorable(code, CODE_LENGTH_MAX)})` : '');
