import { describe, expect, it } from '@jest/globals';
import { toDialect31 } from './schema-dialect.js';

const $ref = '#/components/schemas/Intent';

describe('a schema of OpenAPI 3.0 in the dialect of 3.1', () => {
  it.each([
    [{ type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      { type: 'string', enum: ['a'], nullable: true },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      { allOf: [{ $ref }], nullable: true, description: 'D' },
      { anyOf: [{ $ref }, { type: 'null' }], description: 'D' },
    ],
    [
      { allOf: [{ $ref }], description: 'D' },
      { $ref, description: 'D' },
    ],
    [
      { type: 'number', example: 3 },
      { type: 'integer', examples: [3] },
    ],
    [
      { type: 'object', properties: { paused_at: { type: 'string', nullable: true } } },
      { type: 'object', properties: { paused_at: { type: ['string', 'null'], format: 'date-time' } } },
    ],
  ])('%j is %j', (before, after) => {
    expect(toDialect31(before)).toEqual(after);
  });

  it('holds an id to the kind of its example', () => {
    const example = 'bulk_01kb4n3w2ze3rbz4jrd9qk6v1x';
    const { pattern } = toDialect31({ type: 'string', example }) as { pattern: string };
    expect([new RegExp(pattern).test(example), new RegExp(pattern).test(example.replace('bulk', 'payout'))]).toEqual([
      true,
      false,
    ]);
  });

  it('leaves the example of a parameter or a body as it is', () => {
    const media = { schema: { type: 'string' }, example: 'x' };
    expect(toDialect31(media)).toEqual(media);
  });
});
