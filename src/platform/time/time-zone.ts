import { Temporal } from 'temporal-polyfill';
import { memoize } from '../memory/index.js';

/** IANA names have at most 32 characters today (America/Argentina/ComodRivadavia); longer text is not worth a look-up. */
const NAME_LENGTH_MAX = 64;
/** A name begins with a letter: `+01:00` is an offset, which does not know of summer time, and no zone. */
const NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;
/** ICU's own zones, in no edition of the IANA database. */
const ICU_ONLY = /^systemv\//i;

/** All zones of the database in several spellings fit; each entry is a few hundred bytes. */
const NAMES_MAX = 2000;
/** The acceptances of some hundred recent bulks. */
const LOCAL_DATES_MAX = 1000;

const lookUp = memoize(NAMES_MAX, (name) => {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
});

/** Whether the text names a zone of the IANA database (links such as `US/Eastern` included, letter case does not count). */
export const isTimeZone = (name: string): boolean =>
  name.length <= NAME_LENGTH_MAX && NAME.test(name) && !ICU_ONLY.test(name) && lookUp(name);

const localDates = memoize(LOCAL_DATES_MAX, (key) => {
  const [milliseconds = '', zone = ''] = key.split(' ');
  return Temporal.Instant.fromEpochMilliseconds(Number(milliseconds)).toZonedDateTimeISO(zone).toPlainDate().toString();
});

/**
 * The date that a calendar on the wall shows in the zone at this instant: `2026-12-01`.
 * @throws where `zone` is none (ask `isTimeZone`).
 */
export const localDateAt = (instant: Date, zone: string): string => localDates(`${instant.getTime()} ${zone}`);
