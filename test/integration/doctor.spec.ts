import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { examine } from '../../src/doctor/examine.js';
import { readServer } from '../../src/doctor/judge-server.js';
import { inspectDatabase } from '../../src/platform/database/index.js';
import { createDatabase, dropDatabase, testDatabase, type TestDatabase } from '../support/index.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let db: TestDatabase;
let environment: Record<string, string>;
beforeAll(async () => {
  db = await testDatabase();
  environment = {
    DATABASE_URL: db.url,
    OPERATOR_KEY: '0123456789abcdef0123456789abcdef',
    ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
  };
});
afterAll(() => db.close());

/** What is said of each part, faults only. */
async function faults(change: Record<string, string> = {}): Promise<Record<string, string[]>> {
  const examined = await examine({ ...environment, ...change });
  return Object.fromEntries(
    examined.map(({ about, findings }) => [
      about,
      findings.filter(({ severity }) => severity === 'fault').map(({ says }) => says),
    ]),
  );
}

describe('the doctor', () => {
  it('finds that the database of these tests would not survive a loss of power, and nothing else', async () => {
    const { database, ...rest } = await faults();
    expect(database!.map((says) => says.split(' ')[0]).sort()).toEqual(['fsync', 'full_page_writes', 'synchronous_commit']);
    expect(rest).toEqual({ configuration: [], migrations: [], engine: [] });
  });

  it('looks at the server as the login does: who that is, and what its sessions have open', async () => {
    const open = db.dataSource.createQueryRunner();
    await open.startTransaction();
    await open.query('SELECT pg_current_xact_id()');
    const server = await inspectDatabase(db.url, (database) => database.read(readServer));
    await open.rollbackTransaction();
    await open.release();
    expect(server).toMatchObject({ superuser: true });
    expect(server.connections_used).toBeGreaterThan(0);
    expect(server.oldest_transaction_s).toBeGreaterThan(0);
  });

  it('finds what needs a person, and a key that is not there', async () => {
    await db.dataSource.query(`INSERT INTO encryption_key (id) VALUES ('k0')`);
    await db.dataSource.query(`UPDATE agenda_jobs SET next_run_at = now() - interval '1 day'`);
    await db.dataSource.query(
      `INSERT INTO connector (id, name, type, config, max_concurrency, paused_at, paused_by, pause_reason)
       VALUES (gen_random_uuid(), 'our gateway', 'http', '', 1, now(), 'engine', 'it answers 401')`,
    );
    const examined = await examine(environment);
    const engine = examined.find(({ about }) => about === 'engine')!.findings.map(({ says }) => says);
    expect(engine.join('\n')).toContain('ENCRYPTION_KEYS lacks k0');
    expect(engine.join('\n')).toContain('our gateway: it answers 401');
    await db.dataSource.query(`DELETE FROM connector`);
    await db.dataSource.query(`DELETE FROM encryption_key`);
  });

  it('finds migrations that are missing, and changes nothing', async () => {
    const url = await createDatabase('template1');
    try {
      expect((await faults({ DATABASE_URL: url })).migrations![0]).toMatch(/^The database lacks \d+ migrations: CreateTenants/);
      expect(await faults({ DATABASE_URL: url })).not.toHaveProperty('engine');
    } finally {
      await dropDatabase(url);
    }
  });

  it('finds a migration of a newer version', async () => {
    await db.dataSource.query(`INSERT INTO schema_migration (timestamp, name) VALUES (9, 'FromTheFuture9')`);
    const examined = await examine(environment);
    expect(examined.find(({ about }) => about === 'migrations')?.findings).toMatchObject([
      { severity: 'warning', says: 'A newer version has been here: FromTheFuture9.' },
    ]);
    await db.dataSource.query(`DELETE FROM schema_migration WHERE timestamp = 9`);
  });

  it('finds a server that is away, faults of the environment, and a folder without an installation', async () => {
    const away = new URL(db.url);
    away.port = '1';
    expect((await faults({ DATABASE_URL: away.href })).database![0]).toContain('can not be reached');
    expect((await faults({ PORT: 'x', LEASE_S: '1' })).configuration).toHaveLength(2);
    const folder = mkdtempSync(join(tmpdir(), 'tranche-nothing-'));
    expect((await faults({ DATABASE_URL: '', DATA_DIR: folder })).configuration![0]).toContain('There is no installation');
    rmSync(folder, { recursive: true });
  });

  it('says it in lines, each with the way out, and ends with 1 where there is a fault', async () => {
    const program = ['--import', here('../support/register-typescript.mjs'), here('../../src/tranche.ts'), 'doctor'];
    const child = spawn(process.execPath, program, { env: { PATH: process.env['PATH'], ...environment } });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(said).toContain('ok       migrations\n');
    expect(said).toContain(
      'fault    database: fsync is off: a loss of power destroys the database.\n         ALTER SYSTEM SET fsync = on;',
    );
    expect(said).not.toContain(environment['OPERATOR_KEY']);
  });
});
