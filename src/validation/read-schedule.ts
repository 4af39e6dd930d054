import type { Issue, PayoutContent } from '../bulks/index.js';
import { formatInstant, isTimeZone, localDateAt, toInstant } from '../platform/time/index.js';
import { type JudgementContext, quote, type Schedule } from './rule.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** The contract's grace: clocks differ, and a bulk that says "now" takes a moment to arrive. */
const PAST_GRACE_MS = 5 * MINUTE_MS;
/** The contract's horizon: a year, and the leap day. */
const HORIZON_MS = 366 * DAY_MS;

const FORMS = 'write 2026-12-01T09:00:00+01:00, or 2026-12-01T09:00 or 2026-12-01 to be read in the timezone';

/**
 * Reads the date of a payout: each of date and zone is the item's, else the bulk's, else (zone) the merchant's, else UTC. A
 * value that was sent and could not be kept inherits nothing: its sender meant something else.
 */
export function readSchedule(content: PayoutContent, unkept: ReadonlySet<string>, context: JudgementContext): Schedule {
  const issues: Issue[] = [];
  const ownZone = content.timezone;
  if (ownZone !== null && !isTimeZone(ownZone)) {
    issues.push({
      code: 'unknown_timezone',
      pointer: '/timezone',
      detail: `${quote(ownZone)} is no IANA time zone; write one such as Europe/Berlin.`,
    });
  }
  const text = unkept.has('/scheduled_date') ? undefined : (content.scheduled_date ?? context.bulk.scheduled_date);
  if (text === undefined) return { at: null, issues };
  if (text === null) return { at: 'once_validated', issues };
  const inheritedZone = context.bulk.timezone ?? context.merchantTimezone ?? 'UTC';
  const zone = unkept.has('/timezone') ? null : (ownZone ?? inheritedZone);

  const read = toInstant(text, zone ?? '');
  if ('instant' in read) {
    // A bare date means 09:00; where that is over, and it was sent on that very day, it means as soon as possible.
    if (read.form === 'date' && read.instant <= context.judgedAt && localDateAt(context.acceptedAt, zone ?? '') === text)
      return { at: 'once_validated', issues };
    const fault = outOfRange(read.instant, context.acceptedAt);
    return fault === null ? { at: read.instant, issues } : { at: null, issues: [...issues, fault] };
  }
  const whose = content.scheduled_date === null ? 'The scheduled_date of the bulk' : 'The scheduled_date';
  if (read.fault === 'invalid_date') {
    issues.push({
      code: 'invalid_date',
      pointer: '/scheduled_date',
      detail: `${whose}, ${quote(text)}, is no date that exists; ${FORMS}.`,
    });
  } else if (ownZone === null && zone !== null) {
    const detail = `${quote(zone)}, inherited from the bulk or the merchant, is no IANA time zone; give the payout or the bulk one such as Europe/Berlin.`;
    issues.push({ code: 'unknown_timezone', pointer: '/timezone', detail });
  }
  return { at: null, issues };
}

function outOfRange(instant: Date, acceptedAt: Date): Issue | null {
  const ahead_ms = instant.getTime() - acceptedAt.getTime();
  if (ahead_ms < -PAST_GRACE_MS) {
    const detail = `The date means ${formatInstant(instant)}, which was over when the payout was accepted; send a later one, or null to pay at once.`;
    return { code: 'scheduled_date_in_past', pointer: '/scheduled_date', detail };
  }
  if (ahead_ms > HORIZON_MS) {
    return {
      code: 'scheduled_date_too_far',
      pointer: '/scheduled_date',
      detail: `The date means ${formatInstant(instant)}; send one at most 366 days ahead.`,
    };
  }
  return null;
}
