import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { formatInstant, isTimeZone, localDateAt, toInstant } from './index.js';

/** The instant as text, or the fault. */
function read(text: string, zone = 'UTC'): string {
  const result = toInstant(text, zone);
  return 'fault' in result ? result.fault : formatInstant(result.instant);
}

describe('an instant with offset', () => {
  it.each([
    ['2026-12-01T09:00:00+01:00', '2026-12-01T08:00:00.000Z'],
    ['2026-12-01T09:00:00Z', '2026-12-01T09:00:00.000Z'],
    ['2026-12-01t09:00:00z', '2026-12-01T09:00:00.000Z'],
    ['2026-12-01T09:00:00-00:00', '2026-12-01T09:00:00.000Z'],
    ['2026-12-01T09:00:00.5Z', '2026-12-01T09:00:00.500Z'],
    ['2026-12-01T09:00:00.999999999Z', '2026-12-01T09:00:00.999Z'],
    ['2026-12-01T23:59:59-05:30', '2026-12-02T05:29:59.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0099-12-31T00:00:00Z', '0099-12-31T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('reads %s', (text, instant) => expect(read(text)).toBe(instant));

  it('beats the zone, even one that does not exist', () => {
    expect(read('2026-12-01T09:00:00+01:00', 'Mars/Olympus')).toBe('2026-12-01T08:00:00.000Z');
  });

  it.each([
    ...[
      '2026-02-30T00:00:00Z',
      '2025-02-29T00:00:00Z',
      '1900-02-29',
      '2026-00-01',
      '2026-13-01',
      '2026-01-00',
      '2026-01-32',
      '2026-04-31',
    ],
    ...[
      '2026-12-01T24:00:00Z',
      '2026-12-01T09:60:00Z',
      '2016-12-31T23:59:60Z',
      '2026-12-01T09:00:61Z',
      '2026-12-01T09:00:00+24:00',
    ],
    ...[
      '2026-12-01T09:00:00+01:60',
      '2026-12-01T09:00:00+0100',
      '2026-12-01T09:00:00+01',
      '2026-12-01T09:00Z',
      '2026-12-01 09:00:00Z',
    ],
    ...[
      '2026-W49-2',
      '2026-335',
      '20261201',
      '2026-12',
      '2026-12-1',
      '26-12-01',
      '+002026-12-01',
      '-000001-01-01',
      '12026-12-01',
    ],
    ...[
      '2026-12-01T',
      '2026-12-01Z',
      '2026-12-01T09',
      '2026-12-01T09:00:00.Z',
      '2026-12-01T09:00:00.1234567890Z',
      '2026-12-01T09:00:00,5Z',
    ],
    ...['2026-12-01T09:00:00Z[Europe/Berlin]', '2026-12-01T09:00:00 Z', ' 2026-12-01', '2026-12-01\n', '', 'today', '1764576000'],
    ...['0000-01-01T00:00:00+14:00', '9999-12-31T23:59:59-14:00', '２０２６-12-01'],
  ])('refuses "%s"', (text) => expect(read(text, 'Europe/Berlin')).toBe('invalid_date'));
});

describe('a local time', () => {
  it.each([
    ['Berlin, winter', '2026-12-01T09:00', 'Europe/Berlin', '2026-12-01T08:00:00.000Z'],
    ['Berlin, summer', '2027-07-01T09:00:30.25', 'Europe/Berlin', '2027-07-01T07:00:30.250Z'],
    ['Berlin, in the gap', '2027-03-28T02:30', 'Europe/Berlin', '2027-03-28T01:30:00.000Z'],
    ['Berlin, in the overlap: the first', '2027-10-31T02:30', 'Europe/Berlin', '2027-10-31T00:30:00.000Z'],
    ['New York, in the gap', '2027-03-14T02:30', 'America/New_York', '2027-03-14T07:30:00.000Z'],
    ['New York, in the overlap: the first', '2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['Sydney, in the gap (southern spring)', '2026-10-04T02:30', 'Australia/Sydney', '2026-10-03T16:30:00.000Z'],
    ['Sydney, in the overlap: the first', '2027-04-04T02:30', 'Australia/Sydney', '2027-04-03T15:30:00.000Z'],
    ['Lord Howe, in its gap of half an hour', '2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'],
    ['Lord Howe, in its overlap of half an hour', '2027-04-04T01:45', 'Australia/Lord_Howe', '2027-04-03T14:45:00.000Z'],
    ['Kathmandu, a quarter of an hour', '2026-12-01T09:00', 'Asia/Kathmandu', '2026-12-01T03:15:00.000Z'],
    ['the other side of the date line', '2026-12-01T09:00', 'Pacific/Kiritimati', '2026-11-30T19:00:00.000Z'],
    ['no zone but UTC', '2026-12-01T09:00', 'UTC', '2026-12-01T09:00:00.000Z'],
  ])('in %s', (...row) => expect(read(row[1], row[2])).toBe(row[3]));

  it('means 09:00 where it is a bare date', () => {
    expect(toInstant('2026-12-01', 'Europe/Berlin')).toEqual({ instant: new Date('2026-12-01T08:00:00Z'), form: 'date' });
    expect(read('2027-07-01', 'America/New_York')).toBe('2027-07-01T13:00:00.000Z');
  });

  it('says which form it had', () => {
    expect(toInstant('2026-12-01T09:00', 'UTC')).toMatchObject({ form: 'date_time' });
    expect(toInstant('2026-12-01T09:00:00Z', 'UTC')).toMatchObject({ form: 'instant' });
  });

  it('needs a zone that exists', () => expect(read('2026-12-01', 'Mars/Olympus')).toBe('unknown_timezone'));

  it('gives the same instant from memory as at first', () => {
    for (let round = 0; round < 2; round += 1) expect(read('2027-03-28T02:30', 'Europe/Berlin')).toBe('2027-03-28T01:30:00.000Z');
  });
});

describe('a zone', () => {
  it.each([
    'Europe/Berlin',
    'UTC',
    'Etc/GMT+5',
    'US/Eastern',
    'America/Argentina/Buenos_Aires',
    'Asia/Calcutta',
    'Asia/Kolkata',
    'europe/berlin',
  ])('may be %s', (zone) => expect(isTimeZone(zone)).toBe(true));

  it.each([
    ...[
      '',
      '+01:00',
      '-05:00',
      '+01',
      'Z',
      'UTC+1',
      'GMT+01:00',
      'Mars/Olympus',
      'Europe/',
      '/Berlin',
      'Europe/Berlin ',
      'PST',
      'IST',
      'ACT',
    ],
    ...['SystemV/PST8', '2026-12-01T00:00[Europe/Berlin]', '[u-ca=x]', '../etc/passwd', '\u0000', 'x'.repeat(1000), '__proto__'],
  ])('is not "%s"', (zone) => expect(isTimeZone(zone)).toBe(false));

  it('tells the date on the wall', () => {
    const instant = new Date('2026-11-21T23:30:00Z');
    expect(localDateAt(instant, 'UTC')).toBe('2026-11-21');
    expect(localDateAt(instant, 'Europe/Berlin')).toBe('2026-11-22');
    expect(localDateAt(instant, 'America/New_York')).toBe('2026-11-21');
  });
});

describe('any text', () => {
  it('is an instant of a year with four digits or a fault, never a throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, zone) => {
        const result = toInstant(text, zone);
        if ('instant' in result) expect(formatInstant(result.instant)).toMatch(/^\d{4}-/);
        isTimeZone(zone);
      }),
    );
  });

  it('that writes an instant reads back as that instant, in any zone', () => {
    const range = { min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(range), fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Sydney'), (instant, zone) => {
        expect(read(formatInstant(instant))).toBe(formatInstant(instant));
        const local = Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone);
        const [text = ''] = local.toString({ fractionalSecondDigits: 3 }).split('[');
        // Before railway time offsets had seconds, which RFC 3339 can not write.
        if (instant.getUTCFullYear() > 1950) expect(read(text)).toBe(formatInstant(instant));
      }),
    );
  });
});
