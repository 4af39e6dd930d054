import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { type Account, type PostgresBinaries, runAs } from './postgres-binaries.js';

/** The superuser of the embedded cluster, and the name of the engine's database in it. */
export const EMBEDDED_NAME = 'tranche';

/** Where everything of the embedded server lies, and under whom it runs. */
export interface PostgresHome {
  readonly directory: string;
  /** PGDATA. */
  readonly cluster: string;
  readonly log: string;
  readonly account: Account;
  /** True where `DATA_DIR` is closed to the server's account and the cluster had to go elsewhere. */
  readonly moved: boolean;
}

/** Survives a restart of the machine, unlike the temporary directory; the second where the first can not be written. */
const SHELTERS = ['/var/lib/tranche', '/var/tmp/tranche'];

/**
 * The server's home is `<data directory>/postgres`. As root the server runs as `nobody` (or as the cluster's owner), who
 * may be unable to enter it: then the home is made elsewhere, under a name that only the file `moved-to` in the data
 * directory knows, so that a deleted data directory never meets an old cluster.
 */
export function openPostgresHome(dataDirectory: string): PostgresHome {
  const usual = join(dataDirectory, 'postgres');
  mkdirSync(usual, { recursive: true, mode: 0o711 });
  if (process.getuid?.() !== 0) return homeAt(usual, null, false);

  const pointer = join(usual, 'moved-to');
  if (existsSync(pointer)) {
    const elsewhere = readFileSync(pointer, 'utf8').trim();
    if (!existsSync(elsewhere))
      throw new DatabaseUnusableError(
        `${pointer} names ${elsewhere}, which is gone: restore it, or delete that file to start empty`,
      );
    return homeAt(elsewhere, accountFor(elsewhere), true);
  }
  const account = accountFor(usual);
  if (canEnter(account, usual)) return homeAt(usual, account, false);
  if (existsSync(join(usual, 'cluster')))
    throw new DatabaseUnusableError(
      `the account of ${join(usual, 'cluster')} can not enter ${usual}; open the directories above it`,
    );
  const elsewhere = makeShelter(account);
  writeFileSync(`${pointer}.new`, `${elsewhere}\n`);
  renameSync(`${pointer}.new`, pointer);
  return homeAt(elsewhere, account, true);
}

const homeAt = (directory: string, account: Account, moved: boolean): PostgresHome => ({
  directory,
  cluster: join(directory, 'cluster'),
  log: join(directory, 'server.log'),
  account,
  moved,
});

const canEnter = (account: Account, directory: string): boolean => runAs(account, 'test', ['-x', directory]).succeeded;

/** Whoever owns the cluster already (it may have been made before somebody used sudo), else nobody. */
function accountFor(home: string): Account {
  const owner = statSync(join(home, 'cluster'), { throwIfNoEntry: false });
  if (owner !== undefined) return { uid: owner.uid, gid: owner.gid };
  const [uid, gid] = ['-u', '-g'].map((option) => Number(runAs(null, 'id', [option, 'nobody']).output));
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) {
    throw new DatabaseUnusableError(
      'PostgreSQL does not run as root and there is no user "nobody" to run it; start as another user, or set DATABASE_URL',
    );
  }
  return { uid: uid as number, gid: gid as number };
}

function makeShelter(account: Account): string {
  const faults: string[] = [];
  for (const shelter of SHELTERS) {
    const home = join(shelter, randomBytes(12).toString('hex'));
    try {
      mkdirSync(home, { recursive: true, mode: 0o711 });
      // In a directory that everybody can write, somebody else may have made the parent before us.
      if (statSync(shelter).uid === process.getuid?.() && canEnter(account, home)) return home;
      faults.push(`${shelter} is not ours or can not be entered`);
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  throw new DatabaseUnusableError(
    `no place for the embedded PostgreSQL that its account can enter (${faults.join('; ')}); set DATA_DIR or DATABASE_URL`,
  );
}

/** Makes the cluster unless there is one. A crash in between leaves nothing half made: the finished one is moved into place. */
export function ensureCluster(home: PostgresHome, binaries: PostgresBinaries, initdbOptions: readonly string[]): void {
  if (existsSync(home.cluster)) {
    requireSameMajor(home, binaries);
    return;
  }
  for (const name of readdirSync(home.directory)) {
    if (name.startsWith('cluster.')) rmSync(join(home.directory, name), { recursive: true, force: true });
  }
  const unfinished = join(home.directory, `cluster.${randomBytes(6).toString('hex')}`);
  mkdirSync(unfinished, { mode: 0o700 });
  lend(home, unfinished);
  const made = runAs(home.account, binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${EMBEDDED_NAME}`,
    `--pwfile=${passwordFile(home)}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The same order of text on every machine and after every upgrade of its libraries.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...initdbOptions,
  ]);
  if (!made.succeeded) throw new DatabaseUnusableError(`initdb failed: ${made.output}`);
  try {
    renameSync(unfinished, home.cluster);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    // Only where there is no start lock: another process finished first, and its cluster is as good.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** The cluster's password, made before the cluster, so that there is never a cluster without one. */
export function readPassword(home: PostgresHome): string {
  return readFileSync(passwordFile(home), 'utf8').trim();
}

function passwordFile(home: PostgresHome): string {
  const file = join(home.directory, 'password');
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    // initdb reads it under the server's account.
    lend(home, `${file}.new`);
    renameSync(`${file}.new`, file);
  }
  return file;
}

function lend(home: PostgresHome, path: string): void {
  if (home.account !== null) chownSync(path, home.account.uid, home.account.gid);
}

function requireSameMajor(home: PostgresHome, binaries: PostgresBinaries): void {
  const made = readFileSync(join(home.cluster, 'PG_VERSION'), 'utf8').trim();
  const ours = /(\d+)\./.exec(runAs(home.account, binaries.postgres, ['--version']).output)?.[1];
  if (made !== ours) {
    throw new DatabaseUnusableError(
      `${dirname(home.cluster)} was made by PostgreSQL ${made} and the embedded one is ${ours ?? 'unreadable'}: dump it with the old release and restore it into this one (docs/operations.md)`,
    );
  }
}
