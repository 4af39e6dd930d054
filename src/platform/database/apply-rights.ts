import type { QueryRunner } from 'typeorm';
import { rights, type TableRights } from '../../../migrations/rights.js';
import { API_ROLE, WORKER_ROLE } from './roles.js';

/** How a table stands. `grants` and `policies` are in the order of their text. */
interface TableRow {
  readonly name: string;
  readonly walled: boolean;
  readonly policies: readonly string[];
  readonly grants: readonly string[];
}

const TABLES = `
  SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled,
    ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies,
    ARRAY(SELECT r.rolname || ' ' || g.privilege_type || g.of FROM (
            SELECT x.grantee, x.privilege_type, '' AS of FROM aclexplode(c.relacl) x
            UNION ALL
            SELECT x.grantee, x.privilege_type, ' (' || a.attname || ')'
            FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND a.attnum > 0) g
          JOIN pg_roles r ON r.oid = g.grantee AND r.rolname = ANY ($1) ORDER BY 1) AS grants
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`;

/**
 * Gives each table the rights and the policies of migrations/rights.ts. Only what differs is touched: that locks the table for
 * an instant, and other processes are at work. A dump that was restored before the roles were there has lost them: they come back here.
 */
export async function applyRights(runner: QueryRunner): Promise<void> {
  const tables = (await runner.query(TABLES, [[API_ROLE, WORKER_ROLE]])) as TableRow[];
  const statements = tables.flatMap((table) => {
    const wanted = rights[table.name];
    return wanted === undefined || stands(table, wanted) ? [] : textsOf(table, wanted);
  });
  if (statements.length === 0) return;
  await runner.startTransaction();
  try {
    for (const statement of statements) await runner.query(statement);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}

function stands({ walled, policies, grants }: TableRow, wanted: TableRights): boolean {
  const wantedGrants = [
    ...wanted.api.map((privilege) => `${API_ROLE} ${privilege}`),
    ...wanted.worker.map((privilege) => `${WORKER_ROLE} ${privilege}`),
  ].sort();
  const wantedPolicies = [
    ...(wanted.ofMerchant === null ? [] : ['engine', 'merchant']),
    ...(wanted.deletable === undefined ? [] : ['old']),
  ];
  return (
    walled === (wanted.ofMerchant !== null) &&
    JSON.stringify(policies) === JSON.stringify(wantedPolicies) &&
    JSON.stringify([...grants].sort()) === JSON.stringify(wantedGrants)
  );
}

function textsOf({ name, policies }: TableRow, { ofMerchant, deletable, api, worker }: TableRights): string[] {
  const granted = (privileges: readonly string[], role: string): string[] =>
    privileges.length === 0 ? [] : [`GRANT ${privileges.join(', ')} ON ${name} TO ${role}`];
  return [
    `REVOKE ALL ON ${name} FROM ${API_ROLE}, ${WORKER_ROLE}`,
    ...granted(api, API_ROLE),
    ...granted(worker, WORKER_ROLE),
    ...policies.map((policy) => `DROP POLICY ${policy} ON ${name}`),
    ...(ofMerchant === null
      ? [`ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY`]
      : [
          `CREATE POLICY merchant ON ${name} TO ${API_ROLE} USING (${ofMerchant})`,
          `CREATE POLICY engine ON ${name} TO ${WORKER_ROLE} USING (true)`,
          ...(deletable === undefined ? [] : [`CREATE POLICY old ON ${name} AS RESTRICTIVE FOR DELETE USING (${deletable})`]),
          // Forced: its owner too sees only what a policy shows.
          `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
        ]),
  ];
}
