import { connected, dataSourceOptions } from './data-source.js';
import { knownMigrations } from './migrate.js';
import { WORKER_ROLE } from './roles.js';
import { Transactions } from './transactions.js';
import type { Tx } from './tx.js';

/** A database as it is found. */
export interface InspectedDatabase {
  /** As the login itself, which may look at its sessions, in a transaction that can not write. */
  read<Result>(look: (tx: Tx) => Promise<Result>): Promise<Result>;
  /** The same in the engine's role, which sees the rows of every merchant. */
  readAsEngine<Result>(look: (tx: Tx) => Promise<Result>): Promise<Result>;
  /** By name: what this build has and the database lacks, and the other way round. */
  migrations(): Promise<{ readonly missing: readonly string[]; readonly unknown: readonly string[] }>;
}

/** The owner of the tables sees no merchant's rows; before the first start there is no such role, and nothing to see. */
const AS_WORKER = `
  SELECT set_config('role', rolname, true) FROM pg_roles WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER')`;

/**
 * Looks at a database without migrating it, and without waiting for one that is away.
 * @throws DatabaseUnusableError where it can not be reached.
 */
export async function inspectDatabase<Result>(
  url: string,
  look: (database: InspectedDatabase) => Promise<Result>,
): Promise<Result> {
  const dataSource = await connected(dataSourceOptions({ url, poolSize: 1 }), 0);
  try {
    const transactions = new Transactions(dataSource, dataSource);
    const read = <Found>(work: (tx: Tx) => Promise<Found>): Promise<Found> =>
      transactions.asEngine(async (tx) => {
        await tx.query('SET TRANSACTION READ ONLY');
        return work(tx);
      });
    const readAsEngine = <Found>(work: (tx: Tx) => Promise<Found>): Promise<Found> =>
      read(async (tx) => {
        await tx.query(AS_WORKER, [WORKER_ROLE]);
        return work(tx);
      });
    return await look({ read, readAsEngine, migrations: () => readAsEngine(compareMigrations) });
  } finally {
    await dataSource.destroy();
  }
}

/** What this build knows and what the database has run. */
export async function compareMigrations(tx: Tx): Promise<{ missing: readonly string[]; unknown: readonly string[] }> {
  const { dataSource } = tx.manager;
  const table = dataSource.options.migrationsTableName ?? 'migrations';
  const known = knownMigrations(dataSource);
  const exists = await tx.one<{ exists: boolean }>(`SELECT to_regclass($1) IS NOT NULL AS exists`, [table]);
  const rows = exists?.exists === true ? await tx.query<{ name: string }>(`SELECT name FROM ${table}`) : [];
  const applied = new Set(rows.map(({ name }) => name));
  return {
    missing: known.filter((name) => !applied.has(name)),
    unknown: [...applied].filter((name) => !known.includes(name)),
  };
}
