import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { applyRights } from './apply-rights.js';
import { connected, type UrlOptions } from './data-source.js';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { liftFeed } from './lift-feed.js';
import { ensureRoles, WORKER_ROLE } from './roles.js';
import { mayNot } from './transactions.js';

/** NULLS NOT DISTINCT, `security_invoker` views and MERGE: we rely on 15 and run in tests on the embedded release. */
const OLDEST_MAJOR = 15;
/** Advisory lock of whoever migrates; any constant that nobody else uses. */
const MIGRATION_LOCK = '7236845201';

/** A data source on the migrated database, as the login of the options itself. */
export async function openDataSource(options: UrlOptions): Promise<DataSource> {
  await migrate(options);
  return connected(options);
}

/**
 * Brings roles, schema and rights up to date, one process at a time; the others wait and then find nothing to be done.
 * @param apiUrl a login for what is done on behalf of merchants, which is opened where it is closed.
 */
export async function migrate(options: UrlOptions, apiUrl: string | null = null): Promise<void> {
  // A migration of a large table, and the wait for one, take as long as they take: a line of their own, without bounds.
  const unbounded = { ...options, entities: [], extra: { ...(options.extra as object), query_timeout: 0 } };
  const dataSource = await connected(unbounded);
  try {
    await requireVersion(dataSource);
    const runner = dataSource.createQueryRunner();
    await runner.query(`SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)`);
    await runner.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    await ensureRoles(runner, apiUrl);
    await refuseContracted(runner);
    await asOwner(async () => {
      const executor = new MigrationExecutor(dataSource, runner);
      // All in one transaction would hold the lock of each table until the last: in a circle with processes at work.
      executor.transaction = 'each';
      await executor.executePendingMigrations();
      // A newer version has been here: its processes need the rights that it gave, and what this one needs is among them.
      if ((await unknownMigrations(runner)).length === 0) await applyRights(runner);
    });
    await liftFeedAsWorker(runner);
    await runner.release();
  } finally {
    // The lock ends with its session.
    await dataSource.destroy();
  }
}

/** A login that does not own the tables is as good as any, as long as there is nothing to change. */
async function asOwner(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!mayNot(error)) throw error;
    throw new DatabaseUnusableError(
      `the schema has to be changed, and the login of DATABASE_URL may not (${(error as Error).message}); start one process as the owner of the tables first`,
      { cause: error },
    );
  }
}

/** What this build can bring a database to. */
export const knownMigrations = ({ migrations }: DataSource): string[] =>
  migrations.map((migration) => migration.name ?? migration.constructor.name);

/** A version may run beside every newer one, until one takes away what it uses. Such a migration says so in its name. */
export const contractionsAmong = (unknown: readonly string[]): readonly string[] =>
  unknown.filter((name) => name.startsWith('Contract'));

async function refuseContracted(runner: QueryRunner): Promise<void> {
  const [first] = contractionsAmong(await unknownMigrations(runner));
  if (first !== undefined)
    throw new DatabaseUnusableError(
      `a newer version has taken away what this one needs (${first}); start a version that knows it, or restore the backup of before`,
    );
}

/** What a newer version has done. */
async function unknownMigrations(runner: QueryRunner): Promise<string[]> {
  if (!(await runner.hasTable('schema_migration'))) return [];
  const known = knownMigrations(runner.dataSource);
  const applied = (await runner.query(`SELECT name FROM schema_migration`)) as { name: string }[];
  return applied.map(({ name }) => name).filter((name) => !known.includes(name));
}

async function liftFeedAsWorker(runner: QueryRunner): Promise<void> {
  await runner.query(`SET ROLE ${WORKER_ROLE}`);
  await liftFeed(runner);
  await runner.query('RESET ROLE');
}

async function requireVersion(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ number: string; version: string }[]>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
  );
  if (row === undefined || Number(row.number) < OLDEST_MAJOR * 10_000) {
    throw new DatabaseUnusableError(
      `the database is PostgreSQL ${row?.version ?? 'unknown'}; Tranche needs ${OLDEST_MAJOR} or later`,
    );
  }
}
