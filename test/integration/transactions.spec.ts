import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import {
  anyOf,
  CommitOutcomeUnknownError,
  dataSourceOptions,
  openDataSource,
  Transactions,
  type Tx,
  WakeListener,
} from '../../src/platform/database/index.js';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.js';
import { openDoors, type TestDatabase, testDatabase } from '../support/index.js';
import { until } from '../support/until.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await db.dataSource.query('CREATE TABLE counter (name text PRIMARY KEY, value integer NOT NULL)');
  await db.dataSource.query('GRANT ALL ON counter TO tranche_api, tranche_worker');
});
afterAll(() => db.close());

const valueOf = async (name: string): Promise<unknown> =>
  (await db.transactions.asEngine((tx) => tx.one('SELECT value FROM counter WHERE name = $1', [name])))?.['value'] ?? null;
const insert = (tx: Tx, name: string): Promise<unknown> => tx.query('INSERT INTO counter VALUES ($1, 1)', [name]);
const raise = (tx: Tx, name: string): Promise<unknown> =>
  tx.query('UPDATE counter SET value = value + 1 WHERE name = $1', [name]);

describe('a transaction', () => {
  it('is rolled back whole when its work fails', async () => {
    const work = db.transactions.asEngine(async (tx) => {
      await insert(tx, 'failed');
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await valueOf('failed')).toBeNull();
  });

  it('does not end as a success when one of its statements failed and the error was swallowed', async () => {
    const work = db.transactions.asEngine(async (tx) => {
      await insert(tx, 'swallowed');
      await tx.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('swallowed');
    expect(await valueOf('swallowed')).toBeNull();
  });

  it('loses what a part of it did that failed, with a part inside that had succeeded, and lives on', async () => {
    const fail = (): never => {
      throw new Error('failed');
    };
    await db.transactions.asEngine(async (tx) => {
      await insert(tx, 'kept');
      const part = tx.savepoint(async () => {
        await insert(tx, 'lost');
        await tx.savepoint(() => insert(tx, 'inside'));
        fail();
      });
      await expect(part).rejects.toThrow('failed');
    });
    expect([await valueOf('kept'), await valueOf('lost'), await valueOf('inside')]).toEqual([1, null, null]);
  });

  it('is tried again, whole, when the server resolves a deadlock at its cost', async () => {
    await db.transactions.asEngine(async (tx) => {
      await insert(tx, 'left');
      await insert(tx, 'right');
    });
    const met = meeting(2);
    const both = [
      ['left', 'right'],
      ['right', 'left'],
    ].map((names) =>
      db.transactions.asEngine(async (tx) => {
        await raise(tx, names[0] ?? '');
        await met();
        await raise(tx, names[1] ?? '');
      }),
    );
    await Promise.all(both);
    expect([await valueOf('left'), await valueOf('right')]).toEqual([3, 3]);
  });

  it('is tried again on another connection when its own is ended by the server', async () => {
    let tries = 0;
    await db.transactions.asEngine(async (tx) => {
      tries += 1;
      await insert(tx, 'ended');
      if (tries === 1) await tx.query('SELECT end_own_session()');
    });
    expect([tries, await valueOf('ended')]).toEqual([2, 1]);
  });

  it('is tried again when the server ends its connection while no statement is under way', async () => {
    let tries = 0;
    await db.transactions.asEngine(async (tx) => {
      tries += 1;
      await insert(tx, 'idle');
      if (tries > 1) return;
      const [backend] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await db.dataSource.query('SELECT pg_terminate_backend($1)', [backend?.pid]);
      await until(() => tx.manager.queryRunner?.isReleased === true);
    });
    expect([tries, await valueOf('idle')]).toEqual([2, 1]);
  });

  it('is called unknown, and not failed, when the server ends its connection at COMMIT', async () => {
    await db.dataSource.query(`
      CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM end_own_session(); RETURN NULL; END$$;
      CREATE TABLE ends_at_commit (one integer);
      GRANT ALL ON ends_at_commit TO tranche_worker;
      CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON ends_at_commit DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION end_session()`);
    let tries = 0;
    const work = (tx: Tx): Promise<unknown> => {
      tries += 1;
      return tx.query('INSERT INTO ends_at_commit VALUES (1)');
    };
    await expect(db.transactions.asEngine(work)).rejects.toBeInstanceOf(CommitOutcomeUnknownError);
    expect(tries).toBe(1);
    // And so it stays where the server, asked for it, says that it was not committed.
    await expect(db.transactions.asEngineConfirmed(work)).rejects.toBeInstanceOf(CommitOutcomeUnknownError);
  });

  it('is tried once more for what a unique index refuses, and sees what another has committed meanwhile', async () => {
    const seen: unknown[] = [];
    let retried = false;
    const work = db.transactions.asEngine(async (tx) => {
      const [row] = await tx.query(`SELECT value FROM counter WHERE name = 'raced'`);
      seen.push(row?.['value'] ?? null);
      retried = tx.isRetry;
      if (row !== undefined) return;
      await db.transactions.asEngine((other) => insert(other, 'raced'));
      await insert(tx, 'raced');
    });
    await work;
    expect([seen, retried]).toEqual([[null, 1], true]);

    let tries = 0;
    const again = db.transactions.asEngine((tx) => {
      tries += 1;
      return insert(tx, 'raced');
    });
    await expect(again).rejects.toThrow('duplicate key');
    expect(tries).toBe(2);
  });

  it('is not tried again for an error that would come again', async () => {
    let tries = 0;
    const work = db.transactions.asEngine((tx) => {
      tries += 1;
      return tx.query('SELECT 1 / 0');
    });
    await expect(work).rejects.toThrow('division by zero');
    expect(tries).toBe(1);
  });

  describe('whose statements are made together', () => {
    it('runs them in their order, and gives each its own answer', async () => {
      const values = await db.transactions.asEngine(async (tx) => {
        const read = () => tx.one<{ value: number }>(`SELECT value FROM counter WHERE name = 'together'`);
        return Promise.all([read(), insert(tx, 'together'), read(), raise(tx, 'together'), read()]);
      });
      expect([values[0], values[2], values[4]]).toEqual([null, { value: 1 }, { value: 2 }]);
    });

    it('fails with the error of the first that fails, and keeps nothing of those behind it', async () => {
      const work = db.transactions.asEngine((tx) =>
        Promise.all([insert(tx, 'before it'), tx.query('SELECT 1 / 0'), insert(tx, 'behind it')]),
      );
      await expect(work).rejects.toThrow('division by zero');
      expect([await valueOf('before it'), await valueOf('behind it')]).toEqual([null, null]);
    });

    it('is tried again for what aborted it, whichever of them is heard of first', async () => {
      let tries = 0;
      await db.transactions.asEngine(async (tx) => {
        tries += 1;
        await insert(tx, `heard of ${tries}`);
        const deadlock = async (): Promise<unknown> => {
          const rows = await tx.query(`DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$`);
          return rows[0];
        };
        const deeply = async (): Promise<unknown> => [await deadlock()];
        // Both have been answered when the first is read.
        if (tries === 1) setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100));
        await Promise.all([...(tries === 1 ? [deeply()] : []), raise(tx, `heard of ${tries}`)]);
      });
      expect([tries, await valueOf('heard of 1'), await valueOf('heard of 2')]).toEqual([2, null, 2]);
    });

    it('refuses what is made once it has ended, on a connection that is another transaction by then', async () => {
      let late: Promise<unknown> | undefined;
      const ended = meeting(2);
      const work = db.transactions.asEngine((tx) => {
        late = ended().then(() => insert(tx, 'late'));
        return Promise.all([tx.query('SELECT 1 / 0'), late]);
      });
      await expect(work).rejects.toThrow('division by zero');
      void ended();
      await expect(late).rejects.toThrow('after its transaction had ended');
      expect(await valueOf('late')).toBeNull();
    });

    it('commits nothing where the wakes that travel with COMMIT are refused', async () => {
      const work = db.transactions.asEngine(async (tx) => {
        await insert(tx, 'woken');
        tx.wake('x'.repeat(9_000) as 'execute');
      });
      await expect(work).rejects.toThrow('payload string too long');
      expect(await valueOf('woken')).toBeNull();
    });

    it('writes nothing where the server refuses to begin it', async () => {
      const proxy = await cuttingProxy(db.url);
      const dataSource = await openDataSource(dataSourceOptions({ url: proxy.url, poolSize: 1 }));
      proxy.garble('START TRANSACTION', 'START TRANSECTION');
      const begun = new Transactions(dataSource, dataSource).asEngine((tx) =>
        Promise.all([tx.query('SELECT value FROM counter'), insert(tx, 'not begun'), insert(tx, 'not begun either')]),
      );
      await expect(begun).rejects.toThrow('syntax error');
      expect([await valueOf('not begun'), await valueOf('not begun either')]).toEqual([null, null]);
      await dataSource.destroy();
      await proxy.close();
    });
  });

  describe('on a line that fails', () => {
    /** Instead of the half minute of the product. */
    const ANSWER_TIMEOUT_MS = 300;
    let proxy: CuttingProxy;
    let dataSource: DataSource;
    let transactions: Transactions;
    beforeAll(async () => {
      proxy = await cuttingProxy(db.url);
      const { extra, ...options } = dataSourceOptions({ url: proxy.url, poolSize: 1 });
      dataSource = await openDataSource({
        ...options,
        connectTimeoutMS: ANSWER_TIMEOUT_MS,
        extra: { ...extra, query_timeout: ANSWER_TIMEOUT_MS },
      });
      transactions = new Transactions(dataSource, dataSource);
    });
    afterAll(async () => {
      await dataSource.destroy();
      await proxy.close();
    });

    it('does not end as a success either where the server says late that the swallowed error has aborted it', async () => {
      const work = transactions.asEngine(async (tx) => {
        await insert(tx, 'swallowed early');
        proxy.holdReadiness();
        await tx.query('SELECT 1 / 0').catch(() => undefined);
        setImmediate(() => proxy.releaseReadiness());
      });
      await expect(work).rejects.toThrow('swallowed');
      expect(await valueOf('swallowed early')).toBeNull();
    });

    it('is neither repeated nor called failed when the answer to its COMMIT is lost', async () => {
      let tries = 0;
      const work = transactions.asEngine(async (tx) => {
        tries += 1;
        await insert(tx, 'unacknowledged');
        proxy.cutAfter('COMMIT');
      });
      await expect(work).rejects.toBeInstanceOf(CommitOutcomeUnknownError);
      expect([tries, await valueOf('unacknowledged')]).toEqual([1, 1]);
    });

    it('gives its result, and runs once what waits for its commit, where the server confirms a COMMIT without an answer', async () => {
      const ran: string[] = [];
      const result = await transactions.asEngineConfirmed(async (tx) => {
        tx.afterCommit(() => ran.push('committed'));
        await insert(tx, 'confirmed');
        proxy.cutAfter('COMMIT');
        return 'claimed';
      });
      expect([result, ran, await valueOf('confirmed')]).toEqual(['claimed', ['committed'], 1]);
    });

    it('is confirmed also by a server that is away for a while', async () => {
      const result = await transactions.asEngineConfirmed(async (tx) => {
        await insert(tx, 'confirmed late');
        proxy.cutAfter('COMMIT');
        // Nobody answers on the first lines over which it is asked.
        proxy.hangNext(2);
        return 'claimed';
      });
      expect([result, await valueOf('confirmed late')]).toEqual(['claimed', 1]);
    });

    it.each([
      ['behind', async (tx: Tx) => [await raise(tx, 'nobody'), await insert(tx, 'never committed')]],
      ['beside', (tx: Tx) => Promise.all([raise(tx, 'nobody'), insert(tx, 'never committed')])],
    ])('gives no result of what it wrote %s a statement that wrote nothing, where COMMIT has not arrived', async (_, write) => {
      const work = transactions.asEngineConfirmed(async (tx) => {
        const { pid } = (await tx.one<{ pid: number }>('SELECT pg_backend_pid() AS pid'))!;
        await write(tx);
        proxy.hang();
        await db.dataSource.query('SELECT pg_terminate_backend($1)', [pid]);
      });
      await expect(work).rejects.toBeInstanceOf(CommitOutcomeUnknownError);
      expect(await valueOf('never committed')).toBeNull();
    });

    it('is tried again on another line when its own stands still for ever', async () => {
      let tries = 0;
      await transactions.asEngine(async (tx) => {
        tries += 1;
        await insert(tx, `stands still ${tries}`);
        if (tries === 1) proxy.hang();
        await raise(tx, `stands still ${tries}`);
      });
      expect([tries, await valueOf('stands still 2')]).toEqual([2, 2]);
    });

    it('is called unknown when its line stands still at COMMIT', async () => {
      let tries = 0;
      const work = transactions.asEngine(async (tx) => {
        tries += 1;
        await insert(tx, 'stands at commit');
        proxy.hang();
      });
      await expect(work).rejects.toBeInstanceOf(CommitOutcomeUnknownError);
      expect(tries).toBe(1);
    });
  });

  it('runs what waits for its commit after the commit, and never after a rollback', async () => {
    const ran: string[] = [];
    await db.transactions.asEngine(async (tx) => {
      tx.afterCommit(() => ran.push('committed'));
      await insert(tx, 'hooked');
      expect(ran).toEqual([]);
    });
    const failed = db.transactions.asEngine((tx) => {
      tx.afterCommit(() => ran.push('rolled back'));
      return tx.query('SELECT 1 / 0');
    });
    await expect(failed).rejects.toThrow();
    expect(ran).toEqual(['committed']);
  });

  it('keeps the plan of a statement that takes a list, whatever list it is given', async () => {
    const plans = await db.transactions.asEngine(async (tx) => {
      const text = `SELECT value FROM counter WHERE name = ${anyOf('$1', 'text')}`;
      for (let time = 1; time <= 10; time += 1) await tx.query(text, [['left', 'right'].slice(0, time % 3)]);
      return tx.one('SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1', [text]);
    });
    // The server tries five of its own first.
    expect(plans).toEqual({ generic_plans: '5', custom_plans: '5' });
  });

  it('knows its merchant, and leaves nothing of it to the next one on the same connection', async () => {
    const { engine, merchants } = await openDoors(dataSourceOptions({ url: db.url, poolSize: 1 }), null);
    const transactions = new Transactions(engine, merchants);
    const merchantOf = (tx: Tx): Promise<unknown> => tx.one(`SELECT current_setting('tranche.merchant_id', true) AS merchant`);
    expect(await transactions.asMerchant('m-1', merchantOf)).toEqual({ merchant: 'm-1' });
    // A connection that has known one says an empty one afterwards.
    expect(await merchants.query(`SELECT current_setting('tranche.merchant_id', true) AS merchant`)).toEqual([{ merchant: '' }]);
    expect(await transactions.asEngine(merchantOf)).toEqual({ merchant: null });
    await Promise.all([engine.destroy(), merchants.destroy()]);
  });
});

describe('a connection of the pool', () => {
  it('does not end the process when the server ends it while its borrower does not listen', async () => {
    const { master } = db.dataSource.driver as unknown as { readonly master: Pool };
    const client = await master.connect();
    const ended = new Promise((resolve) => client.once('end', resolve));
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await db.dataSource.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await expect(client.query('SELECT 1')).rejects.toThrow('not queryable');
    client.release(true);
  });
});

describe('a wake', () => {
  let listener: WakeListener;
  beforeAll(async () => {
    listener = new WakeListener(db.url);
    listener.on('deliver', () => undefined);
    await listener.ready();
  });
  afterAll(() => listener.onModuleDestroy());

  /** The next wake of the topic, as a promise. */
  const next = (topic: 'validate' | 'execute' | 'deliver'): Promise<void> =>
    new Promise((resolve) => {
      const off = listener.on(topic, () => {
        off();
        resolve();
      });
    });

  it('is heard at commit by whoever waits for its topic, and by nobody after a rollback', async () => {
    const heard: string[] = [];
    const off = [listener.on('validate', () => heard.push('validate')), listener.on('execute', () => heard.push('execute'))];
    const failed = db.transactions.asEngine((tx) => {
      tx.wake('validate');
      return tx.query('SELECT 1 / 0');
    });
    await expect(failed).rejects.toThrow();
    const woken = next('execute');
    await db.transactions.asEngine((tx) => {
      tx.wake('execute');
      tx.wake('execute');
      return Promise.resolve();
    });
    await woken;
    expect(heard).toEqual(['execute']);
    for (const end of off) end();
  });

  it('comes to everybody when the line was lost and is there again', async () => {
    const everybody = Promise.all([next('validate'), next('deliver')]);
    await db.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%wake' AND datname = current_database()`,
    );
    await everybody;
    const woken = next('execute');
    await db.transactions.asEngine((tx) => {
      tx.wake('execute');
      return Promise.resolve();
    });
    await woken;
  });

  it('wakes nobody after the end of its subscription or of the listener', async () => {
    const heard: string[] = [];
    listener.on('deliver', () => heard.push('ended'))();
    const woken = next('deliver');
    await db.transactions.asEngine((tx) => {
      tx.wake('deliver');
      return Promise.resolve();
    });
    await woken;
    expect(heard).toEqual([]);
    await listener.onModuleDestroy();
    expect(
      await db.dataSource.query(
        `SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%wake' AND datname = current_database()`,
      ),
    ).toEqual([]);
  });
});

/** A function whose promises resolve once it has been called so often; later calls pass. */
function meeting(size: number): () => Promise<void> {
  let arrived = 0;
  let open: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return () => {
    arrived += 1;
    if (arrived >= size) open();
    return opened;
  };
}
