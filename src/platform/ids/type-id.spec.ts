import { describe, expect, it } from '@jest/globals';
import { fromTypeId, instantOf, newUuid, toTypeId } from './type-id.js';

describe('a new id', () => {
  it('is a UUIDv7 that rises, however many are made in one millisecond', () => {
    const ids = Array.from({ length: 20_000 }, newUuid);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual([]);
  });

  it('carries the instant at which it was made', () => {
    const before = Date.now();
    // Or a later one: those before it may have used up the counters of some milliseconds.
    expect(instantOf(newUuid())).toBeGreaterThanOrEqual(before);
  });
});

describe('the id that the API shows', () => {
  it('is what the TypeID specification says', () => {
    expect(toTypeId('payout', '0110c853-1d09-52d8-d73e-1194e95b5f19')).toBe('payout_0123456789abcdefghjkmnpqrs');
  });

  it('leads back to the row, and to none under another prefix or spelling', () => {
    const uuid = newUuid();
    const id = toTypeId('payout', uuid);
    expect(fromTypeId('payout', id)).toBe(uuid);
    expect(fromTypeId('bulk', id)).toBeNull();
    expect(fromTypeId('payout', id.toUpperCase())).toBeNull();
    expect(fromTypeId('payout', `${id}0`)).toBeNull();
  });
});
