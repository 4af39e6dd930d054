import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CALLS_PER_HOST_MAX } from '../egress/egress.js';
import { Places } from './places.js';
import { type CallsOut, type LaneInTurn, merchantsWithoutTurn, sharePlaces } from './share-places.js';

const NOTHING_OUT: CallsOut = { ofLane: new Map(), ofHost: new Map() };

const lane = (name: string, more: Partial<LaneInTurn> = {}): LaneInTurn => ({
  id: name,
  merchant_id: name.split('/')[0]!,
  host: name,
  calls_max: 32,
  starts: null,
  failing: false,
  ...more,
});
const lanesOf = (merchant: string, count: number, more: Partial<LaneInTurn> = {}): LaneInTurn[] =>
  Array.from({ length: count }, (_, n) => lane(`${merchant}/${n}`, more));

/** Fills a process as claims would where every lane has more than enough to send and no call ever ends. */
function fill(places: Places, lanes: readonly LaneInTurn[]): Map<string, number> {
  for (;;) {
    const ofLane = new Map(lanes.map(({ id }) => [id, places.ofLane(id)]));
    const ofHost = new Map<string, number>();
    for (const { id, host } of lanes) ofHost.set(host, (ofHost.get(host) ?? 0) + places.ofLane(id));
    const shares = sharePlaces(lanes, places, { ofLane, ofHost });
    if (shares.every((share) => share.places === 0)) break;
    const laneOf = new Map(lanes.map((one) => [one.id, one]));
    for (const { endpoint_id, places: given } of shares) {
      for (let n = 0; n < given; n += 1) places.take({ ...laneOf.get(endpoint_id)!, endpoint_id, doubtful: false });
    }
  }
  const merchants = new Set(lanes.map(({ merchant_id }) => merchant_id));
  return new Map([...merchants].map((id) => [id, places.ofMerchant(id)]));
}

describe('the places of a process', () => {
  it('go to one lane up to an eighth of what is free, and no further than it has room and rate', () => {
    const placesOf = (more: Partial<LaneInTurn>, out = NOTHING_OUT): number =>
      sharePlaces([lane('a', { calls_max: 100, ...more })], new Places(256), out)[0]!.places;
    expect(placesOf({})).toBe(28);
    expect(placesOf({ calls_max: 1 })).toBe(1);
    expect(placesOf({ calls_max: 9 }, { ...NOTHING_OUT, ofLane: new Map([['a', 5]]) })).toBe(4);
    expect(placesOf({ calls_max: 1 }, { ...NOTHING_OUT, ofLane: new Map([['a', 5]]) })).toBe(0);
    expect(placesOf({ starts: 3 })).toBe(3);
    expect(placesOf({ starts: 0 })).toBe(0);
  });

  it('go to the lanes of a merchant in turn, four in a row, until all have what they may', () => {
    const given = (lanes: number, all: number): number[] =>
      sharePlaces(lanesOf('merchant', lanes, { calls_max: 6 }), new Places(all), NOTHING_OUT).map(({ places }) => places);
    expect(given(20, 256)).toEqual(Array.from({ length: 20 }, () => 6));
    // Lanes for which no place was left were not asked: they are first in the next turn.
    expect(given(60, 256)).toEqual(Array.from({ length: 48 }, () => 4));
  });

  it('go to lanes that do not fail first, wherever they stand', () => {
    for (const all of [1, 8, 40]) {
      const lanes = [...lanesOf('merchant', 60, { failing: true }), lane('merchant/healthy'), lane('other/healthy')];
      const shares = sharePlaces(lanes, new Places(all), NOTHING_OUT);
      const given = (which: (lane: LaneInTurn) => boolean): number =>
        shares
          .filter(({ endpoint_id }) => which(lanes.find(({ id }) => id === endpoint_id)!))
          .reduce((sum, { places }) => sum + places, 0);
      expect(given(({ failing }) => !failing)).toBeGreaterThan(0);
    }
  });

  it('go to merchants alike, however many lanes each has', () => {
    const shares = sharePlaces([...lanesOf('many', 60), lane('one/0')], new Places(40), NOTHING_OUT);
    expect(shares.find(({ endpoint_id }) => endpoint_id === 'one/0')!.places).toBe(4);
    const many = shares.filter(({ endpoint_id }) => endpoint_id !== 'one/0');
    expect(many.reduce((sum, { places }) => sum + places, 0)).toBeLessThanOrEqual(30);
    const scarce = sharePlaces([...lanesOf('many', 60), lane('one/0')], new Places(2), NOTHING_OUT);
    expect(scarce.filter(({ places }) => places > 0).map(({ endpoint_id }) => endpoint_id)).toEqual(['many/0', 'one/0']);
  });

  it('leave a quarter free of one merchant with a thousand dead lanes, which another then gets', () => {
    const places = new Places(256);
    fill(places, lanesOf('dead', 1_000, { calls_max: 1 }));
    expect(places.ofMerchant('dead')).toBe(192);
    expect(fill(places, lanesOf('healthy', 20)).get('healthy')).toBeGreaterThanOrEqual(40);
    expect(places.free).toBeGreaterThan(0);
  });

  it('are asked for by no merchant whose share is used up until eleven of his calls have ended', () => {
    const places = new Places(256);
    const dead = lanesOf('dead', 1_000, { calls_max: 1 });
    expect(merchantsWithoutTurn(places)).toEqual([]);
    fill(places, [...dead, ...lanesOf('healthy', 1)]);
    expect(merchantsWithoutTurn(places)).toEqual(['dead']);
    expect(sharePlaces(lanesOf('dead', 64), places, NOTHING_OUT)).toEqual([]);
    const before = places.ofMerchant('dead');
    for (const { id } of dead) {
      if (places.ofLane(id) === 0 || merchantsWithoutTurn(places).length === 0) continue;
      places.leave({ endpoint_id: id, merchant_id: 'dead', doubtful: false });
    }
    expect(before - places.ofMerchant('dead')).toBe(11);
    expect(sharePlaces(dead, places, NOTHING_OUT).reduce((sum, share) => sum + share.places, 0)).toBe(11);
  });

  it('are refused for ever to nobody: who waits for a turn gets it while what he has out ends, whoever else has what', () => {
    const out = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(out, fc.integer({ min: 1, max: 64 }), (counts, all) => {
        const places = new Places(all);
        for (const [who, count] of counts.entries()) fill(places, lanesOf(String(who), count, { calls_max: 1 }));
        for (const who of places.merchantsOut) {
          for (let lane = 0; merchantsWithoutTurn(places).includes(who); lane += 1) {
            expect(lane).toBeLessThan(40);
            if (places.ofLane(`${who}/${lane}`) > 0)
              places.leave({ endpoint_id: `${who}/${lane}`, merchant_id: who, doubtful: false });
          }
          expect(sharePlaces([lane(`${who}/next`)], places, NOTHING_OUT)[0]!.places).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('leave room for fifty healthy lanes beside twenty dead ones, whether those die young or at their largest', () => {
    for (const calls_max of [1, 32]) {
      const places = new Places(256);
      fill(places, lanesOf('merchant', 20, { calls_max }));
      expect(places.free).toBeGreaterThanOrEqual(60);
    }
  });

  it('are kept from one host beyond what all processes may have out to it', () => {
    const lanes = lanesOf('merchant', 30, { host: 'shared' });
    const total = (out: CallsOut): number =>
      sharePlaces(lanes, new Places(256), out).reduce((sum, { places }) => sum + places, 0);
    expect(total(NOTHING_OUT)).toBe(CALLS_PER_HOST_MAX);
    expect(total({ ...NOTHING_OUT, ofHost: new Map([['shared', CALLS_PER_HOST_MAX - 3]]) })).toBe(3);
  });

  it('are kept in part for calls that nothing speaks against', () => {
    const places = new Places(256);
    const call = { endpoint_id: 'a', merchant_id: 'm', doubtful: true };
    for (let n = 0; n < 192; n += 1) places.take(call);
    expect([places.free, places.freeForDoubtful]).toEqual([64, 0]);
    places.leave(call);
    expect([places.free, places.freeForDoubtful]).toEqual([65, 1]);
  });

  it('never go to more calls than there are; every share says whether its lane is full, and nobody is left out while one is free', () => {
    const world = fc.record({
      all: fc.integer({ min: 1, max: 300 }),
      lanes: fc.array(
        fc.record({
          merchant: fc.integer({ min: 0, max: 5 }),
          host: fc.integer({ min: 0, max: 3 }),
          calls_max: fc.integer({ min: 1, max: 40 }),
          starts: fc.option(fc.integer({ min: 0, max: 10 })),
          out: fc.integer({ min: 0, max: 40 }),
        }),
        { maxLength: 64 },
      ),
    });
    fc.assert(
      fc.property(world, ({ all, lanes: drawn }) => {
        const lanes = drawn.map((one, n) => lane(`${one.merchant}/${n}`, { ...one, host: `host ${one.host}` }));
        const ofLane = new Map(lanes.map(({ id }, n) => [id, drawn[n]!.out]));
        const shares = sharePlaces(lanes, new Places(all), { ofLane, ofHost: new Map() });
        const shareOf = new Map(shares.map((share) => [share.endpoint_id, share]));
        const given = shares.reduce((sum, { places }) => sum + places, 0);
        expect(given).toBeLessThanOrEqual(all);
        lanes.forEach(({ id, merchant_id, starts }, n) => {
          const share = shareOf.get(id);
          if (share === undefined) {
            // Nothing was left for it, or for its merchant.
            const ofMerchant = shares.filter(({ endpoint_id }) => endpoint_id.startsWith(`${merchant_id}/`));
            const free = all - given;
            expect(ofMerchant.reduce((sum, { places }) => sum + places, 0)).toBeGreaterThanOrEqual(3 * free);
            return;
          }
          expect(share.room).toBe(Math.max(0, lanes[n]!.calls_max - drawn[n]!.out));
          expect(share.places).toBeLessThanOrEqual(Math.min(share.room, starts ?? share.room));
        });
      }),
    );
  });
});
