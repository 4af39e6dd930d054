import { Temporal } from 'temporal-polyfill';
import { memoize } from '../memory/index.js';
import { isTimeZone } from './time-zone.js';

/** A date as it was read: the instant, and which of the accepted forms it had. */
export interface ReadInstant {
  readonly instant: Date;
  /** `instant`: with an offset; `date_time`: local; `date`: bare, which means 09:00 local. */
  readonly form: 'instant' | 'date_time' | 'date';
}

export interface InstantFault {
  readonly fault: 'invalid_date' | 'unknown_timezone';
}

/** What a bare date means, in local time: the start of a bank's day nearly everywhere. */
const HOUR_OF_BARE_DATE = '09:00:00';

/** Years have four digits, seconds are optional in local times only (RFC 3339 wants them), a fraction has 1 to 9 digits. */
const FORM = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:\d\d)?)?$/;

const MINUTE_MS = 60_000;
/** The days of one year in every zone would not fill it; an entry is about 150 bytes. */
const LOCAL_TIMES_MAX = 20_000;

/** Zone and local time, separated by a space, which neither has. NaN: outside of what has four-digit years. */
const localTimes = memoize(LOCAL_TIMES_MAX, (key) => {
  const [zone = '', local = ''] = key.split(' ');
  // 'compatible' is RFC 5545: in a gap the offset before the gap counts, in an overlap the first instant.
  return Temporal.PlainDateTime.from(local).toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
});

/**
 * Reads an RFC 3339 instant with offset, or a local date or date-time in an IANA zone. Where the text has an offset the
 * zone is not looked at. A fraction is cut to milliseconds. A leap second is no instant on our clocks and is refused.
 */
export function toInstant(text: string, zone: string): ReadInstant | InstantFault {
  const match = FORM.exec(text);
  if (match === null) return { fault: 'invalid_date' };
  const [, year = '', month = '', day = '', hour, minute = '', second, fraction = '', offset] = match;
  if (!isDate(Number(year), Number(month), Number(day)) || !isTimeOfDay(hour, minute, second)) return { fault: 'invalid_date' };
  if (offset !== undefined && second === undefined) return { fault: 'invalid_date' };

  const date = `${year}-${month}-${day}`;
  const time = hour === undefined ? HOUR_OF_BARE_DATE : `${hour}:${minute}:${second ?? '00'}`;
  if (offset !== undefined) return read(atOffset(`${date}T${time}`, offset), fraction, 'instant');
  if (!isTimeZone(zone)) return { fault: 'unknown_timezone' };
  return read(localTimes(`${zone} ${date}T${time}`), fraction, hour === undefined ? 'date' : 'date_time');
}

function read(wholeSecond_ms: number, fraction: string, form: ReadInstant['form']): ReadInstant | InstantFault {
  const instant = new Date(wholeSecond_ms + Number(fraction.slice(0, 3).padEnd(3, '0')));
  const year = instant.getUTCFullYear();
  // An offset can push the first and the last day out of the years that RFC 3339 can write.
  return year >= 0 && year <= 9999 ? { instant, form } : { fault: 'invalid_date' };
}

function atOffset(local: string, offset: string): number {
  const atUtc = Date.parse(`${local}Z`);
  if (offset === 'Z' || offset === 'z') return atUtc;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(4, 6));
  if (hours > 23 || minutes > 59) return Number.NaN;
  const ahead_ms = (hours * 60 + minutes) * MINUTE_MS;
  return offset.startsWith('-') ? atUtc + ahead_ms : atUtc - ahead_ms;
}

function isDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const isTimeOfDay = (hour: string | undefined, minute: string, second: string | undefined): boolean =>
  hour === undefined || (Number(hour) <= 23 && Number(minute) <= 59 && Number(second ?? 0) <= 59);
