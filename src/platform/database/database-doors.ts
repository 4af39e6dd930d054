import type { DataSource } from 'typeorm';
import { connected, type UrlOptions } from './data-source.js';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { migrate } from './migrate.js';
import { API_ROLE, inRole, WORKER_ROLE } from './roles.js';

/** A login of its own for what is done on behalf of merchants; null: the one of DATABASE_URL, in another role. */
type ApiUrl = string | null;

/**
 * One of two ways into the database, which it migrates: every session works for the engine and sees every merchant. Neither
 * role owns a table, nor can pass by row-level security.
 */
export async function openEngine(options: UrlOptions, apiUrl: ApiUrl): Promise<DataSource> {
  await migrate(options, apiUrl);
  return connected({ ...options, url: inRole(options.url, WORKER_ROLE) });
}

/** The other: every session works for one merchant at a time, and sees nobody without one. */
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

const ALONE = `give it a login that is ${API_ROLE} alone (ALTER ROLE ${API_ROLE} LOGIN PASSWORD '…'), or leave it out`;

/** Whatever the reason: it is asked of the database, by whoever will work there. */
async function faultOfSession(merchants: DataSource): Promise<string | null> {
  const [row] = await merchants.query<{ role: string; bound: boolean }[]>(
    `SELECT current_user AS role, NOT EXISTS (
       SELECT FROM pg_class c
       WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND NOT row_security_active(c.oid)) AS bound`,
  );
  const escape = await escapeOf(merchants, 'current_user');
  if (escape !== null) return `${API_ROLE} ${escape.how}: REVOKE ${escape.role} FROM ${API_ROLE}`;
  return row?.role === API_ROLE && row.bound ? null : `row-level security does not bind ${row?.role ?? 'the session'}`;
}

/** A login that could leave its role would be no wall. */
async function faultOfLogin(engine: DataSource, merchants: DataSource): Promise<string | null> {
  if ((await placeOf(merchants)) !== (await placeOf(engine)))
    return 'DATABASE_API_URL leads to another database than DATABASE_URL';
  const escape = await escapeOf(merchants, 'session_user');
  return escape === null ? null : `DATABASE_API_URL logs in as ${escape.who}, which ${escape.how}: ${ALONE}`;
}

interface Escape {
  readonly who: string;
  /** Itself, or what it may become. */
  readonly role: string;
  readonly how: string;
}

/** As whom it could pass by the policies; null: as nobody. */
async function escapeOf(merchants: DataSource, who: 'current_user' | 'session_user'): Promise<Escape | null> {
  const [row] = await merchants.query<{ who: string; role: string; why: string }[]>(
    `SELECT who, role, why FROM (
       SELECT ${who}::text AS who, r.rolname::text AS role, CASE
         WHEN r.rolsuper THEN 'is a superuser'
         WHEN r.rolbypassrls THEN 'has BYPASSRLS'
         WHEN EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND c.relowner = r.oid)
           THEN 'owns the tables'
         WHEN r.rolname = $1 THEN 'sees every merchant' END AS why
       FROM pg_roles r WHERE pg_has_role(${who}, r.oid, 'MEMBER')) reachable
     WHERE why IS NOT NULL ORDER BY role = who DESC, role LIMIT 1`,
    [WORKER_ROLE],
  );
  if (row === undefined) return null;
  return { ...row, how: row.role === row.who ? row.why : `may become ${row.role}, which ${row.why}` };
}

async function placeOf(dataSource: DataSource): Promise<string> {
  const [row] = await dataSource.query<{ place: string }[]>(
    `SELECT current_database() || ' since ' || pg_postmaster_start_time() AS place`,
  );
  return row?.place ?? '';
}
