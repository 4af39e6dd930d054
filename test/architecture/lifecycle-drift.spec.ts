import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toCheckConstraint, type Lifecycle } from '../../src/platform/lifecycle/index.js';
import { testDatabase, type TestDatabase } from '../support/index.js';
import { repositoryFiles, ROOT } from './repository-files.js';

/** Every lifecycle of the product: what `*.lifecycle.ts` files export. */
async function allLifecycles(): Promise<Lifecycle[]> {
  const paths = repositoryFiles().map(({ path }) => path);
  const modules = paths.filter((path) => /^src\/.*\.lifecycle\.ts$/.test(path));
  const loaded = await Promise.all(modules.map((path) => import(`${ROOT}${path}`) as Promise<Record<string, unknown>>));
  return loaded.flatMap((module) => Object.values(module)).filter(isLifecycle);
}

const isLifecycle = (value: unknown): value is Lifecycle =>
  typeof value === 'object' && value !== null && 'aggregate' in value && 'transitions' in value;

describe('lifecycles and the database', () => {
  let db: TestDatabase;
  let lifecycles: Lifecycle[];

  beforeAll(async () => {
    db = await testDatabase();
    lifecycles = await allLifecycles();
  });
  afterAll(() => db.close());

  it('has one for each aggregate that lives', () => {
    expect(lifecycles.map(({ aggregate }) => aggregate).sort()).toEqual([
      'payout',
      'payout_intent',
      'payout_link',
      'webhook_delivery',
      'webhook_resend',
    ]);
  });

  it('holds each column to the states of its table, in a constraint named after the two', async () => {
    for (const lifecycle of lifecycles) {
      const { table, column } = lifecycle.stored;
      const name = `${table}_${column}`;
      // PostgreSQL rewrites expressions, so both are read back from it.
      const expected = await db.transactions.asEngine(async (tx) => {
        await tx.query(`CREATE TEMPORARY TABLE expected_${name} (LIKE ${table}) ON COMMIT DROP`);
        await tx.query(`ALTER TABLE expected_${name} ADD CONSTRAINT expected CHECK (${toCheckConstraint(lifecycle)})`);
        return definitionOf(`expected_${name}`, 'expected', (text, values) => tx.query(text, values));
      });
      const actual = await definitionOf(table, name, (text, values) => db.dataSource.query(text, [...values]));
      expect({ [name]: actual }).toEqual({ [name]: expected });
    }
  });
});

type Query = (text: string, values: readonly string[]) => Promise<{ definition: string }[]>;

async function definitionOf(table: string, constraint: string, query: Query): Promise<string | undefined> {
  const rows = await query(
    `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = $1::regclass AND conname = $2`,
    [table, constraint],
  );
  return rows[0]?.definition;
}
