import type { Issue, PayoutContent } from '../bulks/index.js';
import { parseAmount } from '../platform/money/index.js';
import { readSchedule } from './read-schedule.js';
import type { JudgedPayout, JudgementContext, Rule } from './rule.js';
import { amountRule } from './rules/amount.js';
import { billingDataRule } from './rules/billing-data.js';
import { currencyRule } from './rules/currency.js';
import { payoutMethodRule } from './rules/payout-method.js';
import { routeRule } from './rules/route.js';
import { scheduleRule } from './rules/schedule.js';

/** Every rule a payout is held to, in the order of its members. Whether its reference is free only the database can say. */
const RULES: readonly Rule[] = [amountRule, currencyRule, scheduleRule, payoutMethodRule, billingDataRule, routeRule];

export interface Judgement {
  /** All findings at once; none of them: the payout is valid. */
  readonly issues: Issue[];
  /** Null where the date can not be read, or the payout would run as soon as it is valid and is not. */
  readonly scheduledAt: Date | null;
  /** The instant that was asked for, whether or not the payout is valid: null where it is as soon as it is. */
  readonly askedFor: Date | null;
  /** Null where the amount can not be read. */
  readonly amountMinor: bigint | null;
}

/**
 * Judges one payout by itself: what could not be kept of it, and what its content lacks or has wrong.
 * 1000 valid IBAN payouts with billing data take about 9 ms of CPU, 18 ms where each has a phone number never seen before;
 * their intake 3.5 ms (Node 20, 2 shared cores).
 */
export function judgePayout(content: PayoutContent, intakeIssues: readonly Issue[], context: JudgementContext): Judgement {
  const unkept = new Set(intakeIssues.map(({ pointer }) => pointer));
  const payout: JudgedPayout = {
    content,
    unkept,
    amount: content.amount === null ? null : parseAmount(content.amount, content.currency ?? ''),
    schedule: readSchedule(content, unkept, context),
  };
  const found = RULES.flatMap((rule) => rule(payout, context)).filter(({ pointer }) => !unkept.has(pointer));
  const issues = [...intakeIssues, ...found];
  const { at } = payout.schedule;
  const askedFor = at === 'once_validated' ? null : at;
  return {
    issues,
    scheduledAt: at === 'once_validated' && issues.length === 0 ? context.judgedAt : askedFor,
    askedFor,
    amountMinor: payout.amount !== null && 'minor' in payout.amount ? payout.amount.minor : null,
  };
}
