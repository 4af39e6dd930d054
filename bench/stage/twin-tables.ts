import type pg from 'pg';
import type { BenchServers } from './servers.js';

/** Tables with the columns, checks and indexes of ours and nothing that works on them: what the machine does with bare rows. */
export class TwinTables {
  private constructor(
    readonly sql: pg.Pool,
    private readonly folder: string,
  ) {}

  static async create({ sql }: BenchServers, tables: readonly string[]): Promise<TwinTables> {
    for (const table of tables) await sql.query(`CREATE TABLE IF NOT EXISTS twin_${table} (LIKE ${table} INCLUDING ALL)`);
    const { rows } = await sql.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
    return new TwinTables(sql, rows[0]?.folder ?? '');
  }

  async empty(...tables: readonly string[]): Promise<void> {
    await this.sql.query(`TRUNCATE ${tables.map((table) => `twin_${table}`).join(', ')}`);
  }

  /** Puts the rows that these conditions choose of a table into a file at the server, to be copied in. */
  async export(table: string, name: string, where: string): Promise<void> {
    await this.sql.query(`COPY (SELECT * FROM ${table} WHERE ${where}) TO '${this.fileOf(table, name)}'`);
  }

  /** COPY of what was exported, every table in one transaction. */
  async copyIn(tables: readonly string[], name: string): Promise<void> {
    await this.transaction(async (client) => {
      for (const table of tables) await client.query(`COPY twin_${table} FROM '${this.fileOf(table, name)}'`);
    });
  }

  async transaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    const client = await this.sql.connect();
    try {
      await client.query('BEGIN');
      await work(client);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }

  private fileOf(table: string, name: string): string {
    return `${this.folder}/bench_${table}_${name}.copy`;
  }
}
