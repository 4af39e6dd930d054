import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Transactions } from '../database/index.js';
import { Readiness, type ReadinessCheck } from './readiness.js';

/** The database answers, and has every migration that this build knows. */
@Injectable()
export class DatabaseReadiness implements OnModuleInit, ReadinessCheck {
  readonly name = 'database';

  constructor(
    private readonly readiness: Readiness,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    this.readiness.add(this);
  }

  check(): Promise<string | null> {
    return this.transactions.asEngine(async (tx) => {
      const { migrations, options } = tx.manager.dataSource;
      const rows = await tx.query<{ name: string }>(`SELECT name FROM ${options.migrationsTableName ?? 'migrations'}`);
      const applied = new Set(rows.map(({ name }) => name));
      const missing = migrations
        .map((migration) => migration.name ?? migration.constructor.name)
        .filter((name) => !applied.has(name));
      return missing.length === 0 ? null : `not migrated: lacks ${missing.join(', ')}`;
    });
  }
}
