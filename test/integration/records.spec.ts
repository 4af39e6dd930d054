import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Records } from '../../src/platform/database/index.js';
import { type TestDatabase, testDatabase } from '../support/index.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const KINDS = new Records({
  id: 'uuid',
  word: 'text',
  count: 'integer',
  amount: 'bigint',
  share: 'double precision',
  good: 'boolean',
  day: 'date',
  at: 'timestamptz',
  data: 'json',
});

const nullable = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(arbitrary, { nil: null });
/** What PostgreSQL can keep: any text but for NUL and halves of pairs. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', ',', 'NULL', "'", ' ', '\n', '$1', 'é', '😀') }),
  )
  .filter((value) => !value.includes('\0'));

const row = fc.record({
  id: nullable(fc.uuid()),
  word: nullable(text),
  count: nullable(fc.integer()),
  amount: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  // The zeros are one number, as in JSON.
  share: nullable(fc.double({ noNaN: true }).map((value) => value + 0)),
  good: nullable(fc.boolean()),
  day: nullable(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })),
  at: nullable(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })),
  data: nullable(fc.oneof(fc.jsonValue(), fc.dictionary(text, text))),
});

it('arrive as they were sent, whatever is in them, behind other parameters', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (sent) => {
      const rows = sent.map(({ day, ...others }) => ({ ...others, day: day === null ? null : day.toISOString().slice(0, 10) }));
      const got = await db.transactions.asEngine((tx) =>
        tx.query(
          `SELECT v.*, v.amount::text AS amount, v.day::text AS day, v.data::text AS data, $1::text AS before
           FROM ${KINDS.as('v', 2)}`,
          ['first', ...KINDS.of(rows)],
        ),
      );
      expect(got).toEqual(
        rows.map(({ amount, data, ...others }) => ({
          ...others,
          amount: amount === null ? null : String(amount),
          data: data === null ? null : JSON.stringify(data),
          before: 'first',
        })),
      );
    }),
    { numRuns: 300 },
  );
});

it('that have nothing in a column, or are none at all, are that in the server too', async () => {
  const pairs = new Records({ id: 'integer', word: 'text' });
  const read = (rows: readonly { readonly id: number; readonly word: string | null }[]): Promise<unknown> =>
    db.transactions.asEngine((tx) => tx.query(`SELECT * FROM ${pairs.as('v')} ORDER BY id`, pairs.of(rows)));
  expect(pairs.width).toBe(2);
  expect(await read([])).toEqual([]);
  expect(
    await read([
      { id: 1, word: '' },
      { id: 2, word: null },
      { id: 3, word: 'NULL' },
    ]),
  ).toEqual([
    { id: 1, word: '' },
    { id: 2, word: null },
    { id: 3, word: 'NULL' },
  ]);
});
