import { describe, expect, it } from '@jest/globals';
import { Sequences, subjectOf } from './sequences.js';

const event = (sequence: number, about: object): { type: string; data: { event_id: string; sequence: number } } => ({
  type: 'payout.told',
  data: { event_id: `event_${String(sequence)}`, sequence, ...about },
});

describe('the sequences that `listen` holds events to', () => {
  it('count a payout, its bulk and the link that it was made of apart', () => {
    const sequences = new Sequences();
    const told = [
      event(1, { link_id: 'link_1', payout_id: null, bulk_id: null }),
      event(1, { bulk_id: 'bulk_1' }),
      event(1, { payout_id: 'payout_1', bulk_id: 'bulk_1' }),
      event(2, { link_id: 'link_1', payout_id: 'payout_1', bulk_id: 'bulk_1' }),
      event(2, { payout_id: 'payout_1', bulk_id: 'bulk_1' }),
      event(1, { endpoint_id: 'endpoint_1' }),
    ];
    expect(told.map((one) => sequences.check(one.data.event_id, one))).toEqual(told.map(() => null));
    expect(subjectOf(told[3]!)).toBe('2 of link_1');
  });

  it('say where one is missing, and where a body names another event', () => {
    const sequences = new Sequences();
    sequences.check('event_1', event(1, { payout_id: 'payout_1' }));
    expect(sequences.check('event_3', event(3, { payout_id: 'payout_1' }))).toBe('sequence 3 came after 1');
    expect(sequences.check('event_5', event(4, { payout_id: 'payout_1' }))).toBe('its body names event_4');
  });
});
