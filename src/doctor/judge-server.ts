import type { Tx } from '../platform/database/index.js';
import { fault, type Finding, warning, where } from './finding.js';

/** Beyond this, what one machine calls due is not due on another. All of ours go by the database's clock; people do not. */
const CLOCKS_APART_MAX_S = 5;
const CONNECTIONS_USED_MAX = 0.85;
const TRANSACTION_MAX_S = 60;
/** Half of the way to where PostgreSQL stops writing. */
const TRANSACTION_ID_AGE_MAX = 1_000_000_000;

/** How a PostgreSQL server stands, read in one row. */
export interface ServerFacts {
  readonly version: string;
  readonly version_number: number;
  readonly superuser: boolean;
  readonly now: Date;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly autovacuum: string;
  readonly data_checksums: string;
  readonly archive_mode: string;
  /** The last attempt to archive a segment of the log failed. */
  readonly archiving_fails: boolean;
  readonly connections_used: number;
  readonly oldest_transaction_s: number;
  readonly prepared_transactions: number;
  /** Replication slots that nobody reads, by name. */
  readonly idle_slots: readonly string[];
  readonly transaction_id_age: number;
}

export async function readServer(tx: Tx): Promise<ServerFacts> {
  const settings = ['fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'data_checksums', 'archive_mode'];
  const row = await tx.one<ServerFacts & Record<string, unknown>>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer AS version_number,
       (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS superuser, clock_timestamp() AS now,
       ${settings.map((name) => `current_setting('${name}') AS ${name}`).join(', ')},
       coalesce((SELECT last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver), false) AS archiving_fails,
       (SELECT count(*) FILTER (WHERE backend_type = 'client backend')::double precision / current_setting('max_connections')::integer
        FROM pg_stat_activity) AS connections_used,
       (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::double precision
        FROM pg_stat_activity WHERE backend_xid IS NOT NULL) AS oldest_transaction_s,
       (SELECT count(*)::integer FROM pg_prepared_xacts) AS prepared_transactions,
       ARRAY (SELECT slot_name::text FROM pg_replication_slots WHERE NOT active) AS idle_slots,
       (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS transaction_id_age`,
  );
  if (row === null) throw new Error('the server told nothing of itself');
  return row;
}

/** @param embedded the server is ours: how it is backed up, and by whom it is used, is another matter. */
export function judgeServer(facts: ServerFacts, { embedded, now }: { embedded: boolean; now: Date }): readonly Finding[] {
  return [
    ...judgeDurability(facts),
    ...(embedded ? [] : judgeInstallation(facts)),
    ...judgeClock(facts, now),
    ...judgeLoad(facts),
  ];
}

function judgeDurability(facts: ServerFacts): readonly Finding[] {
  const lossy = (['fsync', 'full_page_writes'] as const).filter((name) => facts[name] === 'off');
  return [
    ...lossy.map((name) =>
      fault(`${name} is off: a loss of power destroys the database.`, `ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`),
    ),
    ...where(
      facts.synchronous_commit === 'off',
      fault(
        'synchronous_commit is off: a crash forgets what was answered and sent, and it may be paid again.',
        'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf(); and look at ALTER ROLE and ALTER DATABASE.',
      ),
    ),
    ...where(
      facts.autovacuum === 'off',
      fault(
        'autovacuum is off: tables grow without end, and the server stops at last.',
        'ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();',
      ),
    ),
  ];
}

const judgeInstallation = (facts: ServerFacts): readonly Finding[] => [
  ...where(
    facts.version_number < 150_000,
    fault(`This is PostgreSQL ${facts.version}.`, 'Tranche needs 15 or later; pg_upgrade the server.'),
  ),
  ...where(
    facts.superuser,
    warning(
      'The processes connect as a superuser: whoever gets hold of DATABASE_URL owns the server.',
      'Make a role of its own that owns this database and nothing else.',
    ),
  ),
  ...where(
    facts.archive_mode === 'off',
    warning(
      'archive_mode is off: what was written since the last dump can not be restored, and may be paid again.',
      'Archive the log (docs/operations.md, Backup and restore). Where backups of the disk or a managed service do it, this is no matter.',
    ),
  ),
  ...where(
    facts.archiving_fails,
    fault(
      'The log is not archived: the last attempt failed.',
      'SELECT * FROM pg_stat_archiver, and the log of the server, say why.',
    ),
  ),
  ...where(
    facts.data_checksums === 'off',
    warning('data_checksums is off: a disk that lies is not found out.', 'Stop the server, and pg_checksums --enable.'),
  ),
];

function judgeClock({ now: theirs }: ServerFacts, ours: Date): readonly Finding[] {
  const apart_s = Math.round(Math.abs(theirs.getTime() - ours.getTime()) / 1000);
  return where(
    apart_s > CLOCKS_APART_MAX_S,
    fault(
      `The clock of the database server and of this machine are ${apart_s} s apart. Payouts run by the server's.`,
      'Keep both by NTP; find out which is wrong (timedatectl).',
    ),
  );
}

const judgeLoad = (facts: ServerFacts): readonly Finding[] => [
  ...where(
    facts.connections_used > CONNECTIONS_USED_MAX,
    warning(
      `${Math.round(facts.connections_used * 100)} % of max_connections are in use.`,
      'Each process uses DATABASE_POOL_SIZE + 1, an api twice the pool + 1 (docs/operations.md, The database is at its limit).',
    ),
  ),
  ...where(
    facts.oldest_transaction_s > TRANSACTION_MAX_S || facts.prepared_transactions > 0,
    fault(
      facts.prepared_transactions > 0
        ? `${facts.prepared_transactions} prepared transactions are open: the feed of events stands still behind them.`
        : `A transaction has been open for ${Math.round(facts.oldest_transaction_s)} s: the feed of events stands still behind it.`,
      'Find and end it (docs/operations.md, The feed of events stands still).',
    ),
  ),
  ...where(
    facts.idle_slots.length > 0,
    warning(
      `Nobody reads the replication slots ${facts.idle_slots.join(', ')}: the server keeps its log for them until the disk is full.`,
      'Bring the reader back, or SELECT pg_drop_replication_slot(name).',
    ),
  ),
  ...where(
    facts.transaction_id_age > TRANSACTION_ID_AGE_MAX,
    fault(
      'Vacuum does not keep up: the server is half way to stop writing.',
      'docs/operations.md, The database is at its limit.',
    ),
  ),
];
