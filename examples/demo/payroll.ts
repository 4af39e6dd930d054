import { readFile } from 'node:fs/promises';
import { Temporal } from 'temporal-polyfill';
import type { Payroll } from './contract.js';

/** Long enough to validate, edit and cancel before the first payout is due; short enough to watch. */
const LEAD_MS = 8_000;

/** The file is the body of a request as any merchant would send it. */
export async function readPayroll(path: string): Promise<Payroll> {
  return JSON.parse(await readFile(path, 'utf8')) as Payroll;
}

/**
 * The only liberty that the demo takes with the file: payday comes in a few seconds. Every date on the day of the bulk's own
 * `scheduled_date` moves by the same time, each in its own form and zone; other dates (one is in 2019, one in February's 30th)
 * stay as they are.
 */
export function movePayday(payroll: Payroll): Payroll {
  const payday = Temporal.Instant.from(payroll.scheduled_date);
  const soon = Temporal.Instant.fromEpochMilliseconds(Math.ceil((Date.now() + LEAD_MS) / 1000) * 1000);
  const shift = payday.until(soon);
  const day = payroll.scheduled_date.slice(0, 'YYYY-MM-DD'.length);
  return {
    ...payroll,
    scheduled_date: soon.toString(),
    items: payroll.items.map((item) =>
      item.scheduled_date?.startsWith(`${day}T`) === true
        ? { ...item, scheduled_date: move(item.scheduled_date, item.timezone ?? 'UTC', shift) }
        : item,
    ),
  };
}

/** An instant keeps its offset, a local time its zone. */
function move(date: string, zone: string, shift: Temporal.Duration): string {
  const offset = /(?:Z|[+-]\d\d:\d\d)$/.exec(date)?.[0];
  if (offset === undefined)
    return Temporal.PlainDateTime.from(date).toZonedDateTime(zone).add(shift).toPlainDateTime().toString();
  const moved = Temporal.Instant.from(date).add(shift);
  return moved.toString(offset === 'Z' ? {} : { timeZone: offset });
}
