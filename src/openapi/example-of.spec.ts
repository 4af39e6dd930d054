import { describe, expect, it } from '@jest/globals';
import { Examples } from './example-of.js';

const text = { type: 'string', examples: ['x'] };
const examples = new Examples({ Inner: { type: 'object', required: ['a'], properties: { a: text, b: { type: 'string' } } } });

describe('the example of a schema', () => {
  it('is put together from its members and makes nothing up for those that may be left out', () => {
    const schema = {
      type: 'object',
      required: ['inner', 'gone_at', 'kind', 'list'],
      properties: {
        inner: { $ref: '#/components/schemas/Inner' },
        gone_at: { type: ['string', 'null'] },
        kind: { enum: ['first', 'second'] },
        list: { type: 'array', items: text },
        optional_kind: { enum: ['first'] },
        optional_list: { type: ['array', 'null'], items: text },
      },
    };
    expect(examples.of(schema, 'It')).toEqual({
      inner: { a: 'x' },
      gone_at: null,
      kind: 'first',
      list: ['x'],
      optional_list: ['x'],
    });
  });

  it('names the member that needs one', () => {
    const schema = { type: 'object', required: ['amount'], properties: { amount: { type: 'string' } } };
    expect(() => examples.of(schema, 'Payout')).toThrow('Payout.amount has no example; give it an @example in its comment');
  });
});
