import type { Issue, PayoutContent } from '../bulks/index.js';
import type { Amount, AmountFault } from '../platform/money/index.js';
import type { AmountLimits } from './payout-limits.js';

/** What a payout is judged by, besides what its merchant wrote about it. */
export interface JudgementContext {
  /** When the create or the edit was accepted: a date is past or far as seen from here, however late the judge comes. */
  readonly acceptedAt: Date;
  readonly judgedAt: Date;
  /** What the payout inherits where it has none of its own. */
  readonly bulk: { readonly scheduled_date: string | null; readonly timezone: string | null };
  readonly merchantTimezone: string | null;
  readonly limits: AmountLimits;
  /** Whether the merchant's connector pays by this type of method in this currency. */
  readonly routes: (methodType: string, currency: string) => boolean;
}

/** When a payout runs: an instant, as soon as it is found valid, or (null) nobody can tell; and what is wrong about it. */
export interface Schedule {
  readonly at: Date | 'once_validated' | null;
  readonly issues: readonly Issue[];
}

/** What a merchant wrote about one payout, with what several rules read of it. */
export interface JudgedPayout {
  readonly content: PayoutContent;
  /** Pointers to values that were sent and could not be kept: an issue says so already, and nothing is missing there. */
  readonly unkept: ReadonlySet<string>;
  /** Null where no amount was kept; without a currency its form is all that is read of it. */
  readonly amount: Amount | { readonly fault: AmountFault } | null;
  readonly schedule: Schedule;
}

/** One thing that has to be true of a payout; every violation is an issue that says how to mend it. */
export type Rule = (payout: JudgedPayout, context: JudgementContext) => Issue[];

const QUOTED_LENGTH_MAX = 60;

/** A value inside a `detail`. For amounts, currencies, dates and zones only: no personal or account value is repeated. */
export function quote(value: string): string {
  const characters = Array.from(value.slice(0, QUOTED_LENGTH_MAX * 2));
  return characters.length <= QUOTED_LENGTH_MAX ? `"${value}"` : `"${characters.slice(0, QUOTED_LENGTH_MAX).join('')}…"`;
}
