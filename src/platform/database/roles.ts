import type { QueryRunner } from 'typeorm';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { scramVerifier } from './scram-verifier.js';
import { mayNot } from './transactions.js';

/** Works for one merchant at a time and sees nobody else's rows. */
export const API_ROLE = 'tranche_api';
/** Works for the engine and sees every merchant's. */
export const WORKER_ROLE = 'tranche_worker';
export type DatabaseRole = typeof API_ROLE | typeof WORKER_ROLE;

/** From this release on a member may be one that can not become the role. */
const SET_OPTION_SINCE = 160_000;

/** The same database, every session in a role from its first statement on: RESET ROLE comes back to it. */
export function inRole(url: string, role: DatabaseRole): string {
  const inside = new URL(url);
  const options = inside.searchParams.get('options');
  inside.searchParams.set('options', `${options === null ? '' : `${options} `}-c role=${role}`);
  return inside.href;
}

interface RoleRow {
  readonly name: DatabaseRole;
  readonly known: boolean;
  readonly canLogin: boolean;
  /** Row-level security is nothing to it. */
  readonly unbound: boolean;
  /** Our login may become it. */
  readonly open: boolean;
}

/**
 * Makes the two roles where they are missing and our login may, and lets it become either. Roles belong to the whole cluster,
 * so a database that was restored into another one comes without them.
 */
export async function ensureRoles(runner: QueryRunner, apiUrl: string | null): Promise<void> {
  const closed: RoleRow[] = [];
  for (const role of await readRoles(runner)) {
    if (role.unbound)
      throw new DatabaseUnusableError(
        `row-level security does not bind ${role.name}: ALTER ROLE ${role.name} NOSUPERUSER NOBYPASSRLS`,
      );
    if (!role.open && !(await arranged(runner, role))) closed.push(role);
  }
  if (closed.length > 0) throw new DatabaseUnusableError(await sentenceFor(runner, closed));
  if (apiUrl !== null) await openDoor(runner, new URL(apiUrl));
}

/** @returns false where our login may not. */
async function arranged(runner: QueryRunner, { name, known }: RoleRow): Promise<boolean> {
  try {
    if (!known) await runner.query(CREATE(name));
    await grant(runner, name);
    return true;
  } catch (error) {
    if (mayNot(error)) return false;
    throw error;
  }
}

async function sentenceFor(runner: QueryRunner, closed: readonly RoleRow[]): Promise<string> {
  const [row] = (await runner.query(`SELECT quote_ident(session_user) AS login`)) as { login: string }[];
  const login = row?.login ?? '';
  const names = closed.map(({ name }) => name);
  const made = closed.filter(({ known }) => !known).map(({ name }) => `CREATE ROLE ${name}; `);
  return (
    `${login} can not become ${names.join(' and ')}, nor arrange that; ` +
    `let a superuser run: ${made.join('')}GRANT ${names.join(', ')} TO ${login}`
  );
}

async function readRoles(runner: QueryRunner): Promise<RoleRow[]> {
  const [row] = (await runner.query(`SELECT current_setting('server_version_num')::integer AS version`)) as { version: number }[];
  return (await runner.query(
    `SELECT name, r.oid IS NOT NULL AS known, coalesce(r.rolcanlogin, false) AS "canLogin",
       coalesce(r.rolsuper OR r.rolbypassrls, false) AS unbound, coalesce(pg_has_role(r.oid, $2), false) AS open
     FROM unnest($1::text[]) AS name LEFT JOIN pg_roles r ON r.rolname = name ORDER BY name`,
    [[API_ROLE, WORKER_ROLE], row !== undefined && row.version >= SET_OPTION_SINCE ? 'SET' : 'MEMBER'],
  )) as RoleRow[];
}

/** Another process, on another database of the cluster, may make it at the same instant. */
const CREATE = (role: DatabaseRole): string =>
  `DO $$ BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;

/** Who may create roles may also join those that it has created; a superuser is a member of all. */
const grant = (runner: QueryRunner, role: DatabaseRole): Promise<unknown> =>
  runner.query(
    `DO $$ BEGIN IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN GRANT ${role} TO SESSION_USER; END IF; END $$`,
  );

/** The first start with a login of the API's own opens it, so that nobody has to. One that is open already keeps its password. */
async function openDoor(runner: QueryRunner, { username, password }: URL): Promise<void> {
  const api = (await readRoles(runner)).find(({ name }) => name === API_ROLE);
  if (decodeURIComponent(username) !== API_ROLE || password === '' || api?.canLogin === true) return;
  try {
    // As a verifier, so that the server never sees, nor logs, the password.
    await runner.query(`ALTER ROLE ${API_ROLE} LOGIN PASSWORD '${scramVerifier(decodeURIComponent(password))}'`);
  } catch (error) {
    if (!mayNot(error)) throw error;
    throw new DatabaseUnusableError(
      `DATABASE_API_URL names ${API_ROLE}, which can not log in; let a superuser run: ALTER ROLE ${API_ROLE} LOGIN PASSWORD '…'`,
    );
  }
}
