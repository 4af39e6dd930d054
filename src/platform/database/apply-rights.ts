import type { QueryRunner } from 'typeorm';
import { rights, type TableRights } from '../../../migrations/rights.js';
import { API_ROLE, WORKER_ROLE } from './roles.js';

/** How a table stands. Grants are in the order of their text, policies in that of their names. */
interface TableRow {
  readonly name: string;
  readonly walled: boolean;
  readonly policies: readonly string[];
  /** As they were written, which each policy has for a comment: the catalogue tells them in other words. */
  readonly conditions: readonly string[];
  readonly grants: readonly string[];
}

const TABLES = `
  SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled,
    ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY p.polname) AS policies,
    ARRAY(SELECT coalesce(obj_description(p.oid, 'pg_policy'), '') FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY p.polname) AS conditions,
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
  for (const table of tables) {
    const wanted = rights[table.name];
    if (wanted !== undefined && !stands(table, wanted)) await inTransaction(runner, textsOf(table, wanted));
  }
}

/** Of one table alone: whoever waits for the locks of two can wait for others who wait for it. */
async function inTransaction(runner: QueryRunner, statements: readonly string[]): Promise<void> {
  await runner.startTransaction();
  try {
    for (const statement of statements) await runner.query(statement);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}

interface Policy {
  readonly name: string;
  /** For whom, or for what, it is. */
  readonly scope: string;
  readonly condition: string;
}

/** In the order of their names. */
const policiesOf = ({ ofMerchant, deletable }: TableRights): Policy[] =>
  ofMerchant === null
    ? []
    : [
        { name: 'engine', scope: `TO ${WORKER_ROLE}`, condition: 'true' },
        { name: 'merchant', scope: `TO ${API_ROLE}`, condition: ofMerchant },
        ...(deletable === undefined ? [] : [{ name: 'old', scope: 'AS RESTRICTIVE FOR DELETE', condition: deletable }]),
      ];

function stands({ walled, policies, conditions, grants }: TableRow, wanted: TableRights): boolean {
  const wantedGrants = [
    ...wanted.api.map((privilege) => `${API_ROLE} ${privilege}`),
    ...wanted.worker.map((privilege) => `${WORKER_ROLE} ${privilege}`),
  ].sort();
  const wantedPolicies = policiesOf(wanted);
  return (
    walled === (wanted.ofMerchant !== null) &&
    JSON.stringify(policies) === JSON.stringify(wantedPolicies.map(({ name }) => name)) &&
    JSON.stringify(conditions) === JSON.stringify(wantedPolicies.map(({ condition }) => condition)) &&
    JSON.stringify([...grants].sort()) === JSON.stringify(wantedGrants)
  );
}

function textsOf({ name, policies }: TableRow, wanted: TableRights): string[] {
  const { ofMerchant, api, worker } = wanted;
  const granted = (privileges: readonly string[], role: string): string[] =>
    privileges.length === 0 ? [] : [`GRANT ${privileges.join(', ')} ON ${name} TO ${role}`];
  return [
    `REVOKE ALL ON ${name} FROM ${API_ROLE}, ${WORKER_ROLE}`,
    ...granted(api, API_ROLE),
    ...granted(worker, WORKER_ROLE),
    ...policies.map((policy) => `DROP POLICY ${policy} ON ${name}`),
    ...policiesOf(wanted).flatMap(({ name: policy, scope, condition }) => [
      `CREATE POLICY ${policy} ON ${name} ${scope} USING (${condition})`,
      `COMMENT ON POLICY ${policy} ON ${name} IS $text$${condition}$text$`,
    ]),
    ofMerchant === null
      ? `ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY`
      : // Forced: its owner too sees only what a policy shows.
        `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
  ];
}
