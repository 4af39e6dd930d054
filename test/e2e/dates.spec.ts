import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { inSeconds, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

const DAY_S = 86_400;
const HORIZON_MS = 366 * DAY_S * 1000;

/** A day that is neither today nor far, as a merchant writes it. */
const someDay = (): string => inSeconds(20 * DAY_S).slice(0, 10);

/** The next day of a rule such as "the last Sunday of March", at least a day from now. */
function nextSunday(month: number, which: 'first' | 'last'): string {
  for (let year = new Date().getUTCFullYear(); ; year += 1) {
    const days = Array.from({ length: 31 }, (_, index) => new Date(Date.UTC(year, month - 1, index + 1))).filter(
      (day) => day.getUTCMonth() === month - 1 && day.getUTCDay() === 0,
    );
    const day = (which === 'first' ? days[0] : days.at(-1))!;
    if (day.getTime() > Date.now() + 2 * DAY_S * 1000) return day.toISOString().slice(0, 10);
  }
}

const dayBefore = (day: string): string => new Date(Date.parse(day) - DAY_S * 1000).toISOString().slice(0, 10);

describe('A date', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  interface Dated {
    readonly scheduled_date?: string | null;
    readonly timezone?: string | null;
  }

  async function judge(item: Dated, bulk: Dated = {}, client = merchant): Promise<Payout> {
    const created = await client.createValidated({ ...bulk, items: [validItem({ ...item })] });
    return client.payoutOf(created.id);
  }

  /** The instant it means, or the code of the issue. */
  async function meaning(item: Dated, bulk: Dated = {}, client = merchant): Promise<string | null> {
    const { issues, scheduled_at } = await judge(item, bulk, client);
    return issues[0]?.code ?? scheduled_at;
  }

  describe('with an offset', () => {
    it('is that instant, whatever the zones say', async () => {
      const zones = { timezone: 'Asia/Tokyo' };
      expect(await meaning({ scheduled_date: `${someDay()}T12:00:00+05:00`, ...zones }, zones)).toBe(
        `${someDay()}T07:00:00.000Z`,
      );
      expect(await meaning({ scheduled_date: `${someDay()}T12:00:00.250Z`, ...zones })).toBe(`${someDay()}T12:00:00.250Z`);
      expect(await meaning({ scheduled_date: `${someDay()}T12:00:00-11:30` })).toBe(`${someDay()}T23:30:00.000Z`);
    });
  });

  describe('bare', () => {
    it('means 09:00 in the zone of the item, else of the bulk, else of the merchant, else UTC', async () => {
      const inKolkata = await app.merchant({ timezone: 'Asia/Kolkata' });
      const day = someDay();
      const item = { scheduled_date: day };
      // Zones without daylight saving, so that the instants are the same all year.
      expect(await meaning({ ...item, timezone: 'Asia/Tokyo' }, { timezone: 'America/Phoenix' }, inKolkata)).toBe(
        `${day}T00:00:00.000Z`,
      );
      expect(await meaning(item, { timezone: 'America/Phoenix' }, inKolkata)).toBe(`${day}T16:00:00.000Z`);
      expect(await meaning(item, {}, inKolkata)).toBe(`${day}T03:30:00.000Z`);
      expect(await meaning(item)).toBe(`${day}T09:00:00.000Z`);
    });

    it('and inherited from the bulk is read in the zone of the item', async () => {
      expect(await meaning({ timezone: 'Asia/Tokyo' }, { scheduled_date: someDay(), timezone: 'America/Phoenix' })).toBe(
        `${someDay()}T00:00:00.000Z`,
      );
    });

    it('that is today and past 09:00 means as soon as it is validated', async () => {
      const before = Date.now();
      const payout = await judge({ scheduled_date: localDay(12), timezone: zoneWhereItIs(12) });
      expect(payout.issues).toEqual([]);
      expect(Date.parse(payout.scheduled_at!)).toBeGreaterThanOrEqual(before - 1);
      expect(Date.parse(payout.scheduled_at!)).toBeLessThanOrEqual(Date.now());
      await merchant.untilPayout(payout.id, ({ status }) => status === 'PROCESSED');
    });

    it('that is today and before 09:00 means 09:00', async () => {
      const payout = await judge({ scheduled_date: localDay(4), timezone: zoneWhereItIs(4) });
      const ahead_h = (Date.parse(payout.scheduled_at!) - Date.now()) / 3_600_000;
      expect(ahead_h).toBeGreaterThan(3.9);
      expect(ahead_h).toBeLessThanOrEqual(5);
      expect(payout.status).toBe('SCHEDULED');
    });

    it('that was yesterday is past', async () => {
      expect(await meaning({ scheduled_date: inSeconds(-2 * DAY_S).slice(0, 10) })).toBe('scheduled_date_in_past');
    });
  });

  describe('local', () => {
    it('is read in its zone, with and without seconds', async () => {
      expect(await meaning({ scheduled_date: `${someDay()}T08:15`, timezone: 'Asia/Kolkata' })).toBe(
        `${someDay()}T02:45:00.000Z`,
      );
      expect(await meaning({ scheduled_date: `${someDay()}T08:15:30`, timezone: 'Asia/Kolkata' })).toBe(
        `${someDay()}T02:45:30.000Z`,
      );
      expect(await meaning({ scheduled_date: `${someDay()}T08:15:30` })).toBe(`${someDay()}T08:15:30.000Z`);
    });

    // Berlin goes from +01:00 to +02:00 and back at 01:00 UTC; Sydney from +10:00 to +11:00 at 02:00 and back at 03:00 local time.
    it.each([
      ['a gap of the north, Berlin', 'Europe/Berlin', nextSunday(3, 'last'), (day: string) => `${day}T01:30:00.000Z`],
      ['an overlap of the north, Berlin', 'Europe/Berlin', nextSunday(10, 'last'), (day: string) => `${day}T00:30:00.000Z`],
      [
        'a gap of the south, Sydney',
        'Australia/Sydney',
        nextSunday(10, 'first'),
        (day: string) => `${dayBefore(day)}T16:30:00.000Z`,
      ],
      [
        'an overlap of the south, Sydney',
        'Australia/Sydney',
        nextSunday(4, 'first'),
        (day: string) => `${dayBefore(day)}T15:30:00.000Z`,
      ],
    ])('in %s, is what RFC 5545 says', async (...[_, timezone, day, expected]) => {
      const instant = expected(day);
      // Once in some years such a Sunday is more than 366 days ahead, and that is the rule then.
      const isTooFar = Date.parse(instant) > Date.now() + HORIZON_MS;
      expect(await meaning({ scheduled_date: `${day}T02:30:00`, timezone })).toBe(isTooFar ? 'scheduled_date_too_far' : instant);
    });

    it('bare at 09:00 follows the zone over a change', async () => {
      const day = nextSunday(3, 'last');
      if (Date.parse(day) > Date.now() + HORIZON_MS - 2 * DAY_S * 1000) return;
      expect(await meaning({ scheduled_date: dayBefore(day), timezone: 'Europe/Berlin' })).toBe(
        `${dayBefore(day)}T08:00:00.000Z`,
      );
      expect(await meaning({ scheduled_date: day, timezone: 'Europe/Berlin' })).toBe(`${day}T07:00:00.000Z`);
    });
  });

  it('that is absent or null everywhere means as soon as it is validated', async () => {
    for (const item of [{}, { scheduled_date: null, timezone: null }]) {
      const payout = await judge(item);
      expect(Math.abs(Date.parse(payout.scheduled_at!) - Date.now())).toBeLessThan(30_000);
      await merchant.untilPayout(payout.id, ({ status }) => status === 'PROCESSED');
    }
  });

  it('may be up to five minutes old, and is an issue beyond', async () => {
    const date = inSeconds(-4 * 60);
    const late = await judge({ scheduled_date: date });
    expect([late.issues, late.scheduled_at]).toEqual([[], date]);
    await merchant.untilPayout(late.id, ({ status }) => status === 'PROCESSED');
    expect(await meaning({ scheduled_date: inSeconds(-5 * 60 - 5) })).toBe('scheduled_date_in_past');
    expect(await meaning({}, { scheduled_date: inSeconds(-6 * 60) })).toBe('scheduled_date_in_past');
  });

  it('may be 366 days ahead, and is an issue beyond', async () => {
    const date = inSeconds(366 * DAY_S - 60);
    expect(await meaning({ scheduled_date: date })).toBe(date);
    expect(await meaning({ scheduled_date: inSeconds(366 * DAY_S + 60) })).toBe('scheduled_date_too_far');
  });

  it.each([
    '2027-02-29',
    '2027-04-31T10:00',
    '2027-01-01T24:00:00Z',
    '2027-01-01T10:00Z',
    '2027-1-1',
    '01.12.2026',
    '1796083200',
    '',
    ' 2027-01-01',
  ])('that is written %j is no date', async (scheduled_date) => {
    expect(await meaning({ scheduled_date })).toBe('invalid_date');
  });

  it.each(['CEST', '+02:00', 'Mars/Olympus', 'europe/berlin ', ''])('in the zone %j has an unknown one', async (timezone) => {
    expect(await meaning({ scheduled_date: someDay(), timezone })).toBe('unknown_timezone');
  });

  it.each([
    [{ scheduled_date: 'soon' }, '/scheduled_date'],
    [{ timezone: 'Mars/Olympus' }, '/timezone'],
    [{ scheduled_date: 20261201 }, '/scheduled_date'],
  ])('of the bulk itself that can not be read refuses the bulk: %j', async (head, pointer) => {
    const answer = await merchant.post('/v1/bulks', { ...head, items: [validItem()] });
    expect([answer.status, answer.body.code, answer.body.errors?.[0]?.pointer]).toEqual([422, 'invalid_field', pointer]);
  });

  it('is judged against the instant of the edit, after an edit', async () => {
    const payout = await judge({ scheduled_date: tomorrow() });
    await merchant.patch(`/v1/payouts/${payout.id}`, { scheduled_date: inSeconds(-600) });
    const failed = await merchant.untilPayout(payout.id, ({ status }) => status === 'VALIDATION_FAILED');
    expect(failed.issues.map(({ code }) => code)).toEqual(['scheduled_date_in_past']);
  });

  it('is never anticipated: no payout is claimed or paid before its instant', async () => {
    const due = Array.from({ length: 60 }, (_, index) => inSeconds(0.5 + index * 0.05));
    const bulk = await merchant.createBulk(due.map((scheduled_date) => validItem({ scheduled_date })));
    const payouts = await merchant.untilAtRest(bulk.id);
    const paidAt = new Map((await app.ledger()).map(({ reference, created_at }) => [reference, created_at]));
    const claimedAt = new Map(
      (await merchant.events(`/v1/bulks/${bulk.id}/events`))
        .filter(({ type }) => type === 'payout.processing_in_progress')
        .map(({ data, timestamp }) => [data.payout_id, timestamp]),
    );
    expect(payouts.map(({ scheduled_at }) => scheduled_at)).toEqual(due);
    for (const { id, reference, scheduled_at } of payouts) {
      expect(claimedAt.get(id)! >= scheduled_at!).toBe(true);
      expect(paidAt.get(reference)! >= scheduled_at!).toBe(true);
    }
    await expectSound(app, merchant);
  });
});

/** A zone where it is this hour now. Etc/GMT-5 is five hours ahead of UTC, for such is POSIX. */
function zoneWhereItIs(hour: number): string {
  const ahead = aheadFor(hour);
  return ahead === 0 ? 'Etc/UTC' : `Etc/GMT${ahead > 0 ? '-' : '+'}${String(Math.abs(ahead))}`;
}

const localDay = (hour: number): string => new Date(Date.now() + aheadFor(hour) * 3_600_000).toISOString().slice(0, 10);

function aheadFor(hour: number): number {
  const ahead = hour - new Date().getUTCHours();
  return ahead < -12 ? ahead + 24 : ahead > 12 ? ahead - 24 : ahead;
}
