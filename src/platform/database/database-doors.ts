import type { DataSource } from 'typeorm';
import { connected, type UrlOptions } from './data-source.js';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { migrate } from './migrate.js';
import { API_ROLE, inRole, WORKER_ROLE } from './roles.js';

/** The two ways into the migrated database. Neither role owns a table, nor can pass by row-level security. */
export interface DatabaseDoors {
  /** Every session works for the engine and sees every merchant. */
  readonly engine: DataSource;
  /** Every session works for one merchant at a time, and sees nobody without one. */
  readonly merchants: DataSource;
}

/** A login of its own for what is done on behalf of merchants; null: the one of DATABASE_URL, in another role. */
type ApiUrl = string | null;

/** Both doors, as one process has them. */
export async function openDoors(options: UrlOptions, apiUrl: ApiUrl): Promise<DatabaseDoors> {
  const engine = await openEngine(options, apiUrl);
  try {
    return { engine, merchants: await openMerchants(engine, options, apiUrl) };
  } catch (error) {
    await engine.destroy();
    throw error;
  }
}

export async function openEngine(options: UrlOptions, apiUrl: ApiUrl): Promise<DataSource> {
  await migrate(options, apiUrl);
  return connected({ ...options, url: inRole(options.url, WORKER_ROLE) });
}

export async function openMerchants(engine: DataSource, options: UrlOptions, apiUrl: ApiUrl): Promise<DataSource> {
  const merchants = await connected({ ...options, url: inRole(apiUrl ?? options.url, API_ROLE) });
  try {
    const fault = (await faultOfSession(merchants)) ?? (apiUrl === null ? null : await faultOfLogin(engine, merchants));
    if (fault !== null) throw new DatabaseUnusableError(fault);
    return merchants;
  } catch (error) {
    await merchants.destroy();
    throw error;
  }
}

/** Asked of the database itself, by whoever will work: what row-level security is to it, whatever the reason. */
async function faultOfSession(merchants: DataSource): Promise<string | null> {
  const [row] = await merchants.query<{ role: string; open: string[] }[]>(
    `SELECT current_user AS role, ARRAY(
       SELECT c.relname::text FROM pg_class c
       WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND NOT row_security_active(c.oid) ORDER BY 1) AS open`,
  );
  if (row?.role === API_ROLE && row.open.length === 0) return null;
  return `row-level security does not bind ${row?.role ?? 'anybody'} on ${row?.open.join(', ') ?? ''}: it must not own a table, nor be a member of who does`;
}

/** A login that could leave its role would be no wall. */
async function faultOfLogin(engine: DataSource, merchants: DataSource): Promise<string | null> {
  const [row] = await merchants.query<{ login: string; unbound: boolean; owns: boolean; works: boolean }[]>(
    `SELECT quote_ident(session_user) AS login, r.rolsuper OR r.rolbypassrls AS unbound,
       EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
               AND pg_has_role(session_user, c.relowner, 'MEMBER')) AS owns,
       pg_has_role(session_user, $1, 'MEMBER') AS works
     FROM pg_roles r WHERE r.rolname = session_user`,
    [WORKER_ROLE],
  );
  if ((await placeOf(merchants)) !== (await placeOf(engine)))
    return 'DATABASE_API_URL leads to another database than DATABASE_URL';
  if (row === undefined) return 'DATABASE_API_URL: the login is unknown to its server';
  const fault = row.unbound
    ? 'is a superuser or has BYPASSRLS'
    : row.owns
      ? 'owns the tables'
      : row.works
        ? `may become ${WORKER_ROLE}`
        : null;
  return fault === null
    ? null
    : `DATABASE_API_URL logs in as ${row.login}, which ${fault}: give it a login that is ${API_ROLE} alone (ALTER ROLE ${API_ROLE} LOGIN PASSWORD '…'), or leave it out`;
}

async function placeOf(dataSource: DataSource): Promise<string> {
  const [row] = await dataSource.query<{ place: string }[]>(
    `SELECT current_database() || ' since ' || pg_postmaster_start_time() AS place`,
  );
  return row?.place ?? '';
}
